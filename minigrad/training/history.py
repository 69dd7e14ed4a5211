"""What happened during training, epoch by epoch?"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, overload

import numpy as np

from minigrad.engine import html

# Of a long table in a notebook, so many epochs are shown at the beginning and at the end.
_ENDS = 5


class History:
    """A record of loss and metrics for each finished epoch.

    ``history["loss"]`` lists one value per epoch, ``history[-1]`` is the record of the last one, ``len(history)`` the
    number of epochs, and ``str(history)`` a table.

    Args:
        records: a dict of numbers for each epoch, which are copied.

    Attributes:
        records: a dict of floats for each epoch, in order: "loss" and the metrics' names over the training data,
            "validation_loss" and so on over the validation data, and "seconds".
        interrupted: whether Ctrl-C ended the last run before its time.

    Raises:
        TypeError: for records that are not a list of dicts of numbers.
        ValueError: for integers that no float can hold.

    Examples:
        >>> history = mg.History([{"loss": 0.5}, {"loss": 0.25}])
        >>> history["loss"], len(history)
        ([0.5, 0.25], 2)
    """

    def __init__(self, records: Iterable[Mapping[str, float]] | None = None) -> None:
        self.records: list[dict[str, float]] = _checked(records)
        self.interrupted = False

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.records)

    @overload
    def __getitem__(self, key: str) -> list[float]: ...

    @overload
    def __getitem__(self, key: int) -> dict[str, float]: ...

    def __getitem__(self, key: str | int) -> list[float] | dict[str, float]:
        """The values of one quantity, by name, or the record of one epoch, by position.

        Raises:
            KeyError: for a name that was not recorded, naming those that were.
            IndexError: for an epoch that was not recorded.
        """
        if isinstance(key, (int, np.integer)):
            if not -len(self) <= key < len(self):
                raise IndexError(f"there is no record {key}: {len(self)} epochs were recorded, counted from 0")
            return self.records[key]
        if key not in self.names():
            raise KeyError(f"{key!r} was not recorded; there is {', '.join(self.names()) or 'nothing'}")
        return [record[key] for record in self.records if key in record]

    def names(self) -> list[str]:
        """The quantities that were recorded."""
        return list(dict.fromkeys(name for record in self.records for name in record))

    def __str__(self) -> str:
        rows = self._rows(self.names())
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)

    def _rows(self, names: list[str]) -> list[tuple[str, ...]]:
        columns = [["epoch", *map(str, range(1, len(self) + 1))]]
        for name in names:
            columns.append([name, *(f"{record[name]:.4g}" if name in record else "" for record in self.records)])
        return [*zip(*columns, strict=True)]

    def __repr__(self) -> str:
        # Without the seconds, so that what repeats looks the same.
        record = self.records[-1] if self.records else {}
        last = [f"{name} {value:.4g}" for name, value in record.items() if name != "seconds"]
        return f"<History of {self._counted()}{': ' if last else ''}{', '.join(last)}>"

    def _counted(self) -> str:
        epochs = "1 epoch" if len(self) == 1 else f"{len(self)} epochs"
        return f"{epochs}, interrupted" if self.interrupted else epochs

    def _repr_html_(self) -> str:
        """What notebooks show: the table without the seconds, and without its middle where it is long."""
        # Without them, a notebook that is executed again is the same file.
        header, *rows = self._rows([name for name in self.names() if name != "seconds"])
        if len(rows) > 2 * _ENDS + 1:
            rows = [*rows[:_ENDS], ("...",) * len(header), *rows[-_ENDS:]]
        return html.box(f"History of {self._counted()}", html.table(header, rows))


def _checked(records: Any) -> list[dict[str, float]]:
    """Records as dicts of Python's floats."""
    if records is None:
        return []
    if isinstance(records, (str, Mapping)) or not isinstance(records, Iterable):
        raise TypeError(
            f"History: records are a list with a dict for each epoch, such as [{{'loss': 0.5}}]; got {_shown(records)}"
        )
    found = []
    for position, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise TypeError(
                f"History: a record is a dict such as {{'loss': 0.5}}; record {position} is {_shown(record)}"
            )
        found.append({_name(name, position): _number(value, name, position) for name, value in record.items()})
    return found


def _name(name: Any, position: int) -> str:
    if not isinstance(name, str):
        raise TypeError(f"History: quantities have names; record {position} has the key {_shown(name)}")
    return name


def _number(value: Any, name: str, position: int) -> float:
    # A string such as "0.5" could be converted, too, but is no number.
    is_array = isinstance(value, (np.generic, np.ndarray)) and value.dtype.kind in "biuf"
    if not is_array and not isinstance(value, (int, float)):
        raise TypeError(f"History: {name!r} in record {position} is {_shown(value)}, not a number")
    if np.size(value) != 1:
        raise TypeError(f"History: {name!r} in record {position} has shape {np.shape(value)}; it has to be one number")
    try:
        return float(value.item() if is_array else value)
    except OverflowError:
        raise ValueError(f"History: {name!r} in record {position} is larger than every float") from None


def _shown(value: Any) -> str:
    return reprlib.repr(value)
