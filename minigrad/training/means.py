"""What are the loss and the metrics over all samples, from what they are over batches?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.stand_ins import array_of
from minigrad.engine.values import plain
from minigrad.training.checks import check_functions

Metric = Callable[[Any, Any], float]
Statistics = dict[str, NDArray[Any]]


class Means:
    """Means of loss and metrics over all samples seen, from the means over batches.

    A metric with a method `statistics` is no mean: its statistics of all batches are combined, and its value is that
    of all samples at once.
    """

    def __init__(self, metrics: Sequence[Metric], function: str) -> None:
        check_functions(function, "metrics", metrics, "mg.accuracy")
        names = [*map(name_of, metrics)]
        taken = ["loss", "seconds", "validation_loss", *names, *(f"validation_{name}" for name in names)]
        if len(set(taken)) < len(taken):
            raise ValueError(
                f"{function}: metrics are recorded under their names, which must differ from each other and from loss "
                f"and seconds; these are {names}"
            )
        self._names = dict(zip(names, metrics, strict=True))
        # Sums over samples, and of how many samples: a metric that raises has measured fewer than the others.
        self._sums: dict[str, tuple[float, int]] = {}
        self._statistics: dict[str, Statistics] = {}

    def add(self, count: int, values: Mapping[str, float], prediction: Any, target: Any) -> None:
        """Take in one batch of so many samples, with what was measured of it already."""
        for name, value in values.items():
            self._add(name, count, value)
        for name, metric in self._names.items():
            try:
                if hasattr(metric, "statistics"):
                    self._combine(name, metric, metric.statistics(prediction, target))
                else:
                    self._add(name, count, single_number(metric(prediction, target), "metric", metric))
            except Exception as error:
                error.add_note(f"minigrad: this came from the metric {name}.")
                raise

    def values(self) -> dict[str, float]:
        """The means until now; nothing before the first batch."""
        names = [*(name for name in self._sums if name not in self._names), *self._names]
        return {name: self._value(name) for name in names if name in self._sums or name in self._statistics}

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What has been seen: numbers that JSON can hold, and arrays by name."""
        arrays = {
            f"{position}.{key}": np.asarray(array)
            for position, name in enumerate(self._names)
            for key, array in self._statistics.get(name, {}).items()
        }
        return {"sums": dict(self._sums), "metrics": [*self._names]}, arrays

    def set(self, numbers: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a `state`.

        Raises:
            ValueError: for a state of other metrics.
        """
        if numbers["metrics"] != [*self._names]:
            raise ValueError(
                f"it was saved with the metrics {numbers['metrics']}, and these are "
                f"{[*self._names]}; give the same ones"
            )
        names, found = [*self._names], dict[str, Statistics]()
        for path, array in arrays.items():
            position, _, key = path.partition(".")
            found.setdefault(names[int(position)], {})[key] = array
        self._sums = {str(name): (float(total), int(count)) for name, (total, count) in numbers["sums"].items()}
        self._statistics = found

    def _add(self, name: str, count: int, value: float) -> None:
        total, samples = self._sums.get(name, (0.0, 0))
        self._sums[name] = (total + count * value, samples + count)

    def _combine(self, name: str, metric: Any, statistics: Statistics) -> None:
        before = self._statistics.get(name)
        self._statistics[name] = statistics if before is None else metric.combined(before, statistics)

    def _value(self, name: str) -> float:
        if name not in self._statistics:
            total, samples = self._sums[name]
            return total / samples
        metric: Any = self._names[name]
        return single_number(metric.value(self._statistics[name]), "metric", metric)


def name_of(function: Any) -> str:
    """What a loss or a metric is recorded under."""
    name: str = getattr(function, "__name__", type(function).__name__)
    return name


def single_number(value: Any, kind: str, function: Callable[..., Any]) -> float:
    """What a loss or metric returned, if it is a single number."""
    check_single_number(value, kind, function)
    return float(np.asarray(plain(value)).item())


def check_single_number(value: Any, kind: str, function: Callable[..., Any]) -> None:
    """Raise ValueError where a loss or metric returned anything else."""
    array = array_of(plain(value))
    if array.size != 1 or array.dtype.kind not in "biuf":
        given = f"shape {array.shape}" if array.dtype.kind in "biuf" else f"{value!r}"
        raise ValueError(f"the {kind} {name_of(function)} gave {given}; it has to be a single number")
