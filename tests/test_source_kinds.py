"""Does printed source take and give what the program does: structures, layers, dtypes, generators?"""

# ruff: noqa: N806 -- matrices have the names that they have on paper

import dataclasses
import typing

import numpy as np
import pytest
from program_by_hand import uniform
from program_checks import assert_same
from source_checks import executed

import minigrad as mg
from minigrad import nn


class TestKinds:
    def check(self, function, *examples, others=(), **settings):
        program = mg.program(function, *examples, **settings)
        source = program.source()
        run = executed(source)
        for arrays in (examples, *others):
            got, expected = run(*arrays), program(*arrays)
            self.assert_equal(got, expected)
        return source

    def assert_equal(self, got, expected):
        assert type(got) is type(expected)
        if isinstance(expected, dict):
            assert got.keys() == expected.keys()
            got, expected = list(got.values()), list(expected.values())
        elif dataclasses.is_dataclass(expected):
            got, expected = list(vars(got).values()), list(vars(expected).values())
        if isinstance(expected, (list, tuple)):
            for mine, other in zip(got, expected, strict=True):
                self.assert_equal(mine, other)
        elif expected is not None and not isinstance(expected, str):
            np.testing.assert_allclose(got, expected, rtol=1e-12, equal_nan=True)
            assert got.dtype == expected.dtype

    def test_dicts(self):
        def loss(params, x):
            return np.sum(np.tanh(x @ params["W1"] + params["b1"]) * params["s"])

        params = {"W1": uniform(3, 4), "b1": uniform(4), "s": uniform(4)}
        source = self.check(loss, params, uniform(5, 3), wrt="params")
        assert 'W1, b1, s = params["W1"], params["b1"], params["s"]' in source
        assert 'return loss, {"W1": dW1, "b1": db1, "s": ds}' in source

    def test_lists_of_tuples(self):
        def loss(layers, x):
            for W, b in layers:
                x = np.tanh(x @ W + b)
            return np.sum(x)

        layers = [(uniform(3, 4), uniform(4)), (uniform(4, 2), uniform(2))]
        self.check(loss, layers, uniform(5, 3), others=[(layers, uniform(1, 3))])

    def test_dataclasses_and_named_tuples(self):
        @dataclasses.dataclass
        class Params:
            W: typing.Any
            b: typing.Any
            kind: str = dataclasses.field(default="plain", metadata={"static": True})

        class State(typing.NamedTuple):
            h: typing.Any
            c: typing.Any

        def loss(params, state):
            return np.sum(np.tanh(state.h @ params.W + params.b) * state.c)

        state = State(uniform(5, 3), uniform(5, 4))
        source = self.check(loss, Params(uniform(3, 4), uniform(4)), state)
        assert "W, b = params.W, params.b" in source
        assert "type(params)(W=dW, b=db, kind=params.kind), type(state)(h=" in source

    def test_layers_become_one_argument_for_each_parameter(self):
        rng = np.random.default_rng(0)
        model = nn.Sequential(
            nn.Dense(3, 4, rng=rng, dtype=np.float64), nn.Tanh(), nn.Dense(4, 2, rng=rng, dtype=np.float64)
        )
        x = uniform(5, 3)
        given = [tensor.numpy() for _, tensor in model.named_tensors()]
        for source, order in [
            (mg.numpy_source(lambda m, x: np.sum(m(x) ** 2), model, x), [*given, x]),
            (mg.numpy_source(lambda x: np.sum(model(x) ** 2), x), [x, *given]),
        ]:
            assert "W1, b1, W2, b2" in source
            assert "return loss, dW1, db1, dW2, db2" in source
            out = np.sum(model(x) ** 2)
            slopes = mg.gradients(out, [tensor for _, tensor in model.named_tensors()])
            expected = [out.numpy(), *(slope.numpy() for slope in slopes)]
            assert_same(executed(source)(*order), expected, 1e-11)

    def test_closed_over_tensors_come_last(self):
        scale = mg.Tensor(uniform(3), requires_grad=True, name="scale")
        source = mg.numpy_source(lambda x: np.sum(scale * x), uniform(3))
        assert "(x, scale):" in source
        assert "dscale" in source

    def test_what_was_recorded_is_checked(self):
        def loss(x, power, mode):
            return np.sum(x**power) if mode == "sum" else np.mean(x**power)

        run = executed(self.check(loss, uniform(3), 3, "sum"))
        for power, mode in [(2, "sum"), (3, "mean")]:
            with pytest.raises(ValueError, match="has to be"):
                run(uniform(3), power, mode)

    def test_results_in_kind(self):
        self.check(lambda x: (2 * x, {"a": x.sum(), "b": [x]}), uniform(3), wrt=[])
        self.check(lambda x: [x], uniform(3), wrt=[])
        self.check(lambda x: (x,), uniform(3), wrt=[])

    def test_one_precision_stays(self):
        def loss(x, s):
            return np.sum(0.1 * x * s / x.shape[0] + np.float32(0.1))

        self.check(
            loss,
            uniform(4).astype(np.float32),
            np.float32(0.3),
            others=[(uniform(7).astype(np.float32), np.float32(0.1))],
        )
        self.check(lambda x, n: np.sum(x * n) / n, uniform(4).astype(np.float32), np.float64(3.0))
        self.check(lambda x: np.mean(x.astype(np.float32) * 0.5), uniform(4))

    def test_generators_are_arguments(self):
        def loss(rng, x):
            keep = rng.random(x.shape) < 0.5
            return np.sum(x * keep / 0.5)

        x = uniform(4, 3)
        program = mg.program(loss, np.random.default_rng(0), x)
        got = executed(program.source())(np.random.default_rng(1), x)
        assert_same(got, program(np.random.default_rng(1), x))

    def test_draws_come_in_order(self):
        def draw(rng):
            first = rng.random(3)
            return rng.random(2) + first[:2]

        program = mg.program(draw, np.random.default_rng(0), wrt=[])
        np.testing.assert_array_equal(
            executed(program.source())(np.random.default_rng(1)), program(np.random.default_rng(1))
        )
