"""What is a program made of: values, calls of NumPy functions, and numbers that depend on sizes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minigrad.engine.pytrees import OneValue
from minigrad.program.errors import ProgramError

Shape: TypeAlias = "tuple[int | Size, ...]"


@dataclass(eq=False)
class Var(OneValue):
    """One value of a program, which is assigned once.

    Attributes:
        number: tells it from the others.
        shape: sizes, each a number or a `Size` that depends on the inputs; None where a function gives several
            results at once, which are picked one by one.
        dtype: of its elements; None where the shape is.
    """

    number: int
    shape: Shape | None
    dtype: np.dtype[Any] | None

    def __repr__(self) -> str:
        return f"v{self.number}"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Its shape, in code where every size is a number."""
        assert self.shape is not None
        return tuple([operator.index(size) for size in self.shape])  # type: ignore[arg-type]  # none is a `Size` there


class Dim(NamedTuple):
    """The size of one axis of a value."""

    var: Var
    axis: int


@dataclass(frozen=True)
class Size(OneValue):
    """A number that is computed from sizes when a program runs.

    Attributes:
        operator: "dim" for the size of one axis, "sqrt" for the root of one part, and "+", "-", "*", "/", "//" for what
            Python computes from two parts.
        parts: a `Dim`, or one or two of `Size` and numbers.
    """

    operator: str
    parts: tuple[Any, ...]

    def value(self, shapes: Mapping[Var, tuple[int, ...]]) -> Any:
        """The number, given the shapes of the values."""
        if self.operator == "dim":
            var, axis = self.parts[0]
            return shapes[var][axis]
        numbers = [part.value(shapes) if isinstance(part, Size) else part for part in self.parts]
        return _COMPUTE[self.operator](*numbers)

    def dims(self) -> Iterator[Dim]:
        """The axes that it is computed from."""
        for part in self.parts:
            if isinstance(part, Dim):
                yield part
            elif isinstance(part, Size):
                yield from part.dims()


_COMPUTE: dict[str, Callable[..., Any]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    # As NumPy divides.
    "/": lambda x, y: x / y if y else (math.nan if not x else math.copysign(math.inf, x)),
    "//": lambda x, y: x // y,
    "sqrt": math.sqrt,
}


class Place(NamedTuple):
    """A line of the user's code."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file.replace(chr(92), '/').rpartition('/')[2]}:{self.line}"


@dataclass(eq=False)
class Instruction:
    """One call: ``out = function(*args, **kwargs)``.

    Attributes:
        function: a function of NumPy or SciPy, of this module, or one that was declared self-contained.
        args, kwargs: constants, with `Var` in the places of values and `Size` in those of numbers that depend on
            sizes; also inside lists, tuples, dicts and slices.
        out: the value that it gives.
        where: the line of the user's code; None if there is none.
        phase: "forward", "backward", or "update" for what changes parameters.
        scope: the layers inside which it was called, from the outermost: their classes, and before them the paths
            inside another layer, such as ``("Sequential", "layers.0 Dense")``.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Var
    where: Place | None = None
    phase: str = "forward"
    scope: tuple[str, ...] = ()

    def uses(self) -> list[Var]:
        """The values whose elements it needs, in order; one twice if it is given twice."""
        return [part for part in atoms((self.args, self.kwargs)) if isinstance(part, Var)]

    def measures(self) -> list[Var]:
        """The values of which it needs a size alone."""
        return [dim.var for part in atoms((self.args, self.kwargs)) if isinstance(part, Size) for dim in part.dims()]


@dataclass(frozen=True)
class Guard:
    """What has to hold for the inputs, because the recording took it for granted.

    Attributes:
        dim: an axis of an input.
        size: what its size has to be.
        why: the reason, for the error message.
        is_written: whether printed code checks it, because no call in it would fail.
        is_least: whether larger sizes will do.
    """

    dim: Dim
    size: int | Size
    why: str
    is_written: bool = True
    is_least: bool = False


@dataclass(eq=False)
class Input:
    """One array that a program takes; or one generator of random numbers, whose dtype is that of objects.

    Attributes:
        name: the argument, or the Tensor, that it is.
        argument: the position of the argument that holds it; None for a parameter that the function closes over.
        path: where in that argument it is, as in ``['w'][0]``; empty for the argument itself.
        wanted: whether the program gives its gradient.
        held: where a layer or a closure keeps it; what is there is used when the program runs.
        example: the shape that it had when the program was recorded.
    """

    var: Var
    name: str
    argument: int | None
    path: str = ""
    wanted: bool = False
    held: Any = field(default=None, repr=False)
    example: tuple[int, ...] = ()


def atoms(tree: Any) -> list[Any]:
    """Everything inside lists, tuples, dicts and slices, in order."""
    found: list[Any] = []
    _gather(tree, found)
    return found


def _gather(tree: Any, found: list[Any]) -> None:
    kind = type(tree)
    if kind is Var:
        # What most parts are.
        found.append(tree)
    elif isinstance(tree, (list, tuple)) and kind is not Dim:
        for item in tree:
            _gather(item, found)
    elif kind is dict:
        for item in tree.values():
            _gather(item, found)
    elif kind is slice:
        found += [tree.start, tree.stop, tree.step]
    else:
        found.append(tree)


def mapped_atoms(tree: Any, function: Callable[[Any], Any]) -> Any:
    """The same lists, tuples, dicts and slices, with what a function makes of everything inside them."""
    kind = type(tree)
    if kind is tuple:
        return tuple([mapped_atoms(item, function) for item in tree])
    if kind is list:
        return [mapped_atoms(item, function) for item in tree]
    if kind is dict:
        return {key: mapped_atoms(item, function) for key, item in tree.items()}
    if kind is slice:
        return slice(*[mapped_atoms(bound, function) for bound in (tree.start, tree.stop, tree.step)])
    if isinstance(tree, tuple) and kind is not Dim:
        items = [mapped_atoms(item, function) for item in tree]
        return kind(*items) if hasattr(tree, "_fields") else kind(items)
    return function(tree)


# What has no function of NumPy's own, or one that refuses NumPy's scalars.


def item(values: Any, index: Any) -> Any:
    """``values[index]``."""
    return values[index]


def pick(values: Any, position: int) -> Any:
    """One of several results."""
    return values[position]


def astype(values: Any, dtype: Any) -> Any:
    """``values.astype(dtype)``."""
    return values.astype(dtype)


def draw(generator: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    """Random numbers: ``generator.method(*args, **kwargs)``, which moves the generator on."""
    return getattr(generator, method)(*args, **kwargs)


def sized(value: Any, shape: tuple[int, ...] | int) -> bool:
    """Whether a value has the shape that it had when it was recorded, or several are so many as there were."""
    return bool(len(value) == shape if isinstance(shape, int) else np.shape(value) == shape)


def look(function: Callable[..., Any], *args: Any) -> None:
    """Let a function look at values, which raises where they are no good."""
    function(*args)


def guard(value: Any, expected: Any, place: str) -> None:
    """Refuse to go on where a value that the program branched on is another one.

    Raises:
        ProgramError: where it is.
    """
    found = type(expected)(value)
    if found != expected:
        raise ProgramError(
            f"{place}: the function goes on by a value that was {expected} when it was recorded, and is {found} now; "
            "record it again with inputs like these, or write np.where(condition, x, y) in the place of the branch"
        )
