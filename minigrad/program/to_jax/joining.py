"""How are arrays put side by side, and taken apart?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from minigrad.program.to_jax.rules import Made, lowers, same


@lowers(np.concatenate, only={"out": (None,), "casting": ("same_kind",)})
def _concatenate(
    made: Made, arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    return jnp.concatenate([made.of(each) for each in arrays], axis)


@lowers(np.stack, only={"out": (None,), "casting": ("same_kind",)})
def _stack(
    made: Made, arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    return jnp.stack([made.of(each) for each in arrays], axis)


def _of_several(counterpart: Callable[..., Any]) -> Callable[..., Any]:
    def compute(made: Made, tup: Any) -> Any:
        return counterpart([made.of(each) for each in tup])

    return compute


for _name in ("hstack", "vstack", "dstack", "column_stack"):
    lowers(getattr(np, _name))(_of_several(getattr(jnp, _name)))


@lowers(np.append)
def _append(made: Made, arr: Any, values: Any, axis: int | None = None) -> Any:
    return jnp.append(made.of(arr), made.of(values), axis)


@lowers(np.broadcast_arrays)
def _broadcast_arrays(made: Made, *args: Any) -> Any:
    return jnp.broadcast_arrays(*[jnp.asarray(each) for each in args])


same(np.split, "ary indices_or_sections axis?", jnp.split, fixed="indices_or_sections axis")
same(np.array_split, "ary indices_or_sections axis?", jnp.array_split, fixed="indices_or_sections axis")
