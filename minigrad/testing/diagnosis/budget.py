"""How much may still be tried in search of explanations?"""

from __future__ import annotations

# What all explanations of one check may cost; one rule of a small operation that is evaluated is 1. It is counted
# and not timed, so that the same code always gets the same explanation. All of it takes 2 to 3 seconds.
IN_ALL = 65_000
# What calls of the user's function may cost besides, for Jacobians above all: about 2 seconds.
IN_CALLS = 60_000
# What a call of the user's function costs if nothing is known of it, and what each operation adds if it is recorded.
CALL = 20.0
PER_OPERATION = 0.03


class Budget:
    """What the explanations of one check have cost, for all its leaves together.

    Attributes:
        spent: in evaluations of a rule.
        called: on calls of the user's function, in the same unit.
        call: the cost of one call of the user's function, forward or backward.
    """

    def __init__(self) -> None:
        self.spent = 0.0
        self.called = 0.0
        self.call = CALL

    def spend(self, work: float) -> None:
        """Note that something was tried."""
        self.spent += work

    def knows(self, operations: int) -> None:
        """Note how many operations the user's function consists of."""
        self.call = CALL / 4 + PER_OPERATION * operations

    def allows(self, work: float) -> bool:
        """Whether there is so much left."""
        return self.spent + work <= IN_ALL

    def allows_calls(self, count: int) -> bool:
        """Note that the user's function is called so many times, if that much is left."""
        if self.called + count * self.call > IN_CALLS:
            return False
        self.called += count * self.call
        return True
