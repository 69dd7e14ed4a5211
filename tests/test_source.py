"""Is the printed source of a function plain NumPy, and does it give what the program and the tape give?"""

# ruff: noqa: N803 -- matrices have the names that they have on paper

import dataclasses
import subprocess
import sys
import typing

import numpy as np
import pytest
from program_by_hand import CASES, uniform
from program_checks import assert_same, by_the_tape
from source_checks import body, executed, flat

import minigrad as mg
from minigrad.engine.stand_ins import self_contained
from minigrad.program.errors import ProgramError


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [1, 5])
def test_seven_functions_are_as_short_as_by_hand_and_right_at_other_sizes(name, size):
    case = CASES[name]
    source = mg.numpy_source(case.function, *case.arguments(size, 0), wrt=case.wrt)
    assert len(body(source)) <= case.most
    run = executed(source)
    for other in (1, 2, 5):
        given = case.arguments(other, 1)
        assert_same(flat(run(*given)), flat(case.by_hand(*given)), 1e-11)


TWO_LAYER = """\
import numpy as np


def two_layer_and_gradients(W1, b1, W2, b2, x, y):
    z1 = x @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    p = np.tanh(z2)
    residual = p - y
    loss = (residual**2).mean()

    dz2 = 2.0 / p.size * residual * (1.0 - p**2)
    db2 = dz2.sum(axis=0)
    dW2 = a1.T @ dz2
    dz1 = dz2 @ W2.T * (1.0 - a1**2)
    db1 = dz1.sum(axis=0)
    dW1 = x.T @ dz1
    return loss, dW1, db1, dW2, db2
"""


def test_the_two_layer_network_as_a_person_derives_it():
    case = CASES["two_layer"]
    assert mg.numpy_source(case.function, *case.arguments(5, 0), wrt=case.wrt) == TWO_LAYER


def test_a_program_prints_itself_under_another_name():
    case = CASES["two_layer"]
    program = mg.program(case.function, *case.arguments(5, 0), wrt=case.wrt)
    assert program.source(name="step") == TWO_LAYER.replace("two_layer_and_gradients", "step")


def test_comments_tell_shapes_and_lines():
    def loss(w, x):
        return np.sum(np.tanh(x @ w))

    lines = body(mg.numpy_source(loss, uniform(3), uniform(5, 3), wrt="w", comments=True))
    place = f"test_source.py:{loss.__code__.co_firstlineno + 1}"
    assert lines[0].endswith(f"# len(x), {place}")
    assert lines[1].endswith(f"# scalar, {place}")


class TestConstants:
    @pytest.mark.parametrize("count", [4, 30])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.int8, bool])
    def test_are_the_same_bytes(self, count, dtype):
        constant = (uniform(count) * 50.0).astype(dtype)
        if constant.dtype.kind == "f":
            constant[:4] = [np.nan, np.inf, -0.0, -np.inf]
        run = executed(mg.numpy_source(lambda x: (x, constant * np.ones(count, dtype)), uniform(3), wrt=[]))
        kept = executed(
            mg.numpy_source(lambda x: np.where(x > 5.0, np.ones(count, dtype), constant), np.zeros(count), wrt=[])
        )
        assert kept(np.zeros(count)).dtype == constant.dtype
        assert kept(np.zeros(count)).tobytes() == constant.tobytes()
        assert run(uniform(3))[1].dtype == constant.dtype

    def test_scalars_keep_their_dtype(self):
        for number in (np.float32(0.1), np.float64(0.1), np.int8(3), np.float32(np.inf), np.float16(1e-7)):
            program = mg.program(lambda x, number=number: x * number, uniform(3).astype(np.float16), wrt=[])
            x = uniform(3).astype(np.float16)
            got, expected = executed(program.source())(x), program(x)
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got, expected)

    def test_one_array_stands_once_above(self):
        constant = uniform(30)
        source = mg.numpy_source(lambda x: np.sum(x * constant), uniform(30))
        assert source.count("np.array(") == 1
        assert source.index("CONSTANT_1 = ") < source.index("def ")


class TestNames:
    def test_nothing_is_hidden(self):
        def loss(sum, l, np_, x):  # noqa: E741 -- what a user may write
            max = sum * l  # noqa: A001 -- the same
            special = np.exp(max) * np_
            return np.sum(special * x)

        source = mg.numpy_source(loss, *(uniform(3) for _ in range(4)))
        assert "(sum_, l_, np_, x)" in source
        assert "max_ = " in source
        assert "special_ = " in source

    def test_own_names_keep_away_from_the_users(self):
        def loss(x, y):
            e = np.exp(x - y)
            residual = e * y
            loss = residual + e
            return np.sum(loss * residual)

        case = [uniform(3), uniform(3)]
        source = mg.numpy_source(loss, *case)
        assert_same(executed(source)(*case), by_the_tape(loss, case))

    def test_by_what_they_are(self):
        def loss(x, W, y):
            q = x @ W
            exps = np.exp(q - np.max(q, axis=1, keepdims=True))
            return np.mean((exps / np.sum(exps, axis=1, keepdims=True) - y) ** 2)

        source = mg.numpy_source(loss, uniform(5, 3), uniform(3, 4), uniform(5, 4), wrt=["x", "W"])
        assert "probabilities = exps / " in source
        assert "residual = probabilities - y" in source

        source = mg.numpy_source(lambda x: np.sum((x - x.mean(axis=0)) ** 3), uniform(5, 3))
        assert "centred = x - x.mean(axis=0)" in source


class TestSafety:
    def test_results_share_no_memory_with_inputs(self):
        x = uniform(4, 3)
        for function in (lambda x: x, lambda x: x.T, lambda x: x[1:], lambda x: x.reshape(-1), lambda x: (x, x[0])):
            result = executed(mg.numpy_source(function, x, wrt=[]))(x)
            for each in flat(result):
                assert not np.shares_memory(each, x)

    def test_sums_of_many_contributions_change_no_input(self):
        def loss(weight, first, second, third):
            both = np.tanh(first @ weight) * np.sin(second @ weight)
            return np.sum(weight + both - np.cos(third @ weight + np.exp(first @ weight)))

        given = [uniform(3, 4), uniform(3, 3), uniform(3, 3, seed=1), uniform(3, 3, seed=2)]
        source = mg.numpy_source(loss, *given)
        before = [array.copy() for array in given]
        got = executed(source)(*given)
        assert_same(got, by_the_tape(loss, given))
        assert "dweight += " in source
        for array, other in zip(given, before, strict=True):
            np.testing.assert_array_equal(array, other)

    @pytest.mark.parametrize(
        ("index", "is_added"),
        [
            (lambda x, at: (np.arange(len(x)), at), False),
            (lambda x, at: (at, np.arange(len(x))), False),
            (lambda x, at: (at, at), True),
            (lambda x, at: (np.arange(len(x)) // 2, at), True),
            (lambda x, at: (np.arange(len(x))[:, None], at), True),
        ],
    )
    def test_what_may_meet_at_one_place_is_added_up(self, index, is_added):
        def loss(x, at):
            return np.sum(np.sin(x[index(x, at)]))

        x, at = uniform(4, 4), np.array([1, 0, 1, 1])
        source = mg.numpy_source(loss, x, at)
        assert ("np.add.at" in source) == is_added
        assert_same(executed(source)(x, at), by_the_tape(lambda x: loss(x, at), [x]))

    def test_branches_on_values_are_guarded(self):
        def loss(x):
            return np.sum(x) if x.sum() > 0 else np.sum(-x)

        run = executed(mg.numpy_source(loss, np.ones(3)))
        assert run(np.ones(3))[0] == 3.0
        with pytest.raises(ValueError, match=r"^test_source\.py:\d+: this was recorded for the case where it is True$"):
            run(-np.ones(3))

    def test_sizes_that_the_code_depends_on_are_asserted(self):
        def loss(x):
            return np.sum(np.stack([x[k] ** (k + 1) for k in range(len(x))]))

        run = executed(mg.numpy_source(loss, uniform(3)))
        with pytest.raises(AssertionError):
            run(uniform(4))

    def test_sizes_that_depend_on_values(self):
        def loss(x):
            chosen = x[x > 0]
            return np.sum(chosen) / len(chosen)

        run = executed(mg.numpy_source(loss, uniform(7)))
        assert_same(run(uniform(9)), by_the_tape(loss, [uniform(9)]))

    def test_a_long_chain_is_split(self):
        def chain(x):
            for _ in range(300):
                x = np.sin(x) * 0.5 + 1.0
            return np.sum(x)

        source = mg.numpy_source(chain, uniform(3))
        assert max(map(len, source.splitlines())) <= 100
        assert_same(executed(source)(uniform(3)), by_the_tape(chain, [uniform(3)]))

    def test_a_function_without_a_public_name_is_refused(self):
        program = mg.program(lambda x: np.sum(x), uniform(3))
        program.code[0] = dataclasses.replace(program.code[0], function=_nobodys)
        with pytest.raises(ProgramError, match=r"test_source\.py:\d+: _nobodys has no public name"):
            program.source()


def _nobodys(x, **settings):
    return np.sum(x, **settings)


class TestHelpers:
    def test_stand_above_without_what_needs_an_import(self):
        source = mg.numpy_source(lambda x: np.sum(outer_helper(x, 2.0)), uniform(4), wrt=[])
        assert source.index("def inner_helper(x, by=3.0):") < source.index(
            "def outer_helper(x, scale=1.0, *, more=()):"
        )
        assert "Any" not in source
        assert "found = []" in source
        assert executed(source)(np.ones(2)) == 12.0

    def test_may_use_nothing_else(self):
        with pytest.raises(ProgramError, match="greedy_helper is declared self-contained and uses uniform"):
            mg.numpy_source(lambda x: np.sum(greedy_helper(x)), uniform(4), wrt=[])


@self_contained
def inner_helper(x: typing.Any, by: float = 3.0) -> typing.Any:
    return x * by


@self_contained
def outer_helper(x: typing.Any, scale: float = 1.0, *, more: tuple[typing.Any, ...] = ()) -> typing.Any:
    """What helpers are tested with."""
    found: list[typing.Any] = []
    found.append(inner_helper(x))
    return found[0] * scale


@self_contained
def greedy_helper(x):
    return x + uniform(1)


def test_ruff_has_nothing_to_say(tmp_path):
    def step(rng, params, x, labels, l):  # noqa: E741 -- what a user may write
        keep = rng.random(x.shape) < 0.9
        h = mg.relu((x * keep) @ params["W"])
        scores = np.sort(h, axis=1) * l
        chosen = mg.log_softmax(scores)[np.arange(len(labels)), labels]
        return np.sum(mg.sigmoid(h)) - np.mean(np.where((h > 0.5) == True, 1.0, h)) - np.mean(chosen)  # noqa: E712 -- the same

    sources = [
        mg.numpy_source(
            step,
            np.random.default_rng(0),
            {"W": uniform(3, 4)},
            uniform(5, 3),
            np.array([0, 1, 2, 3, 0]),
            uniform(4),
            wrt="params",
        )
    ]
    sources += [mg.numpy_source(case.function, *case.arguments(3, 0), wrt=case.wrt) for case in CASES.values()]
    assert any("from scipy import special" in source for source in sources)
    for position, source in enumerate(sources):
        (tmp_path / f"source_{position}.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--extend-select", "I", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
