"""In which forms does check_backward take functions, inputs and gradients, and does it explain what it cannot take?"""

import numpy as np
import pytest
from backward_checks import (
    RNG,
    W,
    X,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
    check,
)

from minigrad import testing


def cached_forward(x, w):
    z = x @ w
    return np.tanh(z), {"x": x, "w": w, "z": z}


def cached_backward(g, cache):
    dz = g * (1 - np.tanh(cache["z"]) ** 2)
    return dz @ cache["w"].T, cache["x"].T @ dz


def test_caches_are_handed_on():
    w = RNG.standard_normal((5, 5))
    assert testing.check_backward(cached_forward, cached_backward, (X, w)).ok

    def not_transposed(g, cache):
        dx, dw = cached_backward(g, cache)
        return dx @ np.linalg.inv(cache["w"].T) @ cache["w"], dw

    result = check(cached_forward, not_transposed, (X, w))
    assert [(finding.leaf, finding.rule) for finding in result.findings] == [("x", "operand.transposed")]


def test_inputs_by_keyword_and_in_structures():
    def forward(x, params):
        return x @ params["W"] + params["b"]

    def backward(g, out, x, params):
        return {"x": g @ params["W"].T, "params": {"W": x.T @ g, "b": g.mean(axis=0)}}

    inputs = {"x": X, "params": {"W": RNG.standard_normal((5, 3)), "b": np.ones(3)}}
    result = check(forward, backward, inputs)
    assert [(finding.leaf, finding.rule) for finding in result.findings] == [("params.b", "scale.batch")]
    assert check(forward, backward, inputs, wrt=["x", "params.W"]).ok


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (ValueError, "nothing was checked.*write 3.0 for 3", (np.square, lambda g, out, x: g, np.arange(3)), {}),
        (TypeError, "returned None", (lambda x: None, lambda g, out, x: g, X), {}),
        (TypeError, "returned a str, not an array", (lambda x: "x", lambda g, out, x: g, X), {}),
        (TypeError, "not a pair", (np.tanh, lambda g, cache: g, X), {"style": "cache"}),
        (TypeError, "needs inputs=", (np.tanh, lambda g, out, x: g), {}),
        (TypeError, "takes two functions", (np.tanh, None, X), {}),
        (TypeError, "a layer has forward and backward", (np.tanh, None, X), {"style": "layer"}),
        (ValueError, "style is", (np.tanh, lambda g, out, x: g, X), {"style": "other"}),
        (ValueError, "another output each time", (lambda x: x * RNG.random(), lambda g, out, x: g, X), {}),
        (ValueError, "is not finite at the inputs", (lambda x: np.exp(x + 1e3), lambda g, out, x: g * out, X), {}),
        (
            ValueError,
            r"shape of the output, \(7, 5\), not \(\)",
            (np.tanh, lambda g, out, x: g, X),
            {"grad_output": 1.0},
        ),
        (ValueError, "no 'X' among 'x'", (np.tanh, lambda g, out, x: g, X), {"wrt": "X"}),
        (TypeError, "no 'sed' among.*did you mean 'seed'", (np.tanh, lambda g, out, x: g, X), {"sed": 0}),
        (ValueError, "directions is", (np.tanh, lambda g, out, x: g, X), {"directions": 0}),
        (ValueError, "mode is", (np.tanh, lambda g, out, x: g, X), {"mode": "fast"}),
        (ValueError, "kinks is", (np.tanh, lambda g, out, x: g, X), {"kinks": "ignore"}),
        (ValueError, "rtol is", (np.tanh, lambda g, out, x: g, X), {"rtol": -1.0}),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_wrong_use_is_explained(error, message, arguments, options):
    with pytest.raises(error, match=message):
        testing.check_backward(*arguments, **options)


def test_nothing_to_check_is_an_error():
    with pytest.raises(ValueError, match="wrt names no leaf"):
        testing.check_backward(np.tanh, lambda g, out, x: g, X, wrt=[])


def test_gradients_may_come_in_a_row_for_arrays_in_a_dict():
    def forward(x, p):
        return x @ p["W"] + p["b"]

    def backward(g, out, x, p):
        return g @ p["W"].T, x.T @ g, g.sum(axis=0)

    assert testing.check_backward(forward, backward, (X, {"W": W, "b": np.ones(3)})).ok


def test_a_gradient_may_be_a_list_of_numbers():
    assert testing.check_backward(np.tanh, lambda g, out, x: (g * (1 - out**2)).tolist(), X).ok


def test_a_backward_pass_that_takes_other_arguments_is_told_how_it_is_called():
    with pytest.raises(TypeError, match=r"takes \(g, x\).*called as backward\(g, out, \*inputs\)"):
        check(np.tanh, lambda g, x: g, X, style="args")
    with pytest.raises(TypeError, match=r"called as backward\(g, cache\)"):
        check(lambda x: (np.tanh(x), x), lambda g, out, x: g, X, style="cache")


def test_results_of_changing_shape_are_told():
    lengths = iter(range(1, 100))
    with pytest.raises(ValueError, match=r"other shapes each time.*\(\d+,\), then \(\d+,\)"):
        check(lambda x: np.full(next(lengths), np.sum(x)), lambda g, out, x: g, X)
