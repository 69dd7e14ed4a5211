"""Does the function have a derivative here that values could show, and if not, why not?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.testing.checking.invariants import Claim
from minigrad.testing.checking.leaf import Examined
from minigrad.testing.checking.rounding import Rounding
from minigrad.testing.checking.verdict import tolerances
from minigrad.testing.numerical.reference import Point, Reference
from minigrad.testing.subjects.base import Array

# Changes of the inputs, relative to their size, below which a smooth function is a straight line.
_SPACINGS = (1e-9, 1e-7)
# Singular values that differ by no more than this share of the largest coincide.
_EQUAL = 1e-9


def resolved(
    point: Point,
    chosen: Sequence[int],
    claims: Sequence[Claim],
    seen: Sequence[Examined],
    useful: float,
    rounding: Rounding,
) -> tuple[list[Examined], bool]:
    """What was seen, corrected for leaves by which there may be no derivative; and whether there is none at all.

    A wrong number is no mistake where values do not tell what the right one is, and the reason is told in words.
    """
    doubtful = [
        (each.result.verdict != "pass" or (each.result.kinks and equal_singular_values(point.values[i])))
        and claims[i].value.shape == point.values[i].shape
        and each.result.checked > 0
        for i, each in zip(chosen, seen, strict=True)
    ]
    if not any(doubtful):
        return list(seen), False
    failing = any(each.result.verdict != "pass" for each in seen)
    reason = disorder(point, chosen) if failing else None
    found = []
    for position, each, doubt in zip(chosen, seen, doubtful, strict=True):
        told = (
            (
                (reason if each.result.verdict != "pass" else None)
                or _local_reason(point, position, claims[position], each, useful, rounding)
            )
            if doubt
            else None
        )
        structural = claims[position].problem is not None and np.isfinite(claims[position].value).all()
        found.append(each if told is None or structural else _unresolved(each, told))
    return found, reason is not None


def _unresolved(seen: Examined, reason: str) -> Examined:
    result = replace(
        seen.result, verdict="inconclusive", wrong=0, index=None, resolution=float("inf"), note=reason
    )  # fmt: skip
    return replace(seen, result=result)


def _local_reason(
    point: Point, position: int, claim: Claim, seen: Examined, useful: float, rounding: Rounding
) -> str | None:
    """Why the gradient of one leaf is not to be told from values at some of its elements; None if it is."""
    leaf, reference = point.subject.leaves[position], seen.reference
    if seen.result.directions or reference.value.size == 0:
        return None
    missing = undefined(reference, rounding.nearby(position), useful)
    actual = claim.value.reshape(-1) if seen.places is None else claim.value.reshape(-1)[seen.places]
    lost = ~np.isfinite(actual)
    equal = equal_singular_values(leaf.value)
    cause = f": the singular values of {leaf.name} coincide, where eigh, svd and the like have none" if equal else ""
    if lost.any():
        first = np.unravel_index(
            int(np.flatnonzero(~np.isfinite(claim.value.reshape(-1)))[0]), claim.value.shape
        )  # fmt: skip
        place = f"[{', '.join(map(str, first))}]"
        if not missing[lost].all() or _wrong(actual, reference, ~lost & ~missing):
            return None
        return f"the function has no derivative here{cause or f', at {place}'}; the gradient is {actual[lost][0]} there"
    unsure = seen.result.verdict == "inconclusive"
    spectral = equal and missing.any() and not _wrong(actual, reference, ~missing)
    if spectral and (unsure or slopes_do_not_add_up(point, position, reference, seen.places)):
        return f"the function has no derivative here{cause}"
    if unsure and (reference.error > 10 * rounding.scale(position)).any():
        return (
            "the differences of the function do not settle, however small the steps are: it has no derivative here, or "
            "changes too fast to see one"
        )
    return None


def _wrong(actual: Array, reference: Reference, places: NDArray[np.bool_]) -> bool:
    """Whether derivatives that are known differ from the claimed ones at some places."""
    return bool(np.any(places & ~(np.abs(actual - reference.value) <= tolerances(reference, 1e-4))))


def disorder(point: Point, chosen: Sequence[int]) -> str | None:
    """Why no derivative can be seen of the function as a whole: it is chaotic, or it jumps; None where it is neither.

    Args:
        point: where it is judged.
        chosen: the leaves that are checked.
    """
    found: list[str] = []
    blur = _blur(point, chosen)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        directions = [
            point.unit(i) * rng.choice([-1.0, 1.0], size=v.shape) if i in chosen else np.zeros(v.shape)
            for i, v in enumerate(point.values)
        ]
        told = _disorder_along(point, directions, blur)
        if told is None:
            return None
        found.append(told)
    return found[0]


def _disorder_along(point: Point, directions: Sequence[Array], blur: float) -> str | None:
    def change(distance: float) -> NDArray[np.float64]:
        moved = [(v + distance * d).astype(v.dtype) for v, d in zip(point.values, directions, strict=True)]
        return (point.at(moved) - point.center) * point.upstream

    far = [change(step) for step in (0.1, -0.1, 0.01, -0.01)]
    widest = max((float(np.max(np.abs(c))) for c in far if c.size and np.isfinite(c).all()), default=0.0)
    for spacing in _SPACINGS:
        whole, half = change(spacing), change(spacing / 2)
        size, bend = (float(np.max(np.abs(c), initial=0.0)) for c in (whole, whole - 2 * half))
        # A function that goes as far within a billionth as within a tenth is no straight line there.
        if not size > 1e-2 * widest or not bend > 0.2 * size or not np.isfinite(size) or not size:
            continue
        if size < blur:
            continue
        if np.max(np.abs(whole - half)) < 1e-2 * size:
            return "the function has no derivative here: it jumps"
        shown = float(np.max(np.abs(point.at([
            (v + spacing * d).astype(v.dtype) for v, d in zip(point.values, directions, strict=True)
        ]) - point.center)))  # fmt: skip
        return (
            f"the function is chaotic here: a change of the input by {spacing:.0e} of its size changes the output by "
            f"{shown:.1g}"
        )
    return None


def _blur(point: Point, chosen: Sequence[int]) -> float:
    """Below which size a change of the weighted output may be rounding: of the output, or of the inputs."""
    tiny, largest = float(np.finfo(f"f{point.itemsize}").eps), float(np.max(np.abs(point.upstream), initial=0.0))
    sizes = [float(np.max(np.abs(point.upstream * point.center), initial=0.0))]
    sizes += [largest * point.unit(i) for i in chosen]
    # Not the noise that is measured: what a chaotic function does within a billionth looks like noise.
    return 1e3 * tiny * max(sizes)


def equal_singular_values(value: Array) -> bool:
    """Whether this is a matrix whose singular values coincide, where eigh and svd have no derivative."""
    if value.ndim < 2 or min(value.shape[-2:]) < 2 or not np.isfinite(value).all():
        return False
    values = np.linalg.svd(value.astype(np.float64), compute_uv=False)
    return bool(np.any(values[..., :-1] - values[..., 1:] <= _EQUAL * values[..., :1]))


def slopes_do_not_add_up(point: Point, position: int, reference: Reference, places: Array | None) -> bool:
    """Whether slopes to one side in several elements are not the slope in all of them together, as for eigenvalues.

    Those of a function that is made of pieces, such as relu, are.
    """
    value, unit = point.values[position], point.unit(position)
    elements = np.array(sorted(reference.kinks), dtype=int)
    if places is not None:
        elements = np.asarray(places)[elements]
    if elements.size < 2:
        return False
    step = 1e-6

    def slope(chosen: Any) -> NDArray[np.float64]:
        direction = np.zeros(value.size)
        direction[chosen] = unit
        return np.asarray((point.line(position, direction.reshape(value.shape))(step) - point.center) / step)

    together, alone = slope(elements), np.sum([slope(each) for each in elements], axis=0)
    size = float(np.max(np.abs(alone), initial=0.0))
    return bool(np.max(np.abs(together - alone), initial=0.0) > 1e-3 * size)


def undefined(reference: Reference, scale: float, useful: float) -> NDArray[np.bool_]:
    """At which elements a function has no derivative, as far as its values tell.

    Args:
        reference: the numerical derivatives of these elements.
        scale: how large a derivative of this function may be.
        useful: up to which share of that a bar is of use.
    """
    kinked = np.zeros(reference.value.shape, dtype=bool)
    kinked[list(reference.kinks)] = True
    with np.errstate(invalid="ignore"):
        vague = ~(reference.error <= useful * np.maximum(np.abs(reference.value), scale))
    return kinked | vague | ~np.isfinite(reference.value)
