"""What is the update of a parameter for a program that takes it as one step?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.away import Memory
from minigrad.optim.arithmetic import tell, untold

# Any is an `Optimizer`, whose file imports this one.


@dataclass(frozen=True)
class Updating:
    """The update of one parameter.

    Called, it gives what the parameter and the memory of it become, and changes neither. `in_place` changes them.

    Attributes:
        optimizer: whose update it is.
        position: of the parameter among those of the optimiser.
    """

    optimizer: Any
    position: int

    # By these, a program knows it: it counts, also where nobody needs what it gives.
    is_update = True
    is_pure = False

    def __call__(self, values: Any, gradient: Any, lr: Any, *memory: Any) -> list[Any]:
        """The new values, and what is remembered with them."""
        memories = self.optimizer._memories
        before = memories[self.position]
        changed = np.array(values)
        memories[self.position] = fresh = Memory()
        fresh.update({name: np.array(each) for name, each in zip(before, memory, strict=True)})
        try:
            self.in_place(changed, gradient, lr)
            return [changed, *memories[self.position].values()]
        finally:
            memories[self.position] = before

    def in_place(self, values: NDArray[Any], gradient: Any, lr: Any) -> None:
        """Do what `Optimizer.step` does to this parameter."""
        scratch = self.optimizer._scratch[self.position]
        if gradient.dtype is not scratch.dtype:
            gradient = gradient.astype(scratch.dtype, copy=False)
        self.optimizer._update(self.position, values, gradient, scratch, float(lr))

    @property
    def is_plain_descent(self) -> bool:
        """Whether it is ``w - lr * g`` and nothing else."""
        return bool(self.optimizer._is_plain_descent)

    def is_of_the_optimizer_of(self, other: Updating) -> bool:
        """Whether both belong to one optimiser, which may have other settings for each of them."""
        return self.optimizer._own is other.optimizer._own

    def together(self, others: Sequence[Updating]) -> AllOf:
        """This update and others of the same optimiser, in one call."""
        return AllOf((self, *others))


class AllOf:
    """Several updates of an optimiser, each of which happens whole or not at all.

    Called, it gives what NumPy would tell of them, which is for `tell` when the whole step is done.
    """

    # By this, a program knows that it must not be called twice.
    is_in_place = True

    def __init__(self, updates: Sequence[Updating]) -> None:
        self._optimizer = updates[0].optimizer
        self._calls = [each.in_place for each in updates]

    def __call__(self, *arrays: Any) -> list[str]:
        """Update; given are a parameter, its gradient and its learning rate, and then the next."""
        return untold(_in_turn, list(zip(self._calls, arrays[::3], arrays[1::3], arrays[2::3], strict=True)))

    def tell(self, found: Sequence[str]) -> None:
        """Tell of overflows and the like, after the step.

        Raises:
            FloatingPointError: where `np.errstate` says "raise".
        """
        tell(f"{type(self._optimizer).__name__}.step()", found)


def _in_turn(updates: Sequence[tuple[Any, Any, Any, Any]]) -> None:
    for update, values, gradient, lr in updates:
        update(values, gradient, lr)
