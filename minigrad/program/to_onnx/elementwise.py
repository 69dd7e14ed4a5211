"""How is each elementwise function computed by nodes of ONNX?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from minigrad.program import ir
from minigrad.program.ir import Instruction
from minigrad.program.to_onnx.graph import Graph, Refused, Term, dtype_of
from minigrad.program.to_onnx.table import lower_ufuncs, lowers


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


def _is_nan(x: Term) -> Term:
    return x.op("IsNaN", dtype=bool)


def _is_inf(x: Term, **settings: int) -> Term:
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
    return _is_inf(x).where(x, near)


def _logaddexp(x: Term, y: Term) -> Term:
    if y.is_constant(0):
        return x.op("Softplus")
    largest, apart = x.op("Max", y), (x - y).op("Abs")
    # Infinities of one sign are nothing apart.
    return x.equal(y).where(x + math.log(2.0), largest + log1p((-apart).op("Exp")))


def _remainder(x: Term, y: Term) -> Term:
    if x.dtype.kind != "f":
        return x.op("Mod", y, fmod=0)
    rest = x.op("Mod", y, fmod=1)
    # The rest that Mod gives has the sign of x, and NumPy's that of y.
    wrong = rest.less(0.0).op("Xor", y.less(0.0)).op("And", rest.equal(0.0).op("Not"))
    return wrong.where(rest + y, rest)


def _floor_divide(x: Term, y: Term) -> Term:
    quotient = (x - _remainder(x, y)) / y
    return (quotient + 0.5).op("Floor") if x.dtype.kind == "f" else quotient


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
    return large * (ratio * ratio + 1.0).op("Sqrt")


def _arctan2(y: Term, x: Term) -> Term:
    # Of the two, the larger is what is divided by; at 0 / 0 it is 1.
    steep = y.op("Abs").greater(x.op("Abs"))
    below = steep.where(y, x)
    ratio = steep.where(x, y) / below.equal(0.0).where(1.0, below)
    angle = ratio.op("Atan")
    half = _copysign(y.like(math.pi), y)
    flat = _is_negative(x).where(angle + half, angle)
    return steep.where(half * 0.5 - angle, flat)


def _sinc(x: Term) -> Term:
    angle = x * math.pi
    zero = angle.equal(0.0)
    return zero.where(1.0, angle.op("Sin") / zero.where(1.0, angle))


def _or_other(kind: str) -> Any:
    """The larger or the smaller one, and where one is no number, the other."""
    return lambda x, y: _is_nan(x).where(y, _is_nan(y).where(x, x.op(kind, y)))


def _xlogy(x: Term, y: Term) -> Term:
    return x.equal(0.0).op("And", _is_nan(y).op("Not")).where(0.0, x * y.op("Log"))


def _xlog1py(x: Term, y: Term) -> Term:
    return x.equal(0.0).op("And", _is_nan(y).op("Not")).where(0.0, x * log1p(y))


def _entr(x: Term) -> Term:
    return x.less(0.0).where(-math.inf, -_xlogy(x, x))


def _exprel(x: Term) -> Term:
    zero = x.equal(0.0)
    return zero.where(1.0, expm1(x) / zero.where(1.0, x))


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
    return _is_nan(x).where(x, found)


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
        np.isnan: _is_nan,
        np.isinf: _is_inf,
        np.isfinite: lambda x: _is_nan(x).op("Or", _is_inf(x)).op("Not"),
        np.signbit: _is_negative,
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
        special.log_expit: lambda x: -(-x).op("Softplus"),
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


@lowers(np.real, np.copy, np.ascontiguousarray, np.asarray)
def _real(graph: Graph, call: Instruction, x: Any, order: Any = None) -> Term:
    # In which order a copy lies in memory, its values do not tell.
    return graph.term(x)


@lowers(np.sinc)
def _sinc_of(graph: Graph, call: Instruction, x: Any) -> Term:
    return _sinc(graph.term(x, call.out.dtype))


@lowers(ir.astype)
def _astype(graph: Graph, call: Instruction, x: Any, dtype: Any) -> Term:
    return graph.term(x).cast(dtype)


@lowers(np.where)
def _where(graph: Graph, call: Instruction, condition: Any, x: Any, y: Any) -> Term:
    return graph.term(condition).cast(bool).where(graph.term(x, call.out.dtype), graph.term(y, call.out.dtype))


@lowers(np.clip)
def _clip(graph: Graph, call: Instruction, x: Any, a_min: Any = None, a_max: Any = None) -> Term:
    found = graph.term(x, call.out.dtype)
    # As NumPy does: where the bounds are crossed, the upper one holds.
    for kind, bound in (("Max", a_min), ("Min", a_max)):
        found = found if bound is None else found.op(kind, graph.term(bound, call.out.dtype))
    return found


@lowers(np.round, np.around)
def _round(graph: Graph, call: Instruction, x: Any, decimals: int = 0) -> Term:
    found = graph.term(x, call.out.dtype)
    if found.dtype.kind != "f":
        if decimals < 0:
            raise Refused("of whole numbers to tens has no counterpart in ONNX")
        return found
    if not decimals:
        return found.op("Round")
    scale = 10.0 ** abs(decimals)
    return (found * scale).op("Round") / scale if decimals > 0 else (found / scale).op("Round") * scale


@lowers(np.nan_to_num)
def _nan_to_num(
    graph: Graph, call: Instruction, x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Term:
    found = graph.term(x, call.out.dtype)
    if found.dtype.kind != "f":
        return found
    largest = np.finfo(found.dtype).max
    above = graph.term(largest if posinf is None else posinf, found.dtype)
    below = graph.term(-largest if neginf is None else neginf, found.dtype)
    found = _is_nan(found).where(graph.term(nan, found.dtype), found)
    found = _is_inf(found, detect_negative=0).where(above, found)
    return _is_inf(found, detect_positive=0).where(below, found)


@lowers(np.isneginf, np.isposinf)
def _is_one_infinity(graph: Graph, call: Instruction, x: Any) -> Term:
    side = "detect_positive" if call.function is np.isneginf else "detect_negative"
    return _is_inf(graph.term(x, np.result_type(dtype_of(x), np.float32)), **{side: 0})
