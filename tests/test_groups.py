"""Do groups of parameters follow their own settings, and is a slip in them told?"""

import copy
import pickle
import re

import numpy as np
import pytest
from test_optim import adam, adamw, give_gradients, rmsprop, run, sgd

import minigrad as mg
from minigrad import nn, optim

NAMES = ["first.weight", "first.bias", "scale", "empty"]
SHAPES = [(3, 4), (4,), (), (2, 0)]

# An optimiser, its equation, its settings, and those of the parameters that match "*bias" and of those named "s*".
RULES = [
    (optim.SGD, sgd, {"lr": 0.1}, {"weight_decay": 0.3}, {"momentum": 0.9, "nesterov": True}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9}, {"momentum": 0.0}, {"momentum": 0.5, "lr": 0.01}),
    (optim.Adam, adam, {"lr": 0.1}, {"betas": (0.5, 0.7)}, {"eps": 0.2, "lr": 0.3}),
    (optim.AdamW, adamw, {"lr": 0.1, "weight_decay": 0.5}, {"weight_decay": 0.0}, {"lr": 0.5, "betas": (0.0, 0.9)}),
    (optim.RMSprop, rmsprop, {"lr": 0.1}, {"momentum": 0.5}, {"decay": 0.5, "eps": 0.1}),
]
every_rule = pytest.mark.parametrize(("kind", "equation", "settings", "bias", "scale"), RULES)


def named_tensors(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [
        (name, mg.Tensor(rng.normal(size=shape), requires_grad=True, dtype=dtype))
        for name, shape in zip(NAMES, SHAPES, strict=True)
    ]


@every_rule
def test_each_parameter_follows_the_equation_with_its_own_settings(kind, equation, settings, bias, scale):
    pairs = named_tensors()
    parameters = [parameter for _, parameter in pairs]
    optimizer = kind(pairs, **settings, groups={"*bias": bias, "s*": scale})
    own = [settings, settings | bias, settings | scale, settings]
    expected = [parameter.data.copy() for parameter in parameters]
    memories = [{} for _ in parameters]
    for t in range(1, 6):
        give_gradients(parameters, t)
        optimizer.step()
        for position, parameter in enumerate(parameters):
            gradient = parameter.grad.data
            expected[position] = equation(expected[position], gradient, t, memories[position], **own[position])
            np.testing.assert_allclose(parameter.data, expected[position], rtol=1e-12, atol=1e-14)


@every_rule
def test_a_group_changes_nothing_for_the_others_and_nothing_of_the_state(kind, equation, settings, bias, scale):
    plain, grouped = named_tensors(np.float32), named_tensors(np.float32)
    one = kind([parameter for _, parameter in plain], **settings)
    other = kind(grouped, **settings, groups={"*bias": {"lr": 0.2}, "s*": {"lr": 0.3}})
    assert one.state_dict().keys() == other.state_dict().keys()
    for optimizer in (one, other):
        run(optimizer, optimizer.parameters, range(3))
    for position, changed in enumerate([False, True, True, False]):
        same = plain[position][1].data.tobytes() == grouped[position][1].data.tobytes()
        assert same != changed
    # A file that was saved without groups can go on with them.
    fresh = kind(named_tensors(np.float32), **settings, groups={"*bias": {"lr": 0.2}})
    fresh.load_state_dict(one.state_dict())
    assert fresh.steps == 3


def test_the_rate_of_the_base_can_change_and_those_of_groups_stay():
    pairs = named_tensors()
    optimizer = optim.SGD(pairs, lr=0.1, groups={"*bias": {"lr": 0.5}, "s*": {"weight_decay": 0.1}})
    optimizer.lr = 0.2
    rates = [settings["lr"] for settings in optimizer.settings().values()]
    assert (optimizer.lr, rates) == (0.2, [0.2, 0.5, 0.2, 0.2])


def test_later_entries_override_earlier_ones_for_the_settings_they_name():
    groups = {
        "*": {"weight_decay": 0.5, "lr": 0.3},
        "first.*": {"weight_decay": 0.25},
        lambda name, parameter: parameter.ndim == 1: {"lr": 0.1},
    }
    optimizer = optim.AdamW(named_tensors(), lr=0.01, groups=groups)
    found = [(each["lr"], each["weight_decay"]) for each in optimizer.settings().values()]
    assert found == [(0.3, 0.25), (0.1, 0.25), (0.3, 0.5), (0.3, 0.5)]
    assert list(optimizer.settings()) == NAMES


def test_functions_need_no_names():
    parameters = [parameter for _, parameter in named_tensors()]
    asked = []

    def is_small(name, parameter):
        asked.append(name)
        return np.bool_(parameter.size < 5)

    optimizer = optim.SGD(parameters, lr=0.1, groups={is_small: {"lr": 0.2}})
    assert asked == [None] * 4
    assert {name: each["lr"] for name, each in optimizer.settings().items()} == {
        "parameters[0]": 0.1,
        "parameters[1]": 0.2,
        "parameters[2]": 0.2,
        "parameters[3]": 0.2,
    }


def test_vectors_are_biases_and_what_norms_scale_by():
    model = nn.Sequential(nn.Conv(1, 2, 3, rng=0), nn.BatchNorm(2), nn.Flatten(), nn.Dense(8, 2, rng=0))
    optimizer = optim.AdamW(model.named_parameters(), weight_decay=0.1, groups={optim.vectors: {"weight_decay": 0.0}})
    decayed = [name for name, settings in optimizer.settings().items() if settings["weight_decay"]]
    assert decayed == ["layers.0.weight", "layers.3.weight"]


def test_the_joint_norm_is_that_of_all_groups():
    optimizer = optim.SGD(named_tensors(), lr=1.0, max_norm=1.0, groups={"*bias": {"lr": 2.0}})
    before = [parameter.data.copy() for parameter in optimizer.parameters]
    give_gradients(optimizer.parameters, 0)
    optimizer.step()
    assert sum(np.sum(parameter.grad.data**2) for parameter in optimizer.parameters) == pytest.approx(1.0)
    moved = [old - parameter.data for old, parameter in zip(before, optimizer.parameters, strict=True)]
    for rate, move, parameter in zip([1.0, 2.0, 1.0, 1.0], moved, optimizer.parameters, strict=True):
        np.testing.assert_allclose(move, rate * parameter.grad.data, rtol=1e-12)


def test_an_optimiser_with_groups_shows_them_and_can_be_copied():
    groups = {"*bias": {"weight_decay": 0.0}, optim.vectors: {"lr": optim.cosine(0.5, 10)}}
    optimizer = optim.AdamW(named_tensors(), lr=0.01, weight_decay=0.1, groups=groups)
    assert "weight_decay=0.1, groups={'*bias': {'weight_decay': 0.0}, vectors: {'lr': schedule, now 0.5}})" in repr(
        optimizer
    )
    page = optimizer._repr_html_()
    for cell in ("groups[&#x27;*bias&#x27;], 1 of 4 parameters", "groups[vectors], 2 of 4 parameters"):
        assert cell in page
    assert "lr=schedule, now 0.5" in page
    plain = optim.AdamW(named_tensors(), lr=0.01, groups={"*bias": {"lr": 0.1}})
    run(plain, plain.parameters, range(2))
    twins = [copy.deepcopy(plain), pickle.loads(pickle.dumps(plain))]
    run(plain, plain.parameters, range(2, 4))
    for twin in twins:
        assert (twin.steps, twin.settings()) == (2, plain.settings())
        run(twin, twin.parameters, range(2, 4))
        for one, other in zip(twin.parameters, plain.parameters, strict=True):
            np.testing.assert_array_equal(one.data, other.data)


def test_a_schedule_of_a_group_out_of_range_changes_nothing():
    pairs = named_tensors()
    optimizer = optim.SGD(pairs, lr=0.1, groups={"scale": {"lr": lambda step: -1.0}})
    before = [parameter.data.copy() for _, parameter in pairs]
    give_gradients(optimizer.parameters, 0)
    with pytest.raises(ValueError, match=r"learning rate of -1.0 after 0 steps"):
        optimizer.step()
    for old, (_, parameter) in zip(before, pairs, strict=True):
        np.testing.assert_array_equal(parameter.data, old)


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ({"bias": {"lr": 0.1}}, ValueError, "groups['bias'] is for none of the parameters; the names are first.weight"),
        ({lambda name, p: False: {"lr": 0.1}}, ValueError, "groups[<lambda>] is for none of the parameters"),
        ({"*": {"weight": 0.1}}, ValueError, "sets 'weight'; the settings of AdamW are lr, betas, eps, weight_decay"),
        ({"*": {"max_norm": 0.1}}, ValueError, "sets max_norm, which is the joint norm of all gradients"),
        ({"*": {"lr": 0.0}}, ValueError, "groups['*']: lr, unless it is a schedule, must be a positive"),
        ({"*": {"weight_decay": -1.0}}, ValueError, "groups['*']: weight_decay must be a finite number of at least 0"),
        ({"*": {"betas": 0.9}}, ValueError, "groups['*']: betas must be two numbers"),
        ({"*": {}}, TypeError, "groups['*'] is empty; give settings by name"),
        ({"*": 0.1}, TypeError, "groups['*'] is a float; give settings by name"),
        ({3: {"lr": 0.1}}, TypeError, "the keys are patterns of names, such as '*bias', or functions"),
        ({lambda name, p: None: {"lr": 0.1}}, TypeError, "groups[<lambda>] gives None for first.weight, not True"),
        ([{"params": [], "lr": 0.1}], TypeError, "groups is a list; give a dict from patterns of names"),
    ],
)
def test_what_cannot_be_meant_is_told(groups, error, message):
    with pytest.raises(error, match=re.escape(message)):
        optim.AdamW(named_tensors(), groups=groups)


def test_parameters_without_names_and_names_that_are_no_good():
    pairs = named_tensors()
    tensors = [parameter for _, parameter in pairs]
    with pytest.raises(
        ValueError, match=r"is a pattern of names, and the parameters have none; .*named_parameters\(\)"
    ):
        optim.SGD(tensors, lr=0.1, groups={"*bias": {"lr": 0.2}})
    with pytest.raises(TypeError, match=r"parameters\[1\] is a Tensor, and others are pairs of a name and a Tensor"):
        optim.SGD([pairs[0], tensors[1]], lr=0.1)
    with pytest.raises(ValueError, match=r"parameters\[1\] has the name 'first.weight', as parameters\[0\] has"):
        optim.SGD([pairs[0], ("first.weight", tensors[1])], lr=0.1)
    with pytest.raises(ValueError, match=r"parameters\[1\] is the same Tensor"):
        optim.SGD([pairs[0], ("other", tensors[0])], lr=0.1)
    with pytest.raises(ValueError, match="nesterov=True needs a momentum"):
        optim.SGD(pairs, lr=0.1, momentum=0.9, nesterov=True, groups={"*bias": {"momentum": 0.0}})


def test_an_optimiser_of_the_users_own_may_have_groups():
    class Signs(optim.Optimizer):
        """Steps of the same length in every element."""

        def __init__(self, parameters, lr, groups=None):
            super().__init__(parameters, lr, None)
            self._divide(groups)

        def _update(self, position, values, gradient, scratch, lr):
            np.sign(gradient, out=scratch)
            values -= lr * scratch

    optimizer = Signs(named_tensors(), 0.1, groups={"*bias": {"lr": 1.0}})
    before = [parameter.data.copy() for parameter in optimizer.parameters]
    give_gradients(optimizer.parameters, 0)
    optimizer.step()
    sizes = [np.abs(old - each.data) for old, each in zip(before, optimizer.parameters, strict=True)]
    np.testing.assert_allclose(sizes[0], 0.1)
    np.testing.assert_allclose(sizes[1], 1.0)


def test_a_function_of_the_wrong_arguments_is_told_how_it_is_called():
    with pytest.raises(TypeError) as told:
        optim.SGD([mg.Tensor(1.0, requires_grad=True)], lr=0.1, groups={(lambda name: True): {"lr": 0.2}})
    assert "groups[<lambda>] is called as <lambda>(name, parameter)" in told.value.__notes__[0]
