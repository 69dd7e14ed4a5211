"""In which form was this handed to the check: a pair, a layer, a loss with its gradients, methods of one object?"""

from __future__ import annotations

from collections.abc import Sequence
from types import MethodType
from typing import Any

from minigrad.testing.subjects.base import function_name
from minigrad.testing.subjects.contexts import ContextSubject, static_methods, take_context
from minigrad.testing.subjects.forward_backward import PairSubject, Style
from minigrad.testing.subjects.function_passes import FunctionPasses
from minigrad.testing.subjects.gradient_names import is_upstream
from minigrad.testing.subjects.held import arrays_in
from minigrad.testing.subjects.layer_methods import methods_of, refusal
from minigrad.testing.subjects.loss_and_gradients import ValueAndGradSubject
from minigrad.testing.subjects.roles import Parameters
from minigrad.testing.subjects.stateful_layer import LayerSubject

STYLES = ("auto", "args", "cache", "layer", "value_and_grad", "loss")


def subject_of(
    forward: Any,
    backward: Any,
    inputs: Any,
    style: Style,
    methods: tuple[str, str] | None,
    seed: int | None,
    wrt: str | Sequence[str] | None,
) -> PairSubject | LayerSubject:
    """What is to be checked.

    Raises:
        TypeError: for what is no pair, no layer and no function, and for a seed that is no integer; ValueError for a
            style that there is not.
    """
    if style not in STYLES:
        raise ValueError(f"style is {', '.join(map(repr, STYLES[:-1]))} or {STYLES[-1]!r}, not {style!r}")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32):
        raise TypeError(f"seed is an integer from 0 to 2**32 - 1, not {seed!r}")
    if isinstance(forward, type):
        return _of_class(forward, backward, inputs, seed, wrt)
    if backward is None:
        return _of_one(forward, inputs, style, methods, seed, wrt)
    if methods is not None:
        raise TypeError("methods= names the two methods of one object; here are two functions, so leave it out")
    if style in ("value_and_grad", "layer"):
        one = "function, which returns (value, gradients)," if style == "value_and_grad" else "object with both methods"
        raise TypeError(f"style={style!r} takes one {one} and no backward")
    if not callable(forward) or not callable(backward):
        raise TypeError("check_backward takes two functions, forward and backward, or one layer with both methods")
    names = _methods_of_one(forward, backward) if style == "auto" else None
    if names is not None:
        return LayerSubject(forward.__self__, inputs, names, seed)
    if take_context(forward, backward):
        return ContextSubject(forward, backward, inputs, wrt=wrt, seed=seed)
    return PairSubject(FunctionPasses(forward, backward, inputs, wrt=wrt, seed=seed), style, wrt)


def _of_class(
    forward: type, backward: Any, inputs: Any, seed: int | None, wrt: str | Sequence[str] | None
) -> PairSubject:
    """A class with static methods that take a context."""
    name, static = forward.__name__, static_methods(forward)
    if static is None or backward is not None:
        raise TypeError(f"{name} is a class; pass an object of it: check_backward({name}(...), inputs=...)")
    if not take_context(*static):
        raise TypeError(
            f"{name} has static methods forward and backward, whose first parameter is no ctx; write "
            f"check_backward({name}.forward, {name}.backward, inputs=...)"
        )
    subject = ContextSubject(*static, inputs, wrt=wrt, seed=seed)
    subject.name = name
    return subject


def _of_one(
    forward: Any,
    inputs: Any,
    style: Style,
    methods: tuple[str, str] | None,
    seed: int | None,
    wrt: str | Sequence[str] | None,
) -> PairSubject | LayerSubject:
    """A layer, or a function that gives its value and its gradients."""
    names = methods_of(forward, methods)
    if names is not None and style in ("auto", "layer", "loss"):
        return LayerSubject(forward, inputs, names, seed, is_loss=style == "loss")
    if names is not None and style in ("args", "cache"):
        first, second = (getattr(forward, name) for name in names)
        passes = FunctionPasses(first, second, inputs, wrt=wrt, seed=seed)
        passes.name = function_name(forward)
        return PairSubject(passes, style, wrt)
    if style == "layer" or not callable(forward):
        raise refusal(forward)
    if style not in ("auto", "value_and_grad"):
        raise TypeError(f"style={style!r} takes two functions, forward and backward; backward is missing")
    return ValueAndGradSubject(forward, inputs, wrt=wrt, seed=seed)


def _methods_of_one(forward: Any, backward: Any) -> tuple[str, str] | None:
    """The names of two methods of one object that has state between them, or parameters; None for other functions.

    A backward pass that takes what the forward pass takes, and no upstream gradient, such as ``loss.loss(y, p)`` and
    ``loss.gradient(y, p)``, has no state between them.
    """
    if not isinstance(forward, MethodType) or not isinstance(backward, MethodType):
        return None
    if forward.__self__ is not backward.__self__ or isinstance(forward.__self__, type):
        return None
    given, taken = Parameters.of(forward).names, Parameters.of(backward).names
    if taken and taken[0] in given and not any(map(is_upstream, taken)) and not arrays_in(forward.__self__):
        return None
    return forward.__name__, backward.__name__
