"""How is one exploding gradient kept from ruining everything learned so far?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.optim.arithmetic import in_dtype, in_one_go
from minigrad.optim.checks import described, distinct, positive, refuse_dependent

# Large enough that the loop over blocks costs nothing, small enough that a block's float64 copy is no large temporary.
_BLOCK = 65_536


def clip_by_norm(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients together, so that their joint norm is at most `max_norm`.

    Each ``.grad`` that has to change becomes a new Tensor; whoever holds the old one keeps it as it was. A gradient
    that two parameters share counts for both. Where Ctrl-C breaks it off, all of them have changed, or none.

    With all gradients laid end to end in one vector g:

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
        TypeError: for a parameter that is not a Tensor; inside a transform, a gradient that depends on its argument.

    Examples:
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
    refuse_dependent("clip_by_norm", parameters)
    # In a context of its own, whose settings go with it wherever Ctrl-C comes.
    return copy_context().run(_clip, parameters, limit)


def _clip(parameters: tuple[Tensor, ...], limit: float) -> float:
    # What NumPy would warn of is told by the error below, with names.
    np.seterr(all="ignore")
    gradients = [gradient for parameter in parameters if (gradient := parameter.grad) is not None]
    if any(isinstance(gradient._array, StandIn) for gradient in gradients):
        return _clip_recorded(parameters, limit)
    clipping = Clipping(parameters, limit)
    norm, *scaled = clipping(*[gradient._array for gradient in gradients])
    if norm > limit:
        pairs = zip(clipping.clipped, scaled, strict=True)
        in_one_go(*[(setattr, parameter._node, "grad", Tensor._wrap(array)) for parameter, array in pairs])
    return float(norm)


@dataclass(frozen=True)
class Clipping:
    """What becomes of the gradients of some parameters, as a function of arrays that changes nothing.

    Attributes:
        parameters: all of them, also those without a gradient now.
        limit: the largest joint norm.
    """

    parameters: tuple[Tensor, ...]
    limit: float

    @cached_property
    def places(self) -> list[int]:
        """Where those stand that have a gradient."""
        return [position for position, parameter in enumerate(self.parameters) if parameter.grad is not None]

    @property
    def clipped(self) -> list[Tensor]:
        """Those that have a gradient."""
        return [self.parameters[position] for position in self.places]

    def __call__(self, *gradients: Any) -> list[Any]:
        """The joint norm before, and the gradients after; they are the same arrays where it is small enough.

        Raises:
            FloatingPointError: where the norm is not finite.
        """
        norm = math.sqrt(sum(map(_sum_of_squares, gradients)))
        if not math.isfinite(norm):
            raise self._not_finite(gradients, norm)
        if norm > self.limit:
            gradients = tuple([_scaled(gradient, self.limit / norm) for gradient in gradients])
        return [np.float64(norm), *gradients]

    def _not_finite(self, gradients: Sequence[Any], norm: float) -> FloatingPointError:
        culprits = [
            described(self.parameters[position], position)
            for position, gradient in zip(self.places, gradients, strict=True)
            if not np.isfinite(gradient).all()
        ]
        reason = f"not finite: {', '.join(culprits)}" if culprits else "so large that their squares overflow float64"
        return FloatingPointError(f"the joint norm of the gradients is {norm}; there are gradients that are {reason}")


def _clip_recorded(parameters: tuple[Tensor, ...], limit: float) -> float:
    """What `_clip` does, as expressions, where gradients stand in for arrays; the norm does, too."""
    clipping = Clipping(parameters, limit)
    clipped = clipping.clipped
    gradients = [parameter.grad._array for parameter in clipped if parameter.grad is not None]
    stand_in = next(gradient for gradient in gradients if isinstance(gradient, StandIn))
    if stand_in.takes_kernels:
        norm, *scaled = stand_in.taken_whole(clipping, tuple(gradients), {})
        for parameter, array in zip(clipped, scaled, strict=True):
            assert parameter._node is not None
            parameter._node.grad = Tensor._wrap(array)
        return norm  # type: ignore[no-any-return]  # what stands in for a float
    first, *others = [np.sum(in_dtype(gradient, np.dtype(np.float64)) ** 2) for gradient in gradients]
    norm = np.sqrt(sum(others, first))
    norm.looked_at(_refuse_infinite)
    scale = limit / np.maximum(norm, limit)
    for parameter, gradient in zip(clipped, gradients, strict=True):
        assert parameter._node is not None
        parameter._node.grad = Tensor._wrap(in_dtype(gradient * scale, gradient.dtype))
    return norm  # type: ignore[no-any-return]  # what stands in for a float


def require_a_gradient(parameters: tuple[Tensor, ...]) -> None:
    """Refuse to go on without a single gradient: that is a mistake, and silence would hide it."""
    if all(parameter.grad is None for parameter in parameters):
        raise RuntimeError("no parameter has a gradient: call backward() first, and zero_grad() not after it")


def _sum_of_squares(gradient: Any) -> float:
    # Squares of float32 overflow from 2e19 on and those of float16 from 256 on, long before their norm is of no use.
    elements = gradient.ravel(order="K")
    total = 0.0
    for start in range(0, elements.size, _BLOCK):
        block = elements[start : start + _BLOCK].astype(np.float64, copy=False)
        total += float(np.dot(block, block))
    return total


def _scaled(values: Any, scale: float) -> Any:
    # A scale too small for the gradient's own dtype would lose digits, or be 0.
    dtype = values.dtype if scale >= np.finfo(values.dtype).tiny else np.dtype(np.float64)
    return np.asarray(np.multiply(values, scale, dtype=dtype)).astype(values.dtype, copy=False)


def _refuse_infinite(norm: Any) -> None:
    if not math.isfinite(float(norm)):
        raise FloatingPointError(f"the joint norm of the gradients is {norm}; there are gradients that are not finite")
