"""What happens when an operation is called: arrays in, array out; a Tensor in, a Tensor that remembers out."""

from __future__ import annotations

import reprlib
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
_REAL = frozenset("biuf")


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
            arrays.append(arg._array)
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
    if type(out) not in _ARRAYS or out.dtype.kind not in _REAL:
        out = _as_result(out, primitive)
    # Integers and booleans have no derivative: what is computed from floats but is none, such as a cast, is a constant.
    if any_parent and out.dtype.kind == "f" and is_grad_enabled():
        return Tensor._wrap(out, Node(primitive, arrays, parents, params, out))
    return Tensor._wrap(out)


def plain(value: Any) -> Any:
    """The same value with arrays in the place of Tensors, in lists, tuples and dicts as well."""
    if isinstance(value, Tensor):
        return value._array
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
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
    if array.dtype.kind not in _REAL:
        raise TypeError(f"{primitive.name}: a {type(value).__name__} is not an array of real numbers")
    return array


def _as_result(value: Any, primitive: Primitive) -> Any:
    """What a primitive returned for Tensors as an array of real numbers, if it is one number or array at all."""
    array = np.asarray(value) if isinstance(value, (int, float, np.ndarray, np.generic)) else None
    if array is None or array.dtype.kind not in _REAL:
        found = type(value).__name__ if array is None else array.dtype
        raise TypeError(f"{primitive.name} gave {found} for a Tensor; the result has to be an array of real numbers")
    return array


def _explained(error: Exception, primitive: Primitive, arrays: Sequence[Any], params: dict[str, Any]) -> Exception:
    """The error of a forward computation, with the operation, the shapes and the parameters it was given."""
    given = [str(getattr(array, "shape", array)) for array in arrays]
    given += [f"{name}={reprlib.repr(value)}" for name, value in params.items()]
    message = f"{primitive.name}({', '.join(given)}): {error}"
    for kind in (np.exceptions.AxisError, np.linalg.LinAlgError, IndexError, ValueError):
        if isinstance(error, kind):
            return kind(message)
    return TypeError(message)
