"""Is this backward pass right, that somebody derived by hand?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.testing.checking.check import Options, check
from minigrad.testing.checking.result import GradcheckResult
from minigrad.testing.subjects.contexts import ContextSubject, static_methods, take_context
from minigrad.testing.subjects.forward_backward import PairSubject, Style
from minigrad.testing.subjects.function_passes import FunctionPasses
from minigrad.testing.subjects.layer_methods import methods_of, refusal
from minigrad.testing.subjects.loss_and_gradients import ValueAndGradSubject
from minigrad.testing.subjects.stateful_layer import LayerSubject
from minigrad.testing.subjects.untouched import untouched


def check_backward(
    forward: Any,
    backward: Callable[..., Any] | None = None,
    inputs: Any = None,
    *,
    style: Style = "auto",
    methods: tuple[str, str] | None = None,
    seed: int | None = None,
    **options: Any,
) -> GradcheckResult:
    """Check a hand-written pair of a forward and a backward pass, in plain NumPy.

    The very first call is made at other inputs than those that are judged, so that what a layer keeps for ever shows.
    A wrong gradient is explained: by its form, by what the recorded forward pass says about single operations, by
    calling the backward pass again with an operand replaced. Nothing that is passed in is changed.

    Args:
        forward: the function, or a layer: an object with ``forward(x)`` and ``backward(output_gradient,
            learning_rate)``, whose parameters are checked too, through the update that it makes.
        backward: ``backward(g, out, *inputs)`` for style ``"args"``; ``backward(g, cache)`` for style ``"cache"``, with
            ``out, cache = forward(*inputs)``. Returns one gradient for each floating-point input, in a tuple; one alone
            may be returned bare. None is a missing gradient. Left out for a layer.
        inputs: as for `gradcheck`.
        style: ``"args"``, ``"cache"`` or ``"layer"``; found out by default.
        options: those of `gradcheck` except `order`.

    Returns:
        A result that is true for *pass*; its text is the report.

    Raises:
        GradcheckError: for any other verdict, unless ``raise_exception=False``.
        ValueError, TypeError: as `gradcheck`; also for a missing backward pass, and another number of gradients.

    Example:
        >>> def forward(x, w):
        ...     return x @ w
        >>> def backward(g, out, x, w):
        ...     return g @ w.T, x.T @ g / len(x)
        >>> x, w = np.linspace(-1, 1, 35).reshape(7, 5), np.linspace(0.5, 2, 15).reshape(5, 3)
        >>> result = testing.check_backward(forward, backward, (x, w), raise_exception=False)
        >>> [(finding.leaf, finding.rule) for finding in result.findings]
        [('w', 'scale.batch')]
    """
    __tracebackhide__ = True
    settings = Options.named(options)
    if style not in _STYLES:
        raise ValueError(f"style is {', '.join(map(repr, _STYLES[:-1]))} or {_STYLES[-1]!r}, not {style!r}")
    if inputs is None:
        raise TypeError("check_backward needs inputs=: a tuple, a dict, or one array")
    with untouched(forward, backward, inputs):
        subject = _subject(forward, backward, inputs, style, methods, seed, settings)
        if isinstance(subject, PairSubject) and subject.is_loss and settings.grad_output is None:
            # Then the numbers in the report are those that the user's own code gives.
            ones = np.ones_like(subject.outputs([leaf.value for leaf in subject.leaves])[0])
            settings = replace(settings, grad_output=ones)
        return settings.delivered(check(subject, settings, "check_backward", subject.chosen(settings.wrt)))


_STYLES = ("auto", "args", "cache", "layer", "value_and_grad", "loss")


def _subject(
    forward: Any,
    backward: Any,
    inputs: Any,
    style: Style,
    methods: tuple[str, str] | None,
    seed: int | None,
    settings: Options,
) -> PairSubject | LayerSubject:
    """What is to be checked, by its form."""
    static = static_methods(forward)
    if static is not None and backward is None:
        name = forward.__name__
        if not take_context(*static):
            raise TypeError(
                f"{name} has static methods forward and backward, whose first parameter is no ctx; write "
                f"check_backward({name}.forward, {name}.backward, inputs=...)"
            )
        function = ContextSubject(*static, inputs, wrt=settings.wrt, seed=seed)
        function.name = name
        return function
    if isinstance(forward, type):
        raise TypeError(f"{forward.__name__} is a class; pass an object: check_backward({forward.__name__}(...), ...)")
    names = None if backward is not None else methods_of(forward, methods)
    if style == "layer" or (style in ("auto", "loss") and names is not None):
        return LayerSubject(forward, inputs, methods, seed)
    if backward is None and not callable(forward):
        raise refusal(forward)
    if not callable(forward) or not (callable(backward) or backward is None):
        raise TypeError("check_backward takes two functions, forward and backward, or one layer with both methods")
    if backward is None:
        if style not in ("auto", "value_and_grad"):
            raise TypeError(f"style={style!r} takes two functions, forward and backward; backward is missing")
        return ValueAndGradSubject(forward, inputs, wrt=settings.wrt, seed=seed)
    if style == "value_and_grad":
        raise TypeError("style='value_and_grad' takes one function, which returns (value, gradients), and no backward")
    if take_context(forward, backward):
        return ContextSubject(forward, backward, inputs, wrt=settings.wrt, seed=seed)
    passes = FunctionPasses(forward, backward, inputs, wrt=settings.wrt, seed=seed)
    return PairSubject(passes, style, settings.wrt)
