"""Does a saved state fit what an object remembers?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.state import check_state


def load_into(arrays: Mapping[str, NDArray[Any]], state: Any, kind: str) -> None:
    """Write the arrays of a state to those of the same keys, all of them or none.

    Args:
        arrays: are written to.
        state: what was given to ``load_state_dict``.
        kind: of the object, for messages.

    Raises:
        KeyError: for missing or unexpected keys.
        ValueError: for an array of another shape, or a count below 0.
        TypeError: for an array of another dtype, a Tensor that requires a gradient, or no dict at all.
    """
    check_state("load_state_dict", state)
    missing = [key for key in arrays if key not in state]
    unexpected = [key for key in state if key not in arrays]
    if missing or unexpected:
        raise KeyError(
            f"the state is not that of {kind} with these settings and parameters: missing {_few(missing)}, "
            f"unexpected {_few(unexpected)}; give the state of the same class, with the same settings"
        )
    loaded = {key: np.array(state[key]) for key in arrays}
    for key, own in arrays.items():
        if loaded[key].shape != own.shape:
            raise ValueError(f"{key} has shape {own.shape}; the state holds shape {loaded[key].shape}")
        if loaded[key].dtype != own.dtype:
            raise TypeError(f"{key} has dtype {own.dtype}; the state holds {loaded[key].dtype}")
        if own.dtype.kind == "i" and loaded[key].min() < 0:
            raise ValueError(f"{key} is a count, of at least 0; the state holds {loaded[key].min()}")
    for key, own in arrays.items():
        own[...] = loaded[key]


def _few(keys: list[str]) -> str:
    """The first of some names, and how many there are beyond."""
    if not keys:
        return "nothing"
    return ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
