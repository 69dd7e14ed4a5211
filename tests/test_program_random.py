"""Random functions: the program of each gives what the tape gives, at other values and other sizes."""

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from program_checks import assert_same, executed
from random_programs import ELEMENTWISE, ENDS, Function, arguments, functions

import minigrad as mg
from minigrad.program.errors import ProgramError


def by_the_tape(function, given):
    """The value, and the gradients by the arrays of floats."""
    tensors = [mg.Tensor(array, requires_grad=array.dtype.kind == "f") for array in given]
    out = function(*tensors)
    found = mg.gradients(out, tensors[:-1])
    zeros = [np.zeros(array.shape) for array in given]
    return [out.numpy(), *(nothing if g is None else g.numpy() for g, nothing in zip(found, zeros, strict=False))]


def check(function, recorded_with, others, seed):
    rng = np.random.default_rng(seed)
    try:
        program = mg.program(function, *arguments(rng, *recorded_with), wrt=["x", "W", "b", "y"])
    except ProgramError as error:
        # One of x[x > 0] at very few elements.
        if "how many elements there are depends on values" not in str(error):
            raise
        return
    source = executed(program)
    for sizes in others:
        drawn = arguments(rng, *sizes)
        with np.errstate(all="ignore"):
            expected = by_the_tape(function, drawn)
            try:
                got = program(*drawn)
            except ProgramError:
                # The function does something of its own at one of the sizes.
                continue
            assert_same(got, expected, 1e-11)
            assert_same(source(*drawn), expected, 1e-11)


# How the sizes of one are met: by none, by the rows, by the columns, by both.
SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4))


@examples(30, thoroughly=60)
@given(functions, SIZES, st.lists(SIZES, min_size=2, max_size=3), st.integers(0, 2**32 - 1))
def test_composed_at_random(function, recorded_with, others, seed):
    check(function, recorded_with, others, seed)


@pytest.mark.parametrize("step", ["layer", "residual", *ELEMENTWISE])
def test_every_step(step):
    check(Function(["layer", step], "sum"), (4, 3), [(5, 2), (2, 5), (3, 3)], 0)


@pytest.mark.parametrize("end", ENDS)
def test_every_end(end):
    check(Function(["layer", "tanh"], end), (4, 3), [(5, 3), (2, 4), (3, 3)], 0)
