"""How is something measured over all samples that is no average over them?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Statistics = dict[str, NDArray[Any]]


class Metric:
    """A measure that is computed from statistics of all samples, which add up batch by batch.

    Derive a class to write one: `statistics` and `value`, and `combined` where the statistics do not simply add up.
    `minigrad.train` and `minigrad.evaluate` call these three, so that the result is exact for the whole epoch. Called
    as ``metric(prediction, target)``, it gives the value for these samples.

    Args:
        name: under which it is recorded.

    Raises:
        TypeError: for a name that is no string.

    Examples:
        >>> class Bias(mg.metrics.Metric):
        ...     def __init__(self):
        ...         super().__init__("bias")
        ...
        ...     def statistics(self, prediction, target):
        ...         return {"sum": np.sum(prediction - target), "count": np.array(target.size)}
        ...
        ...     def value(self, statistics):
        ...         return float(statistics["sum"] / statistics["count"])
        >>> Bias()(np.array([1.0, 2.0]), np.array([0.0, 2.0]))
        0.5
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"{type(self).__name__}: a metric has a name, under which it is recorded, not {name!r}")
        self.__name__ = name

    def __call__(self, prediction: Any, target: Any) -> float:
        """The value for these samples alone."""
        return self.value(self.statistics(prediction, target))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def statistics(self, prediction: Any, target: Any) -> Statistics:
        """What has to be known of one batch: arrays by name, of the same shapes for every batch."""
        raise NotImplementedError(f"{type(self).__name__} has no method statistics(prediction, target)")

    def combined(self, first: Statistics, second: Statistics) -> Statistics:
        """The statistics of two sets of samples together, from those of each: their sums, if nothing else is defined.

        Raises:
            ValueError: for statistics of other names or shapes.
        """
        check_alike(type(self).__name__, first, second)
        return {name: np.asarray(first[name] + second[name]) for name in first}

    def value(self, statistics: Statistics) -> float:
        """The measure, from the statistics of all samples."""
        raise NotImplementedError(f"{type(self).__name__} has no method value(statistics)")


def check_alike(name: str, first: Statistics, second: Statistics) -> None:
    """Raise ValueError for statistics that do not belong together."""
    shapes = [{key: np.shape(value) for key, value in each.items()} for each in (first, second)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{name}: statistics of the shapes {shapes[0]} and {shapes[1]} do not belong together; all batches need "
            "predictions with equally many columns"
        )
