"""Do optimisers with groups, schedules, averages and clipping do what those of PyTorch do?"""

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import optim

SHAPES = {"first.weight": (3, 4), "first.bias": (4,), "scale": (), "second.weight": (4, 2)}


def both(dtype=np.float64):
    """The same parameters here and there, by their names."""
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=shape).astype(dtype) for name, shape in SHAPES.items()}
    ours = {name: mg.Tensor(array, requires_grad=True) for name, array in values.items()}
    theirs = {name: torch.tensor(array, requires_grad=True) for name, array in values.items()}
    return ours, theirs


def give_gradients(ours, theirs, step):
    rng = np.random.default_rng(step)
    for name, parameter in ours.items():
        gradient = rng.normal(size=parameter.shape) + parameter.data
        parameter.grad = gradient.astype(parameter.dtype)
        theirs[name].grad = torch.tensor(np.asarray(gradient, parameter.dtype))


def assert_same(ours, theirs, rtol=1e-9):
    for name, parameter in ours.items():
        np.testing.assert_allclose(parameter.data, theirs[name].detach().numpy(), rtol=rtol, atol=rtol)


# Ours, theirs, the settings of all, and those of biases and of the second layer.
KINDS = [
    (optim.SGD, torch.optim.SGD, {"lr": 0.1}, {"weight_decay": 0.3}, {"momentum": 0.9, "nesterov": True}),
    (optim.SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.01}, {"momentum": 0.5}),
    (optim.Adam, torch.optim.Adam, {"lr": 0.1}, {"betas": (0.5, 0.7)}, {"lr": 0.3, "eps": 0.2}),
    (optim.AdamW, torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.5}, {"weight_decay": 0.0}, {"lr": 0.01}),
    (
        lambda *args, **settings: optim.RMSprop(*args, **settings, eps=1e-8),
        lambda *args, **settings: torch.optim.RMSprop(*args, **settings, alpha=0.9, eps=1e-8),
        {"lr": 0.1},
        {"momentum": 0.5},
        {"lr": 0.2},
    ),
]


@pytest.mark.parametrize(("kind", "peer", "settings", "bias", "second"), KINDS)
def test_groups(kind, peer, settings, bias, second):
    ours, theirs = both()
    optimizer = kind(ours.items(), **settings, groups={"*bias": bias, "second.*": second})
    groups = [
        {"params": [theirs["first.weight"], theirs["scale"]]},
        {"params": [theirs["first.bias"]], **bias},
        {"params": [theirs["second.weight"]], **second},
    ]
    other = peer(groups, **settings)
    for step in range(6):
        give_gradients(ours, theirs, step)
        optimizer.step()
        other.step()
    assert_same(ours, theirs)


def rates_there(make, steps, lr=1.0):
    """The learning rates of a schedule of PyTorch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


SCHEDULES = torch.optim.lr_scheduler


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        (optim.linear(0.5, 0.1, 7), lambda o: SCHEDULES.LinearLR(o, 0.5, 0.1, 7)),
        (optim.exponential(1.0, 0.9), lambda o: SCHEDULES.ExponentialLR(o, 0.9)),
        (optim.step_decay(1.0, 3, 0.5), lambda o: SCHEDULES.StepLR(o, 3, 0.5)),
        (optim.cosine(1.0, 20), lambda o: SCHEDULES.CosineAnnealingLR(o, 20)),
        (
            # PyTorch counts from the first step to the last, and so has one interval less.
            optim.one_cycle(1.0, 20, rise=0.4, start=0.1, end=0.001),
            lambda o: SCHEDULES.OneCycleLR(
                o,
                max_lr=1.0,
                total_steps=21,
                pct_start=9 / 21,
                anneal_strategy="linear",
                div_factor=10.0,
                final_div_factor=100.0,
                three_phase=True,
                cycle_momentum=False,
            ),
        ),
        (
            optim.join([(optim.linear(0.25, 1.0, 6), 6), (optim.exponential(1.0, 0.5), None)]),
            lambda o: SCHEDULES.SequentialLR(
                o, [SCHEDULES.LinearLR(o, 0.25, 1.0, 6), SCHEDULES.ExponentialLR(o, 0.5)], milestones=[6]
            ),
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:The epoch parameter")
def test_schedules(schedule, make):
    np.testing.assert_allclose([schedule(step) for step in range(20)], rates_there(make, 20), rtol=1e-9)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize(("patience", "cooldown", "threshold"), [(0, 0, 0.0), (2, 0, 0.1), (1, 3, 1e-4)])
def test_plateau(mode, patience, cooldown, threshold):
    values = np.round(2.0 + np.random.default_rng(0).normal(size=200).cumsum() * 0.05, 2)
    ours = optim.Plateau(1.0, 0.5, patience, threshold, mode, cooldown, least=1e-3)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = SCHEDULES.ReduceLROnPlateau(
        optimizer, mode, 0.5, patience, threshold, cooldown=cooldown, min_lr=1e-3, eps=0.0
    )
    for value in np.abs(values) + 0.01:
        ours.tell(value)
        theirs.step(value)
        assert ours.lr == pytest.approx(optimizer.param_groups[0]["lr"])
    assert ours.lr < 1.0


def test_clipping_by_value():
    ours, theirs = both(np.float32)
    give_gradients(ours, theirs, 0)
    optim.clip_by_value(ours.values(), 0.5)
    torch.nn.utils.clip_grad_value_(theirs.values(), 0.5)
    for name, parameter in ours.items():
        np.testing.assert_array_equal(parameter.grad.data, theirs[name].grad.numpy())


def test_averages_after_the_first_steps_have_faded():
    """PyTorch begins with the first values in full, which a small decay forgets soon."""
    ours, theirs = both()
    ema = optim.EMA(ours.items(), decay=0.5)
    model = torch.nn.ParameterList(theirs.values())
    averaged = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.5))
    optimizers = optim.SGD(ours.values(), lr=0.1), torch.optim.SGD(theirs.values(), lr=0.1)
    for step in range(60):
        give_gradients(ours, theirs, step)
        for optimizer in optimizers:
            optimizer.step()
        ema.update()
        averaged.update_parameters(model)
    with ema.averaged():
        assert_same(ours, dict(zip(ours, averaged.module, strict=True)))


def test_lbfgs_finds_the_same_minimum():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    found = optim.minimize(lambda w: np.sum(np.logaddexp(0.0, -y * (x @ w))), np.zeros(3), tol=1e-12)
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([w], max_iter=200, tolerance_grad=1e-10, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.softplus(-torch.tensor(y) * (torch.tensor(x) @ w)).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(found.x, w.detach().numpy(), rtol=1e-4, atol=1e-5)
