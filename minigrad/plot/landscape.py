"""What does the loss look like around the parameters?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.values import plain
from minigrad.nn import Layer
from minigrad.nn.initializers import Seed
from minigrad.plot.figures import LINES, SIZED, axes_on, bar_beside, bare, counted, laid_out, legend_on_white
from minigrad.plot.untouched import call_untouched, check_layer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Pairs = Sequence[tuple[Any, Any]]


def loss_surface(
    model: Layer,
    loss: Callable[[Any, Any], Any],
    data: Iterable[tuple[Any, Any]],
    directions: int = 2,
    size: float = 1.0,
    points: int = 21,
    rng: Seed = None,
    ax: Axes | None = None,
) -> Figure:
    """The loss along one or two random directions through the parameters w of a model:

        f(a, b) = mean over the data of loss(model with w + a * d1 + b * d2, y)

    A direction is drawn from a normal distribution. Then each filter of it is given the norm of the same filter of w,
    so that a step of 1 means as much in every layer, whatever its scale (Li, Xu, Taylor, Studer and Goldstein 2018,
    "Visualizing the loss landscape of neural nets", arXiv:1712.09913, section 4). A filter is what belongs to one
    unit: a column of a matrix, ``weight[k]`` of kernels. Parameters of one axis, such as biases, are not moved.

    The picture shows two directions of very many. A minimum that looks round in them may be narrow in others.

    Args:
        model, loss: as for `minigrad.train`. The model is called in evaluation mode, with `Layer.call_with`: its own
            parameters are not written to.
        data: pairs (x, y), such as ``mg.batches(x, y, batch_size)``; gone through once, and kept. All of them are
            computed for every point, so a thousand samples are enough.
        directions: 2 for contours, 1 for a curve.
        size: how far to go to each side, in norms of the filters.
        points: along each direction, an odd number, so that the parameters are one of them.
        rng: a seed or generator for the directions.
        ax: where to draw; by default on a new figure.

    Returns:
        The figure. Points whose loss is not finite are left out. Contours are equally spaced on a logarithmic scale,
        where the largest loss is more than ten times the smallest.

    Raises:
        ValueError: for numbers out of range, data without batches, a model whose parameters all have one axis, a loss
            that is no single number, and for a loss that is not finite at the parameters.
        TypeError: for arguments of other kinds.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> model, x = nn.Dense(3, 1, rng=0), np.ones((4, 3), np.float32)
        >>> data = [(x, np.zeros((4, 1), np.float32))]
        >>> figure = plot.loss_surface(model, losses.mse, data, directions=1, points=5, rng=0)
        >>> figure.axes[0].lines[0].get_xdata().tolist()
        [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    check_layer("loss_surface", model)
    pairs = _checked(loss, data, directions, size, points)
    generator = np.random.default_rng(rng)
    moves = [_direction(model, generator) for _ in range(directions)]
    steps = np.linspace(-float(size), float(size), points)
    steps[points // 2] = 0.0
    figure, ax = axes_on("loss_surface", ax, 6.0, 4.6 if directions == 2 else 3.8)
    found = call_untouched(model, lambda: _losses(model, loss, pairs, moves, steps))
    here = float(found[(points // 2,) * directions])
    if not math.isfinite(here):
        raise ValueError(f"plot.loss_surface: the loss at the parameters is {here}")
    samples = sum(_count(x) for x, _ in pairs)
    missing = int(np.sum(~np.isfinite(found)))
    note = f", {counted(missing, 'point')} not finite" if missing else ""
    ax.set_title(f"Loss around the parameters\n{counted(samples, 'sample')}{note}")
    label = "{} (norms of the filters)"
    (_draw_line if directions == 1 else _draw_contours)(figure, ax, steps, found, here)
    ax.set_xlabel(label.format("random direction" if directions == 1 else "direction 1"))
    ax.set_ylabel("loss" if directions == 1 else label.format("direction 2"))
    return laid_out(figure)


def _checked(loss: Any, data: Any, directions: Any, size: Any, points: Any) -> Pairs:
    if not callable(loss) or isinstance(loss, type):
        raise TypeError(f"plot.loss_surface: the loss is a function such as losses.mse, not {loss!r}")
    if directions not in (1, 2):
        raise ValueError(f"plot.loss_surface: directions is 1 or 2, not {directions!r}")
    if not (isinstance(size, Real) and 0.0 < float(size) < math.inf):
        raise ValueError(f"plot.loss_surface: size is a positive number, not {size!r}")
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or points < 3 or points % 2 == 0:
        raise ValueError(f"plot.loss_surface: points is an odd number of at least 3, not {points!r}")
    if isinstance(data, (str, dict)) or not isinstance(data, Iterable):
        raise TypeError(
            f"plot.loss_surface: data are pairs (x, y), such as mg.batches(x, y, batch_size=500), not a "
            f"{type(data).__name__}"
        )
    pairs = list(data)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(
                f"plot.loss_surface: data are pairs (x, y), such as [(x, y)] or mg.batches(x, y, batch_size=500); this "
                f"holds a {type(pair).__name__}"
            )
    if not pairs:
        raise ValueError("plot.loss_surface: the data gave no batches (a generator is used up after one use)")
    return pairs


def _count(x: Any) -> int:
    """How many samples there are in x, an array, or a tuple or dict of arrays."""
    if isinstance(x, dict):
        return _count(next(iter(x.values())))
    return _count(x[0]) if isinstance(x, tuple) else len(x)


def _direction(model: Layer, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """A random direction by paths of parameters, each filter as long as that of the parameter."""
    found = {}
    for name, parameter in model.named_parameters():
        values = parameter._array.astype(np.float64)
        if values.ndim > 1:
            drawn = rng.standard_normal(values.shape)
            axes = tuple(range(values.ndim - 1)) if values.ndim == 2 else tuple(range(1, values.ndim))
            lengths = np.sqrt(np.sum(drawn**2, axis=axes, keepdims=True))
            found[name] = drawn / lengths * np.sqrt(np.sum(values**2, axis=axes, keepdims=True))
    if not found:
        raise ValueError(
            "plot.loss_surface: this model has no parameter with more than one axis, so there is no filter"
        )
    return found


def _losses(
    model: Layer, loss: Callable[[Any, Any], Any], pairs: Pairs, moves: Sequence[Any], steps: NDArray[Any]
) -> NDArray[Any]:
    """The loss at every point; the last axis belongs to the first direction."""
    start = {name: parameter._array for name, parameter in model.named_parameters() if name in moves[0]}
    found = np.empty((len(steps),) * len(moves))
    for index in np.ndindex(found.shape):
        moved = {
            name: (
                values + sum(steps[place] * move[name] for place, move in zip(index[::-1], moves, strict=True))
            ).astype(values.dtype)
            for name, values in start.items()
        }
        with np.errstate(over="ignore", invalid="ignore"):
            found[index] = _mean_loss(model, loss, pairs, moved)
    return found


def _mean_loss(model: Layer, loss: Callable[[Any, Any], Any], pairs: Pairs, moved: dict[str, NDArray[Any]]) -> float:
    total = samples = 0.0
    for x, y in pairs:
        value = np.asarray(plain(loss(model.call_with(moved, x), y)))
        if value.size != 1 or value.dtype.kind not in "biuf":
            raise ValueError(f"plot.loss_surface: the loss gave shape {value.shape}; it has to be a single number")
        count = _count(x)
        total += count * float(value.item())
        samples += count
    return total / samples


def _draw_line(figure: Figure, ax: Axes, steps: NDArray[Any], found: NDArray[Any], here: float) -> None:
    ax.plot(steps, np.where(np.isfinite(found), found, np.nan), color=LINES[0])
    ax.plot([0.0], [here], "o", color=LINES[1], label=f"at the parameters: {here:.4g}", zorder=3)
    bare(ax)
    legend_on_white(ax)


def _draw_contours(figure: Figure, ax: Axes, steps: NDArray[Any], found: NDArray[Any], here: float) -> None:
    from matplotlib.colors import LogNorm, Normalize

    shown = np.ma.masked_invalid(found)
    low, high = float(shown.min()), float(shown.max())
    if high <= low:
        high = low + max(abs(low), 1.0) * 1e-6
    logarithmic = low > 0.0 and high > 10.0 * low
    levels = np.geomspace(low, high, 16) if logarithmic else np.linspace(low, high, 16)
    norm = (LogNorm if logarithmic else Normalize)(low, high)
    filled = ax.contourf(steps, steps, shown, levels=levels, cmap=SIZED, norm=norm, extend="neither")
    ax.contour(steps, steps, shown, levels=levels, colors="white", linewidths=0.4, alpha=0.6)
    label = "loss (logarithmic scale)" if logarithmic else "loss"
    bar = bar_beside(figure, ax, filled, label, ticks=levels[::3])
    bar.ax.minorticks_off()
    bar.ax.set_yticklabels([f"{level:.2g}" if logarithmic else f"{level:.4g}" for level in levels[::3]])
    ax.plot(
        [0.0], [0.0], "*", color="white", markeredgecolor="black", markersize=13, label=f"at the parameters: {here:.4g}"
    )
    legend_on_white(ax, loc="upper right")
    ax.set_aspect("equal")
