"""How is a pair of functions called, forward and backward, that somebody wrote by hand?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.tensor import Tensor
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.base import Array, Subject, function_name, small_constant_in
from minigrad.testing.subjects.inputs import Inputs, unknown_name

Style = Literal["auto", "args", "cache", "layer"]


class PairSubject(Subject):
    """A function ``forward(*inputs)`` with ``backward(g, out, *inputs)``, or ``backward(g, cache)``."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any, style: Style) -> None:
        super().__init__()
        self.forward, self.backward, self.style = forward, backward, style
        self.inputs = Inputs(forward, inputs)
        self.leaves, self.constants = self.inputs.leaves, self.inputs.constants
        self.name = function_name(forward)
        self._signature_fits = False

    def _check_signature(self) -> None:
        """See whether the backward pass takes what it is going to be given.

        Raises:
            TypeError: where it does not.
        """
        self._signature_fits = True
        try:
            signature = inspect.signature(self.backward)
        except (TypeError, ValueError):
            return
        extra: list[Any] = [None, None] if self.style == "cache" else [None, None, *self.inputs.args]
        try:
            signature.bind(*extra, **({} if self.style == "cache" else self.inputs.kwargs))
        except TypeError as error:
            call = "backward(g, cache)" if self.style == "cache" else "backward(g, out, *inputs)"
            raise TypeError(
                f"the backward pass takes {signature}; with style={self.style!r} it is called as {call}: {error}"
            ) from None

    def chosen(self, wrt: str | Sequence[str] | None) -> list[int]:
        """The positions of the leaves that `wrt` names; all for None."""
        return self.inputs.chosen(wrt)

    def _forward(self, values: Sequence[Any], forward: Callable[..., Any] | None = None) -> tuple[Any, Any]:
        """The output, and the cache in the style that has one."""
        result = self.inputs.call(forward or self.forward, values)
        is_pair = isinstance(result, tuple) and len(result) == 2
        if self.style == "auto":
            self.style = "cache" if is_pair else "args"
        if self.style == "cache" and not is_pair:
            raise TypeError(
                f"{self.name} returned {_described(result)}, not a pair (out, cache), as style='cache' asks"
            )
        return result if self.style == "cache" else (result, None)

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """The output; whatever the forward pass writes into its inputs is seen."""
        given = [value.copy() for value in values]
        out, _ = self._forward(given)
        self._notice(given, values, "the forward pass")
        return [as_output(out, self.name)]

    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        """A forward pass, and then the backward pass."""
        return self._gradients(values, upstream, "", None)

    @property
    def has_small_constant(self) -> bool:
        """Whether there is a small number in the forward pass."""
        return small_constant_in(self.forward)

    def recalled(self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array) -> list[Any] | None:
        """The same with another operand; in the cache, what equals that operand is replaced."""
        return self._gradients(values, upstream, name, array)

    def _gradients(
        self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array | None
    ) -> list[Any]:
        given = [value.copy() for value in values]
        out, cache = self._forward(given)
        self._notice(given, values, "the forward pass")
        seed = upstream[0].copy() if name != "g" or array is None else array
        if not self._signature_fits:
            self._check_signature()
        if self.style == "cache":
            if array is not None and name != "g":
                old = (
                    out
                    if name == "out"
                    else next(v for leaf, v in zip(self.leaves, given, strict=True) if leaf.name == name)
                )
                cache = _replaced(cache, np.array(old), array)
            found = self.backward(seed, cache)
        else:
            if array is not None and name == "out":
                out = array
            used = [array if leaf.name == name else value for leaf, value in zip(self.leaves, given, strict=True)]
            found = self.inputs.call(lambda *args, **kwargs: self.backward(seed, out, *args, **kwargs), used)
        if array is None:
            self._notice(given, values, "the backward pass")
            if not np.array_equal(seed, upstream[0]):
                self.mutations.add(("grad_output", "upstream", "the backward pass", "its upstream gradient"))
        return self._by_leaf(found)

    def _notice(self, given: Sequence[Array], values: Sequence[Array], who: str) -> None:
        for leaf, now, before in zip(self.leaves, given, values, strict=True):
            if not np.array_equal(now, before):
                self.mutations.add((leaf.name, "input", who, f"its input {leaf.name}"))

    def _by_leaf(self, found: Any) -> list[Any]:
        """What the backward pass returned, leaf by leaf."""
        arguments = [*self.inputs.args, *self.inputs.kwargs.values()]
        if isinstance(found, list) and len(self.leaves) == len(arguments) == 1 and _shape(found):
            found = np.array(found) if _shape(found) == self.leaves[0].value.shape else found
        if isinstance(found, (list, tuple)) and len(found) == len(self.leaves) and len(found) != len(arguments):
            return list(found)
        differentiable = [bool(_leaf_count(argument)) for argument in arguments]
        if isinstance(found, dict) and self.inputs.kwargs:
            for key in found:
                if key not in self.inputs.kwargs:
                    raise ValueError(f"the backward pass: {unknown_name(str(key), list(self.inputs.kwargs))}")
            parts = [found.get(key) for key in self.inputs.kwargs]
        elif isinstance(found, (tuple, list)) and not (len(arguments) == 1 and isinstance(arguments[0], (tuple, list))):
            parts = list(found)
        else:
            parts = [found]
        if len(parts) == sum(differentiable) != len(arguments):
            remaining = iter(parts)
            parts = [next(remaining) if has else None for has in differentiable]
        if len(parts) != len(arguments):
            count, wanted = len(parts), sum(differentiable)
            self.complaint = f"the backward pass returned {count} gradients; there are {wanted} inputs to differentiate"
            parts = (parts + [None] * len(arguments))[: len(arguments)]
        flat: list[Any] = []
        for argument, part in zip(arguments, parts, strict=True):
            flat += _flattened(argument, part)
        return flat

    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        """The forward pass, recorded."""
        out, _ = self._forward([recorder.started(tensor) for tensor in tensors], recorder.copy(self.forward))
        return recorder.finished(out)


def as_output(out: Any, name: str) -> NDArray[Any]:
    """The output of a forward pass.

    Raises:
        TypeError: for anything but one array or number.
    """
    if out is None:
        raise TypeError(f"{name} returned None: does it end with `return`?")
    if isinstance(out, (np.ndarray, np.generic, float)):
        array = np.asarray(out)
        if array.dtype.kind == "f":
            return array
        raise TypeError(f"{name} returned an array of {array.dtype}; only floating-point results have gradients")
    raise TypeError(f"{name} returned {_described(out)}, not an array")


def _shape(value: Any) -> tuple[int, ...] | None:
    try:
        return tuple(np.shape(value))
    except ValueError:
        return None


def _described(value: Any) -> str:
    return f"a tuple of {len(value)}" if isinstance(value, tuple) else f"a {type(value).__name__}"


def _leaf_count(argument: Any) -> int:
    if isinstance(argument, dict):
        return sum(map(_leaf_count, argument.values()))
    if isinstance(argument, (list, tuple)):
        return sum(map(_leaf_count, argument))
    return int(isinstance(argument, float) or getattr(getattr(argument, "dtype", None), "kind", "") == "f")


def _flattened(argument: Any, part: Any) -> list[Any]:
    """The gradients of the leaves in one argument, from a structure like it."""
    if isinstance(argument, dict):
        items = part if isinstance(part, dict) else {}
        return [g for key, item in argument.items() for g in _flattened(item, items.get(key))]
    if isinstance(argument, (list, tuple)):
        several = list(part) if isinstance(part, (list, tuple)) else [None] * len(argument)
        several = (several + [None] * len(argument))[: len(argument)]
        return [g for item, each in zip(argument, several, strict=True) for g in _flattened(item, each)]
    return [part] if _leaf_count(argument) else []


def _replaced(cache: Any, old: Array, new: Array) -> Any:
    """A cache in which an array is replaced by another wherever it occurs."""
    if isinstance(cache, dict):
        return {key: _replaced(item, old, new) for key, item in cache.items()}
    if isinstance(cache, (list, tuple)):
        return type(cache)(_replaced(item, old, new) for item in cache)
    return new if isinstance(cache, np.ndarray) and np.array_equal(cache, old) else cache
