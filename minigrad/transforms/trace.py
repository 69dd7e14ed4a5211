"""What does a function make of variables, and what comes back through it?

The transforms call a function on Tensors of their own, and take its outputs apart. Gradients belong to the nodes of a
graph, so that the variables of one transform cannot be mistaken for those of another around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.engine import stand_ins
from minigrad.engine.advice import LostGradientError
from minigrad.engine.conversions import in_native_order
from minigrad.engine.cotangents import cotangents
from minigrad.engine.graph import NO_PARAMS, TracedNode, active_traces, new_trace_number, still_active
from minigrad.engine.pytrees import leaves, matched, replaced
from minigrad.engine.recording import is_grad_enabled, recorded_call
from minigrad.engine.registry import overrides
from minigrad.engine.stand_ins import StandIn, array_of
from minigrad.engine.tensor import Tensor


class Trace:
    """One call of a function on variables.

    Args:
        name: of the transform, for error messages.
        function: what is called.
        args: its positional arguments.
        kwargs: its keyword arguments, which are passed on.
        positions: which of the positional arguments are to be differentiated by.

    Attributes:
        output: what the function returned.
        outputs: the values in it, each a Tensor, an array or a number.
        paths: where in the output they are.
        inputs: the trees to be differentiated by.
        originals: the values in them; `variables` are the Tensors in their places.
        recorded: whether results are to be part of a graph, because the outputs depend on more than the variables: on
            those of an enclosing transform, or on Tensors that require a gradient, passed in or closed over.

    Raises:
        TypeError: for values to be differentiated, or results, that are not floating-point numbers.
    """

    def __init__(
        self, name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Any, positions: Sequence[int]
    ) -> None:
        self.name = name
        self.inputs = [args[position] for position in positions]
        self.originals: list[Any] = []
        self.variables: list[Tensor] = []
        self.output: Any = None
        self.outputs: list[Any] = []
        self.paths: list[str] = []
        is_enabled, number = is_grad_enabled(), new_trace_number()

        def call() -> None:
            self.output = _called(function, self._with_variables(args, positions, number, is_enabled), kwargs)
            for path, value in leaves(self.output):
                self.paths.append(path)
                self.outputs.append(_checked_output(value, f"{name}: the output{path}"))

        try:
            active_traces.add(number)
            recorded_call(call)
        finally:
            active_traces.discard(number)
        if self.output is None:
            raise TypeError(f"{name}: the function returned a NoneType, not a number or an array; is a return missing?")
        nodes = [out._node for out in self.outputs if isinstance(out, Tensor)]
        # Its own number is none of an active transform any more.
        self.recorded: bool = is_enabled and any(node is not None and still_active(node.depends) for node in nodes)

    def _with_variables(self, args: Sequence[Any], positions: Sequence[int], number: int, recorded: bool) -> list[Any]:
        """The arguments, with variables in the places of the values to be differentiated by."""
        replacements = list(args)
        for position, tree in zip(positions, self.inputs, strict=True):
            own = []
            for path, value in leaves(tree):
                own.append(_variable(value, number, recorded, f"{self.name}: argument {position}{path}"))
                self.originals.append(value)
            self.variables += own
            replacements[position] = replaced(tree, own)
        if not self.variables:
            raise ValueError(
                f"{self.name}: there is nothing to differentiate by, because the arguments hold no array and no number"
            )
        return replacements

    def records(self, seeds: Sequence[Any]) -> bool:
        """Whether what is computed from seeds is to be part of a graph."""
        return is_grad_enabled() and (
            self.recorded or any(isinstance(seed, Tensor) and seed.requires_grad for seed in seeds)
        )

    def answers(self, found: Sequence[Any], recorded: bool) -> list[Any]:
        """One tree for each of the inputs, with a gradient in the place of each value, in kind."""
        remaining = iter([in_kind(g, value, recorded) for g, value in zip(found, self.originals, strict=True)])
        return [replaced(tree, remaining) for tree in self.inputs]

    def result(self) -> Any:
        """What the function returned: of arrays arrays, unless it is recorded."""
        return replaced(self.output, [self.delivered(output) for output in self.outputs])

    def delivered(self, output: Any) -> Any:
        """An output, a Tensor only if results are recorded or the arguments were Tensors."""
        if isinstance(output, Tensor) and not self.recorded:
            # A copy, because graphs and Tensors that the function closes over may hold the array.
            array = output._array.copy()
            return Tensor._wrap(array) if any(isinstance(value, Tensor) for value in self.originals) else array
        return output

    def tangents(self, vectors: Sequence[Any], what: str) -> list[Any]:
        """One array or Tensor for each variable, of its shape and dtype, from the trees of `vectors`.

        Raises:
            ValueError: for other structures or shapes.
        """
        flat = [value for tree, like in zip(vectors, self.inputs, strict=True) for value in matched(tree, like)]
        return [
            seed_like(vector, variable, f"{self.name}: {what}")
            for vector, variable in zip(flat, self.variables, strict=True)
        ]


def _called(function: Callable[..., Any], args: Sequence[Any], kwargs: Any) -> Any:
    """What a function returns. NumPy and SciPy may wrap the error of a lost gradient in one that does not tell."""
    try:
        return function(*args, **kwargs)
    except LostGradientError:
        raise
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, LostGradientError):
                raise LostGradientError(str(cause)) from error
            cause = cause.__cause__ or cause.__context__
        raise


def _variable(value: Any, number: int, recorded: bool, where: str) -> Tensor:
    """A Tensor of our own that stands for a value to be differentiated by."""
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(f"{where} is a {type(value).__name__}, which behaves unlike an array; convert it to one first")
    if not isinstance(value, (Tensor, np.ndarray, np.generic, float, int, StandIn)):
        raise TypeError(f"{where} is a {type(value).__name__}; only floating-point numbers can be differentiated by")
    array = value._array if isinstance(value, Tensor) else array_of(value)
    if array.dtype.kind != "f":
        raise TypeError(
            f"{where} has dtype {array.dtype}, and only floating-point numbers can be differentiated by: write 3.0 "
            "for 3, or convert it with .astype(float)"
        )
    array = in_native_order(array)
    # Floats and NumPy's scalars stay scalars, to which ``x += y`` gives a new value under that name alone.
    is_scalar = not (isinstance(value, np.ndarray) or (isinstance(value, Tensor) and value._is_array()))
    if recorded and isinstance(value, Tensor) and value.requires_grad:
        variable: Tensor = overrides[np.positive](value)
        assert variable._node is not None
        variable._node.depends |= {number}
        variable._node.is_variable = True
        if not is_scalar:
            variable._array = array_of(variable._array)
        return variable
    # A copy, so that what a pullback needs later is not what the caller may have written to.
    if not isinstance(array, StandIn):
        array = array[()] if is_scalar else array.copy()
    node = TracedNode(None, (), (), NO_PARAMS, array)
    node.depends, node.is_variable = frozenset({number}), True
    return Tensor._wrap(array, node)


def _checked_output(value: Any, where: str) -> Any:
    if isinstance(value, (list, tuple, dict)) or not isinstance(
        value, (Tensor, np.ndarray, np.generic, float, int, StandIn)
    ):
        raise TypeError(f"{where} is a {type(value).__name__}, not an array, a Tensor or a number")
    if dtype_of(value).kind != "f":
        raise TypeError(
            f"{where} has dtype {dtype_of(value)}, which has no derivative; it has to be floating-point (0.0 for 0)"
        )
    return value


def seed_like(seed: Any, like: Any, where: str) -> Any:
    """A seed, tangent or vector in exactly the shape of what it belongs to, and in its dtype.

    Raises:
        ValueError: for another shape.
        TypeError: for anything but real numbers.
    """
    shape, dtype = np.shape(like), dtype_of(like)
    array = seed._array if isinstance(seed, Tensor) else array_of(seed)
    if array.dtype.kind not in "biuf":
        found = f"holds {array.dtype}" if hasattr(seed, "dtype") else f"is a {type(seed).__name__}"
        raise TypeError(f"{where} {found}, not an array of real numbers")
    if array.shape != shape:
        raise ValueError(f"{where} has shape {array.shape}; it belongs to an array of shape {shape}")
    if isinstance(seed, Tensor):
        return seed if seed.dtype == dtype else overrides[np.astype](seed, dtype)
    array = array.astype(dtype, copy=False)
    return array if array.ndim else array[()]


def pull_back(
    outputs: Sequence[Any],
    seeds: Sequence[Any],
    variables: Sequence[Tensor],
    create_graph: bool,
    keep_graph: bool = True,
) -> list[Tensor | None]:
    """The gradients of ``sum(seed * output)`` over several outputs by several variables, in one pass.

    They are None where nothing depends on a variable, and recorded themselves with `create_graph`.
    """
    reached = [
        (out, seed)
        for out, seed in zip(outputs, seeds, strict=True)
        if isinstance(out, Tensor) and out._node is not None
    ]
    if not reached:
        return [None] * len(variables)
    wanted = {variable._node for variable in variables if variable._node is not None}
    found = cotangents([out for out, _ in reached], [seed for _, seed in reached], keep_graph, create_graph, wanted)
    return [found.get(variable._node) for variable in variables]  # type: ignore[arg-type]  # variables have nodes


def in_kind(result: Tensor | None, original: Any, recorded: bool) -> Any:
    """A gradient as what it is the gradient of: a Tensor, an array, a NumPy scalar, or a Python float."""
    if result is None:
        zeros = np.zeros(np.shape(original), dtype_of(original))
        result = Tensor._wrap(zeros if zeros.ndim else zeros[()])
    if recorded:
        return result
    if isinstance(original, Tensor):
        return result.detach()
    if isinstance(result._array, StandIn) or isinstance(original, StandIn):
        return result._array
    if isinstance(original, np.ndarray):
        return result.data
    return result._array[()] if isinstance(original, np.generic) else float(result._array)


def dtype_of(value: Any) -> np.dtype[Any]:
    """The dtype of an array, a Tensor, or a number."""
    return value.dtype if hasattr(value, "dtype") else np.dtype(type(value))


def one_like(out: Any) -> Any:
    """The seed of an output of one element."""
    array = out._array if isinstance(out, Tensor) else out
    return stand_ins.one_like(array) if isinstance(array, StandIn) else _ones(np.shape(out), dtype_of(out))


def _ones(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    return np.ones(shape, dtype) if shape else dtype.type(1)
