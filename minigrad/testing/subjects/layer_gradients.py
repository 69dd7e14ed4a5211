"""Where are the gradients of a layer read from, and what is said of those that are found nowhere?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.testing.subjects.attributes import Array, Place
from minigrad.testing.subjects.gradient_sources import Source, from_returned, input_gradient, is_named
from minigrad.testing.subjects.layer_calls import Calls
from minigrad.testing.subjects.layer_parameters import Parameter, is_frozen, is_kept, unshared
from minigrad.testing.subjects.layer_probes import Probe, Prober, near
from minigrad.testing.subjects.roles import is_parameter, is_target
from minigrad.testing.subjects.stored_gradients import Made, matched
from minigrad.testing.subjects.weight_decay import Rest, rests


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
        rests: by name, what is read as a gradient and is no part of it.
    """

    first: list[Array]
    parameters: list[Parameter] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    constants: list[str] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    complaint: str = ""
    resets: list[tuple[Place, Any, Any]] = field(default_factory=list)
    rests: dict[str, Rest] = field(default_factory=dict)


class GradientSearch:
    """Finds the gradients of a layer in what its backward pass leaves, and adds to what is known of the layer.

    Args:
        found: what is known.
        prober: runs the passes.
        calls: how the backward pass is called.
        is_scalar: whether the output is one number, as that of a loss.
    """

    def __init__(self, found: Explored, prober: Prober, calls: Calls, is_scalar: bool) -> None:
        self.found, self.prober, self._calls = found, prober, calls
        self.layer, self.inputs = prober.layer, prober.passes.inputs.leaves
        self._scalar = is_scalar
        self._stored: dict[str, Made] = {}
        self._changing: set[str] = set()
        self._levelled: set[str] = set()

    def run(self) -> Probe:
        """Look at all that the passes leave; returns that."""
        one, two = self.prober.probe([0]), self.prober.probe([1])
        self._changing = set(one.changes)
        if one.changes and self._calls.rate is None:
            one = self.prober.with_kept_rates(one)
        self._levelled = self.prober.levelled(one)
        self._sources(one, two)
        self._sort_out(one)
        if self._calls.takes_upstream:
            learned = [p for p in self.found.parameters if p.name in self.found.sources]
            self.found.rests = rests(self.prober, one, learned, self.found.sources)
            self.found.remarks += [rest.remark for rest in self.found.rests.values()]
        return one

    def _sources(self, one: Probe, two: Probe) -> None:
        """Find where the gradients are read from."""
        learned = [p for p in self.prober.parameters if p.matters != "no" and not p.is_number and not is_kept(p.name)]
        numbers = [p for p in self.prober.parameters if p.matters != "no" and p.is_number]
        allotted = from_returned(one.traces.raw, self.inputs, learned, numbers)
        self.found.complaint = allotted.complaint
        sources = self.found.sources = allotted.sources
        for name in one.traces.recorded:
            sources.setdefault(name, Source("optimiser", name))
        made = self.prober.made(one, two)
        inputs = {}
        for leaf in self.inputs:
            known = input_gradient(leaf, made) if leaf.name not in sources else None
            if known is not None and not is_target(leaf.name):
                inputs[leaf.name] = known
        taken = {id(each.value) for each in inputs.values()}
        made = [each for each in made if id(each.value) not in taken]
        stored = matched(made, learned)
        others = [p for p in self.prober.parameters if p not in learned]
        used = {id(each.value) for each in stored.values()}
        stored |= matched([each for each in made if id(each.value) not in used], others, by_name_only=True)
        updates = bool(one.changes)
        for parameter in self.prober.parameters:
            name = parameter.name
            if name in sources:
                continue
            matters = parameter.matters != "no"
            expected = updates and parameter in learned and not is_frozen(parameter, self.layer)
            if ((name in one.changes and matters) or expected) and name not in self._levelled:
                sources[name] = Source("update")
            elif name in stored and (not updates or name in self._levelled):
                self._stored[name] = stored[name]
        for name, each in inputs.items():
            sources[name] = Source("stored", place=each.place)
        self._read_stored(one)
        if self._calls.says_rate:
            for parameter in learned:
                if not is_frozen(parameter, self.layer) and parameter.name not in self._levelled:
                    sources.setdefault(parameter.name, Source("update"))
        keep = unshared([p for p in self.prober.parameters if p.name in sources or p in learned], list(sources))
        self.found.parameters = keep
        if not self.inputs and not keep:
            self.prober.passes.inputs.see_that_there_are_leaves()
        for parameter in learned:
            if parameter not in keep:
                sources.pop(parameter.name, None)

    def _read_stored(self, one: Probe) -> None:
        """How stored gradients are read: those that are added up, as the change of one pass."""
        if not self._stored:
            return
        two, both = self.prober.probe([1]), self.prober.probe([0, 1])
        plain: list[tuple[str, str]] = []
        added: list[tuple[str, str]] = []
        for name, made in self._stored.items():
            path = made.place.path
            before = one.start.get(path)
            zero = np.zeros(np.shape(made.value)) if before is None else before.content
            contents = [probe.end[path].content for probe in (both, two, one) if path in probe.end]
            accumulates = len({np.shape(content) for content in [zero, *contents]}) == 1 and len(contents) == 3
            if accumulates:
                last, alone, first = contents
                accumulates = not near(last, alone) and near(last - first, alone - zero)
            if accumulates and before is None:
                # There is no gradient at the start, or None in its place.
                self.found.resets.append((made.place, made.place.get(self.layer), None))
            self.found.sources[name] = Source("stored", place=made.place, before=zero if accumulates else None)
            (added if accumulates else plain).append((name, path))
        for pairs, how in ((plain, ""), (added, ", to which they are added: as the change of one backward pass")):
            if pairs:
                names, paths = (", ".join(each) for each in zip(*pairs, strict=True))
                self.found.remarks.append(f"weights {names}: read from {paths}{how}")

    def _sort_out(self, one: Probe) -> None:
        """What is not read from anywhere: constants, and what is left unchecked."""
        found, sources = self.found, self.found.sources
        for kind, how in (
            ("returned", "what the backward pass returns"),
            ("update", "the update that the backward pass makes"),
            ("optimiser", "what its optimiser gets"),
        ):
            names = [p.name for p in found.parameters if p.name in sources and sources[p.name].kind == kind]
            keys = [sources[name].key for name in names if kind == "returned" and is_named(sources[name].key)]
            if names:
                told = ", ".join(keys) if len(keys) == len(names) else how
                found.remarks.append(f"weights {', '.join(names)}: read from {told}")
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
        for parameter in self.prober.parameters:
            if parameter.matters != "yes" or parameter.name in sources or parameter.name in found.unchecked:
                continue
            if parameter.is_number and parameter.is_item and is_parameter(_last(parameter.name)):
                found.unchecked[parameter.name] = self._reason(parameter, one)
            elif parameter.is_number or is_kept(parameter.name):
                found.constants.append(parameter.name)
        found.constants += self.prober.passes.inputs.configured
        if found.constants:
            what = "constants" if len(found.constants) > 1 else "a constant"
            found.remarks.append(f"{', '.join(found.constants)}: taken as {what}")

    def _is_data(self, one: Probe) -> bool:
        """Whether this is the pass of a whole model: gradients by the names of its parameters, or those of a loss."""
        return self._scalar or (isinstance(one.traces.raw, dict) and bool(one.traces.raw))

    def _reason(self, parameter: Parameter, one: Probe) -> str:
        name = _last(parameter.name)
        where = "not in what the backward pass returns, not in an update of the weights"
        if parameter.name in self._levelled:
            where = "its update is as large for a small gradient as for a large one, as that of Adam is"
        elif parameter.name in self._changing:
            where = "it changes in the backward pass, but by no learning rate that was found"
        return (
            f"no gradient of {parameter.name} was found: {where}, and in no attribute such as d{name}, grad_{name} or "
            f"grads[{name!r}]; {self._left(one)}"
        )

    def _left(self, one: Probe) -> str:
        own = {place.path for parameter in self.prober.parameters for place in parameter.places}
        paths = [path for path, seen in one.end.items() if path not in own and np.ndim(seen.value)]
        shown = ", ".join(paths[:6]) + (f" and {len(paths) - 6} more" if len(paths) > 6 else "")
        return f"the passes leave {shown or 'no arrays'}"


def _last(path: str) -> str:
    return path.split(".")[-1].split("[")[0]
