"""How is a model trained?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine.values import plain
from minigrad.nn import Layer
from minigrad.optim import EMA, Optimizer
from minigrad.training.callbacks.base import Callback, as_callbacks
from minigrad.training.checks import (
    check_functions,
    check_loss,
    check_model,
    check_optimizer,
    check_precision,
)
from minigrad.training.evaluation import Compile, Loss, Pairs, evaluate
from minigrad.training.history import History
from minigrad.training.loop import Done, Loop
from minigrad.training.means import Means, Metric, name_of, single_number
from minigrad.training.pairs import as_pairs
from minigrad.training.runs.run import Run
from minigrad.training.step import InfiniteLossError, step_of

# A function of the history, which is called after each epoch, or what has methods for other moments.
Called = Callback | Callable[[History], object]


def train(
    model: Layer,
    loss: Loss,
    optimizer: Optimizer,
    data: Pairs,
    *,
    epochs: int,
    validation: Pairs | None = None,
    metrics: Sequence[Metric] = (),
    callbacks: Sequence[Called] = (),
    progress: bool = True,
    history: History | None = None,
    compile: Compile = False,
    accumulate: int = 1,
) -> History:
    """Minimise a loss over batches of data.

    Args:
        model: called as ``model(x)``; in training mode during the steps.
        loss: ``loss(prediction, y)``, a mean over the samples of the batch.
        optimizer: updates the model's parameters after each batch.
        data: pairs (x, y), iterated once an epoch: what `batches` makes, a list, or a function that gives an iterator.
            Samples lie along the first axis of x; for a model with several inputs, x is a tuple or a dict of arrays
            with equally many. Where `batches` has x alone, x is its own target.
        epochs: how often to go through the data, epochs of an earlier `history` included.
        validation: pairs (x, y) on which loss and metrics are recorded after each epoch.
        metrics: functions ``metric(prediction, y) -> float`` such as `accuracy`, recorded under their names.
        callbacks: functions, called as ``callback(history)`` after each epoch, of which one that returns True ends the
            training; and objects with methods for other moments, see `Callback`.
        progress: whether to show each epoch: as a bar on a terminal or in a notebook (extra `progress`), else as a
            line that is printed.
        history: of an earlier run that this one continues.
        compile: whether the steps run as code that `minigrad.compile` makes, or a dict of its settings, such as
            ``{"engine": "jax"}``. Gradients are not left in ``.grad`` then.
        accumulate: into how many parts each batch is divided, for less memory. The gradients of the parts are added
            up before the one update, so that all is as before but for layers like `nn.BatchNorm`, which see the parts,
            and for losses that are no means over samples, as with ``ignore_index=``.

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

    Errors of callbacks, metrics and data come through, with a note where they came from, and the epochs until then as
    ``error.history``. A model of float32 that is given float64 computes in float64; a UserWarning tells it once.
    """
    check_model("train", model)
    check_loss("train", loss)
    check_optimizer("train", optimizer, model)
    pairs = as_pairs("train", "data", data)
    checks = None if validation is None else as_pairs("train", "validation", validation)
    Means(metrics, "train")
    if isinstance(accumulate, bool) or not isinstance(accumulate, (int, np.integer)) or accumulate < 1:
        raise ValueError(f"accumulate is an integer of at least 1, not {accumulate!r}")
    update = step_of(model, loss, optimizer, compile, int(accumulate))
    is_first = True

    def step(x: Any, y: Any) -> Done:
        nonlocal is_first
        value, prediction = update(x, y)
        if is_first:
            check_precision(model, x, prediction)
            is_first = False
        return Done({"loss": value}, plain(prediction))

    def validate() -> dict[str, float]:
        if checks is None:
            return {}
        return {f"validation_{name}": value for name, value in evaluate(model, loss, checks, metrics).items()}

    means = partial(Means, metrics, "train")
    chances = (loss, data, validation, metrics)
    told = _callbacks("train", callbacks)
    names = ["loss", *map(name_of, metrics)]
    names += [] if checks is None else [f"validation_{name}" for name in names]
    run = _run("train", model, [optimizer], epochs, told, history, means, chances, names)
    return Loop(run, told, step, pairs, validate, progress).through()


def train_with(
    step: Callable[[Any, Any], Any],
    model: Layer,
    optimizers: Optimizer | Sequence[Optimizer],
    data: Pairs,
    *,
    epochs: int,
    callbacks: Sequence[Called] = (),
    progress: bool = True,
    history: History | None = None,
) -> History:
    """Call a step of yours with every batch, with all that `train` does around one.

    It is for steps that `train` does not know: with several optimisers, as for a generative adversarial network, or
    with several passes.

    Args:
        step: ``step(x, y)`` updates the parameters, and gives the loss, or a dict of numbers to record by name. It may
            be compiled by `minigrad.compile`.
        model: a layer that holds all layers that are trained; in training mode during the steps.
        optimizers: one or several, which the step uses.
        data, epochs, callbacks, progress, history: as for `train`.

    Raises:
        NonFiniteLossError: where a number is infinite or NaN; the step was done then.
        ValueError, TypeError: as for `train`.

    Examples:
        >>> layer = nn.Dense(2, 1, rng=0)
        >>> optimizer = optim.SGD(layer.parameters(), lr=0.1)
        >>> def step(x, y):
        ...     loss = losses.mse(layer(x), y)
        ...     optimizer.zero_grad()
        ...     loss.backward()
        ...     optimizer.step()
        ...     return {"loss": loss, "size": np.abs(layer.weight.data).sum()}
        >>> data = [(np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32))]
        >>> history = mg.train_with(step, layer, optimizer, data, epochs=2, progress=False)
        >>> history.names()
        ['loss', 'size', 'seconds']
    """
    check_model("train_with", model)
    if not callable(step):
        raise TypeError(f"train_with: the step is a {type(step).__name__}; give a function step(x, y)")
    several = [optimizers] if isinstance(optimizers, Optimizer) else list(optimizers)
    if not several:
        raise ValueError("train_with: there is no optimizer; give those that the step uses")
    for optimizer in several:
        check_optimizer("train_with", optimizer, model)
    pairs = as_pairs("train_with", "data", data)

    def done(x: Any, y: Any) -> Done:
        return Done(_numbers(step, step(x, y)))

    means = partial(Means, (), "train_with")
    told = _callbacks("train_with", callbacks)
    run = _run("train_with", model, several, epochs, told, history, means, (step, data))
    return Loop(run, told, done, pairs, dict, progress).through()


def _callbacks(function: str, given: Sequence[Called]) -> list[Callback]:
    if isinstance(given, (list, tuple)):
        for position, each in enumerate(given):
            if isinstance(each, EMA):
                raise TypeError(
                    f"{function}: callbacks[{position}] is an EMA, which nothing would update; write "
                    "mg.AverageWeights(ema)"
                )
    check_functions(function, "callbacks", given, "print", Callback)
    return as_callbacks(given)


def _run(
    function: str,
    model: Layer,
    optimizers: Sequence[Optimizer],
    epochs: int,
    callbacks: Sequence[Callback],
    history: History | None,
    means: Callable[[], Means],
    chances: Sequence[object],
    names: Sequence[str] | None = None,
) -> Run:
    if isinstance(epochs, bool) or not isinstance(epochs, (int, np.integer)) or epochs < 1:
        raise ValueError(f"epochs is an integer of at least 1, not {epochs!r}")
    if not isinstance(history, History | None):
        raise TypeError(
            f"{function}: history is a {type(history).__name__}; give what mg.train returned, an mg.History"
        )
    history = History() if history is None else history
    return Run(model, optimizers, history, int(epochs), callbacks, means, chances, names)


def _numbers(step: Callable[[Any, Any], Any], found: Any) -> dict[str, float]:
    """What a step gave, by name.

    Raises:
        InfiniteLossError: for a number that is infinite or NaN.
        TypeError: for what holds no numbers.
    """
    values = found if isinstance(found, Mapping) else {"loss": found}
    numbers = {}
    for name, value in values.items():
        if not isinstance(name, str) or name == "seconds":
            raise TypeError(
                f"train_with: the step gave a number named {name!r}; names are strings, and seconds are recorded anyway"
            )
        if isinstance(value, (tuple, list, Mapping)):
            raise TypeError(
                f"train_with: the step gave a {type(value).__name__}; return the loss, or a dict of numbers by name "
                'such as {"loss": loss, "penalty": penalty}'
            )
        if value is None:
            raise TypeError("train_with: the step gave None; return the loss, or a dict of numbers by name")
        numbers[name] = single_number(value, f"value {name!r} of", step)
        if not math.isfinite(numbers[name]):
            raise InfiniteLossError(numbers[name], f"{name!r}" if name != "loss" else "the loss", is_done=True)
    return numbers
