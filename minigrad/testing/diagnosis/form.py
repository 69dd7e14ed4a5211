"""Which mistakes show in the form of a gradient: a factor, a sum left out, elements in other places?"""

from __future__ import annotations

import itertools

import numpy as np

from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrangement import axes_exchanged
from minigrad.testing.diagnosis.constants import short_form
from minigrad.testing.diagnosis.edges import node_op
from minigrad.testing.diagnosis.evidence import Evidence
from minigrad.testing.diagnosis.folding import subsets


def outside_of_kink(e: Evidence) -> Finding | None:
    """All is right but at kinks."""
    if e.kinks and e.actual.shape == e.truth.shape and e.close(e.actual, e.truth, 20 * e.error + 1e-8 * e.scale):
        text = "where the slopes to both sides differ, the gradient does not lie between them"
        return e.finding("kink.outside", text, "at a kink, use either slope or one between: for relu at 0, 0 to 1")
    return None


def zero(e: Evidence) -> Finding | None:
    """Nothing but zeros."""
    if e.actual.size and not e.actual.any() and e.truth.any():
        if e.point is not None and e.point.subject.leaves[e.position].is_parameter and e.recalled is not None:
            text = "the backward pass leaves it as it is, though the output depends on it"
            return e.finding("structure.zero", text, "update it; or name the other leaves in wrt=, if it is a constant")
        return e.finding("structure.zero", "the gradient is zero everywhere", "let the gradient flow to this leaf")
    return None


def not_summed(e: Evidence) -> Finding | None:
    """The gradient of a broadcast argument in the shape of the result."""
    if e.actual.shape == e.truth.shape or e.sampled:
        return None
    for axes in subsets(e.actual.ndim):
        if all(e.actual.shape[axis] == 1 for axis in axes):
            continue
        for reduce, word in ((np.sum, "sum"), (np.mean, "mean")):
            reduced = reduce(e.actual, axis=axes)
            if _is_outer(e):
                continue
            if reduced.size == e.truth.size and e.is_true(reduced.reshape(e.truth.shape)):
                text = f"shape {e.actual.shape} instead of {e.truth.shape}: its {word} over {_axes(axes)} is right"
                fix = f"undo the broadcasting: .{word}(axis={axes[0] if len(axes) == 1 else axes})"
                return e.finding("shape.not_summed", text, fix)
    return None


def _is_outer(e: Evidence) -> bool:
    """Whether the claim is a table of a column and a row, and no result of the forward pass is one."""
    if e.tape is None or e.truth.size < 2 or e.actual.shape != (e.truth.size,) * 2:
        return False
    return all(np.shape(node.out) != e.actual.shape for node in e.tape.nodes)


def outer_claim(e: Evidence) -> Finding | None:
    """A table of n by n numbers, whose sum or mean is right, where the forward pass has none."""
    if e.sampled or not _is_outer(e):
        return None
    for axis, reduce in itertools.product((0, 1), (np.sum, np.mean)):
        if e.is_true(reduce(e.actual, axis=axis).reshape(e.truth.shape)):
            n = e.truth.size
            text = (
                f"shape {e.actual.shape} instead of {e.truth.shape}: ({n},) and ({n}, 1) were broadcast to ({n}, {n})"
            )
            fix = "give both one shape before you combine them: y.reshape(-1, 1), or pred.ravel()"
            return e.finding("shape.broadcast", text, fix)
    return None


def summed_too_often(e: Evidence) -> Finding | None:
    """A gradient that was summed over axes that the leaf has."""
    if e.actual.shape == e.truth.shape or e.sampled:
        return None
    for axes in subsets(e.truth.ndim):
        if e.explains(e.truth.sum(axis=axes)) or e.explains(e.truth.sum(axis=axes, keepdims=True)):
            text = f"shape {e.actual.shape} instead of {e.truth.shape}: it was summed over {_axes(axes)}"
            return e.finding("shape.wrong", text, "leave that sum out")
    return None


def reshaped(e: Evidence) -> Finding | None:
    """The right numbers in the right order, in another shape."""
    if e.actual.shape != e.truth.shape and e.actual.size == e.truth.size and e.is_true(e.actual.reshape(e.truth.shape)):
        text = f"the numbers are right, their shape is {e.actual.shape} instead of {e.truth.shape}"
        return e.finding("shape.wrong", text, f".reshape({e.truth.shape})")
    return None


def exchanged(e: Evidence) -> Finding | None:
    """The gradient of another leaf."""
    if e.tape is None or e.sampled:
        return None
    for position, node in enumerate(e.tape.leaves):
        if position != e.position and node is not None and np.shape(node.out) == e.actual.shape:
            other = e.tape.gradient(position)
            if e.explains(other) and not e.is_true(other):
                text = f"this is the gradient of {e.tape.place(node)}"
                return e.finding("structure.order", text, "return the gradients in the order of the inputs")
    return None


def constant_ratio(e: Evidence) -> Finding | None:
    """The truth times a constant, named from the sizes of the arrays."""
    if e.actual.shape != e.truth.shape or not e.truth.any():
        return None
    ratio = float(np.sum(e.actual * e.truth) / np.sum(e.truth * e.truth))
    if ratio == 0 or not e.explains(ratio * e.truth):
        return None
    name, text, fix = named_factor(ratio, e)
    rate = e.point.subject.rate if e.point is not None and e.point.subject.leaves[e.position].is_parameter else None
    if rate is not None and _near(ratio, 1 / rate):
        text, fix = "the update is not multiplied by the learning rate", "subtract learning_rate * gradient"
    elif rate is not None and _near(ratio, rate):
        text, fix = "the update is multiplied by the learning rate twice", "subtract learning_rate * gradient"
    # Any two numbers have a ratio; that of two single numbers says something only if it is a simple one.
    if e.truth.size == 1 and name == "scale.constant" and "/" not in _simple(ratio) and not _simple(ratio).isdigit():
        return None
    return e.finding(name, text, fix)


def named_factor(ratio: float, e: Evidence) -> tuple[str, str, str]:
    """A rule, a text and a fix for a wrong factor."""
    if _near(ratio, -1.0):
        return "scale.sign", "got == -expected: the sign is wrong", "change the sign"
    plain = _near(abs(ratio), 2.0) or _near(abs(ratio), 0.5)
    for sign in (1.0, -1.0):
        for name, size in e.dims.items():
            family = "scale.batch" if name in ("the batch", "batch", "N") else "scale.dimension"
            # A factor of 2 has other reasons more often, unless the batch is of that size.
            if plain and family != "scale.batch":
                continue
            minus = "-" if sign < 0 else ""
            if _near(ratio, sign / size):
                what = f"got == {minus}expected / {size}, and {name} is {size}: a mean where a sum belongs"
                return family, what, f"multiply by {minus}{size}"
            if _near(ratio, sign * size):
                what = f"got == {minus}expected * {size}, and {name} is {size}: a sum where a mean belongs"
                return family, what, f"divide by {minus}{size}"
            root = size**0.5
            if plain:
                continue
            for power in (root, 1.0 / root):
                if _near(ratio, sign * power):
                    text = f"got == {minus}expected * {power:.6g}, and {name} is {size}: a square root of it"
                    return family, text, f"divide by {minus}{power:.6g}"
    found = _of_the_computation(ratio, e)
    if found is not None:
        return found
    short = short_form(ratio, e)
    if short:
        return "constant.rounded", f"got == expected * {ratio:.9g}: {short}", "use all digits of the constant in both"
    if abs(ratio - 1.0) < 0.05 and e.adds_small_constant:
        text = f"got == expected * {ratio:.9g}: nearly right everywhere, by the same factor"
        return "epsilon.missing", text, "look for a small constant, an epsilon, that only the forward pass has"
    fix = f"divide by {_simple(ratio)}" if abs(ratio) > 1 else f"multiply by {_simple(1 / ratio)}"
    return "scale.constant", f"got == expected * {_simple(ratio)}: a constant factor", fix


def _of_the_computation(ratio: float, e: Evidence) -> tuple[str, str, str] | None:
    """A factor that is a number of the recorded pass: how many elements a mean has, or a result that is one number."""
    if e.tape is None or _near(abs(ratio), 1.0) or _near(abs(ratio), 2.0) or _near(abs(ratio), 0.5):
        return None
    for node in e.tape.nodes:
        name, place = node_op(node).name, e.tape.place(node)
        count = np.size(node.args[0]) / max(np.size(node.out), 1) if node.args else 1.0
        if name in _REDUCING and count > 2:
            for power, word in ((count, "a sum where a mean belongs"), (1 / count, "a mean where a sum belongs")):
                if _near(abs(ratio), power):
                    text = f"got == expected * {ratio:.6g}, and {place} combines {count:g} elements: {word}"
                    return "scale.dimension", text, f"divide by {ratio:.6g}" if power > 1 else f"multiply by {count:g}"
    for node in e.tape.nodes:
        if np.size(node.out) != 1:
            continue
        number, place = float(np.reshape(node.out, ())), e.tape.place(node)
        for factor, word in ((2 * number, "2 * "), (number, ""), (number**2, "the square of "), (1 + number, "1 + ")):
            if factor and abs(abs(factor) - 1) > 1e-3:
                if _near(abs(ratio), abs(factor)):
                    text = f"got == expected * {ratio:.6g}, which is {word}the result of {place}"
                    return "factor.missing", f"{text}: it is not divided by that", f"divide by {word}{place}"
                if _near(abs(ratio), 1 / abs(factor)):
                    text = f"got == expected / {1 / ratio:.6g}, which is {word}the result of {place}"
                    return "factor.missing", f"{text}: it is not multiplied in", f"multiply by {word}{place}"
    return None


# What makes one number of several.
_REDUCING = ("mean", "sum", "var", "std")


def transposed(e: Evidence) -> Finding | None:
    """The truth with its axes in another order."""
    if e.sampled or e.truth.ndim < 2 or e.actual.ndim != e.truth.ndim:
        return None
    for order in list(itertools.permutations(range(e.truth.ndim)))[1:]:
        if e.explains(e.truth.transpose(order)):
            text = f"the right numbers, with the axes in the order {order}"
            moved = [axis for axis, other in enumerate(order) if axis != other]
            if len(moved) == 2 and e.truth.ndim > 2:
                text = f"the right numbers, but {axes_exchanged(moved[0], moved[1], e.truth.ndim)}"
            return e.finding(
                "layout.transposed", text, "transpose it" if e.truth.ndim == 2 else "put the axes in order"
            )
    return None


def flipped(e: Evidence) -> Finding | None:
    """The truth in reverse order along some axes."""
    if e.sampled or e.actual.shape != e.truth.shape:
        return None
    for axes in subsets(e.truth.ndim):
        if e.explains(np.flip(e.truth, axes)):
            text = f"the right numbers in reverse order along {_axes(axes)}"
            return e.finding("layout.flipped", text, f"np.flip over {_axes(axes)}, or convolve instead of correlate")
    return None


def shifted(e: Evidence) -> Finding | None:
    """The truth, moved along some axes, whatever happens at the border."""
    if e.sampled or e.actual.shape != e.truth.shape:
        return None
    shape = e.truth.shape
    for axis, size in enumerate(shape):
        for shift in range(-min(2, size - 1), min(2, size - 1) + 1):
            turned = np.roll(e.truth, shift, axis)
            if shift and e.explains(turned) and not e.is_true(turned):
                text = f"the right numbers, rolled by {shift:+d} along axis {axis}"
                return e.finding("layout.shifted", text, f"np.roll by {-shift}, or mend the index")
    moves = [[0] if size < 4 else [0, 1, -1, 2, -2] for size in shape]
    for shifts in itertools.islice(itertools.product(*moves), 1, 200):
        moved = list(zip(shape, shifts, strict=True))
        inner = tuple(slice(1 + abs(s), n - 1 - abs(s)) if n >= 4 else slice(None) for n, s in moved)
        outer = tuple(slice(1 + abs(s) - s, n - 1 - abs(s) - s) if n >= 4 else slice(None) for n, s in moved)
        if not any(shifts) or e.actual[inner].size < 4 or not e.truth[outer].any():
            continue
        if e.close(e.truth[outer], e.actual[inner], e.tolerance):
            where = ", ".join(f"{s:+d} along axis {axis}" for axis, s in enumerate(shifts) if s)
            return e.finding("layout.shifted", f"the right numbers, moved by {where}", "mend the index")
    return None


def _axes(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-6 * abs(b)


def _simple(ratio: float) -> str:
    """A factor as a fraction of small numbers, if it is one."""
    for below in range(1, 10):
        above = ratio * below
        if above and abs(above - round(above)) < 1e-6 * abs(above) and round(above) < 1000:
            return f"{round(above)}" if below == 1 else f"{round(above)}/{below}"
    return f"{ratio:.6g}"
