"""What happens when an operation is called: arrays in, array out; a Tensor in, a Tensor that remembers out."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from minigrad.engine.aliasing import note_shared_memory
from minigrad.engine.constants import COPIED, kept_arrays, kept_params
from minigrad.engine.graph import NO_PARAMS, Node, Primitive, TracedNode, active_traces, inherit_traces, next_order
from minigrad.engine.recording import PLAIN, current_recording, is_grad_enabled, latest_recording
from minigrad.engine.residuals import WORTH_REPLACING, unread_left_out
from minigrad.engine.stand_ins import StandIn, ongoing
from minigrad.engine.tensor import Tensor

# 0-d results are NumPy scalars, and stay so. Python's own numbers need no conversion either, because NumPy lets them
# take on the dtype of the array beside them (NEP 50).
_SCALARS = frozenset(np.sctypeDict.values())
_FLOATS = frozenset(scalar for scalar in _SCALARS if np.dtype(scalar).kind == "f")
_WHOLE = frozenset(scalar for scalar in _SCALARS if np.dtype(scalar).kind in "biu")
_READY = frozenset({np.ndarray, float, int, bool, *_SCALARS})
_REAL = frozenset("biuf")
_EXPLAINED = (TypeError, ValueError, IndexError)
_new = Tensor.__new__
_new_node = Node.__new__
ndarray = np.ndarray


def apply(primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Run a primitive on arrays and Tensors, and record it if a gradient may be asked for."""
    arrays: list[Any] = []
    parents: list[Node | None] = []
    any_tensor = any_parent = any_constant = False
    for arg in args:
        kind = type(arg)
        if kind is Tensor:
            any_tensor = True
            array = arg._array
            arrays.append(array)
            node = arg._node
            parents.append(node)
            if node is not None:
                any_parent = True
            elif type(array) is ndarray:
                any_constant = True
        else:
            if kind not in _READY:
                arg = _array_of(arg, primitive)
            if type(arg) is ndarray:
                any_constant = True
            arrays.append(arg)
            parents.append(None)
    try:
        compute = primitive.careful if ongoing else primitive.operator if any_tensor else primitive.forward
        out = compute(*arrays, **params) if params else compute(*arrays)
    except _EXPLAINED as error:
        raise _explained(error, primitive, arrays, params) from error
    if not any_tensor:
        return out
    tensor = _result(primitive, tuple(arrays), tuple(parents), params, out, any_parent, any_constant)
    if type(out) is ndarray and (out.base is not None or out is arrays[0]):
        note_shared_memory(tensor, out, args)
    return tensor


def of_one(primitive: Primitive) -> Callable[[Any], Any]:
    """The function that applies a primitive without parameters to one argument, in less time than `apply`."""
    operator, careful = primitive.operator, primitive.careful

    def call(x: Any) -> Any:
        if type(x) is not Tensor:
            return apply(primitive, (x,), NO_PARAMS)
        array, node = x._array, x._node
        try:
            out = careful(array) if ongoing else operator(array)
        except _EXPLAINED as error:
            raise _explained(error, primitive, (array,), NO_PARAMS) from error
        return _result(primitive, (array,), (node,), NO_PARAMS, out, node is not None, False)

    return call


def of_two(primitive: Primitive, otherwise: Callable[[Any, Any], Any] | None = None) -> Callable[[Any, Any], Any]:
    """The function that applies a primitive without parameters to two arguments, in less time than `apply`.

    `otherwise` is called where none is a Tensor, or one needs a closer look; it is `apply` by default.
    """
    if otherwise is None:

        def otherwise(x: Any, y: Any) -> Any:
            return apply(primitive, (x, y), NO_PARAMS)

    operator = primitive.operator
    left_is_read, right_is_read = (
        primitive.reads is None or position in primitive.reads[other] for position, other in ((0, 1), (1, 0))
    )

    def call(x: Any, y: Any) -> Any:
        if type(x) is Tensor:
            left, first = x._array, x._node
            if type(y) is Tensor:
                right, second = y._array, y._node
            elif type(y) in _READY:
                right, second = y, None
            else:
                return otherwise(x, y)
        elif type(y) is Tensor and type(x) in _READY:
            left, first, right, second = x, None, y._array, y._node
        else:
            return otherwise(x, y)
        try:
            out = operator(left, right)
        except _EXPLAINED as error:
            raise _explained(error, primitive, (left, right), NO_PARAMS) from error
        any_constant = False
        if first is None:
            any_parent = second is not None
            if left_is_read and type(left) is ndarray:
                any_constant = left.nbytes > COPIED
                if any_parent and not any_constant and (latest_recording().enabled or is_grad_enabled()):
                    left = left.copy()
        else:
            any_parent = True
            if right_is_read and second is None and type(right) is ndarray:
                any_constant = right.nbytes > COPIED
                if not any_constant and (latest_recording().enabled or is_grad_enabled()):
                    right = right.copy()
        return _result(primitive, (left, right), (first, second), NO_PARAMS, out, any_parent, any_constant)

    return call


def _result(
    primitive: Primitive,
    arrays: tuple[Any, ...],
    parents: tuple[Node | None, ...],
    params: dict[str, Any],
    out: Any,
    any_parent: bool,
    any_constant: bool,
) -> Tensor:
    """The result of an operation on Tensors, which remembers how it was made if a gradient may be asked for."""
    kind = type(out)
    is_float = kind in _FLOATS
    if not is_float:
        is_float = kind is ndarray and out.dtype.kind == "f"
        if not is_float and kind not in _WHOLE:
            out = _checked_result(out, primitive)
            is_float = out.dtype.kind == "f"
    tensor = _new(Tensor)
    tensor._array = out
    tensor._name = tensor._family = None
    # Integers and booleans have no derivative: what is computed from floats but is none, such as a cast, is a constant.
    if not any_parent or not is_float:
        tensor._node = None
        return tensor
    recording = latest_recording()
    if not recording.enabled:
        if recording.block is None or not recording.block.left:
            tensor._node = None
            return tensor
        # Ctrl-C came while that block was left, or it was left in another thread.
        recording = current_recording()
        if not recording.enabled:
            tensor._node = None
            return tensor
    # What `Node` does, without a call: this is half of what recording costs.
    node: Node
    if active_traces:
        node = _new_node(TracedNode)
        inherit_traces(node, parents)
    else:
        node = _new_node(Node)
    node.special = False
    node.order = next_order()
    node.op = primitive
    # Without parameters, an operation either gives no less than it takes, or its rules read all of it.
    if params or (kind is ndarray and out.nbytes >= WORTH_REPLACING):
        if not recording.complete:
            arrays, out = unread_left_out(primitive, arrays, parents, out)
        if params:
            params = kept_params(node, params)
    if any_constant:
        arrays = kept_arrays(node, arrays, parents)
    node.args = arrays
    node.parents = parents
    node.params = params
    node.out = out
    tensor._node = node
    if recording is not PLAIN and recording.observer is not None:
        recording.observer.result(node)
    return tensor


def _array_of(value: Any, primitive: Primitive) -> Any:
    """A value that is neither Tensor nor plain array, such as a list, as an array."""
    if isinstance(value, StandIn):
        return value
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(f"{primitive.name}: a {type(value).__name__} behaves unlike an array; convert it to one first")
    if isinstance(value, (list, tuple)) and any(isinstance(item, Tensor) for item in value):
        raise TypeError(
            f"{primitive.name}: join Tensors with mg.stack or mg.concatenate, not in a {type(value).__name__}"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{primitive.name}: a {type(value).__name__} is not an array: {error}") from None
    if array.dtype.kind not in _REAL:
        kind = type(value).__name__
        hint = "; write float() around it" if isinstance(value, (Real, Decimal)) else ""
        if value is None:
            hint = "; where it came from mg.gradients, the output does not depend on that input: write 0.0 there"
        if hasattr(value, "toarray"):
            hint = "; make an array of it with .toarray()"
        raise TypeError(f"{primitive.name}: a {kind} is not an array of real numbers{hint}")
    return array


def _checked_result(value: Any, primitive: Primitive) -> Any:
    """What a primitive returned for Tensors as an array of real numbers, if it is one number or array at all."""
    if (type(value) is np.ndarray or isinstance(value, StandIn)) and value.dtype.kind in _REAL:
        return value
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
