"""What are the arrays of each layer called in PyTorch, and how do they lie there?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad import nn
from minigrad.engine.tensor import Tensor
from minigrad.nn.attributes import contents
from minigrad.nn.layer import Layer

Array = NDArray[Any]
State = dict[str, Array]


@dataclass(frozen=True)
class Entry:
    """An array of a state_dict of PyTorch.

    Attributes:
        name: in PyTorch, where the two models have the same structure.
        owner: the layer that it belongs to, as it is shown.
        there: gives the array as it lies in PyTorch.
        here: writes such an array to where it belongs in the state of the model.
        is_optional: whether a state_dict may lack it.
    """

    name: str
    owner: str
    there: Callable[[], Array]
    here: Callable[[Array, State], None]
    is_optional: bool = False


def entries_of(model: Layer) -> list[Entry]:
    """All arrays of a model."""
    return list(_entries(model, "", ""))


def _entries(layer: Layer, name: str, path: str) -> Iterator[Entry]:
    """Those of a layer that is called `name` in PyTorch, and has the path `path` here; both end with a dot."""
    kind = next((kind for kind in type(layer).__mro__ if kind in _LAYERS), None)
    held = frozenset[str]()
    if kind is not None:
        yield from _LAYERS[kind](layer, name, path)
        # A subclass may hold more.
        held = _HELD[_LAYERS[kind]]
    elif stack := _stack(layer):
        for number, inner in enumerate(stack):
            yield from _recurrent(inner, name, f"{path}layers.{number}.", number)
        return
    for attribute, value in vars(layer).items():
        if attribute in held:
            continue
        for own, item in contents(attribute, value):
            # The layers of a Sequential are called by their places there.
            there = own.removeprefix("layers.") if isinstance(layer, nn.Sequential) else own
            if isinstance(item, Layer):
                yield from _entries(item, f"{name}{there}.", f"{path}{own}.")
            elif isinstance(item, Tensor) and item.is_leaf:
                yield _as_it_is(layer, f"{name}{there}", f"{path}{own}", item)


def _stack(layer: Layer) -> tuple[Layer, ...]:
    """The recurrent layers of one kind and size that a Sequential consists of, which are one module in PyTorch."""
    if type(layer) is not nn.Sequential or len(layer) < 2:
        return ()
    kinds = {type(inner) for inner in layer}
    if len(kinds) != 1 or not kinds <= {nn.RNN, nn.GRU, nn.LSTM}:
        return ()
    alike = {(inner.size, inner.backwards is None, inner.forwards.bias is None) for inner in layer}  # type: ignore[attr-defined]
    return layer.layers if len(alike) == 1 else ()


def _as_it_is(layer: Layer, name: str, path: str, tensor: Tensor) -> Entry:
    def write(array: Array, state: State) -> None:
        state[path] = array

    return Entry(name, repr(layer), lambda: _values(tensor), write)


def _transposed(layer: Layer, name: str, path: str, tensor: Tensor) -> Entry:
    def write(array: Array, state: State) -> None:
        state[path] = array.T

    return Entry(name, repr(layer), lambda: _values(tensor).T, write)


def _values(tensor: Tensor) -> Array:
    return tensor.detach().numpy()


def _some(layer: Layer, name: str, path: str, called: dict[str, str]) -> Iterator[Entry]:
    """Tensors that are not changed, where the layer has them: what they are called there, by what they are here."""
    for own, there in called.items():
        tensor = getattr(layer, own)
        if tensor is not None:
            yield _as_it_is(layer, f"{name}{there}", f"{path}{own}", tensor)


def _dense(layer: Any, name: str, path: str) -> Iterator[Entry]:
    yield _transposed(layer, f"{name}weight", f"{path}weight", layer.weight)
    yield from _some(layer, name, path, {"bias": "bias"})


def _weight_and_bias(layer: Any, name: str, path: str) -> Iterator[Entry]:
    return _some(layer, name, path, {"weight": "weight", "bias": "bias"})


def _weight(layer: Any, name: str, path: str) -> Iterator[Entry]:
    return _some(layer, name, path, {"weight": "weight"})


def _norm(layer: Any, name: str, path: str) -> Iterator[Entry]:
    return _some(layer, name, path, {"scale": "weight", "shift": "bias"})


def _batch_norm(layer: Any, name: str, path: str) -> Iterator[Entry]:
    yield from _norm(layer, name, path)
    yield from _some(layer, name, path, {"mean": "running_mean", "variance": "running_var"})
    # How often it was trained counts for PyTorch only with momentum=None.
    yield Entry(
        f"{name}num_batches_tracked", repr(layer), lambda: np.zeros((), np.int64), lambda array, state: None, True
    )


def _recurrent(layer: Any, name: str, path: str, number: int = 0) -> Iterator[Entry]:
    for own, ending in (("forwards", ""), ("backwards", "_reverse")):
        weights = getattr(layer, own)
        if weights is None:
            continue
        end = f"l{number}{ending}"
        yield _transposed(layer, f"{name}weight_ih_{end}", f"{path}{own}.weight", weights.weight)
        yield _transposed(layer, f"{name}weight_hh_{end}", f"{path}{own}.recurrent", weights.recurrent)
        if weights.recurrent_bias is not None:
            yield _as_it_is(layer, f"{name}bias_ih_{end}", f"{path}{own}.bias", weights.bias)
            yield _as_it_is(layer, f"{name}bias_hh_{end}", f"{path}{own}.recurrent_bias", weights.recurrent_bias)
        elif weights.bias is not None:
            yield _as_it_is(layer, f"{name}bias_ih_{end}", f"{path}{own}.bias", weights.bias)
            yield _added(layer, f"{name}bias_hh_{end}", f"{path}{own}.bias", weights.bias)


def _added(layer: Layer, name: str, path: str, tensor: Tensor) -> Entry:
    """The second of two biases that are added, after the first one has been written."""

    def write(array: Array, state: State) -> None:
        # Numbers of half precision are added in that of the model.
        state[path] = np.add(state[path], array, dtype=np.result_type(state[path], array, tensor.dtype))

    return Entry(name, repr(layer), lambda: np.zeros_like(_values(tensor)), write)


def _attention(layer: nn.MultiHeadAttention, name: str, path: str) -> Iterator[Entry]:
    parts = ("query", "key", "value")
    packed = [layer.query, layer.key, layer.value]

    def write_weights(array: Array, state: State) -> None:
        for part, values in zip(parts, np.split(array, 3), strict=True):
            state[f"{path}{part}.weight"] = values.T

    def write_biases(array: Array, state: State) -> None:
        for part, values in zip(parts, np.split(array, 3), strict=True):
            state[f"{path}{part}.bias"] = values

    def weights() -> Array:
        return np.concatenate([_values(each.weight).T for each in packed])

    def biases() -> Array:
        return np.concatenate([_values(each.bias) for each in packed if each.bias is not None])

    yield Entry(f"{name}in_proj_weight", repr(layer), weights, write_weights)
    if layer.query.bias is not None:
        yield Entry(f"{name}in_proj_bias", repr(layer), biases, write_biases)
    yield from _dense(layer.out, f"{name}out_proj.", f"{path}out.")


_LAYERS: dict[type[Layer], Callable[[Any, str, str], Iterator[Entry]]] = {
    nn.Dense: _dense,
    **dict.fromkeys([nn.Conv, nn.Conv1d, nn.ConvTranspose], _weight_and_bias),
    **dict.fromkeys([nn.Embedding, nn.LearnedPositions], _weight),
    **dict.fromkeys([nn.LayerNorm, nn.RMSNorm, nn.GroupNorm], _norm),
    nn.BatchNorm: _batch_norm,
    **dict.fromkeys([nn.RNN, nn.GRU, nn.LSTM], _recurrent),
    nn.MultiHeadAttention: _attention,
}
# The attributes that each of them is about.
_HELD: dict[Callable[[Any, str, str], Iterator[Entry]], frozenset[str]] = {
    **dict.fromkeys([_dense, _weight_and_bias], frozenset({"weight", "bias"})),
    _weight: frozenset({"weight"}),
    _norm: frozenset({"scale", "shift"}),
    _batch_norm: frozenset({"scale", "shift", "mean", "variance"}),
    _recurrent: frozenset({"forwards", "backwards"}),
    _attention: frozenset({"query", "key", "value", "out"}),
}
