"""Which formula of arrays that are known by name gives the claimed gradient, and which the right one?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import special

from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.evidence import Array, Evidence
from minigrad.testing.diagnosis.values import operand

# What people call the upstream gradient.
UPSTREAM = ("g", "the upstream gradient", "upstream", "grad_output", "output_gradient", "dout", "grad", "dy")
# A formula, the kind of formula it is of, and its value.
Formula = tuple[str, str, Array]


def other_formula(e: Evidence) -> Finding | None:
    """Both gradients are the upstream gradient times something that is known, and not the same."""
    name = next((name for name in UPSTREAM if name in e.tensors), None)
    if name is None or e.point is not None or e.tape is not None or e.truth.size < 2:
        return None
    others = {key: array for key, array in e.tensors.items() if key != name}
    if e.recalled is not None:
        # The backward pass itself knows better which array it used.
        found = operand(e)
        if found is not None:
            return found
    formulas = list(_formulas(name, e.tensors[name], others))
    right = next(((text, kind) for text, kind, value in formulas if e.is_true(value)), None)
    got = next(((text, kind) for text, kind, value in formulas if e.explains(value) and not e.is_true(value)), None)
    if right is None or got is None:
        return None
    rule = "operand.replaced"
    if got[1] == "g":
        rule = "factor.missing"
    elif {got[1], right[1]} <= {"product", "transposed"}:
        rule = "operand.transposed" if got[1] != right[1] else rule
    return e.finding(rule, f"got == {got[0]}, and expected == {right[0]}", f"write {right[0]}")


def _formulas(name: str, g: Array, others: dict[str, Array]) -> Iterator[Formula]:
    yield name, "g", g
    fitting = {other: x for other, x in others.items() if _broadcasts(g, x)}
    for other, x in others.items():
        yield from _products(name, g, other, x)
    with np.errstate(all="ignore"):
        # What is simple first: 1 - out**2 is the same as 1 - tanh(x)**2.
        for slopes in (_simple, _functions):
            for other, x in fitting.items():
                for text, factor in slopes(other, x):
                    yield f"{name} {text}", "slope", g * factor


def _broadcasts(g: Array, x: Array) -> bool:
    try:
        np.broadcast_shapes(g.shape, x.shape)
    except ValueError:
        return False
    return True


def _simple(name: str, x: Array) -> Iterator[tuple[str, Array]]:
    yield f"* {name}", x
    yield f"* (1 - {name}**2)", 1 - x * x
    yield f"* {name} * (1 - {name})", x * (1 - x)
    yield f"* (1 - {name})", 1 - x
    yield f"* {name}**2", x * x
    yield f"* 2 * {name}", 2 * x
    yield f"* 3 * {name}**2", 3 * x * x
    yield f"* ({name} > 0)", (x > 0).astype(float)
    yield f"* ({name} <= 0)", (x <= 0).astype(float)
    yield f"/ {name}", 1 / x
    yield f"* -1 / {name}**2", -1 / x**2
    yield f"/ (2 * {name})", 1 / (2 * x)


def _functions(name: str, x: Array) -> Iterator[tuple[str, Array]]:
    bounded = special.expit(x)
    yield f"/ (2 * sqrt({name}))", 1 / (2 * np.sqrt(x))
    yield f"* sign({name})", np.sign(x)
    yield f"* exp({name})", np.exp(x)
    yield f"* log({name})", np.log(x)
    yield f"* sin({name})", np.sin(x)
    yield f"* cos({name})", np.cos(x)
    yield f"* -sin({name})", -np.sin(x)
    yield f"* tanh({name})", np.tanh(x)
    yield f"* (1 - tanh({name})**2)", 1 - np.tanh(x) ** 2
    yield f"* sigmoid({name})", bounded
    yield f"* sigmoid({name}) * (1 - sigmoid({name}))", bounded * (1 - bounded)


def _products(name: str, g: Array, other: str, x: Array) -> Iterator[Formula]:
    if g.ndim != 2 or x.ndim != 2:
        return
    for left, first, right, second in ((name, g, other, x), (other, x, name, g)):
        for of_first, a in (("", first), (".T", first.T)):
            for of_second, b in (("", second), (".T", second.T)):
                if a.shape[1] == b.shape[0]:
                    kind = "transposed" if (of_first if left == other else of_second) else "product"
                    yield f"{left}{of_first} @ {right}{of_second}", kind, a @ b
