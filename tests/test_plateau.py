"""Does a schedule that is told losses fall when they stand still, and go on where it was?"""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import optim


def rates(schedule, values):
    found = []
    for value in values:
        schedule.tell(value)
        found.append(schedule.lr)
    return found


def test_it_falls_after_more_than_patience_values_that_are_no_better():
    schedule = optim.Plateau(1.0, factor=0.5, patience=2, threshold=0.0)
    assert rates(schedule, [5.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0, 3.0]) == [
        *(1.0, 1.0, 1.0, 1.0, 0.5, 0.5),
        *(0.5, 0.5, 0.5, 0.25),
    ]


def test_it_rises_for_nothing_and_ends_at_its_least():
    schedule = optim.Plateau(1.0, factor=0.1, patience=0, least=0.05)
    assert rates(schedule, [1.0] * 4) == [1.0, 0.1, 0.05, 0.05]


def test_a_threshold_a_mode_and_a_rest():
    assert rates(optim.Plateau(1.0, 0.5, 0, threshold=0.1), [1.0, 0.95, 0.89]) == [1.0, 0.5, 0.5]
    assert rates(optim.Plateau(1.0, 0.5, 0, mode="max"), [0.5, 0.6, 0.6]) == [1.0, 1.0, 0.5]
    # Negative numbers that get smaller are better, too.
    assert rates(optim.Plateau(1.0, 0.5, 0), [-1.0, -2.0, -1.5]) == [1.0, 1.0, 0.5]
    assert rates(optim.Plateau(1.0, 0.5, 0, cooldown=2), [1.0, 1.0, 1.0, 1.0, 1.0]) == [1.0, 0.5, 0.5, 0.5, 0.25]


def test_an_infinite_value_is_never_better():
    schedule = optim.Plateau(1.0, 0.5, patience=1)
    assert rates(schedule, [math.inf, math.inf, 2.0, 1.0]) == [1.0, 0.5, 0.5, 0.5]
    assert "the best is 1" in repr(schedule)


def test_it_is_a_schedule_of_optimisers_and_of_compiled_steps():
    w = mg.Tensor([1.0], requires_grad=True)
    schedule = optim.Plateau(0.5, factor=0.5, patience=0)
    optimizer = optim.SGD([w], lr=schedule)

    @mg.compile
    def step():
        optimizer.zero_grad()
        np.sum(w * 1.0).backward()
        optimizer.step()

    step()
    schedule.tell(1.0)
    schedule.tell(np.float32(1.0))
    step()
    assert w.data.tolist() == [0.25]
    assert len(step.cached) == 1
    assert optim.warmup(schedule, 1)(0) == 0.125


@given(values=st.lists(st.floats(-10.0, 10.0), max_size=30), cut=st.integers(0, 30), data=st.data())
def test_it_goes_on_where_it_was(values, cut, data):
    def make():
        return optim.Plateau(1.0, factor=0.5, patience=1, cooldown=1)

    whole, first, second = make(), make(), make()
    rates(first, values[:cut])
    state = json.loads(json.dumps(first.state_dict()))
    if data.draw(st.booleans()):
        state = {key: np.asarray(value) for key, value in state.items()}
    second.load_state_dict(state)
    assert rates(whole, values) == [*rates(make(), values[:cut]), *rates(second, values[cut:])]
    assert second.state_dict() == whole.state_dict()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": 0.0}, "lr must be a positive"),
        ({"factor": 1.0}, "factor must be below 1"),
        ({"factor": 0.0}, "factor must be above 0"),
        ({"patience": -1}, "patience"),
        ({"threshold": math.nan}, "threshold"),
        ({"mode": "down"}, "mode is 'min' or 'max', not 'down'"),
        ({"cooldown": 0.5}, "cooldown"),
        ({"least": 2.0}, "least must be at most lr; it is 2.0"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        optim.Plateau(**({"lr": 1.0} | settings))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (math.nan, ValueError, "was given nan"),
        (-math.inf, ValueError, "was given -inf"),
        ("0.5", TypeError, "takes one real number, not '0.5'"),
        (None, TypeError, "takes one real number, not None"),
        (np.ones(3), TypeError, "not an array of shape (3,)"),
    ],
)
def test_what_is_no_value(value, error, message):
    schedule = optim.Plateau(1.0)
    with pytest.raises(error, match=re.escape(message)):
        schedule.tell(value)
    assert schedule.state_dict() == {"falls": 0, "waited": 0, "resting": 0}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"falls": None}, KeyError, "missing ['falls'], unexpected []"),
        ({"lr": 0.1}, KeyError, "unexpected ['lr']"),
        ({"waited": -1}, ValueError, "waited is -1.0, not a whole number"),
        ({"resting": 0.5}, ValueError, "resting is 0.5"),
        ({"best": math.inf}, ValueError, "best is inf"),
        ({"falls": "2"}, TypeError, "falls takes one real number, not '2'"),
    ],
)
def test_a_state_that_is_none_changes_nothing(change, error, message):
    schedule = optim.Plateau(1.0, 0.5, 0)
    rates(schedule, [1.0, 1.0])
    before = schedule.state_dict()
    state = {key: value for key, value in (before | {"waited": 7} | change).items() if value is not None}
    with pytest.raises(error, match=re.escape(message)):
        schedule.load_state_dict(state)
    assert schedule.state_dict() == before
    with pytest.raises(TypeError, match="the state is a NoneType"):
        schedule.load_state_dict(None)
