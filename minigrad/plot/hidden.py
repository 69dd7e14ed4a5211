"""How does a hidden layer see the samples?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from minigrad.engine.recording import Observer
from minigrad.engine.values import plain
from minigrad.nn import Layer
from minigrad.plot.figures import axes_on, bare, class_colours, class_markers
from minigrad.plot.labels import class_names, real_array, true_labels
from minigrad.plot.untouched import call_untouched, check_layer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class _Outputs(Observer):
    """Keeps what one layer returns."""

    def __init__(self, wanted: Layer) -> None:
        self.wanted = wanted
        self.found: list[Any] = []

    def output(self, layer: Layer, out: Any) -> None:
        if layer is self.wanted:
            self.found.append(plain(out))


def hidden_pca(
    model: Layer, x: Any, labels: Any, layer: str, names: Sequence[str] | None = None, ax: Axes | None = None
) -> Figure:
    """What a hidden layer gives for samples, along its first two principal components.

    With the outputs of the layer as rows of H, and their means taken away, the components are the eigenvectors of
    ``H.T @ H`` with the largest eigenvalues (Pearson 1901, "On lines and planes of closest fit"). The share of the
    variance that a component explains is its eigenvalue divided by the sum of all.

    Args:
        model: called as ``model(x)``, once for all samples; a few thousand are enough.
        x: samples of shape (N, ...).
        labels: of shape (N,), integers, which give the colours.
        layer: its path, such as ``"layers.2"``, as in ``model.named_parameters()`` without ``.weight``.
        names: of the classes; by default their numbers.
        ax: where to draw; by default on a new figure.

    Returns:
        The figure. The name of each class stands in the middle of its samples.

    Raises:
        KeyError: for a layer that is not there, naming those that are.
        ValueError: for a layer that is not called once, gives fewer than two numbers for a sample or the same for all,
            or NaN; and for labels that do not belong to the samples.
        TypeError: for a model that is no layer, or labels that are not integers.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> model = nn.Sequential(nn.Dense(3, 4, rng=0), nn.Tanh(), nn.Dense(4, 2, rng=1))
        >>> x = np.random.default_rng(0).normal(size=(5, 3))
        >>> figure = plot.hidden_pca(model, x, np.array([0, 1, 0, 1, 1]), layer="layers.1")
        >>> figure.axes[0].get_title()
        'Output of layers.1, Tanh(): 4 numbers for each of 5 samples'
    """
    check_layer("hidden_pca", model)
    hidden, wanted = _output(model, x, layer)
    count, size = hidden.shape
    truth = true_labels("hidden_pca", labels, count, None)
    classes = max(int(truth.max()) + 1, 0 if names is None else len(names))
    shown = class_names("hidden_pca", names, classes)
    places, shares = _principal_components(hidden, layer)

    figure, ax = axes_on("hidden_pca", ax, 6.2, 5.0)
    present = np.unique(truth)
    colours, markers = class_colours(classes), class_markers(classes)
    small = min(22.0, max(8.0, 16000.0 / count))
    # In one order of drawing the last class would cover the others.
    order = np.random.default_rng(0).permutation(count)
    for marker in dict.fromkeys(markers):
        own = [index for index in order if markers[truth[index]] == marker]
        tints = [colours[truth[index]] for index in own]
        ax.scatter(places[own, 0], places[own, 1], s=small, c=tints, marker=marker, alpha=0.75, linewidth=0)
    _write_names(ax, places, truth, [(label, shown[label], colours[label]) for label in present.tolist()])
    bare(ax)
    ax.set_xlabel(f"first principal component ({100 * shares[0]:.1f}% of the variance)")
    ax.set_ylabel(f"second principal component ({100 * shares[1]:.1f}%)")
    kind = repr(wanted) if not any(True for _ in wanted.children()) else type(wanted).__name__
    ax.set_title(f"Output of {layer}, {kind}: {size:,} numbers for each of {count:,} samples", fontsize="medium")
    return figure


def _paths(model: Layer, before: str = "") -> Iterator[tuple[str, Layer]]:
    for name, layer in model.named_children():
        yield before + name, layer
        yield from _paths(layer, f"{before}{name}.")


def _output(model: Layer, x: Any, path: str) -> tuple[NDArray[Any], Layer]:
    """What the layer with a path gives, of shape (N, numbers), and the layer."""
    layers = dict(_paths(model))
    if path not in layers:
        there = ", ".join(f"{name} ({type(layer).__name__})" for name, layer in layers.items())
        raise KeyError(f"plot.hidden_pca: there is no layer {path!r}; there is {there or 'none inside of this one'}")
    outputs, samples = _Outputs(layers[path]), plain(x)
    call_untouched(model, lambda: model(samples), outputs)
    if len(outputs.found) != 1:
        times = f"{len(outputs.found)} times" if outputs.found else "not at all"
        raise ValueError(f"plot.hidden_pca: {path} is called {times} for these samples; choose a layer called once")
    out = real_array("hidden_pca", f"output of {path}", outputs.found[0])
    return out.reshape(len(out), -1).astype(np.float64), layers[path]


def _principal_components(hidden: NDArray[Any], path: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The places of the samples along the first two, and the shares of the variance that these explain."""
    count, size = hidden.shape
    if size < 2 or count < 2:
        raise ValueError(
            f"plot.hidden_pca: a plane needs two numbers for each of two samples; {path} gives {size} for {count}"
        )
    centred = hidden - hidden.mean(axis=0)
    total = float(np.sum(centred**2))
    if not 0.0 < total < np.inf:
        raise ValueError(f"plot.hidden_pca: {path} gives the same for all samples, or infinite numbers")
    # The smaller of the two products has the same eigenvalues.
    product = centred.T @ centred if size <= count else centred @ centred.T
    last = len(product) - 1
    values, vectors = scipy.linalg.eigh(product, subset_by_index=[last - 1, last])
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    places = centred @ vectors if size <= count else vectors * np.sqrt(values)
    # The sign of an eigenvector is a matter of chance: the sample that is farthest off lies on the positive side.
    farthest = np.take_along_axis(places, np.abs(places).argmax(axis=0)[None], axis=0)
    return places * np.where(farthest < 0.0, -1.0, 1.0), values / total


def _write_names(ax: Axes, places: NDArray[Any], truth: NDArray[Any], names: list[tuple[int, str, str]]) -> None:
    """Write the name of each class into the middle of its samples, or beside it where another one stands."""
    low, extent = places.min(axis=0), np.ptp(places, axis=0)
    extent[extent == 0.0] = 1.0
    middles = np.array([(np.median(places[truth == label], axis=0) - low) / extent for label, *_ in names])
    halves = np.array([[0.012 * len(name) + 0.014, 0.026] for _, name, _ in names])
    for (label, name, colour), place in zip(names, _apart(middles, halves), strict=True):
        box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": colour, "linewidth": 1.6, "alpha": 0.9}
        ax.text(
            float(low[0] + place[0] * extent[0]),
            float(low[1] + place[1] * extent[1]),
            name,
            ha="center",
            va="center",
            weight="bold",
            fontsize="small",
            bbox=box,
            gid=f"class {label}",
        )


def _apart(middles: NDArray[Any], halves: NDArray[Any]) -> NDArray[Any]:
    """The middles of boxes, moved until none of them overlap, or nearly."""
    places = middles.copy()
    # Of a thousand classes, whose names cannot be read anyhow, all pairs are looked at once.
    pairs = max(len(places) * (len(places) - 1) // 2, 1)
    for _ in range(max(1, min(200, 100_000 // pairs))):
        moved = False
        for first in range(len(places)):
            for second in range(first):
                between = places[first] - places[second]
                overlap = halves[first] + halves[second] - np.abs(between)
                if (overlap > 1e-9).all():
                    axis = int(np.argmin(overlap))
                    step = np.zeros(2)
                    step[axis] = 0.5 * overlap[axis] * (1.0 if between[axis] >= 0.0 else -1.0)
                    places[first] += step
                    places[second] -= step
                    moved = True
        if not moved:
            break
    return places
