"""Are weight decay and momentum inside an update left out of the gradient, and told, and is nothing else?"""

import numpy as np
import pytest
from backward_checks import check, rules

X = np.random.default_rng(3).standard_normal((7, 5))


class Updated:
    """A layer whose update is `W -= step(...)`, and its own from class to class."""

    lr, decay = 0.1, 0.01

    def __init__(self, slip=1.0):
        rng = np.random.default_rng(1)
        self.W, self.b = rng.standard_normal((5, 3)), rng.standard_normal(3)
        self.v, self.slip = rng.standard_normal((5, 3)), slip

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        dx = g @ self.W.T
        self.update(self.slip * self.x.T @ g, g.sum(axis=0))
        return dx

    def update(self, grad, more):
        self.W -= self.lr * (grad + self.decay * self.W)
        self.b -= self.lr * more


class Shrunk(Updated):
    decay = 0.01 / 0.1

    def update(self, grad, more):
        self.W = (1 - self.lr * self.decay) * self.W - self.lr * grad
        self.b = (1 - self.lr * self.decay) * self.b - self.lr * more


class Velocity(Updated):
    def update(self, grad, more):
        self.v = 0.9 * self.v - self.lr * grad
        self.W += self.v
        self.b -= self.lr * more


class Both(Updated):
    def update(self, grad, more):
        self.v = 0.9 * self.v + grad + self.decay * self.W
        self.W = self.W - self.lr * self.v
        self.b = self.b - self.lr * (more + self.decay * self.b)


class GivenRate(Updated):
    def backward(self, g, lr):
        dx = g @ self.W.T
        self.W = 0.997 * self.W - lr * self.slip * self.x.T @ g
        self.b = self.b - lr * g.sum(axis=0)
        return dx


TOLD = {
    Updated: ["shrinks W by 0.01 * W"],
    Shrunk: ["shrinks W by 0.1 * W", "shrinks b by 0.1 * b"],
    Velocity: ["goes on with v of earlier passes"],
    Both: ["shrinks W by 0.01 * W and goes on with v of earlier passes", "shrinks b by 0.01 * b"],
    GivenRate: ["shrinks W by 0.003 * W"],
}


@pytest.mark.parametrize("kind", TOLD)
def test_decay_and_momentum_are_left_out_and_told(kind):
    result = check(kind(), inputs=X)
    assert result.verdict == "pass", str(result)
    assert [note for note in result.notes if "the update also" in note] == [
        f"the update also {what}: left out, as it is no part of the gradient" for what in TOLD[kind]
    ]


@pytest.mark.parametrize("kind", TOLD)
def test_wrong_gradients_beside_them_are_wrong(kind):
    result = check(kind(slip=1 / 7), inputs=X)
    assert rules(result) == ["scale.batch"]
    assert result.findings[0].leaf == "W"


def grows(w, b):
    return -0.01 * w, 0.0


def shifts(w, b):
    return 0.0, 0.01


def shrinks_by_another(w, b):
    return 0.01 * w[:, ::-1], 0.0


def shrinks_to_its_mean(w, b):
    return 0.0, 0.01 * (b - b.mean())


@pytest.mark.parametrize("added", [grows, shifts, shrinks_by_another, shrinks_to_its_mean])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_nothing_else_is_left_out(added, outputs):
    if outputs == 1 and added in (shrinks_by_another, shrinks_to_its_mean):
        outputs = 5

    class Other(Updated):
        def __init__(self):
            rng = np.random.default_rng(1)
            self.W, self.b, self.slip = rng.standard_normal((5, outputs)), rng.standard_normal(outputs), 1.0

        def update(self, grad, more):
            to_w, to_b = added(self.W, self.b)
            self.W = self.W - self.lr * (grad + to_w)
            self.b = self.b - self.lr * (more + to_b)

    result = check(Other(), inputs=X)
    assert result.verdict == "fail"
    assert rules(result) == ["upstream.constant"]


@pytest.mark.parametrize("answer", [np.nan, ZeroDivisionError])
def test_a_pass_that_fails_at_a_gradient_of_zeros_is_judged_elsewhere(answer):
    class Fails(Updated):
        decay = 0.0

        def update(self, grad, more):
            if not grad.any() and answer is ZeroDivisionError:
                raise answer
            super().update(grad if grad.any() else answer * grad, more)

    assert check(Fails(), inputs=X).leaves[1].name == "W"


class Regularised(Updated):
    """Adds weight decay to the gradient that it keeps, where an attribute says how much."""

    def __init__(self, said, slip=1.0):
        super().__init__(slip)
        setattr(self, said, 0.05)

    def backward(self, g):
        self.dW, self.db = self.slip * self.x.T @ g + 2 * 0.05 * self.W, g.sum(axis=0)
        return g @ self.W.T


@pytest.mark.parametrize("said", ["weight_decay", "reg", "weight_regularizer_l2"])
def test_decay_in_a_kept_gradient_is_left_out_where_the_layer_says_so(said):
    result = check(Regularised(said), inputs=X)
    assert result.verdict == "pass", str(result)
    assert "the gradient of W holds 0.1 * W, its weight decay: left out" in result.notes
    assert rules(check(Regularised(said, 1 / 7), inputs=X)) == ["scale.batch"]
    assert rules(check(Regularised("rate"), inputs=X)) == ["upstream.constant"]
