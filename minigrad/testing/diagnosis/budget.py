"""How much may still be tried in search of explanations?"""

from __future__ import annotations

# What all explanations of one check may cost; one rule of a small operation that is evaluated is 1. It is counted
# and not timed, so that the same code always gets the same explanation. All of it takes 3 seconds or so.
IN_ALL = 90_000
# What a call of the user's function costs if nothing is known of it, and what each operation adds if it is recorded.
CALL = 20.0
PER_OPERATION = 0.4


class Budget:
    """What the explanations of one check have cost, for all its leaves together.

    Attributes:
        spent: in evaluations of a rule.
        call: the cost of one call of the user's function, forward or backward.
    """

    def __init__(self) -> None:
        self.spent = 0.0
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
        if not self.allows(count * self.call):
            return False
        self.spend(count * self.call)
        return True
