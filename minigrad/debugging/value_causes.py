"""Why did an operation make NaN or infinity of numbers that were finite, or NaN of infinities?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minigrad.debugging import formulas
from minigrad.debugging.causes import Cause, double_where, formula, norm_at_zero, std_of_a_constant
from minigrad.debugging.formulas import STABLE
from minigrad.debugging.numbers import all_finite, is_numeric, shown, size_of
from minigrad.debugging.scenes import Scene

Finder = Callable[[Scene], Cause | None]


def of_value(scene: Scene) -> Cause:
    """The usual cause of a value that went bad."""
    finder = _FINDERS.get(scene.op.name)
    found = finder(scene) if finder is not None else None
    if found is None:
        found = _of_infinities(scene) or _otherwise(scene)
    # A place that where() leaves out is not meant to be computed at all.
    left_out = "where(" in scene.formula and not found.is_overflow and found.name not in STABLE
    if left_out and found.name in _AT_SINGLE_PLACES:
        return double_where(f"{found.why}, and where() leaves that place out too late", scene.op.name)
    return found


def _log(scene: Scene, position: int = 0, bound: float = 0.0) -> Cause | None:
    x = scene.at(position)
    if x is None or x > bound:
        return None
    if x < bound:
        return Cause(
            "log of a negative number",
            f"{scene.op.name} is defined above {bound:g}, and was given {shown(x)}",
            "bound its argument: mg.log(mg.maximum(x, 1e-12)); or compute with the logarithm itself, as a parameter",
        )
    node = scene.parents[position]
    name = formulas.below_log(node)
    if name is not None:
        return formula(name, f"exponentials rounded to 0, and {scene.op.name} of that is -inf")
    return Cause(
        "log of 0",
        f"{scene.op.name} was given exactly {shown(x)}, where it is -inf",
        "bound its argument: mg.log(mg.maximum(x, 1e-12)), or mg.log(x + 1e-12) for x >= 0; for x * log(y) with x = 0 "
        "there is mg.xlogy(x, y)",
    )


def _divide(scene: Scene) -> Cause | None:
    reciprocal = scene.op.name == "reciprocal"
    above, below = (1.0, scene.at(0)) if reciprocal else (scene.at(0), scene.at(1))
    if above is None or below is None:
        return None
    node = scene.parents[0 if reciprocal else 1]
    if below == 0.0:
        if formulas.is_sum_of_exp(node):
            return formula("softmax by formula", "all exponentials rounded to 0, and so did their sum")
        kind = formulas.spread(node)
        if kind is not None:
            return std_of_a_constant() if kind == "std" else norm_at_zero("the length of a vector of zeros is 0")
        zero = above == 0.0
        return Cause(
            "0 / 0" if zero else "division by 0",
            f"{shown(above)} was divided by 0",
            "keep the divisor away from 0: x / (y + 1e-12) for y >= 0; or leave those places out: "
            "mg.where(y == 0.0, 0.0, x / mg.where(y == 0.0, 1.0, y))",
        )
    if np.isinf(above) and np.isinf(below):
        return _of_infinities(scene)
    if abs(below) < 1.0 and np.isfinite(above):
        return Cause(
            "division by a tiny number",
            f"{shown(above)} was divided by {shown(below)}",
            "keep the divisor away from 0: x / (y + 1e-12) for y >= 0",
            is_overflow=True,
        )
    return None


def _power(scene: Scene) -> Cause | None:
    base, exponent = scene.at(0), scene.at(1)
    if base is None or exponent is None:
        return None
    if base < 0.0 and not exponent.is_integer():
        return Cause(
            "power of a negative number",
            f"{shown(base)} ** {shown(exponent)} is no real number",
            "keep the base positive: mg.abs(x) ** p, mg.maximum(x, 0.0) ** p, or for odd roots such as mg.cbrt(x)",
        )
    if base == 0.0 and exponent < 0.0:
        return Cause(
            "negative power of 0",
            f"0 ** {shown(exponent)} divides by 0",
            "keep the base away from 0: (x + 1e-12) ** p for x >= 0",
        )
    return None


def _sqrt(scene: Scene) -> Cause | None:
    x = scene.at(0)
    if x is None or x >= 0.0:
        return None
    return Cause(
        "square root of a negative number",
        f"sqrt was given {shown(x)}",
        "bound its argument: mg.sqrt(mg.maximum(x, 0.0) + 1e-12); for a variance, mg.var(x) is never negative, and "
        "mean(x**2) - mean(x)**2 is by rounding",
    )


def _exponential(scene: Scene) -> Cause | None:
    x = scene.at(0)
    if x is None or not np.isfinite(x):
        return None
    limit = np.log(float(np.finfo(np.asarray(scene.out).dtype).max))
    why = f"{scene.op.name} of {shown(x)} does not fit into {np.asarray(scene.out).dtype}"
    if scene.op.name == "exp":
        why += f", which ends at exp({limit:.0f})"
        name = formulas.around_exp(scene.formula)
        if name is not None:
            return formula(name, why, is_overflow=True)
    return Cause(
        "exp overflow",
        why,
        "where the exponential is part of a softmax, a sigmoid or the logarithm of a sum, write mg.softmax(x), "
        "mg.sigmoid(x), mg.softplus(x) or mg.logsumexp(x); else bound it: mg.exp(mg.minimum(x, 50.0))",
        is_overflow=True,
    )


def _inside(low: float, high: float, instead: str) -> Finder:
    def find(scene: Scene) -> Cause | None:
        x = scene.at(0)
        if x is None or low < x < high:
            return None
        between = f"{scene.op.name} is defined from {low:g} to {high:g}"
        if x in (low, high):
            return Cause("at the bounds", f"{between}, and infinite at {shown(x)}, which it was given", instead)
        return Cause("outside the domain", f"{between}, and was given {shown(x)}", instead)

    return find


def _masked_rows(scene: Scene) -> Cause | None:
    x = np.asarray(scene.arrays[0])
    if all_finite(x):
        return None
    if np.isposinf(x).any():
        return _of_infinities(scene)
    return Cause(
        "everything masked",
        f"along an axis of {scene.op.name} every element is -inf, so that nothing is left to choose from",
        "leave one element of each row unmasked, or mask with a large negative number such as -1e9 in place of -inf",
    )


def _few_values(scene: Scene) -> Cause | None:
    x = np.asarray(scene.arrays[0])
    if not all_finite(x) or np.isinf(scene.bad).any():
        return None
    return Cause(
        "too few values",
        f"{scene.op.name} of {x.size} values divides by the count, less ddof=, which is 0",
        "give more values, or ddof=0; a mean of nothing is not defined",
    )


def _remainder(scene: Scene) -> Cause | None:
    if scene.at(1) != 0.0:
        return None
    return Cause("division by 0", "a remainder of a division by 0 is not defined", "keep the divisor away from 0")


def _of_infinities(scene: Scene) -> Cause | None:
    """NaN of numbers among which are infinities."""
    numbers = [array for array in scene.arrays if is_numeric(array)]
    if not np.isnan(scene.number) or all(map(all_finite, numbers)):
        return None
    name = scene.op.name
    if name == "multiply":
        return Cause(
            "0 times infinity",
            "0 * inf is NaN: a mask of zeros does not take an infinity away",
            "choose in place of multiplying: mg.where(mask, x, 0.0)",
        )
    if name == "divide":
        return Cause(
            "infinity divided by infinity",
            "inf / inf is NaN",
            "keep both finite; for a quotient of exponentials subtract the exponents: mg.exp(x - y)",
        )
    if name in ("add", "subtract", "sum", "cumsum", "mean", "logsumexp", "softmax", "log_softmax"):
        return Cause(
            "infinity minus infinity",
            "inf - inf is NaN",
            "choose in place of adding: mg.where(mask, -np.inf, x) masks whatever x is; or mask with a large number "
            "such as -1e9",
        )
    return Cause(
        "NaN of an infinity",
        f"{name} was given an infinity, of which it makes NaN: inf - inf, 0 * inf and inf / inf are not defined",
        "keep infinities out of it: mg.where(mask, x, 0.0), or a large number such as -1e9 in their place",
    )


def _cast(scene: Scene) -> Cause | None:
    dtype = np.asarray(scene.out).dtype
    if not np.isinf(scene.number):
        return None
    return Cause(
        "float16 overflow" if dtype == np.float16 else "overflow",
        f"{dtype} ends at {shown(float(np.finfo(dtype).max))}",
        "keep a wider dtype, or scale the numbers down first",
        is_overflow=True,
    )


def _singular(scene: Scene) -> Cause | None:
    return Cause(
        "singular matrix",
        "the determinant is 0, and its logarithm -inf",
        "add a small multiple of the identity: a + 1e-6 * np.eye(n)",
    )


def _otherwise(scene: Scene) -> Cause:
    dtype = np.asarray(scene.out).dtype
    if not np.isinf(scene.number):
        return Cause(
            "NaN",
            f"{scene.op.name} has no real value for what it was given",
            "look at the numbers above, and keep them where the function is defined",
        )
    largest = float(np.finfo(dtype).max)
    given = max((size_of(array) for array in scene.arrays if is_numeric(array)), default=0.0)
    if scene.op.name not in _GROWING and given < largest**0.25:
        return Cause(
            "pole",
            f"{scene.op.name} is infinite there, of numbers that are not large",
            "keep what it is given away from that place",
        )
    return Cause(
        "overflow",
        f"the result is larger than {largest:.2g}, which is the largest {dtype}",
        "scale the numbers down, or compute with their logarithms",
        is_overflow=True,
    )


# These make large numbers of small ones.
_GROWING = frozenset({"power", "prod", "cumprod", "nanprod", "nancumprod", "gamma"})
_PROBABILITY = "keep its argument inside: mg.clip(p, 1e-6, 1.0 - 1e-6)"
_UNIT = "keep its argument inside: mg.clip(x, -1.0 + 1e-6, 1.0 - 1e-6); rounding may lead a cosine past 1"
_FINDERS: dict[str, Finder] = {
    "log": _log,
    "log2": _log,
    "log10": _log,
    "log1p": lambda scene: _log(scene, 0, -1.0),
    "xlogy": lambda scene: _log(scene, 1),
    "xlog1py": lambda scene: _log(scene, 1, -1.0),
    "divide": _divide,
    "reciprocal": _divide,
    "remainder": _remainder,
    "fmod": _remainder,
    "power": _power,
    "sqrt": _sqrt,
    **dict.fromkeys(("exp", "exp2", "exp10", "expm1", "sinh", "cosh"), _exponential),
    **dict.fromkeys(("arccos", "arcsin", "arctanh", "erfinv"), _inside(-1.0, 1.0, _UNIT)),
    **dict.fromkeys(("logit", "ndtri"), _inside(0.0, 1.0, _PROBABILITY)),
    "erfcinv": _inside(0.0, 2.0, "keep its argument inside: mg.clip(x, 1e-6, 2.0 - 1e-6)"),
    "arccosh": _inside(1.0, np.inf, "keep its argument above 1: mg.maximum(x, 1.0 + 1e-6)"),
    **dict.fromkeys(("softmax", "log_softmax", "logsumexp"), _masked_rows),
    **dict.fromkeys(("mean", "var", "std"), _few_values),
    "astype": _cast,
    "log_abs_det": _singular,
}
# What mg.where is usually written against.
_AT_SINGLE_PLACES = {
    "log of a negative number",
    "log of 0",
    "0 / 0",
    "division by 0",
    "power of a negative number",
    "negative power of 0",
    "square root of a negative number",
    "at the bounds",
    "outside the domain",
}
