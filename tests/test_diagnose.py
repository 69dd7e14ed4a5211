"""Does diagnose name the mistake from arrays that are given by name, and from the backward pass?"""

import numpy as np
import pytest

from minigrad.testing import diagnose

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 1.5, (7, 5)) * RNG.choice([-1.0, 1.0], (7, 5))
G = RNG.standard_normal((7, 5))
POSITIVE = np.abs(X)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(
    ("x", "function", "right", "wrong", "rule", "told"),
    [
        (X, np.tanh, lambda g, out, x: g * (1 - out**2), lambda g, out, x: g * (1 - x**2), "operand.replaced",
         ("g * (1 - x**2)", "g * (1 - out**2)")),
        (X, sigmoid, lambda g, out, x: g * out * (1 - out), lambda g, out, x: g * x * (1 - x), "operand.replaced",
         ("g * x * (1 - x)", "g * out * (1 - out)")),
        (X, sigmoid, lambda g, out, x: g * out * (1 - out), lambda g, out, x: g * (1 - out**2), "operand.replaced",
         ("g * (1 - out**2)",)),
        (X, np.exp, lambda g, out, x: g * out, lambda g, out, x: g * x, "operand.replaced", ("g * x", "g * out")),
        (POSITIVE, np.log, lambda g, out, x: g / x, lambda g, out, x: g / out, "operand.replaced", ("g / x",)),
        (POSITIVE, np.sqrt, lambda g, out, x: g / (2 * out), lambda g, out, x: g / (2 * x), "operand.replaced",
         ("g / (2 * x)", "g / (2 * out)")),
        (X, np.cos, lambda g, out, x: -g * np.sin(x), lambda g, out, x: g * out, "operand.replaced", ("g * out",)),
        (X, np.tanh, lambda g, out, x: g * (1 - out**2), lambda g, out, x: g, "factor.missing", ()),
    ],
)  # fmt: skip
def test_slopes_of_the_wrong_array_are_told_by_name(x, function, right, wrong, rule, told):
    out = function(x)
    tensors = {"x": x, "out": out, "g": G}
    (finding,) = diagnose(wrong(G, out, x), right(G, out, x), tensors=tensors)
    assert finding.rule == rule
    assert all(words in finding.text for words in told)


def test_products_with_the_wrong_operand_are_told_by_name():
    weights, others = RNG.standard_normal((5, 5)), RNG.standard_normal((5, 5))
    tensors = {"x": X, "W": weights, "V": others, "dout": G}
    (finding,) = diagnose(G @ weights, G @ weights.T, tensors=tensors)
    assert finding.rule == "operand.transposed"
    assert "dout @ W.T" in finding.fix
    (finding,) = diagnose(G @ others.T, G @ weights.T, tensors=tensors)
    assert finding.rule == "operand.replaced"
    assert "V" in finding.text


@pytest.mark.parametrize(
    ("right", "rule"),
    [
        (lambda x, kernel, g: g * kernel[::-1, ::-1], "operand.flipped"),
        (lambda x, kernel, g: g @ kernel.T, "operand.transposed"),
    ],
)
def test_the_backward_pass_is_tried_with_other_operands(right, rule):
    x, kernel, g = (RNG.standard_normal((5, 5)) for _ in range(3))

    def backward(x, kernel, g):
        return right(x, kernel[::-1, ::-1] if rule == "operand.flipped" else kernel.T, g)

    tensors = {"x": x, "kernel": kernel, "g": g}
    (finding,) = diagnose(backward(**tensors), right(**tensors), tensors=tensors, backward=backward)
    assert finding.rule == rule
    assert "kernel" in finding.text + finding.where + finding.fix
