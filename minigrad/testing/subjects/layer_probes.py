"""What do one forward and one backward pass change in a layer?"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.testing.subjects.attributes import MISSING, Array
from minigrad.testing.subjects.gradient_sources import Traces
from minigrad.testing.subjects.layer_calls import is_rate
from minigrad.testing.subjects.layer_parameters import Parameter
from minigrad.testing.subjects.layer_passes import RATE, Passes, Seen, floats_in, lists_in
from minigrad.testing.subjects.stored_gradients import Made
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


class Prober:
    """Runs both passes of a layer to see what they change, and puts everything back.

    Attributes:
        parameters: all that may be parameters, once they are known.
        lists: every list that was there before the first pass, and what was in it.
    """

    def __init__(self, passes: Passes) -> None:
        self.passes, self.layer = passes, passes.layer
        self.values = [leaf.value for leaf in passes.inputs.leaves]
        self.parameters: list[Parameter] = []
        self.lists = lists_in(self.layer)

    def probe(self, numbers: Sequence[int], rate: float = RATE, factor: float = 1.0) -> Probe:
        """Run both passes, once for each number of an upstream gradient, times a factor, and put everything back."""
        contents = Contents(self.layer)
        lengths = {id(entries): len(entries) for entries, _ in self.lists}
        try:
            for number in numbers:
                for parameter in self.parameters:
                    if parameter.matters != "no":
                        parameter.put(self.layer, parameter.start)
                start = floats_in(self.layer)
                ran = self.passes.forward([value.copy() for value in self.values])
                result = self.passes.result(ran)
                middle = floats_in(self.layer)
                rng = np.random.default_rng(number)
                seeds = [
                    np.asarray(factor * rng.uniform(0.5, 1.5, np.shape(out))).astype(np.asarray(out).dtype)
                    for out in result.outputs
                ]
                with np.errstate(all="ignore"):
                    traces = self.passes.backward(ran, result, seeds, rate)
            # What gets longer in the backward pass begins anew in every pass, too.
            known = [id(entries) for entries, _ in self.passes.growing]
            self.passes.growing += [
                (entries, content)
                for entries, content in self.lists
                if len(entries) > lengths[id(entries)] and id(entries) not in known
            ]
            learned = [parameter for parameter in self.parameters if parameter.matters != "no"]
            changes = {p.name: p.change(self.layer, p.start) for p in learned if self._changed(p)}
            return Probe(start, middle, floats_in(self.layer), traces, changes)
        finally:
            contents.put_back()

    def without_gradient(self, rate: float = RATE) -> Probe:
        """The same with an upstream gradient of zeros; changes nothing where the backward pass fails at those."""
        try:
            return self.probe([0], rate, factor=0.0)
        except Exception:
            return Probe({}, {}, {}, Traces(None, {}), {})

    def _changed(self, parameter: Parameter) -> bool:
        now = parameter.now(self.layer)
        if now is MISSING or getattr(np.asarray(now).dtype, "kind", "") != "f":
            return False
        return np.shape(now) != parameter.start.shape or np.asarray(now).tobytes() != parameter.start.tobytes()

    def with_kept_rates(self, one: Probe) -> Probe:
        """The same with other learning rates in the attributes that hold one, if the changes follow from those."""
        learned = {place.path for p in self.parameters if p.matters == "yes" for place in p.places}
        held = [
            seen.place
            for path, seen in one.start.items()
            if np.ndim(seen.value) == 0 and is_rate(str(seen.place.name)) and path not in learned
        ]
        for places in (held, []):
            self.passes.rates = places
            found = self._scaled()
            if found is not None:
                return found
        calls = self.passes.calls
        if calls is not None and calls.may_take_rate:
            before = calls.arguments
            calls.add_rate()
            with contextlib.suppress(TypeError):
                found = self._scaled()
                if found is not None:
                    return found
            calls.arguments, calls.rate = before, None
        return Probe(one.start, one.middle, one.end, one.traces, {})

    def _scaled(self) -> Probe | None:
        """What the passes change, if half the learning rate changes half as much."""
        whole, half = self.probe([0]), self.probe([0], RATE / 2)
        if _is_double(whole.changes, half.changes):
            return whole
        # Weight decay and a velocity need not follow the rate.
        rests = [self.without_gradient(rate).changes for rate in (RATE, RATE / 2)]
        pairs = zip((whole.changes, half.changes), rests, strict=True)
        learned = [{name: c - rest.get(name, 0.0) for name, c in changes.items()} for changes, rest in pairs]
        return whole if _is_double(*learned) else None

    def levelled(self, one: Probe) -> set[str]:
        """The parameters whose update has the sign of the gradient and not its size, as Adam's has."""
        if not one.changes:
            return set()
        twice, opposite = self.probe([0], factor=2.0), self.probe([0], factor=-1.0)
        return {
            name
            for name, change in one.changes.items()
            if change.any()
            and near(twice.changes.get(name, 0.0), change, 1e-2)
            and near(opposite.changes.get(name, 0.0), -change, 1e-2)
        }

    def made(self, one: Probe, two: Probe) -> list[Made]:
        """What the backward pass makes or changes, parameters left out."""
        own = {place.path for parameter in self.parameters for place in parameter.places if parameter.matters != "no"}
        found = []
        for path, seen in one.end.items():
            changed = not (seen.is_same(one.middle.get(path)) and _same_in(two, path))
            if changed and path not in own:
                reacts = not (self.passes.calls and self.passes.calls.takes_upstream) or not seen.is_like(
                    two.end.get(path)
                )
                found.append(Made(seen.place, seen.value, reacts))
        return found


def _is_double(whole: Mapping[str, Array], half: Mapping[str, Array]) -> bool:
    """Whether there are changes, and all of them are twice as large as others."""
    largest = max((float(np.max(np.abs(change), initial=0.0)) for change in whole.values()), default=0.0)
    # What cancels but for rounding follows nothing.
    told = {name: change for name, change in whole.items() if np.max(np.abs(change), initial=0.0) > 1e-9 * largest}
    return bool(told) and all(near(change, 2 * half.get(name, 0.0), 1e-6) for name, change in told.items())


def near(a: Any, b: Any, tolerance: float = 1e-9) -> bool:
    """Whether two arrays have one shape and differ by a small part of their largest element."""
    if np.shape(a) != np.shape(b):
        return False
    scale = max(float(np.max(np.abs(each), initial=0.0)) for each in (a, b))
    return bool(np.max(np.abs(np.subtract(a, b)), initial=0.0) <= tolerance * scale)


def _same_in(probe: Probe, path: str) -> bool:
    return path in probe.end and probe.end[path].is_same(probe.middle.get(path))
