"""Is a function checked with its derivative alone, a loss with its gradient, and no upstream gradient?"""

import functools

import numpy as np
import pytest
from backward_checks import X, check

SCORES = np.random.default_rng(1).standard_normal((7, 3))
TARGET = np.random.default_rng(2).standard_normal((7, 3))


def probabilities(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


def mse_turned(prediction, target):
    return np.mean((target - prediction) ** 2)


def mse_turned_prime(target, prediction):
    return 2 * (prediction - target) / target.size


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_prime(x):
    return sigmoid(x) * (1 - sigmoid(x))


def sigmoid_of_output(out):
    return out * (1 - out)


@pytest.mark.parametrize(
    ("forward", "backward", "inputs", "leaf"),
    [
        (mse, mse_prime, (SCORES, TARGET), "y_pred"),
        (mse_turned, mse_turned_prime, (SCORES, TARGET), "prediction"),
        (lambda a, y: 0.5 * np.sum((a - y) ** 2), lambda a, y: a - y, (SCORES, TARGET), "a"),
        (sigmoid, sigmoid_prime, X, "x"),
        (sigmoid, sigmoid_of_output, X, "x"),
        (np.sin, np.cos, X, "x"),
        (lambda z: np.maximum(0, z), lambda z: (z > 0) * 1.0, X, "z"),
        (lambda p, t: np.sum((p - t) ** 2, axis=1), lambda p, t: 2 * (p - t), (SCORES, TARGET), "p"),
    ],
)
def test_a_function_and_its_derivative_need_no_upstream_gradient(forward, backward, inputs, leaf):
    result = check(forward, backward, inputs)
    assert result.verdict == "pass", str(result)
    assert [each.name for each in result.leaves] == [leaf]
    wrong = check(forward, functools.wraps(backward)(lambda *args: 2 * backward(*args)), inputs)
    assert wrong.verdict == "fail"
    assert wrong.findings[0].rule == "scale.constant"


def test_targets_are_told():
    result = check(mse, mse_prime, (SCORES, TARGET))
    assert any("y_true: taken as a constant (target)" in note for note in result.notes)


def test_the_derivative_of_what_is_not_elementwise_is_no_diagonal():
    def softmax(x):
        return probabilities(x)

    def softmax_prime(x):
        return softmax(x) * (1 - softmax(x))

    assert check(softmax, softmax_prime, X).verdict == "fail"
    assert check(lambda x: x - x.mean(), lambda x: 0.0 * x, X).verdict == "fail"


def test_without_an_upstream_gradient_the_shapes_have_to_fit():
    def slope(x, w):
        return np.ones_like(x) @ np.eye(5)

    with pytest.raises(TypeError, match=r"slope\(x, w\) gives an array of shape \(7, 5\) for x.*without an upstream"):
        check(lambda x, w: x @ w, slope, (X, np.ones((5, 3))), style="loss", wrt="x")
