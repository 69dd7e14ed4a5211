"""Do sequences, filled arrays, bins and functions along axes behave as NumPy's?"""

import numpy as np
import pytest
from running_arrays import CUBE, VECTOR, grads, leaf

import minigrad as mg


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("shape", [(), (2,), (2, 2)])
def test_a_function_along_an_axis_may_change_the_shape(axis, shape):
    def function(row, factor, power=1):
        return np.broadcast_to((row**power).sum() * factor, shape)

    found = np.apply_along_axis(function, axis, mg.Tensor(CUBE), 3.0, power=2)
    np.testing.assert_allclose(found.data, np.apply_along_axis(function, axis, CUBE, 3.0, power=2))


def test_a_function_along_no_slice_is_refused():
    with pytest.raises(ValueError, match="no slice"):
        np.apply_along_axis(np.sum, 0, mg.Tensor(np.zeros((2, 0))))


@pytest.mark.parametrize("axes", [0, [0, 1], (-1, 0), []])
def test_a_function_over_axes(axes):
    found = np.apply_over_axes(np.sum, mg.Tensor(CUBE), axes)
    np.testing.assert_allclose(found.data, np.apply_over_axes(np.sum, CUBE, axes))


BOUNDS = [(1.5, np.float64(4.0)), (np.array([1.0, 2.0]), np.array([[5.0], [6.0], [7.0]])), (np.float64(-1.0), -8.0)]


@pytest.mark.parametrize(
    "params", [{"num": 4}, {"num": 3, "endpoint": False}, {"num": 1}, {"num": 0}, {"num": 2, "axis": -1}, {}]
)
@pytest.mark.parametrize(("start", "stop"), BOUNDS)
@pytest.mark.parametrize("function", [np.linspace, np.logspace, np.geomspace])
def test_sequences_agree_with_numpy(function, start, stop, params):
    found = function(start, mg.Tensor(stop), **params)
    np.testing.assert_allclose(found.data, function(start, stop, **params), rtol=1e-12)


def test_the_ends_of_a_sequence_are_exact():
    start, stop = mg.Tensor(0.1), mg.Tensor(7.3)
    for sequence in (np.linspace(start, stop, 7), np.geomspace(start, stop, 7)):
        assert sequence.data[0] == 0.1
        assert sequence.data[-1] == 7.3


def test_the_step_of_a_sequence():
    start, stop = leaf([0.0, 1.0], np.float32), leaf(4.0, np.float32)
    samples, step = np.linspace(start, stop, 5, retstep=True)
    np.testing.assert_array_equal(step.data, [1.0, 0.75])
    np.testing.assert_array_equal(grads(step, start, stop)[1], 0.5)
    assert samples.dtype == step.dtype == np.linspace(start, 4.0, 5, retstep=True)[1].dtype == np.float32
    assert np.isnan(np.linspace(start, stop, 1, retstep=True)[1])


def test_a_base_for_every_sequence(gradcheck):
    base = np.array([2.0, 3.0])
    found = np.logspace(mg.Tensor(0.5), 2.0, 3, base=base)
    np.testing.assert_allclose(found.data, np.logspace(0.5, 2.0, 3, base=base))
    gradcheck(lambda start, base: np.logspace(start, 2.0, 3, base=base, axis=-1), (0.5, base))


def test_sequences_refuse_what_they_cannot_take():
    for bounds in ((1.0, -2.0), (0.0, 1.0), (1.0, 0.0)):
        with pytest.raises(ValueError, match="same sign"):
            np.geomspace(leaf(bounds[0]), bounds[1])
    for function in (np.linspace, np.geomspace):
        with pytest.raises(ValueError, match="negative"):
            function(leaf(1.0), 2.0, -1)
        with pytest.raises(TypeError, match="dtype="):
            function(leaf(1.0), 2.0, dtype=int)


def test_a_filled_array_has_the_dtype_and_shape_of_another():
    value = leaf([1.5, 2.5])
    out = np.full_like(mg.Tensor(np.zeros((3, 2)), dtype=np.float32), value)
    assert (out.dtype, out.shape) == (np.float32, (3, 2))
    np.testing.assert_array_equal(grads(out, value)[0], [3.0, 3.0])
    assert np.full_like(mg.Tensor(VECTOR), value, shape=(4, 2)).shape == (4, 2)
    truncated = np.full_like(mg.Tensor([1, 2]), value)
    np.testing.assert_array_equal(truncated.data, [1, 2])
    assert not truncated.requires_grad
    np.testing.assert_array_equal(np.full_like(mg.Tensor(VECTOR), 2.0), np.full(4, 2.0))


def test_weights_are_added_in_bins():
    weights = leaf([1.0, 2.0, 4.0], np.float32)
    out = np.bincount(np.array([1, 3, 1]), weights, minlength=6)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out.data, [0.0, 5.0, 0.0, 2.0, 0.0, 0.0])
    (found,) = mg.gradients(out, [weights], seed=np.arange(6.0))
    np.testing.assert_array_equal(found.data, [1.0, 3.0, 1.0])
    np.testing.assert_array_equal(np.bincount(mg.Tensor([1, 1, 2])), [0, 2, 1])


@pytest.mark.parametrize(
    ("x", "weights", "error"),
    [([0, 1], [1.0], ValueError), ([-1], [1.0], ValueError), ([0.5], [1.0], (TypeError, DeprecationWarning))],
)
def test_bins_refuse_what_numpy_refuses(x, weights, error):
    with pytest.raises(error):
        np.bincount(np.array(x), leaf(weights))
