"""How is each elementwise function computed by nodes of ONNX?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from minigrad.program.to_onnx.graph import Term
from minigrad.program.to_onnx.table import lower_ufuncs


def _one(kind: str, **settings: Any) -> Any:
    """The node of this name."""
    return lambda x, *others: x.op(kind, *others, **settings)


def _for_bools(kind: str, other: str) -> Any:
    """The node of this name; of booleans, another one."""
    return lambda x, y: x.op(other if x.dtype == bool else kind, y)


def _comparison(kind: str, negated: bool = False) -> Any:
    def formula(x: Term, y: Term) -> Term:
        if x.dtype == bool and kind != "Equal":
            x, y = x.cast(np.int32), y.cast(np.int32)
        found = x.op(kind, y, dtype=bool)
        return found.op("Not") if negated else found

    return formula


def _logical(kind: str) -> Any:
    return lambda x, *others: x.cast(bool).op(kind, *[other.cast(bool) for other in others])


def _maximum(x: Term, y: Term) -> Term:
    if x.dtype == bool:
        return x.op("Or", y)
    return x.op("Relu") if y.is_constant(0) and x.dtype.kind == "f" else x.op("Max", y)


def is_nan(x: Term) -> Term:
    """Where x is no number."""
    return x.op("IsNaN", dtype=bool)


def is_inf(x: Term, **settings: int) -> Term:
    """Where x is infinite."""
    return x.op("IsInf", dtype=bool, **settings)


def expm1(x: Term) -> Term:
    """exp(x) - 1, exact near 0: tanh(x / 2) * (exp(x) + 1) is the same."""
    return (x * 0.5).op("Tanh") * (x.op("Exp") + 1.0)


def log1p(x: Term) -> Term:
    """log(1 + x), where near 0 what 1 + x loses in rounding is made good, as Kahan does."""
    whole = x + 1.0
    part = whole - 1.0
    small = part.equal(0.0)
    near = small.where(x, whole.op("Log") * (x / small.where(1.0, part)))
    return is_inf(x, detect_negative=0).where(x, near)


def _softplus(x: Term) -> Term:
    """log(1 + exp(x)). Of float64, runtimes compute the node of this name as it is written, which overflows."""
    if x.dtype == np.float32:
        return x.op("Softplus")
    return x.op("Max", 0.0) + log1p((-x.op("Abs")).op("Exp"))


def _logaddexp(x: Term, y: Term) -> Term:
    if y.is_constant(0):
        return _softplus(x)
    largest, apart = x.op("Max", y), (x - y).op("Abs")
    # Infinities of one sign are nothing apart.
    return x.equal(y).where(x + math.log(2.0), largest + log1p((-apart).op("Exp")))


def _rest(x: Term, y: Term) -> tuple[Term, Term]:
    """What Mod leaves of x, which has the sign of x, and where y, by which NumPy goes, has the other one."""
    rest = x.op("Mod", y, fmod=1)
    return rest, rest.less(0.0).op("Xor", y.less(0.0)).op("And", rest.equal(0.0).op("Not"))


def _remainder(x: Term, y: Term) -> Term:
    if x.dtype.kind != "f":
        return x.op("Mod", y, fmod=0)
    rest, is_other = _rest(x, y)
    return is_other.where(rest + y, rest)


def _floor_divide(x: Term, y: Term) -> Term:
    if x.dtype.kind != "f":
        return (x - _remainder(x, y)) / y
    rest, is_other = _rest(x, y)
    quotient = (x - rest) / y
    found = (is_other.where(quotient - 1.0, quotient) + 0.5).op("Floor")
    return y.equal(0.0).where(x / y, found)


def _is_negative(x: Term) -> Term:
    """Whether a number has a minus; of zeros, one divided by them tells."""
    if x.dtype.kind != "f":
        return x.less(0)
    return x.less(0.0).op("Or", x.equal(0.0).op("And", x.like(1.0).op("Div", x).less(0.0)))


def _copysign(x: Term, y: Term) -> Term:
    size = x.op("Abs")
    return _is_negative(y).where(-size, size)


def _trunc(x: Term) -> Term:
    return x if x.dtype.kind != "f" else x.op("Sign") * x.op("Abs").op("Floor")


def _hypot(x: Term, y: Term) -> Term:
    x, y = x.op("Abs"), y.op("Abs")
    large = x.op("Max", y)
    ratio = x.op("Min", y) / large.equal(0.0).where(1.0, large)
    return is_inf(x).op("Or", is_inf(y)).where(math.inf, large * (ratio * ratio + 1.0).op("Sqrt"))


def _arctan2(y: Term, x: Term) -> Term:
    # Two infinities have the angle of two ones.
    infinite = is_inf(x).op("And", is_inf(y))
    x, y = infinite.where(x.op("Sign"), x), infinite.where(y.op("Sign"), y)
    # Of the two, the larger is what is divided by; at 0 / 0 it is 1.
    steep = y.op("Abs").greater(x.op("Abs"))
    below = steep.where(y, x)
    ratio = steep.where(x, y) / below.equal(0.0).where(1.0, below)
    angle = ratio.op("Atan")
    half = _copysign(y.like(math.pi), y)
    flat = _is_negative(x).where(angle + half, angle)
    return steep.where(half * 0.5 - angle, flat)


def sinc(x: Term) -> Term:
    """sin(pi x) / (pi x), and 1 at 0."""
    angle = x * math.pi
    zero = angle.equal(0.0)
    return zero.where(1.0, angle.op("Sin") / zero.where(1.0, angle))


def _or_other(kind: str) -> Any:
    """The larger or the smaller one, and where one is no number, the other."""
    return lambda x, y: is_nan(x).where(y, is_nan(y).where(x, x.op(kind, y)))


def _xlogy(x: Term, y: Term) -> Term:
    return x.equal(0.0).op("And", is_nan(y).op("Not")).where(0.0, x * y.op("Log"))


def _xlog1py(x: Term, y: Term) -> Term:
    return x.equal(0.0).op("And", is_nan(y).op("Not")).where(0.0, x * log1p(y))


def _entr(x: Term) -> Term:
    return x.less(0.0).where(-math.inf, -_xlogy(x, x))


def _exprel(x: Term) -> Term:
    zero = x.equal(0.0)
    return zero.where(1.0, is_inf(x, detect_negative=0).where(x, expm1(x) / zero.where(1.0, x)))


def _rel_entr(x: Term, y: Term) -> Term:
    inside = x.greater(0.0).op("And", y.greater(0.0))
    found = inside.where(x * (inside.where(x, 1.0) / inside.where(y, 1.0)).op("Log"), math.inf)
    return x.equal(0.0).op("And", y.less(0.0).op("Not")).where(0.0, found)


def _pseudo_huber(delta: Term, x: Term) -> Term:
    ratio = x / delta
    square = ratio * ratio
    # sqrt(1 + square) - 1, without the difference of two numbers that are nearly equal.
    return delta * delta * (square / ((square + 1.0).op("Sqrt") + 1.0))


def _huber(delta: Term, x: Term) -> Term:
    size = x.op("Abs")
    inside = size.op("LessOrEqual", delta, dtype=bool).where(x * x * 0.5, delta * (size - delta * 0.5))
    return delta.less(0.0).where(math.inf, inside)


def _heaviside(x: Term, at_zero: Term) -> Term:
    found = x.equal(0.0).where(at_zero, x.greater(0.0).cast(x.dtype))
    return is_nan(x).where(x, found)


def _cosm1(x: Term) -> Term:
    half = (x * 0.5).op("Sin")
    return half * half * -2.0


_same = _one("Identity")
_SIMPLE = {
    np.sqrt: "Sqrt", np.exp: "Exp", np.log: "Log", np.sin: "Sin", np.cos: "Cos", np.tan: "Tan", np.arcsin: "Asin",
    np.arccos: "Acos", np.arctan: "Atan", np.sinh: "Sinh", np.cosh: "Cosh", np.tanh: "Tanh", np.arcsinh: "Asinh",
    np.arccosh: "Acosh", np.arctanh: "Atanh", np.ceil: "Ceil", np.floor: "Floor", np.rint: "Round",
    np.absolute: "Abs", np.fabs: "Abs", np.negative: "Neg", np.sign: "Sign", np.divide: "Div",
    np.power: "Pow", np.float_power: "Pow", special.expit: "Sigmoid", special.erf: "Erf", np.positive: "Identity",
    np.conjugate: "Identity", np.subtract: "Sub", np.matmul: "MatMul",
}  # fmt: skip
lower_ufuncs({function: _one(kind) for function, kind in _SIMPLE.items()})
lower_ufuncs(
    {
        np.add: _for_bools("Add", "Or"),
        np.multiply: _for_bools("Mul", "And"),
        np.maximum: _maximum,
        np.minimum: _for_bools("Min", "And"),
        np.fmax: _or_other("Max"),
        np.fmin: _or_other("Min"),
        np.equal: _comparison("Equal"),
        np.not_equal: _comparison("Equal", negated=True),
        np.less: _comparison("Less"),
        np.less_equal: _comparison("LessOrEqual"),
        np.greater: _comparison("Greater"),
        np.greater_equal: _comparison("GreaterOrEqual"),
        np.logical_and: _logical("And"),
        np.logical_or: _logical("Or"),
        np.logical_xor: _logical("Xor"),
        np.logical_not: _logical("Not"),
        np.bitwise_and: _for_bools("BitwiseAnd", "And"),
        np.bitwise_or: _for_bools("BitwiseOr", "Or"),
        np.bitwise_xor: _for_bools("BitwiseXor", "Xor"),
        np.invert: lambda x: x.op("Not" if x.dtype == bool else "BitwiseNot"),
        np.isnan: is_nan,
        np.isinf: is_inf,
        np.isfinite: lambda x: is_nan(x).op("Or", is_inf(x)).op("Not"),
        np.signbit: _is_negative,
        np.vecdot: lambda x, y: (x * y).op("ReduceSum", x.graph.whole([-1]), keepdims=0),
        np.square: lambda x: x * x,
        np.reciprocal: lambda x: x.op("Reciprocal"),
        np.cbrt: lambda x: x.op("Sign") * x.op("Abs").op("Pow", 1.0 / 3.0),
        np.exp2: lambda x: x.like(2.0).op("Pow", x),
        np.expm1: expm1,
        np.log1p: log1p,
        np.log2: lambda x: x.op("Log") / math.log(2.0),
        np.log10: lambda x: x.op("Log") / math.log(10.0),
        np.logaddexp: _logaddexp,
        np.logaddexp2: lambda x, y: _logaddexp(x * math.log(2.0), y * math.log(2.0)) / math.log(2.0),
        np.remainder: _remainder,
        np.floor_divide: _floor_divide,
        np.fmod: _one("Mod", fmod=1),
        np.trunc: _trunc,
        np.copysign: _copysign,
        np.hypot: _hypot,
        np.arctan2: _arctan2,
        np.heaviside: _heaviside,
        np.ldexp: lambda x, power: x * x.like(2.0).op("Pow", power.cast(x.dtype)),
        np.deg2rad: lambda x: x * (math.pi / 180.0),
        np.radians: lambda x: x * (math.pi / 180.0),
        np.rad2deg: lambda x: x * (180.0 / math.pi),
        np.degrees: lambda x: x * (180.0 / math.pi),
        special.erfc: lambda x: x.like(1.0) - x.op("Erf"),
        special.ndtr: lambda x: ((x * math.sqrt(0.5)).op("Erf") + 1.0) * 0.5,
        special.log_expit: lambda x: -_softplus(-x),
        special.logit: lambda x: (x / (x.like(1.0) - x)).op("Log"),
        special.exp10: lambda x: x.like(10.0).op("Pow", x),
        special.cosm1: _cosm1,
        special.exprel: _exprel,
        special.xlogy: _xlogy,
        special.xlog1py: _xlog1py,
        special.entr: _entr,
        special.huber: _huber,
        special.pseudo_huber: _pseudo_huber,
        special.rel_entr: _rel_entr,
        special.kl_div: lambda x, y: _rel_entr(x, y) - x + y,
    }
)
