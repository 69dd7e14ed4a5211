"""Which mistakes show in the Jacobian: elements that are missing, in the wrong place, or not added up?"""

from __future__ import annotations

import itertools

import numpy as np

from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.evidence import Array, Evidence

# Jacobians are computed up to this number of elements.
LARGEST = 200_000


def overwritten(e: Evidence) -> Finding | None:
    """Where several contributions meet, only the last or the first of them is there."""
    true = _true_jacobian(e)
    if true is None:
        return None
    g = e.upstream[0]
    terms = (true * g.reshape(-1, 1)).reshape(*g.shape, e.truth.size)
    actual = e.actual.reshape(-1)
    tolerance = 1e-6 * e.scale + e.tolerance
    wrong = np.abs(actual - e.truth.reshape(-1)) > tolerance
    if wrong.all() and e.truth.size > 1 and not g.ndim:
        return None
    for count in range(1, g.ndim + 1):
        for axes in itertools.combinations(range(g.ndim), count):
            others = tuple(axis for axis in range(g.ndim) if axis not in axes)
            parts = terms.sum(axis=others).reshape(-1, e.truth.size)
            there = np.abs(parts) > 1e-9 * e.scale
            if len(parts) < 2 or not (there.sum(axis=0)[wrong] > 1).all():
                continue
            last = len(parts) - 1 - np.argmax(there[::-1], axis=0)
            for kept, word in ((last, "last"), (np.argmax(there, axis=0), "first")):
                if np.max(np.abs(parts[kept, np.arange(e.truth.size)] - actual)) <= tolerance:
                    count = int(wrong.sum())
                    text = f"where several contributions meet, only the {word} is there, in {count} elements"
                    fix = "add up, do not assign: += for slices, np.add.at for indices that repeat"
                    return e.finding("index.repeated", text, fix)
    return None


def forwards(e: Evidence) -> Finding | None:
    """The Jacobian itself in the place of its transpose: J g, not g J."""
    true = _true_jacobian(e)
    if true is None or true.shape[0] != true.shape[1]:
        return None
    # Before the claimed Jacobian is computed, row by row: it would give this.
    if not e.close(true @ e.upstream[0].reshape(-1), e.actual.reshape(-1), 1e-5 * e.scale + e.tolerance):
        return None
    found = _jacobians(e)
    if found is None:
        return None
    claimed, true = found
    bound = 1e-6 * float(np.abs(true).max())
    if np.abs(claimed - true.T).max() > bound or np.abs(claimed - true).max() <= bound:
        return None
    text = "g goes through the Jacobian in the direction of the forward pass: this is J g in the place of g J"
    fix = "transpose the matrix, or run through the sum, the shift or the order from the other end"
    return e.finding("operand.transposed", text, fix)


def diagonal(e: Evidence) -> Finding | None:
    """The Jacobian that was claimed is diagonal, and the true one is not."""
    true = _true_jacobian(e)
    found = None if true is None or true.shape[0] != true.shape[1] else _jacobians(e)
    if found is None:
        return None
    here, there = (np.abs(m) > 1e-6 * np.abs(m).max() for m in found)
    off_diagonal = ~np.eye(len(here), dtype=bool)
    if here[off_diagonal].any() or not there[off_diagonal].any():
        return None
    text = "every output is taken to depend on the input at its own place alone, but it depends on others too"
    return e.finding("support.diagonal", text, "the Jacobian is not diagonal: add the terms off the diagonal")


def support(e: Evidence) -> Finding | None:
    """The Jacobian that was claimed has other non-zero elements than the true one."""
    found = _jacobians(e)
    if found is None:
        return None
    here, there = (np.abs(m) > 1e-6 * np.abs(m).max() for m in found)
    square = here.shape[0] == here.shape[1]
    if square and not (here | there)[~np.eye(len(here), dtype=bool)].any():
        return None
    missing, extra = int((there & ~here).sum()), int((here & ~there).sum())
    if missing + extra > 0.1 * there.sum():
        text = (
            f"outputs are taken to depend on the wrong inputs: {missing} of {int(there.sum())} non-zero derivatives "
            f"are missing, and {extra} are claimed that are none"
        )
        return e.finding("support.axis", text, "check the axes over which the backward pass sums", confidence=0.8)
    return None


def _true_jacobian(e: Evidence) -> Array | None:
    """The derivative of every output by every element, if there are not too many; computed once."""
    if "true" not in e.jacobians:
        e.jacobians["true"] = _measured(e)
    return e.jacobians["true"]


def _measured(e: Evidence) -> Array | None:
    point = e.point
    if point is None or e.sampled or e.actual.shape != e.truth.shape or len(e.upstream) != 1:
        return None
    rows, columns = point.center.size, e.truth.size
    if rows * columns > LARGEST or rows < 2 or not e.budget.allows_calls(2 * columns):
        return None
    found, unit = np.empty((rows, columns)), point.unit(e.position)
    for column in range(columns):
        step = np.zeros(columns)
        step[column] = 1e-5 * unit
        line = point.line(e.position, step.reshape(e.truth.shape))
        found[:, column] = (line(1.0) - line(-1.0)) / (2e-5 * unit)
    return found if np.isfinite(found).all() else None


def _jacobians(e: Evidence) -> tuple[Array, Array] | None:
    """The Jacobian that the backward pass claims, and the true one, if they are small enough."""
    true = _true_jacobian(e)
    if true is None or e.point is None:
        return None
    if "claimed" not in e.jacobians:
        e.jacobians["claimed"] = _claimed(e, true)
    claimed = e.jacobians["claimed"]
    return None if claimed is None else (claimed, true)


def _claimed(e: Evidence, true: Array) -> Array | None:
    assert e.point is not None
    if not e.budget.allows_calls(2 * len(true)):
        return None
    claimed, shape = np.empty_like(true), e.upstream[0].shape
    for row in range(len(true)):
        seed = np.zeros(len(true))
        seed[row] = 1.0
        found = e.point.subject.claimed(e.point.values, [seed.reshape(shape)])[e.position]
        claimed[row] = np.reshape(found, -1) if np.size(found) == true.shape[1] else np.nan
    return claimed if np.isfinite(claimed).all() else None
