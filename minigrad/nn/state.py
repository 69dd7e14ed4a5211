"""How is what a layer holds saved as arrays by path, and restored?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.state import check_state, refuse_variables
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.nn.attributes import contents
from minigrad.nn.mode import LayerLike, every_layer


class HasTensors(LayerLike, Protocol):
    """What has to be known here of `Layer`, which stands on this file."""

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every Tensor, with its path."""


def saved(layer: HasTensors) -> dict[str, NDArray[Any]]:
    """What `Layer.state_dict` gives."""
    for each in every_layer(layer):
        _tell_of_arrays(each)
    own = by_path(layer)
    refuse_variables("state_dict", own, "use the Tensor itself, as in dict(model.named_tensors())")
    return {name: np.array(tensor._array) for name, tensor in own.items()}


def load(layer: HasTensors, state: Mapping[str, Any]) -> None:
    """What `Layer.load_state_dict` does."""
    check_state("load_state_dict", state)
    own = by_path(layer)
    missing, unexpected = own.keys() - state.keys(), state.keys() - own.keys()
    if missing or unexpected:
        raise KeyError(mismatch(type(layer).__name__, sorted(missing), sorted(map(str, unexpected))))
    refuse_variables("load_state_dict", own, "compute with the new values themselves")
    # Copies, because the state may hold the very arrays that are written to.
    arrays = {name: np.array(plain(state[name])) for name in own}
    first: dict[Tensor, str] = {}
    for name, tensor in own.items():
        if arrays[name].shape != tensor.shape:
            raise ValueError(f"{name} has shape {tensor.shape}; the state holds shape {arrays[name].shape}")
        if not np.can_cast(arrays[name].dtype, tensor.dtype, "same_kind"):
            raise TypeError(f"{name} has dtype {tensor.dtype}; the state holds {arrays[name].dtype}")
        other = first.setdefault(tensor, name)
        if other != name and not np.array_equal(arrays[name], arrays[other], equal_nan=True):
            raise ValueError(f"{other} and {name} are one Tensor; the state holds different values for them")
    for name, tensor in own.items():
        tensor.data = arrays[name]


def by_path(layer: HasTensors) -> dict[str, Tensor]:
    """Every Tensor by its path.

    Raises:
        ValueError: for two Tensors of one path, such as those of the keys 1 and "1" of a dict.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in layer.named_tensors():
        if found.setdefault(name, tensor) is not tensor:
            raise ValueError(f"two Tensors of {type(layer).__name__} have the path {name}; rename one of them")
    return found


def _tell_of_arrays(layer: object) -> None:
    for name, value in vars(layer).items():
        if not name.startswith("_") and any(isinstance(item, np.ndarray) for _, item in contents(name, value)):
            kind = type(layer).__name__
            warnings.warn(
                f"{kind}.{name} is an array, which state_dict() leaves out; write self.declare_state({name}=array) to "
                f"save it, or self._{name} = array where it is made anew with every {kind}",
                stacklevel=4,
            )


def mismatch(owner: str, missing: list[str], unexpected: list[str]) -> str:
    """What an error says of names that do not fit."""
    parts = [f"the state does not fit {owner}:"]
    if missing:
        parts.append(f"missing {', '.join(missing)};")
    for name in unexpected:
        close = get_close_matches(name, missing, n=1)
        parts.append(f"unexpected {name}{f' (did you mean {close[0]}?)' if close else ''};")
    return " ".join(parts).rstrip(";")
