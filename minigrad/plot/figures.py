"""On which figure is a picture drawn, and in which colours?

No function here knows pyplot: nothing has to be closed, and no display is needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008), "Color universal design": blue, vermilion, green, purple, orange, sky blue.
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, FAINT = "#222222", "#767676"
# Petroff (2021), "Accessible color sequences for data visualization", arXiv:2107.02270, table 1: ten that differ for
# readers with any of the three common kinds of colour blindness.
CLASSES = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd")
MARKERS = "osD^vP*X<>"
# Of small text in an inch of axes, which become wider when they are laid out.
_LETTERS = 18.5
# Numbers of both signs, symmetric about white.
SIGNED = "RdBu_r"
# Sizes, from dark to bright; and numbers of samples, from white on.
SIZED, COUNTED = "viridis", "Blues"


def new_figure(function: str, width: float, height: float) -> Figure:
    """An empty figure of this size in inches.

    Raises:
        ImportError: without Matplotlib.
    """
    try:
        from minigrad.plot.picture import Picture
    except ImportError as error:
        raise ImportError(f'plot.{function} needs Matplotlib: pip install "minigrad-numpy[plot]"') from error
    figure: Figure = Picture(figsize=(width, height), layout="constrained")
    return figure


def axes_on(function: str, ax: Axes | None, width: float, height: float) -> tuple[Figure, Axes]:
    """The axes that a caller gave and their figure, or new ones of this size in inches.

    Raises:
        ImportError: without Matplotlib.
        TypeError: for what is no axes.
    """
    if ax is None:
        figure = new_figure(function, width, height)
        return figure, figure.subplots()
    if not (hasattr(ax, "plot") and hasattr(ax, "get_figure")):
        hint = "choose one of them: ax[0]" if isinstance(ax, np.ndarray) else "give one Axes, such as figure.subplots()"
        raise TypeError(f"plot.{function}: ax is a {type(ax).__name__}; {hint}")
    # A figure inside of a figure knows the outermost.
    return ax.figure.figure, ax


def bare(ax: Axes) -> None:
    """Take away the lines above and on the right, which no number belongs to."""
    ax.spines[["top", "right"]].set_visible(False)


def bar_beside(figure: Figure, ax: Axes, mappable: Any, label: str, **options: Any) -> Any:
    """A colour bar as high as the axes, also where these are less high than there is room for."""
    share = 0.18 / max(min(_inches(ax)), 1.0)
    return figure.colorbar(mappable, cax=ax.inset_axes((1.0 + share, 0.0, share, 1.0)), label=label, **options)


def laid_out(figure: Figure) -> Figure:
    """A figure with bars beside axes: Matplotlib finds room for these when it lays a figure out for the second time."""
    if hasattr(figure, "_repr_png_"):  # it is one of ours, and not the figure of axes that somebody gave
        figure.draw_without_rendering()
    return figure


def legend_on_white(ax: Axes, **options: Any) -> None:
    """A legend that lines do not run through."""
    ax.legend(fontsize="small", frameon=True, framealpha=0.9, facecolor="white", edgecolor="none", **options)


def legend_below(ax: Axes, words: Sequence[str], title: str | None = None) -> None:
    """A legend under the axes, where it covers nothing, in as many columns as there is room for."""
    width, height = _inches(ax)
    # A column is as wide as its longest word and a handle, which is six letters wide.
    columns = len(words)
    while columns > 1:
        longest = [max(map(len, column)) for column in np.array_split(np.array(words), columns)]
        if sum(longest) + 6 * columns <= _LETTERS * width:
            break
        columns -= 1
    # Half an inch is for the ticks and the label of the axis.
    ax.legend(
        title=title,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.5 / height),
        ncols=columns,
        frameon=False,
        fontsize="small",
        title_fontsize="small",
        handletextpad=0.4,
        columnspacing=1.2,
    )


def _inches(ax: Axes) -> tuple[float, float]:
    """How wide and how high axes are, or will be when they are laid out, or nearly."""
    box = ax.get_position()
    width, height = ax.figure.figure.get_size_inches()
    return max(box.width * width, 0.5), max(box.height * height, 0.5)


def whole_numbers(axis: Any) -> None:
    """Let an axis have ticks at whole numbers alone."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def class_colours(count: int) -> list[str]:
    """A colour for each class; with more than ten, markers have to tell those apart that share one."""
    return [CLASSES[position % len(CLASSES)] for position in range(count)]


def class_markers(count: int) -> list[str]:
    """A marker for each class, another one for every ten."""
    return [MARKERS[position // len(CLASSES) % len(MARKERS)] for position in range(count)]


def mixed(colour: Any, share: float, ground: Any = "white") -> tuple[float, ...]:
    """A colour of which a share is left on a ground."""
    from matplotlib.colors import to_rgb

    return tuple(share * own + (1.0 - share) * other for own, other in zip(to_rgb(colour), to_rgb(ground), strict=True))


def text_colour(ground: Sequence[float]) -> str:
    """Black or white, whichever is easier to read on a ground.

    The one with the higher contrast of WCAG 2.2, "contrast ratio": (L1 + 0.05) / (L2 + 0.05) of relative luminances.
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in ground[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "white"


def rows_and_columns(count: int) -> tuple[int, int]:
    """A grid of so many places, about as high as wide, and rather wider."""
    columns = math.ceil(math.sqrt(count))
    return math.ceil(count / columns), columns


def counted(count: int, what: str) -> str:
    """``1 sample``, ``10,000 samples``."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
