"""How do weights move between a model and the state_dict of the same model in PyTorch?"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.exchange.torch_layers import Entry, entries_of
from minigrad.nn.layer import Layer

Arrays = dict[str, NDArray[Any]]


def from_torch_state(model: Layer, state: Mapping[str, Any], names: Mapping[str, str] | None = None) -> None:
    """Write the ``state_dict`` of the same model in PyTorch into a model.

    PyTorch is not needed: values may be tensors, or arrays as ``safetensors.numpy.load_file`` gives them. Nothing is
    written if anything does not fit.

    The two models have the same layers under the same names. The layers of an `nn.Sequential` are called by their
    places, "0", "1" and so on; those of other layers by their attributes, as PyTorch does it: here "layers.0.weight" is
    "0.weight" there. An `nn.Sequential` of recurrent layers alone is one module with ``num_layers``. Names that differ
    are given by `names`.

    The weights of Dense, of recurrent layers and of attention are transposed; PyTorch's two biases of RNN and LSTM are
    added. Convolutions, norms and embeddings are as they are. Settings are not part of a state_dict: compare ``eps``
    and ``momentum``, which are 1e-5 and 0.1 by default on both sides, but for the ``eps`` of PyTorch's RMSNorm.

    Args:
        model: is written to.
        state: by name, tensors of PyTorch on the CPU, or anything that ``np.asarray`` takes.
        names: what names in PyTorch are, for those that differ: ``{"0": "features.0"}`` reads "features.0.weight" for
            "0.weight". A key is a name that `to_torch_state` gives, or its beginning up to a dot; the longest one
            counts; "" stands for all.

    Raises:
        KeyError: for names that are missing or left over, and for a key of `names` that begins no name.
        ValueError: for arrays of other shapes.
        TypeError: for what is no layer, no mapping, or values that are no real numbers.

    Examples:
        >>> model = nn.Sequential(nn.Dense(3, 2), nn.Tanh())
        >>> state = {"0.weight": np.ones((2, 3)), "0.bias": np.zeros(2)}  # of nn.Sequential(nn.Linear(3, 2), nn.Tanh())
        >>> mg.exchange.from_torch_state(model, state)
        >>> mg.predict(model, np.ones((1, 3), np.float32)).round(4)
        array([[0.9951, 0.9951]], dtype=float32)
    """
    entries = _renamed(_checked(model, "from_torch_state"), names, "from_torch_state")
    if not isinstance(state, Mapping):
        raise TypeError(
            f"from_torch_state takes a state_dict, not a {type(state).__name__}; write module.state_dict() for a module"
        )
    expected = {name: entry.there() for name, entry in entries.items()}
    missing = [name for name, entry in entries.items() if name not in state and not entry.is_optional]
    unexpected = [str(name) for name in state if name not in entries]
    if missing or unexpected:
        raise KeyError(_mismatch(missing, unexpected, model))
    found = {name: _array(name, state[name]) for name in entries if name in state}
    for name, array in found.items():
        if array.shape != expected[name].shape:
            entry = entries[name]
            raise ValueError(
                f"from_torch_state: {name} has shape {array.shape} in the state; {entry.owner} here needs "
                f"{expected[name].shape}"
            )
    own = model.state_dict()
    for name, array in found.items():
        entries[name].here(array, own)
    model.load_state_dict(own)


def to_torch_state(model: Layer, names: Mapping[str, str] | None = None) -> Arrays:
    """The ``state_dict`` that the same model in PyTorch loads, as arrays.

    ``module.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})`` reads it there, and
    ``safetensors.numpy.save_file(state, path)`` writes it to a file. See `from_torch_state` for the names. Of PyTorch's
    two biases of RNN and LSTM the second one is 0; ``num_batches_tracked`` is 0.

    Args:
        model: of layers of `minigrad.nn`, and others that hold them.
        names: as of `from_torch_state`.

    Returns:
        Copies of the arrays, by their names in PyTorch.

    Raises:
        KeyError: for a key of `names` that begins no name.
        ValueError: for two arrays of one name.
        TypeError: for what is no layer.

    Examples:
        >>> state = mg.exchange.to_torch_state(nn.Sequential(nn.Conv(3, 8, 5), nn.Flatten(), nn.Dense(8, 2)))
        >>> {name: array.shape for name, array in state.items()}
        {'0.weight': (8, 3, 5, 5), '0.bias': (8,), '2.weight': (2, 8), '2.bias': (2,)}
    """
    entries = _renamed(_checked(model, "to_torch_state"), names, "to_torch_state")
    return {name: np.array(entry.there(), order="C") for name, entry in entries.items()}


def _checked(model: Any, caller: str) -> list[Entry]:
    if not isinstance(model, Layer):
        raise TypeError(f"{caller} takes an nn.Layer, not a {type(model).__name__}")
    return entries_of(model)


def _renamed(entries: list[Entry], names: Mapping[str, str] | None, caller: str) -> dict[str, Entry]:
    """The entries by the names that they have in PyTorch."""
    names = dict(names or {})
    used: set[str] = set()
    found: dict[str, Entry] = {}
    for entry in entries:
        parts = entry.name.split(".")
        beginnings = [".".join(parts[:count]) for count in range(len(parts), -1, -1)]
        key = next((beginning for beginning in beginnings if beginning in names), None)
        name = entry.name
        if key is not None:
            used.add(key)
            rest = entry.name[len(key) :].lstrip(".")
            name = ".".join(part for part in (names[key], rest) if part)
        if name in found:
            raise ValueError(f"{caller}: two arrays would be called {name}, {found[name].name} and {entry.name}")
        found[name] = entry
    unused = [repr(key) for key in names if key not in used]
    if unused:
        shown = ", ".join(entry.name for entry in entries[:8]) + (", ..." if len(entries) > 8 else "")
        raise KeyError(f"{caller}: names has {', '.join(unused)}, with which no name begins; they are {shown}")
    return found


def _array(name: str, value: Any) -> NDArray[Any]:
    try:
        # Parameters of PyTorch give no arrays as long as they require a gradient.
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"from_torch_state: {name} gives no array ({error}); write "
            "{name: value.float().cpu() for name, value in state.items()}"
        ) from error
    if array.dtype.kind not in "iuf":
        raise TypeError(f"from_torch_state: {name} holds {array.dtype}, not real numbers")
    return array


def _mismatch(missing: list[str], unexpected: list[str], model: Layer) -> str:
    parts = [f"from_torch_state: the state does not fit {type(model).__name__}:"]
    if missing:
        parts.append(f"missing {', '.join(missing)};")
    for name in unexpected:
        close = get_close_matches(name, missing, n=1)
        parts.append(f"unexpected {name}{f' (did you mean {close[0]}?)' if close else ''};")
    parts.append('where names differ, give names={"here": "there"}')
    return " ".join(parts)
