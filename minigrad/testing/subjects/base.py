"""What is checked: a function, at any point, and the gradients that somebody claims it has there."""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import CellType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.blocks import no_grad
from minigrad.engine.tensor import Tensor
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.inputs import Inputs, Leaf
from minigrad.transforms.gradients import gradients

Array = NDArray[Any]


class Subject(ABC):
    """A function of leaves with claimed gradients.

    Attributes:
        name: of the function, for reports.
        leaves: what it is a function of, at the point to be judged.
        constants: the other inputs by name.
        evaluations: how often the function was evaluated.
        mutations: what the passes wrote into: the name of what changed, the kind, who wrote, and what it is called.
        complaint: what is wrong with the claimed gradients as a whole, such as their number.
        remarks: what a reader of the result should know about the subject, such as where gradients were read from.
        unchecked: by name, the shape of what has a derivative but no gradient that could be read, and the reason.
        first: the leaves' values in the very first call, if there was one already.
        rate: the learning rate that a backward pass is given, where it takes one.
        matches_dtypes: whether the leaves have the dtypes that the user gave them.
        may_be_widened: whether leaves may have float64 values in the places of narrower ones.
    """

    name: str
    leaves: list[Leaf]
    constants: dict[str, Any]
    evaluations: int = 0
    matches_dtypes: bool = True
    may_be_widened: bool = True
    complaint: str = ""
    first: list[Array] | None = None
    rate: float | None = None

    def __init__(self) -> None:
        self.mutations: set[tuple[str, str, str, str]] = set()
        self.remarks: list[str] = []
        self.unchecked: dict[str, tuple[tuple[int, ...], str]] = {}

    @abstractmethod
    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """The outputs at other values of the leaves, nothing recorded."""

    @abstractmethod
    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        """What the backward pass gives for each leaf, whatever that is."""

    @abstractmethod
    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        """The output computed from Tensors, so that it knows how it was made; may raise anything."""

    def recalled(self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array) -> list[Any] | None:
        """What the backward pass gives when it finds another array in the place of one operand; None if it has none.

        Args:
            values, upstream: as for `claimed`.
            name: of a leaf, ``"out"`` for the output, or ``"g"`` for the upstream gradient.
            array: what stands in its place, after the forward pass.
        """
        return None

    def fresh(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any] | None:
        """What the backward pass gives the first time ever; None where that cannot be tried again."""
        return None

    def at_a_small_rate(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any] | None:
        """What the backward pass gives when it hardly updates the weights; None where it updates none."""
        return None

    @property
    def has_small_constant(self) -> bool:
        """Whether the code or the defaults of the function contain a small number, such as an epsilon."""
        return False

    def vector(self, values: Sequence[Array]) -> NDArray[np.float64]:
        """All outputs in one row of float64."""
        self.evaluations += 1
        parts = [np.asarray(out, dtype=np.float64).reshape(-1) for out in self.outputs(values)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def is_same(now: Any, before: Array) -> bool:
    """Whether an array holds the numbers that it held before; a NaN is the same as another."""
    # Equal bytes are most often what there is, and compared in a tenth of the time.
    alike = type(now) is np.ndarray and now.dtype == before.dtype and now.shape == before.shape
    return (alike and now.tobytes() == before.tobytes()) or np.array_equal(now, before, equal_nan=True)


class TensorSubject(Subject):
    """A function of Tensors; its claimed gradients are those that minigrad computes."""

    def __init__(self, function: Callable[..., Any], inputs: Any) -> None:
        super().__init__()
        self.function = function
        self.inputs = Inputs(function, inputs)
        self.leaves = self.inputs.leaves
        self.constants = self.inputs.constants
        self.name = function_name(function)

    def chosen(self, wrt: str | Sequence[str] | None) -> list[int]:
        """The positions of the leaves that `wrt` names; all for None."""
        return self.inputs.chosen(wrt)

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """The outputs, from Tensors that require no gradient."""
        with no_grad():
            return [out.data for out in self._called([Tensor(value) for value in values])]

    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        """The gradients; zeros where no output depends on a leaf."""
        tensors = [Tensor(value, requires_grad=True) for value in values]
        total: list[Any] = [None] * len(tensors)
        for out, seed in zip(self._called(tensors), upstream, strict=True):
            if out.requires_grad:
                for position, gradient in enumerate(gradients(out, tensors, seed=seed, retain_graph=True)):
                    if gradient is not None:
                        total[position] = gradient if total[position] is None else total[position] + gradient
        return [
            np.zeros_like(value) if gradient is None else gradient.data
            for value, gradient in zip(values, total, strict=True)
        ]

    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        """The only output."""
        (out,) = self._called(tensors)
        return out

    def _called(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        return output_tensors(self.inputs.call(self.function, tensors), self.name)


def output_tensors(result: Any, name: str) -> list[Tensor]:
    """The Tensors that a function returned, alone or in lists, tuples and dicts.

    Raises:
        TypeError: for anything else, or no Tensor at all.
    """
    if isinstance(result, Tensor):
        if result.dtype.kind != "f":
            raise TypeError(f"{name} returned a Tensor of {result.dtype}; only floating-point results have gradients")
        return [result]
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)) and result:
        return [tensor for item in result for tensor in output_tensors(item, name)]
    if result is None:
        raise TypeError(f"{name} returned None: does it end with `return`?")
    if isinstance(result, (list, tuple)):
        raise TypeError(f"{name} returned nothing: an empty {type(result).__name__}")
    raise TypeError(
        f"{name} returned a {type(result).__name__}, not a Tensor; float(), .item(), .numpy() and the math module "
        "lose the gradient"
    )


def small_constant_in(function: Any) -> bool:
    """Whether a number between 0 and 0.1 occurs in a function: in its code, its defaults, or what it closes over."""
    function = inspect.unwrap(getattr(function, "__func__", getattr(function, "func", function)))
    code = getattr(function, "__code__", None)
    found = [*(getattr(code, "co_consts", None) or ()), *(getattr(function, "__defaults__", None) or ())]
    found += [cell.cell_contents for cell in getattr(function, "__closure__", None) or () if cell != CellType()]
    found += (
        vars(function.__self__).values()
        if hasattr(function, "__self__") and hasattr(function.__self__, "__dict__")
        else []
    )
    return any(isinstance(value, float) and 0 < value <= 0.1 for value in found)


def function_name(function: Callable[..., Any]) -> str:
    """What a report calls a function."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", None) or type(function).__name__
