"""Do optimisers follow the same equations where what they change stands in for arrays, as in a program?"""

import numpy as np
import pytest
from test_optim import every_rule, tensors

import minigrad as mg
from minigrad import optim
from minigrad.engine.stand_ins import going_on
from minigrad.program.recorder import Recorder

TOLERANCE = {np.float64: 1e-13, np.float32: 1e-6, np.float16: 2e-3}


def gradients_for(parameters, step):
    rng = np.random.default_rng(step)
    return [mg.Tensor(rng.normal(size=p.shape), dtype=p.dtype) for p in parameters]


class Recorded:
    """An optimiser, whose parameters and state stand in for arrays."""

    def __init__(self, kind, settings, dtype=np.float64, state=True):
        self.recorder = Recorder()
        self.parameters = tensors(dtype)
        self.optimizer = kind(self.parameters, **settings)
        for parameter in self.parameters:
            parameter._array = self.recorder.input(parameter._array, parameter.name)
        for key, holder, name in self.optimizer._kept() if state else ():
            holder[name] = self.recorder.input(holder[name], key)

    def step(self, number):
        for parameter, gradient in zip(self.parameters, gradients_for(self.parameters, number), strict=True):
            parameter.grad = mg.Tensor._wrap(self.recorder.input(gradient._array, "g"))
        with going_on(self.recorder):
            self.optimizer.step()


def steps_of(kind, settings, dtype):
    """The same steps of an optimiser on arrays, and on what stands in for them."""
    recorded = Recorded(kind, settings, dtype)
    parameters = tensors(dtype)
    optimizer = kind(parameters, **settings)
    for number in range(3):
        for parameter, gradient in zip(parameters, gradients_for(parameters, number), strict=True):
            parameter.grad = gradient
        optimizer.step()
        recorded.step(number)
    return optimizer, recorded


@every_rule
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("max_norm", [None, 0.5, 1e3])
def test_new_values_and_state_are_those_of_arrays(kind, equation, settings, dtype, max_norm):
    optimizer, recorded = steps_of(kind, settings | {"max_norm": max_norm}, dtype)
    for parameter, other in zip(optimizer.parameters, recorded.parameters, strict=True):
        assert other.dtype == other._array.value.dtype == dtype
        np.testing.assert_allclose(other._array.value, parameter.data, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    state = optimizer.state_dict()
    for key, holder, name in recorded.optimizer._kept():
        assert holder[name].dtype == state[key].dtype
        np.testing.assert_allclose(holder[name].value, state[key], rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_the_norm_that_gradients_are_clipped_by_is_computed():
    recorded = Recorded(optim.SGD, {"lr": 0.1})
    recorded.step(0)
    norm = optim.clip_by_norm(recorded.parameters, 0.25)
    expected = np.sqrt(sum(np.sum(g.data**2) for g in gradients_for(recorded.parameters, 0)))
    np.testing.assert_allclose(norm.value, expected, rtol=1e-14)
    clipped = np.sqrt(sum(np.sum(p.grad._array.value**2) for p in recorded.parameters))
    np.testing.assert_allclose(clipped, 0.25, rtol=1e-14)


def test_a_schedule_of_a_number_of_steps_that_is_computed_is_refused():
    with pytest.raises(TypeError, match=r"schedule.*optimizer\.lr = 0\.1"):
        Recorded(optim.SGD, {"lr": optim.cosine(0.1, steps=10)}).step(0)


@every_rule
def test_state_that_would_be_frozen_is_refused(kind, equation, settings):
    with pytest.raises(TypeError, match=r"step\(\).*steps.*would be frozen; pass the optimiser"):
        Recorded(kind, settings, state=False).step(0)


def test_an_optimiser_without_an_equation_is_refused():
    class Plain(optim.SGD):
        _equation = optim.SGD.__mro__[1]._equation

    with pytest.raises(TypeError, match=r"Plain has no method _equation\(w, g, lr, memory\)"):
        Recorded(Plain, {"lr": 0.1}).step(0)


def test_graphs_from_before_are_told():
    recorded = Recorded(optim.SGD, {"lr": 0.1})
    loss = sum(mg.sum(parameter * parameter) for parameter in recorded.parameters)
    recorded.step(0)
    with pytest.raises(RuntimeError, match="was updated after it was used"):
        loss.backward()
