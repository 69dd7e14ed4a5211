"""Where do a gradient and a numerical derivative differ?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.values import plain
from minigrad.plot.figures import INK, SIGNED, SIZED, counted, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEAST, _MOST = 1e-12, 1.0  # of the scale of differences


def gradient_check(gradient: Any, numerical: Any, names: Sequence[str] | None = None) -> Figure:
    """A gradient, the numerical derivative, and how much they differ, element by element.

    The difference of an element is given relative to the largest element of the numerical derivative n:

        abs(gradient - n) / max(abs(n))

    Its scale is logarithmic, and the same for every picture, from 1e-12 to 1. Dark is right. Where a derivative is
    wrong, the pattern often tells why: one row, one column, or everything by the same factor. A picture gives no
    verdict, which `testing.gradcheck` does.

    Args:
        gradient: an array of any shape; or several in a tuple, a list or a dict.
        numerical: what `testing.numerical_vjp` gave for the same inputs; or the derivatives alone, in the form of
            `gradient`.
        names: of the arrays; by default the keys of a dict, or their positions.

    Returns:
        The figure, with a row for each array. Arrays of more than two axes are drawn as a matrix, the first axis down
        and the others across. A cross is a kink, where there is no derivative, and NaN is grey.

    Raises:
        ValueError: for arrays of different shapes or numbers, or without elements.
        TypeError: for the result of `testing.gradcheck`, which holds no arrays, and for what holds no real numbers.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
        >>> numerical = testing.numerical_vjp(np.sin, x, np.ones((2, 2)))
        >>> figure = plot.gradient_check(np.cos(x), numerical)
        >>> [ax.get_title() for ax in figure.axes[:3]]
        ['gradient', 'numerical derivative', 'difference']
    """
    for each in (gradient, numerical):
        if hasattr(each, "findings"):
            raise TypeError(
                f"plot.gradient_check: a {type(each).__name__} holds the worst element of each gradient and no others; "
                "give the gradient, and testing.numerical_vjp(f, inputs)"
            )
    keys = list(gradient) if isinstance(gradient, Mapping) else None
    kinks = getattr(numerical, "kinks", ())
    expected = _arrays("numerical derivative", _in_order(keys, getattr(numerical, "value", numerical)))
    claimed = _arrays("gradient", gradient)
    if [each.shape for each in claimed] != [each.shape for each in expected]:
        raise ValueError(
            f"plot.gradient_check: the gradient has the shapes {[each.shape for each in claimed]}, and the numerical "
            f"derivative {[each.shape for each in expected]}"
        )
    shown = _names(names, keys, len(claimed))
    places = _kinks(kinks, shown)
    heights = [_height(each) for each in claimed]
    figure = new_figure("gradient_check", 9.6, 1.1 + sum(heights) + 0.3 * len(heights))
    grid = figure.subplots(len(claimed), 3, squeeze=False, gridspec_kw={"height_ratios": heights})
    differences = [_relative(*pair) for pair in zip(claimed, expected, strict=True)]
    for row, (name, mine, true) in enumerate(zip(shown, claimed, expected, strict=True)):
        image = _draw_row(figure, grid[row], name, mine, true, differences[row], places[row])
    figure.colorbar(image, ax=list(grid[:, 2]), label="relative difference", extend="both", pad=0.02, aspect=30)
    for panel, title in zip(grid[0], ("gradient", "numerical derivative", "difference"), strict=True):
        panel.set_title(title)
    for difference, own in zip(differences, places, strict=True):
        for index in own:
            difference[index] = 0.0
    worst = max(float(difference.max()) for difference in differences)
    told = "NaN" if any(np.isnan(each).any() for each in differences) else f"{worst:.1e} of the largest element"
    kinked = f" (without {counted(len(kinks), 'kink')})" if kinks else ""
    figure.suptitle(f"Gradient check: the largest difference{kinked} is {told}")
    return figure


def _in_order(keys: list[Any] | None, numerical: Any) -> Any:
    """A dict in the order of the keys of the gradient."""
    if keys is None or not isinstance(numerical, Mapping):
        return numerical
    if set(keys) != set(numerical):
        raise ValueError(
            f"plot.gradient_check: the gradient has the keys {keys}, and the numerical derivative {list(numerical)}"
        )
    return {key: numerical[key] for key in keys}


def _arrays(name: str, given: Any) -> list[NDArray[Any]]:
    given = plain(given)
    parts = list(given.values()) if isinstance(given, Mapping) else given
    parts = list(parts) if isinstance(parts, (tuple, list)) and not np.isscalar(parts) else [parts]
    found = [np.asarray(part) for part in parts]
    for array in found:
        if array.dtype.kind not in "biuf":
            raise TypeError(f"plot.gradient_check: the {name} holds {array.dtype}, not real numbers")
        if not array.size:
            raise ValueError(f"plot.gradient_check: the {name} holds an array without elements, of shape {array.shape}")
    if not found:
        raise ValueError(f"plot.gradient_check: the {name} holds no arrays")
    return [array.astype(np.float64) for array in found]


def _names(names: Sequence[str] | None, keys: list[Any] | None, count: int) -> list[str]:
    if names is None:
        return (
            [str(key) for key in keys] if keys else [f"array {place}" for place in range(count)] if count > 1 else [""]
        )
    if isinstance(names, str) or len(names) != count:
        raise ValueError(f"plot.gradient_check: there are {count} arrays; give a list with a name for each")
    return list(names)


def _matrix(array: NDArray[Any]) -> NDArray[Any]:
    """At most two axes: the first down, the others across."""
    if array.ndim < 2:
        return array.reshape(1, -1)
    return array.reshape(len(array), -1)


def _height(array: NDArray[Any]) -> float:
    """Inches that a row of pictures of a matrix needs."""
    rows, columns = _matrix(array).shape
    return float(min(max(2.4 * rows / columns, 0.9), 2.6))


def _relative(mine: NDArray[Any], true: NDArray[Any]) -> NDArray[Any]:
    finite = np.abs(true[np.isfinite(true)])
    largest = float(finite.max()) if finite.size else 0.0
    # Of a derivative that is 0 everywhere nothing is a share.
    found: NDArray[Any] = np.abs(mine - true) / (largest or 1.0)
    return found


def _kinks(kinks: Any, names: list[str]) -> list[list[tuple[int, ...]]]:
    """The places of the kinks in each array; they are told by the names of the inputs."""
    if len(names) == 1:
        return [[index for _, index in kinks]]
    for name, _ in kinks:
        if name not in names:
            raise ValueError(
                f"plot.gradient_check: there are kinks in {name!r}, which is none of {names}; give the names of the "
                "inputs, as in names=['W', 'b'], so that they can be drawn where they are"
            )
    return [[index for leaf, index in kinks if leaf == name] for name in names]


def _draw_row(
    figure: Figure,
    panels: Any,
    name: str,
    mine: NDArray[Any],
    true: NDArray[Any],
    difference: NDArray[Any],
    kinks: list[tuple[int, ...]],
) -> Any:
    from matplotlib.colors import LogNorm

    both = np.concatenate([mine.reshape(-1), true.reshape(-1)])
    limit = float(np.abs(both[np.isfinite(both)]).max(initial=0.0)) or 1.0
    for panel, values in zip(panels, (mine, true), strict=False):
        image = _draw(panel, _matrix(values), cmap=SIGNED, vmin=-limit, vmax=limit)
    figure.colorbar(image, ax=list(panels[:2]), label="derivative", pad=0.01)
    image = _draw(panels[2], _matrix(np.maximum(difference, _LEAST)), cmap=SIZED, norm=LogNorm(_LEAST, _MOST))
    for index in kinks:
        flat = int(np.ravel_multi_index(index, mine.shape)) if index else 0
        down, across = divmod(flat, _matrix(mine).shape[1])
        panels[2].plot([across], [down], "x", color="black", markersize=9, markeredgewidth=3.5)
        panels[2].plot([across], [down], "x", color="white", markersize=8, markeredgewidth=1.5)
    down, across = {0: ("", ""), 1: ("", "index"), 2: ("row", "column")}.get(mine.ndim, ("first axis", "other axes"))
    panels[0].set_ylabel(f"{name}\n{down}" if name and down else name or down)
    for panel in panels:
        panel.set_xlabel(across)
        if mine.ndim < 2:
            panel.set_yticks([])
    return image


def _draw(panel: Axes, values: NDArray[Any], **options: Any) -> Any:
    from matplotlib.ticker import MaxNLocator

    panel.set_facecolor("#b0b0b0")
    panel.tick_params(colors=INK)
    for axis, count in zip((panel.yaxis, panel.xaxis), values.shape, strict=True):
        axis.set_major_locator(MaxNLocator(nbins=min(count, 6), integer=True))
    return panel.imshow(np.ma.masked_invalid(values), aspect="auto", interpolation="nearest", **options)
