"""Is this gradient right, wrong, or is that not to be told?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.testing.checking.outcome import ZERO, LeafResult
from minigrad.testing.numerical.reference import Reference

# A difference counts when it exceeds the bar by so much.
MARGIN = 20.0


def tolerances(reference: Reference, rtol: float) -> NDArray[np.float64]:
    """How large a difference each derivative allows; the only absolute term is what rounding can do."""
    return MARGIN * reference.error + rtol * np.abs(reference.value) + reference.floor


def judge(
    name: str,
    shape: tuple[int, ...],
    actual: NDArray[Any],
    reference: Reference,
    rtol: float,
    accept_kinks: bool = True,
    chosen: NDArray[Any] | None = None,
    directions: bool = False,
    useful: float = 1e-4,
) -> LeafResult:
    """Compare derivatives with their reference, both in one row.

    Args:
        name, shape: of the leaf.
        actual: as many derivatives as the reference has.
        reference: what they should be.
        rtol: the relative difference allowed beyond the bar.
        accept_kinks: whether any slope between the one-sided ones is right at a kink; otherwise it is unresolved.
        chosen: the positions of the elements in the leaf, where not all were compared.
        directions: whether these are derivatives along directions through the leaf.
        useful: up to which share of the largest element a bar is of use.
    """
    count = actual.size
    if not count:
        return LeafResult(name, shape, "inconclusive", resolution=float("inf"), note="an empty array: nothing to check")
    difference = np.abs(actual - reference.value)
    allowed = tolerances(reference, rtol)
    known = np.isfinite(reference.value)
    wrong = known & ~(difference <= allowed)
    unsure = ~known
    zero = _cancelled(actual, reference, useful)
    accepted = 0
    kinks = {position: kink for position, kink in reference.kinks.items() if not zero[position]}
    for position, kink in kinks.items():
        width = kink.high - kink.low
        slack = allowed[position] if kink.sharp else 0.1 * width + allowed[position]
        inside = kink.low - slack <= actual[position] <= kink.high + slack
        near = kink.low - slack - width <= actual[position] <= kink.high + slack + width
        wrong[position] = not (inside or (near and not kink.sharp))
        unsure[position] = not wrong[position] and not (inside and accept_kinks)
        accepted += bool(inside and accept_kinks)
    kinked = np.zeros(count, dtype=bool)
    kinked[list(kinks)] = True
    smooth = known & ~kinked
    largest = float(np.max(np.abs(reference.value[known]), initial=0.0))
    # A function that does not change at all has no derivative, and needs no bar to say so.
    absent = reference.flat and not actual.any() and not reference.scale
    unsure |= smooth & ~wrong & ~zero & (reference.error > useful * largest) & (not absent)
    scale = (reference.scale if zero.any() and zero[smooth].all() else largest) or 1.0
    bar = float(np.max(reference.error[smooth], initial=0.0)) / scale
    resolution = float(np.max(allowed[smooth], initial=0.0)) / scale
    error = float(np.max(difference[smooth], initial=0.0)) / scale
    if absent:
        bar = resolution = 0.0
    if wrong.any():
        worst = int(np.argmax(np.where(wrong, np.where(np.isnan(difference), np.inf, difference), -1.0)))
        place = worst if chosen is None else int(chosen[worst])
        return LeafResult(
            name,
            shape,
            "fail",
            count,
            int(wrong.sum()),
            directions,
            None if directions else tuple(int(i) for i in np.unravel_index(place, shape)),
            float(actual[worst]),
            float(reference.value[worst]),
            error,
            bar,
            accepted,
            resolution,
        )
    if unsure.any():
        reason = f"{int(unsure.sum())} of {count} derivatives cannot be told from values of the function"
        if not known.all():
            reason += ", which is not finite nearby"
            resolution = float("inf")
        elif (unsure & kinked).any():
            reason += ": a kink is close"
        else:
            reason += f": the reference is only good to {bar:.1g} of the largest element"
        return LeafResult(
            name, shape, "inconclusive", count, 0, directions, None, error=error, bar=bar, kinks=accepted,
            resolution=resolution, note=reason,
        )  # fmt: skip
    return LeafResult(
        name, shape, "pass", count, 0, directions, None, error=error, bar=bar, kinks=accepted, resolution=resolution,
        note=ZERO if zero.all() else "",
    )  # fmt: skip


def _cancelled(actual: NDArray[Any], reference: Reference, useful: float) -> NDArray[np.bool_]:
    """Which derivatives are zero but for rounding: claimed to be so, and seen to be so, well below their terms."""
    floor = np.broadcast_to(reference.floor, actual.shape)
    # The square: what is seen of such a derivative is small beside the terms, and so is 1e-6 of those.
    clear = reference.error <= useful**2 * reference.scale
    with np.errstate(invalid="ignore"):
        none = (np.abs(actual) <= floor) & (np.abs(reference.value) <= MARGIN * reference.error + floor)
    widths = np.zeros(actual.shape)
    for position, kink in reference.kinks.items():
        widths[position] = kink.high - kink.low
    return np.asarray(none & clear & (widths <= useful**2 * reference.scale) & (reference.scale > 0))
