"""How are values put in order, and sums taken from the end?"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from minigrad.ops.reductions.cumulative import summed_back
from minigrad.program.to_jax.rules import Made, lowers

_KINDS = {"kind": (None, "quicksort", "stable", "mergesort", "heapsort"), "order": (None,)}


# What is stable for JAX is right for those whom NumPy promises nothing.
@lowers(np.sort, only=_KINDS)
def _sort(made: Made, a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    return jnp.sort(jnp.atleast_1d(jnp.asarray(a)) if axis is None else jnp.asarray(a), axis)


@lowers(np.argsort, only=_KINDS)
def _argsort(
    made: Made, a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    return jnp.argsort(jnp.atleast_1d(jnp.asarray(a)) if axis is None else jnp.asarray(a), axis)


# What is sorted is also divided at each of its places.
@lowers(np.partition, only={"kind": ("introselect",), "order": (None,)})
def _partition(
    made: Made, a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    return _sort(made, a, axis)


@lowers(np.argpartition, only={"kind": ("introselect",), "order": (None,)})
def _argpartition(
    made: Made, a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    return _argsort(made, a, axis)


# A program calls what the operation of this name is made of.
@lowers(summed_back.__wrapped__)  # type: ignore[attr-defined]  # of a function that stands for another
def _summed_back(made: Made, x: Any, factors: Any) -> Any:
    x, factors = jnp.moveaxis(made.of(x), -1, 0), jnp.moveaxis(made.of(factors), -1, 0)
    if not x.shape[0]:
        return jnp.moveaxis(x, 0, -1)

    def step(later: Any, given: Any) -> Any:
        own, factor = given
        total = own + factor * later
        return total, total

    _, earlier = lax.scan(step, x[-1], (x[:-1], factors), reverse=True)
    return jnp.moveaxis(jnp.concatenate([earlier, x[-1:]]), 0, -1)
