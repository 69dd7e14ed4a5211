"""Which functions go through arrays element by element, and in which dtype do they compute?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from minigrad.program.to_jax.precision import cast
from minigrad.program.to_jax.rules import Made, lowers, same

# JAX calls these as NumPy does.
_ALIKE = (
    "absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or bitwise_xor cbrt ceil "
    "conjugate copysign cos cosh deg2rad degrees divide divmod equal exp exp2 expm1 fabs float_power floor "
    "floor_divide fmax fmin fmod frexp gcd greater greater_equal heaviside hypot invert isfinite isinf isnan lcm ldexp "
    "left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or "
    "logical_xor maximum minimum modf multiply negative nextafter not_equal positive power rad2deg radians reciprocal "
    "remainder right_shift rint sign signbit sin sinh sqrt square subtract tan tanh trunc"
)


def in_common(ufunc: Any, args: tuple[Any, ...]) -> list[Any]:
    """The arguments of a ufunc in the dtypes in which NumPy computes it; JAX would choose others."""
    found = ufunc.resolve_dtypes((*[_kind(arg) for arg in args], *[None] * ufunc.nout))
    return [cast(arg, kind) for arg, kind in zip(args, found[: ufunc.nin], strict=True)]


def _kind(value: Any) -> Any:
    """What NumPy asks of a value to choose a dtype; numbers of Python go along with others."""
    # A scalar of NumPy may be a float as well, but decides as an array does.
    if type(value) in (int, float, complex):
        return type(value)
    return np.asarray(value).dtype if isinstance(value, (bool, list, tuple)) else np.dtype(value.dtype)


def by_element(ufunc: Any, counterpart: Callable[..., Any]) -> None:
    """Declare what computes a ufunc, in the dtypes that NumPy chooses."""

    def compute(
        made: Made, *args: Any, out: Any = None, where: Any = True, dtype: Any = None, casting: Any = "same_kind",
        order: Any = "K", subok: Any = True,
    ) -> Any:  # fmt: skip
        return counterpart(*in_common(ufunc, args))

    lowers(
        ufunc,
        only={
            "out": (None,),
            "where": (True,),
            "dtype": (None,),
            "casting": ("same_kind",),
            "order": ("K",),
            "subok": (True,),
        },
    )(compute)


for _name in _ALIKE.split():
    by_element(getattr(np, _name), getattr(jnp, _name))


@lowers(np.where)
def _where(made: Made, condition: Any, x: Any, y: Any) -> Any:
    return jnp.where(jnp.asarray(condition) != 0, made.of(x), made.of(y))


@lowers(np.clip, only={"out": (None,)})
def _clip(
    made: Made, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    found = made.of(a)
    if low is not None:
        found = jnp.maximum(found, made.of(low))
    return found if high is None else jnp.minimum(found, made.of(high))


@lowers(np.nan_to_num)
def _nan_to_num(made: Made, x: Any, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    return jnp.nan_to_num(jnp.asarray(x), nan=nan, posinf=posinf, neginf=neginf)


@lowers(np.select)
def _select(made: Made, condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    found = made.of(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = jnp.where(condition, made.of(choice), found)
    return found


same(np.round, "a decimals?", jnp.round, fixed="decimals")
same(np.sinc, "x", jnp.sinc)
same(np.isneginf, "x", jnp.isneginf)
same(np.isposinf, "x", jnp.isposinf)
same(np.real, "val", jnp.real)
same(np.imag, "val", jnp.imag)
same(np.isclose, "a b rtol? atol? equal_nan?", jnp.isclose, fixed="equal_nan")
