"""What do the filters and the parameters of a network look like?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from minigrad.nn import Conv, Dense, Layer
from minigrad.nn.mode import every_layer
from minigrad.plot.figures import FAINT, INK, LINES, SIGNED, bar_beside, bare, counted, laid_out, new_figure
from minigrad.plot.untouched import check_layer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BINS = 60
_SMALLEST = 1e-30  # gradients below are drawn as that


def filters(layer: Layer, shape: tuple[int, ...] | None = None) -> Figure:
    """The kernels of a convolution, or the weights of the units of a dense layer, as images.

    Red is positive, blue negative, white 0, and the scale is the same for all.

    Args:
        layer: an `nn.Conv`, or an `nn.Dense` with `shape`; or a model, of which the first such layer is drawn.
        shape: of the images that a dense layer was given before they were flattened, (C, H, W) or (H, W).

    Returns:
        The figure. The kernels stand in a grid, in rows, numbered from 0; the channels of each stand side by side.

    Raises:
        ValueError: for a model without such a layer, a shape that does not fit it, or weights that are not finite.
        TypeError: for what is no layer.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> figure = plot.filters(nn.Sequential(nn.Conv(1, 4, 3, rng=0), nn.ReLU()))
        >>> print(figure.axes[0].get_title())
        Conv(1, 4, 3)
        4 kernels, 3 by 3
    """
    check_layer("filters", layer)
    found = _first(layer, Conv if shape is None else Dense)
    weight = found.weight._array.astype(np.float64)
    if shape is None:
        kernels = weight
    else:
        sizes = _image_shape(shape)
        if int(np.prod(sizes)) != found.in_features:
            raise ValueError(
                f"plot.filters: images of shape {shape} have {int(np.prod(sizes))} numbers, and {found!r} takes "
                f"{found.in_features}"
            )
        kernels = weight.T.reshape(-1, *sizes)
    if not np.isfinite(kernels).all():
        raise ValueError(f"plot.filters: the weights of {found!r} are not finite")
    count, channels, rows, columns = kernels.shape
    what = "kernel" if shape is None else "unit"
    many = counted(count, what) if shape is None else f"the weights of {counted(count, what)}"
    title = f"{found!r}\n{many}, {rows} by {columns}{f', {channels} channels' if channels > 1 else ''}"
    return _mosaic(kernels, title, what)


def distributions(model: Layer, of: Literal["weights", "gradients"] = "weights") -> Figure:
    """How the numbers in each parameter of a model are distributed, or those in its gradient.

    Each row is a histogram of one parameter, as high as its fullest bin. Gradients are shown by their size on a
    logarithmic scale: there a factor from layer to layer, as where gradients vanish or explode (Glorot and Bengio 2010,
    "Understanding the difficulty of training deep feedforward neural networks"), is a shift to the side.

    Args:
        model: whose parameters are drawn, named by their paths.
        of: ``"weights"``, or ``"gradients"``, those that the last ``backward()`` left in ``.grad``.

    Returns:
        The figure. On the right stand the mean and the standard deviation of weights; the root of the mean square of
        gradients, and how many of them are 0. Numbers that are not finite are left out and counted there.

    Raises:
        ValueError: for a model without parameters, and for gradients where there are none.
        TypeError: for what is no layer.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> figure = plot.distributions(nn.Sequential(nn.Dense(3, 4, rng=0), nn.Dense(4, 2, rng=1)))
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['layers.0.weight', 'layers.0.bias', 'layers.1.weight', 'layers.1.bias']
    """
    check_layer("distributions", model)
    if of not in ("weights", "gradients"):
        raise ValueError(f"plot.distributions: of is 'weights' or 'gradients', not {of!r}")
    parameters = dict(model.named_parameters())
    if not parameters:
        raise ValueError("plot.distributions: this model has no parameters that require a gradient")
    values: dict[str, NDArray[Any] | None] = {name: each._array for name, each in parameters.items()}
    if of == "gradients":
        values = {name: None if each.grad is None else each.grad._array for name, each in parameters.items()}
        if all(each is None for each in values.values()):
            raise ValueError(
                "plot.distributions: no parameter has a gradient; call loss.backward() first (compiled steps keep none)"
            )
    rows = [_Row(name, each, parameters[name].ndim > 1, of == "gradients") for name, each in values.items()]
    figure = new_figure("distributions", 7.4, min(1.5 + 0.42 * len(rows), 40.0))
    ax = figure.subplots()
    drawn = np.concatenate([row.drawn for row in rows])
    low, high = (float(drawn.min()), float(drawn.max())) if drawn.size else (-1.0, 1.0)
    margin = 0.02 * (high - low) or 0.5
    for place, row in enumerate(rows):
        colour = LINES[0] if row.is_matrix else LINES[1]
        ax.axhline(place, color="#dddddd", linewidth=0.8, zorder=1)
        if row.drawn.size:
            counts, edges = np.histogram(row.drawn, _edges(row.drawn, (high - low) / 200 or 0.01))
            heights = place - 0.85 * counts / counts.max()
            ax.stairs(heights, edges, baseline=place, fill=True, color=colour, alpha=0.75, zorder=2)
        ax.text(1.01, place - 0.2, row.note, transform=ax.get_yaxis_transform(), va="center", fontsize="small")
    kinds = {row.is_matrix: ("weights and kernels" if row.is_matrix else "biases and other vectors") for row in rows}
    for is_matrix, label in sorted(kinds.items(), reverse=True):
        ax.plot([], [], "s", color=LINES[0] if is_matrix else LINES[1], alpha=0.75, label=label)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    heading = "mean ± deviation" if of == "weights" else "root mean square"
    ax.text(1.01, -1.0, heading, transform=ax.get_yaxis_transform(), va="center", fontsize="small", weight="bold")
    ax.set_ylim(len(rows) - 0.85, -1.05)
    ax.set_yticks(range(len(rows)), [row.name for row in rows])
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(low - margin, high + margin)
    bare(ax)
    ax.spines["left"].set_visible(False)
    ax.set_ylabel("parameter")
    if of == "weights":
        ax.axvline(0.0, color=FAINT, linewidth=0.8, linestyle=":", zorder=1)
        ax.set_xlabel("value")
        ax.set_title(f"Distribution of the parameters of {type(model).__name__}")
    else:
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda exponent, _: f"$10^{{{exponent:g}}}$"))
        ax.set_xlabel("size of the gradient of one number")
        ax.set_title(f"Distribution of the gradients of {type(model).__name__}")
    return figure


class _Row:
    """What is drawn of one parameter, and what is said of it.

    Attributes:
        name: its path.
        is_matrix: whether it has several axes, as weights and kernels have, and biases have not.
        drawn: the numbers; of a gradient, the logarithms of their sizes.
        note: what stands on the right.
    """

    def __init__(self, name: str, values: NDArray[Any] | None, is_matrix: bool, is_gradient: bool) -> None:
        self.name = name
        self.is_matrix = is_matrix
        self.drawn, self.note = np.zeros(0), "no gradient"
        if values is None:
            return
        numbers = values.astype(np.float64).reshape(-1)
        finite = numbers[np.isfinite(numbers)]
        parts = []
        if not is_gradient:
            self.drawn = finite
            if finite.size:
                parts.append(f"{finite.mean():.2g} ± {finite.std():.2g}".replace("-", "\N{MINUS SIGN}"))
        else:
            other = finite[finite != 0.0]
            self.drawn = np.log10(np.maximum(np.abs(other), _SMALLEST))
            if other.size:
                parts.append(f"{np.sqrt(np.mean(finite**2)):.1e}".replace("-", "\N{MINUS SIGN}"))
            if other.size < finite.size:
                share = 100.0 * (1.0 - other.size / finite.size)
                parts.append("all are 0" if not other.size else f"{share:.0f}% are 0" if share >= 0.5 else "<1% are 0")
        if finite.size < numbers.size:
            parts.append(f"{numbers.size - finite.size:,} not finite")
        self.note = ", ".join(parts)


def _edges(values: NDArray[Any], least: float) -> NDArray[Any]:
    """Of the bins of a histogram: more for more numbers, and none too narrow to be seen."""
    low, high = float(values.min()), float(values.max())
    bins = int(np.clip(np.sqrt(values.size), 6, _BINS))
    width = max((high - low) / bins, least)
    bins = max(1, round((high - low) / width))
    edge = max(0.5 * (bins * width - (high - low)), 0.0)
    return np.linspace(low - edge, max(high + edge, low - edge + width), bins + 1)


def _first(layer: Layer, kind: type[Layer]) -> Any:
    for each in every_layer(layer):
        if isinstance(each, kind):
            return each
    hint = "" if kind is Dense else "; of an nn.Dense, give the shape of its images: shape=(C, H, W)"
    raise ValueError(f"plot.filters: this {type(layer).__name__} has no nn.{kind.__name__}{hint}")


def _image_shape(shape: Any) -> tuple[int, int, int]:
    if (
        not isinstance(shape, (tuple, list))
        or len(shape) not in (2, 3)
        or not all(isinstance(size, (int, np.integer)) and size > 0 for size in shape)
    ):
        raise ValueError(f"plot.filters: a shape is (C, H, W) or (H, W), not {shape!r}")
    channels, rows, columns = (1, *shape) if len(shape) == 2 else shape
    return channels, rows, columns


def _mosaic(kernels: NDArray[Any], title: str, what: str) -> Figure:
    """All kernels in one image: the channels of each side by side, and as many of them in a row as make it a square."""
    count, channels, rows, columns = kernels.shape
    gap = max(1, round(0.12 * max(rows, columns)))
    wide = channels * (columns + gap) - gap
    apart = gap if channels == 1 else 2 * gap
    across = max(1, min(count, round(math.sqrt(count * (rows + gap) / (wide + apart)))))
    down = -(-count // across)
    across = -(-count // down)
    whole = np.full((down * (rows + gap) - gap, across * (wide + apart) - apart), np.nan)
    for position in range(count):
        top, left = (rows + gap) * (position // across), (wide + apart) * (position % across)
        for channel, tile in enumerate(kernels[position]):
            start = left + channel * (columns + gap)
            whole[top : top + rows, start : start + columns] = tile
    scale = 5.6 / max(whole.shape[1], 0.8 * whole.shape[0])
    figure = new_figure("filters", max(whole.shape[1] * scale, 3.0) + 1.8, max(whole.shape[0] * scale, 1.2) + 1.0)
    ax = figure.subplots()
    limit = float(np.abs(kernels).max()) or 1.0
    image = ax.imshow(whole, cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")
    bar_beside(figure, ax, image, "weight")
    shown = range(0, down, max(1, -(-down // 32)))
    labels = [f"{row * across}" for row in shown]
    if across > 1:
        ends = [min((row + 1) * across, count) - 1 for row in shown]
        labels = [f"{start}\N{EN DASH}{end}" for start, end in zip(labels, ends, strict=True)]
    ax.set_yticks([row * (rows + gap) + (rows - 1) / 2 for row in shown], labels)
    ax.set_ylabel(what)
    numbered = [(block, channel) for block in range(across) for channel in range(channels)]
    if channels == 1 or len(numbered) > 32:
        numbered = []
    middle = (columns - 1) / 2
    ax.set_xticks(
        [block * (wide + apart) + channel * (columns + gap) + middle for block, channel in numbered],
        [str(channel) for _, channel in numbered],
    )
    ax.set_xlabel("channel" if numbered else f"{channels} channels side by side" if channels > 1 else "")
    ax.tick_params(length=0, colors=INK)
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize="medium")
    return laid_out(figure)
