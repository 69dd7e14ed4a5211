"""How are equations solved, also where there are too many or too few of them?"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from minigrad.program.to_jax.rules import Made, lowers


@lowers(np.linalg.solve)
def _solve(made: Made, a: Any, b: Any) -> Any:
    a, b = made.of(a), made.of(b)
    if b.ndim != 1:
        return jnp.linalg.solve(a, b)
    # Since NumPy 2, one vector alone is a vector.
    return jnp.linalg.solve(a, jnp.broadcast_to(b[:, None], (*a.shape[:-1], 1)))[..., 0]


@lowers(np.linalg.pinv, only={"hermitian": (True, False)}, fixed="hermitian")
def _pinv(made: Made, a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = ()) -> Any:
    a = made.of(a)
    if hermitian:
        # NumPy reads the lower triangle.
        a = jnp.tril(a) + jnp.swapaxes(jnp.tril(a, -1), -1, -2)
    least = 1e-15 if rcond is None else rcond
    if rtol is None:
        least = max(a.shape[-2:]) * np.finfo(np.dtype(a.dtype)).eps
    elif not isinstance(rtol, tuple):
        least = rtol
    if 0 in a.shape:
        return jnp.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype)
    u, s, vh = jnp.linalg.svd(a, full_matrices=False)
    is_large = s > jnp.asarray(least)[..., None] * jnp.max(s, axis=-1, keepdims=True)
    inverses = jnp.where(is_large, 1.0 / jnp.where(is_large, s, 1.0), 0.0)
    return jnp.swapaxes(vh, -1, -2) @ (inverses[..., None] * jnp.swapaxes(u, -1, -2))


@lowers(np.linalg.lstsq)
def _lstsq(made: Made, a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = jnp.asarray(a), jnp.asarray(b)
    u, s, vh = jnp.linalg.svd(a, full_matrices=False)
    least = max(a.shape) * np.finfo(np.dtype(a.dtype)).eps if rcond is None else rcond
    is_large = s > least * (s[0] if s.shape[0] else 0.0)
    inverses = jnp.where(is_large, 1.0 / jnp.where(is_large, s, 1.0), 0.0)
    columns = b[:, None] if b.ndim == 1 else b
    found = vh.T @ (inverses[:, None] * (u.T @ columns))
    # Whether there are residuals depends on the rank, that is, on values.
    return found[:, 0] if b.ndim == 1 else found, None, jnp.sum(is_large), s
