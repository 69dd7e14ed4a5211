"""How is a mistake in a backward pass noted down, with the rule by which it is to be explained?"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Function:
    name: str
    forward: Callable  # forward(*inputs) -> array
    right: Callable  # backward(g, out, *inputs) -> one gradient per float input, None for integer inputs
    inputs: Callable  # inputs(rng) -> tuple of arrays


@dataclass(frozen=True)
class Mistake:
    name: str
    forward: Callable
    right: Callable
    wrong: Callable  # as right, with one realistic mistake
    inputs: Callable
    expected: str  # the id of the rule that explains it
    leaf: str  # the parameter of forward whose gradient is wrong


FUNCTIONS: list[Function] = []
MISTAKES: list[Mistake] = []


def function(name, forward, right, inputs, *rows):
    """A function, and a mistake for each row of (name, leaf, expected, gradient of that leaf)."""
    FUNCTIONS.append(Function(name, forward, right, inputs))
    mistakes(FUNCTIONS[-1], *rows)
    return FUNCTIONS[-1]


def mistake(of, name, leaf, expected, gradient):
    """The right backward pass, with another gradient for one leaf."""
    position = list(inspect.signature(of.forward).parameters).index(leaf)

    def wrong(g, out, *inputs):
        gradients = list(of.right(g, out, *inputs))
        gradients[position] = gradient(g, out, *inputs)
        return tuple(gradients)

    whole_mistake(of, name, leaf, expected, wrong)


def mistakes(of, *rows):
    """One mistake for each (name, leaf, expected, gradient)."""
    for row in rows:
        mistake(of, *row)


def whole_mistake(of, name, leaf, expected, wrong):
    """A backward pass that goes wrong as a whole: in what it returns, or in what it writes to."""
    MISTAKES.append(Mistake(f"{of.name}: {name}", of.forward, of.right, wrong, of.inputs, expected, leaf))


def normal(*shapes, scale=1.0):
    return lambda rng: tuple(scale * rng.standard_normal(shape) for shape in shapes)


def positive(*shapes):
    """Far from 0, where logarithms and quotients end, and from 1, where logarithms vanish."""
    return lambda rng: tuple(rng.choice([0.3, 1.2], shape) + rng.uniform(0.0, 0.5, shape) for shape in shapes)


def distinct(*shape):
    """Without ties, and without neighbours closer than a step of finite differences."""
    return lambda rng: (rng.permutation(np.linspace(-2.0, 2.1, np.prod(shape))).reshape(shape),)
