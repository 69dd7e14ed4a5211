"""What happened during training, epoch by epoch?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import overload


class History:
    """A record of loss and metrics for each finished epoch.

    ``history["loss"]`` lists one value per epoch, ``history[-1]`` is the record of the last one, ``len(history)`` the
    number of epochs, and ``str(history)`` a table.

    Attributes:
        records: a dict of floats for each epoch, in order: "loss" and the metrics' names over the training data,
            "validation_loss" and so on over the validation data, and "seconds".
        interrupted: whether Ctrl-C ended the last run before its time.

    Example:
        >>> history = mg.History([{"loss": 0.5}, {"loss": 0.25}])
        >>> history["loss"], len(history)
        ([0.5, 0.25], 2)
    """

    def __init__(self, records: list[dict[str, float]] | None = None) -> None:
        self.records: list[dict[str, float]] = [
            {name: float(value) for name, value in record.items()} for record in records or []
        ]
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
        """
        if isinstance(key, int):
            return self.records[key]
        if key not in self.names():
            raise KeyError(f"{key!r} was not recorded; there is {', '.join(self.names()) or 'nothing'}")
        return [record[key] for record in self.records if key in record]

    def names(self) -> list[str]:
        """The quantities that were recorded."""
        return list(dict.fromkeys(name for record in self.records for name in record))

    def __str__(self) -> str:
        columns = [["epoch", *map(str, range(1, len(self) + 1))]]
        for name in self.names():
            columns.append([name, *(f"{record[name]:.4g}" if name in record else "" for record in self.records)])
        widths = [max(map(len, column)) for column in columns]
        return "\n".join(
            "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
            for row in zip(*columns, strict=True)
        )

    def __repr__(self) -> str:
        return f"<History of {len(self)} epochs{', interrupted' if self.interrupted else ''}>"
