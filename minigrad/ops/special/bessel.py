"""The Bessel functions of scipy.special, element by element.

A derivative is a combination of the neighbouring orders that divides by nothing, so that it is right at 0 too, to any
order: NIST Digital Library of Mathematical Functions, 10.6.1, 10.29.1 and 10.51.2. For large x it is a difference of
almost equal numbers in the scaled functions i0e, i1e and ive: there its error is 1e-16 of the function, at each order,
though the derivative itself goes to 0 faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import positives, reals
from minigrad.engine.stand_ins import in_one_step, is_number
from minigrad.engine.table import Table, half_by_single
from minigrad.engine.values import plain
from minigrad.ops.special.gamma import refuse_order

table = Table(__name__)

_UNARY = [reals(2, 3)]
_POSITIVE = [positives(2, 3)]
_ORDERS = np.array([[0], [3]], np.int8)  # which leaves float32 as it is
_BY_ORDER = [(2, reals(2, 3)), (0, reals()), (_ORDERS, reals(3)), (1, reals(0))]
_BY_ORDER_POSITIVE = [
    (2, positives(2, 3)),
    (0, positives()),
    (_ORDERS, positives(3)),
    (0.5, positives(2)),
    (1, positives(0)),
]


def _with_order(ufunc: np.ufunc, v: Any, x: Any) -> Any:
    """The Bessel function of order `v`, of the dtype of x; an order that a derivative might be expected for is refused.

    Raises:
        TypeError: for an order that is neither integers nor a Python number.
    """
    if type(v) is not float:
        if np.result_type(v).kind not in "iu":
            name = ufunc.__name__
            raise TypeError(f"{name} has no derivative by its order v, which must be integers or one Python number")
        dtype = np.result_type(x)
        v = v.astype(dtype if dtype.kind == "f" else float) if hasattr(v, "astype") else v + 0.0
    return half_by_single(ufunc)(v, x)


def _signed(v: Any) -> Any:
    """Orders whose neighbours can be had: those of small or unsigned integers would wrap round."""
    return v if is_number(v) else plain(v).astype(np.int64)


# Of order 0 and 1.

j0 = table.elementwise(
    special.j0, lambda g, out, x: -g * j1(x), reads=("x",), examples=_UNARY, doc="Bessel function J of order 0."
)
j1 = table.elementwise(
    special.j1,
    lambda g, out, x: g * (0.5 * (j0(x) - jv(2, x))),
    reads=("x",),
    examples=_UNARY,
    doc="Bessel function J of order 1.",
)
y0 = table.elementwise(
    special.y0, lambda g, out, x: -g * y1(x), reads=("x",), examples=_POSITIVE, doc="Bessel function Y of order 0."
)
y1 = table.elementwise(
    special.y1,
    lambda g, out, x: g * (0.5 * (y0(x) - yv(2, x))),
    reads=("x",),
    examples=_POSITIVE,
    doc="Bessel function Y of order 1.",
)
_i0 = half_by_single(special.i0)


@table.primitive(
    lambda g, out, x: g * i1(x), reads=("x",), overrides=[special.i0, np.i0], examples=_UNARY, elementwise=True
)
def i0(x: Any) -> Any:
    """Modified Bessel function I of order 0, elementwise: differentiable form of ``np.i0``, too."""
    return _i0(x)


i1 = table.elementwise(
    special.i1,
    lambda g, out, x: g * (0.5 * (i0(x) + iv(2, x))),
    reads=("x",),
    examples=_UNARY,
    doc="Modified Bessel function I of order 1.",
)
i0e = table.elementwise(
    special.i0e,
    lambda g, out, x: g * (i1e(x) - np.sign(x) * out),
    reads=("out x",),
    examples=_UNARY,
    doc="exp(-|x|) i0(x); the derivative at 0 is 0.",
)
i1e = table.elementwise(
    special.i1e,
    lambda g, out, x: g * (0.5 * (i0e(x) + ive(2, x)) - np.sign(x) * out),
    reads=("out x",),
    examples=_UNARY,
    doc="exp(-|x|) i1(x).",
)
k0 = table.elementwise(
    special.k0,
    lambda g, out, x: -g * k1(x),
    reads=("x",),
    examples=_POSITIVE,
    doc="Modified Bessel function K of order 0.",
)
k1 = table.elementwise(
    special.k1,
    lambda g, out, x: -g * (0.5 * (k0(x) + kv(2, x))),
    reads=("x",),
    examples=_POSITIVE,
    doc="Modified Bessel function K of order 1.",
)

# Of any order.

# From here on SciPy's ive has no values.
_END_OF_IVE = 1e9


def _is_far(x: Any) -> Any:
    return np.greater(np.abs(x).astype(float), _END_OF_IVE)


def _ive_everywhere(v: Any, x: Any) -> Any:
    """SciPy's ive, and where that is NaN the first terms of the expansion for large x.

    NIST Digital Library of Mathematical Functions, 10.40.1: they are those of i0e times an exponential function.
    """
    values = _with_order(special.ive, v, x)
    x = np.positive(x).astype(float)
    size = np.abs(x)
    order = v * 1.0
    sign = np.sign(special.ive(order, np.copysign(_END_OF_IVE, x)))
    beyond = sign * special.i0e(size) * np.exp(-0.5 * order * order / np.maximum(size, _END_OF_IVE))
    return np.where(_is_far(x), beyond, values).astype(values.dtype)


@table.primitive(
    None,
    lambda g, out, v, x: g * (0.5 * (jv(_signed(v) - 1, x) - jv(_signed(v) + 1, x))),
    reads=("", "v x"),
    overrides=[special.jv],
    examples=_BY_ORDER,
    broadcasts=True,
)
def jv(v: Any, x: Any) -> Any:
    """Bessel function J of order `v`, elementwise; the order is integers or one Python number."""
    return _with_order(special.jv, v, x)


@table.primitive(
    None,
    lambda g, out, v, x: g * (0.5 * (yv(_signed(v) - 1, x) - yv(_signed(v) + 1, x))),
    reads=("", "v x"),
    overrides=[special.yv],
    examples=_BY_ORDER_POSITIVE,
    broadcasts=True,
)
def yv(v: Any, x: Any) -> Any:
    """Bessel function Y of order `v`, elementwise; the order is integers or one Python number."""
    return _with_order(special.yv, v, x)


@table.primitive(
    None,
    lambda g, out, v, x: g * (0.5 * (iv(_signed(v) - 1, x) + iv(_signed(v) + 1, x))),
    reads=("", "v x"),
    overrides=[special.iv],
    examples=_BY_ORDER,
    broadcasts=True,
)
def iv(v: Any, x: Any) -> Any:
    """Modified Bessel function I of order `v`, elementwise; the order is integers or one Python number."""
    return _with_order(special.iv, v, x)


@table.primitive(
    None,
    lambda g, out, v, x: g * (0.5 * (ive(_signed(v) - 1, x) + ive(_signed(v) + 1, x)) - np.sign(x) * out),
    reads=("", "out v x"),
    overrides=[special.ive],
    examples=_BY_ORDER,
    broadcasts=True,
    kernel=lambda v, x: _with_order(special.ive, v, x) if not np.any(_is_far(x)) else _ive_everywhere(v, x),
)
def ive(v: Any, x: Any) -> Any:
    """exp(-|x|) iv(v, x), elementwise; the order `v` is integers or one Python number."""
    return _ive_everywhere(v, x)


@table.primitive(
    None,
    lambda g, out, v, x: -g * (0.5 * (kv(_signed(v) - 1, x) + kv(_signed(v) + 1, x))),
    reads=("", "v x"),
    overrides=[special.kv],
    examples=_BY_ORDER_POSITIVE,
    broadcasts=True,
)
def kv(v: Any, x: Any) -> Any:
    """Modified Bessel function K of order `v`, elementwise; the order is integers or one Python number."""
    return _with_order(special.kv, v, x)


def _spherical_slope(g: Any, n: Any, x: Any) -> Any:
    """(n j_{n-1} - (n + 1) j_{n+1}) / (2n + 1); where n is 0, the first term is 0 whatever its order."""
    n = _signed(n)
    share = n / (2 * n + 1)
    if hasattr(n, "astype"):
        before, share = np.maximum(n - 1, 0), share.astype(x.dtype)
    else:
        before = max(n - 1, 0)
    return g * (share * spherical_jn(before, x) - (1.0 - share) * spherical_jn(n + 1, x))


@table.primitive(
    None,
    lambda g, out, n, x: _spherical_slope(g, n, x),
    reads=("", "n x"),
    examples=_BY_ORDER,
    broadcasts=True,
)
def spherical_jn(n: Any, x: Any) -> Any:
    """Spherical Bessel function j of order `n`, integers of at least 0, elementwise.

    It is ``scipy.special.spherical_jn``, which takes no Tensors itself.
    """
    refuse_order(n, "spherical_jn")
    dtype = np.result_type(x)
    # SciPy before 1.15 has no values for negative x; those of odd order have the other sign there.
    sign = np.where(np.logical_and(np.equal(np.remainder(n, 2), 1), np.less(x, 0)), -1.0, 1.0)
    values = sign * in_one_step(special.spherical_jn, n, np.abs(x))
    return values.astype(dtype) if dtype.kind == "f" else values


if not TYPE_CHECKING:
    __all__ = table.names
