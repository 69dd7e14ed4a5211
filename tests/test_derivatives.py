"""Are numerical derivatives as good as they say, and differences of gradients explained without a function?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import testing

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 2.0, (3, 2))
G = RNG.standard_normal((3, 2))

SMOOTH = {
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "1/x": (lambda x: 1 / x, lambda x: -1 / x**2),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("scale", [1e-4, 1.0, 100.0])
def test_richardson_is_as_good_as_its_bar(name, scale):
    function, slope = SMOOTH[name]
    scale = min(scale, 5.0) if name in ("tanh", "exp") else scale  # beyond, they are constant or overflow
    found = testing.numerical_vjp(function, X * scale, G)
    truth = G * slope(X * scale)
    assert (np.abs(found.value - truth) <= 10 * found.error).all()
    assert (found.error <= 1e-6 * np.max(np.abs(truth))).all()
    assert found.kinks == ()


@pytest.mark.parametrize(("method", "tolerance"), [("richardson", 1e-11), ("central", 1e-8), ("complex", 1e-15)])
def test_methods_agree(method, tolerance):
    def function(x, w):
        return np.sin(x) @ w

    w, g = RNG.standard_normal((2, 4)), RNG.standard_normal((3, 4))
    by_x, by_w = testing.numerical_vjp(function, (X, w), g, method=method).value
    np.testing.assert_allclose(by_x, np.cos(X) * (g @ w.T), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(by_w, np.sin(X).T @ g, rtol=tolerance, atol=tolerance)
    forward = testing.numerical_jvp(function, (X, w), (G, 0 * w), method=method).value
    np.testing.assert_allclose(forward, (np.cos(X) * G) @ w, rtol=tolerance, atol=tolerance)
    jacobian, _ = testing.numerical_jacobian(function, (X, w), method=method).value
    assert jacobian.shape == (3, 4, 3, 2)
    np.testing.assert_allclose(np.einsum("nkij,nk->ij", jacobian, g), by_x, rtol=1e-7, atol=1e-7)


def test_kinks_are_told_with_their_places():
    found = testing.numerical_vjp(np.abs, np.array([1.0, 0.0, -2.0]), np.ones(3))
    np.testing.assert_allclose(found.value, [1.0, 0.0, -1.0], atol=1e-9)
    assert found.kinks == (("x", (1,)),)


def test_tensors_are_handed_to_functions_that_were_given_tensors():
    found = testing.numerical_vjp(lambda x: x.tanh().sum(), mg.Tensor(X))
    np.testing.assert_allclose(found.value, 1 - np.tanh(X) ** 2, rtol=1e-10)


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 1000))
def test_error_bars_hold_for_cubics_of_any_scale(scale, seed):
    x = scale * np.random.default_rng(seed).standard_normal(4)
    found = testing.numerical_vjp(lambda x: x**3 - x, x, np.ones(4))
    assert (np.abs(found.value - (3 * x**2 - 1)) <= 10 * found.error + 1e-13 * (3 * x**2 + 1)).all()


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, r"output of one element; this one has shape \(3, 2\)", lambda: testing.numerical_vjp(np.sin, X)),
        (ValueError, r"\(3, 2\), not \(2,\)", lambda: testing.numerical_vjp(np.sin, X, np.ones(2))),
        (ValueError, "tangents have", lambda: testing.numerical_jvp(np.sin, X, np.ones(2))),
        (ValueError, "method is", lambda: testing.numerical_jvp(np.sin, X, X, method="forward")),
        (ValueError, "nothing was checked", lambda: testing.numerical_jacobian(np.sin, 3)),
        (TypeError, "imaginary part", lambda: testing.numerical_jvp(np.abs, X, X, method="complex")),
        (TypeError, "returned str", lambda: testing.numerical_jacobian(lambda x: "x", X)),
    ],
)
def test_wrong_use_is_explained(error, message, call):
    with pytest.raises(error, match=message):
        call()


TRUTH = RNG.standard_normal((7, 3))


@pytest.mark.parametrize(
    ("actual", "rule"),
    [
        (-TRUTH, "scale.sign"),
        (TRUTH / 7, "scale.batch"),
        (TRUTH * 3, "scale.dimension"),
        (TRUTH * 2, "scale.constant"),
        (TRUTH.T, "layout.transposed"),
        (TRUTH[::-1], "layout.flipped"),
        (np.roll(TRUTH, 1, axis=0), "layout.shifted"),
        (np.stack([TRUTH / 2, TRUTH / 2]), "shape.not_summed"),
        (TRUTH.ravel(), "shape.wrong"),
        (TRUTH * 0, "structure.zero"),
        (TRUTH + RNG.standard_normal((7, 3)), "unexplained"),
    ],
)
def test_differences_are_explained_without_a_function(actual, rule):
    (finding,) = testing.diagnose(actual, TRUTH, dims={"batch": 7, "classes": 3})
    assert finding.rule == rule


def test_known_arrays_and_the_backward_pass_help():
    x = RNG.standard_normal((7, 3))
    out, g = np.tanh(x), RNG.standard_normal((7, 3))

    def backward(x, out, g):
        return g * (1 - x**2)

    truth, tensors = g * (1 - out**2), {"x": x, "out": out, "g": g}
    (finding,) = testing.diagnose(backward(**tensors), truth, tensors=tensors, backward=backward)
    assert finding.rule == "operand.replaced"
    assert "out in the place of x" in finding.text
    assert testing.diagnose(g, truth, tensors=tensors)[0].rule == "factor.missing"
    assert testing.diagnose(truth * x, truth, tensors=tensors)[0].rule == "factor.extra"
    assert testing.diagnose(truth + x, truth, tensors=tensors)[0].rule == "term.extra"


def test_equal_gradients_give_no_finding():
    assert testing.diagnose(TRUTH.astype(np.float32), TRUTH) == []
    assert testing.diagnose([1, 2], [1.0, 2.0]) == []
    with pytest.raises(TypeError, match="real numbers"):
        testing.diagnose(TRUTH * 1j, TRUTH)


def test_what_is_no_number_is_told():
    (finding,) = testing.diagnose(np.where(TRUTH > 0, TRUTH, np.nan), TRUTH)
    assert finding.rule == "structure.not_finite"
    with pytest.raises(ValueError, match="reference is not finite"):
        testing.diagnose(TRUTH, TRUTH * np.nan)


def test_rounding_is_no_difference():
    assert testing.diagnose(TRUTH * (1 + 1e-13), TRUTH) == []
    assert testing.diagnose(TRUTH + 1e-12 * RNG.standard_normal((7, 3)), TRUTH) == []
    (finding,) = testing.diagnose(TRUTH * (1 + 1e-7 * RNG.uniform(-1, 1, (7, 3))), TRUTH)
    assert finding.rule == "precision.float32"
