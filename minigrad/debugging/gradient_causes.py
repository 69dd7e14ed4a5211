"""Why did a rule make NaN or infinity of a gradient that was finite?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minigrad.debugging import formulas
from minigrad.debugging.causes import Cause, double_where, norm_at_zero, std_of_a_constant
from minigrad.debugging.numbers import is_numeric, shown
from minigrad.debugging.scenes import Scene

Finder = Callable[[Scene], Cause | None]


def of_gradient(scene: Scene) -> Cause:
    """The usual cause of a gradient that went bad."""
    finder = _FINDERS.get(scene.op.name)
    found = finder(scene) if finder is not None else None
    if found is None:
        return _of_infinities(scene) or _otherwise(scene)
    if np.isnan(scene.number) and scene.gradient_at() == 0.0 and not found.is_overflow:
        return double_where(
            f"{found.why}; the gradient that arrives there is 0, because where(), a mask or an index leaves that place "
            "out, and 0 * inf is NaN",
            scene.op.name,
        )
    return found


def _root(scene: Scene) -> Cause | None:
    x, exponent = scene.at(0), scene.at(1) if scene.op.name == "power" else 0.5
    if scene.position == 1:
        if x is not None and x < 0.0:
            return Cause(
                "power of a negative number",
                f"the gradient by the exponent is x**p * log(x), and x is {shown(x)}",
                "keep the base positive, or give the exponent as a constant: p.detach()",
            )
        return None
    if x != 0.0 or exponent is None or exponent >= 1.0:
        return None
    kind = formulas.below_root(scene.parents[0]) if exponent == 0.5 else None
    if kind is not None:
        why = "the length of a vector of zeros is 0, where the slope of the square root is infinite"
        return std_of_a_constant() if kind == "std" else norm_at_zero(why)
    name = "sqrt at 0" if exponent == 0.5 else "power at 0"
    return Cause(
        name,
        f"the slope of {'sqrt(x)' if exponent == 0.5 else f'x ** {shown(exponent)}'} at 0 is infinite",
        "keep its argument away from 0: mg.sqrt(x + 1e-12); for the length of a vector write mg.norm(x), whose "
        "gradient is 0 there",
    )


def _at_zero(scene: Scene) -> Cause | None:
    if scene.at(0) != 0.0:
        return None
    return Cause(
        "power at 0" if scene.op.name == "cbrt" else "log of 0",
        f"the slope of {scene.op.name} at 0 is infinite",
        "keep its argument away from 0",
    )


def _divide(scene: Scene) -> Cause | None:
    below = scene.at(0 if scene.op.name == "reciprocal" else 1)
    if below is None:
        return None
    if below == 0.0:
        return Cause("division by 0", "the divisor is 0", "keep the divisor away from 0: x / (y + 1e-12) for y >= 0")
    if abs(below) < 1.0:
        return Cause(
            "division by a tiny number",
            f"the divisor is {shown(below)}, and the gradient divides by it, or its square",
            "keep the divisor away from 0: x / (y + 1e-12) for y >= 0",
            is_overflow=True,
        )
    return None


def _at(*bounds: float) -> Finder:
    def find(scene: Scene) -> Cause | None:
        x = scene.at(0)
        if x not in bounds:
            return None
        return Cause(
            "at the bounds",
            f"the slope of {scene.op.name} at {shown(x)}, the bound of what it is defined for, is infinite",
            f"keep its argument inside: mg.clip(x, {bounds[0]:g} + 1e-6, {bounds[-1]:g} - 1e-6)"
            if len(bounds) > 1
            else f"keep its argument inside: mg.maximum(x, {bounds[0]:g} + 1e-6)",
        )

    return find


def _of_infinities(scene: Scene) -> Cause | None:
    numbers = [array for array in (*scene.arrays, scene.out) if is_numeric(array)]
    if not any(np.isinf(array).any() for array in numbers):
        return None
    return Cause(
        "0 times infinity" if np.isnan(scene.number) else "gradient of an infinity",
        f"{scene.op.name} was given, or gave, an infinity, which its derivative multiplies with",
        "choose in place of multiplying: mg.where(mask, x, 0.0); or use a large number such as 1e9 in its place",
    )


def _otherwise(scene: Scene) -> Cause:
    dtype = np.asarray(scene.bad).dtype
    if np.isinf(scene.number) and dtype.kind == "f":
        return Cause(
            "overflow",
            f"the gradient is larger than {float(np.finfo(dtype).max):.2g}, which is the largest {dtype}",
            "scale the loss or the numbers down; optimisers take max_norm= to bound gradients that are finite",
            is_overflow=True,
        )
    return Cause(
        "NaN",
        f"the derivative of {scene.op.name} is not defined for these numbers",
        "look at the numbers above, and keep them where the derivative exists",
    )


_FINDERS: dict[str, Finder] = {
    "sqrt": _root,
    "power": _root,
    **dict.fromkeys(("cbrt", "log", "log2", "log10"), _at_zero),
    "divide": _divide,
    "reciprocal": _divide,
    "log1p": _at(-1.0),
    "arccosh": _at(1.0),
    **dict.fromkeys(("arccos", "arcsin", "arctanh", "erfinv"), _at(-1.0, 1.0)),
    **dict.fromkeys(("logit", "ndtri"), _at(0.0, 1.0)),
}
