"""Are models checked that give the gradients of their parameters, and of not all that goes in?"""

# ruff: noqa: N803, N806 -- data and weights have the names that they have on paper

import numpy as np
import pytest
from backward_checks import check
from scipy.special import expit

RNG = np.random.default_rng(5)
X, TRUTH = RNG.standard_normal((7, 5)), RNG.integers(0, 2, 7).astype(float)


class Logistic:
    """Weights in an array, and a bias that is a plain number."""

    slip = 1.0

    def __init__(self):
        self.w, self.b = np.linspace(-1, 1, 5), 0.25

    def loss(self, X, y):
        p = expit(X @ self.w + self.b)
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    def gradients(self, X, y):
        error = expit(X @ self.w + self.b) - y
        return X.T @ error / len(y), self.slip * error.mean()


class Lists:
    """Weights and biases in lists; the gradients of the biases come first."""

    slip = 1.0

    def __init__(self):
        rng = np.random.default_rng(1)
        self.weights = [rng.standard_normal((5, 4)), rng.standard_normal((4, 3))]
        self.biases = [rng.standard_normal(4), rng.standard_normal(3)]

    def cost(self, x, y):
        for w, b in zip(self.weights, self.biases, strict=True):
            x = np.tanh(x @ w + b)
        return 0.5 * np.sum((x - y) ** 2)

    def backprop(self, x, y):
        (w1, w2), (b1, b2) = self.weights, self.biases
        a = np.tanh(x @ w1 + b1)
        out = np.tanh(a @ w2 + b2)
        d2 = (out - y) * (1 - out**2)
        d1 = d2 @ w2.T * (1 - a**2)
        return [d1.sum(axis=0), self.slip * d2.sum(axis=0)], [x.T @ d1, a.T @ d2]


class Optimised:
    """A layer whose optimiser holds the parameters, and is given gradients alone."""

    slip = 1.0

    class Momentum:
        def __init__(self, params):
            self.params, self.moments, self.lr = params, [np.zeros_like(p) for p in params], 0.1

        def step(self, grads):
            for p, m, g in zip(self.params, self.moments, grads, strict=True):
                m[...] = 0.9 * m + g
                p -= self.lr * m

    def __init__(self):
        self.W, self.b = np.linspace(-1, 1, 15).reshape(5, 3), np.ones(3)
        self.optimizer = self.Momentum([self.W, self.b])

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        before = g @ self.W.T
        self.optimizer.step([self.x.T @ g, self.slip * g.sum(axis=0)])
        return before


def pair(model, names):
    return [getattr(model, name) for name in names]


CASES = [
    (Logistic, ("loss", "gradients"), (X, TRUTH), "b", ["w", "b"]),
    (Lists, ("cost", "backprop"), (X, RNG.standard_normal((7, 3))), "biases[1]", ["weights[0]", "biases[0]"]),
    (Optimised, ("forward", "backward"), X, "b", ["x", "W"]),
]


@pytest.mark.parametrize(("model", "names", "inputs", "leaf", "some"), CASES)
@pytest.mark.parametrize("bound", [True, False])
def test_gradients_of_the_parameters_alone_are_checked(model, names, inputs, leaf, some, bound):
    def judged(slip):
        made = model()
        made.slip = slip
        if bound:
            return check(*pair(made, names), inputs)
        return check(made, inputs=inputs, methods=names)

    right, wrong = judged(1.0), judged(2.0)
    assert right.verdict == "pass", str(right)
    assert {leaf, *some} <= {each.name for each in right.leaves}
    assert [each.name for each in wrong.leaves if each.verdict == "fail"] == [leaf]


def recurrent(letters, state, Wx, Wh, Wy, b, slip=1.0):
    """A loss over letters, the gradients of the weights, and the last state, as those who train letter by letter do."""
    states, loss, probabilities = [state], 0.0, []
    for letter in letters[:-1]:
        states.append(np.tanh(Wx[:, letter] + Wh @ states[-1] + b))
    for h, letter in zip(states[1:], letters[1:], strict=True):
        e = np.exp(Wy @ h)
        probabilities.append(e / e.sum())
        loss -= np.log(probabilities[-1][letter])
    dWx, dWh, dWy, db, carried = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wy), np.zeros_like(b), 0.0
    for t in reversed(range(len(letters) - 1)):
        dy = probabilities[t].copy()
        dy[letters[t + 1]] -= 1
        dWy += np.outer(dy, states[t + 1])
        dz = (Wy.T @ dy + carried) * (1 - states[t + 1] ** 2)
        dWx[:, letters[t]] += dz
        dWh += np.outer(dz, states[t])
        db += slip * dz
        carried = Wh.T @ dz
    return loss, dWx, dWh, dWy, db, states[-1]


def test_a_state_that_goes_in_and_comes_out_is_passed_over():
    rng = np.random.default_rng(0)
    shapes = [(4,), (4, 5), (4, 4), (5, 4), (4,)]
    inputs = (np.array([0, 2, 1, 4]), *[rng.standard_normal(shape) for shape in shapes])
    result = check(recurrent, inputs=inputs)
    assert {leaf.name: leaf.verdict for leaf in result.leaves} == {
        "state": "inconclusive",
        **dict.fromkeys(["Wx", "Wh", "Wy", "b"], "pass"),
    }
    weights = ["Wx", "Wh", "Wy", "b"]
    right = check(recurrent, inputs=inputs, wrt=weights)
    assert right.verdict == "pass", str(right)
    assert "not used: [4]" in right.notes

    def wrong(letters, state, Wx, Wh, Wy, b):
        return recurrent(letters, state, Wx, Wh, Wy, b, slip=0.5)

    assert [leaf.name for leaf in check(wrong, inputs=inputs, wrt=weights).leaves if leaf.verdict == "fail"] == ["b"]
