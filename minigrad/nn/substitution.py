"""How is a layer the same with other Tensors in it, such as those that a transform differentiates by?"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.tensor import Tensor
from minigrad.engine.values import shape_of
from minigrad.nn.attributes import contents, is_layer
from minigrad.nn.generators import generators_of
from minigrad.nn.state import HasTensors, by_path, mismatch

T = TypeVar("T", bound=HasTensors)


def with_parameters(layer: T, parameters: Mapping[str, Any]) -> T:
    """A layer with other parameters; see `Layer.call_with`."""
    own = by_path(layer)
    unexpected = parameters.keys() - own.keys()
    if unexpected:
        raise KeyError(mismatch(type(layer).__name__, [], sorted(map(str, unexpected))))
    found: dict[int, Tensor] = {}
    states = set(map(id, layer.states()))
    for name, value in parameters.items():
        tensor = own[name]
        if id(tensor) in states:
            raise ValueError(f"call_with: {name} is state, which the layer updates itself; leave it out")
        if shape_of(value) != tensor.shape:
            raise ValueError(f"call_with: {name} has shape {tensor.shape}, and what is given {shape_of(value)}")
        if id(tensor) in found:
            raise ValueError(f"call_with: {name} is one Tensor with an earlier path; give it once")
        found[id(tensor)] = value if isinstance(value, Tensor) else Tensor(value)
    return cast(T, _rebuilt(layer, found, {}))


def in_dtype(layer: T, dtype: DTypeLike) -> T:
    """A copy of a layer in another dtype; see `Layer.astype`."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"astype: layers have a floating dtype, not {np.dtype(dtype)}")
    # Two generators in one state would draw the same numbers.
    twin = copy.deepcopy(layer, {id(each): each for each in generators_of(layer)})
    found = {
        id(tensor): Tensor(tensor._array, tensor.requires_grad, dtype, tensor.name)
        for _, tensor in twin.named_tensors()
        if tensor.dtype.kind == "f"
    }
    return cast(T, _rebuilt(twin, found, {}))


def _rebuilt(value: Any, found: Mapping[int, Tensor], known: dict[int, Any]) -> Any:
    """The same with other Tensors, found by the identity of those they take the place of.

    Layers are copied, each once, so that whoever uses the old ones meanwhile sees nothing. All else is shared.
    """
    if isinstance(value, Tensor):
        return found.get(id(value), value)
    if is_layer(value):
        if id(value) not in known:
            known[id(value)] = twin = copy.copy(value)
            for name, item in vars(value).items():
                vars(twin)[name] = _rebuilt(item, found, known)
        return known[id(value)]
    if not any(isinstance(item, Tensor) or is_layer(item) for _, item in contents("", value)):
        return value
    if isinstance(value, dict):
        twin = copy.copy(value)
        twin.update({key: _rebuilt(item, found, known) for key, item in value.items()})
        return twin
    items = [_rebuilt(item, found, known) for item in value]
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
