"""Does clip_by_norm bound the joint norm, keep the direction, and survive every size of gradient?"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import optim

ELEMENTS = st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=6)


def with_gradients(gradients, dtype=np.float64):
    parameters = [mg.Tensor(np.zeros(np.shape(values)), requires_grad=True, dtype=dtype) for values in gradients]
    for parameter, values in zip(parameters, gradients, strict=True):
        parameter.grad = np.asarray(values, dtype)
    return parameters


def laid_end_to_end(parameters):
    return np.concatenate([parameter.grad.data.ravel().astype(np.float64) for parameter in parameters])


@given(
    gradients=st.lists(ELEMENTS, min_size=1, max_size=4),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    size=st.floats(0.0, 1.0),
    limit=st.floats(1e-3, 1e3),
)
def test_joint_norm_is_bounded_and_direction_kept(gradients, dtype, size, limit):
    # From far below to just below the largest number of the dtype, whose square is far above it.
    low = 1e-3 if dtype == np.float16 else 1e-30
    high = 1e150 if dtype == np.float64 else 0.99 * float(np.finfo(dtype).max)
    magnitude = low * (high / low) ** size
    parameters = with_gradients([np.array(values) * magnitude for values in gradients], dtype)
    held = [parameter.grad for parameter in parameters]
    before = laid_end_to_end(parameters)
    norm = optim.clip_by_norm(parameters, limit)
    after = laid_end_to_end(parameters)
    assert norm == pytest.approx(math.hypot(*before), rel=1e-12, abs=1e-150)
    rounding = float(np.finfo(dtype).eps)
    smallest = max(float(np.finfo(dtype).smallest_subnormal), 1e-300)
    if norm <= limit:
        np.testing.assert_array_equal(after, before)
    else:
        assert math.hypot(*after) <= limit * (1 + rounding) + 5 * smallest
        np.testing.assert_allclose(after, before / norm * limit, rtol=2 * rounding, atol=smallest)
    assert all(parameter.grad.dtype == dtype for parameter in parameters)
    # Whoever holds a gradient from before keeps it as it was.
    np.testing.assert_array_equal(np.concatenate([gradient.data for gradient in held]), before)


def test_large_gradients_in_any_memory_order():
    values = np.random.default_rng(0).normal(size=(300, 700))
    parameters = with_gradients([np.asfortranarray(values), values[:, ::2], np.array(3.0)], np.float32)
    exact = np.linalg.norm(laid_end_to_end(parameters))
    assert optim.clip_by_norm(parameters, 7.0) == pytest.approx(exact, rel=1e-12)
    assert np.linalg.norm(laid_end_to_end(parameters)) == pytest.approx(7.0, rel=1e-6)


def test_tiny_limit_loses_no_digits():
    (parameter,) = with_gradients([[3e38, 3e38, 3e38, 3e38]], np.float32)
    optim.clip_by_norm([parameter], 1e-5)
    np.testing.assert_allclose(parameter.grad.data, 0.5e-5, rtol=1e-6)


def test_parameters_without_gradient_do_not_count():
    with_one, without = with_gradients([[3.0, 4.0], [1.0]])
    without.zero_grad()
    assert optim.clip_by_norm(iter([with_one, without]), 1.0) == 5.0
    np.testing.assert_allclose(with_one.grad.data, [0.6, 0.8])
    assert without.grad is None
    with_one.zero_grad()
    with pytest.raises(RuntimeError, match=r"backward\(\)"):
        optim.clip_by_norm([with_one, without], 1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_gradient_that_is_not_finite(bad):
    parameters = with_gradients([[3.0], [1.0, bad]])
    parameters[1].name = "weights"
    with pytest.raises(FloatingPointError, match=r"not finite: parameters\[1\] 'weights' of shape \(2,\)$"):
        optim.clip_by_norm(parameters, 1.0)
    optimizer = optim.SGD(parameters, lr=0.1, momentum=0.5, max_norm=1.0)
    with pytest.raises(FloatingPointError):
        optimizer.step()
    np.testing.assert_array_equal(laid_end_to_end(parameters), [3.0, 1.0, bad])
    assert not any(parameter.data.any() for parameter in parameters)
    assert optimizer.steps == 0


def test_squares_beyond_float64():
    with pytest.raises(FloatingPointError, match="overflow float64"):
        optim.clip_by_norm(with_gradients([[1e200, 1e200]]), 1.0)


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan, math.inf, None])
def test_limit_out_of_range(limit):
    with pytest.raises(ValueError, match=f"max_norm.*{limit!r}"):
        optim.clip_by_norm(with_gradients([[1.0]]), limit)


def test_parameters_that_cannot_be_clipped():
    (parameter,) = with_gradients([[1.0]])
    with pytest.raises(ValueError, match="no parameters"):
        optim.clip_by_norm([], 1.0)
    with pytest.raises(ValueError, match=r"parameters\[1\] is the same Tensor as parameters\[0\]"):
        optim.clip_by_norm([parameter, parameter], 1.0)
    with pytest.raises(TypeError, match=r"parameters\[0\] is a float"):
        optim.clip_by_norm([1.0], 1.0)


def test_step_clips_first():
    clipped, by_hand = with_gradients([[3.0, 4.0], [3.0, 4.0]])
    optim.SGD([clipped], lr=0.1, max_norm=1.0).step()
    optim.clip_by_norm([by_hand], 1.0)
    optim.SGD([by_hand], lr=0.1).step()
    np.testing.assert_array_equal(clipped.grad.data, by_hand.grad.data)
    np.testing.assert_array_equal(clipped.data, by_hand.data)
    np.testing.assert_allclose(clipped.data, [-0.06, -0.08])


def test_recorded_gradient_keeps_its_graph():
    parameter = mg.Tensor([3.0, 4.0], requires_grad=True)
    (parameter**3).sum().backward(create_graph=True)
    penalty = (parameter.grad * parameter.grad).sum()
    slopes = parameter.grad.data.copy()
    optim.clip_by_norm([parameter], 1.0)
    np.testing.assert_allclose(np.linalg.norm(parameter.grad.data), 1.0)
    (gradient,) = mg.gradients(penalty, [parameter])
    np.testing.assert_allclose(gradient.data, 2 * slopes * 6 * parameter.data)


def test_a_gradient_that_two_parameters_share_counts_for_both_and_is_scaled_once():
    first, second = (mg.Tensor(np.zeros(2), requires_grad=True) for _ in range(2))
    first.grad = second.grad = gradient = mg.Tensor([3.0, 4.0])
    assert optim.clip_by_norm([first, second], 1.0) == pytest.approx(math.hypot(3.0, 4.0, 3.0, 4.0))
    assert math.hypot(*laid_end_to_end([first, second])) == pytest.approx(1.0)
    np.testing.assert_array_equal(first.grad.data, second.grad.data)
    np.testing.assert_array_equal(gradient.data, [3.0, 4.0])
    # The same where two Tensors share the memory.
    first.grad, second.grad = gradient, gradient.detach()
    optim.SGD([first, second], lr=1.0, max_norm=1.0).step()
    assert math.hypot(*first.data, *second.data) == pytest.approx(1.0)


def test_a_gradient_that_cannot_be_written_to_is_clipped():
    parameter = mg.Tensor(np.zeros(2), requires_grad=True)
    result = mg.Tensor([3.0, 4.0], requires_grad=True) * 1.0
    parameter.grad = result.detach()
    assert optim.clip_by_norm([parameter], 1.0) == 5.0
    np.testing.assert_allclose(parameter.grad.data, [0.6, 0.8])
    np.testing.assert_array_equal(result.detach().data, [3.0, 4.0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_numpy_is_told_to_raise_does_not_stop_clipping(dtype):
    tiny = float(np.finfo(dtype).tiny)
    large = 100.0 if dtype == np.float16 else 1e10
    parameters = with_gradients([[large], [tiny]], dtype)
    with np.errstate(all="raise"):
        optim.clip_by_norm(parameters, 1e-4)
    np.testing.assert_allclose(parameters[0].grad.data, 1e-4, rtol=1e-2)
    assert np.geterr()["over"] == "warn"
