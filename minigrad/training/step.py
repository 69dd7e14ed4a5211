"""What does one step of a training do, as it is written or compiled?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.nn import Layer
from minigrad.optim import Optimizer
from minigrad.training.checks import StoredResults
from minigrad.training.evaluation import Compile, Loss, check_single_number, compiled_as_told

Step = Callable[[Any, Any], tuple[float, Any]]


class InfiniteLossError(ArithmeticError):
    """A loss was infinite or NaN, and nothing was updated."""

    def __init__(self, value: float) -> None:
        super().__init__(str(value))
        self.value = value


def step_of(model: Layer, loss: Loss, optimizer: Optimizer, compiled: Compile) -> Step:
    """A function of x and y that updates the parameters once, and gives the loss and the prediction.

    It raises `InfiniteLossError` before anything is updated.

    Args:
        model, loss, optimizer: as for `train`.
        compiled: whether it runs as compiled code; or the settings of `minigrad.compile`.
    """

    def update(x: Any, y: Any, look: Callable[[Any, Tensor], None] | None = None) -> tuple[Any, Any]:
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
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value, prediction

    stored = StoredResults(model)

    def look(pair: Any, value: Tensor) -> None:
        stored.check("train", model, optimizer, pair, value)

    run = compiled_as_told(update, compiled)

    def step(x: Any, y: Any) -> tuple[float, Any]:
        # What is stored can be told in a step that is not compiled.
        value, prediction = update(x, y, look) if run is update or stored.are_there else run(x, y)
        return float(np.asarray(plain(value)).item()), plain(prediction)

    return step


def _refuse_infinite(value: Any) -> None:
    if isinstance(value, StandIn):
        value.looked_at(_refuse_infinite)
    elif not math.isfinite(number := float(value.item())):
        raise InfiniteLossError(number)
