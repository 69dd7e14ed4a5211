"""In which dtype does JAX hold a value of NumPy's, and does it have that one just now?"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minigrad.program.errors import ProgramError

# NumPy has more, such as long doubles, texts and dates; and what is done to complex numbers has not been looked at.
_KNOWN = {
    np.dtype(kind)
    for kind in (
        *(np.bool, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
        *(np.float16, np.float32, np.float64),
    )
}
# Without the setting for 64 bits JAX counts in half as many, which is enough for labels and positions.
_HALVES = {np.dtype(np.int64): np.dtype(np.int32), np.dtype(np.uint64): np.dtype(np.uint32)}


def has_64_bits() -> bool:
    """Whether JAX has numbers of 64 bits now."""
    return bool(jax.config.jax_enable_x64)


def held_as(dtype: Any, what: str = "a value") -> np.dtype[Any]:
    """The dtype in which JAX holds what NumPy holds in this one.

    Args:
        dtype: of NumPy.
        what: has that dtype, for the message.

    Raises:
        ProgramError: for a dtype that has no counterpart, and for double precision where JAX would drop half of it.
    """
    kind: np.dtype[Any] = np.dtype(dtype)
    if kind not in _KNOWN:
        raise ProgramError(
            f"{what} has dtype {kind}, which has no counterpart in JAX here; use floats, integers or booleans"
        )
    if has_64_bits():
        return kind
    if kind == np.float64:
        raise ProgramError(
            f"{what} has dtype {kind}, and JAX keeps no more than 32 bits as long as nobody asks for more; write "
            'jax.config.update("jax_enable_x64", True) first; what is float32 stays float32'
        )
    return _HALVES.get(kind, kind)


def cast(value: Any, dtype: Any) -> Any:
    """An array of JAX in exactly this dtype, which decides what is computed with it, as in NumPy."""
    return jnp.asarray(value, held_as(dtype))
