"""Which epoch was the best until now, by a quantity in the history?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.training.history import History
from minigrad.training.runs.run import Run


class Best:
    """The best value of a quantity, and its epoch.

    Attributes:
        value: the best until now; infinitely bad before the first.
        epoch: when that was, from 1; 0 before the first.
    """

    def __init__(self, owner: str, monitor: str, larger_is_better: bool, least_change: float = 0.0) -> None:
        self._owner = owner
        self._monitor = monitor
        self._sign = -1.0 if larger_is_better else 1.0
        self._least_change = least_change
        self.value = self._sign * math.inf
        self.epoch = 0

    def begin(self, run: Run) -> bool:
        """Forget what was the best of another training; say whether that was so.

        A training that goes on has the best epoch in its history. A new one has none yet.

        Raises:
            ValueError: for a quantity of a validation, where there is none.
        """
        measured = self._monitor.removeprefix("validation_")
        if run.names is not None and self._monitor not in run.names and measured in run.names:
            raise self._not_among(run.names)
        if self.epoch <= len(run.history):
            return False
        self.value, self.epoch = self._sign * math.inf, 0
        return True

    def is_told(self, history: History) -> bool:
        """Take in the last epoch, and say whether it is the best. NaN is never the best.

        Raises:
            ValueError: for a quantity that was not recorded.
        """
        record = history[-1]
        if self._monitor not in record:
            raise self._not_among(record)
        value = record[self._monitor]
        if not self._sign * value < self._sign * self.value - self._least_change:
            return False
        self.value, self.epoch = value, len(history)
        return True

    def _not_among(self, names: Iterable[str]) -> ValueError:
        recorded = ", ".join(name for name in names if name != "seconds")
        hint = "; give validation= to train, or" if self._monitor.startswith("validation_") else ";"
        return ValueError(
            f"{self._owner}: there is no {self._monitor!r} in the history{hint} choose monitor= among {recorded}"
        )

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Both, as arrays."""
        return {"best_value": np.array(self.value), "best_epoch": np.array(self.epoch)}

    def load_state_dict(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `state_dict` gave.

        Raises:
            KeyError: where it is the state of something else.
        """
        if state.keys() != self.state_dict().keys():
            raise KeyError(
                f"{self._owner} has best_value and best_epoch; the state has {', '.join(state) or 'nothing'}"
            )
        self.value, self.epoch = float(state["best_value"]), int(state["best_epoch"])
