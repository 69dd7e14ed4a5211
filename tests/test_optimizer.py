"""Does what all optimisers share work: state, learning rates, and refusing what cannot be meant?"""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim


def tensors():
    return [mg.Tensor(np.ones(shape), requires_grad=True) for shape in [(3, 4), (5,)]]


def two_steps(optimizer, parameters):
    for _ in range(2):
        for parameter in parameters:
            parameter.grad = parameter.data + 1.0
        optimizer.step()


def test_state_holds_copies():
    parameters = tensors()
    optimizer = optim.Adam(parameters)
    two_steps(optimizer, parameters)
    state = optimizer.state_dict()
    kept = {key: array.copy() for key, array in state.items()}
    assert set(state) == {
        "steps",
        *(f"{name}.{position}" for name in ["updates", "sum", "square_sum"] for position in range(2)),
    }
    optimizer.load_state_dict(state)
    two_steps(optimizer, parameters)
    for key, array in state.items():
        np.testing.assert_array_equal(array, kept[key])


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"sum.0": None}, KeyError, r"missing \['sum.0'\]"),
        ({"momentum.0": np.zeros(3)}, KeyError, r"unexpected \['momentum.0'\]"),
        ({"square_sum.1": np.zeros((5, 1))}, ValueError, r"square_sum.1 has shape \(5,\).*\(5, 1\)"),
        ({"square_sum.1": np.zeros(5, np.float32)}, TypeError, "square_sum.1 has dtype float64.*float32"),
        ({"steps": np.zeros(1, np.int64)}, ValueError, r"steps has shape \(\)"),
    ],
)
def test_loading_is_strict_and_all_or_nothing(change, error, text):
    parameters = tensors()
    source = optim.Adam(parameters)
    two_steps(source, parameters)
    state = {key: array for key, array in (source.state_dict() | change).items() if array is not None}
    target = optim.Adam(tensors())
    with pytest.raises(error, match=text):
        target.load_state_dict(state)
    assert all(not array.any() for array in target.state_dict().values())


def test_step_without_any_gradient():
    parameters = tensors()
    for max_norm in [None, 1.0]:
        optimizer = optim.SGD(parameters, lr=0.1, max_norm=max_norm)
        with pytest.raises(RuntimeError, match=r"backward\(\)"):
            optimizer.step()
        assert optimizer.steps == 0
    two_steps(optimizer, parameters)
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in parameters)


@pytest.mark.parametrize("lr", [0.0, -0.1, math.nan, math.inf, "0.1", None])
def test_constant_learning_rate_out_of_range(lr):
    with pytest.raises(ValueError, match=f"lr.*{lr!r}"):
        optim.SGD(tensors(), lr=lr)
    optimizer = optim.SGD(tensors(), lr=0.5)
    with pytest.raises(ValueError, match="lr"):
        optimizer.lr = lr
    assert optimizer.lr == 0.5


def test_schedule_is_asked_with_the_number_of_steps_taken():
    parameter = mg.Tensor(0.0, requires_grad=True)
    optimizer = optim.SGD([parameter], lr=lambda steps: np.float32(10.0**-steps))
    moves = []
    for _ in range(3):
        parameter.grad = 1.0
        before, announced = parameter.item(), optimizer.lr
        optimizer.step()
        moves.append(before - parameter.item())
        assert moves[-1] == pytest.approx(announced)
    assert moves == pytest.approx([1.0, 0.1, 0.01])
    optimizer.lr = 2.0
    optimizer.step()
    assert parameter.item() == pytest.approx(-3.11)


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf])
def test_schedule_out_of_range_changes_nothing(rate):
    parameter = mg.Tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([parameter], lr=lambda steps: rate, max_norm=0.1)
    parameter.grad = [1.0]
    with pytest.raises(ValueError, match=f"{rate} after 0 steps"):
        optimizer.step()
    assert parameter.data == parameter.grad.data == [1.0]
    optimizer.lr = lambda steps: 0.0
    optimizer.step()
    assert parameter.data == [1.0]


def test_parameters_that_cannot_be_optimised():
    good = mg.Tensor([1.0], requires_grad=True)
    for parameters, error, text in [
        ([], ValueError, "no parameters"),
        (good, TypeError, r"\[tensor\]"),
        ([good, np.ones(2)], TypeError, r"parameters\[1\] is a ndarray"),
        ([good, mg.Tensor(1.0, name="frozen")], ValueError, r"parameters\[1\] 'frozen' .* does not require"),
        ([good, good * 2.0], ValueError, r"parameters\[1\] of shape \(1,\) is the result"),
        ([good, mg.Tensor(1.0, requires_grad=True), good], ValueError, r"parameters\[2\] .* parameters\[0\]"),
    ]:
        with pytest.raises(error, match=text):
            optim.SGD(parameters, lr=0.1)


@pytest.mark.parametrize(
    ("kind", "settings", "text"),
    [
        (optim.SGD, {"momentum": 1.0}, "momentum.*1.0"),
        (optim.SGD, {"nesterov": True}, "nesterov"),
        (optim.SGD, {"weight_decay": -0.5}, "weight_decay.*-0.5"),
        (optim.SGD, {"max_norm": 0.0}, "max_norm.*0.0"),
        (optim.Adam, {"betas": (0.9, 1.0)}, r"betas\[1\].*1.0"),
        (optim.Adam, {"betas": (-0.1, 0.9)}, r"betas\[0\].*-0.1"),
        (optim.Adam, {"eps": 0.0}, "eps.*0.0"),
        (optim.AdamW, {"weight_decay": math.inf}, "weight_decay.*inf"),
        (optim.RMSprop, {"decay": 1.5}, "decay.*1.5"),
        (optim.RMSprop, {"momentum": -1.0}, "momentum.*-1.0"),
    ],
)
def test_settings_out_of_range(kind, settings, text):
    with pytest.raises(ValueError, match=text):
        kind(tensors(), lr=0.1, **settings)
