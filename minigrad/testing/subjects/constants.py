"""Why has this value no gradient: is it a constant, or was its gradient left out?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.testing.subjects.function_passes import FunctionPasses
from minigrad.testing.subjects.gradient_names import agreement
from minigrad.testing.subjects.held import arrays_in, lent
from minigrad.testing.subjects.inputs import Leaf, is_below
from minigrad.testing.subjects.layer_parameters import Parameter
from minigrad.testing.subjects.reachable import is_library
from minigrad.testing.subjects.roles import is_data, is_parameter, is_running, is_target


class Constants:
    """What is known about values without a gradient.

    Args:
        passes: the functions.
        wrt: the names of what has to have a gradient; None where nothing is said.
        is_scalar: whether the only output is one number.
        has_upstream: whether the backward pass takes an upstream gradient.
    """

    def __init__(self, passes: FunctionPasses, wrt: Sequence[str] | None, is_scalar: bool, has_upstream: bool) -> None:
        self.passes, self.wrt = passes, wrt
        self.is_scalar, self.has_upstream = is_scalar, has_upstream

    def is_wanted(self, name: str) -> bool:
        """Whether `wrt` does not leave it out."""
        return self.wrt is None or any(is_below(name, each) or name.endswith(f".{each}") for each in self.wrt)

    def ease(self, leaf: Leaf) -> float:
        """How easily an input has no gradient; above 10, whatever the shapes of the gradients say."""
        usual = self._usual_ease(leaf)
        if self.wrt is None:
            return usual
        # What wrt= names has a gradient rather than what it leaves out, but for what the shapes say.
        return 0.0 if self.is_wanted(leaf.name) else max(usual, 9.0)

    def _usual_ease(self, leaf: Leaf) -> float:
        if self._is_target(leaf):
            return 20.0
        if self.needs_no_gradient(leaf):
            return 15.0
        return 12.0 if self._is_loss and is_data(leaf.name) else 0.0

    def needs_no_gradient(self, leaf: Leaf) -> bool:
        """Whether an input is mostly a constant: a plain number, or a running statistic."""
        return self._is_number(leaf) or is_running(leaf.name)

    def reason(self, leaf: Leaf, is_model: bool) -> str:
        """Why an input without a gradient is constant; empty where it is not.

        Args:
            leaf: the input.
            is_model: whether there are gradients of the parameters of an object.
        """
        if self.wrt is not None:
            return "" if self.is_wanted(leaf.name) else "wrt= leaves it out"
        if self._is_number(leaf):
            return f"{self.passes.backward_name} gives no gradient"
        if is_running(leaf.name):
            return "running statistic"
        if self._is_target(leaf):
            return "target"
        if (is_model and not is_parameter(leaf.name)) or (self._is_loss and is_data(leaf.name)):
            return "data"
        return "" if self._matters(leaf) else "the output does not depend on it, or it is written to"

    @property
    def _is_loss(self) -> bool:
        return self.is_scalar and not self.has_upstream

    def _is_target(self, leaf: Leaf) -> bool:
        """Whether it is what a loss compares with; a letter alone says so for a loss only."""
        return is_target(leaf.name) and (self.is_scalar or not self.has_upstream or len(leaf.name) > 3)

    def _is_number(self, leaf: Leaf) -> bool:
        """Whether it was given as a plain number."""
        return isinstance(self.passes.inputs.given.get(leaf.name), float)

    def _matters(self, leaf: Leaf) -> bool:
        """Whether the output depends on an input, which the forward pass leaves as it is."""
        leaves = self.passes.inputs.leaves
        values = [each.value for each in leaves]
        position = next(i for i, each in enumerate(leaves) if each.name == leaf.name)
        given = [value.copy() for value in values]
        before = [np.array(array) for array in self.passes.arrays(self.passes.passed(given))]
        if not np.array_equal(given[position], values[position], equal_nan=True):
            return False
        values[position] = values[position] * 1.01 + 0.01
        return self._differs(before, values)

    def _differs(self, before: Sequence[Any], values: Sequence[Any]) -> bool:
        try:
            return any(not np.array_equal(*each) for each in zip(before, self.passes.outputs(values), strict=True))
        except Exception:
            # A forward pass that fails with other values surely reads them.
            return True

    def arrays_that_matter(self, gradients: Sequence[str]) -> list[Parameter]:
        """What the object, of which the forward pass is a method, keeps in arrays that the output depends on.

        What a forward pass replaces is a cache. What is kept in several places has the name that one of the gradients
        is known by.
        """
        owner = self.passes.owner
        if owner is None or is_library(owner):
            return []
        values = [leaf.value for leaf in self.passes.inputs.leaves]
        before = self.passes.outputs(values)
        kept = {each.name: each.held for each in arrays_in(owner)}
        self.passes.outputs(values)
        found = []
        for each in arrays_in(owner):
            if kept.get(each.name) is not each.held:
                continue
            # Not a shift, which a softmax and others do not answer to.
            rng = np.random.default_rng(0)
            other = each.start * rng.uniform(0.8, 1.2, each.start.shape) + rng.uniform(0.05, 0.1, each.start.shape)
            with lent(owner, [each], [other.astype(each.start.dtype)]):
                if self._differs(before, values):
                    each.name = max((p.path for p in each.places), key=lambda path: _best_agreement(gradients, path))
                    found.append(each)
        return found


def _best_agreement(names: Sequence[str], path: str) -> int:
    return max((agreement(name, path, same=True) for name in names), default=0)
