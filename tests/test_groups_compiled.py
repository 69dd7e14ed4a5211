"""Do steps of an optimiser with groups of parameters do the same when they are compiled?"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim


def network(rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(nn.Dense(4, 8, rng=rng), nn.LayerNorm(8), nn.Tanh(), nn.Dense(8, 2, rng=rng))


def step_of(model, optimizer):
    def step(x, y):
        optimizer.zero_grad()
        loss = losses.mse(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


X, Y = np.random.default_rng(1).normal(size=(2, 16, 4)).astype(np.float32)
Y = Y[:, :2]
CONFIGURATIONS = {
    "decay": lambda named: optim.AdamW(named, lr=0.01, weight_decay=0.1, groups={optim.vectors: {"weight_decay": 0.0}}),
    "rates": lambda named: optim.SGD(named, lr=0.1, groups={"*bias": {"lr": 0.01}, "layers.3.*": {"lr": 0.02}}),
    "schedules": lambda named: optim.Adam(
        named,
        lr=optim.cosine(0.01, 20, warmup=3),
        max_norm=0.5,
        groups={"layers.0.*": {"lr": optim.linear(0.1, 0.0, 12)}, "*bias": {"betas": (0.8, 0.9)}},
    ),
    "momentum": lambda named: optim.SGD(
        named, lr=0.1, groups={"*weight": {"momentum": 0.9, "nesterov": True}, "*bias": {"weight_decay": 0.1}}
    ),
    "RMSprop": lambda named: optim.RMSprop(
        named, lr=optim.step_decay(0.01, 4, 0.5), groups={"*.weight": {"momentum": 0.9, "lr": 0.001}}
    ),
}


def trained(configuration, engine, steps=10):
    model = network()
    optimizer = CONFIGURATIONS[configuration](model.named_parameters())
    step = step_of(model, optimizer)
    run = mg.compile(step, engine=engine) if engine else step
    values = [np.asarray(getattr(value, "data", value)) for value in (run(X, Y) for _ in range(steps))]
    assert not engine or len(run.cached) == 1
    return [*values, *model.state_dict().values(), *optimizer.state_dict().values()]


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_compiled_steps_are_the_same_bit_for_bit(configuration):
    for one, other in zip(trained(configuration, None), trained(configuration, "numpy"), strict=True):
        assert one.tobytes() == np.asarray(other).tobytes()


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_compiled_steps_are_the_same_under_jax(configuration):
    for one, other in zip(trained(configuration, None), trained(configuration, "jax"), strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-3, atol=2e-5)


def test_a_program_of_a_step_has_the_settings_of_groups():
    model = network()
    optimizer = CONFIGURATIONS["rates"](model.named_parameters())
    step = step_of(model, optimizer)
    step(X, Y)
    program = mg.program(step, X, Y)
    value, *_ = program(X, Y)
    updated = [np.array(each) for each in program(X, Y)[1:]]
    assert step(X, Y).item() == pytest.approx(float(value), rel=1e-6)
    after = {array.shape: array for array in model.state_dict().values()}
    assert any(np.allclose(each, after[(4, 8)], rtol=1e-5, atol=1e-7) for each in updated if each.shape == (4, 8))


def test_the_rate_of_the_base_can_change_and_those_of_groups_stay():
    model = network()
    optimizer = optim.SGD(model.named_parameters(), lr=0.1, groups={"layers.3.*": {"lr": 0.05}})
    step = mg.compile(step_of(model, optimizer))
    step(X, Y)
    before = model.state_dict()
    optimizer.lr = optim.cosine(1e-30, 100)
    step(X, Y)
    changed = {name for name, array in model.state_dict().items() if not np.array_equal(array, before[name])}
    assert changed == {"layers.3.weight", "layers.3.bias"}
    assert len(step.cached) == 1


@pytest.mark.parametrize("compiled", [False, True])
def test_an_overflow_in_one_group_stops_no_other(compiled):
    w, v = (mg.Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    optimizer = optim.Adam([("w", w), ("v", v)], lr=0.1, groups={"w": {"lr": 0.2}})

    def step(size):
        optimizer.zero_grad()
        np.sum((w + v) * size).backward()
        optimizer.step()

    if compiled:
        step = mg.compile(step)
    step(np.ones(2))
    graph = np.sum(w * w)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match=r"overflow encountered in Adam.step\(\)"):
        step(np.full(2, 1e200))
    with pytest.raises(RuntimeError, match="was updated"):
        graph.backward()
    state = optimizer.state_dict()
    assert (state["steps"], state["updates.0"], state["updates.1"]) == (2, 2, 2)
    assert np.isinf([state["square_sum.0"], state["square_sum.1"]]).all()


def test_two_steps_in_one_call_with_a_schedule_in_a_group_are_refused():
    w = mg.Tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([("w", w)], lr=0.1, groups={"w": {"lr": optim.cosine(0.1, 10)}})

    def twice():
        for _ in range(2):
            optimizer.zero_grad()
            np.sum(w * w).backward()
            optimizer.step()
        optimizer.zero_grad()

    with pytest.raises(mg.ProgramError, match="second step of an optimizer in one call"):
        mg.compile(twice)()
