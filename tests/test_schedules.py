"""Do the learning-rate schedules follow their equations and stay in bounds?"""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import optim

RATES = st.floats(1e-6, 10.0)


@given(lr=RATES, warmup=st.integers(0, 20), rest=st.integers(1, 50))
def test_cosine_climbs_to_its_peak_and_falls_to_zero(lr, warmup, rest):
    schedule = optim.cosine(lr, steps=warmup + rest, warmup=warmup)
    rates = [schedule(step) for step in range(warmup + rest)]
    assert all(0.0 < rate <= lr for rate in rates)
    assert max(rates) == rates[warmup] == lr
    assert all(earlier < later for earlier, later in itertools.pairwise(rates[: warmup + 1]))
    assert all(earlier > later for earlier, later in itertools.pairwise(rates[warmup:]))
    assert schedule(warmup + rest) == schedule(10 * (warmup + rest)) == 0.0


def test_cosine_values():
    schedule = optim.cosine(0.4, steps=11, warmup=3)
    assert [schedule(step) for step in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert schedule(5) == pytest.approx(0.2 * (1 + math.sqrt(0.5)))
    assert schedule(7) == pytest.approx(0.2)


@given(lr=RATES, every=st.integers(1, 9), factor=st.floats(0.01, 1.0), stretch=st.integers(0, 9), data=st.data())
def test_step_decay_is_constant_on_each_stretch(lr, every, factor, stretch, data):
    schedule = optim.step_decay(lr, every, factor)
    step = stretch * every + data.draw(st.integers(0, every - 1))
    expected = lr
    for _ in range(stretch):
        expected *= factor
    assert schedule(step) == pytest.approx(expected)
    assert 0.0 < schedule(step) <= lr


def test_step_decay_never_fails_on_a_long_run():
    assert optim.step_decay(1.0, every=1, factor=0.1)(10**7) == 0.0


@pytest.mark.parametrize(
    ("schedule", "settings", "text"),
    [
        (optim.cosine, {"lr": 0.0, "steps": 5}, "lr.*0.0"),
        (optim.cosine, {"lr": math.nan, "steps": 5}, "lr.*nan"),
        (optim.cosine, {"lr": 1.0, "steps": 0}, "steps.*0"),
        (optim.cosine, {"lr": 1.0, "steps": 5.5}, "steps.*5.5"),
        (optim.cosine, {"lr": 1.0, "steps": 5, "warmup": -1}, "warmup.*-1"),
        (optim.cosine, {"lr": 1.0, "steps": 5, "warmup": 5}, "warmup.*5"),
        (optim.step_decay, {"lr": -1.0, "every": 5, "factor": 0.5}, "lr.*-1.0"),
        (optim.step_decay, {"lr": 1.0, "every": 0, "factor": 0.5}, "every.*0"),
        (optim.step_decay, {"lr": 1.0, "every": 5, "factor": 0.0}, "factor.*0.0"),
        (optim.step_decay, {"lr": 1.0, "every": 5, "factor": 1.5}, "factor.*1.5"),
    ],
)
def test_arguments_out_of_range(schedule, settings, text):
    with pytest.raises(ValueError, match=text):
        schedule(**settings)
