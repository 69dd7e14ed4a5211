"""Did one operation send back what a common slip would send?"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.advice import advice
from minigrad.testing.diagnosis.edges import Share, node_op, passed_on, true_share, with_operands
from minigrad.testing.diagnosis.evidence import Array, Evidence
from minigrad.testing.diagnosis.tape import WORK


def local_mistake(e: Evidence, among: Collection[Any] = ()) -> Finding | None:
    """One operation, or all of its kind, sent back what a common slip would send; one of those `among`, if given."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    groups = e.tape.groups(e.tape.edges_towards(e.position))
    groups = [group for group in groups if not among or node_op(group[0][0]) in among]
    looped = [group for group in groups if len(group) > 1 and e.tape.log.site(group[0][0]) is not None]
    others = [group for group in groups if group not in looped]
    # Where one turn feeds the next, every slip has to be sent all the way back: those last.
    feeding = [group for group in looped if e.screen.feed(tuple(group))]
    apart = [group for group in looped if group not in feeding]
    # What happens in a loop first: each of its turns by itself is hardly ever the place of a mistake.
    candidates = [(slip, group) for part in (apart, feeding, others) for slip in SLIPS for group in part]
    # These are what people do most often: they may cost more than another search.
    for (name, text, share), group in e.tape.affordable(candidates, 3 * WORK):
        if e.fits(dict.fromkeys(group, share)):
            place = e.tape.places(group)
            return e.finding(name, text.format(place=place), advice(name, group), place)
    return None


def _twice(node: Node, position: int, g: Array) -> Array:
    return true_share(node, position, true_share(node, position, g))


def _input_for_output(node: Node, position: int, g: Array) -> Array:
    return with_operands(node.args[position], list(node.args), node, position, g)


def _output_for_input(node: Node, position: int, g: Array) -> Array:
    args = [node.out if np.shape(arg) == np.shape(node.out) else arg for arg in node.args]
    return with_operands(node.out, args, node, position, g)


def _exchanged(node: Node, position: int, g: Array) -> Array:
    args = list(node.args[::-1])
    return with_operands(node_op(node).forward(*args, **node.params), args, node, position, g)


def _others(change: Callable[[Array], Array]) -> Share:
    """The rule, with the other array arguments rearranged."""

    def share(node: Node, position: int, g: Array) -> Array:
        args = [change(arg) if k != position and np.ndim(arg) >= 2 else arg for k, arg in enumerate(node.args)]
        return with_operands(node.out, args, node, position, g)

    return share


def _complement(node: Node, position: int, g: Array) -> Array:
    args = [_one_minus(arg) if k != position else arg for k, arg in enumerate(node.args)]
    return with_operands(node.out, args, node, position, g)


def _output_complement(node: Node, position: int, g: Array) -> Array:
    return with_operands(1.0 - node.out, list(node.args), node, position, g)


def _one_minus(array: Array) -> Array:
    if not np.ndim(array):
        return array
    return ~array if array.dtype == bool else 1 - array


def _only(factor: Callable[[Array], Array]) -> Share:
    """A function of the output in the place of the rule of an activation."""

    def share(node: Node, position: int, g: Array) -> Array:
        if node_op(node).name not in ("tanh", "sigmoid", "erf", "ndtr"):
            raise ValueError("the derivative of this is not told by its output")
        return passed_on(node, position, g * factor(node.out))

    return share


def _rearranged(change: Callable[[Array], Array]) -> Share:
    return lambda node, position, g: change(true_share(node, position, g))


def _swapped(x: Array) -> Array:
    return np.swapaxes(x, -1, -2)


def _reversed(x: Array) -> Array:
    return np.flip(x, (-2, -1))


SLIPS: list[tuple[str, str, Share]] = [
    ("factor.missing", "the derivative of {place} is left out: g is passed on unchanged", passed_on),
    ("factor.extra", "the derivative of {place} is multiplied in twice", _twice),
    ("operand.replaced", "the derivative of {place} is taken of its input instead of its output", _input_for_output),
    ("operand.replaced", "the derivative of {place} is taken at its output instead of its input", _output_for_input),
    ("operand.replaced", "the derivative of {place} is taken with its arguments exchanged", _exchanged),
    ("operand.replaced", "going back through {place}, 1 - x stands in the place of the other operand x", _complement),
    ("operand.replaced", "going back through {place}, 1 - out stands in the place of out", _output_complement),
    ("factor.missing", "going back through {place}, g is multiplied by out only", _only(lambda x: x)),
    ("factor.missing", "going back through {place}, g is multiplied by 1 - out only", _only(lambda x: 1 - x)),
    ("operand.replaced", "the derivative of {place} is taken for that of tanh: 1 - out**2", _only(lambda x: 1 - x * x)),
    ("operand.replaced", "the derivative of {place} is taken for that of sigmoid: out * (1 - out)",
     _only(lambda x: x * (1 - x))),
    ("operand.transposed", "going back through {place}, the other operand should be transposed", _others(_swapped)),
    ("operand.flipped", "going back through {place}, the other operand should be flipped", _others(_reversed)),
    ("layout.transposed", "what comes back through {place} should be transposed", _rearranged(_swapped)),
    ("layout.flipped", "what comes back through {place} should be flipped", _rearranged(_reversed)),
]  # fmt: skip
