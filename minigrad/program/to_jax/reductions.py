"""How are many elements brought down to one: sums, products, extremes, means?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from minigrad.program.to_jax.rules import Made, lowers, same

_ONLY = {"out": (None,)}


def _adding(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    """A sum or a product, which NumPy computes in the dtype of the result."""

    def compute(
        made: Made, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = None, where: Any = None,
    ) -> Any:  # fmt: skip
        return counterpart(made.of(a), axis=_axes(a, axis), keepdims=keepdims, initial=initial, where=_mask(where))

    return compute


def _extreme(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    def compute(
        made: Made, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
        where: Any = None,
    ) -> Any:  # fmt: skip
        return counterpart(jnp.asarray(a), axis=_axes(a, axis), keepdims=keepdims, initial=initial, where=_mask(where))

    return compute


def _mean(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    def compute(
        made: Made, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
        where: Any = None,
    ) -> Any:  # fmt: skip
        return counterpart(made.of(a), axis=_axes(a, axis), keepdims=keepdims, where=_mask(where))

    return compute


def _spread(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    def compute(
        made: Made, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False,
        *, where: Any = None, correction: Any = 0,
    ) -> Any:  # fmt: skip
        return counterpart(
            made.of(a), axis=_axes(a, axis), ddof=ddof or correction, keepdims=keepdims, where=_mask(where)
        )

    return compute


def _truth(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    def compute(
        made: Made, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = None
    ) -> Any:
        return counterpart(jnp.asarray(a), axis=_axes(a, axis), keepdims=keepdims, where=_mask(where))

    return compute


def _place(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    """Where an extreme is; of several equal ones, NumPy and JAX both take the first."""

    def compute(made: Made, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        return counterpart(jnp.asarray(a), axis=_axes(a, axis), keepdims=keepdims)

    return compute


def _running(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    def compute(made: Made, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return counterpart(made.of(a), axis=_axes(a, axis))

    return compute


def _axes(a: Any, axis: Any) -> Any:
    """NumPy takes a first and last axis of what has none."""
    return None if np.ndim(a) == 0 and axis in (0, -1) else axis


def _mask(where: Any) -> Any:
    return None if where is None or where is True else jnp.asarray(where)


for _kind, _names in (
    (_adding, "sum prod nansum nanprod"),
    (_extreme, "max min nanmax nanmin"),
    (_mean, "mean nanmean"),
    (_spread, "var std nanvar nanstd"),
    (_truth, "any all"),
    (_place, "argmax argmin nanargmax nanargmin"),
    (_running, "cumsum cumprod nancumsum nancumprod"),
):
    for _name in _names.split():
        lowers(getattr(np, _name), only=_ONLY)(_kind(getattr(jnp, _name)))


def _by_ufunc(counterpart: Callable[..., Any], in_dtype_of_result: bool) -> Callable[..., Any]:
    """``ufunc.reduce``, which goes along the first axis if nobody says another."""

    def compute(
        made: Made, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = None, where: Any = None,
    ) -> Any:  # fmt: skip
        array = made.of(array) if in_dtype_of_result else jnp.asarray(array)
        return counterpart(array, axis=_axes(array, axis), keepdims=keepdims, where=_mask(where), **_start(initial))

    return compute


def _start(initial: Any) -> dict[str, Any]:
    return {} if initial is None else {"initial": initial}


for _ufunc, _name in (
    (np.add, "sum"),
    (np.multiply, "prod"),
    (np.maximum, "max"),
    (np.minimum, "min"),
    (np.logical_and, "all"),
    (np.logical_or, "any"),
):
    _only = _ONLY if _name not in ("all", "any") else {**_ONLY, "initial": (None,)}
    lowers(_ufunc.reduce, only=_only)(_by_ufunc(getattr(jnp, _name), _name in ("sum", "prod")))

same(
    np.count_nonzero, "a axis? keepdims?", lambda a, axis=None, keepdims=False: jnp.sum(a != 0, axis, keepdims=keepdims)
)
same(np.ptp, "a axis?", jnp.ptp)
same(np.trace, "a offset? axis1? axis2?", jnp.trace)
same(np.linalg.trace, "x offset?", lambda x, offset=0: jnp.trace(x, offset, -2, -1))
same(np.diff, "a n? axis?", jnp.diff, fixed="n axis")
same(np.unwrap, "p discont? axis? period?", jnp.unwrap, fixed="discont axis period")
