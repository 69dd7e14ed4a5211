"""What does a layer do in its first passes: what are its parameters, and where does it leave their gradients?"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.testing.subjects.attributes import MISSING, Array, Found, Place
from minigrad.testing.subjects.gradient_sources import Source, Traces, from_returned, input_gradient
from minigrad.testing.subjects.inputs import nearby
from minigrad.testing.subjects.layer_calls import Calls, is_rate, is_target
from minigrad.testing.subjects.layer_optimisers import optimisers_in
from minigrad.testing.subjects.layer_parameters import (
    Parameter,
    candidates,
    dependence,
    is_frozen,
    is_kept,
    named_shortly,
    unshared,
)
from minigrad.testing.subjects.layer_passes import RATE, Passes, Seen, floats_in, lists_in
from minigrad.testing.subjects.outputs import as_output
from minigrad.testing.subjects.stored_gradients import Made, matched
from minigrad.testing.subjects.untouched import Contents


@dataclass
class Probe:
    """What one forward and one backward pass do to a layer.

    Attributes:
        start, middle, end: all floating-point arrays before, between, and after the passes.
        traces: what else the backward pass left.
        changes: by how much it changed each parameter that it changed.
    """

    start: Mapping[str, Seen]
    middle: Mapping[str, Seen]
    end: Mapping[str, Seen]
    traces: Traces
    changes: Mapping[str, Array]


@dataclass
class Explored:
    """What is known of a layer after its first passes.

    Attributes:
        first: the values of the inputs in the very first call.
        parameters: all that may be parameters.
        sources: where the gradients of inputs and parameters are read from, by name.
        constants: names of inputs and arrays that have no gradient and need none.
        unchecked: names of those that have none and should have, with the reasons.
        remarks: what the reader should know.
        complaint: what is wrong with the number of gradients.
        resets: what has to be as at the start before every pass: places, and what belongs there.
    """

    first: list[Array]
    parameters: list[Parameter] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    constants: list[str] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    complaint: str = ""
    resets: list[tuple[Place, Any, Any]] = field(default_factory=list)


class Exploration:
    """The first passes of a layer."""

    def __init__(self, passes: Passes) -> None:
        self.passes, self.layer = passes, passes.layer
        self.inputs = passes.inputs.leaves
        self.values = [leaf.value for leaf in self.inputs]
        rng = np.random.default_rng(0)
        self.found = Explored([nearby(leaf, rng) for leaf in self.inputs])
        self._scalar = False
        self._known: list[Parameter] = []

    def run(self) -> Explored:
        """Find everything out; what the passes change stays changed, but for the weights."""
        self._find_parameters()
        self.passes.optimisers = optimisers_in(self.layer)
        self.passes.parameters = self._known
        try:
            self._probe([0])
        except TypeError:
            if not self._calls.may_take_rate:
                raise
            self._calls.add_rate()
            self._probe([0])
        one, two = self._probe([0]), self._probe([1])
        self._changing = set(one.changes)
        if one.changes and self._calls.rate is None:
            one = self._with_kept_rates(one)
        inputs = self._sources(one, two)
        self._sort_out(one, inputs)
        self._remember_resets(one)
        return self.found

    @property
    def _calls(self) -> Calls:
        assert self.passes.calls is not None
        return self.passes.calls

    def _find_parameters(self) -> None:
        """Run the forward pass elsewhere and here; arrays that it leaves alone may be parameters."""
        at_start, lists = floats_in(self.layer), lists_in(self.layer)
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            self.passes.forward([value.copy() for value in self.found.first])
        once, lengths = floats_in(self.layer), [len(entries) for entries, _ in lists]
        ran = self.passes.forward([value.copy() for value in self.values])
        twice = floats_in(self.layer)
        self.passes.growing = [
            (entries, content)
            for (entries, content), length in zip(lists, lengths, strict=True)
            if len(entries) > length
        ]
        self._lists = lists
        left_alone = [
            Found(seen.place, seen.value)
            for path, seen in once.items()
            if seen.is_like(twice.get(path)) and (path not in at_start or seen.is_like(at_start[path]))
        ]
        self._known = candidates(left_alone)
        named_shortly(self._known, self.layer)
        for parameter in self._known:
            if parameter.name in [leaf.name for leaf in self.inputs]:
                parameter.name = f"self.{parameter.name}"
        self._written = [
            path
            for path, seen in at_start.items()
            if path in twice
            and twice[path].value is seen.value
            and not twice[path].is_like(seen)
            and np.ndim(seen.value)
        ]
        arrays = any(not parameter.is_number for parameter in self._known)
        self.passes.calls = Calls(
            self.passes.backward_method,
            self.passes.backward_name,
            list(ran.arguments),
            ran.returned,
            self.layer,
            arrays,
        )
        contents = Contents(self.layer)
        try:
            before = self._output()
            self._scalar = before.ndim == 0
            for parameter in self._known:
                parameter.matters = dependence(parameter, self.layer, before, self._output)
        finally:
            contents.put_back()
        self.found.parameters = self._known

    def _output(self) -> Array:
        """All outputs; a scalar for a loss."""
        with np.errstate(all="ignore"):
            ran = self.passes.forward([value.copy() for value in self.values])
        outputs = [as_output(out, self.passes.forward_name) for out in self.passes.result(ran).outputs]
        return np.array(outputs[0]) if len(outputs) == 1 else np.concatenate([out.reshape(-1) for out in outputs])

    def _probe(self, numbers: Sequence[int], rate: float = RATE) -> Probe:
        """Run both passes, once for each number of an upstream gradient, and put everything back."""
        contents = Contents(self.layer)
        lengths = {id(entries): len(entries) for entries, _ in self._lists}
        try:
            for number in numbers:
                for parameter in self._known:
                    if parameter.matters != "no":
                        parameter.put(self.layer, parameter.start)
                start = floats_in(self.layer)
                ran = self.passes.forward([value.copy() for value in self.values])
                result = self.passes.result(ran)
                middle = floats_in(self.layer)
                rng = np.random.default_rng(number)
                seeds = [
                    np.asarray(rng.uniform(0.5, 1.5, np.shape(out))).astype(np.asarray(out).dtype)
                    for out in result.outputs
                ]
                with np.errstate(all="ignore"):
                    traces = self.passes.backward(ran, result, seeds, rate)
            # What gets longer in the backward pass begins anew in every pass, too.
            known = [id(entries) for entries, _ in self.passes.growing]
            self.passes.growing += [
                (entries, content)
                for entries, content in self._lists
                if len(entries) > lengths[id(entries)] and id(entries) not in known
            ]
            changes = {p.name: p.start - np.asarray(p.now(self.layer)) for p in self._known if self._changed(p)}
            return Probe(start, middle, floats_in(self.layer), traces, changes)
        finally:
            contents.put_back()

    def _changed(self, parameter: Parameter) -> bool:
        now = parameter.now(self.layer)
        if now is MISSING or getattr(np.asarray(now).dtype, "kind", "") != "f":
            return False
        return np.shape(now) != parameter.start.shape or np.asarray(now).tobytes() != parameter.start.tobytes()

    def _with_kept_rates(self, one: Probe) -> Probe:
        """The same with other learning rates in the attributes that hold one, if the changes follow from those."""
        held = [seen.place for path, seen in one.start.items() if np.ndim(seen.value) == 0 and is_rate(_last(path))]
        for places in (held, []):
            self.passes.rates = places
            whole, half = self._probe([0]), self._probe([0], RATE / 2)
            if whole.changes and all(
                name in half.changes and np.allclose(change, 2 * half.changes[name], rtol=1e-4, atol=0.0)
                for name, change in whole.changes.items()
            ):
                return whole
        return Probe(one.start, one.middle, one.end, one.traces, {})

    def _sources(self, one: Probe, two: Probe) -> dict[str, Made]:
        """Find where the gradients are read from; returns the stored ones of inputs."""
        learned = [p for p in self._known if p.matters != "no" and not p.is_number and not is_kept(p.name)]
        allotted = from_returned(one.traces.raw, self.inputs, learned)
        self.found.complaint = allotted.complaint
        sources = self.found.sources = allotted.sources
        for name in one.traces.recorded:
            sources.setdefault(name, Source("optimiser", name))
        made = self._made(one, two)
        inputs = {}
        for leaf in self.inputs:
            known = input_gradient(leaf, made) if leaf.name not in sources else None
            if known is not None and not is_target(leaf.name):
                inputs[leaf.name] = known
        taken = {id(each.value) for each in inputs.values()}
        made = [each for each in made if id(each.value) not in taken]
        stored = matched(made, learned)
        others = [p for p in self._known if p not in learned]
        used = {id(each.value) for each in stored.values()}
        stored |= matched([each for each in made if id(each.value) not in used], others, by_name_only=True)
        updates = bool(one.changes)
        self._stored: dict[str, Made] = {}
        for parameter in self._known:
            name = parameter.name
            if name in sources:
                continue
            matters = parameter.matters != "no"
            expected = updates and parameter in learned and not is_frozen(parameter, self.layer)
            if (name in one.changes and matters) or expected:
                sources[name] = Source("update")
            elif name in stored and not updates:
                self._stored[name] = stored[name]
        for name, each in inputs.items():
            sources[name] = Source("stored", place=each.place)
        self._read_stored(one)
        if self._calls.says_rate:
            for parameter in learned:
                if not is_frozen(parameter, self.layer):
                    sources.setdefault(parameter.name, Source("update"))
        keep = unshared([p for p in self._known if p.name in sources or p in learned], list(sources))
        self.found.parameters = keep
        if not self.inputs and not keep:
            self.passes.inputs.see_that_there_are_leaves()
        for parameter in learned:
            if parameter not in keep:
                sources.pop(parameter.name, None)
        return inputs

    def _made(self, one: Probe, two: Probe) -> list[Made]:
        """What the backward pass makes or changes, parameters left out."""
        own = {place.path for parameter in self._known for place in parameter.places if parameter.matters == "yes"}
        found = []
        for path, seen in one.end.items():
            changed = not (seen.is_same(one.middle.get(path)) and _same_in(two, path))
            if changed and path not in own:
                reacts = not self._calls.takes_upstream or not seen.is_like(two.end.get(path))
                found.append(Made(seen.place, seen.value, reacts))
        return found

    def _read_stored(self, one: Probe) -> None:
        """How stored gradients are read: those that are added up, as the change of one pass."""
        if not self._stored:
            return
        two, both = self._probe([1]), self._probe([0, 1])
        plain: list[tuple[str, str]] = []
        added: list[tuple[str, str]] = []
        for name, made in self._stored.items():
            path = made.place.path
            before = one.start.get(path)
            zero = np.zeros(np.shape(made.value)) if before is None else before.content
            last, alone, first = (probe.end.get(path) for probe in (both, two, one))
            accumulates = (
                last is not None
                and alone is not None
                and first is not None
                and not _near(last.content, alone.content)
                and last.content.shape == first.content.shape
                and _near(last.content - first.content, alone.content - zero)
            )
            if accumulates and before is None:
                # There is no gradient at the start, or None in its place.
                self.found.resets.append((made.place, made.place.get(self.layer), None))
            self.found.sources[name] = Source("stored", place=made.place, before=zero if accumulates else None)
            (added if accumulates else plain).append((name, path))
        for pairs, how in ((plain, ""), (added, ", to which they are added: as the change of one backward pass")):
            if pairs:
                names, paths = (", ".join(each) for each in zip(*pairs, strict=True))
                self.found.remarks.append(f"weights {names}: read from {paths}{how}")

    def _sort_out(self, one: Probe, inputs: Mapping[str, Made]) -> None:
        """What is not read from anywhere: constants, and what is left unchecked."""
        found, sources = self.found, self.found.sources
        for kind, how in (
            ("update", "the update that the backward pass makes"),
            ("optimiser", "what its optimiser gets"),
        ):
            names = [p.name for p in found.parameters if p.name in sources and sources[p.name].kind == kind]
            if names:
                found.remarks.append(f"weights {', '.join(names)}: read from {how}")
        trained = any(p.name in sources for p in found.parameters)
        missing = [leaf for leaf in self.inputs if leaf.name not in sources]
        predictions = [leaf for leaf in self.inputs if not is_target(leaf.name)]
        for leaf in missing:
            is_answer = self._scalar and len(self.inputs) > len(missing) and leaf is not self.inputs[0]
            is_answer = is_answer or (is_target(leaf.name) and len(predictions) < len(self.inputs))
            if is_answer or not leaf.value.shape or (trained and self._is_data(one)):
                found.constants.append(leaf.name)
            else:
                found.unchecked[leaf.name] = (
                    f"the backward pass returned no gradient of {leaf.name}, and keeps none such as d{leaf.name} or "
                    f"grad_{leaf.name}; {self._left(one)}; if it needs none, leave it out with wrt="
                )
        for parameter in found.parameters.copy():
            if parameter.name in sources:
                continue
            if is_frozen(parameter, self.layer):
                found.constants.append(parameter.name)
            else:
                found.unchecked[parameter.name] = self._reason(parameter, one)
        found.constants += [p.name for p in self._known if is_kept(p.name) and p.matters == "yes" and not p.is_number]
        if found.constants:
            found.remarks.append(f"{', '.join(found.constants)}: taken as constants")
        for path in self._written:
            if matched(
                self._made(one, one),
                candidates([Found(one.start[path].place, one.start[path].value)]),
                by_name_only=True,
            ):
                found.unchecked[path] = "the forward pass writes into it, so what belongs to its gradient is not known"

    def _is_data(self, one: Probe) -> bool:
        """Whether this is the pass of a whole model: gradients by the names of its parameters, or those of a loss."""
        return self._scalar or (isinstance(one.traces.raw, dict) and bool(one.traces.raw))

    def _reason(self, parameter: Parameter, one: Probe) -> str:
        name = _last(parameter.name)
        where = "not in what the backward pass returns, not in an update of the weights"
        if parameter.name in self._changing:
            where = "it changes in the backward pass, but by no learning rate that was found"
        return (
            f"no gradient of {parameter.name} was found: {where}, and in no attribute such as d{name}, grad_{name} or "
            f"grads[{name!r}]; {self._left(one)}"
        )

    def _left(self, one: Probe) -> str:
        own = {place.path for parameter in self._known for place in parameter.places}
        paths = [path for path, seen in one.end.items() if path not in own and np.ndim(seen.value)]
        shown = ", ".join(paths[:6]) + (f" and {len(paths) - 6} more" if len(paths) > 6 else "")
        return f"the passes leave {shown or 'no arrays'}"

    def _remember_resets(self, one: Probe) -> None:
        """What other passes find as these did: sums, running averages, counters; but no result that is returned."""
        own = {place.path for parameter in self.found.parameters for place in parameter.places}
        # Where it is one that is returned, that it is not the same each time is a mistake, to be seen.
        kept = [value for value in one.traces.returned.values() if isinstance(value, np.ndarray)]
        inputs = {
            source.place.path for leaf in self.inputs if (source := self.found.sources.get(leaf.name)) and source.place
        }
        for path, seen in one.start.items():
            now = one.end.get(path)
            if path in own or now is None or seen.is_like(now):
                continue
            shared = np.ndim(now.value) and any(np.shares_memory(now.value, value) for value in kept)
            if path not in inputs and not shared:
                self.found.resets.append((seen.place, seen.value, seen.content))
        if any(source.kind == "update" for source in self.found.sources.values()):
            # A velocity that begins as None, or is not there before the first pass.
            for path, now in one.end.items():
                shared = np.ndim(now.value) and any(np.shares_memory(now.value, value) for value in kept)
                if path not in one.middle and not shared:
                    self.found.resets.append((now.place, now.place.get(self.layer), None))


def _same_in(probe: Probe, path: str) -> bool:
    return path in probe.end and probe.end[path].is_same(probe.middle.get(path))


def _near(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=1e-9, atol=0.0))


def _last(path: str) -> str:
    return path.split(".")[-1].split("[")[0]
