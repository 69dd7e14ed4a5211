"""How are static methods called that take a context: ``forward(ctx, x, w)`` and ``backward(ctx, g)``?"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from minigrad.testing.subjects.calling import Call, Role
from minigrad.testing.subjects.forward_backward import PairSubject, Style
from minigrad.testing.subjects.function_passes import FunctionPasses, Pass
from minigrad.testing.subjects.outputs import Array
from minigrad.testing.subjects.roles import Parameters

_NAMES = {"ctx", "context", "_ctx", "fctx"}


class Context:
    """What a forward pass keeps for the backward pass, under any name."""

    def __init__(self, count: int) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.saved_values: tuple[Any, ...] = ()
        self.saved: tuple[Any, ...] = ()
        self.needs_input_grad = (True,) * count
        self.requires_grad = True

    def save_for_backward(self, *values: Any) -> None:
        """Keep some values, as ``saved_tensors``."""
        self.saved_tensors = self.saved_values = self.saved = values

    def mark_non_differentiable(self, *values: Any) -> None:
        """Nothing: what is differentiable is seen."""

    mark_dirty = set_materialize_grads = mark_non_differentiable


def take_context(forward: Any, backward: Any) -> bool:
    """Whether the first parameter of both functions is a context."""
    if not callable(forward) or not callable(backward) or isinstance(forward, type):
        return False
    names = [Parameters.of(function).names[:1] for function in (forward, backward)]
    return all(name and name[0].lower() in _NAMES for name in names)


def static_methods(value: Any) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """The two passes of a class that has them as static methods; None for anything else."""
    if not inspect.isclass(value):
        return None
    found = [inspect.getattr_static(value, name, None) for name in ("forward", "backward")]
    if not all(isinstance(each, (staticmethod, classmethod)) for each in found):
        return None
    return value.forward, value.backward  # type: ignore[attr-defined]


class _ContextPasses(FunctionPasses):
    """Two functions that share a context, which is made anew for each forward pass."""

    def named(self) -> Callable[..., Any]:
        return functools.partial(self.forward, None)

    def result(self, forward: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        context = Context(len(args) + len(kwargs))
        result = forward(context, *args, **kwargs)
        return (*result, context) if isinstance(result, tuple) else (result, context)

    def replace(self, once: Pass, position: int | None, old: Array, new: Array) -> None:
        context = once.cache[0]
        once.cache = [vars(context)]
        super().replace(once, position, old, new)
        vars(context).update(once.cache[0])
        once.cache = [context]


class ContextSubject(PairSubject):
    """A function ``forward(ctx, *inputs)`` with ``backward(ctx, g)``."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any, **settings: Any) -> None:
        wrt = settings["wrt"]
        super().__init__(_ContextPasses(forward, backward, inputs, **settings), "auto", wrt)

    def _call(self, style: Style, values: Sequence[Any]) -> Call:
        result, _ = self.passes.first_result(values)
        outputs = len(result) - 1
        return Call(outputs, (Role("cache"), *[Role("upstream", i) for i in range(outputs)]))
