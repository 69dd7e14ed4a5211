"""Every operation, recorded at one draw of its examples, runs at another draw and at other sizes, or is refused."""

import re
import warnings

import effort
import numpy as np
import pytest
from operation_checks import BUILTIN, Call, rng_for
from program_checks import assert_same, at_other_sizes, by_the_tape, executed

import minigrad as mg
from minigrad.engine.graph import ancestors
from minigrad.program.errors import ProgramError

# What cannot be recorded, and why.
REFUSED = {
    "trim_zeros": "how many elements are left depends on values",
    "polymul": "leading zeros are taken away, as trim_zeros does",
}
REFUSED_TWICE = REFUSED
# Where rounding is larger, because singular values come close to each other at one of the draws.
ROUNDING = {"right_vectors": 1e-11}


def first_order(call):
    """A number that depends on every element of the result."""
    return lambda *arrays: np.sum(np.sin(call(*arrays)))


def second_order(call):
    """A number that depends on every element of every gradient."""

    def function(*arrays):
        slopes = mg.grad(first_order(call), argnums=tuple(range(len(arrays))))(*arrays)
        return sum(np.sum(np.sin(slope)) for slope in slopes)

    return function


def calls(operation, example):
    """The same call at two draws of its floating-point arrays."""
    first, second = (Call(operation, example, rng_for(operation, salt)) for salt in range(2))
    second.args = [
        theirs if isinstance(theirs, list) or (isinstance(theirs, np.ndarray) and theirs.dtype == np.float64) else mine
        for mine, theirs in zip(first.args, second.args, strict=True)
    ]
    return first, second


def recorded_steps(function, arrays):
    """The names of the operations that a call records, in their order."""
    out = function(*[mg.Tensor(array, requires_grad=True) for array in arrays])
    nodes = ancestors([out._node]) if isinstance(out, mg.Tensor) and out.requires_grad else []
    return tuple(node.op.name for node in sorted(nodes, key=lambda node: node.order) if node.op is not None)


def telling_calls(operation, order):
    """The calls at the examples; to second order, one of those that record the same operations tells of the others."""
    seen = set()
    for example in operation.examples:
        first, second = calls(operation, example)
        if not first.arrays:
            continue
        if order is second_order and not effort.thorough:
            steps = recorded_steps(order(first), first.arrays)
            if steps in seen:
                continue
            seen.add(steps)
        yield first, second


def check(operation, order):
    within = ROUNDING.get(operation.name, 1e-12)
    for first, second in telling_calls(operation, order):
        program = mg.program(order(first), *first.arrays, wrt=list(range(len(first.arrays))))
        source = executed(program)
        expected = by_the_tape(order(second), second.arrays)
        assert_same(program(*second.arrays), expected, within)
        assert_same(source(*second.arrays), expected, within)
        larger, single = lambda size, position: size + 1 + position, lambda size, position: 1
        for change in (larger, single) if order is first_order or effort.thorough else (larger,):
            arrays = at_other_sizes(program, second.arrays, rng_for(operation, 2), change)
            if arrays is None:
                continue
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("error")
                    expected = by_the_tape(order(first), arrays)
            except (ValueError, IndexError, TypeError, np.linalg.LinAlgError, RuntimeWarning):
                # The operation itself does not take such sizes.
                continue
            try:
                got = program(*arrays)
            except ProgramError as error:
                if not (re.search(r"\.py:\d+", str(error)) or "has to have" in str(error)):
                    raise
                continue
            assert_same(got, expected, within)
            assert_same(source(*arrays), expected, within)


@pytest.mark.parametrize("name", BUILTIN)
def test_first_order(name):
    if name in REFUSED:
        with pytest.raises(ProgramError, match=r"\.py:\d+"):
            check(BUILTIN[name], first_order)
    else:
        check(BUILTIN[name], first_order)


# What is compiled is recorded to second order as well, for every operation: see test_compile_operations.py.
@pytest.mark.parametrize("name", BUILTIN if effort.thorough else [*BUILTIN][::2])
def test_second_order(name):
    if name in REFUSED_TWICE:
        with pytest.raises(ProgramError, match=r"\.py:\d+"):
            check(BUILTIN[name], second_order)
    else:
        check(BUILTIN[name], second_order)


def test_few_are_refused():
    assert len(REFUSED) <= 6
    assert len(REFUSED_TWICE) <= 15
