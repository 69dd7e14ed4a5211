"""How is a layer checked, a network, or a loss, that is handed over as it is: one object with two methods?"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.attributes import MISSING, numbers_in
from minigrad.testing.subjects.base import Array, Subject, function_name, is_same, small_constant_in
from minigrad.testing.subjects.inputs import Leaf, is_below, unknown_name
from minigrad.testing.subjects.layer_calls import Result
from minigrad.testing.subjects.layer_exploration import Exploration
from minigrad.testing.subjects.layer_methods import methods_of, refusal
from minigrad.testing.subjects.layer_parameters import Parameter
from minigrad.testing.subjects.layer_passes import RATE, Passes, Ran
from minigrad.testing.subjects.outputs import as_output
from minigrad.testing.subjects.untouched import Contents


class LayerSubject(Subject):
    """An object with a forward and a backward pass, with parameters inside.

    The parameters are the floating-point arrays inside that the output depends on and that a forward pass leaves alone.
    Their gradients are read from what the backward pass returns, from an update of the weights by a learning rate, from
    what an optimiser inside gets, or from where the layer stores them.

    Args:
        layer: the object.
        inputs: of the forward pass, as for `gradcheck`.
        methods: the names of the forward and of the backward pass, where they are not the usual ones.
        is_loss: whether the user says that it is a loss, whose backward pass is given no upstream gradient.
        seed: for the generators of random numbers, which start anew from it before every forward pass.
    """

    rate = RATE

    def __init__(
        self,
        layer: Any,
        inputs: Any,
        methods: tuple[str, str] | None = None,
        seed: int | None = None,
        is_loss: bool = False,
    ) -> None:
        super().__init__()
        names = methods_of(layer, methods)
        if names is None:
            raise refusal(layer)
        self.name = function_name(layer)
        self._layer = layer
        self._passes = Passes(layer, names, inputs, seed, is_loss)
        self.constants = dict(self._passes.inputs.constants)
        self._unused: Any = None
        with contextlib.suppress(Exception):
            self._unused = copy.deepcopy(layer)
        # Before a forward pass makes some anew each time.
        built = [each.value for each in numbers_in(layer) if isinstance(each.value, np.ndarray)]
        self._found = found = Exploration(self._passes).run()
        self.remarks += found.remarks
        if self._calls.remark:
            self.remarks.append(self._calls.remark)
        self.complaint = found.complaint
        self._inputs = self._passes.inputs.leaves
        self._parameters = [parameter for parameter in found.parameters if parameter.name in found.sources]
        self._unread = [parameter for parameter in found.parameters if parameter.name not in found.sources]
        shapes = {leaf.name: leaf.value.shape for leaf in self._inputs}
        shapes |= {parameter.name: parameter.start.shape for parameter in found.parameters}
        self.unchecked = {name: (shapes.get(name, ()), reason) for name, reason in found.unchecked.items()}
        self.constants |= {leaf.name: leaf.value for leaf in self._inputs if leaf.name in found.constants}
        # The inputs that are judged, by their positions among all of them.
        self._judged = [i for i, leaf in enumerate(self._inputs) if leaf.name in found.sources]
        self.leaves = [self._inputs[i] for i in self._judged]
        self.leaves += [Leaf(p.name, p.start.copy(), is_parameter=True) for p in self._parameters]
        self.first = [found.first[i] for i in self._judged] + [p.start.copy() for p in self._parameters]

        # An array of another dtype would leave the views of a weight behind.
        self.may_be_widened = not any(
            p.held is not array and np.may_share_memory(p.held, array)
            for p in self._parameters
            if not p.is_number
            for array in built
        )

    @property
    def _calls(self) -> Any:
        assert self._passes.calls is not None
        return self._passes.calls

    def chosen(self, wrt: str | Sequence[str] | None) -> list[int]:
        """The positions of the leaves that `wrt` names, by whole paths or their beginnings; all for None.

        Raises:
            ValueError: for a name that there is not.
        """
        names = [leaf.name for leaf in self.leaves]
        if wrt is None:
            return list(range(len(names)))
        if not wrt:
            raise ValueError("nothing was checked: wrt names no leaf")
        found: set[int] = set()
        for name in [wrt] if isinstance(wrt, str) else wrt:
            matching = [i for i, other in enumerate(names) if is_below(other, name)]
            if not matching:
                # By another place where it is kept, or by the end of its path.
                matching = [len(self._judged) + i for i, p in enumerate(self._parameters) if _is_at(p, name)]
            if not matching and not any(is_below(other, name) for other in [*self.unchecked, *self._found.constants]):
                raise ValueError(f"wrt: {unknown_name(name, [*names, *self.unchecked])}")
            if not matching and name in self._found.constants:
                self.unchecked[name] = (np.shape(self.constants.get(name, 0.0)), f"no gradient of {name} was found")
            found.update(matching)
        return sorted(found)

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """The outputs with these weights."""
        ran, result = self._forward(values)
        self._notice(ran, values, "the forward pass")
        # Copies, because a layer may use one array for all its results.
        outputs = [np.array(as_output(out, self.name)) for out in result.outputs]
        return [np.array(sum(out.sum() for out in outputs))] if self._calls.is_summed else outputs

    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        """A forward pass, then the backward pass, and what it leaves."""
        return self._gradients(values, upstream, "", None)

    def fresh(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any] | None:
        """The gradients that a layer gives which was never called before."""
        if self._unused is None:
            return None
        self._passes.layer = copy.deepcopy(self._unused)
        try:
            if any(p.places[0].get(self._passes.layer) is MISSING for p in self._parameters):
                return None
            return self._gradients(values, upstream, "", None)
        finally:
            self._passes.layer = self._layer

    @property
    def has_small_constant(self) -> bool:
        """Whether there is a small number in the forward pass."""
        return small_constant_in(self._passes.forward_method) or any(
            isinstance(found.value, float) and 0 < found.value <= 0.1 for found in numbers_in(self._layer)
        )

    def recalled(self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array) -> list[Any] | None:
        """The same with another array in the place of a weight or of what was kept in the forward pass."""
        with self._unchanged():
            return self._gradients(values, upstream, name, array)

    def at_a_small_rate(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any] | None:
        """The gradients of the inputs when the update of the weights changes next to nothing."""
        if not any(source.kind == "update" for source in self._found.sources.values()):
            return None
        own, self.rate = self.rate, 2.0**-100
        try:
            return self._gradients(values, upstream, "", None)
        finally:
            self.rate = own

    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        """The forward pass, recorded, with Tensors in the place of the weights."""
        started = [recorder.started(tensor) for tensor in tensors]
        with self._unchanged():
            self._reset()
            for parameter, value in zip(self._parameters, started[len(self._judged) :], strict=True):
                parameter.lend(self._layer, value)
            ran = self._passes.forward(self._filled(started), recorder.copy(self._passes.forward_method))
            (out,) = self._passes.result(ran).outputs
            return recorder.finished(np.sum(out) if self._calls.is_summed else out)

    def _gradients(
        self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array | None
    ) -> list[Any]:
        ran, result = self._forward(values)
        seeds = [array if name == "g" and array is not None else g.copy() for g in upstream]
        start = {p.name: value for p, value in zip(self._parameters, values[len(self._judged) :], strict=True)}
        if array is not None and name != "g":
            known = dict(zip([leaf.name for leaf in self.leaves], values, strict=True))
            old = np.array(result.outputs[0]) if name == "out" else known[name]
            result = self._replaced(ran, result, old, array)
            start |= {name: array} if name in start else {}
        traces = self._passes.backward(ran, result, seeds, self.rate)
        names = [self._inputs[i].name for i in self._judged]
        found = [self._found.sources[each].read(self._passes.layer, traces) for each in names]
        found += [self._read(parameter, start[parameter.name], traces) for parameter in self._parameters]
        if array is None:
            self._notice(ran, values, "the backward pass")
            if any(not np.array_equal(seed, g) for seed, g in zip(seeds, upstream, strict=True)):
                self.mutations.add(("output_gradient", "upstream", "the backward pass", "its upstream gradient"))
        if not self._calls.takes_upstream:
            # The gradient of a loss for an upstream gradient of 1; or the slope of each element.
            found = [_times(gradient, upstream[0]) for gradient in found]
        return found

    def _read(self, parameter: Parameter, start: Array, traces: Any) -> Any:
        source = self._found.sources[parameter.name]
        if source.kind == "update":
            found = parameter.change(self._passes.layer, start) / self.rate
        else:
            found = source.read(self._passes.layer, traces)
        rest = self._found.rests.get(parameter.name)
        return found if rest is None or np.shape(found) != start.shape else found - rest.at(start)

    def _forward(self, values: Sequence[Array]) -> tuple[Ran, Result]:
        """A forward pass with these values of the leaves."""
        layer = self._passes.layer
        self._reset()
        for parameter, value in zip(self._parameters, values[len(self._judged) :], strict=True):
            parameter.put(layer, value, None if layer is self._layer else parameter.places[0].get(layer))
        ran = self._passes.forward(self._filled([value.copy() for value in values[: len(self._judged)]]))
        return ran, self._passes.result(ran)

    def _filled(self, values: Sequence[Any]) -> list[Any]:
        """The values of all inputs, where some are given and the others are as the user gave them."""
        filled: list[Any] = [leaf.value.copy() for leaf in self._inputs]
        for position, value in zip(self._judged, values, strict=False):
            filled[position] = value
        return filled

    def _reset(self) -> None:
        """Sums, counters and weights begin each pass as they were; what is kept of the inputs stays."""
        if self._passes.layer is not self._layer:
            return
        for place, value, content in self._found.resets:
            if isinstance(value, np.ndarray) and value.flags.writeable:
                value[...] = content
            if place.get(self._layer) is not value:
                place.put(self._layer, value)
        for parameter in self._unread:
            parameter.put(self._layer, parameter.start)

    def _replaced(self, ran: Ran, result: Result, old: Array, new: Array) -> Result:
        """Put another array wherever one is kept for the backward pass."""
        for found in numbers_in(self._passes.layer):
            if isinstance(found.value, np.ndarray) and np.array_equal(found.value, old):
                found.place.put(self._passes.layer, new.copy())
        for name, value in ran.arguments.items():
            ran.arguments[name] = _exchanged(value, old, new)
        return Result(result.outputs, [_exchanged(cache, old, new) for cache in result.caches])

    @contextlib.contextmanager
    def _unchanged(self) -> Iterator[None]:
        """Put the layer back as it is now."""
        contents = Contents(self._layer)
        try:
            yield
        finally:
            contents.put_back()

    def _notice(self, ran: Ran, values: Sequence[Array], who: str) -> None:
        for position, before in zip(self._judged, values, strict=False):
            name = self._inputs[position].name
            if not is_same(ran.given[position], before):
                self.mutations.add((name, "input", who, f"its input {name}"))


def _is_at(parameter: Parameter, name: str) -> bool:
    return any(is_below(p.path, name) or p.path.endswith(f".{name}") for p in parameter.places)


def _times(gradient: Any, factor: Array) -> Any:
    array = np.asarray(gradient)
    return gradient if gradient is None or array.dtype.kind not in "biuf" else array * factor


def _exchanged(value: Any, old: Array, new: Array) -> Any:
    """The same with another array in the place of one, wherever it occurs."""
    if isinstance(value, dict):
        return {key: _exchanged(item, old, new) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_exchanged(item, old, new) for item in value)
    return new if isinstance(value, np.ndarray) and np.array_equal(value, old) else value
