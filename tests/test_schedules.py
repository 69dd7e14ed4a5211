"""Do the learning-rate schedules follow their equations and stay in bounds?"""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
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


@given(start=st.floats(0.0, 10.0), end=st.floats(0.0, 10.0), steps=st.integers(1, 50))
def test_linear_stays_between_its_ends(start, end, steps):
    schedule = optim.linear(start, end, steps)
    rates = [schedule(step) for step in range(steps + 3)]
    assert rates[0] == start
    assert rates[steps:] == [end] * 3
    assert all(0.0 <= rate <= max(start, end) * (1 + 1e-15) + 1e-300 for rate in rates)
    assert rates == pytest.approx([start + (end - start) * min(step / steps, 1.0) for step in range(steps + 3)])


@given(lr=RATES, every=st.integers(1, 9), factor=st.floats(0.01, 1.0), step=st.integers(0, 50))
def test_exponential_meets_step_decay_after_each_stretch(lr, every, factor, step):
    schedule = optim.exponential(lr, factor, every)
    assert schedule(step) == pytest.approx(lr * factor ** (step / every))
    assert schedule(step * every) == pytest.approx(optim.step_decay(lr, every, factor)(step * every))
    assert optim.constant(lr)(step) == lr


@given(lr=RATES, steps=st.integers(1, 200), rise=st.floats(0.05, 0.5), start=st.floats(0.01, 1.0))
def test_one_cycle_rises_and_falls_once(lr, steps, rise, start):
    schedule = optim.one_cycle(lr, steps, rise=rise, start=start, end=start / 100)
    rates = [schedule(step) for step in range(steps + 2)]
    peak = rates.index(max(rates))
    assert rates[0] == pytest.approx(lr * start)
    assert rates[-2:] == pytest.approx([lr * start / 100] * 2)
    assert all(earlier <= later * (1 + 1e-12) for earlier, later in itertools.pairwise(rates[: peak + 1]))
    assert all(earlier >= later * (1 - 1e-12) for earlier, later in itertools.pairwise(rates[peak:]))
    assert max(rates) <= lr * (1 + 1e-12)


@given(lr=RATES, steps=st.integers(1, 30), climb=st.integers(1, 20))
def test_a_warm_cosine_is_the_cosine_that_warms_up(lr, steps, climb):
    composed, whole = optim.warmup(optim.cosine(lr, steps), climb), optim.cosine(lr, steps + climb, warmup=climb)
    for step in range(steps + climb + 2):
        assert composed(step) == pytest.approx(whole(step), rel=1e-12, abs=1e-15)


@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4), data=st.data())
def test_joined_schedules_count_from_zero_each(lengths, data):
    seen = []
    parts = [(lambda step, part=part: seen.append((part, step)) or 0.1, length) for part, length in enumerate(lengths)]
    if data.draw(st.booleans()):
        parts[-1] = (parts[-1][0], None)
    schedule = optim.join(parts)
    for step in range(sum(lengths) + 5):
        schedule(step)
    expected = [(part, step) for part, length in enumerate(lengths) for step in range(length)]
    expected += [(len(lengths) - 1, lengths[-1] + more) for more in range(5)]
    assert seen == expected


def test_schedules_compose_and_optimisers_take_them():
    schedule = optim.scaled(optim.join([(optim.warmup(1.0, 3), 5), (optim.exponential(1.0, 0.5), None)]), 0.5)
    assert [schedule(step) for step in range(8)] == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5, 0.25, 0.125]
    w = mg.Tensor(0.0, requires_grad=True)
    optimizer = optim.SGD([w], lr=schedule)
    for _ in range(3):
        w.grad = 1.0
        optimizer.step()
    assert w.item() == pytest.approx(-0.75)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: optim.constant(0.0), ValueError, "lr.*0.0"),
        (lambda: optim.linear(-1.0, 0.0, 5), ValueError, "start.*-1.0"),
        (lambda: optim.linear(1.0, math.nan, 5), ValueError, "end.*nan"),
        (lambda: optim.linear(1.0, 0.0, 0), ValueError, "steps.*0"),
        (lambda: optim.exponential(1.0, 0.0), ValueError, "factor must be above 0 and at most 1, not 0.0"),
        (lambda: optim.exponential(1.0, 0.5, every=0), ValueError, "every.*0"),
        (lambda: optim.one_cycle(1.0, 10, rise=0.6), ValueError, "rise must be at most 0.5"),
        (lambda: optim.one_cycle(1.0, 10, start=2.0), ValueError, "start must be above 0 and at most 1, not 2.0"),
        (lambda: optim.one_cycle(1.0, 10, end=0.5), ValueError, "end must be at most start; it is 0.5"),
        (lambda: optim.warmup(0.1, 0), ValueError, "steps.*0"),
        (lambda: optim.warmup("0.1", 5), TypeError, r"warmup: schedule is a str; give a function"),
        (lambda: optim.warmup(-0.1, 5), ValueError, "lr.*-0.1"),
        (lambda: optim.warmup(optim.Plateau, 5), TypeError, r"is the class Plateau; make one"),
        (lambda: optim.join([]), ValueError, "join was given no schedules"),
        (lambda: optim.join([0.1, 0.2]), TypeError, r"a list of pairs, such as \[\(0.1, 100\)"),
        (
            lambda: optim.join([(0.1, None), (0.2, 5)]),
            ValueError,
            "number of steps at position 0 must be a whole.*None",
        ),
        (lambda: optim.join([(0.1, 5), (None, 5)]), TypeError, "schedule at position 1 is a NoneType"),
        (lambda: optim.scaled(optim.constant(1.0), 0.0), ValueError, "factor.*0.0"),
        (lambda: optim.scaled([0.1], 1.0), TypeError, "scaled: schedule is a list"),
    ],
)
def test_composed_schedules_out_of_range(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_true_is_no_number():
    parameters = [mg.Tensor(1.0, requires_grad=True)]
    for call in (
        lambda: optim.constant(True),
        lambda: optim.cosine(0.1, True),
        lambda: optim.SGD(parameters, lr=True),
        lambda: optim.SGD(parameters, lr=0.1, momentum=False),
        lambda: optim.EMA(parameters, decay=False),
    ):
        with pytest.raises(ValueError, match=r"not (True|False)"):
            call()
