"""How are rows multiplied by columns, and signals by shifted signals?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import jax.scipy.signal
import numpy as np
from scipy import signal

from minigrad.program.to_jax.rules import Made, lowers

_ONLY = {"out": (None,)}


def _multiplied(made: Made, counterpart: Callable[..., Any], arrays: Sequence[Any], *more: Any, **others: Any) -> Any:
    """A product in the dtype of the result; of booleans, it is true where any of the products is."""
    if made.dtype == bool:
        return counterpart(*[jnp.asarray(each, np.int32) for each in arrays], *more, **others) != 0
    return counterpart(*[made.of(each) for each in arrays], *more, **others)


@lowers(np.matmul, only=_ONLY)
def _matmul(made: Made, x1: Any, x2: Any, out: Any = None) -> Any:
    return _multiplied(made, jnp.matmul, (x1, x2))


def _of_two(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    def compute(made: Made, a: Any, b: Any) -> Any:
        return _multiplied(made, counterpart, (a, b))

    return compute


for _function, _counterpart in (
    (np.dot, jnp.dot),
    (np.inner, jnp.inner),
    (np.outer, jnp.outer),
    (np.vdot, jnp.vdot),
    (np.kron, jnp.kron),
    (np.multiply.outer, jnp.multiply.outer),
    (np.linalg.matmul, jnp.matmul),
):
    lowers(_function)(_of_two(_counterpart))


@lowers(np.vecdot)
def _vecdot(made: Made, x1: Any, x2: Any) -> Any:
    return jnp.sum(jnp.conjugate(made.of(x1)) * made.of(x2), axis=-1)


# These came with NumPy 2.2.
for _name, _subscripts in (("matvec", "...ij,...j->...i"), ("vecmat", "...i,...ij->...j")):
    if hasattr(np, _name):

        def _of_vector(made: Made, x1: Any, x2: Any, _subscripts: str = _subscripts) -> Any:
            first = made.of(x1)
            return jnp.einsum(_subscripts, jnp.conjugate(first) if _subscripts[3] == "i" else first, made.of(x2))

        lowers(getattr(np, _name), only={"_subscripts": ()})(_of_vector)


@lowers(np.tensordot, fixed="axes")
def _tensordot(made: Made, a: Any, b: Any, axes: Any = 2) -> Any:
    return _multiplied(made, jnp.tensordot, (a, b), axes)


@lowers(np.einsum, only={"out": (None,), "order": ("K",), "casting": ("safe",), "dtype": (None,)})
def _einsum(
    made: Made, subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None,
    order: Any = "K", casting: Any = "safe",
) -> Any:  # fmt: skip
    if not isinstance(subscripts, str):
        raise ValueError("np.einsum has a counterpart where its first argument is text, such as 'ij,jk->ik'")
    return _multiplied(made, lambda *arrays: jnp.einsum(subscripts, *arrays), operands)


@lowers(np.linalg.multi_dot, only=_ONLY)
def _multi_dot(made: Made, arrays: Any, *, out: Any = None) -> Any:
    return _multiplied(made, lambda *each: jnp.linalg.multi_dot(each), arrays)


@lowers(np.cross)
def _cross(
    made: Made, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    return jnp.cross(made.of(a), made.of(b), axisa, axisb, axisc, axis)


@lowers(np.convolve, only={"mode": ("full", "same", "valid")})
def _convolve(made: Made, a: Any, v: Any, mode: Any = "full") -> Any:
    return jnp.convolve(jnp.atleast_1d(made.of(a)), jnp.atleast_1d(made.of(v)), mode)


@lowers(np.correlate, only={"mode": ("full", "same", "valid")})
def _correlate(made: Made, a: Any, v: Any, mode: Any = "valid") -> Any:
    return jnp.correlate(jnp.atleast_1d(made.of(a)), jnp.atleast_1d(made.of(v)), mode)


def _of_images(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    def compute(made: Made, in1: Any, in2: Any, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0) -> Any:
        return counterpart(made.of(in1), made.of(in2), mode)

    return compute


_EDGES = {"mode": ("full", "same", "valid"), "boundary": ("fill",), "fillvalue": (0, 0.0)}
lowers(signal.convolve2d, only=_EDGES)(_of_images(jax.scipy.signal.convolve2d))
lowers(signal.correlate2d, only=_EDGES)(_of_images(jax.scipy.signal.correlate2d))
