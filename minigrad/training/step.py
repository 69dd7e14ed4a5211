"""What does one step of a training do, as it is written or compiled?"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.nn import Layer
from minigrad.optim import Optimizer
from minigrad.training.batching import count_samples, samples_at
from minigrad.training.checks import StoredResults
from minigrad.training.evaluation import Compile, Loss, compiled_as_told, joined
from minigrad.training.means import check_single_number

Step = Callable[[Any, Any], tuple[float, Any]]


class InfiniteLossError(ArithmeticError):
    """A loss was infinite or NaN.

    Attributes:
        value: of the loss.
        what: was infinite or NaN.
        is_done: whether something was updated nevertheless.
    """

    def __init__(self, value: float, what: str = "the loss", is_done: bool = False) -> None:
        super().__init__(str(value))
        self.value, self.what, self.is_done = value, what, is_done


def step_of(model: Layer, loss: Loss, optimizer: Optimizer, compiled: Compile, parts: int = 1) -> Step:
    """A function of x and y that updates the parameters once, and gives the loss and the prediction.

    It raises `InfiniteLossError` before anything is updated.

    Args:
        model, loss, optimizer: as for `train`.
        compiled: whether it runs as compiled code; or the settings of `minigrad.compile`.
        parts: into how many a batch is divided, whose gradients are added up.
    """

    def loss_of(x: Any, y: Any, look: Callable[[Any, Tensor], None] | None) -> tuple[Tensor, Any]:
        prediction = model(x)
        value = loss(prediction, y)
        check_single_number(value, "loss", loss)
        if not isinstance(value, Tensor):
            raise TypeError(
                f"the loss gave a {type(value).__name__}, through which no gradient flows; compute it from the "
                "prediction with NumPy functions, without .numpy(), .item() or float()"
            )
        if look is not None:
            look((x, y), value)
        _refuse_infinite(value._array)
        return value, prediction

    def update(x: Any, y: Any, look: Callable[[Any, Tensor], None] | None = None) -> tuple[Any, Any]:
        value, prediction = loss_of(x, y, look)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value, prediction

    def update_in_parts(x: Any, y: Any, look: Callable[[Any, Tensor], None] | None = None) -> tuple[Any, Any]:
        count = count_samples(x, "x of a batch")
        if (targets := count_samples(y, "y of a batch")) != count:
            raise ValueError(
                f"accumulate= divides each batch along the first axis; this one has {count} samples and {targets} "
                "targets"
            )
        optimizer.zero_grad()
        total, predictions = 0.0, []
        for part in _parts(count, parts):
            value, prediction = loss_of(samples_at(x, part), samples_at(y, part), look)
            # The mean over the batch is the mean of those over the parts, each by its share of the samples.
            share = value * ((part.stop - part.start) / count)
            share.backward()
            total = total + share.detach()
            predictions.append(plain(prediction))
        optimizer.step()
        return total, joined(predictions)

    stored = StoredResults(model)

    def look(pair: Any, value: Tensor) -> None:
        stored.check("train", model, optimizer, pair, value)

    eager = update if parts == 1 else update_in_parts
    run = compiled_as_told(eager, compiled)

    def step(x: Any, y: Any) -> tuple[float, Any]:
        # What is stored can be told in a step that is not compiled.
        value, prediction = eager(x, y, look) if run is eager or stored.are_there else run(x, y)
        return float(np.asarray(plain(value)).item()), plain(prediction)

    return step


def _parts(count: int, parts: int) -> list[slice]:
    """So many slices of nearly the same length; fewer where there are not so many samples."""
    bounds = [count * part // min(parts, count) for part in range(min(parts, count) + 1)]
    return [slice(start, stop) for start, stop in pairwise(bounds)]


def _refuse_infinite(value: Any) -> None:
    if isinstance(value, StandIn):
        value.looked_at(_refuse_infinite)
    elif not math.isfinite(number := float(value.item())):
        raise InfiniteLossError(number)
