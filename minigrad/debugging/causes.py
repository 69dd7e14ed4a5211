"""What is the usual cause of a bad number, and what to write instead?"""

from __future__ import annotations

from dataclasses import dataclass

from minigrad.debugging.formulas import STABLE


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a number went bad.

    Attributes:
        name: in a few words.
        why: in a sentence.
        cure: what to write.
        is_overflow: whether it is that a number grew too large, which may have begun elsewhere.
    """

    name: str
    why: str
    cure: str
    is_overflow: bool = False


def formula(name: str, why: str, is_overflow: bool = False) -> Cause:
    """A well-known formula was written out."""
    return Cause(name, why, STABLE[name], is_overflow)


# What is called on harmless numbers, where it is no function of one argument.
_CALLED = {"divide": "y / safe", "power": "safe ** p", "remainder": "y % safe"}


def double_where(why: str, operation: str) -> Cause:
    """A place that is left out afterwards."""
    called = _CALLED.get(operation, f"mg.{operation}(safe)")
    return Cause(
        "double where",
        why,
        "put a harmless number in the places that are left out before the operation, and where() again after it: "
        f"safe = mg.where(mask, x, 0.5); mg.where(mask, {called}, other)",
    )


def std_of_a_constant() -> Cause:
    """Numbers that do not vary are divided by how much they do."""
    return Cause(
        "std of a constant",
        "all values along an axis are equal, so that their standard deviation is 0",
        "divide by mg.sqrt(variance + 1e-5), or leave columns out that do not vary; mg.std has the gradient 0 there",
    )


def norm_at_zero(why: str) -> Cause:
    """The length of a vector of zeros."""
    return Cause(
        "norm at 0",
        why,
        "write mg.norm(x), whose gradient is 0 there; to divide by it, add a small number: x / (mg.norm(x) + 1e-12)",
    )
