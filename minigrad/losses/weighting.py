"""Which terms of a loss count, how much, and how do they become one number?"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from minigrad.engine.annotations import Numbers
from minigrad.engine.stand_ins import StandIn, array_of
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain, shape_of
from minigrad.losses.checks import check_constant, check_real, check_weights
from minigrad.ops import astype, mean, sum, where

Reduction: TypeAlias = Literal["mean", "sum", "none"]
Weights: TypeAlias = Tensor | Numbers | None

_REDUCTIONS = ("mean", "sum", "none")


class Weighting:
    """How the terms of a loss are weighted and joined.

    A weight of 0 leaves a place out: `kept` replaces what stands there, before anything is computed of it, so that
    neither the loss nor a gradient can be NaN because of it.

    Args:
        loss: its name, for messages.
        reduction: "mean", "sum" or "none".
        weights: as the user gives them, or None.
        shape: of the terms.
        each: what a term belongs to: an element or a sample.
        ignored: an array of booleans of that shape, where a term does not count; or None.

    Raises:
        ValueError: for another reduction, for weights of another shape, not finite, negative or all zero, or where
            nothing counts.
        TypeError: for weights that are no real numbers, or require a gradient.
    """

    def __init__(
        self,
        loss: str,
        reduction: str,
        weights: Any,
        shape: tuple[int, ...],
        each: str = "element",
        ignored: Any = None,
    ) -> None:
        if not isinstance(reduction, str) or reduction not in _REDUCTIONS:
            raise ValueError(f'{loss}: reduction is "mean", "sum" or "none", not {reduction!r}')
        self.loss, self.reduction = loss, reduction
        self._weights: Any = None
        if weights is not None:
            check_constant(
                weights,
                loss,
                "weights=",
                f'each = losses.{loss}(..., reduction="none") and (weights * each).sum() / weights.sum()',
            )
            check_real(weights, loss, "argument weights")
            _check_shape(loss, shape_of(weights), shape, each)
            self._weights = array_of(plain(weights)).astype(float)
            check_weights(self._weights, f"{loss}: weights")
        if ignored is not None:
            counted = np.logical_not(ignored)
            if self._weights is None:
                self._weights = counted.astype(float)
            else:
                self._weights = _aligned(self._weights, len(shape)) * counted
            _check_that_some_count(self._weights, loss)
        # What is recorded may be run with other weights, of which some are 0.
        some_are_0 = self._weights is not None and (isinstance(self._weights, StandIn) or not self._weights.all())
        self._counted = np.greater(self._weights, 0.0) if some_are_0 else None

    def kept(self, values: Any, instead: Any) -> Any:
        """The values where they count, and something harmless elsewhere.

        Args:
            values: with an axis for each one of the terms, and maybe further ones.
            instead: a number, or a function that makes rows of the values.
        """
        if self._counted is None:
            return values
        return where(_aligned(self._counted, values.ndim), values, instead(values) if callable(instead) else instead)

    def reduced(self, terms: Any, counts: Any = None) -> Any:
        """One number, or the weighted terms where no reduction is wanted.

        Args:
            terms: one for each element or sample.
            counts: for how much each term counts in the divisor of a mean; for 1 by default.
        """
        if self.reduction == "none":
            return terms if self._weights is None else _like(terms, self._weights) * terms
        if self.reduction == "mean" and self._weights is None and counts is None:
            return mean(terms)
        # Neither sums of many terms nor small shares of them can be held in half precision.
        dtype = terms.dtype
        if dtype == np.float16:
            terms = astype(terms, np.float32)
            counts = counts if counts is None else astype(counts, np.float32)
        found = self._sum(terms) if self.reduction == "sum" else self._mean(terms, counts)
        return found if found.dtype == dtype else astype(found, dtype)

    def _sum(self, terms: Any) -> Any:
        return sum(terms if self._weights is None else _like(terms, self._weights) * terms)

    def _mean(self, terms: Any, counts: Any) -> Any:
        if self._weights is None:
            divisor = mean(counts)
        else:
            # Divided by the largest of them, weights of any size can be added up in the dtype of the terms.
            weights = _like(terms, self._weights / np.max(self._weights))
            terms = weights * terms
            divisor = np.mean(weights) if counts is None else mean(weights * counts)
        if counts is not None:
            _check_divisor(plain(divisor), self.loss)
        # The means have as many elements as there are weights and terms, whose quotient is that of the sums where
        # weights are repeated along further axes.
        return mean(terms) / divisor


def _like(terms: Any, weights: Any) -> Any:
    """Weights in the dtype of the terms, and with as many axes."""
    return _aligned(weights.astype(terms.dtype), terms.ndim)


def _aligned(values: Any, ndim: int) -> Any:
    """Values with axes of size 1 at the end, along which they are broadcast."""
    return values if values.ndim == ndim else np.expand_dims(values, tuple(range(values.ndim, ndim)))


def _check_shape(loss: str, given: tuple[int, ...], shape: tuple[int, ...], each: str) -> None:
    """Raise ValueError for weights that are neither one for each term, nor one for each of its first axes."""
    if given == shape[: len(given)] and (given or not shape):
        return
    if not given:
        raise ValueError(
            f"{loss}: weights are one number, which a weighted mean does not depend on; give one for each {each}, or "
            f"write 2.0 * losses.{loss}(...) to scale the loss"
        )
    wanted = f"shape {shape}" if len(shape) < 2 else f"shape {shape} or {shape[:1]}"
    squeezed = tuple(size for size in given if size != 1)
    hint = ""
    if squeezed and squeezed == shape[: len(squeezed)]:
        hint = f"; write weights.reshape({squeezed})"
    elif _can_be_broadcast(given, shape):
        hint = f"; write np.broadcast_to(weights, {shape})"
    raise ValueError(f"{loss}: weights have {wanted}, to match the {each}s from the first axis on, not {given}{hint}")


def _can_be_broadcast(given: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(given, shape) == shape
    except ValueError:
        return False


def _check_that_some_count(weights: Any, loss: str) -> None:
    if isinstance(weights, StandIn):
        weights.looked_at(_check_that_some_count, loss)
    elif not weights.any():
        raise ValueError(
            f"{loss}: every label is the ignore_index, or has weight 0, so that nothing counts; leave such a batch out"
        )


def _check_divisor(divisor: Any, loss: str) -> None:
    if isinstance(divisor, StandIn):
        divisor.looked_at(_check_divisor, loss)
    elif divisor == 0:
        raise ValueError(
            f"{loss}: the class_weights of all samples that count are 0, so that their mean does not exist; leave such "
            "a batch out"
        )
