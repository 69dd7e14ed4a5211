"""How is a layer called that updates its own weights in its backward pass, without leaving a trace?"""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.base import Array, Subject, function_name, small_constant_in
from minigrad.testing.subjects.inputs import Inputs, Leaf, nearby, unknown_name
from minigrad.testing.subjects.outputs import as_output


class LayerSubject(Subject):
    """An object with ``forward(x)`` and ``backward(output_gradient, learning_rate)`` that updates its own weights.

    Its parameters are the floating-point arrays among its attributes that a forward pass leaves alone, those of layers
    inside it included. Their gradients are read from the update, and every weight is put back afterwards.
    """

    # A power of two is exact, and a large one keeps the rounding of the weights out of their gradients.
    rate = 1024.0

    def __init__(self, layer: Any, inputs: Any) -> None:
        super().__init__()
        self.layer = layer
        self.name = function_name(layer)
        self.inputs = Inputs(layer.forward, inputs)
        self.constants = self.inputs.constants
        self._rate_name = _keyword_only(layer.backward)
        self.takes_rate = self._rate_name is not None or _positional(layer.backward) != 1
        before = {path: (array, array.copy()) for path, array in _arrays(layer)}
        self._unused: Any = None
        with contextlib.suppress(Exception):
            self._unused = copy.deepcopy(layer)
        # The very first call, elsewhere: what the forward pass replaces is a cache, not a parameter.
        rng = np.random.default_rng(0)
        first = [nearby(leaf, rng) for leaf in self.inputs.leaves]
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            self.inputs.call(layer.forward, [value.copy() for value in first])
        now = dict(_arrays(layer))
        self.parameters = {
            path: array
            for path, (array, content) in before.items()
            if now.get(path) is array and np.array_equal(array, content)
        }
        self.own = len(self.inputs.leaves)
        self.parameters = {path: array for path, array in self.parameters.items() if self._matters(array)}
        self._contents = {path: array.copy() for path, array in self.parameters.items()}
        if self.parameters and not self.takes_rate:
            names = ", ".join(self.parameters)
            self.remarks.append(f"backward takes no learning rate, so the gradients of {names} were not checked")
        parameters = [Leaf(path, array.copy(), is_parameter=True) for path, array in self.parameters.items()]
        self.leaves = [*self.inputs.leaves, *(parameters if self.takes_rate else [])]
        self.first = [*first, *[leaf.value for leaf in self.leaves[self.own :]]]

    def _matters(self, array: Array) -> bool:
        """Whether the output depends on an array; one that it does not depend on is a buffer of the backward pass."""
        values, before = [leaf.value.copy() for leaf in self.inputs.leaves], array.copy()
        outputs = []
        for content in (before, 1.1 * before + 0.1):
            array[...] = content
            with np.errstate(all="ignore"):
                outputs.append(np.array(self.inputs.call(self.layer.forward, [value.copy() for value in values])))
        array[...] = before
        return not np.array_equal(outputs[0], outputs[1], equal_nan=True)

    def chosen(self, wrt: str | Sequence[str] | None) -> list[int]:
        """The positions of the leaves that `wrt` names; all for None."""
        names = [leaf.name for leaf in self.leaves]
        if wrt is None:
            return list(range(len(names)))
        wanted = [wrt] if isinstance(wrt, str) else list(wrt)
        for name in wanted:
            if name not in names:
                raise ValueError(f"wrt: {unknown_name(name, names)}")
        return [i for i, name in enumerate(names) if name in wanted]

    def _set(self, values: Sequence[Array]) -> None:
        for (path, array), value in zip(self.parameters.items(), values[self.own :], strict=False):
            if array.dtype == value.dtype:
                array[...] = value
            else:
                _assign(self.layer, path, value.copy())

    def _restore(self) -> None:
        for path, array in self.parameters.items():
            array[...] = self._contents[path]
            _assign(self.layer, path, array)

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """The output with these weights, which are put back."""
        given = [value.copy() for value in values[: self.own]]
        try:
            self._set(values)
            out = as_output(self.inputs.call(self.layer.forward, given), self.name)
        finally:
            self._restore()
        self._notice(given, values, "the forward pass")
        return [out]

    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        """The gradient that is returned, and those that the update of the weights shows."""
        return self._gradients(values, upstream, "", None)

    def fresh(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any] | None:
        """The gradients that a layer gives which was never called before."""
        if self._unused is None:
            return None
        used, own = (self.layer, self.parameters), copy.deepcopy(self._unused)
        arrays = dict(_arrays(own))
        self.layer, self.parameters = own, {path: arrays[path] for path in self.parameters}
        try:
            return self._gradients(values, upstream, "", None)
        finally:
            self.layer, self.parameters = used

    @property
    def has_small_constant(self) -> bool:
        """Whether there is a small number in the forward pass."""
        return small_constant_in(self.layer.forward) or any(
            isinstance(value, float) and 0 < value <= 0.1 for value in vars(self.layer).values()
        )

    def recalled(self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array) -> list[Any] | None:
        """The same with another array in a weight or a cache after the forward pass."""
        return self._gradients(values, upstream, name, array)

    def _gradients(
        self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array | None
    ) -> list[Any]:
        given = [value.copy() for value in values[: self.own]]
        seed = upstream[0].copy() if name != "g" or array is None else array
        try:
            self._set(values)
            out = self.inputs.call(self.layer.forward, given)
            start = dict(zip(self.parameters, values[self.own :], strict=False))
            if array is not None and name != "g":
                old = (
                    np.array(out)
                    if name == "out"
                    else dict(zip([leaf.name for leaf in self.leaves], values, strict=True))[name]
                )
                for path, kept in _arrays(self.layer):
                    if np.array_equal(kept, old):
                        _assign(self.layer, path, array.copy())
                        start[path] = array
            found = self._backward(seed)
            # An update that broadcasts gives the parameter another shape, which is what there is to see; that of a 0-d
            # array makes a NumPy scalar of it.
            updates = [
                (start[path] - np.asarray(_at(self.layer, path))) / self.rate
                for path in start
                if path in self.parameters
            ]
        finally:
            self._restore()
        if array is None:
            self._notice(given, values, "the backward pass")
            if not np.array_equal(seed, upstream[0]):
                self.mutations.add(("output_gradient", "upstream", "the backward pass", "its upstream gradient"))
        own = [found] if self.own == 1 else list(found)
        return [*own, *updates[: len(self.leaves) - self.own]]

    def _backward(self, seed: Array) -> Any:
        if not self.takes_rate:
            return self.layer.backward(seed)
        if self._rate_name is not None:
            return self.layer.backward(seed, **{self._rate_name: self.rate})
        return self.layer.backward(seed, self.rate)

    def at_a_small_rate(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any] | None:
        """The gradients of the inputs when the update of the weights changes next to nothing."""
        if not self.takes_rate:
            return None
        own, self.rate = self.rate, 2.0**-100
        try:
            return self._gradients(values, upstream, "", None)
        finally:
            self.rate = own

    def _notice(self, given: Sequence[Array], values: Sequence[Array], who: str) -> None:
        for leaf, now, before in zip(self.leaves[: self.own], given, values, strict=False):
            if not np.array_equal(now, before):
                self.mutations.add((leaf.name, "input", who, f"its input {leaf.name}"))

    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        """The forward pass, recorded, with Tensors in the place of the weights."""
        started = [recorder.started(tensor) for tensor in tensors]
        try:
            for leaf, value in zip(self.leaves[self.own :], started[self.own :], strict=True):
                _assign(self.layer, leaf.name, value)
            return recorder.finished(self.inputs.call(recorder.copy(self.layer.forward), started[: self.own]))
        finally:
            self._restore()
            # The caches hold Tensors now; a plain call puts arrays there again.
            self.outputs([leaf.value for leaf in self.leaves])


def _keyword_only(function: Callable[..., Any]) -> str | None:
    """The name of the only parameter that has to be given by name, if there is one."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    names = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    return names[0] if len(names) == 1 else None


def _positional(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 2
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _arrays(holder: Any, path: str = "", seen: set[int] | None = None) -> list[tuple[str, Array]]:
    """The floating-point arrays among the attributes of an object, in lists and in layers inside it, each once."""
    seen = set() if seen is None else seen
    if id(holder) in seen:
        return []
    seen.add(id(holder))
    if isinstance(holder, np.ndarray):
        return [(path, holder)] if holder.dtype.kind == "f" else []
    if isinstance(holder, dict):
        items = [(f"{path}.{key}" if path else str(key), item) for key, item in holder.items()]
    elif isinstance(holder, (list, tuple)):
        items = [(f"{path}[{position}]", item) for position, item in enumerate(holder)]
    elif hasattr(holder, "__dict__") and (hasattr(holder, "forward") or not callable(holder)):
        items = [(f"{path}.{key}" if path else key, item) for key, item in vars(holder).items()]
    else:
        return []
    return [found for name, item in items for found in _arrays(item, name, seen)]


def _at(holder: Any, path: str) -> Any:
    """What is where a path of `_arrays` leads."""
    for step in path.replace("[", ".[").split("."):
        holder = _step(holder, step)
    return holder


def _assign(holder: Any, path: str, value: Any) -> None:
    """Put a value where a path of `_arrays` leads."""
    *inner, last = path.replace("[", ".[").split(".")
    for step in inner:
        holder = _step(holder, step)
    if last.startswith("["):
        if not isinstance(holder, tuple):
            holder[int(last[1:-1])] = value
    elif isinstance(holder, dict):
        holder[last] = value
    else:
        setattr(holder, last, value)


def _step(holder: Any, step: str) -> Any:
    if step.startswith("["):
        return holder[int(step[1:-1])]
    return holder[step] if isinstance(holder, dict) else getattr(holder, step)
