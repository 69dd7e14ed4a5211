"""How are values made of numbers and shapes alone, or in another dtype?"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from minigrad.program import ir
from minigrad.program.to_jax.rules import Made, lowers


@lowers(np.full_like, only={"order": ("K", "C"), "subok": (True, False), "shape": (None,), "device": (None,)})
def _full_like(
    made: Made, a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: Any = True, shape: Any = None,
    device: Any = None,
) -> Any:  # fmt: skip
    return jnp.broadcast_to(made.of(fill_value), jnp.shape(a))


@lowers(np.full, only={"order": ("C",), "device": (None,), "like": (None,)}, fixed="shape")
def _full(
    made: Made, shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", device: Any = None, like: Any = None
) -> Any:
    return jnp.broadcast_to(made.of(fill_value), (shape,) if isinstance(shape, int) else tuple(shape))


# In which order the elements lie in memory is nobody's business here, because reading in that order is refused.
@lowers(np.copy)
def _copy(made: Made, a: Any, order: Any = "K", subok: Any = False) -> Any:
    return jnp.asarray(a)


@lowers(np.asarray, np.array, np.ascontiguousarray)
def _array(made: Made, a: Any, dtype: Any = None) -> Any:
    return made.of(jnp.asarray(a))


@lowers(ir.astype, fixed="dtype")
def _astype(made: Made, values: Any, dtype: Any) -> Any:
    return made.of(values)


@lowers(np.linspace, only={"retstep": (False,), "device": (None,)}, fixed="num endpoint axis")
def _linspace(
    made: Made, start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: Any = False, dtype: Any = None,
    axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    if made.dtype is None or made.dtype.kind != "f":
        raise ValueError("np.linspace has a counterpart where it gives floats")
    return jnp.linspace(made.of(start), made.of(stop), num, endpoint=endpoint, axis=axis)
