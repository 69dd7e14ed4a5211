"""Which dtypes has JAX, and does it have that of a value just now?"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minigrad.program.errors import ProgramError

# NumPy has more, such as long doubles, texts and dates.
_KNOWN = {
    np.dtype(kind)
    for kind in (
        *(np.bool, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
        *(np.float16, np.float32, np.float64, np.complex64, np.complex128),
    )
}
# Without the setting for 64 bits JAX counts in half as many, which is enough for labels and positions.
_HALVES = {np.dtype(np.int64): np.dtype(np.int32), np.dtype(np.uint64): np.dtype(np.uint32)}
_DOUBLES = {np.dtype(np.float64), np.dtype(np.complex128)}


def has_64_bits() -> bool:
    """Whether JAX has numbers of 64 bits now."""
    return bool(jax.config.jax_enable_x64)


def held_as(dtype: Any, what: str = "a value") -> np.dtype[Any]:
    """The dtype in which JAX holds what NumPy holds in this one.

    Args:
        dtype: of NumPy.
        what: has that dtype, for the message.

    Raises:
        ProgramError: for a dtype that JAX does not have, and for double precision where JAX would drop half of it.
    """
    kind: np.dtype[Any] = np.dtype(dtype)
    if kind not in _KNOWN:
        raise ProgramError(f"{what} has dtype {kind}, which JAX does not have; convert it with .astype(np.float64)")
    if has_64_bits():
        return kind
    if kind in _DOUBLES:
        raise ProgramError(
            f"{what} has dtype {kind}, and JAX keeps no more than 32 bits as long as nobody asks for more; write "
            'jax.config.update("jax_enable_x64", True) first, before JAX makes an array'
        )
    return _HALVES.get(kind, kind)


def cast(value: Any, dtype: Any) -> Any:
    """An array of JAX in exactly this dtype, which decides what is computed with it, as in NumPy."""
    return jnp.asarray(value, held_as(dtype))
