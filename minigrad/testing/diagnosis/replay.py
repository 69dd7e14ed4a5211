"""Which gradient would follow if a result of the forward pass, or one of its constants, had been another?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.engine.graph import Node
from minigrad.engine.shares import fitted
from minigrad.testing.diagnosis.edges import Array, edges_of, node_op, parent_of, true_share, with_operands
from minigrad.testing.diagnosis.evidence import Evidence
from minigrad.testing.diagnosis.tape import Tape

# A node, and which of its arguments is a constant.
Place = tuple[Node, int]
# Up to so many samples are put in the place of all others, one after the other.
SAMPLES = 64


def replayed(
    tape: Tape, position: int, constants: Mapping[Place, Any], results: Mapping[Node, Array] | None = None
) -> Array | None:
    """The gradient of a leaf where all that uses some constants, or some results, is computed with others.

    Args:
        tape: of the right computation.
        position: of the leaf.
        constants: the others, by where they are used.
        results: the others, by the node that they belong to: an input, or a result.
    """
    made: dict[Node, Array] = dict(results or {})
    used: dict[Node, list[Array]] = {}
    for node in reversed(tape.nodes):
        parents = node.parents or (None,) * len(node.args)
        args = [
            constants.get((node, slot), arg) if parent is None else made.get(parent, parent.out)
            for slot, (arg, parent) in enumerate(zip(node.args, parents, strict=True))
        ]
        changed = any((node, slot) in constants for slot in range(len(args)))
        if node not in made and (changed or any(parent in made for parent in parents if parent is not None)):
            made[node] = np.asarray(node_op(node).forward(*args, **node.params))
            used[node] = args
    arrived: dict[Node, Array] = {tape.root: tape.seed}
    for node in tape.nodes:
        if node not in arrived:
            continue
        for edge in edges_of(node):
            if edge in tape.pruned:
                continue
            if node in used:
                share = with_operands(made[node], used[node], node, edge[1], arrived[node])
            else:
                share = true_share(*edge, arrived[node])
            parent = parent_of(edge)
            share = fitted(np.asarray(share), parent.out, node_op(node), edge[1])
            arrived[parent] = share if parent not in arrived else arrived[parent] + share
    leaf = tape.leaves[position]
    return None if leaf is None or leaf not in arrived else np.asarray(arrived[leaf])


def broadcast_on_tape(e: Evidence) -> str | None:
    """Of which array each element met all samples, where a column and a row were combined; None where that is not so.

    Then each column of the claimed gradient is the right one for an array that is the same for all samples.
    """
    if e.tape is None:
        return None
    for where, array in _per_sample(e.tape):
        if array.size > SAMPLES or e.actual.size != e.truth.size * array.size:
            continue
        for axis in {0, e.actual.ndim - 1}:
            columns = np.moveaxis(e.actual, axis, 0)
            if len(columns) == array.size and _fits_columns(e, where, array, columns):
                if isinstance(where, Node):
                    return e.tape.place(where)
                return f"what goes into {e.tape.place(where[0])}"
    return None


def _per_sample(tape: Tape) -> list[tuple[Node | Place, Array]]:
    """The results, inputs and constants that have one number for each sample, and where they are."""
    leaves = {parent_of(edge): None for node in tape.nodes for edge in edges_of(node)}
    nodes = [*tape.nodes, *(leaf for leaf in leaves if leaf.op is None)]
    arrays: list[tuple[Node | Place, Array]] = [(node, np.asarray(node.out)) for node in nodes]
    for node in tape.nodes:
        slots = enumerate(zip(node.args, node.parents or (), strict=True))
        arrays += [((node, slot), np.asarray(arg)) for slot, (arg, parent) in slots if parent is None]
    return [(where, array) for where, array in arrays if 1 < array.size == max(array.shape)]


def _fits_columns(e: Evidence, where: Node | Place, array: Array, columns: Array) -> bool:
    assert e.tape is not None
    values = array.reshape(-1)
    for factor in (1.0, 1.0 / len(values)):
        for value, column in zip(values, columns, strict=True):
            try:
                other = np.full_like(array, value)
                constants, results = ({}, {where: other}) if isinstance(where, Node) else ({where: other}, {})
                found = replayed(e.tape, e.position, constants, results)
            except Exception:
                # An operation may not take what it was not given.
                return False
            if found is None or not e.close(factor * found.reshape(-1), column.reshape(-1), e.tolerance):
                break
        else:
            return True
    return False
