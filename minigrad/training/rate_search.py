"""With which learning rate does a model learn fast?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.nn import Layer
from minigrad.nn.mode import call_in_mode
from minigrad.optim import Optimizer
from minigrad.optim.checks import positive, whole
from minigrad.training.checks import check_loss, check_model, check_optimizer
from minigrad.training.evaluation import Compile, Loss, Pairs, checked_pair
from minigrad.training.pairs import as_pairs
from minigrad.training.runs.random_sources import RandomSources
from minigrad.training.step import InfiniteLossError, step_of

# The share of the smoothed loss that is left after a step, and how bad it may become, in multiples of the best.
_MEMORY, _TOO_BAD = 0.9, 4.0


@dataclass(frozen=True)
class RateSearch:
    """What a search for a learning rate has found.

    Attributes:
        rates: that were tried, in order, shape (steps,).
        losses: the loss of the batch that was seen with each, shape (steps,).
        smoothed: their moving averages, shape (steps,).
        suggestion: a tenth of the rate at which the smoothed loss was least. With that rate itself, steps are about to
            become too long.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    suggestion: float

    def __repr__(self) -> str:
        return f"<RateSearch of {len(self.rates)} rates up to {self.rates[-1]:.3g}: try lr={self.suggestion:.2g}>"


def find_learning_rate(
    model: Layer,
    loss: Loss,
    optimizer: Optimizer,
    data: Pairs,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    compile: Compile = False,
) -> RateSearch:
    """Train for some steps with a learning rate that grows from step to step, and see how far the loss falls.

    It ends when the loss has become four times its best, or infinite. Model, optimiser and random generators are as
    before afterwards. The range test of Smith (2017), "Cyclical learning rates for training neural networks",
    arXiv:1506.01186, section 3.3, with rates that grow by a factor.

    Args:
        model, loss, optimizer, data, compile: as for `train`. The data are gone through again as often as needed.
            Groups of parameters with a learning rate of their own keep it.
        lowest, highest: the first and the last rate.
        steps: how many rates there are.

    Raises:
        ValueError: for numbers out of range, data without batches, or a loss that is bad from the beginning.
        TypeError: for arguments of other kinds.

    Examples:
        >>> model, x = nn.Dense(2, 1, rng=0), np.ones((8, 2), np.float32)
        >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
        >>> found = mg.find_learning_rate(model, losses.mse, optimizer, [(x, x[:, :1])])
        >>> 0.001 < found.suggestion < 1.0
        True
    """
    check_model("find_learning_rate", model)
    check_loss("find_learning_rate", loss)
    check_optimizer("find_learning_rate", optimizer, model)
    first, last = positive("lowest", lowest), positive("highest", highest)
    count = whole("steps", steps, least=10)
    if not first < last:
        raise ValueError(f"lowest must be below highest; they are {first} and {last}")
    if optimizer._groups is not None and all(rule and rule._lr is not None for rule in optimizer._groups.rules):
        raise ValueError(
            "find_learning_rate: each parameter is in one of the groups= that have a learning rate of their own, which "
            "stays; make the optimiser without these"
        )
    pairs = as_pairs("find_learning_rate", "data", data)
    update = step_of(model, loss, optimizer, compile)
    rates = np.geomspace(first, last, count)
    found: list[float] = []
    smoothed: list[float] = []

    def search() -> None:
        average = 0.0
        for rate, pair in zip(rates, _again_and_again(pairs), strict=False):
            optimizer.lr = float(rate)
            x, y, _ = checked_pair(pair)
            try:
                value, _ = update(x, y)
            except InfiniteLossError:
                return
            average = _MEMORY * average + (1.0 - _MEMORY) * value
            found.append(value)
            # As of a moving average that did not begin at 0.
            smoothed.append(average / (1.0 - _MEMORY ** len(found)))
            if len(found) >= 10 and smoothed[-1] > _TOO_BAD * min(smoothed):
                return

    sources = RandomSources(model, optimizer, loss, data)
    before = model.state_dict(), optimizer.state_dict(), optimizer._lr, sources.states()

    def put_back() -> None:
        model.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        optimizer.lr = before[2]
        sources.set(before[3])
        optimizer.zero_grad()

    try:
        call_in_mode(model, True, search)
    finally:
        try:
            put_back()
        except BaseException:
            # Ctrl-C, in the middle of it.
            put_back()
            raise
    if len(found) < 10:
        raise ValueError(
            f"find_learning_rate: the loss was infinite or NaN after {len(found)} steps, at a learning rate of "
            f"{rates[min(len(found), count - 1)]:.3g}; give a smaller lowest="
        )
    tried, curve = rates[: len(found)], np.array(smoothed)
    return RateSearch(tried, np.array(found), curve, float(tried[np.argmin(curve)]) / 10.0)


def _again_and_again(pairs: Any) -> Iterator[Any]:
    while True:
        is_empty = True
        for pair in pairs:
            is_empty = False
            yield pair
        if is_empty:
            raise ValueError(
                "find_learning_rate: the data gave no batches (a generator is used up after one pass; pass "
                "mg.batches(x, y, batch_size), a list, or the function that makes the generator)"
            )
