"""Do gradients that are zero but for rounding pass every check, and do gradients that are visibly not zero fail?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import inspect

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from zero_cases import PAIRS, ZEROS

from minigrad import testing


def drawn(case, seed):
    return case.inputs(np.random.default_rng(seed))


def parameters(function):
    return list(inspect.signature(function).parameters)


def leaf_of(result, name):
    return next(leaf for leaf in result.leaves if leaf.name == name)


def test_there_are_enough_of_them():
    assert len(ZEROS) >= 30
    assert len(PAIRS) >= 10
    assert all(case.model is not None for case in PAIRS)


@pytest.mark.parametrize("case", ZEROS, ids=lambda case: case.name)
def test_gradients_that_are_zero_but_for_rounding_pass(case, seeds):
    for seed in seeds:
        result = testing.gradcheck(case.function, drawn(case, seed), rng=seed)
        note = leaf_of(result, case.leaf).note
        assert f"ok     {note}" in str(result)
        if case.is_constant:
            assert note == f"0 up to rounding: the output does not depend on {case.leaf}"
        else:
            assert note.startswith("0 up to rounding")


@pytest.mark.parametrize("case", ZEROS, ids=lambda case: case.name)
def test_they_pass_in_every_order_and_mode(case):
    assert testing.gradgradcheck(case.function, drawn(case, 0))
    assert testing.jvpcheck(case.function, drawn(case, 1), rng=1)
    assert testing.gradcheck(case.function, drawn(case, 2), rng=2, mode="projected")


@pytest.mark.parametrize("case", ZEROS, ids=lambda case: case.name)
def test_they_pass_in_single_precision(case):
    if case.is_constant:
        inputs = tuple(np.asarray(value, dtype=np.float32) for value in drawn(case, 3))
        assert testing.gradcheck(case.function, inputs, rng=3)


@pytest.mark.parametrize("case", ZEROS, ids=lambda case: case.name)
def test_they_pass_as_properties(case, seeds):
    few = settings(max_examples=2, database=None, derandomize=True)
    for seed in seeds:
        pairs = zip(parameters(case.function), drawn(case, seed), strict=True)
        inputs = {name: st.just(np.asarray(value)) for name, value in pairs}
        few(testing.grad_property(**inputs)(case.function))()


@pytest.mark.parametrize("case", PAIRS, ids=lambda case: case.name)
def test_pairs_by_hand_pass_both_checks(case, seeds):
    for seed in seeds:
        inputs = drawn(case, seed)
        result = testing.check_backward(case.forward, case.backward, inputs, rng=seed)
        assert result.ok
        out = case.forward(*inputs)
        g = np.random.default_rng(seed).uniform(0.5, 1.5, np.shape(out))
        found = case.backward(g, out, *inputs)
        found = dict(zip(parameters(case.forward), found if isinstance(found, tuple) else (found,), strict=True))
        assert testing.compare_backward(case.model, found, inputs, grad_output=g)


def spoiled(case, seed):
    """The same backward pass, with a gradient that is visibly not zero: by a millionth of what cancels."""
    position = parameters(case.forward).index(case.leaf)
    inputs = drawn(case, seed)
    size = max(1.0, *(float(np.max(np.abs(value))) for value in inputs))

    def backward(g, out, *inputs):
        found = case.backward(g, out, *inputs)
        found = list(found) if isinstance(found, tuple) else [found]
        factors = np.linspace(1.0, 2.0, np.size(g)).reshape(np.shape(g))
        found[position] = found[position] + 1e-6 * size * np.sum(g * factors) * np.ones_like(inputs[position])
        return tuple(found)

    return backward, inputs


@pytest.mark.parametrize("case", PAIRS, ids=lambda case: case.name)
def test_gradients_that_are_visibly_not_zero_fail(case):
    for seed in range(2):
        backward, inputs = spoiled(case, seed)
        result = testing.check_backward(case.forward, backward, inputs, rng=seed, raise_exception=False)
        assert result.verdict == "fail"
        assert [leaf.name for leaf in result.leaves if leaf.verdict == "fail"] == [case.leaf]


SMALL = {
    "a small square": lambda x: 1e-8 * np.sum(x**2),
    "a small slope beside a large number": lambda x: 1e5 + 1e-8 * np.sum(x),
    "a small curve beside a large number": lambda x: 1e6 + 1e-12 * np.sum(x**2),
    "a small term beside what cancels": lambda x: np.sum(np.sin(x) ** 2 + np.cos(x) ** 2) + 1e-7 * np.sum(x),
    "a small bias of a sum": lambda x: np.sum(x - np.mean(x)) + 1e-7 * np.sum(x),
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("mode", ["dense", "projected"])
def test_small_gradients_do_not_pass_as_zeros(name, mode):
    for seed in range(2):
        x = np.random.default_rng(seed).standard_normal((3, 2))

        def unrecorded(x, function=SMALL[name]):
            return float(function(np.asarray(x)))

        for forward in (SMALL[name], unrecorded):
            for claim in (lambda g, out, x: np.zeros_like(x), lambda g, out, x: 1e-17 * g * np.sin(1e3 * x)):
                result = testing.check_backward(forward, claim, x, rng=seed, mode=mode, raise_exception=False)
                assert result.verdict != "pass"
                if "large" not in name:
                    assert result.verdict == "fail"


def test_steps_of_a_pass_may_be_zero_but_for_rounding():
    def model(x, W, b):
        z = (x @ W + b).named("z")
        centred = z - np.mean(z, axis=0)
        return np.sum((centred / np.sqrt(np.mean(centred**2, axis=0))) ** 2)

    rng = np.random.default_rng(0)
    x, W, b = rng.standard_normal((5, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3)
    noise = 1e-16 * rng.standard_normal((5, 3))
    grads = {"W": x.T @ noise, "b": noise.sum(axis=0)}
    result = testing.compare_backward(model, grads, (x, W, b), steps={"z": noise})
    assert leaf_of(result, "z").note.startswith("0 up to rounding")
    wrong = testing.compare_backward(model, grads, (x, W, b), steps={"z": 1e9 * noise}, raise_exception=False)
    assert wrong.verdict == "fail"


def test_sums_in_another_order_are_not_another_gradient():
    rng = np.random.default_rng(0)

    def backward(g, out, x, W):
        order = rng.permutation(len(x))
        return g @ W.T, sum(np.outer(x[i], g[i]) for i in order)

    x, W = np.random.default_rng(1).standard_normal((7, 5)), np.random.default_rng(2).standard_normal((5, 3))
    assert testing.check_backward(np.matmul, backward, (x, W))

    def forward(x):
        return np.tanh(sum(x[i] for i in rng.permutation(len(x))))

    assert testing.check_backward(forward, lambda g, out, x: np.tile(g * (1 - out**2), (len(x), 1)), x)
