"""How are matrices inverted and taken apart?"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from minigrad.ops.linalg.det import cofactor_change, cofactors_by_svd, products_of_others
from minigrad.program.to_jax.rules import Made, lowers, same

same(np.linalg.matrix_transpose, "x", jnp.matrix_transpose)
same(np.linalg.matrix_power, "a n", jnp.linalg.matrix_power, fixed="n")


@lowers(np.linalg.inv)
def _inv(made: Made, a: Any) -> Any:
    return jnp.linalg.inv(made.of(a))


@lowers(np.linalg.det)
def _det(made: Made, a: Any) -> Any:
    return jnp.linalg.det(made.of(a))


@lowers(np.linalg.slogdet)
def _slogdet(made: Made, a: Any) -> Any:
    return jnp.linalg.slogdet(jnp.asarray(a))


@lowers(np.linalg.cholesky, fixed="upper")
def _cholesky(made: Made, a: Any, *, upper: bool = False) -> Any:
    # One triangle is read, as by NumPy.
    found = lax.linalg.cholesky(_transposed(made.of(a)) if upper else made.of(a), symmetrize_input=False)
    return _transposed(found) if upper else found


@lowers(np.linalg.eigh, only={"UPLO": ("L", "U")})
def _eigh(made: Made, a: Any, UPLO: str = "L") -> Any:  # noqa: N803  # as NumPy calls it
    vectors, values = lax.linalg.eigh(jnp.asarray(a), lower=UPLO == "L", symmetrize_input=False)
    return values, vectors


@lowers(np.linalg.eigvalsh, only={"UPLO": ("L", "U")})
def _eigvalsh(made: Made, a: Any, UPLO: str = "L") -> Any:  # noqa: N803  # as NumPy calls it
    return lax.linalg.eigh(jnp.asarray(a), lower=UPLO == "L", symmetrize_input=False)[1]


@lowers(np.linalg.svd, only={"compute_uv": (True,), "hermitian": (False,)}, fixed="full_matrices")
def _svd(made: Made, a: Any, full_matrices: bool = True, compute_uv: Any = True, hermitian: Any = False) -> Any:
    return jnp.linalg.svd(jnp.asarray(a), full_matrices=full_matrices)


@lowers(np.linalg.svdvals)
def _svdvals(made: Made, x: Any) -> Any:
    return jnp.linalg.svd(made.of(x), compute_uv=False)


@lowers(np.linalg.qr, only={"mode": ("reduced", "complete", "r")})
def _qr(made: Made, a: Any, mode: str = "reduced") -> Any:
    return jnp.linalg.qr(jnp.asarray(a), mode)


@lowers(np.linalg.vector_norm, fixed="axis keepdims ord")
def _vector_norm(made: Made, x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return jnp.linalg.vector_norm(made.of(x), axis=axis, keepdims=keepdims, ord=ord)


@lowers(np.linalg.matrix_norm, fixed="keepdims ord")
def _matrix_norm(made: Made, x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return jnp.linalg.matrix_norm(made.of(x), keepdims=keepdims, ord=ord)


@lowers(np.linalg.norm, fixed="axis keepdims ord")
def _norm(made: Made, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return jnp.linalg.norm(made.of(x), ord, axis, keepdims)


def _transposed(x: Any) -> Any:
    return jnp.swapaxes(x, -1, -2)


@lowers(products_of_others, fixed="left_out")
def _products_of_others(made: Made, values: Any, left_out: int) -> Any:
    """The other factors one by one: a mask instead of a division."""
    size = values.shape[-1]
    places = np.indices((size,) * left_out)
    others = np.ones((*(size,) * left_out, size), bool)
    repeated = np.zeros((size,) * left_out, bool)
    for axis in range(left_out):
        others &= places[axis][..., None] != np.arange(size)
        for other in range(axis):
            repeated |= places[axis] == places[other]
    spread = values.reshape(*values.shape[:-1], *(1,) * left_out, size)
    return jnp.where(repeated, 0.0, jnp.prod(jnp.where(others, spread, 1.0), axis=-1))


@lowers(cofactors_by_svd)
def _cofactors_by_svd(made: Made, x: Any) -> Any:
    u, s, vh = jnp.linalg.svd(made.of(x))
    sign = (jnp.linalg.det(u) * jnp.linalg.det(vh))[..., None, None]
    return sign * ((u * _products_of_others(made, s, 1)[..., None, :]) @ vh)


@lowers(cofactor_change)
def _cofactor_change(made: Made, x: Any, y: Any) -> Any:
    u, s, vh = jnp.linalg.svd(made.of(x))
    sign = (jnp.linalg.det(u) * jnp.linalg.det(vh))[..., None, None]
    others = _products_of_others(made, s, 2)
    inner = _transposed(u) @ made.of(y) @ _transposed(vh)
    diagonal = others @ jnp.diagonal(inner, 0, -2, -1)[..., None]
    total = diagonal * jnp.eye(s.shape[-1], dtype=s.dtype) - others * _transposed(inner)
    return sign * (u @ total @ vh)
