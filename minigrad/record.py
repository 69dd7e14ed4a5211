"""What happens when an operation is called: arrays in, array out; a Tensor in, a Tensor that remembers out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Node, Primitive
from minigrad.modes import is_grad_enabled
from minigrad.tensor import Tensor

# 0-d results are NumPy scalars, and stay so. Python's own numbers need no conversion either, because NumPy lets them
# take on the dtype of the array beside them (NEP 50).
_ARRAYS = frozenset({np.ndarray, *np.sctypeDict.values()})
_READY = _ARRAYS | {float, int, bool}


def apply(primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Run a primitive on arrays and Tensors, and record it if a gradient may be asked for."""
    arrays = []
    parents = []
    any_tensor = any_parent = False
    for arg in args:
        kind = type(arg)
        if kind is Tensor:
            any_tensor = True
            node = arg._node
            arrays.append(arg._data)
            parents.append(node)
            if node is not None:
                any_parent = True
        else:
            arrays.append(arg if kind in _READY else _as_array(arg, primitive))
            parents.append(None)
    try:
        out = primitive.forward(*arrays, **params)
    except (TypeError, ValueError, IndexError) as error:
        raise _explained(error, primitive, arrays, params) from error
    if not any_tensor:
        return out
    if type(out) not in _ARRAYS:
        out = np.asarray(out)
    # Integers and booleans have no derivative: what is computed from floats but is none, such as a cast, is a constant.
    if any_parent and is_grad_enabled() and out.dtype.kind == "f":
        return Tensor._wrap(out, Node(primitive, arrays, parents, params, out))
    return Tensor._wrap(out)


def plain(value: Any) -> Any:
    """The same value with arrays in the place of Tensors, in lists, tuples and dicts as well."""
    if isinstance(value, Tensor):
        return value._data
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def _as_array(value: Any, primitive: Primitive) -> Any:
    """A value that is neither Tensor nor plain array, such as a list, as an array."""
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(f"{primitive.name}: a {type(value).__name__} behaves unlike an array; convert it to one first")
    if isinstance(value, (list, tuple)) and any(isinstance(item, Tensor) for item in value):
        raise TypeError(
            f"{primitive.name}: join Tensors with mg.stack or mg.concatenate, not in a {type(value).__name__}"
        )
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{primitive.name}: a {type(value).__name__} is not an array of real numbers")
    return array


def _explained(error: Exception, primitive: Primitive, arrays: Sequence[Any], params: dict[str, Any]) -> Exception:
    """The error of a forward computation, with the operation, the shapes and the parameters it was given."""
    given = [str(getattr(array, "shape", array)) for array in arrays]
    given += [f"{name}={value!r}" for name, value in params.items()]
    message = f"{primitive.name}({', '.join(given)}): {error}"
    for kind in (np.exceptions.AxisError, np.linalg.LinAlgError, IndexError, ValueError):
        if isinstance(error, kind):
            return kind(message)
    return TypeError(message)
