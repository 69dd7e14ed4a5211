"""Which classes does a model confuse, and which samples does it get wrong?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from minigrad.plot.figures import (
    COUNTED,
    axes_on,
    bar_beside,
    counted,
    laid_out,
    new_figure,
    rows_and_columns,
    text_colour,
)
from minigrad.plot.labels import class_names, predicted_labels, probabilities, real_array, true_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALLEST_TEXT = 4.5  # points
_MOST_CLASSES = 2_000


def confusion_matrix(
    prediction: Any,
    target: Any,
    names: Sequence[str] | None = None,
    normalize: Literal["target", "prediction"] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """How many samples of each class were taken for which: true classes in rows, predicted classes in columns.

    Args:
        prediction: scores or probabilities of shape (N, K), of which the largest counts; probabilities of the second of
            two classes, of shape (N,) or (N, 1), which mean yes from 0.5 on; or labels of shape (N,), integers.
        target: labels of shape (N,), integers; or one-hot rows of shape (N, K).
        names: of the K classes; by default their numbers.
        normalize: ``"target"`` shows the share of each true class in percent, so that rows sum to 100, and the diagonal
            is the recall. ``"prediction"`` shows the share of each predicted class, so that columns do, and the
            diagonal is the precision. By default samples are counted.
        ax: where to draw; by default on a new figure.

    Returns:
        The figure. Cells without samples are empty. The scale of colours is logarithmic, so that a few mistakes can be
        seen beside many samples that are right.

    Raises:
        ValueError: for shapes that do not belong together, no samples, NaN, labels out of range, another number of
            names, or more than 2,000 classes.
        TypeError: for labels that are not integers.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> figure = plot.confusion_matrix(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]))
        >>> figure.axes[0].images[0].get_array().filled(0).tolist()
        [[1.0, 1.0], [0.0, 2.0]]
    """
    if normalize not in ("target", "prediction", None):
        raise ValueError(f"plot.confusion_matrix: normalize is 'target', 'prediction' or None, not {normalize!r}")
    predicted, classes = predicted_labels("confusion_matrix", prediction)
    truth = true_labels("confusion_matrix", target, len(predicted), classes)
    if classes is None:
        classes = max(int(max(predicted.max(), truth.max())) + 1, 0 if names is None else len(names))
    if classes > _MOST_CLASSES:
        raise ValueError(
            f"plot.confusion_matrix: there are {classes:,} classes, more than the {_MOST_CLASSES:,} that can be seen; "
            "number those that occur: np.unique(labels, return_inverse=True)"
        )
    shown = class_names("confusion_matrix", names, classes)
    counts = np.zeros((classes, classes))
    np.add.at(counts, (truth, predicted), 1.0)
    values = np.ma.masked_equal(_shares(counts, normalize), 0.0)

    side = min(max(3.6, 1.6 + 0.46 * classes), 14.0)
    figure, ax = axes_on("confusion_matrix", ax, side + 1.0, side)
    image = ax.imshow(values, cmap=COUNTED, norm=_norm(values, normalize))
    share = {"target": "share of the true class (%)", "prediction": "share of the predicted class (%)"}
    bar = bar_beside(figure, ax, image, share[normalize] if normalize else "samples", format="{x:,g}")
    bar.ax.yaxis.set_minor_formatter("")
    _write_cells(ax, image, values, normalize)
    # Names of many classes would stand on each other.
    every = max(1, -(-classes // 30))
    places = range(0, classes, every)
    long = max(len(name) for name in shown) > 3
    ax.set_xticks(places, [shown[place] for place in places])
    for text in ax.get_xticklabels() if long else ():
        text.set(rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(places, [shown[place] for place in places])
    ax.tick_params(length=0)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    right = float(np.mean(predicted == truth))
    ax.set_title(f"Confusion matrix\n{_percent(right)} of {counted(len(truth), 'sample')} right")
    return laid_out(figure)


def mistakes(images: Any, prediction: Any, target: Any, count: int = 12, names: Sequence[str] | None = None) -> Figure:
    """The mistakes in which a model was most certain, the most certain first.

    Args:
        images: of shape (N, C, H, W) with 1 or 3 channels, or of shape (N, H, W). Grey images may have any range; those
            of three channels are integers from 0 to 255 or numbers from 0 to 1.
        prediction: scores of shape (N, K), of which the softmax is taken; probabilities of shape (N, K), whose rows sum
            to 1; or probabilities of the second of two classes, of shape (N,) or (N, 1).
        target: labels of shape (N,), integers; or one-hot rows of shape (N, K).
        count: how many are shown, at most.
        names: of the K classes; by default their numbers.

    Returns:
        The figure. Above each image stand the class that was predicted, its probability, the true class, and the index
        of the sample.

    Raises:
        ValueError: for shapes that do not belong together, no samples, NaN, labels or colours out of range, rows
            between 0 and 1 that do not sum to 1, or a count below 1.
        TypeError: for labels that are not integers.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> scores = np.array([[2.0, 0.0], [3.0, 0.0], [0.0, 1.0]])
        >>> figure = plot.mistakes(np.zeros((3, 1, 8, 8)), scores, np.array([1, 1, 1]))
        >>> print(figure.axes[0].get_title())
        predicted 0 (95.3%)
        true 1, index 1
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"plot.mistakes: count is a whole number of at least 1, not {count!r}")
    chances = probabilities("mistakes", prediction)
    samples, classes = chances.shape
    truth = true_labels("mistakes", target, samples, classes)
    pictures = _pictures(images, samples)
    shown = class_names("mistakes", names, classes)
    predicted = chances.argmax(axis=1)
    wrong = np.flatnonzero(predicted != truth)
    certain = wrong[np.argsort(-chances[wrong, predicted[wrong]], kind="stable")][:count]
    if not len(certain):
        figure = new_figure("mistakes", 5.0, 1.6)
        figure.suptitle(f"No mistakes among {counted(samples, 'sample')}")
        return figure
    rows, columns = rows_and_columns(len(certain))
    longest = max(len(shown[label]) for index in certain for label in (predicted[index], truth[index]))
    width = max(1.7, 0.085 * (longest + 20))
    figure = new_figure("mistakes", max(width * columns, 5.0), 0.4 + (1.7 + 0.4) * rows)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    chosen = pictures[certain]
    low, high = float(np.min(chosen)), float(np.max(chosen))
    for panel, index in zip(panels, certain, strict=False):
        panel.imshow(pictures[index], cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        label = predicted[index]
        panel.set_title(
            f"predicted {shown[label]} ({_percent(float(chances[index, label]))})\n"
            f"true {shown[truth[index]]}, index {index}",
            fontsize="small",
        )
    for panel in panels:
        panel.set_axis_off()
    which = f"The {len(certain)} most certain of {counted(len(wrong), 'mistake')}"
    if len(certain) == len(wrong):
        which = "The only mistake" if len(wrong) == 1 else f"All {len(wrong):,} mistakes, the most certain first"
    figure.suptitle(f"{which}, among {counted(samples, 'sample')}")
    return figure


def _shares(counts: NDArray[Any], normalize: str | None) -> NDArray[Any]:
    if normalize is None:
        return counts
    totals = counts.sum(axis=1 if normalize == "target" else 0, keepdims=True)
    shares: NDArray[Any] = 100.0 * np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    return shares


def _norm(values: Any, normalize: str | None) -> Any:
    from matplotlib.colors import LogNorm

    # A little less than the smallest, which would be white.
    low, high = (1.0, max(float(values.max()), 2.0)) if normalize is None else (min(1.0, float(values.min())), 100.0)
    return LogNorm(0.6 * low, high)


def _write_cells(ax: Axes, image: Any, values: Any, normalize: str | None) -> None:
    """Write the number of each cell into it, if there is room."""
    written = {
        place: f"{values[place]:,.0f}" if normalize is None else _short_percent(float(values[place]))
        for place in zip(*np.nonzero(~np.ma.getmaskarray(values)), strict=True)
    }
    box = ax.get_position()
    width, height = ax.figure.figure.get_size_inches()
    room = 72.0 * min(box.width * width, box.height * height) / len(values)
    # A digit is 0.6 as wide as it is high, and a fifth of the cell stays empty.
    size = min(10.0, 0.8 * room / (0.6 * max(map(len, written.values()))), 0.6 * room)
    if size < _SMALLEST_TEXT:
        return
    for (row, column), text in written.items():
        ground = image.cmap(image.norm(values[row, column]))
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=text_colour(ground))


def _percent(share: float) -> str:
    """A share in percent that says 100% of nothing less than all."""
    percent = 100.0 * share
    return "100%" if share == 1.0 else f"{min(percent, 99.9):.1f}%" if percent < 99.9 else ">99.9%"


def _short_percent(percent: float) -> str:
    return f"{percent:.0f}" if percent >= 9.95 or percent == 0.0 else "<0.1" if percent < 0.05 else f"{percent:.1f}"


def _pictures(images: Any, samples: int) -> NDArray[Any]:
    """The images as Matplotlib takes them: (N, H, W), or (N, H, W, 3)."""
    values = real_array("mistakes", "images", images)
    if not np.isfinite(values).all():
        raise ValueError("plot.mistakes: the images hold infinite numbers")
    if len(values) != samples:
        raise ValueError(f"plot.mistakes: {len(values)} images but {samples} predictions")
    if values.ndim == 3:
        return values
    if values.ndim != 4 or values.shape[1] not in (1, 3):
        hint = ""
        if values.ndim == 4 and values.shape[3] in (1, 3):
            hint = "; write np.moveaxis(images, -1, 1)"
        elif values.ndim == 2:
            hint = "; write images.reshape(-1, 1, H, W)"
        raise ValueError(
            f"plot.mistakes: images have shape (N, C, H, W) with 1 or 3 channels, or (N, H, W); these have shape "
            f"{values.shape}{hint}"
        )
    if values.shape[1] == 1:
        return values[:, 0]
    top = 255 if values.dtype.kind in "iu" else 1
    if values.min() < 0 or values.max() > top:
        raise ValueError(
            f"plot.mistakes: colours of {values.dtype} go from 0 to {top}; these go from {values.min():.6g} to "
            f"{values.max():.6g}: give images as they were before they were normalised"
        )
    return np.moveaxis(values, 1, -1)
