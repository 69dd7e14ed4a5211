"""Where did a bad number come from, if no operation that was watched has made it?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.debugging.numbers import is_hollow, is_numeric
from minigrad.debugging.scenes import Note
from minigrad.engine.graph import Node, values_read


class Origin(NamedTuple):
    """Where it came from.

    Attributes:
        node: the operation that was given it first.
        position: as which of its arguments; None for a parameter.
        told: in words.
        leaf: the node of it, if it was a leaf.
    """

    node: Node
    position: int | None
    told: str
    leaf: Node | None


def origin(node: Node) -> Origin:
    """Where the NaN of a result came from, or the infinities if there is no NaN."""
    bad = np.isnan if np.isnan(node.out).any() else np.isinf
    while True:
        found = _bad_argument(node, bad)
        if found is None:
            return Origin(node, None, "a parameter", None)
        position, parent = found
        if parent is None:
            return Origin(node, position, "a constant", None)
        if parent.op is None:
            return Origin(node, position, parent.describe(), parent)
        if type(parent.seen) is not Note:
            told = f"{parent.describe()}, which was computed outside of the block of mg.debug(),"
            return Origin(node, position, told, None)
        node = parent


def _bad_argument(node: Node, bad: Any) -> tuple[int, Node | None] | None:
    for position, array in enumerate(node.args):
        if is_numeric(array) and not is_hollow(array) and bad(array).any():
            return position, node.parents[position] if node.parents else None
    return None


def is_read(node: Node) -> bool:
    """Whether a rule will read NaN of an operation, so that it will be in a gradient, too."""
    assert node.op is not None
    read = values_read(node.op, node.parents or ())
    if read is None or -1 in read:
        return True
    return any(is_numeric(node.args[position]) and np.isnan(node.args[position]).any() for position in read)


def spoilt_leaf(node: Node) -> Node | None:
    """A leaf among the arguments that holds NaN or infinity."""
    for array, parent in zip(node.args, node.parents or (), strict=True):
        if parent is not None and parent.op is None and is_numeric(array) and not np.isfinite(array).all():
            return parent
    return None
