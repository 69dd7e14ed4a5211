"""Do pictures of learning rates show the rates of every group, and what a search has found?"""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import losses, nn, optim, plot


def searched(smoothed, loss=None):
    rates = np.geomspace(1e-5, 1.0, len(smoothed))
    smoothed = np.array(smoothed, float)
    loss = smoothed if loss is None else np.array(loss, float)
    return mg.RateSearch(rates, loss, smoothed, float(rates[np.argmin(smoothed)]) / 10.0)


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def test_a_search_has_its_losses_its_average_and_its_suggestion():
    rng = np.random.default_rng(0)
    model, x = nn.Dense(3, 1, rng=rng), rng.normal(size=(64, 3)).astype(np.float32)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    found = mg.find_learning_rate(model, losses.mse, optimizer, mg.batches(x, x[:, :1], 8, rng=rng))
    (ax,) = plot.learning_rate_search(found).axes
    drawn = lines(ax)
    for label, values in (("loss of a batch", found.losses), ("moving average", found.smoothed)):
        np.testing.assert_array_equal(drawn[label].get_xdata(), found.rates)
        np.testing.assert_array_equal(drawn[label].get_ydata(), values)
    best = int(np.argmin(found.smoothed))
    (dot,) = (line for label, line in drawn.items() if label.startswith("least at "))
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (found.rates[best], found.smoothed[best])
    assert drawn[f"suggestion: lr={found.suggestion:.2g}"].get_xdata() == [found.suggestion] * 2
    assert (ax.get_xscale(), ax.get_xlabel(), ax.get_ylabel()) == ("log", "learning rate", "loss")
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {*drawn}


def test_an_explosion_does_not_flatten_what_was_before():
    low, high = plot.learning_rate_search(searched([2, 2, 1.5, 1.0, 1.2, 50, 4000])).axes[0].get_ylim()
    assert low < 1.0
    assert 2.0 < high < 4.0


@pytest.mark.parametrize("smoothed", [[1.0] * 10, [0.0] * 10, range(10), range(0, -10, -1), [3e300, 1e300, 5e300]])
def test_searches_of_any_shape_are_drawn(smoothed):
    ax = Figure().subplots()
    assert plot.learning_rate_search(searched(smoothed), ax=ax) is ax.figure
    low, high = ax.get_ylim()
    assert low < min(smoothed) <= high
    ax.figure.draw_without_rendering()


@pytest.mark.parametrize("given", [3, mg.RateSearch, mg.find_learning_rate, None, [{"loss": 1.0}]])
def test_what_is_no_search_is_refused(given):
    with pytest.raises(
        TypeError, match=r"plot.learning_rate_search: give what mg.find_learning_rate\(.* returned, not (a |the class)"
    ):
        plot.learning_rate_search(given)


def test_groups_with_rates_of_their_own_have_lines_of_their_own():
    model = nn.Sequential(nn.Dense(2, 2, rng=0), nn.Dense(2, 1, rng=1))
    optimizer = optim.SGD(
        model.named_parameters(),
        lr=0.5,
        groups={"*bias": {"lr": optim.linear(1.0, 0.0, 4)}, "layers.0.*": {"momentum": 0.9}, "layers.1.*": {"lr": 0.1}},
    )
    (ax,) = plot.schedule(optimizer, 3).axes
    assert {label: line.get_ydata().tolist() for label, line in lines(ax).items()} == {
        "lr": [0.5, 0.5, 0.5],
        "groups['*bias']": [1.0, 0.75, 0.5],
        "groups['layers.1.*']": [0.1, 0.1, 0.1],
    }
    assert len(ax.get_legend().get_texts()) == 3
    assert plot.schedule(optim.SGD(model.parameters(), lr=0.5), 3).axes[0].get_legend() is None


def test_rates_that_depend_on_what_is_told_are_not_drawn():
    schedule = optim.Plateau(0.5)
    parameters = [("w", mg.Tensor(1.0, requires_grad=True)), ("b", mg.Tensor(1.0, requires_grad=True))]
    for given in (
        schedule,
        optim.SGD(parameters, lr=schedule),
        optim.SGD(parameters, lr=0.1, groups={"b": {"lr": schedule}}),
    ):
        with pytest.raises(
            TypeError, match=re.escape("plot.schedule: the rates of a Plateau depend on what it is told")
        ):
            plot.schedule(given, 10)
