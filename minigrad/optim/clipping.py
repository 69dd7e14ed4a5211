"""How is one exploding gradient kept from ruining everything learned so far?"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.optim.checks import described, distinct, positive

# Large enough that the loop over blocks costs nothing, small enough that a block's float64 copy is no large temporary.
_BLOCK = 65_536


def clip_by_norm(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients together, in place, so that their joint norm is at most `max_norm`.

    With all gradients laid end to end in one vector g::

        g  <-  g * min(1, max_norm / ||g||)

    Pascanu, Mikolov, Bengio 2013, "On the difficulty of training recurrent neural networks", arXiv:1211.5063,
    algorithm 1.

    Args:
        parameters: Tensors of any shapes and floating dtypes; those whose ``.grad`` is None do not count.
        max_norm: the largest joint Euclidean norm wanted, in the units of the gradients; positive.

    Returns:
        The joint norm before scaling, computed in float64.

    Raises:
        FloatingPointError: where that norm is not finite, naming the gradients at fault; no gradient has changed then.
        RuntimeError: where no parameter has a gradient.
        ValueError: for a `max_norm` that is not positive and finite, no parameters, or the same Tensor twice.
        TypeError: for a parameter that is not a Tensor.

    Example:
        >>> w = mg.Tensor([3.0, 4.0], requires_grad=True)
        >>> (w * w).sum().backward()
        >>> optim.clip_by_norm([w], max_norm=5.0)
        10.0
        >>> w.grad
        Tensor([3., 4.])
    """
    parameters = distinct(parameters)
    limit = positive("max_norm", max_norm)
    require_a_gradient(parameters)
    # What NumPy would warn of is told by the error below, with names.
    with np.errstate(over="ignore", invalid="ignore"):
        squares = sum(_sum_of_squares(parameter.grad) for parameter in parameters if parameter.grad is not None)
    norm = math.sqrt(squares)
    if not math.isfinite(norm):
        raise _not_finite(parameters, norm)
    if norm > limit:
        for parameter in parameters:
            _scale_gradient(parameter, limit / norm)
    return norm


def require_a_gradient(parameters: tuple[Tensor, ...]) -> None:
    """Refuse to go on without a single gradient: that is a mistake, and silence would hide it."""
    if all(parameter.grad is None for parameter in parameters):
        raise RuntimeError("no parameter has a gradient: call backward() first, and zero_grad() not after it")


def _sum_of_squares(gradient: Tensor) -> float:
    # Squares of float32 overflow from 2e19 on and those of float16 from 256 on, long before their norm is of no use.
    elements = gradient.data.ravel(order="K")
    total = 0.0
    for start in range(0, elements.size, _BLOCK):
        block = elements[start : start + _BLOCK].astype(np.float64, copy=False)
        total += float(np.dot(block, block))
    return total


def _scale_gradient(parameter: Tensor, scale: float) -> None:
    gradient = parameter.grad
    if gradient is None:
        return
    if gradient.requires_grad:
        # Recorded by create_graph=True: its array belongs to a graph that may yet be differentiated.
        gradient = parameter.grad = Tensor(gradient.detach())
    values = gradient.data
    # A scale too small for the gradient's own dtype would lose digits, or be 0.
    dtype = values.dtype if scale >= np.finfo(values.dtype).tiny else np.dtype(np.float64)
    np.multiply(values, scale, out=values, dtype=dtype)


def _not_finite(parameters: tuple[Tensor, ...], norm: float) -> FloatingPointError:
    culprits = [
        described(parameter, position)
        for position, parameter in enumerate(parameters)
        if parameter.grad is not None and not np.isfinite(parameter.grad.data).all()
    ]
    reason = f"not finite: {', '.join(culprits)}" if culprits else "so large that their squares overflow float64"
    return FloatingPointError(f"the joint norm of the gradients is {norm}; there are gradients that are {reason}")
