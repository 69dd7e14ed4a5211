"""How good is a model, and what does it predict?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.apply import plain
from minigrad.engine.recording import no_grad
from minigrad.engine.tensor import Tensor
from minigrad.nn import Layer
from minigrad.nn.mode import in_mode
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
        ValueError: for data without batches, a loss that is not a single number, or metrics of one name.
        TypeError: for data that are not pairs.
    """
    means = Means(metrics)
    with in_mode(model, training=False), no_grad():
        for pair in data:
            x, y = checked_pair(pair)
            prediction = model(x)
            means.add(len(x), single_number(loss(prediction, y), loss), plain(prediction), y)
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
        TypeError: for a model that gives several results.
    """
    if batch_size is not None:
        check_batch_size(batch_size)
    x = plain(x)
    size = batch_size or max(len(x), 1)
    with in_mode(model, training=False), no_grad():
        parts = [_one_array(model(x[i : i + size])) for i in range(0, max(len(x), 1), size)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _one_array(out: Any) -> NDArray[Any]:
    if not isinstance(out, (np.ndarray, Tensor)):
        raise TypeError(f"predict: the model gave a {type(out).__name__}; it has to give one array or Tensor")
    return np.asarray(plain(out))


class Means:
    """Means of loss and metrics over all samples seen, from the means over batches."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        names = ["loss", *map(_name, metrics)]
        if len(set(names)) < len(names):
            raise ValueError(f"metrics are recorded under their names, which must differ; these are {names[1:]}")
        self._metrics = metrics
        self._sums: dict[str, float] = {}
        self._samples = 0

    def add(self, count: int, loss: float, prediction: Any, target: Any) -> None:
        """Take in one batch of so many samples, with its loss."""
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
    try:
        count = len(pair[0])
    except TypeError:
        raise TypeError(f"a batch has samples along the first axis of x; this x is {pair[0]!r}") from None
    if not count:
        raise ValueError(f"a batch has no samples (shape {np.shape(pair[0])})")
    return pair[0], pair[1]


def single_number(value: Any, loss: Loss) -> float:
    """What a loss returned, if it is a single number."""
    array = np.asarray(plain(value))
    if array.size != 1 or array.dtype.kind not in "biuf":
        given = f"shape {array.shape}" if array.dtype.kind in "biuf" else f"{value!r}"
        raise ValueError(f"the loss {_name(loss)} gave {given}; it has to be a single number")
    return float(array.item())
