"""Does padding surround elements as NumPy does, in every mode, and with which gradient?"""

import numpy as np
import pytest
from as_numpy import X, check_as_numpy, leaf

import minigrad as mg


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "edge"},
        {"mode": "reflect"},
        {"mode": "reflect", "reflect_type": "even"},
        {"mode": "symmetric"},
        {"mode": "wrap"},
        {"mode": "mean"},
        {"mode": "mean", "stat_length": ((1, 2), (3, 9))},
        {"mode": "constant", "constant_values": ((1.0, 2.0), (3.0, 4.0))},
        {"mode": "linear_ramp"},
        {"mode": "linear_ramp", "end_values": (2.0, -1.0)},
    ],
    ids=str,
)
@pytest.mark.parametrize("width", [0, 1, (1, 2), ((0, 7), (5, 0))], ids=str)
@pytest.mark.parametrize("shape", [(3, 4), (1, 4)], ids=str)
def test_padding_is_numpys(options, width, shape):
    check_as_numpy(lambda x: np.pad(x, width, **options), X[: shape[0]])


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("array", [X, X[:1, :3], X[:, :1]], ids=["full", "row", "column"])
def test_odd_reflections_are_numpys(mode, array):
    check_as_numpy(lambda x: np.pad(x, 1, mode, reflect_type="odd"), array)


@pytest.mark.parametrize("mode", ["maximum", "minimum", "median"])
@pytest.mark.parametrize("length", [None, 1, 2])
def test_padding_by_statistics_is_numpys(mode, length, gradcheck):
    array = np.array([[3.0, -1.0, 0.5], [1.0, 2.0, 4.0], [-2.0, 0.0, 1.5]])
    padded = lambda x: np.pad(x, ((1, 2), (2, 0)), mode, stat_length=length)  # noqa: E731
    np.testing.assert_allclose(padded(leaf(array)).data, padded(array), rtol=1e-12)
    gradcheck(padded, array)


def test_tied_maxima_beside_the_border_share_the_gradient():
    x = leaf([1.0, 3.0, 3.0])
    np.pad(x, (1, 0), "maximum")[0].backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.5, 0.5])


def test_widths_may_be_given_by_axis():
    np.testing.assert_array_equal(mg.pad(leaf(X), {-1: (1, 2)}, "edge").data, np.pad(X, ((0, 0), (1, 2)), "edge"))
    np.testing.assert_array_equal(mg.pad(X, {0: 1}), np.pad(X, ((1, 1), (0, 0))))
