"""Does clip_by_value bound every element, and change all gradients or none?"""

import math

import numpy as np
import pytest
from every_transform import every_transform
from hypothesis import given
from hypothesis import strategies as st
from test_clipping import ELEMENTS, with_gradients
from test_interrupted import every_point

import minigrad as mg
from minigrad import optim
from minigrad.engine.advice import LostGradientError


@given(
    gradients=st.lists(ELEMENTS, min_size=1, max_size=4),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    limit=st.floats(0.015625, 4.0, width=16),
)
def test_every_element_is_bounded_and_others_stay(gradients, dtype, limit):
    parameters = with_gradients([np.array(values) * 2.0 for values in gradients], dtype)
    held = [parameter.grad for parameter in parameters]
    before = [gradient.data.copy() for gradient in held]
    largest = optim.clip_by_value(parameters, limit)
    assert type(largest) is float
    assert largest == max(np.abs(values).max() for values in before)
    for parameter, values, gradient in zip(parameters, before, held, strict=True):
        np.testing.assert_array_equal(parameter.grad.data, np.clip(values, -limit, limit))
        assert parameter.grad.dtype == dtype
        # Whoever holds a gradient from before keeps it as it was.
        np.testing.assert_array_equal(gradient.data, values)


def test_shapes_without_axes_or_elements_and_parameters_without_gradients():
    parameters = with_gradients([np.array(-3.0), np.zeros((0, 2)), [2.0]])
    parameters[2].zero_grad()
    assert optim.clip_by_value(iter(parameters), 1.0) == 3.0
    assert parameters[0].grad.item() == -1.0
    assert parameters[1].grad.shape == (0, 2)
    assert parameters[2].grad is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_gradients_that_are_not_finite(bad):
    parameters = with_gradients([[3.0], [1.0, bad]])
    parameters[1].name = "weights"
    with pytest.raises(FloatingPointError, match=r"largest absolute .*not finite: parameters\[1\] 'weights'"):
        optim.clip_by_value(parameters, 1.0)
    assert parameters[0].grad.data.tolist() == [3.0]


def test_mistakes_are_told():
    (parameter,) = with_gradients([[3.0]])
    for limit in (0.0, -1.0, math.nan, math.inf, None):
        with pytest.raises(ValueError, match=f"limit must be a positive finite number, not {limit!r}"):
            optim.clip_by_value([parameter], limit)
    with pytest.raises(ValueError, match="no parameters"):
        optim.clip_by_value([], 1.0)
    with pytest.raises(ValueError, match="is the same Tensor"):
        optim.clip_by_value([parameter, parameter], 1.0)
    parameter.zero_grad()
    with pytest.raises(RuntimeError, match=r"backward\(\)"):
        optim.clip_by_value([parameter], 1.0)


def step_of(w, optimizer):
    def step(x):
        optimizer.zero_grad()
        np.sum(w * x).backward()
        largest = optim.clip_by_value([w], 0.5)
        optimizer.step()
        return largest

    return step


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_a_part_of_compiled_steps(engine, dtype):
    results = []
    for compiled in (False, True):
        w = mg.Tensor(np.ones(4), requires_grad=True, dtype=dtype)
        step = step_of(w, optim.SGD([w], lr=0.1, momentum=0.5))
        run = mg.compile(step, engine=engine) if compiled else step
        values = [run(np.array([scale, -scale, 0.1, 0.0], dtype)) for scale in (0.2, 1.0, 5.0)]
        results.append([*map(float, values), *w.data])
        if compiled:
            before = w.data.copy()
            with pytest.raises(FloatingPointError, match="the largest absolute value of the gradients is inf"):
                run(np.array([1.0, np.inf, 0.0, 0.0], dtype))
            np.testing.assert_array_equal(w.data, before)
            assert len(run.cached) == 1
    np.testing.assert_allclose(results[1], results[0], rtol=0 if engine == "numpy" else 1e-6)


def test_it_is_a_part_of_programs():
    w = mg.Tensor(np.ones(3), requires_grad=True)
    step = step_of(w, optim.SGD([w], lr=1.0))
    program = mg.program(step, np.ones(3))
    largest, *updated = program(np.array([3.0, -0.25, 0.0]))
    assert largest == 3.0
    assert any(np.allclose(each, [0.5, 1.25, 1.0]) for each in updated)


@every_transform
def test_a_gradient_that_depends_on_the_argument_is_refused(transform):
    w = mg.Tensor([1.0, 2.0], requires_grad=True)

    def f(x):
        w.zero_grad()
        np.sum(w * w * x).backward(create_graph=True)
        optim.clip_by_value([w], 0.01)
        return np.sum(x**2)

    with pytest.raises(LostGradientError, match=r"clip_by_value: the gradient of parameters\[0\]"):
        transform(f, np.ones(2))


def test_what_numpy_is_told_to_raise_does_not_stop_it():
    parameters = with_gradients([[6e4], [1e-7]], np.float16)
    with np.errstate(all="raise"):
        optim.clip_by_value(parameters, 1e-5)
    assert parameters[0].grad.item() == pytest.approx(1e-5, rel=1e-2)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_broken_off_anywhere_all_gradients_have_changed_or_none():
    def make(count):
        parameters = with_gradients([[3.0], [4.0]])
        return lambda: optim.clip_by_value(parameters, 1.0), parameters

    def check(parameters):
        assert [parameter.grad.item() for parameter in parameters] in ([3.0, 4.0], [1.0, 1.0])

    assert every_point(make, KeyboardInterrupt, check) > 20
