"""How is a model trained, evaluated and used?"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.batching import check_batch_size
from minigrad.history import History
from minigrad.modes import no_grad
from minigrad.nn import Layer
from minigrad.optim import Optimizer
from minigrad.progress import ProgressBar, interruptible
from minigrad.record import plain
from minigrad.tensor import Tensor

Loss = Callable[[Any, Any], Any]
Metric = Callable[[Any, Any], float]
Pairs = Iterable[tuple[Any, Any]]
Callback = Callable[[History], object]


class NonFiniteLossError(FloatingPointError):
    """The loss became infinite or NaN.

    Attributes:
        epoch, step: where, both counted from 1; the step within the epoch.
        last_finite_loss: the loss of the step before, or None in the first step.
        history: the epochs finished until then.
    """

    def __init__(self, value: float, epoch: int, step: int, last_finite_loss: float | None, history: History) -> None:
        before = (
            "this is the first step" if last_finite_loss is None else f"the last finite loss was {last_finite_loss:.6g}"
        )
        super().__init__(
            f"the loss is {value} in epoch {epoch}, step {step}; {before}. Parameters are as that step found them; "
            "try a smaller learning rate, max_norm= in the optimiser, or look for bad values in the data"
        )
        self.epoch, self.step, self.last_finite_loss, self.history = epoch, step, last_finite_loss, history


class _Means:
    """Means of loss and metrics over all samples seen, from the means over batches."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics
        self._sums: dict[str, float] = {}
        self._samples = 0

    def add(self, loss: float, prediction: Any, target: Any) -> None:
        count = len(prediction)
        values = {"loss": loss, **{_name(metric): float(metric(prediction, target)) for metric in self._metrics}}
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + count * value
        self._samples += count

    def values(self, prefix: str = "") -> dict[str, float]:
        return {prefix + name: total / self._samples for name, total in self._sums.items()}


def _name(metric: Metric) -> str:
    return getattr(metric, "__name__", type(metric).__name__)


def train(
    model: Layer,
    loss: Loss,
    optimizer: Optimizer,
    data: Pairs,
    *,
    epochs: int,
    validation: Pairs | None = None,
    metrics: Sequence[Metric] = (),
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    history: History | None = None,
) -> History:
    """Minimise a loss over batches of data.

    Args:
        model: called as ``model(x)``; in training mode during the steps.
        loss: ``loss(prediction, y)``, a mean over the samples of the batch.
        optimizer: updates the model's parameters after each batch.
        data: pairs (x, y), iterated once an epoch: what `batches` makes, or a list.
        epochs: how often to go through the data, epochs of an earlier `history` included.
        validation: pairs (x, y) on which loss and metrics are recorded after each epoch.
        metrics: functions ``metric(prediction, y) -> float`` such as `accuracy`, recorded under their names.
        callbacks: called as ``callback(history)`` after each epoch; one that returns True ends the training.
        progress: whether to show a progress bar on a terminal.
        history: of an earlier run that this one continues.

    Returns:
        The history of all epochs. Ctrl-C ends the training after the current step: the unfinished epoch is not
        recorded, and ``history.interrupted`` is True.

    Raises:
        NonFiniteLossError: where the loss is infinite or NaN, before the parameters are touched.
        ValueError: for epochs below 1, data without batches, or a loss that is not a single number.
        TypeError: for data that are not pairs.
    """
    if isinstance(epochs, bool) or not isinstance(epochs, (int, np.integer)) or epochs < 1:
        raise ValueError(f"epochs is an integer of at least 1, not {epochs!r}")
    history = History() if history is None else history
    history.interrupted = False
    mode = model.training
    try:
        with interruptible() as pressed:
            while len(history) < epochs:
                model.train()
                record = _epoch(model, loss, optimizer, data, metrics, history, epochs, progress, pressed)
                if pressed.is_set():
                    history.interrupted = True
                    break
                if validation is not None:
                    scores = evaluate(model, loss, validation, metrics)
                    record |= {f"validation_{name}": value for name, value in scores.items()}
                history.records.append(record)
                answers = [callback(history) for callback in callbacks]
                if any(answer is True for answer in answers):
                    break
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        model.train(mode)
    return history


def _epoch(
    model: Layer,
    loss: Loss,
    optimizer: Optimizer,
    data: Pairs,
    metrics: Sequence[Metric],
    history: History,
    epochs: int,
    progress: bool,
    pressed: Event,
) -> dict[str, float]:
    """Go through the data once; return what is recorded of it."""
    epoch = len(history) + 1
    start = time.perf_counter()
    means = _Means(metrics)
    last: float | None = None
    bar = ProgressBar(data, f"epoch {epoch}/{epochs}", progress)
    try:
        for step, pair in enumerate(data, start=1):
            x, y = _checked(pair)
            prediction = model(x)
            value = _scalar(loss(prediction, y), loss)
            current = float(value.item())
            if not math.isfinite(current):
                raise NonFiniteLossError(current, epoch, step, last, history)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            last = current
            means.add(current, plain(prediction), y)
            bar.update(loss=means.values()["loss"])
            if pressed.is_set():
                return {}
    finally:
        bar.close(**(means.values() if last is not None else {}))
    if last is None:
        raise ValueError(
            f"epoch {epoch}: the data gave no batches (a generator is used up after one epoch; pass "
            "mg.batches(x, y, batch_size) or a list)"
        )
    return means.values() | {"seconds": time.perf_counter() - start}


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
    means = _Means(metrics)
    mode = model.training
    model.eval()
    try:
        with no_grad():
            for pair in data:
                x, y = _checked(pair)
                prediction = model(x)
                means.add(float(_scalar(loss(prediction, y), loss).item()), plain(prediction), y)
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


def _checked(pair: Any) -> tuple[Any, Any]:
    """One batch, if it is a pair of samples and targets."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        kind = (
            f"an array of shape {pair.shape}" if isinstance(pair, (np.ndarray, Tensor)) else f"a {type(pair).__name__}"
        )
        raise TypeError(f"data are pairs (x, y), as mg.batches(x, y, batch_size) makes them; this batch is {kind}")
    if not len(pair[0]):
        raise ValueError(f"a batch has no samples (shape {np.shape(pair[0])})")
    return pair[0], pair[1]


def _scalar(value: Any, loss: Loss) -> Any:
    if np.size(value) != 1:
        raise ValueError(f"the loss {_name(loss)} gave shape {np.shape(value)}; it has to be a single number")
    return value
