"""What do functions of the user see, and change, of a gradient that has arrived at a Tensor?

Nothing is imported of Tensors, which call this: what is given shows what they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.engine.advice import LostGradientError
from minigrad.engine.graph import Node, depends_on_a_variable
from minigrad.engine.stand_ins import array_of

Hook = Callable[[Any], Any]

_next_number = itertools.count().__next__


class Handle:
    """What `Tensor.register_hook` returns; it refers to the functions and not to the Tensor."""

    __slots__ = ("_hooks", "_number")

    def __init__(self, hooks: dict[int, Hook], number: int) -> None:
        self._hooks, self._number = hooks, number

    def remove(self) -> None:
        """Take the function away again; it is called no more. Nothing happens the second time."""
        self._hooks.pop(self._number, None)


class Hooked:
    """The method of a Tensor that lets functions see its gradient."""

    __slots__ = ()

    _node: Node | None
    _wrap: Callable[[Any], Any]

    def register_hook(self, function: Callable[[Any], Any]) -> Handle:
        """Let a function see, or replace, the gradient of this Tensor in every later pass back.

        It is called once in each pass that reaches this Tensor, when the whole gradient has arrived. What it returns
        flows on, and is deposited, in place of the gradient; None leaves that as it is. Several functions are called in
        the order in which they were registered. The gradient it is given is a copy, which it may keep or change.

        Hooks of a leaf stay when its data are updated. Those of a result belong to the values it has now: after
        ``t += y`` register again. A pass that releases the graph forgets the hooks of the results in it.

        Args:
            function: takes a Tensor, and returns one of the same shape and dtype, or None.

        Returns:
            A handle, whose ``remove()`` takes the function away again.

        Raises:
            RuntimeError: for a Tensor that does not require a gradient.
            TypeError: for what is not a function, and inside a transform for its variables and what depends on them.

        Examples:
            >>> x = mg.Tensor([3.0, 4.0], requires_grad=True)
            >>> handle = x.register_hook(lambda gradient: gradient / np.linalg.norm(gradient))
            >>> (x * x).sum().backward()
            >>> x.grad
            Tensor([0.6, 0.8])
            >>> handle.remove()
        """
        if not callable(function):
            raise TypeError(f"register_hook() takes a function of the gradient, not a {type(function).__name__}")
        if self._node is None:
            raise RuntimeError("register_hook(): this Tensor does not require a gradient, so none will arrive")
        if self._node.is_variable or depends_on_a_variable(self._node):
            raise LostGradientError(
                "register_hook(): this Tensor depends on what mg.grad, or a transform like it, differentiates by. A "
                "transform may go back through it several times, and with vectors that are no gradients; change what "
                "the transform returns, write a rule with mg.primitive, or use mg.gradients outside of a transform"
            )
        if self._node.hooks is None:
            self._node.hooks = {}
        self._node.special = True
        wrap, number = self._wrap, _next_number()
        self._node.hooks[number] = lambda given: function(given if hasattr(given, "_node") else wrap(array_of(given)))
        return Handle(self._node.hooks, number)


def after_hooks(node: Node, gradient: Any, recorded: bool) -> Any:
    """The gradient of a node after its hooks were called, in the order in which they were registered.

    Each is given a copy of its own, because an array on its way may belong to several nodes.

    Args:
        node: has hooks.
        gradient: an array, or in a pass that is recorded a Tensor.
        recorded: whether the pass is.
    """
    for call in list((node.hooks or {}).values()):
        answer = call(np.positive(gradient))
        if answer is not None:
            gradient = _replacement(answer, gradient, node, recorded)
    return gradient


def _replacement(answer: Any, gradient: Any, node: Node, recorded: bool) -> Any:
    """What a hook returned, as it flows through the pass.

    Raises:
        TypeError: for another dtype, or what is neither a Tensor nor an array; and for a result that a transform
            differentiates in a pass that is not recorded, where it would be a constant.
        ValueError: for another shape.
    """
    whose = f"a hook of {node.describe()}"
    is_tensor = hasattr(answer, "_node")
    if not is_tensor and type(answer) is not np.ndarray and not isinstance(answer, np.generic):
        raise TypeError(
            f"{whose} returned a {type(answer).__name__}; return None to leave the gradient as it is, or a Tensor of "
            "the same shape and dtype, such as 2.0 * gradient"
        )
    if answer.shape != gradient.shape:
        raise ValueError(
            f"{whose} returned a gradient of shape {answer.shape}; the one it was given has shape {gradient.shape}"
        )
    if answer.dtype != gradient.dtype:
        raise TypeError(
            f"{whose} returned a gradient of dtype {answer.dtype}; the one it was given has dtype {gradient.dtype}: "
            f"write .astype({gradient.dtype})"
        )
    if recorded:
        return answer
    if is_tensor and depends_on_a_variable(answer._node):
        raise LostGradientError(
            f"{whose} returned what depends on an argument that mg.grad, or a transform like it, differentiates by, "
            "and in this pass it would be a constant; give create_graph=True to the pass, or return .detach() of it"
        )
    return answer._array if is_tensor else answer
