"""Is this backward pass right, that somebody derived by hand?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.testing.checking.check import Options, check
from minigrad.testing.checking.result import GradcheckResult
from minigrad.testing.subjects.forward_backward import PairSubject, Style
from minigrad.testing.subjects.layer_methods import methods_of, refusal
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
    if style not in ("auto", "args", "cache", "layer"):
        raise ValueError(f"style is 'auto', 'args', 'cache' or 'layer', not {style!r}")
    if inputs is None:
        raise TypeError("check_backward needs inputs=: a tuple, a dict, or one array")
    is_layer = backward is None and methods_of(forward, methods) is not None
    subject: PairSubject | LayerSubject
    with untouched(forward, backward, inputs):
        if style == "layer" or (style == "auto" and is_layer):
            subject = LayerSubject(forward, inputs, methods, seed)
        elif backward is None and not callable(forward):
            raise refusal(forward)
        elif not callable(forward) or not callable(backward):
            raise TypeError("check_backward takes two functions, forward and backward, or one layer with both methods")
        else:
            subject = PairSubject(forward, backward, inputs, style)
        return settings.delivered(check(subject, settings, "check_backward", subject.chosen(settings.wrt)))
