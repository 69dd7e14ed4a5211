"""Where in a plane does a model change its mind?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.values import plain
from minigrad.nn import Layer
from minigrad.plot.figures import INK, axes_on, class_colours, class_markers, counted, legend_below, mixed
from minigrad.plot.labels import class_names, probabilities, real_array, true_labels
from minigrad.plot.untouched import call_untouched, check_layer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 200  # along each side
_WITH_SIGMOID = "nn.Sequential(model, nn.Sigmoid())"
_STRONGEST = 0.65  # of a colour, so that samples are seen on it


def decision_boundary(
    model: Layer, x: Any, y: Any, names: Sequence[str] | None = None, ax: Axes | None = None
) -> Figure:
    """The class that a model predicts at each place of a plane, and samples on top.

    The colour of a place is that of the class with the largest probability p, the stronger the larger p is. Lines are
    where that class changes.

    Args:
        model: of two features. It gives scores of shape (N, K), of which the softmax is taken; probabilities of shape
            (N, K), whose rows sum to 1; or probabilities of the second of two classes, of shape (N, 1) or (N,). For a
            model that gives logits of shape (N, 1), write ``nn.Sequential(model, nn.Sigmoid())``.
        x: samples of shape (N, 2).
        y: their labels of shape (N,), integers; or one-hot rows of shape (N, K).
        names: of the K classes; by default their numbers.
        ax: where to draw; by default on a new figure.

    Returns:
        The figure.

    Raises:
        ValueError: for samples of another number of features, NaN, labels out of range, or a model that gives other
            shapes.
        TypeError: for a model that is no layer, or labels that are not integers.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> x, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])
        >>> figure = plot.decision_boundary(nn.Dense(2, 2, rng=0), x, y)
        >>> figure.axes[0].get_xlabel()
        'feature 0'
    """
    check_layer("decision_boundary", model)
    samples = real_array("decision_boundary", "x", x)
    if samples.ndim != 2 or samples.shape[1] != 2:
        raise ValueError(
            f"plot.decision_boundary: x has two features, shape (N, 2), not {samples.shape}; of more features, show "
            "a hidden layer with plot.hidden_pca"
        )
    if not np.isfinite(samples).all():
        raise ValueError("plot.decision_boundary: x holds infinite numbers")
    sides = [_side(samples[:, feature]) for feature in (0, 1)]
    plane = np.stack([grid.reshape(-1) for grid in np.meshgrid(*sides)], axis=1)
    plane = plane.astype(samples.dtype if samples.dtype.kind == "f" else np.float64)
    given = call_untouched(model, lambda: plain(model(plane)))
    if np.shape(given)[:1] != (len(plane),):
        raise ValueError(
            f"plot.decision_boundary: the model gave shape {np.shape(given)} for {len(plane)} samples; it has to give "
            "a row for each"
        )
    chances = probabilities("decision_boundary", given, ("nn.Sequential(model, nn.Softmax())", _WITH_SIGMOID))
    classes = chances.shape[1]
    labels = true_labels("decision_boundary", y, len(samples), classes)
    shown = class_names("decision_boundary", names, classes)
    colours = class_colours(classes)

    figure, ax = axes_on("decision_boundary", ax, 6.4, 5.0)
    chosen, largest = chances.argmax(axis=1), chances.max(axis=1)
    # The largest of K probabilities is at least 1 / K.
    tens = np.linspace(0.0, 1.0, 21 if classes == 2 else 11)
    edges = np.concatenate([[1.0 / classes], tens[tens > 1.0 / classes + 0.01]])
    shades = np.linspace(0.12, _STRONGEST, len(edges) - 1)
    level = np.clip(np.searchsorted(edges, largest, side="right") - 1, 0, len(shades) - 1)
    palette = np.array([[mixed(colour, share) for share in shades] for colour in colours])
    ground = palette[chosen, level].reshape(_POINTS, _POINTS, 3)
    half = [(side[1] - side[0]) / 2 for side in sides]
    extent = (sides[0][0] - half[0], sides[0][-1] + half[0], sides[1][0] - half[1], sides[1][-1] + half[1])
    ax.imshow(ground, origin="lower", extent=extent, aspect="auto", interpolation="nearest")
    _draw_lines(ax, sides, chances)
    for label, (colour, marker) in enumerate(zip(colours, class_markers(classes), strict=True)):
        own = samples[labels == label]
        if len(own):
            ax.scatter(
                own[:, 0],
                own[:, 1],
                s=22,
                color=colour,
                marker=marker,
                edgecolor="white",
                linewidth=0.6,
                label=shown[label],
                zorder=3,
            )
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import BoundaryNorm, ListedColormap

    greys = ListedColormap([mixed(INK, share) for share in shades])
    bar = figure.colorbar(ScalarMappable(BoundaryNorm(edges, len(shades)), greys), ax=ax, pad=0.02, format="{x:.2g}")
    bar.set_label("probability of the predicted class")
    ax.set_xlim(*extent[:2])
    ax.set_ylim(*extent[2:])
    ax.set_xlabel("feature 0")
    ax.set_ylabel("feature 1")
    ax.set_title(f"Predicted classes, and {counted(len(samples), 'sample')}")
    present = [shown[label] for label in np.unique(labels)]
    legend_below(ax, present, "class")
    return figure


def _side(values: NDArray[Any]) -> NDArray[Any]:
    """Places along one feature, a little farther than the samples."""
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, _POINTS)


def _draw_lines(ax: Axes, sides: list[NDArray[Any]], chances: NDArray[Any]) -> None:
    """Draw where the largest probability is that of another class."""
    for label in range(chances.shape[1]):
        others = np.delete(chances, label, axis=1).max(axis=1)
        ahead = (chances[:, label] - others).reshape(_POINTS, _POINTS)
        if ahead.min() < 0.0 < ahead.max():
            ax.contour(*sides, ahead, levels=[0.0], colors=INK, linewidths=1.0, zorder=2)
