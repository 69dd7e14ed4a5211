"""Are Jacobians, Hessians and their products right, and do they take no more passes than they need?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

import minigrad as mg
from minigrad.engine.backward import backpropagate
from minigrad.testing import numerical_jacobian
from minigrad.testing.strategies.hypothesis import arrays


@given(x=arrays((2, 3)), w=arrays((3, 4)), forward=st.booleans())
def test_jacobian_by_rows_and_by_columns(x, w, forward):
    """Both ways agree with differences; results far larger than the argument are computed by columns."""

    def f(w):
        return np.tanh(x @ w) * (np.ones((40, 1, 1)) if forward else 1.0)

    found = mg.jacobian(f)(w)
    assert found.shape == f(w).shape + w.shape
    np.testing.assert_allclose(found, numerical_jacobian(f, w).value, atol=1e-8)


def logistic(features=200, samples=500):
    """The mean logistic loss of random data, with its gradient and Hessian in closed form."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(samples, features)), rng.choice([-1.0, 1.0], samples)

    def loss(w):
        return np.mean(np.log1p(np.exp(-y * (x @ w))))

    def residuals(w):
        return np.log1p(np.exp(-y * (x @ w)))

    w = rng.normal(size=features) * 0.1
    p = special.expit(-y * (x @ w))
    return loss, residuals, w, -x.T @ (y * p) / samples, -x * (y * p)[:, None], (x.T * (p * (1 - p))) @ x / samples


def test_jacobian_and_hessian_of_a_logistic_loss_agree_with_their_closed_forms():
    loss, residuals, w, gradient, jacobian, hessian = logistic()
    np.testing.assert_allclose(mg.grad(loss)(w), gradient, atol=1e-10)
    np.testing.assert_allclose(mg.jacobian(residuals)(w), jacobian, atol=1e-10)
    np.testing.assert_allclose(mg.hessian(loss)(w), hessian, atol=1e-10)
    v = np.random.default_rng(1).normal(size=len(w))
    np.testing.assert_allclose(mg.hvp(loss, w, v), hessian @ v, atol=1e-10)
    np.testing.assert_allclose(mg.jvp(residuals, w, v)[1], jacobian @ v, atol=1e-10)


def test_hvp_runs_no_more_rules_than_a_few_gradients(visited):
    """A count instead of a time, which a test cannot hold: passes through the graph, weighed by their length."""
    loss, _, w, *_ = logistic(20, 30)
    mg.grad(loss)(w)
    once = sum(visited)
    visited.clear()
    mg.hvp(loss, w, w)
    assert sum(visited) <= 5 * once


@pytest.mark.parametrize(("results", "passes"), [(3, 3), (90, 1 + 4)])
def test_jacobians_take_the_fewer_passes(results, passes, monkeypatch):
    """Of four variables: a row for each result, or, after a pass back, a column for each variable."""
    counted = []
    monkeypatch.setattr(
        "minigrad.engine.cotangents.backpropagate",
        lambda *args, **more: counted.append(1) or backpropagate(*args, **more),
    )
    mg.jacobian(lambda x: np.ones((results, 4)) @ x)(np.ones(4))
    assert len(counted) == passes
