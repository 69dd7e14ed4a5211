"""Which mistakes show when the backward pass is called again, or its result is compared with known arrays?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import special

from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.evidence import Array, Evidence


def stale(e: Evidence) -> Finding | None:
    """The gradient at the point of the very first call."""
    if e.point is None or e.sampled or e.actual.shape != e.truth.shape or not e.elsewhere:
        return None
    fresh = e.point.subject.fresh(e.point.values, e.upstream)
    if fresh is not None and e.is_true(fresh[e.position]):
        text = "right in the first call of all, and wrong in this one: what was kept at first is never replaced"
        return e.finding("state.stale", text, "keep the input anew in every forward pass")
    before = e.point.values
    try:
        e.point.values = list(e.elsewhere)
        e.point.center = e.point.at(e.point.values)
        there = e.point.elements(e.position) if _may_be_of_here(e) else None
    finally:
        e.point.values = before
        e.point.center = e.point.at(before)
    if there is None:
        return _stale_input(e)
    bound = 1e-6 * float(np.max(np.abs(there.value), initial=0.0)) + 20 * float(np.max(there.error, initial=0.0))
    if np.isfinite(bound) and e.close(there.value.reshape(e.truth.shape), e.actual, bound):
        text = "this is the gradient at the inputs of the first call: what was kept then is never replaced"
        return e.finding("state.stale", text, "keep the input anew in every forward pass")
    return _stale_input(e)


def _may_be_of_here(e: Evidence) -> bool:
    """Whether the claim has the slope of the function in one direction: all directions take long to try."""
    assert e.point is not None
    direction = np.random.default_rng(0).choice([-1.0, 1.0], e.truth.shape)
    line, step = e.point.line(e.position, direction), 1e-5 * e.point.unit(e.position)
    slope = float(np.sum(e.point.upstream * (line(step) - line(-step)))) / (2.0 * step)
    return not abs(slope - float(np.sum(direction * e.actual))) > 1e-3 * float(np.sum(np.abs(e.actual)))


def _stale_input(e: Evidence) -> Finding | None:
    """The gradient with one operand from the first call."""
    if e.point is None or e.recalled is None:
        return None
    for leaf, old in zip(e.point.subject.leaves, e.elsewhere, strict=True):
        found = e.recalled(leaf.name, old)
        now = e.recalled(leaf.name, leaf.value)
        if found is not None and now is not None and e.explains(found) and not e.explains(now):
            return e.finding("state.stale", f"{leaf.name} is that of the first call", "keep it anew in every call")
    return None


def operand(e: Evidence) -> Finding | None:
    """The user's own backward pass is right when one of its operands is replaced."""
    if e.recalled is None or e.sampled:
        return None
    for name, rule, text, array in _replacements(e):
        try:
            found = e.recalled(name, array)
        except (ValueError, TypeError, IndexError):
            continue
        if found is not None and e.is_true(found):
            return e.finding(rule, text, "use that instead", f"the use of {name} in the backward pass")
    return None


def _replacements(e: Evidence) -> Iterator[tuple[str, str, str, Array]]:
    """Operands, and what could belong in their place."""
    known = {name: t for name, t in e.tensors.items() if name not in ("the output", "the upstream gradient")}
    out = e.tensors.get("the output")
    g = e.tensors.get("the upstream gradient")
    if g is not None and g.ndim:
        for axes in ((-1,), (-2,), (-2, -1)):
            if g.ndim >= len(axes) and -min(axes) <= g.ndim:
                yield "g", "operand.flipped", f"right with g flipped along axes {axes}", np.flip(g, axes)
    for name, array in known.items():
        if array.ndim:
            yield name, "operand.flipped", f"right with {name} flipped: {name}[..., ::-1]", np.flip(array, -1)
        if array.ndim >= 2:
            yield (
                name,
                "operand.flipped",
                f"right with {name} flipped: {name}[..., ::-1, ::-1]",
                np.flip(array, (-2, -1)),
            )
            if array.shape[-1] == array.shape[-2]:
                yield name, "operand.transposed", f"right with {name} transposed", np.swapaxes(array, -1, -2)
        if out is not None and array.shape == out.shape:
            yield name, "operand.replaced", f"right with the output in the place of {name}", out
            yield "out", "operand.replaced", f"right with {name} in the place of the output", array
        for other, replacement in known.items():
            if other != name and replacement.shape == array.shape:
                yield name, "operand.replaced", f"right with {other} in the place of {name}", replacement


def known_factor(e: Evidence) -> Finding | None:
    """The truth times, or divided by, a known array."""
    if e.sampled or e.actual.shape != e.truth.shape or e.truth.size < 2:
        return None
    for name, array in _known(e):
        if e.explains(e.truth * array):
            if e.tape is not None and e.tape.divides_by(array):
                return e.finding("factor.missing", f"got == expected * ({name})", f"divide by {name}")
            return e.finding("factor.extra", f"got == expected * ({name})", f"leave the factor {name} out")
        if np.all(array) and e.close(e.actual * array, e.truth, e.tolerance):
            return e.finding("factor.missing", f"got * ({name}) == expected", f"multiply by {name}")
    return None


def complement(e: Evidence) -> Finding | None:
    """The factor 1 - f, or the elements that a mask leaves out, in the place of f."""
    g = e.tensors.get("the upstream gradient")
    if e.sampled or g is None or e.actual.shape != e.truth.shape or g.shape != e.truth.shape or e.truth.size < 2:
        return None
    total = e.actual + e.truth
    ratio = float(np.sum(total * g) / np.sum(g * g))
    if not 0.5 <= ratio <= 20 or not e.explains(ratio * g - e.truth) or not e.truth.any():
        return None
    whole = "g" if abs(ratio - 1) < 1e-6 else f"g * {ratio:.6g}"
    text = f"got + expected == {whole}: where f is to be multiplied in, 1 - f is, or the other elements of a mask"
    return e.finding("operand.replaced", text, "turn the factor, or the condition, round")


def known_term(e: Evidence) -> Finding | None:
    """The truth plus or minus a known array."""
    if e.sampled or e.actual.shape != e.truth.shape or e.truth.size < 2:
        return None
    difference = e.actual - e.truth
    g = e.tensors.get("the upstream gradient")
    products = [(f"g * ({name})", array * g) for name, array in _known(e) if g is not None and g.shape == array.shape]
    for name, array in [*_known(e), *products]:
        if e.close(difference, array, e.tolerance):
            return e.finding("term.extra", f"got == expected + ({name})", f"leave the term {name} out")
        if e.close(-difference, array, e.tolerance):
            return e.finding("term.missing", f"got == expected - ({name})", f"add {name}")
    return None


def _known(e: Evidence) -> Iterator[tuple[str, Array]]:
    """Arrays that broadcast to the leaf, and simple functions of them."""
    for name, array in [*e.tensors.items(), *(e.tape.values if e.tape is not None else ())]:
        if array.size < 2 or array.ndim > e.truth.ndim:
            continue
        try:
            array = np.array(np.broadcast_to(array, e.truth.shape), dtype=np.float64)
        except ValueError:
            continue
        yield name, array
        yield f"1 - {name}", 1 - array
        yield f"({name})**2", array**2
        yield f"1 - ({name})**2", 1 - array**2
        yield f"{name} * (1 - {name})", array * (1 - array)
        bounded = special.expit(array)
        yield f"the derivative of sigmoid({name})", bounded * (1 - bounded)
        yield f"the derivative of tanh({name})", 1 - np.tanh(array) ** 2


def low_precision(e: Evidence) -> Finding | None:
    """Errors without a pattern, of the size of single precision's rounding."""
    if e.actual.shape != e.truth.shape or not e.scale:
        return None
    off = np.abs(e.actual - e.truth) / e.scale
    worst = float(np.max(off))
    single = bool(np.array_equal(e.actual, e.actual.astype(np.float32)))
    # Rounding spares hardly any element.
    if np.mean(off > 1e-10) > 0.5 and ((single and worst < 1e-4) or (worst < 2e-6 and not _is_smooth(e))):
        text = f"errors of {worst:.1g} without a pattern: the backward pass rounds to float32 somewhere"
        return e.finding("precision.float32", text, "compute in float64", confidence=0.8)
    return None


def _is_smooth(e: Evidence) -> bool:
    """Whether the errors have a pattern: mostly one sign, or a function of the leaf, of the gradient, or beside g."""
    difference, truth = (e.actual - e.truth).reshape(-1), e.truth.reshape(-1)
    relative = np.sign(difference * truth)
    if max(np.mean(relative > 0), np.mean(relative < 0)) > 0.9:
        return True
    g = e.tensors.get("the upstream gradient")
    values = [array.reshape(-1) for array in (truth, *e.tensors.values()) if np.size(array) == truth.size]
    errors = [difference] if g is None or g.size != truth.size else [difference, difference / g.reshape(-1)]
    for error in errors:
        for value in values:
            ordered = error[np.argsort(value, kind="stable")]
            # Neighbours differ by more than the whole spread where there is no pattern.
            if truth.size >= 10 and np.mean(np.abs(np.diff(ordered))) < 0.7 * np.std(ordered):
                return True
    return False


def nearly_right(e: Evidence) -> Finding | None:
    """Small errors with a pattern: an epsilon left out, or an approximate formula."""
    if e.sampled or e.actual.shape != e.truth.shape or not e.scale:
        return None
    worst = float(np.max(np.abs(e.actual - e.truth))) / e.scale
    if worst > 0.1:
        return None
    large = np.abs(e.truth) > 1e-3 * e.scale
    ratio = np.where(large, e.actual / np.where(large, e.truth, 1.0), np.nan)
    spread = float(np.nanmax(np.abs(ratio - 1.0)))
    for axis in range(e.truth.ndim):
        if e.truth.shape[axis] < 2:
            continue
        rows = np.moveaxis(ratio, axis, 0).reshape(e.truth.shape[axis], -1)
        rows = rows[:, np.isfinite(rows).any(axis=0)]
        within = np.nanmax(rows, axis=0) - np.nanmin(rows, axis=0)
        if np.max(within, initial=0.0) < 0.02 * spread:
            text = f"off by up to {spread:.1g}, by the same factor along axis {axis}"
            fix = "look for a small constant, an epsilon, that only the forward pass has"
            return e.finding("epsilon.missing", text, fix, confidence=0.9)
    if e.adds_small_constant:
        text = f"off by up to {worst:.1g} of the largest element, and the forward pass contains a small constant"
        return e.finding("epsilon.missing", text, "use the same epsilon in the backward pass", confidence=0.7)
    text = f"off by up to {worst:.1g} of the largest element: close, but another formula, or another constant"
    fix = "an approximation of the derivative? differentiate what the forward pass computes"
    return e.finding("approximation.formula", text, fix, confidence=0.7)
