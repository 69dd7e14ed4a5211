"""What is the learning rate from step to step, and which one is good?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from minigrad.optim import Optimizer, Plateau
from minigrad.plot.figures import (
    FAINT,
    LINES,
    axes_on,
    bare,
    counted,
    legend_below,
    legend_on_white,
    mixed,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of so many steps each has a marker.
_FEW = 30


class Search(Protocol):
    """What is drawn of a `minigrad.RateSearch`."""

    @property
    def rates(self) -> NDArray[np.float64]:
        """That were tried, in order."""

    @property
    def losses(self) -> NDArray[np.float64]:
        """Of the batch that was seen with each."""

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """Their moving averages."""

    @property
    def suggestion(self) -> float:
        """The rate to try."""


def schedule(schedule: Callable[[int], float] | Optimizer, steps: int, ax: Axes | None = None) -> Figure:
    """The learning rate of each of the first steps.

    Args:
        schedule: a function from the number of steps taken to a learning rate, such as ``optim.cosine(...)``; or an
            optimiser, of which the steps that it has taken are marked. Groups of parameters that have a learning rate
            of their own have lines of their own.
        steps: how many, at least 1.
        ax: where to draw; by default on a new figure.

    Returns:
        The figure.

    Raises:
        ValueError: for fewer than 1 step, and for a schedule that gives something else than a finite number of at
            least 0.
        TypeError: for what is neither a schedule nor an optimiser, and for an `optim.Plateau`, whose rates depend on
            what it is told.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> figure = plot.schedule(optim.step_decay(1.0, every=2, factor=0.5), steps=4)
        >>> figure.axes[0].lines[0].get_ydata().tolist()
        [1.0, 1.0, 0.5, 0.5]
    """
    if isinstance(schedule, bool) or not (callable(schedule) or isinstance(schedule, Optimizer)):
        raise TypeError(
            f"plot.schedule: give a schedule, such as optim.cosine(0.01, steps=1000), or an optimizer, not a "
            f"{type(schedule).__name__}"
        )
    if isinstance(schedule, type):
        raise TypeError(f"plot.schedule: this is the class {schedule.__name__}; give an optimizer that was made")
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise ValueError(f"plot.schedule: steps is a whole number of at least 1, not {steps!r}")
    lines = {name: [_rate(rate, step) for step in range(steps)] for name, rate in _rates(schedule).items()}
    figure, ax = axes_on("schedule", ax, 6.0, 3.4)
    marker = "." if steps <= _FEW else None
    for place, (name, rates) in enumerate(lines.items()):
        colour = LINES[place % len(LINES)]
        label = name if len(lines) > 1 else None
        ax.plot(range(steps), rates, color=colour, drawstyle="steps-post", marker=marker, label=label)
    if isinstance(schedule, Optimizer) and schedule.steps > 0:
        ax.axvline(schedule.steps, color=FAINT, linestyle=":", label=f"now: {counted(schedule.steps, 'step')} taken")
    if ax.get_legend_handles_labels()[1]:
        legend_on_white(ax)
    bare(ax)
    whole_numbers(ax.xaxis)
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("steps taken")
    ax.set_ylabel("learning rate")
    ax.set_title(f"Learning rate of {'the first step' if steps == 1 else f'the first {steps:,} steps'}")
    return figure


def learning_rate_search(search: Search, ax: Axes | None = None) -> Figure:
    """How far the loss falls with which learning rate, and which rate that suggests.

    Rates lie on a logarithmic axis. The faint line is the loss of the batch that was seen with each rate, the strong
    line its moving average. Where that one has its minimum, there is a dot, and a tenth of that rate is suggested. What
    is far above the losses before the minimum is cut off.

    Args:
        search: the `minigrad.RateSearch` that `minigrad.find_learning_rate` returned.
        ax: where to draw; by default on a new figure.

    Returns:
        The figure.

    Raises:
        TypeError: for anything else.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> model, x = nn.Dense(2, 1, rng=0), np.ones((8, 2), np.float32)
        >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
        >>> found = mg.find_learning_rate(model, losses.mse, optimizer, [(x, x[:, :1])])
        >>> figure = plot.learning_rate_search(found)
        >>> [line.get_label() for line in figure.axes[0].lines[:2]]
        ['loss of a batch', 'moving average']
    """
    if not all(hasattr(search, name) for name in ("rates", "losses", "smoothed", "suggestion")):
        given = f"the class {search.__name__}" if isinstance(search, type) else f"a {type(search).__name__}"
        raise TypeError(
            f"plot.learning_rate_search: give what mg.find_learning_rate(model, loss, optimizer, data) returned, not "
            f"{given}"
        )
    figure, ax = axes_on("learning_rate_search", ax, 6.0, 3.8)
    rates, smoothed = search.rates, search.smoothed
    best = int(np.argmin(smoothed))
    ax.plot(rates, search.losses, color=mixed(LINES[0], 0.35), linewidth=1.0, label="loss of a batch")
    ax.plot(rates, smoothed, color=LINES[0], linewidth=1.8, label="moving average")
    ax.plot([rates[best]], [smoothed[best]], "o", color=LINES[0], markersize=5, label=f"least at {rates[best]:.2g}")
    ax.axvline(search.suggestion, color=LINES[1], linestyle="--", label=f"suggestion: lr={search.suggestion:.2g}")
    ax.set_xscale("log")
    low, before = float(np.min(search.losses)), float(np.max(smoothed[: best + 1]))
    # The last losses may be a thousand times as large as all others, beside which the minimum would not be seen.
    high = min(float(np.max(smoothed)), low + 2.0 * (before - low)) if before > low else float(np.max(smoothed))
    margin = 0.08 * (high - low) or 0.5
    ax.set_ylim(low - margin, high + margin)
    bare(ax)
    ax.set_xlabel("learning rate")
    ax.set_ylabel("loss")
    ax.set_title(f"Search for a learning rate, {counted(len(rates), 'step')}")
    legend_below(ax, ax.get_legend_handles_labels()[1])
    return figure


def _rates(schedule: Any) -> dict[str, Any]:
    """The learning rate, or what gives it, of each group of parameters of an optimiser that has one of its own."""
    found = {"": schedule}
    if isinstance(schedule, Optimizer):
        entries = schedule._groups.entries if schedule._groups else []
        of_groups = {f"groups[{each.label}]": each.settings["lr"] for each in entries if "lr" in each.settings}
        found = {"lr": schedule._lr, **of_groups}
    for rate in found.values():
        if isinstance(rate, Plateau):
            raise TypeError(
                f"plot.schedule: the rates of a Plateau depend on what it is told, and not on the steps; now it is "
                f"{rate.lr:.6g}"
            )
    return found


def _rate(rate: float | Callable[[int], float], step: int) -> float:
    given = rate(step) if callable(rate) else rate
    value = float(given) if np.size(given) == 1 and np.asarray(given).dtype.kind in "iuf" else math.nan
    if not 0.0 <= value < math.inf:
        raise ValueError(f"plot.schedule: the schedule gives {given!r} after {step} steps, not a learning rate")
    return value
