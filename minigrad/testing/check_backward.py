"""Is this backward pass right, that somebody derived by hand?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.testing.checking.check import Options, check
from minigrad.testing.checking.result import GradcheckResult
from minigrad.testing.subjects.forms import subject_of
from minigrad.testing.subjects.forward_backward import PairSubject, Style
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
    """Check a backward pass that was written by hand, in plain NumPy, as it stands.

    These forms are understood; which one it is follows from what is passed in, what it returns, and the names of the
    parameters. The report says how the pass was called where that is not plain, where gradients were read from, and
    what was taken for a constant.

    - ``check_backward(forward, backward, inputs)`` with ``backward(g, out, *inputs)``, or with fewer of these in any
      order, known by their names: ``backward(dout, x, w)``.
    - ``out, cache = forward(*inputs)`` and ``backward(dout, cache)``; several outputs have an upstream gradient each:
      ``h, c, cache = forward(*inputs)`` and ``backward(dh, dc, cache)``.
    - ``check_backward(loss, inputs=...)`` with ``(value, gradients) = loss(*inputs)``, or ``(value, dW, db)``. For a
      method such as ``net.loss``, gradients by the names of parameters are those of the arrays that ``net`` keeps.
    - ``check_backward(mse, mse_prime, (prediction, target))``: a loss and its gradient; also an elementwise function
      and its derivative.
    - ``check_backward(layer, inputs=x)``: an object with a forward and a backward pass. The gradients of its parameters
      are read from what it returns, from where it stores them, or from the update that it makes.
    - Two methods of one object; ``forward(ctx, x)`` and ``backward(ctx, g)``, or the class that has both as static
      methods.

    Gradients come in a tuple, list, dict, named tuple or dataclass, nested or not. They are matched by names, such as
    ``dW``, ``grad_W`` or ``W``, then by order and shapes. A number without a gradient is constant, and so are running
    statistics, targets of a loss, and what is in a dict beside text or booleans. An array that has no gradient, and is
    none of these, makes the verdict *inconclusive*, unless `wrt` leaves it out.

    The very first call is made at other inputs than those that are judged, so that what a layer keeps for ever shows.
    A wrong gradient is explained: by its form, by what the recorded forward pass says about single operations, by
    calling the backward pass again with an operand replaced. Nothing that is passed in is left changed, nor anything
    that the functions keep, also when they raise.

    Args:
        forward: a function, or an object with both passes.
        backward: its backward pass; left out for an object, and for a function that gives its gradients itself. None
            among the gradients is a missing one.
        inputs: as for `gradcheck`.
        style: what to take it for, where that is not found out: ``"args"`` for ``backward(g, out, *inputs)``,
            ``"cache"``, ``"value_and_grad"``, ``"loss"`` for ``backward(*inputs)``, or ``"layer"``.
        methods: the names of an object's two passes, such as ``("forward_pass", "backprop")``, where they are not the
            usual ones.
        seed: an integer, with which ``np.random``, ``random`` and every generator that the functions can reach are set
            before each forward pass; for dropout.
        options: those of `gradcheck` except `order`.

    Returns:
        A result that is true for *pass*; its text is the report.

    Raises:
        GradcheckError: for any other verdict, unless ``raise_exception=False``.
        ValueError, TypeError: as `gradcheck`; also where the form is not understood, and for gradients by names that
            nothing has.

    Examples:
        >>> def forward(x, w):
        ...     return x @ w
        >>> def backward(g, out, x, w):
        ...     return g @ w.T, x.T @ g / len(x)
        >>> x, w = np.linspace(-1, 1, 35).reshape(7, 5), np.linspace(0.5, 2, 15).reshape(5, 3)
        >>> result = testing.check_backward(forward, backward, (x, w), raise_exception=False)
        >>> [(finding.leaf, finding.rule) for finding in result.findings]
        [('w', 'scale.batch')]

        A loss that gives its gradients itself; the target is a constant:

        >>> def loss(w, x, target):
        ...     error = x @ w - target
        ...     return np.mean(error**2), {"dw": 2 * x.T @ error / error.size}
        >>> testing.check_backward(loss, inputs=(w, x, np.ones((7, 3)))).notes
        ('x: taken as a constant (data)', 'target: taken as a constant (target)')
    """
    __tracebackhide__ = True
    settings = Options.named(options, ("style", "methods", "seed"))
    if inputs is None:
        raise TypeError("check_backward needs inputs=: a tuple, a dict, or one array")
    with untouched(forward, backward, inputs):
        subject = subject_of(forward, backward, inputs, style, methods, seed, settings.wrt)
        if isinstance(subject, PairSubject):
            settings = replace(settings, wrt=subject.whole(settings.wrt))
        if isinstance(subject, PairSubject) and subject.is_loss and settings.grad_output is None:
            # Then the numbers in the report are those that the user's own code gives.
            ones = np.ones_like(subject.outputs([leaf.value for leaf in subject.leaves])[0])
            settings = replace(settings, grad_output=ones)
        result = check(subject, settings, "check_backward", subject.chosen(settings.wrt))
    said = {"style": None if style == "auto" else style, "methods": methods, "seed": seed, "wrt": options.get("wrt")}
    again = ", ".join(f"{name}={value!r}" for name, value in said.items() if value is not None)
    return settings.delivered(replace(result, options=again))
