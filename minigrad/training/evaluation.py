"""How good is a model, and what does it predict?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.modes import no_grad
from minigrad.nn import Layer
from minigrad.record import plain
from minigrad.tensor import Tensor
from minigrad.training.batching import check_batch_size

Loss = Callable[[Any, Any], Any]
Metric = Callable[[Any, Any], float]
Pairs = Iterable[tuple[Any, Any]]


def evaluate(model: Layer, loss: Loss, data: Pairs, metrics: Sequence[Metric] = ()) -> dict[str, float]:
    """Loss and metrics over all samples of some data, in evaluation mode, without recording.

    Args:
        model, loss, data, metrics: as for `train`.

    Returns:
        The means over all samples: "loss", and each metric under its name.

    Raises:
        ValueError: for data without batches, or a loss that is not a single number.
        TypeError: for data that are not pairs.
    """
    means = Means(metrics)
    mode = model.training
    model.eval()
    try:
        with no_grad():
            for pair in data:
                x, y = checked_pair(pair)
                prediction = model(x)
                means.add(float(checked_scalar(loss(prediction, y), loss).item()), plain(prediction), y)
    finally:
        model.train(mode)
    if not means.values():
        raise ValueError("evaluate: the data gave no batches")
    return means.values()


def predict(model: Layer, x: Any, batch_size: int | None = None) -> NDArray[Any]:
    """What a model gives for samples, as a plain array, in evaluation mode, without recording.

    Args:
        model: called as ``model(x)``.
        x: samples of shape (N, ...).
        batch_size: how many at a time, to limit memory; all at once by default.

    Raises:
        ValueError: for a batch size below 1.
    """
    if batch_size is not None:
        check_batch_size(batch_size)
    x = plain(x)
    mode = model.training
    model.eval()
    try:
        with no_grad():
            size = batch_size or max(len(x), 1)
            parts = [np.asarray(plain(model(x[i : i + size]))) for i in range(0, max(len(x), 1), size)]
    finally:
        model.train(mode)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


class Means:
    """Means of loss and metrics over all samples seen, from the means over batches."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics
        self._sums: dict[str, float] = {}
        self._samples = 0

    def add(self, loss: float, prediction: Any, target: Any) -> None:
        """Take in one batch, with its loss."""
        count = len(prediction)
        values = {"loss": loss, **{_name(metric): float(metric(prediction, target)) for metric in self._metrics}}
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + count * value
        self._samples += count

    def values(self) -> dict[str, float]:
        """The means until now; nothing before the first batch."""
        return {name: total / self._samples for name, total in self._sums.items()}


def _name(metric: Metric) -> str:
    return getattr(metric, "__name__", type(metric).__name__)


def checked_pair(pair: Any) -> tuple[Any, Any]:
    """One batch, if it is a pair of samples and targets."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        kind = (
            f"an array of shape {pair.shape}" if isinstance(pair, (np.ndarray, Tensor)) else f"a {type(pair).__name__}"
        )
        raise TypeError(f"data are pairs (x, y), as mg.batches(x, y, batch_size) makes them; this batch is {kind}")
    if not len(pair[0]):
        raise ValueError(f"a batch has no samples (shape {np.shape(pair[0])})")
    return pair[0], pair[1]


def checked_scalar(value: Any, loss: Loss) -> Any:
    """What a loss returned, if it is a single number."""
    if np.size(value) != 1:
        raise ValueError(f"the loss {_name(loss)} gave shape {np.shape(value)}; it has to be a single number")
    return value
