"""How is one exploding gradient kept from ruining everything learned so far?"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from minigrad.engine.stand_ins import stand_in_among
from minigrad.engine.tensor import Tensor
from minigrad.optim.arithmetic import in_dtype, in_one_go
from minigrad.optim.checks import described, distinct, positive, refuse_dependent

# Large enough that the loop over blocks costs nothing, small enough that a block's float64 copy is no large temporary.
_BLOCK = 65_536
_FLOAT = np.dtype(np.float64)


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
    parameters, limit = distinct(parameters), positive("max_norm", max_norm)
    return _clip("clip_by_norm", Clipping(parameters, limit))


def clip_by_value(parameters: Iterable[Tensor], limit: float) -> float:
    """Bring every element of the gradients that is too large to the limit, each by itself.

    Each ``.grad`` that has to change becomes a new Tensor, and with Ctrl-C all of them have changed, or none, as in
    `clip_by_norm`, which keeps the direction of the gradient; this does not. For each element g of a gradient:

        g  <-  max(-limit, min(limit, g))

    Mikolov 2012, "Statistical language models based on neural networks", as cited by Pascanu, Mikolov, Bengio 2013,
    arXiv:1211.5063, section 3.2.

    Args:
        parameters: Tensors of any shapes and floating dtypes; those whose ``.grad`` is None do not count.
        limit: the largest absolute value wanted, in the units of the gradients; positive.

    Returns:
        The largest absolute value before.

    Raises:
        FloatingPointError: where that is not finite, naming the gradients at fault; no gradient has changed then.
        RuntimeError: where no parameter has a gradient.
        ValueError: for a limit that is not positive and finite, no parameters, or the same Tensor twice.
        TypeError: for a parameter that is not a Tensor; inside a transform, a gradient that depends on its argument.

    Examples:
        >>> w = mg.Tensor([3.0, -4.0, 0.5], requires_grad=True)
        >>> (w * w).sum().backward()
        >>> optim.clip_by_value([w], limit=5.0)
        8.0
        >>> w.grad
        Tensor([ 5., -5.,  1.])
    """
    parameters, limit = distinct(parameters), positive("limit", limit)
    return _clip("clip_by_value", ValueClipping(parameters, limit))


def _clip(name: str, clipping: Clipping) -> float:
    require_a_gradient(clipping.parameters)
    refuse_dependent(name, clipping.parameters)
    # In a context of its own, whose settings go with it wherever Ctrl-C comes.
    return copy_context().run(_clipped, clipping)


def _clipped(clipping: Clipping) -> float:
    # What NumPy would warn of is told by an error, with names.
    np.seterr(all="ignore")
    clipped = clipping.clipped
    gradients = tuple(parameter.grad._array for parameter in clipped if parameter.grad is not None)
    stand_in = stand_in_among(gradients)
    if stand_in is None:
        size, *changed = clipping(*gradients)
    elif stand_in.takes_kernels:
        size, *changed = stand_in.taken_whole(clipping, gradients, {})
    else:
        size, *changed = clipping.as_expressions(gradients)
        size.looked_at(clipping.refuse)
    if stand_in is not None or size > clipping.limit:
        pairs = zip(clipped, changed, strict=True)
        in_one_go(*[(setattr, parameter._node, "grad", Tensor._wrap(array)) for parameter, array in pairs])
    return size if stand_in is not None else float(size)


@dataclass(frozen=True)
class Clipping:
    """What becomes of the gradients of some parameters, as a function of arrays that changes nothing.

    Attributes:
        parameters: all of them, also those without a gradient now.
        limit: the largest joint norm.
    """

    parameters: tuple[Tensor, ...]
    limit: float

    measured: ClassVar[str] = "the joint norm of the gradients"

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

    def as_expressions(self, gradients: Sequence[Any]) -> list[Any]:
        """The same of what stands in for arrays, without the error."""
        first, *others = [np.sum(in_dtype(gradient, _FLOAT) ** 2) for gradient in gradients]
        norm = np.sqrt(sum(others, first))
        scale = self.limit / np.maximum(norm, self.limit)
        return [norm, *[in_dtype(gradient * scale, gradient.dtype) for gradient in gradients]]

    @classmethod
    def refuse(cls, size: Any) -> None:
        """Raise where what was measured is not finite.

        Raises:
            FloatingPointError: without the names of gradients.
        """
        if not math.isfinite(float(size)):
            raise FloatingPointError(f"{cls.measured} is {size}; there are gradients that are not finite")

    def _not_finite(self, gradients: Sequence[Any], size: float) -> FloatingPointError:
        culprits = [
            described(self.parameters[position], position)
            for position, gradient in zip(self.places, gradients, strict=True)
            if not np.isfinite(gradient).all()
        ]
        reason = f"not finite: {', '.join(culprits)}" if culprits else "so large that their squares overflow float64"
        return FloatingPointError(f"{self.measured} is {size}; there are gradients that are {reason}")


class ValueClipping(Clipping):
    """The same for the elements of gradients, each of which has an absolute value of at most `limit` afterwards."""

    measured = "the largest absolute value of the gradients"

    def __call__(self, *gradients: Any) -> list[Any]:
        """The largest absolute value before, and the gradients after.

        Raises:
            FloatingPointError: where it is not finite.
        """
        # NumPy's maximum, which NaN passes through.
        largest = np.max([np.max(np.abs(gradient), initial=0.0) for gradient in gradients]).astype(_FLOAT)
        if not math.isfinite(largest):
            raise self._not_finite(gradients, float(largest))
        if largest > self.limit:
            gradients = tuple([np.clip(gradient, -self.limit, self.limit) for gradient in gradients])
        return [largest, *gradients]

    def as_expressions(self, gradients: Sequence[Any]) -> list[Any]:
        """The same of what stands in for arrays, without the error."""
        # What is empty has no largest element.
        sizes = [in_dtype(np.max(np.abs(gradient)), _FLOAT) for gradient in gradients if gradient.size]
        largest = functools.reduce(np.maximum, sizes) if sizes else np.sum(in_dtype(gradients[0], _FLOAT))
        return [largest, *[np.minimum(np.maximum(gradient, -self.limit), self.limit) for gradient in gradients]]


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
