"""Does what all optimisers share work: state, learning rates, and refusing what cannot be meant?"""

import math

import numpy as np
import pytest
from every_transform import every_transform

import minigrad as mg
from minigrad import optim
from minigrad.engine.advice import LostGradientError


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
        ({"sum.0": None}, KeyError, r"missing sum\.0, unexpected nothing"),
        ({"momentum.0": np.zeros(3)}, KeyError, r"missing nothing, unexpected momentum\.0"),
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


KINDS = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.1),
    "decay": lambda parameters: optim.SGD(parameters, lr=0.1, weight_decay=0.1),
    "nesterov": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": optim.Adam,
    "AdamW": optim.AdamW,
    "RMSprop": lambda parameters: optim.RMSprop(parameters, momentum=0.5),
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def after_a_step(kind, size, dtype):
    """Parameters and state after a step with gradients of a size, and what was raised or warned of."""
    parameters = [mg.Tensor([1.0, 2.0], requires_grad=True, dtype=dtype) for _ in range(2)]
    optimizer = kind(parameters)
    for parameter in parameters:
        parameter.grad = np.full(2, size, dtype)
    said = None
    try:
        optimizer.step()
    except (FloatingPointError, RuntimeWarning) as error:
        said = error
    return [parameter.data.copy() for parameter in parameters], optimizer.state_dict(), said


@every_kind
@pytest.mark.parametrize(("size", "dtype"), [(1e200, np.float64), (1e-200, np.float64), (1e38, np.float32)])
@pytest.mark.parametrize("how", ["raise", "warn"])
def test_an_overflow_stops_no_step_halfway(kind, size, dtype, how):
    with np.errstate(all="ignore"):
        *expected, said = after_a_step(kind, size, dtype)
    assert said is None
    with np.errstate(all=how):  # pytest makes errors of warnings
        before = np.geterr()
        *found, said = after_a_step(kind, size, dtype)
        assert np.geterr() == before
    np.testing.assert_equal(found, expected)
    assert found[1]["steps"] == 1
    if said is not None:
        assert type(said) is {"raise": FloatingPointError, "warn": RuntimeWarning}[how]
        assert "encountered in" in str(said)
        assert ".step()" in str(said)


def test_an_overflow_is_told_after_the_step():
    for how, error in (("raise", FloatingPointError), ("warn", RuntimeWarning)):
        with np.errstate(all=how):
            said = after_a_step(optim.Adam, 1e200, np.float64)[2]
        assert type(said) is error
        assert "overflow encountered in Adam.step()" in str(said)


@every_transform
@every_kind
@pytest.mark.parametrize("x", [np.ones(2), 3.0, mg.Tensor([1.0, 2.0]), mg.Tensor([1.0, 2.0], requires_grad=True)])
def test_the_argument_of_a_transform_is_no_parameter(transform, kind, x):
    def f(x):
        kind([x])
        return np.sum(x * x)

    with pytest.raises(LostGradientError, match=r"optim\.\w+\(\[x\]\): .*write x = x - lr \* gradient"):
        transform(f, x)


def test_what_is_written_instead_of_an_optimiser_inside_a_transform():
    def f(x):
        (gradient,) = mg.gradients(np.sum(x * x), [x], create_graph=True)
        x = x - 0.1 * gradient
        return np.sum(x * x)

    np.testing.assert_allclose(mg.grad(f)(np.ones(2)), 1.28)


@every_transform
@pytest.mark.parametrize("update", [lambda w: optim.SGD([w], lr=0.1).step(), lambda w: optim.clip_by_norm([w], 0.01)])
def test_a_step_that_would_hide_the_argument_is_refused(transform, update):
    w = mg.Tensor([1.0, 2.0], requires_grad=True)

    def f(x):
        w.zero_grad()
        np.sum(w * w * x).backward(create_graph=True)
        update(w)
        return np.sum(w * w) + np.sum(x**2)

    with pytest.raises(LostGradientError, match=r"parameters\[0\].* depends on what mg\.grad.*w = w - lr \* gradient"):
        transform(f, np.ones(2))
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


def test_training_that_has_nothing_to_do_with_the_argument_works_inside_a_transform():
    w = mg.Tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1, max_norm=100.0)

    def f(x):
        np.sum(w * w).backward()
        optimizer.step()
        return np.sum(w.detach() * x)

    np.testing.assert_allclose(mg.grad(f)(np.ones(2)), [0.8, 1.6])


def test_a_step_with_constant_gradients_of_the_argument_is_what_no_grad_asks_for():
    w = mg.Tensor([1.0, 2.0], requires_grad=True)

    def f(x):
        loss = np.sum(w * w * x)
        with mg.no_grad():
            loss.backward()
        optim.SGD([w], lr=0.1).step()
        return np.sum(w.detach() * x)

    np.testing.assert_allclose(mg.grad(f)(np.ones(2)), [0.8, 1.6])


def test_counts_below_0_are_not_loaded():
    w = mg.Tensor([1.0], requires_grad=True)
    for keeper in (optim.SGD([w], lr=0.1), optim.EMA([w]), optim.Adam([w])):
        state = keeper.state_dict()
        for key in (key for key in state if state[key].dtype.kind == "i"):
            with pytest.raises(ValueError, match=rf"{key} is a count, of at least 0; the state holds -3"):
                keeper.load_state_dict(state | {key: np.array(-3)})
