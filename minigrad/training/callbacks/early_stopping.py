"""When does a training no longer gain, and which weights were the best?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.optim.checks import not_negative, whole
from minigrad.training.callbacks.base import Callback
from minigrad.training.callbacks.monitoring import Best
from minigrad.training.runs.restoring import below, prefixed
from minigrad.training.runs.run import Run

_WEIGHTS, _ENDED = "weights.", "has_ended"


class EarlyStopping(Callback):
    """Ends a training when nothing was gained for some epochs, and puts back the weights of the best epoch.

    They are put back when the training ends by patience, after its last epoch, or by Ctrl-C. An error leaves the
    weights of the last step.

    A run that it has ended, and that is taken up with more patience, goes on.

    Prechelt (1998), "Early stopping - but when?", in Neural Networks: Tricks of the Trade, the criterion of successive
    increases with a strip length of one epoch.

    Args:
        patience: after how many epochs without a gain the training ends; at least 1.
        monitor: the quantity in the history that tells.
        larger_is_better: whether large values of it are good, as of an accuracy; of a loss, small ones are.
        least_change: how much is a gain, in the units of that quantity.

    Attributes:
        best_epoch: from 1; 0 before the first.
        best_value: of the quantity, in that epoch.

    Raises:
        ValueError: for numbers out of range; when training begins, for a `monitor` of a validation that was not asked
            for; after the first epoch, for one that was not recorded.

    Examples:
        >>> stopping = mg.EarlyStopping(patience=3)
        >>> stopping.best_epoch
        0
    """

    def __init__(
        self,
        patience: int,
        monitor: str = "validation_loss",
        larger_is_better: bool = False,
        least_change: float = 0.0,
    ) -> None:
        self.patience = whole("EarlyStopping: patience", patience, least=1)
        self._best = Best(
            "EarlyStopping", monitor, larger_is_better, not_negative("EarlyStopping: least_change", least_change)
        )
        self._weights: dict[str, NDArray[Any]] = {}
        # Whether it was this object that ended the training.
        self._has_ended = False

    @property
    def best_epoch(self) -> int:
        """The epoch with the best value, from 1."""
        return self._best.epoch

    @property
    def best_value(self) -> float:
        """The best value."""
        return self._best.value

    def on_begin(self, run: Run) -> None:
        """Forget another training, which this object has seen before; go on with one that more patience saves.

        Raises:
            ValueError: for a `monitor` of a validation, where there is none.
        """
        if self._best.begin(run):
            self._weights, self._has_ended = {}, False
        if run.stopped and self._has_ended and len(run.history) - self._best.epoch < self.patience:
            run.stopped = self._has_ended = False

    def on_epoch_end(self, run: Run) -> None:
        """Keep the weights of the best epoch; stop when the patience is at its end."""
        if self._best.is_told(run.history):
            self._weights = run.model.state_dict()
        if len(run.history) - self._best.epoch >= self.patience:
            self._has_ended = True
            run.stop()

    def on_end(self, run: Run) -> None:
        """Put back the best weights."""
        if self._weights and isinstance(run.error, KeyboardInterrupt | None):
            run.model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """The best value, its epoch and its weights, and whether the patience was at its end."""
        ended = {_ENDED: np.array(self._has_ended)}
        return self._best.state_dict() | ended | prefixed(_WEIGHTS, self._weights)

    def load_state_dict(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `state_dict` gave."""
        weights = below(_WEIGHTS, state)
        others = {key: state[key] for key in state if key != _ENDED and not key.startswith(_WEIGHTS)}
        self._best.load_state_dict(others)
        self._weights, self._has_ended = weights, bool(state.get(_ENDED, False))
