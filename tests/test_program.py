"""A program gives what its function gives, at other values and sizes, or says which line prevents it."""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import cProfile
from dataclasses import dataclass

import numpy as np
import pytest
from program_checks import assert_same, by_the_tape, uniform

import minigrad as mg
from minigrad.program.errors import ProgramError


def two_layers(W1, b1, W2, b2, x, y):
    hidden = np.tanh(x @ W1 + b1)
    return ((np.tanh(hidden @ W2 + b2) - y) ** 2).mean()


def two_layer_arguments(batch, inside=3, hidden=4, out=2):
    return [
        uniform(*shape) for shape in ((inside, hidden), (hidden,), (hidden, out), (out,), (batch, inside), (batch, out))
    ]


@pytest.mark.parametrize("recorded_with", [1, 2, 5, 4])
@pytest.mark.parametrize("batch", [1, 5, 8])
def test_any_batch_size(recorded_with, batch):
    program = mg.program(two_layers, *two_layer_arguments(recorded_with))
    arguments = two_layer_arguments(batch, 5, 6, 3)
    assert_same(program(*arguments), by_the_tape(two_layers, arguments))


def test_the_value_alone():
    program = mg.program(two_layers, *two_layer_arguments(5), wrt=[])
    arguments = two_layer_arguments(3)
    assert program(*arguments) == two_layers(*arguments)


def test_chosen_gradients_in_the_order_of_the_arguments():
    program = mg.program(two_layers, *two_layer_arguments(5), wrt=["b2", 0])
    arguments = two_layer_arguments(3)
    _, dW1, _, _, db2, _, _ = by_the_tape(two_layers, arguments)
    assert_same(program(*arguments)[1:], [dW1, db2])


def test_tensors_that_require_a_gradient_choose():
    x = mg.Tensor(uniform(3), requires_grad=True)
    program = mg.program(lambda x, y: (x * y).sum(), x, mg.Tensor(uniform(3)))
    _, dx = program(np.ones(3), np.arange(3.0))
    np.testing.assert_array_equal(dx, np.arange(3.0))


def test_what_nothing_depends_on_gets_zeros():
    program = mg.program(lambda x, y: (x * x).sum(), uniform(3), uniform(2, 2))
    dy = program(np.ones(3), np.ones((4, 5)))[2]
    np.testing.assert_array_equal(dy, np.zeros((4, 5)))


def test_results_share_nothing_with_what_was_given():
    program = mg.program(lambda x: (x[:], x, np.broadcast_to(x, (2, 3))), uniform(3), wrt=[])
    x = np.ones(3)
    for part in program(x):
        part += 1.0
    np.testing.assert_array_equal(x, np.ones(3))


@dataclass
class State:
    weights: object
    bias: object


@pytest.mark.parametrize(
    ("tree", "weights", "bias"),
    [
        ({"w": uniform(3), "b": 0.5}, lambda t: t["w"], lambda t: t["b"]),
        ([uniform(3), 0.5], lambda t: t[0], lambda t: t[1]),
        ((uniform(3), (0.5,)), lambda t: t[0], lambda t: t[1][0]),
        (State(uniform(3), 0.5), lambda t: t.weights, lambda t: t.bias),
    ],
    ids=["dict", "list", "nested tuple", "dataclass"],
)
def test_gradients_in_kind(tree, weights, bias):
    def loss(params, x):
        return ((x @ weights(params) + bias(params)) ** 2).sum()

    program = mg.program(loss, tree, uniform(5, 3), wrt="params")
    x = uniform(2, 3)
    _, gradient = program(tree, x)
    assert type(gradient) is type(tree)
    np.testing.assert_allclose(bias(gradient), 2.0 * (x @ weights(tree) + bias(tree)).sum())
    np.testing.assert_allclose(weights(gradient), 2.0 * (x @ weights(tree) + bias(tree)) @ x)


class TestSizes:
    @pytest.mark.parametrize(
        "function",
        [
            lambda x: x.sum() * 0.5 * x.size + len(x) // 2,
            lambda x: (x[:, None] * np.eye(len(x))).sum() ** 2,
            lambda x: (x * np.arange(len(x))).sum() ** 2,
            lambda x: (x * np.linspace(0.0, 1.0, len(x))).sum() ** 2,
            lambda x: (np.where(np.tri(len(x), dtype=bool), x, 0.0) ** 2).sum(),
            lambda x: (x @ np.triu(np.ones((len(x), len(x))), 1)).sum() ** 2,
            lambda x: (x / np.sqrt(len(x))).sum() ** 2 + np.zeros(len(x)).sum(),
            lambda x: (x[: len(x) // 2] ** 2).sum() + x[len(x) - 1],
            lambda x: ((x - x.mean()) ** 2).sum() / (len(x) - 1),
            lambda x: (np.stack([x, x]).reshape(-1) * np.arange(2 * len(x))).sum() ** 2,
        ],
    )
    @pytest.mark.parametrize("size", [2, 3, 9])
    def test_numbers_that_depend_on_them(self, function, size):
        program = mg.program(function, uniform(5))
        x = uniform(size)
        assert_same(program(x), by_the_tape(function, [x]))

    @pytest.mark.parametrize(
        "function",
        [
            lambda x: x.sum() if x.shape[0] > 40 else (x * x).sum(),
            lambda x: sum(x[position] * position for position in range(len(x))),
            lambda x: (x * [1.0, 2.0, 3.0, 4.0, 5.0][: len(x)]).sum(),
        ],
    )
    def test_those_that_the_calls_depend_on_are_fixed(self, function):
        program = mg.program(function, uniform(5))
        x = uniform(5)
        assert_same(program(x), by_the_tape(function, [x]))
        for size in (1, 41):
            with pytest.raises(ProgramError, match=f"axis 0 of .* has size {size}, and has to have 5"):
                program(uniform(size))

    def test_equal_by_chance(self):
        """A batch of 4 and a layer of 4 have nothing to do with each other."""
        program = mg.program(two_layers, *two_layer_arguments(4, 4, 4, 4))
        arguments = two_layer_arguments(3, 5, 6, 7)
        assert_same(program(*arguments), by_the_tape(two_layers, arguments))

    def test_those_that_belong_together(self):
        program = mg.program(lambda x, y: (x * y).sum(), uniform(4), uniform(4))
        with pytest.raises(ProgramError, match="axis 0 of y has size 3, and has to have 2"):
            program(np.ones(2), np.ones(3))

    def test_a_multiple_of_another(self):
        def cell(W, x, h):
            n = h.shape[1]
            z = x @ W
            return (np.tanh(z[:, :n]) * z[:, n : 2 * n] * h).sum() + z[:, 3 * n :].sum() ** 2

        program = mg.program(cell, uniform(3, 16), uniform(5, 3), uniform(5, 4))
        arguments = [uniform(2, 28), uniform(3, 2), uniform(3, 7)]
        assert_same(program(*arguments), by_the_tape(cell, arguments))


def branch(x):
    return (x * x).sum() if x.sum() > 0 else x.sum()


class TestCalls:
    def test_a_branch_is_guarded(self):
        program = mg.program(branch, np.ones(5))
        x = np.full(3, 2.0)
        assert_same(program(x), by_the_tape(branch, [x]))
        with pytest.raises(ProgramError, match=r"test_program\.py:\d+: .*was True when it was recorded, and is False"):
            program(-x)

    def test_other_arguments_are_refused(self):
        program = mg.program(lambda x, y, n: (x["a"] * y).sum() * n, {"a": uniform(5)}, uniform(5), 3)
        good = {"a": np.ones(2)}
        assert program(good, np.ones(2), 3)[0] == 6.0
        for arguments, message in [
            ((good, np.ones(2)), "takes 3 arguments"),
            (({"b": np.ones(2)}, np.ones(2), 3), "another structure"),
            ((good, np.ones(2, np.float32), 3), "has dtype float32; the program was recorded for float64"),
            ((good, np.ones((2, 2)), 3), r"shape \(2, 2\); the program was recorded for 1 axes"),
            ((good, "two", 3), "has to be an array, not a str"),
            ((good, np.ones(2), 4), "was 3 when the program was recorded, and is 4 now"),
        ]:
            with pytest.raises(ProgramError, match=message):
                program(*arguments)

    def test_numbers_for_arrays_without_axes(self):
        program = mg.program(lambda x, c: (x * c).sum(), uniform(3), 2.0)
        assert program(np.ones(3), 4)[0] == 12.0
        assert program(np.ones(3), np.float64(4.0))[0] == 12.0

    def test_float32_stays(self):
        program = mg.program(two_layers, *[each.astype(np.float32) for each in two_layer_arguments(5)])
        assert {part.dtype for part in program(*[each.astype(np.float32) for each in two_layer_arguments(3)])} == {
            np.dtype(np.float32)
        }

    def test_repr(self):
        assert repr(mg.program(branch, np.ones(5))).startswith("<program branch(x): ")


def test_the_same_under_a_profiler_in_c():
    def function(x):
        a = np.tanh(x)
        return a.sum() if x.shape[0] > 40 else (a * x).sum()

    x = uniform(5)
    watched = mg.program(function, x)
    profiled = cProfile.Profile().runcall(mg.program, function, x)
    assert profiled.source() == watched.source()
    assert "a = np.tanh(x)" in watched.source()
