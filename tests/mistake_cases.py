"""How is a mistake noted down by somebody who does not know the rules that are to explain it?"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Blind:
    name: str
    forward: Callable  # forward(*inputs) -> array
    right: Callable  # backward(g, out, *inputs) -> one gradient per float input, None for integer inputs
    wrong: Callable  # as right, written again with one realistic mistake
    inputs: Callable  # inputs(rng) -> tuple of arrays
    expected: tuple[str, ...]  # the ids of the rules that tell the truth about it, the best one first
    leaf: str  # a parameter of forward whose gradient is wrong


OPEN: list[Blind] = []  # whoever writes rules may look at these
HELD_OUT: list[Blind] = []  # and must not look at these, so that they measure the rules


def slip(cases, of, leaf, *expected):
    """Note down the decorated backward pass of a function as a mistake, by its name."""

    def note(wrong):
        name = f"{of.name}: {wrong.__name__.replace('_', ' ')}"
        cases.append(Blind(name, of.forward, of.right, wrong, of.inputs, expected, leaf))
        return wrong

    return note


def held_apart(*shape, gap=0.2):
    """Values without ties, and none of them near a kink at 0."""

    def inputs(rng):
        values = rng.standard_normal(shape)
        return values + gap * ((values > 0) * 2.0 - 1.0)

    return inputs
