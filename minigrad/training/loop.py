"""How is a model trained?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.engine.values import plain
from minigrad.nn import Layer
from minigrad.nn.mode import call_in_mode
from minigrad.optim import Optimizer
from minigrad.training.checks import (
    check_data,
    check_functions,
    check_loss,
    check_model,
    check_optimizer,
)
from minigrad.training.evaluation import Compile, Loss, Means, Metric, Pairs, checked_pair, evaluate
from minigrad.training.history import History
from minigrad.training.progress import call_interruptible, way_to_show
from minigrad.training.step import InfiniteLossError, Step, step_of

Callback = Callable[[History], object]


class NonFiniteLossError(FloatingPointError):
    """The loss became infinite or NaN.

    Attributes:
        epoch, step: where, both counted from 1; the step within the epoch.
        last_finite_loss: the loss of the step before, or None in the first step of the run.
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
    compile: Compile = False,
) -> History:
    """Minimise a loss over batches of data.

    Args:
        model: called as ``model(x)``; in training mode during the steps.
        loss: ``loss(prediction, y)``, a mean over the samples of the batch.
        optimizer: updates the model's parameters after each batch.
        data: pairs (x, y), iterated once an epoch: what `batches` makes, or a list. Samples lie along the first axis
            of x; for a model with several inputs, x is a tuple or a dict of arrays with equally many.
        epochs: how often to go through the data, epochs of an earlier `history` included.
        validation: pairs (x, y) on which loss and metrics are recorded after each epoch.
        metrics: functions ``metric(prediction, y) -> float`` such as `accuracy`, recorded under their names.
        callbacks: called as ``callback(history)`` after each epoch; one that returns True ends the training.
        progress: whether to show each epoch: as a bar on a terminal or in a notebook (extra `progress`), else as a
            line that is printed.
        history: of an earlier run that this one continues.
        compile: whether the steps run as code that `minigrad.compile` makes, or a dict of its settings, such as
            ``{"engine": "jax"}``. Gradients are not left in ``.grad`` then.

    Returns:
        The history of all epochs. Ctrl-C ends the training after the current step: the unfinished epoch is not
        recorded, and ``history.interrupted`` is True.

    Raises:
        NonFiniteLossError: where the loss is infinite or NaN, before the parameters are touched.
        ValueError: for epochs below 1, data without batches, a loss or metric that is not a single number, metrics of
            one name, or an optimiser of another model.
        TypeError: for data that are not pairs, a loss that is not a Tensor, an attribute of the model that was meant as
            a parameter but is the result of an operation (told after the first forward pass, before anything is
            updated), or arguments of other kinds.
    """
    check_model("train", model)
    check_loss("train", loss)
    check_optimizer("train", optimizer, model)
    check_data("train", "data", data)
    if validation is not None:
        check_data("train", "validation", validation)
    Means(metrics, "train")
    check_functions("train", "callbacks", callbacks, "print")
    if isinstance(epochs, bool) or not isinstance(epochs, (int, np.integer)) or epochs < 1:
        raise ValueError(f"epochs is an integer of at least 1, not {epochs!r}")
    if not isinstance(history, History | None):
        raise TypeError(f"train: history is a {type(history).__name__}; give what mg.train returned, an mg.History")
    history = History() if history is None else history
    history.interrupted = False
    shown = way_to_show(progress)
    step = step_of(model, loss, optimizer, compile)

    def one_epoch(pressed: threading.Event, last: float | None) -> float | None:
        start, means = time.perf_counter(), Means(metrics, "train")
        model.train()
        with shown(data, f"epoch {len(history) + 1}/{epochs}") as view:
            for count, current, prediction, y in _steps(step, data, history, last):
                last = current
                means.add(count, current, plain(prediction), y)
                view.update(means.values())
                if pressed.is_set():
                    raise KeyboardInterrupt
            record = means.values() | {"seconds": time.perf_counter() - start}
            if validation is not None:
                record |= {f"validation_{k}": v for k, v in evaluate(model, loss, validation, metrics).items()}
            view.finish(record)
        history.records.append(record)
        return last

    def all_epochs(pressed: threading.Event) -> None:
        last: float | None = None
        while len(history) < epochs and not pressed.is_set():
            last = one_epoch(pressed, last)
            answers = [callback(history) for callback in callbacks]
            # NumPy's True is what a comparison of means gives.
            if any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers):
                break
        history.interrupted = pressed.is_set()

    try:
        call_in_mode(model, True, lambda: call_interruptible(all_epochs))
    except KeyboardInterrupt:
        history.interrupted = True
    return history


def _steps(step: Step, data: Pairs, history: History, last: float | None) -> Iterator[tuple[int, float, Any, Any]]:
    """Update the parameters once for each batch; yield its size, the loss, the prediction and the target."""
    epoch, number = len(history) + 1, 0
    for number, pair in enumerate(data, start=1):
        x, y, count = checked_pair(pair)
        try:
            current, prediction = step(x, y)
        except InfiniteLossError as error:
            raise NonFiniteLossError(error.value, epoch, number, last, history) from None
        last = current
        yield count, current, prediction, y
    if not number:
        raise ValueError(
            f"epoch {epoch}: the data gave no batches (a generator is used up after one epoch; pass "
            "mg.batches(x, y, batch_size) or a list)"
        )
