"""Is a program shorter after simplification, and does it still give the same numbers?"""

import time
from collections import Counter

import numpy as np
import pytest
from simplify_cases import GRADIENTS, KNOWN, RULES, two_layers
from simplify_checks import assert_same, names, reals, resized

import minigrad as mg
from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction, Var, item
from minigrad.program.simplify import simplified

SIZES = [{3: 3, 5: 5}, {3: 4, 5: 2}, {3: 1, 5: 5}, {3: 3, 5: 1}, {3: 1, 5: 1}]


@pytest.mark.parametrize("case", RULES)
def test_a_rule_leaves_the_numbers(case):
    function, examples, left = RULES[case]
    program = mg.program(function, *examples, wrt=[])
    shorter = simplified(program)
    assert names(shorter) == left
    fixed = {(guard.dim.var, guard.dim.axis) for guard in program.guards if isinstance(guard.size, int)}
    for sizes in SIZES[:1] if fixed else SIZES:
        assert_same(program, shorter, *[resized(array, sizes) for array in examples])


@pytest.mark.parametrize("case", GRADIENTS)
def test_a_rule_leaves_the_gradients(case):
    function, examples, left = GRADIENTS[case]
    program = mg.program(function, *examples)
    shorter = simplified(program)
    assert names(shorter) == left
    for sizes in SIZES:
        arguments = [resized(array, sizes) for array in examples]
        try:
            program(*arguments)
        except ProgramError:
            # The recording depends on a size, and says so.
            arguments = [resized(array, {}) for array in examples]
        assert_same(program, shorter, *arguments)


@pytest.mark.parametrize(("function", "examples", "wanted", "most"), KNOWN, ids=[each[0].__name__ for each in KNOWN])
def test_known_functions_are_short(function, examples, wanted, most):
    program = mg.program(function, *examples, wrt=list(range(wanted)))
    shorter = simplified(program)
    uses = Counter(shorter.outputs)
    for instruction in shorter.code:
        uses.update(instruction.uses())
    lines = [each for each in shorter.code if uses[each.out] > 1 or each.out in shorter.outputs]
    assert len(shorter.code) <= most[0]
    assert len(lines) <= most[1]
    assert_same(program, shorter, *[resized(array, {5: 2, 6: 3}) if np.ndim(array) else array for array in examples])


def test_nan_and_infinities_stay():
    def function(x, y):
        total = 0.0 * np.where(x > 0, x, 0.0) + np.sum(x / y, axis=0) * y + np.maximum(x, y) ** 2 * 1.0
        return np.sum(np.sum(total, axis=0)) / total.size, x * y / y, (x - x) * 2.0

    program = mg.program(function, reals(5, 3), reals(3))
    shorter = simplified(program)
    special = np.array([[np.nan, np.inf, -np.inf], [0.0, 1.0, 2.0]])
    for x in (special, special[:1], np.zeros((2, 3)), np.full((1, 3), 1e300), np.full((1, 3), 1e-300)):
        for y in (np.array([0.0, 1.0, -1.0]), np.array([np.inf, np.nan, 2.0]), np.array([1e300, 1e-300, 1.0])):
            assert_same(program, shorter, x, y)


def test_guards_and_draws_stay():
    def function(x, rng):
        unused = rng.standard_normal(3)
        if np.sum(x) > 0:
            return x * rng.standard_normal(3) + rng.standard_normal(3)
        return unused

    shorter = simplified(mg.program(function, reals(3), np.random.default_rng(0)))
    assert names(shorter) == "draw sum greater guard draw multiply draw add"
    x = reals(3)
    rng = np.random.default_rng(1)
    rng.standard_normal(3)
    expected = x * rng.standard_normal(3) + rng.standard_normal(3)
    np.testing.assert_array_equal(shorter(x, np.random.default_rng(1)), expected)
    with pytest.raises(ProgramError, match="goes on by a value"):
        shorter(-x, np.random.default_rng(1))


def test_sizes_that_depend_on_values_are_computed():
    def function(x):
        positive = x[x > 1.0]
        return np.sum(np.exp(x[x > 1.0] * 1.0)) * positive.shape[0] + np.sum(-positive) / x.shape[0]

    program = mg.program(function, np.random.default_rng(12).uniform(0.5, 1.5, 7))
    shorter = simplified(program)
    assert len(shorter.code) < len(program.code) - 4
    assert names(shorter).count("greater") == 1
    assert sum(each.function is item for each in shorter.code) == 1
    for seed in range(4):
        assert_same(program, shorter, np.random.default_rng(seed).uniform(0, 2, 6))


def test_names_go_to_the_values_that_stay():
    def function(w, x):
        logits = (x @ w) * 1.0
        squared = logits * logits
        kept = squared + 0.0
        other = logits**2
        return np.sum(kept) + np.sum(np.tanh(other))

    shorter = simplified(mg.program(function, reals(3), reals(5, 3)))
    called = {shorter.names.get(each.out): each.function.__name__ for each in shorter.code if each.out in shorter.names}
    assert called == {"logits": "matmul", "squared": "power"}
    belongs = {shorter.names.get(shorter.gradient_of.get(each)) for each in shorter.gradients}
    assert belongs == {"w", "x"}
    # A value of the function is not called a gradient because a gradient equals it.
    shorter = simplified(mg.program(lambda x, y: np.sum(x * (y * 2.0)), reals(3), reals(3)))
    assert all(each.phase == "backward" for each in shorter.code if each.out in shorter.gradient_of)


def test_the_program_itself_stays():
    program = mg.program(two_layers, *KNOWN[0][1])
    before = [(each.function, each.args, dict(each.kwargs), each.out) for each in program.code]
    known = dict(program.names), dict(program.gradient_of), list(program.gradients)
    simplified(program)
    assert [(each.function, each.args, each.kwargs, each.out) for each in program.code] == before
    assert known == (program.names, program.gradient_of, program.gradients)


def test_a_simplified_program_has_nothing_to_simplify():
    for function, examples, _, _ in KNOWN:
        once = simplified(mg.program(function, *examples))
        assert names(simplified(once)) == names(once)


def test_long_programs_take_no_longer_for_each_instruction():
    program = mg.program(lambda x: np.sum(np.tanh(2.0 * np.tanh(3.0 * +x))), reals(3))
    turn = [each for each in program.code if each.phase == "forward"][:-1]
    code = []
    value = program.inputs[0].var
    for _ in range(2500):
        for each in turn:
            out = Var(len(code) + 10, each.out.shape, each.out.dtype)
            args = [value if isinstance(part, Var) else part for part in each.args]
            code.append(Instruction(each.function, tuple(args), {}, out))
            value = out
    program.code, program.result, program.gradients = code, value, [None]
    started = time.process_time()
    shorter = simplified(program)
    assert time.process_time() - started < 3
    assert (len(code), len(shorter.code)) == (12500, 10000)
