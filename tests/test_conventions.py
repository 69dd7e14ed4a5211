"""What is the derivative where there is none, and what is computed where naive formulas overflow?"""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import special

import minigrad as mg
from minigrad import losses, testing

PAGE = (Path(__file__).parent.parent / "docs" / "conventions.md").read_text()


def table():
    """The rows of the table of conventions: an expression, the point, and the gradient."""
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert len(rows) >= 30
    return rows


@pytest.mark.parametrize(("expression", "point", "gradient"), table())
def test_convention_of_the_page(expression, point, gradient):
    values = eval(f"dict({point})", {"nan": np.nan, "inf": np.inf})
    tensors = {name: mg.Tensor(value, requires_grad=True, dtype=float) for name, value in values.items()}
    out = eval(expression, {"mg": mg, "np": np, "special": special, "losses": losses}, tensors)
    found = mg.gradients(out, list(tensors.values()), seed=np.ones(out.shape))
    expected = eval(gradient)
    for actual, truth in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
        np.testing.assert_allclose(actual.data, np.asarray(truth, float), rtol=1e-14)


@pytest.mark.parametrize("x", [[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [-1.0, 2.0, 0.0]])
def test_product_with_zeros_is_right_to_second_order(x, gradcheck):
    gradcheck(np.prod, np.array(x))
    gradcheck.gradgradcheck(np.prod, np.array(x))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("function", "expected", "slope"),
    [
        (mg.sigmoid, [0.0, 0.5, 1.0], [0.0, 0.25, 0.0]),
        (mg.log_sigmoid, [-1000.0, -np.log(2.0), 0.0], [1.0, 0.5, 0.0]),
        (mg.softplus, [0.0, np.log(2.0), 1000.0], [0.0, 0.5, 1.0]),
        (mg.softmax, [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
        (mg.log_softmax, [-2000.0, -1000.0, 0.0], [1.0, 1.0, -2.0]),
        (mg.logsumexp, 1000.0, [0.0, 0.0, 1.0]),
        (mg.tanh, [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]),
        (mg.gelu, [0.0, 0.0, 1000.0], [0.0, 0.5, 1.0]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_extreme_values_neither_overflow_nor_warn(function, expected, slope, dtype):
    x = mg.Tensor([-1000.0, 0.0, 1000.0], dtype=dtype, requires_grad=True)
    out = function(x)
    out.backward(np.ones(out.shape))
    np.testing.assert_allclose(out.data, expected, rtol=1e-6)
    np.testing.assert_allclose(x.grad.data, slope, rtol=1e-6)
    assert out.dtype == x.grad.dtype == dtype


def test_logsumexp_of_infinities():
    assert mg.logsumexp(np.array([-np.inf, -np.inf])) == -np.inf
    assert mg.logsumexp(np.array([-np.inf, 1.0])) == 1.0
    assert mg.logsumexp(np.array([np.inf, 1.0])) == np.inf


@pytest.mark.parametrize("name", ["mean", "std", "var", "max", "min", "sum", "prod", "logsumexp"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_reductions_keep_their_dtype_with_python_numbers(name, dtype):
    x = mg.Tensor([1.0, 2.0, 3.0], dtype=dtype, requires_grad=True)
    out = getattr(mg, name)(x) * 2.0 + 1 - 0.5
    out.backward()
    assert out.dtype == dtype
    assert x.grad.dtype == dtype
    expected = testing.numerical_vjp(lambda v: getattr(mg, name)(v) * 2.0, x.data.astype(float)).value
    np.testing.assert_allclose(x.grad.data, expected, rtol=2e-3, atol=1e-3)


def test_half_precision_mean_does_not_lose_its_divisor():
    """1 / 100000 is too small for float16 to hold well, and 100000 too large for it to hold at all."""
    x = mg.Tensor(np.ones(100_000), dtype=np.float16, requires_grad=True)
    (x.mean() * 1024.0).backward()
    np.testing.assert_array_equal(x.grad.data, np.float16(1024.0 / 100_000))
    assert x.mean().item() == 1.0


def test_python_float_and_array_differentiate_alike():
    for value in (0.0, np.zeros(()), np.zeros(1)):
        x = mg.Tensor(value, requires_grad=True)
        with np.errstate(divide="ignore"):
            np.sqrt(x).backward(np.ones(x.shape))
        assert np.all(np.isinf(x.grad.data))


def test_where_masks_a_branch_with_the_double_where():
    x = mg.Tensor([-1.0, 4.0], requires_grad=True)
    mg.where(x > 0, np.log(mg.where(x > 0, x, 1.0)), 0.0).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.25])


def test_repeated_indices_add_up():
    x = mg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x[[0, 0, 2]] * np.array([1.0, 10.0, 100.0])).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [11.0, 0.0, 100.0])
