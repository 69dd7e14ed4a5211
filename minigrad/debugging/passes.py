"""Which gradient of a pass back is the first that is not finite, and which rule made it?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.debugging.causes import Cause
from minigrad.debugging.fingerprints import changed_array, fingerprints
from minigrad.debugging.float16 import of_float16
from minigrad.debugging.gradient_causes import of_gradient
from minigrad.debugging.growth import Leaves, Step, along_gradients
from minigrad.debugging.inherited import given_bad_numbers
from minigrad.debugging.numbers import all_finite, described, first_place, is_numeric, size_of
from minigrad.debugging.places import users_place
from minigrad.debugging.report import Report, of_scene, report, told
from minigrad.debugging.scenes import Note, Scene, below
from minigrad.engine.graph import Node, Primitive
from minigrad.engine.recording import Observer
from minigrad.engine.shares import fitted


@dataclass(frozen=True, slots=True)
class _Use:
    """An operation that the gradient has come through, with what the graph forgets as the pass goes."""

    op: Primitive
    args: tuple[Any, ...]
    out: Any
    params: dict[str, Any]
    parents: tuple[Node | None, ...]
    note: Note | None
    gradient: Any
    finding: Report | None

    def share(self, position: int, argument: Any) -> Any:
        """What its rule gives for one argument; where that is finite, summed to its shape as the pass does."""
        rule = self.op.rule(position)
        assert rule is not None
        with np.errstate(all="ignore"):
            given = np.asarray(rule(self.gradient, self.out, *self.args, **self.params))
            return fitted(given, np.asarray(argument), self.op, position) if all_finite(given) else given


class PassWatcher(Observer):
    """Looks at the gradients of one pass back.

    A gradient that is not finite is told when it arrives where somebody wants it: a leaf above all. On the way there
    it may be left out, as by `mg.where`, and then it does no harm.

    Args:
        leaves: what is known of leaves from earlier passes.
        wanted: the nodes whose gradients are asked for; None for leaves.
    """

    def __init__(self, leaves: Leaves, wanted: Collection[Node] | None) -> None:
        self._leaves, self._wanted = leaves, wanted
        self._started = users_place()
        # What has used a node, until the gradient has arrived there.
        self._uses: dict[Node, list[tuple[_Use, int]]] = {}
        self._sizes: list[Step] = []
        # Those that were used by what the pass has come through.
        self._leaves_met: dict[Node, None] = {}
        self._running: tuple[Note | None, str] = None, ""

    def result(self, node: Node) -> None:
        """Note what a rule, or a hook, has computed in a recorded pass."""
        # What a rule computes on the way is looked at when its gradient has arrived.
        place, rule_of = users_place(), ""
        if place == self._started:
            note, rule_of = self._running
            place = note.place if note is not None else None
        node.seen = Note(place, rule_of, fingerprints(node))

    def cotangent(self, node: Node, gradient: Any) -> None:
        """Look at a gradient that has arrived, and raise for what is not finite and wanted, or has changed."""
        gradient = getattr(gradient, "_array", gradient)
        if not is_numeric(gradient) or not is_numeric(node.out):
            return
        uses = self._uses.pop(node, [])
        note = node.seen if type(node.seen) is Note else None
        if note is not None:
            _check_unchanged(node, note)
        if not uses and node.op is not None and np.size(node.out) == 1 and not all_finite(node.out):
            raise given_bad_numbers(node, self._leaves).error()
        finding = None if all_finite(gradient) else self._finding(node, gradient, uses)
        if finding is not None and self._is_wanted(node):
            raise finding.error()
        if node.op is None:
            self._leaves.note(node)
            return
        self._running = note, node.op.name
        self._sizes.append((node.op.name, note.place if note is not None else None, size_of(gradient)))
        parents = node.parents or ()
        use = _Use(node.op, tuple(node.args), node.out, node.params, parents, note, gradient, finding)
        for position, parent in enumerate(parents):
            if parent is not None:
                if parent.op is None:
                    self._leaves_met[parent] = None
                self._uses.setdefault(parent, []).append((use, position))

    def _is_wanted(self, node: Node) -> bool:
        return node in self._wanted if self._wanted is not None else node.op is None or node.keeps_grad

    def _finding(self, node: Node, gradient: Any, uses: list[tuple[_Use, int]]) -> Report:
        """What to say of a gradient that is not finite."""
        total: Any = 0.0
        for use, position in uses:
            share = use.share(position, node.out)
            if all_finite(share):
                with np.errstate(over="ignore"):
                    total = total + share
                continue
            if use.finding is not None:
                return use.finding
            return self._made_by(use, position, share)
        what = f"the gradient of {node.describe()}"
        latest = uses[-1][0] if uses else None
        if node.hooks and all_finite(total):
            cause = Cause(
                "hook",
                f"a hook of {node.describe()} was given finite numbers, and returned NaN or infinity",
                "look at the function that was given to register_hook",
            )
        elif latest is None:
            cause = Cause(
                "bad seed",
                "the seed of the pass back was not finite",
                "look where backward(seed) gets its numbers from",
            )
        else:
            cause = Cause(
                "overflow",
                f"{len(uses)} gradients are added there, which are finite, and their sum is not",
                "scale the loss or the numbers down",
            )
        place = latest.note.place if latest is not None and latest.note is not None else self._started
        name = latest.op.name if latest is not None else ""
        return report(f"{what} is not finite", [described(gradient)], cause, name, place)

    def _made_by(self, use: _Use, position: int, share: Any) -> Report:
        index = first_place(~np.isfinite(share))
        scene = Scene(
            use.op, use.args, use.out, use.params, use.parents, use.note, share, index, position, use.gradient
        )
        cause = of_gradient(scene)
        if cause.is_overflow:
            rule, given = use.op.rule(position), (use.gradient, use.out, *use.args)
            assert rule is not None
            leaves = [
                *self._leaves_met,
                *(leaf for parent in use.parents if parent is not None for leaf in below(parent)),
            ]
            grown = self._leaves.grown(leaves) or along_gradients(self._sizes)
            cause = grown or of_float16("gradient", share, rule, given, use.params) or cause
        return of_scene(scene, cause)


def _check_unchanged(node: Node, note: Note) -> None:
    """Refuse to go back through an operation whose arrays have changed.

    Raises:
        RuntimeError: with the line that used them.
    """
    changed = changed_array(node, note.fingerprints)
    if changed is not None and node.op is not None:
        name, array = changed
        raise RuntimeError(
            f"{name} of {node.op.name}, {told(note.place)}, was changed before the backward pass, which needs "
            f"its old values; give {node.op.name} a copy of it (array.copy()), or write to it after backward()\n"
            f"  it is now: {described(array)}"
        )
