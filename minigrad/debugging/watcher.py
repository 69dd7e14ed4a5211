"""Which value is the first that is not finite?"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from minigrad.debugging.causes import Cause
from minigrad.debugging.fingerprints import fingerprints
from minigrad.debugging.float16 import of_float16
from minigrad.debugging.formulas import STABLE
from minigrad.debugging.growth import Leaves, along_values
from minigrad.debugging.inherited import given_bad_numbers
from minigrad.debugging.numbers import all_finite, first_place, is_numeric
from minigrad.debugging.origins import is_read, spoilt_leaf
from minigrad.debugging.passes import PassWatcher
from minigrad.debugging.places import users_place
from minigrad.debugging.report import Report, of_scene
from minigrad.debugging.scenes import Note, Scene, below, created
from minigrad.debugging.value_causes import of_value
from minigrad.engine.graph import Node
from minigrad.engine.recording import Observer


class Watcher(Observer):
    """Looks at every value that is recorded, and lets a `PassWatcher` look at the gradients of each pass back."""

    def __init__(self) -> None:
        self.leaves = Leaves()

    def result(self, node: Node) -> None:
        """Note where a result comes from, and raise where it is the first that is not finite."""
        node.seen = Note(users_place(), "", fingerprints(node))
        if not is_numeric(node.out) or all_finite(node.out):
            return
        leaf = spoilt_leaf(node)
        if leaf is not None and self.leaves.was_finite(leaf):
            raise given_bad_numbers(node, self.leaves).error()
        places = created(node.op, tuple(node.args), node.params, node.out)  # type: ignore[arg-type]  # not of a leaf
        if places.any():
            raise self._made_by(node, first_place(places)).error()
        if np.isnan(node.out).any() and is_read(node):
            raise given_bad_numbers(node, self.leaves).error()

    def of_pass(self, wanted: Collection[Node] | None) -> Observer:
        """Who looks at the gradients of a pass."""
        return PassWatcher(self.leaves, wanted)

    def _made_by(self, node: Node, index: tuple[int, ...]) -> Report:
        assert node.op is not None
        scene = Scene(node.op, tuple(node.args), node.out, node.params, node.parents or (), node.seen, node.out, index)
        cause = of_value(scene)
        if cause.is_overflow:
            cause = self.leaves.grown(below(node)) or along_values(node) or _in_float16(scene, cause)
        return of_scene(scene, cause)


def _in_float16(scene: Scene, cause: Cause) -> Cause:
    if cause.name in STABLE:
        return cause
    return of_float16("result", scene.out, scene.op.forward, scene.arrays, scene.params) or cause
