"""What is known where a number went bad: the operation, its numbers, and how those were made?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.debugging.fingerprints import Fingerprints
from minigrad.debugging.numbers import all_finite, element, holds_infinity, is_numeric
from minigrad.debugging.places import Place
from minigrad.engine.graph import Node, Primitive
from minigrad.engine.registry import operations

# These hand numbers on, so that a formula goes on below them.
_HANDED_ON = frozenset({"reshape", "expand_dims", "squeeze", "broadcast_to", "positive", "copy", "astype", "transpose"})
# A parameter of these is the result itself, computed before.
_GIVEN_THEIR_RESULT = frozenset({"log_abs_det"})
# These choose some of them.
PICKED = frozenset({"getitem", "take", "take_along_axis"})


@dataclass(frozen=True, slots=True)
class Note:
    """What is noted of a result, in `Node.seen`.

    Attributes:
        place: the user's line that asked for it; in a recorded pass back, the line of the operation whose rule did.
        rule_of: the name of that operation, or "".
        fingerprints: of the arrays that its rules will read.
    """

    place: Place | None
    rule_of: str
    fingerprints: Fingerprints


@dataclass(frozen=True, slots=True)
class Scene:
    """An operation that made NaN or infinity, of the arguments it was called with or in a pass back.

    Attributes:
        op, arrays, out, params, parents: as in `Node`.
        note: what was noted of the result; None if it was not watched.
        bad: NaN or infinities, and numbers beside them: the result, or what a rule gave.
        created: where in that they are not just handed on.
        index: the first such place.
        position: of the argument whose gradient it is; None for a value.
        gradient: that arrived at the result, in a pass back.
    """

    op: Primitive
    arrays: tuple[Any, ...]
    out: Any
    params: dict[str, Any]
    parents: tuple[Node | None, ...]
    note: Note | None
    bad: Any
    index: tuple[int, ...]
    position: int | None = None
    gradient: Any = None

    @property
    def number(self) -> float:
        """The first bad number."""
        return float(np.asarray(self.bad)[self.index])

    @property
    def place(self) -> Place | None:
        """The user's line."""
        return self.note.place if self.note is not None else None

    @property
    def formula(self) -> str:
        """The user's line and what follows it."""
        return self.place.formula() if self.place is not None else ""

    def at(self, position: int) -> float | None:
        """The element of an argument of which the first bad number was made, where it is made of one."""
        if not is_elementwise(self.op) or position >= len(self.arrays):
            return None
        return element(self.arrays[position], self._place_in_result())

    def gradient_at(self) -> float | None:
        """The element of the gradient of the result of which the first bad number was made."""
        return element(self.gradient, self._place_in_result()) if is_elementwise(self.op) else None

    def _place_in_result(self) -> tuple[int, ...]:
        """The index of an element of the result that belongs to the first bad number."""
        shape, own = np.shape(self.out), np.shape(self.bad)
        if self.position is None or shape == own:
            return self.index
        # An argument was broadcast: of all elements made of this one, the first where the gradient is not 0.
        index = (0,) * (len(shape) - len(own)) + self.index
        return tuple(i if i < size else 0 for i, size in zip(index, shape, strict=True))


def is_elementwise(op: Primitive) -> bool:
    """Whether each element of the result is made of one element of each argument."""
    operation = operations.get(op.name)
    return operation is not None and operation.primitive is op and operation.elementwise


def created(op: Primitive, arrays: tuple[Any, ...], params: dict[str, Any], out: Any) -> Any:
    """Where a result has NaN without one in what it was made of, or infinity where all that was finite."""
    nan, infinite = np.isnan(out), np.isinf(out)
    if op.name not in _GIVEN_THEIR_RESULT and holds_infinity(params):
        # That may be where infinities come from, as in a padding with them.
        infinite = np.zeros_like(infinite)
    numbers = [array for array in arrays if is_numeric(array)]
    if is_elementwise(op) and all(_fits(array, out) for array in numbers):
        for array in numbers:
            nan = nan & ~np.isnan(array)
            infinite = infinite & np.isfinite(array)
        return nan | infinite
    if any(np.isnan(array).any() for array in numbers):
        return np.zeros_like(nan)
    return nan | infinite if all(map(all_finite, numbers)) else nan


def _fits(array: Any, out: Any) -> bool:
    try:
        return bool(np.broadcast_shapes(np.shape(array), np.shape(out)) == np.shape(out))
    except ValueError:
        return False


def made_by(node: Node | None, *names: str, past: frozenset[str] = frozenset()) -> Node | None:
    """The result of one of these operations that a result is, or hands on; None if it is of another one."""
    while node is not None and node.op is not None:
        if node.op.name in names:
            return node
        if node.op.name not in _HANDED_ON and node.op.name not in past:
            return None
        node = argument(node, 0)
    return None


def argument(node: Node, position: int) -> Node | None:
    """The node of an argument; None for a constant, and what is gone."""
    return node.parents[position] if node.parents and position < len(node.parents) else None


def number(node: Node, position: int) -> float | None:
    """The argument of a result where it is one number."""
    value: Any = node.args[position] if position < len(node.args) else None
    return float(value) if is_numeric(value) and np.ndim(value) == 0 else None


def backwards(node: Node | None) -> Iterator[Node]:
    """A result, the largest of what it was made of, the largest of what that was made of, and so on."""
    while node is not None:
        yield node
        parents = [parent for parent in node.parents or () if parent is not None and is_numeric(parent.out)]
        node = max(parents, key=lambda parent: _size(parent.out), default=None)


def below(node: Node) -> Iterator[Node]:
    """A result and all that it depends on."""
    waiting, found = [node], {node}
    while waiting:
        each = waiting.pop()
        yield each
        new = [parent for parent in each.parents or () if parent is not None and parent not in found]
        found.update(new)
        waiting += new


def _size(value: Any) -> float:
    with np.errstate(all="ignore"):
        array = np.asarray(value)
        return float(np.max(np.nan_to_num(np.abs(array)))) if array.size else 0.0
