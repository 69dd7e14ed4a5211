"""Do random programs give the same numbers when they are simplified?"""

import numpy as np
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from simplify_checks import assert_same

import minigrad as mg
from minigrad.program.errors import ProgramError
from minigrad.program.simplify import simplified

# Random programs: from values whose axes have the names n and m, further values are made, and a number of all of them.

UNARY = [
    np.tanh, np.positive, np.negative, np.copy, np.square, lambda x: 2.0 * x, lambda x: x * -0.5, lambda x: 0.0 + x,
    lambda x: x * np.full(x.shape, 0.5), lambda x: x - np.ones_like(x), lambda x: 1.0 / x.size * x, lambda x: x / 4,
    lambda x: np.where(x > 0.5, x, 0.0), lambda x: np.exp(-(x**2)), lambda x: x.reshape(x.shape), lambda x: x**1,
]  # fmt: skip
BINARY = [np.add, np.subtract, np.multiply, lambda x, y: x / (2.0 + np.tanh(y)), lambda x, y: x * np.negative(y)]
REDUCTIONS = [np.sum, np.mean, np.max]


def joined_axes(shape, other):
    """The axes of a result that is broadcast; None if they do not fit."""
    length = max(len(shape), len(other))
    pairs = zip([1] * (length - len(shape)) + shape, [1] * (length - len(other)) + other, strict=True)
    found = [b if a == 1 else a if b in (1, a) else None for a, b in pairs]
    return None if None in found else found


class Step:
    """One call in a random program: what it computes, of which values, and the axes of the result."""

    def __init__(self, draw, shapes):
        kinds = ["unary", "binary", "reduced", "grown", "turned", "matmul", "joined", "tiled"]
        kind = draw(st.sampled_from(kinds))
        self.places = [draw(st.integers(0, len(shapes) - 1)), draw(st.integers(0, len(shapes) - 1))]
        shape, other = shapes[self.places[0]], shapes[self.places[1]]
        self.shape, self.function = shape, draw(st.sampled_from(UNARY))
        if kind == "binary" and joined_axes(shape, other) is not None:
            self.shape, self.function = joined_axes(shape, other), draw(st.sampled_from(BINARY))
        elif kind == "reduced" and shape:
            axis, kept = draw(st.sampled_from([None, *range(-len(shape), len(shape))])), draw(st.booleans())
            reduction = draw(st.sampled_from(REDUCTIONS))
            self.function = lambda x: reduction(x, axis=axis, keepdims=kept)
            gone = range(len(shape)) if axis is None else [axis % len(shape)]
            self.shape = [1 if place in gone else size for place, size in enumerate(shape) if kept or place not in gone]
        elif kind == "grown" and len(shape) < 3:
            axis = draw(st.integers(0, len(shape)))
            self.shape = [*shape[:axis], 1, *shape[axis:]]
            self.function = lambda x: np.expand_dims(x, axis)
        elif kind == "turned" and shape:
            self.shape, self.function = shape[::-1], draw(st.sampled_from([np.transpose, lambda x: x.T]))
            if len(shape) == 3:
                self.shape, self.function = [shape[0], shape[2], shape[1]], lambda x: np.swapaxes(x, -1, -2)
        elif kind == "matmul" and len(shape) == len(other) == 2 and shape[1] == other[0]:
            self.shape, self.function = [shape[0], other[1]], np.matmul
        elif kind == "joined" and shape == other and shape:
            self.shape, self.function = [2 * shape[0], *shape[1:]], lambda x, y: np.concatenate([x, y])
            if draw(st.booleans()):
                self.shape, self.function = [2, *shape], lambda x, y: np.stack([x, y])
        elif kind == "tiled" and joined_axes(shape, other) == other:
            self.shape, self.function = other, lambda x, y: np.broadcast_to(x, y.shape)
        else:
            kind = "unary"
        self.places = self.places[: 2 if kind in ("binary", "matmul", "joined", "tiled") else 1]


@st.composite
def programs(draw):
    shapes = [["n", "m"], ["m"], ["n", "m"], ["n", 1], []]
    steps = []
    for _ in range(draw(st.integers(2, 14))):
        steps.append(Step(draw, shapes))
        shapes.append(steps[-1].shape)

    def function(a, b, c, d, e):
        values = [a, b, c, d, e]
        for step in steps:
            values.append(step.function(*[values[place] for place in step.places]))
        return sum(np.mean(np.tanh(value)) for value in values[5:])

    return function


def inputs_of(n, m, seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, shape).astype(dtype)[()] for shape in [(n, m), (m,), (n, m), (n, 1), ()]]


@examples(15, thoroughly=25)
@given(programs(), st.sampled_from([(5, 3), (1, 3), (5, 1)]), st.sampled_from([np.float64, np.float64, np.float32]))
def test_random_programs_stay_what_they_are(function, recorded, dtype):
    program = mg.program(function, *inputs_of(*recorded, 0, dtype))
    shorter = simplified(program)
    assert len(shorter.code) <= len(program.code)
    for seed, sizes in enumerate([(5, 3), (4, 2), (1, 3), (4, 1), (1, 1)]):
        arguments = inputs_of(*sizes, seed, dtype)
        try:
            program(*arguments)
        except ProgramError:
            # The recording depends on a size, and says so.
            arguments = inputs_of(*recorded, seed, dtype)
        assert_same(program, shorter, *arguments)
