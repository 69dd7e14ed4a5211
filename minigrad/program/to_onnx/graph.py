"""What does an ONNX graph consist of while it is put together: nodes, constants, and the tensors between them?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minigrad.program.ir import Dim, Instruction, Shape, Size, Var

DTYPES = tuple(np.dtype(kind) for kind in (np.float32, np.float64, np.int64, np.int32, np.bool_))


class Refused(Exception):  # noqa: N818  # it is no error yet: the line of the user's code is still missing
    """What has no counterpart in ONNX, in words that follow the name of the function."""


class Node(NamedTuple):
    """One node: what it computes, the names of the tensors that it takes and gives, and its settings."""

    kind: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    settings: dict[str, Any]


@dataclass(eq=False)
class Term:
    """A tensor of the graph; operators on it add nodes, in which a number becomes a constant of the same dtype."""

    graph: Graph
    name: str
    dtype: np.dtype[Any]

    def op(self, kind: str, *others: Any, dtype: Any = None, **settings: Any) -> Term:
        """A node on this tensor and others; of the same dtype as this one unless another is given."""
        takes = (self, *[self.like(other) for other in others])
        return self.graph.node(kind, takes, np.dtype(dtype or self.dtype), **settings)

    def like(self, other: Any) -> Term:
        """A tensor as it is, and a number as a constant of this dtype."""
        return other if isinstance(other, Term) else self.graph.constant(np.asarray(other, self.dtype))

    def cast(self, dtype: Any) -> Term:
        """The same numbers in another dtype."""
        dtype = supported(np.dtype(dtype))
        return self if dtype == self.dtype else self.op("Cast", dtype=dtype, to=dtype)

    def is_constant(self, number: float) -> bool:
        """Whether this is a constant of one element, and which one."""
        found = self.graph.constants.get(self.name)
        return found is not None and found.size == 1 and bool(found.item() == number)

    def __add__(self, other: Any) -> Term:
        return self.op("Add", other)

    def __sub__(self, other: Any) -> Term:
        return self.op("Sub", other)

    def __mul__(self, other: Any) -> Term:
        return self.op("Mul", other)

    def __truediv__(self, other: Any) -> Term:
        return self.op("Div", other)

    def __neg__(self) -> Term:
        return self.op("Neg")

    def less(self, other: Any) -> Term:
        """Where this is less than another."""
        return self.op("Less", other, dtype=bool)

    def greater(self, other: Any) -> Term:
        """Where this is greater than another."""
        return self.op("Greater", other, dtype=bool)

    def equal(self, other: Any) -> Term:
        """Where the two are equal."""
        return self.op("Equal", other, dtype=bool)

    def where(self, yes: Any, no: Any) -> Term:
        """One of two, by this condition; one of the two is a tensor."""
        model = yes if isinstance(yes, Term) else no
        return self.graph.node("Where", (self, model.like(yes), model.like(no)), model.dtype)

    def to_shape(self, *sizes: Any) -> Term:
        """The same elements in another shape."""
        return self.graph.reshaped(self, sizes)

    def unsqueezed(self, *axes: int) -> Term:
        """With further axes of size 1."""
        return self.op("Unsqueeze", self.graph.whole(axes)) if axes else self

    def squeezed(self, *axes: int) -> Term:
        """Without some axes of size 1."""
        return self.op("Squeeze", self.graph.whole(axes)) if axes else self

    def along(self, axes: Sequence[int]) -> Term:
        """Axes in another order."""
        return self if list(axes) == sorted(axes) else self.op("Transpose", perm=list(axes))


@dataclass
class Graph:
    """The nodes and constants so far.

    Attributes:
        fixed: axes of inputs whose size is a number after all, because what a layer holds has it.
        nodes: in the order in which they are computed.
        constants: arrays by name.
        terms: the tensor of each value of the program; a list for a function that gives several.
        makers: the call that gives each value.
    """

    fixed: Mapping[Dim, int] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    terms: dict[Var, Any] = field(default_factory=dict)
    makers: dict[Var, Instruction] = field(default_factory=dict)
    _known: dict[Any, Term] = field(default_factory=dict)
    _count: int = 0

    def _name(self) -> str:
        self._count += 1
        return f"t{self._count}"

    def node(self, kind: str, takes: Sequence[Term | None], dtype: Any, **settings: Any) -> Term:
        """What a new node gives; None stands for an input that it does without."""
        name = self._name()
        self.nodes.append(Node(kind, tuple(each.name if each else "" for each in takes), (name,), settings))
        return Term(self, name, supported(np.dtype(dtype)))

    def sorted(self, term: Term, size: Any, axis: int) -> tuple[Term, Term]:
        """The elements along an axis of this size in ascending order, and the places where they stood."""
        values, places = self._name(), self._name()
        takes = (term.name, self.list_of([size]).name)
        self.nodes.append(Node("TopK", takes, (values, places), {"axis": axis, "largest": 0}))
        return Term(self, values, term.dtype), Term(self, places, np.dtype(np.int64))

    def constant(self, array: Any, name: str = "") -> Term:
        """A constant array; the same one again where there is one already."""
        array = np.asarray(array, order="C")
        supported(array.dtype)
        key = (array.shape, array.dtype, array.tobytes(), name)
        if key not in self._known:
            name = name or self._name()
            self.constants[name] = array
            self._known[key] = Term(self, name, array.dtype)
        return self._known[key]

    def whole(self, numbers: Sequence[int]) -> Term:
        """A list of whole numbers, such as axes."""
        return self.constant(np.asarray(numbers, np.int64).reshape(-1))

    def term(self, part: Any, dtype: Any = None) -> Term:
        """A value, a size, a constant or a number as a tensor; a list of them as one tensor of one more axis."""
        if isinstance(part, Var):
            found = self.terms[part]
            if not isinstance(found, Term):
                raise Refused("of several results at once has no counterpart in ONNX")
        elif isinstance(part, Size):
            found = self.size(part)
            found = found.squeezed(0) if isinstance(found, Term) else self.constant(np.asarray(found))
        elif isinstance(part, (list, tuple)) and any(isinstance(each, (Var, Size)) for each in part):
            rows = [self.term(each, dtype or np.int64).unsqueezed(0) for each in part]
            found = self.node("Concat", rows, rows[0].dtype, axis=0)
        else:
            # Constants are converted here, so that one of another dtype is no obstacle.
            return self.constant(np.asarray(part) if dtype is None else np.asarray(part).astype(dtype))
        return found if dtype is None else found.cast(dtype)

    def size(self, size: Any) -> Any:
        """A size as a number where it is one, and as a tensor of one element otherwise."""
        if not isinstance(size, Size):
            return size
        dims = list(size.dims())
        if all(dim in self.fixed for dim in dims):
            shapes = {dim.var: {own.axis: self.fixed[own] for own in dims if own.var is dim.var} for dim in dims}
            return size.value(shapes)  # type: ignore[arg-type]  # a dict is asked for its items as a tuple is
        if size not in self._known:
            self._known[size] = self._computed(size)
        return self._known[size]

    def _computed(self, size: Size) -> Term:
        if not self.has(size):
            raise Refused("of a size that depends on values has no counterpart in ONNX")
        if size.operator == "dim":
            dim = size.parts[0]
            return self.terms[dim.var].op("Shape", dtype=np.int64, start=dim.axis, end=dim.axis + 1)  # type: ignore[no-any-return]  # a Term
        is_float = size.operator in ("/", "sqrt") or any(is_float_size(part) for part in size.parts)
        terms = [self._of_one(self.size(part)).cast(np.float64 if is_float else np.int64) for part in size.parts]
        if size.operator == "sqrt":
            return terms[0].op("Sqrt")
        if size.operator == "//":
            # Div rounds to zero, and // down.
            return (terms[0] - terms[0].op("Mod", terms[1], fmod=0)) / terms[1]
        return terms[0].op({"+": "Add", "-": "Sub", "*": "Mul", "/": "Div"}[size.operator], terms[1])

    def _of_one(self, number: Any) -> Term:
        return number if isinstance(number, Term) else self.constant(np.asarray([number]))

    def list_of(self, sizes: Sequence[Any]) -> Term:
        """Sizes as a list of whole numbers."""
        found = [self.size(size) for size in sizes]
        if not any(isinstance(each, Term) for each in found):
            return self.whole(found)
        parts = [self._of_one(each).cast(np.int64) for each in found]
        return parts[0] if len(parts) == 1 else self.node("Concat", parts, np.int64, axis=0)

    def reshaped(self, term: Term, sizes: Sequence[Any]) -> Term:
        """The same elements in a shape; where one size alone is unknown, it is left to be found."""
        # The size of a value that is only about to be computed stands for what NumPy found for -1.
        found = [self.size(size) if self.has(size) else -1 for size in sizes]
        free = [position for position, each in enumerate(found) if isinstance(each, Term)]
        if len(free) == 1 and all(isinstance(each, Term) or each > 0 for each in found):
            found[free.pop()] = -1
        # Without this setting a size of 0 would stand for that of x.
        settings = {"allowzero": 1} if free or 0 in found else {}
        return term.op("Reshape", self.list_of(found), **settings)

    def has(self, size: Any) -> bool:
        """Whether a size can be computed from what the graph has so far."""
        return not isinstance(size, Size) or all(dim.var in self.terms for dim in size.dims())


def is_float_size(part: Any) -> bool:
    """Whether a size is no whole number, as ``1.0 / len(x)`` is none."""
    if isinstance(part, Size):
        return part.operator in ("/", "sqrt") or any(is_float_size(each) for each in part.parts)
    return isinstance(part, float)


def supported(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype, if there is one like it here.

    Raises:
        Refused: for others.
    """
    if dtype not in DTYPES:
        raise Refused(f"with values of dtype {dtype} has no counterpart here; use {', '.join(map(str, DTYPES))}")
    return dtype


def shape_of(part: Any) -> Shape:
    """The shape of a value, or of a constant."""
    if isinstance(part, Size):
        return ()
    return (part.shape or ()) if isinstance(part, Var) else np.shape(part)


def dtype_of(part: Any) -> Any:
    """The dtype of a value or a constant; for a number of Python its type, as NumPy asks when it promotes."""
    if isinstance(part, Size):
        return float if is_float_size(part) else int
    if type(part) in (int, float):
        return type(part)
    return part.dtype if isinstance(part, Var) else np.asarray(part).dtype


def normal(axis: int, rank: int) -> int:
    """An axis, counted from the first."""
    return axis + rank if axis < 0 else axis


def size_product(sizes: Sequence[Any]) -> Any:
    """The product of sizes."""
    if not any(isinstance(size, Size) for size in sizes):
        return math.prod(sizes)
    found = sizes[0]
    for size in sizes[1:]:
        found = Size("*", (found, size))
    return found
