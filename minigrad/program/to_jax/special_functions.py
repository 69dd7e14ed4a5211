"""Which functions of scipy.special does JAX have, and which can be written with others to the last digits?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import special as theirs
from scipy import special

from minigrad.ops.special.distributions import mills_derivative
from minigrad.program.to_jax.elementwise import by_element
from minigrad.program.to_jax.rules import Made, lowers

_ALIKE = (
    "beta betaln entr erf erfc erfinv expit gamma gammaln i0 i0e i1 i1e kl_div "
    "log_ndtr logit ndtr ndtri rel_entr xlog1py xlogy"
)
for _name in _ALIKE.split():
    by_element(getattr(special, _name), getattr(theirs, _name))


def _boxcox(x: Any, power: Any) -> Any:
    return _powered(jnp.log(x), power)


def _boxcox1p(x: Any, power: Any) -> Any:
    return _powered(jnp.log1p(x), power)


def _powered(log: Any, power: Any) -> Any:
    is_log = jnp.abs(power) < 1e-19
    safe = jnp.where(is_log, 1.0, power)
    return jnp.where(is_log, log, jnp.expm1(safe * log) / safe)


def _log_of_root(y: Any, power: Any) -> Any:
    safe = jnp.where(power == 0.0, 1.0, power)
    return jnp.where(power == 0.0, y, jnp.log1p(safe * y) / safe)


def _huber(delta: Any, r: Any) -> Any:
    size = jnp.abs(r)
    found = jnp.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))
    return jnp.where(delta < 0.0, jnp.inf, found)


def _pseudo_huber(delta: Any, r: Any) -> Any:
    # sqrt(1 + v^2) - 1 = v^2 / (1 + sqrt(1 + v^2)), without a difference of almost equal numbers.
    safe = jnp.where(delta == 0.0, 1.0, delta)
    found = r * r / (1.0 + jnp.sqrt(1.0 + (r / safe) ** 2))
    return jnp.where(delta < 0.0, jnp.inf, jnp.where(delta == 0.0, 0.0, found))


def _exprel(x: Any) -> Any:
    safe = jnp.where(x == 0.0, 1.0, x)
    return jnp.where(x == 0.0, 1.0, jnp.where(x == jnp.inf, x, jnp.expm1(safe) / safe))


def erfcx(x: Any) -> Any:
    """exp(x^2) erfc(x); from 10 on by the asymptotic series, where erfc has hardly any digits left."""
    near, far = jnp.minimum(x, 10.0), jnp.maximum(x, 10.0)
    series, term = jnp.ones_like(far), jnp.ones_like(far)
    for k in range(1, 16):
        term = term * -(2 * k - 1) / (2.0 * far * far)
        series = series + term
    return jnp.where(x < 10.0, jnp.exp(near * near) * theirs.erfc(near), series / (far * math.sqrt(math.pi)))


def dawsn(x: Any) -> Any:
    """Dawson's integral, by a sum of bells that is exact up to exp(-61); Rybicki (1989), "Dawson's integral and the
    sampling theorem". Near 0, where their difference loses digits, by the power series."""
    step = 0.2
    middle = 2.0 * jnp.round(x / (2.0 * step))
    rest = x - middle * step
    total = jnp.zeros_like(x)
    for odd in range(-35, 36, 2):
        total = total + jnp.exp(-((rest - odd * step) ** 2)) / (middle + odd)
    series, term = x, x
    for k in range(1, 20):
        term = term * (-2.0 * x * x / (2 * k + 1))
        series = series + term
    found = jnp.where(jnp.abs(x) < 1.0, series, total / math.sqrt(math.pi))
    return jnp.where(jnp.isinf(x), 0.0, found)


def _exp1(x: Any) -> Any:
    # For small numbers, and those that are not finite, JAX's own loop finds no end.
    is_usual = (x >= 1.0) & (x < 700.0)
    small = jnp.clip(x, 1e-300, 1.0)
    series, term = -np.euler_gamma - jnp.log(small), -jnp.ones_like(small)
    for k in range(1, 25):
        term = term * -small / k
        series = series + term / k
    others = jnp.where(x == 0.0, jnp.inf, jnp.where(x > 0.0, 0.0, jnp.nan))
    found = jnp.where(is_usual, theirs.exp1(jnp.where(is_usual, x, 1.0)), others)
    return jnp.where((x > 0.0) & (x < 1.0), series, found)


def _expi(x: Any) -> Any:
    is_usual = (x != 0.0) & (jnp.abs(x) < 709.0)
    others = jnp.where(x == 0.0, -jnp.inf, jnp.where(x > 0.0, jnp.inf, jnp.where(x < 0.0, 0.0, jnp.nan)))
    return jnp.where(is_usual, theirs.expi(jnp.where(is_usual, x, 1.0)), others)


def _kummer(a: float, b: float, y: Any) -> Any:
    """exp(-y) 1F1(a, b, y) for y >= 0: the power series, whose terms are positive, or DLMF 13.7.1."""
    near, far = jnp.minimum(y, 40.0), jnp.maximum(y, 40.0)

    def inwards(step: Any, total: Any) -> Any:
        k = 139.0 - step
        return 1.0 + (a + k) * near / ((b + k) * (k + 1.0)) * total

    series = lax.fori_loop(0, 140, inwards, jnp.ones_like(near)) * jnp.exp(-near)
    total, term = jnp.ones_like(far), jnp.ones_like(far)
    for k in range(20):
        term = term * ((k + 1.0 - a) * (b - a + k) / ((k + 1.0) * far))
        total = total + term
    return jnp.where(y < 40.0, series, math.gamma(b) / math.gamma(a) * far ** (a - b) * total)


@lowers(special.hyp1f1, fixed="a b")
def _hyp1f1(made: Made, a: Any, b: Any, x: Any) -> Any:
    """By series of positive terms: JAX's own loses all digits where x is negative."""
    if np.ndim(a) or np.ndim(b) or not 0 < a < b <= 8:
        raise ValueError("special.hyp1f1 has a counterpart for numbers 0 < a < b <= 8")
    a, b, x = float(a), float(b), made.of(x)
    rising = _kummer(a, b, jnp.maximum(x, 0.0)) * jnp.exp(jnp.maximum(x, 0.0))
    return jnp.where(x < 0.0, _kummer(b - a, b, jnp.maximum(-x, 0.0)), rising)


def _erfi(x: Any) -> Any:
    return jnp.where(jnp.isinf(x), x, 2.0 / math.sqrt(math.pi) * jnp.exp(x * x) * dawsn(x))


def spherical_jn(order: float, x: Any) -> Any:
    """Spherical Bessel functions of the first kind: near 0 by their series, and beyond from those of lower order."""
    order = int(order)
    reach = order + 3.0
    near = jnp.clip(x, -reach, reach)
    far = jnp.where(jnp.abs(x) < reach, reach, x)
    term = jnp.ones_like(near)
    for k in range(1, order + 1):
        term = term * near / (2 * k + 1)
    series = term
    for k in range(1, 40 + 4 * order):
        term = term * (-0.5 * near * near / (k * (2 * order + 2 * k + 1)))
        series = series + term
    lower, found = jnp.cos(far) / far, jnp.sin(far) / far
    for k in range(order):
        lower, found = found, (2 * k + 1) / far * found - lower
    return jnp.where(jnp.abs(x) < reach, series, found)


for _function, _compute in (
    (special.boxcox, _boxcox),
    (special.boxcox1p, _boxcox1p),
    (special.inv_boxcox, lambda y, power: jnp.exp(_log_of_root(y, power))),
    (special.inv_boxcox1p, lambda y, power: jnp.expm1(_log_of_root(y, power))),
    (special.huber, _huber),
    (special.pseudo_huber, _pseudo_huber),
    (special.exprel, _exprel),
    (special.exp10, lambda x: jnp.power(10.0, x)),
    (special.cosm1, lambda x: -2.0 * jnp.sin(0.5 * x) ** 2),
    (special.log_expit, jax.nn.log_sigmoid),
    (special.psi, theirs.digamma),
    (special.erfcx, erfcx),
    (special.dawsn, dawsn),
    (special.erfi, _erfi),
    (special.exp1, _exp1),
    (special.expi, _expi),
    (special.erfcinv, lambda x: -math.sqrt(0.5) * theirs.ndtri(0.5 * x)),
):
    by_element(_function, _compute)


def ive(order: float, x: Any) -> Any:
    """Modified Bessel functions times exp(-|x|): their power series, whose terms are all positive, or the asymptotic
    one; DLMF 10.25.2 and 10.40.1."""
    whole = order == math.floor(order)
    # Those of -n and n are the same.
    order = abs(order) if whole else order
    size = jnp.abs(x)
    near, far = jnp.minimum(size, 30.0), jnp.maximum(size, 30.0)
    y = 0.25 * near * near

    def inwards(step: Any, total: Any) -> Any:
        k = 80 - step
        return 1.0 + y / (k * (order + k)) * total

    series = lax.fori_loop(0, 80, inwards, jnp.ones_like(near)) * jnp.exp(-near)
    series = series * (0.5 * near) ** order / math.gamma(order + 1.0)
    total, term = jnp.ones_like(far), jnp.ones_like(far)
    for k in range(1, 26):
        term = term * -(4.0 * order * order - (2 * k - 1) ** 2) / (8.0 * k * far)
        total = total + term
    found = jnp.where(size < 30.0, series, total / jnp.sqrt(2.0 * math.pi * far))
    if not whole:
        return jnp.where(x < 0.0, jnp.nan, found)
    return jnp.where(x < 0.0, -found, found) if order % 2 else found


def _by_order(compute: Callable[[float, Any], Any], orders: Any, x: Any, largest: float) -> Any:
    """A function of a constant order and of x, for each of the orders."""
    orders = np.asarray(orders)
    if not (np.abs(orders) <= largest).all():
        raise ValueError(f"it has a counterpart for orders up to {largest:g}")
    shape = np.broadcast_shapes(orders.shape, x.shape)
    found = jnp.zeros(shape, x.dtype)
    for order in np.unique(orders).tolist():
        found = jnp.where(orders == order, jnp.broadcast_to(compute(order, x), shape), found)
    return found


@lowers(special.iv, fixed="v")
def _iv(made: Made, v: Any, z: Any) -> Any:
    z = made.of(z)
    return _by_order(ive, v, z, 8.0) * jnp.exp(jnp.abs(z))


@lowers(special.ive, fixed="v")
def _ive(made: Made, v: Any, z: Any) -> Any:
    return _by_order(ive, v, made.of(z), 8.0)


@lowers(special.polygamma, fixed="n")
def _polygamma(made: Made, n: Any, x: Any) -> Any:
    return theirs.polygamma(jnp.asarray(n, int), made.of(x))


@lowers(special.spherical_jn, only={"derivative": (False,)}, fixed="n")
def _spherical_jn(made: Made, n: Any, z: Any, derivative: Any = False) -> Any:
    return _by_order(spherical_jn, n, made.of(z), 20.0)


@lowers(mills_derivative, fixed="order")
def _mills_derivative(made: Made, x: Any, order: int) -> Any:
    # As the function itself does it, which says why.
    near = jnp.clip(x, -10.0, 40.0)
    h = [math.sqrt(2.0 / math.pi) / erfcx(near * -math.sqrt(0.5))]
    e = [near + h[0]]
    for k in range(order):
        h.append(-sum(math.comb(k, i) * h[i] * e[k - i] for i in range(k + 1)))
        e.append(h[-1] + float(k == 0))
    a = [1]
    for j in range(29):
        a.append((1 - 2 * j) * a[j] - sum(a[m] * a[j + 1 - m] for m in range(1, j + 1)))
    t = jnp.maximum(-x, 10.0)
    total = jnp.zeros_like(t)
    for j in reversed(range(30)):
        factor = (-1) ** order * a[j]
        for i in range(order):
            factor *= 1 - 2 * j - i
        total = total * (1.0 / t) ** 2 + float(factor)
    return jnp.where(x < -10.0, total * t ** (1.0 - order), h[order])
