"""Was a rule given another array than the one it needs, or was a part of the chain left out?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.advice import advice
from minigrad.testing.diagnosis.edges import (
    Edge,
    Share,
    by_kind,
    node_op,
    parent_of,
    passed_on,
    told,
    true_share,
    with_operands,
)
from minigrad.testing.diagnosis.evidence import Array, Evidence

_ONCE_TOO_OFTEN = "{name} is multiplied in once too often"


def part_skipped(e: Evidence) -> Finding | None:
    """The gradient of a result was passed on to something that it was computed from, as if they were the same."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    nodes = [node for node in e.tape.nodes if np.ndim(node.out)]
    leaf = e.tape.leaves[e.position]
    assert leaf is not None
    for later, earlier in e.tape.affordable(_skips(e, [*nodes, leaf])):
        if e.fits({}, (later, earlier)):
            start, end = e.tape.place(earlier), e.tape.place(later)
            text = f"the derivative of all between {start} and {end} is left out"
            return e.finding("factor.missing", text, "multiply by it", end)
    return None


def _skips(e: Evidence, nodes: list[Node]) -> Iterator[tuple[Node, Node]]:
    """Pairs of results of one shape, the later first, of which one may have been taken for the other."""
    assert e.tape is not None
    shapes: dict[tuple[int, ...], list[Node]] = {}
    for node in nodes:
        shapes.setdefault(np.shape(node.out), []).append(node)
    for number, later in enumerate(e.tape.affordable(nodes)):
        same = shapes[np.shape(later.out)]
        for earlier in e.screen.may_skip_to(later, same):
            if earlier in nodes[number + 1 :]:
                yield later, earlier


def epsilon_left_out(e: Evidence) -> Finding | None:
    """A constant that the forward pass adds, mostly a small one, is not there in what a rule uses."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    small = {node: constant for node in e.tape.nodes if (constant := _added_constant(node)) is not None}
    towards = e.tape.edges_towards(e.position)
    # One addition in a loop makes many nodes.
    at_once: dict[object, list[Node]] = {}
    for node in small:
        at_once.setdefault(e.tape.log.site(node) or node, []).append(node)
    for nodes in at_once.values():
        users = [edge for edge in towards if any(node in (edge[0].parents or ()) for node in nodes)]
        share = told({node: node.out - small[node] for node in nodes})
        if users and e.fits(dict.fromkeys(users, share)):
            place = e.tape.place(nodes[0])
            text = f"{small[nodes[0]]:g} is added in the forward pass, at {place}, and left out in the backward pass"
            rule = "epsilon.missing" if abs(small[nodes[0]]) <= 0.1 else "term.missing"
            return e.finding(rule, text, "use the same number in both", place)
    return None


def _added_constant(node: Node) -> float | None:
    if node_op(node).name != "add":
        return None
    for arg, parent in zip(node.args, node.parents or (), strict=True):
        if parent is None and np.ndim(arg) == 0 and arg != 0:
            return float(arg)
    return None


def other_step(e: Evidence) -> Finding | None:
    """In a recurrence, the operand of the next or the last step stands in the place of that of each step."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    makers: dict[int, Node] = {id(node.out): node for node in e.tape.nodes}
    for edges in e.tape.affordable(by_kind(e.tape.edges_towards(e.position))):
        for slot in range(len(edges[0][0].args)):
            steps = [(edge, np.asarray(edge[0].args[slot])) for edge in reversed(edges) if slot != edge[1]]
            made = [makers[id(array)] for _, array in steps if id(array) in makers]
            if len(steps) < 3 or len(made) < 2:
                continue
            # All results of the kind that makes these operands: the last of them is no operand of a further step.
            chain = [np.asarray(node.out) for node in reversed(e.tape.nodes) if node.op is made[0].op]
            links = {id(array): number for number, array in reversed(list(enumerate(chain)))}
            for direction, word in ((1, "next step"), (-1, "step before")):
                changes: dict[Edge, Share] = {}
                for number, (edge, array) in enumerate(steps):
                    place = links.get(id(array), -1 if number == 0 else None)
                    if place is None or not 0 <= place + direction < len(chain):
                        continue
                    args = list(edge[0].args)
                    args[slot] = chain[place + direction]
                    changes[edge] = lambda n, k, g, args=args: with_operands(n.out, args, n, k, g)  # type: ignore[misc]
                if changes and e.fits(changes):
                    place_text = e.tape.place(edges[0][0])
                    text = f"at every step, going back through {place_text}, the state of the {word} is used"
                    return e.finding("operand.replaced", text, "keep the state that went into each step", place_text)
    return None


def wrong_operand(e: Evidence) -> Finding | None:
    """A rule was given another array of the computation in the place of one that it needs, or one too many."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    values = list(e.tape.values)
    values += [(f"{name} transposed", np.swapaxes(array, -1, -2)) for name, array in values if array.ndim >= 2]
    slips = (
        (edge, name, *slip)
        for edge in e.tape.edges_towards(e.position)
        for name, array in values
        for slip in _with_array(*edge, array)
    )
    known = dict(values)
    for edge, name, rule, text, share in e.tape.affordable(slips):
        if e.fits({edge: share}):
            place = e.tape.place(edge[0])
            if text == _ONCE_TOO_OFTEN and e.tape.divides_by(known[name]):
                rule, text = "factor.missing", "it is not divided by {name}"
            return e.finding(rule, f"going back through {place}, {text.format(name=name)}", advice(rule, [edge]), place)
    return None


def _with_array(node: Node, position: int, array: Array) -> Iterator[tuple[str, str, Share]]:
    """The slips that involve one more array."""
    slots = [node.out, *node.args]
    for slot, current in enumerate(slots):
        if np.shape(current) == array.shape and not np.array_equal(current, array):
            used = [array if k == slot else value for k, value in enumerate(slots)]
            what = "the output" if slot == 0 else f"argument {slot - 1}"
            text = f"{{name}} stands in the place of {what}"
            yield "operand.replaced", text, lambda n, k, g, used=used: with_operands(used[0], used[1:], n, k, g)  # type: ignore[misc]
    if array.shape == np.shape(node.out):
        for rule, text, factor in (
            ("factor.missing", "{name}", array),
            ("factor.missing", "1 - {name}", 1.0 - array),
            ("factor.missing", "({name})**2", array * array),
            ("operand.replaced", "1 - ({name})**2", 1.0 - array * array),
            ("operand.replaced", "{name} * (1 - {name})", array * (1.0 - array)),
        ):
            only = f"g is multiplied by {text} only"
            yield rule, only, lambda n, k, g, factor=factor: passed_on(n, k, g * factor)  # type: ignore[misc]
    if array.shape == np.shape(parent_of((node, position)).out):
        yield "factor.extra", _ONCE_TOO_OFTEN, lambda n, k, g: true_share(n, k, g) * array
        yield "factor.missing", "{name} is not multiplied in", lambda n, k, g: true_share(n, k, g) / array
        yield "factor.extra", "{name}**2 is multiplied in", lambda n, k, g: true_share(n, k, g) * array**2
