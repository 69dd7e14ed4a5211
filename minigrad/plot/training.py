"""What does a training run look like?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.plot.figures import (
    FAINT,
    INK,
    LINES,
    axes_on,
    bare,
    counted,
    legend_below,
    mixed,
    new_figure,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_VALIDATION = "validation_"
# Of so many epochs each has a marker.
_FEW = 30

Records = list[Mapping[str, float]]


def history(
    history: Iterable[Mapping[str, float]], names: Sequence[str] | None = None, ax: Axes | None = None
) -> Figure:
    """Learning curves: what was recorded in each epoch, on the training and on the validation data.

    Each quantity has axes of its own. The dotted line is the epoch with the lowest validation loss, or the lowest loss
    where nothing was validated. A cross on the axis is an epoch whose value is NaN or infinite.

    Args:
        history: what `minigrad.train` returned, or a list with a dict of numbers for each epoch.
        names: of quantities, such as ``["loss", "accuracy"]``; by default all but the seconds. The curve of
            ``validation_loss`` is drawn with that of ``loss``.
        ax: where to draw, for one quantity; by default on a new figure.

    Returns:
        The figure.

    Raises:
        ValueError: for no epochs, no names, or several quantities on one `ax`.
        KeyError: for a name that was not recorded.
        TypeError: for arguments of other kinds.
        ImportError: without Matplotlib, which belongs to the extra "plot".

    Examples:
        >>> records = [{"loss": 0.9, "validation_loss": 1.0}, {"loss": 0.4, "validation_loss": 0.6}]
        >>> figure = plot.history(mg.History(records))
        >>> [line.get_ydata().tolist() for line in figure.axes[0].lines[:2]]
        [[0.9, 0.4], [1.0, 0.6]]
    """
    records = _records(history)
    quantities = _quantities(records, names)
    title = f"Learning curves of {counted(len(records), 'epoch')}"
    if len(quantities) == 1:
        figure, ax = axes_on("history", ax, 6.0, 4.2)
        panels = [ax]
        ax.set_title(title)
    elif ax is not None:
        raise ValueError(
            f"plot.history: ax= takes one quantity, and there are {', '.join(quantities)}; write "
            f"names=[{quantities[0]!r}], or leave ax out"
        )
    else:
        columns = (
            len(quantities) if len(quantities) <= 3 else math.ceil(len(quantities) / math.ceil(len(quantities) / 3))
        )
        rows = math.ceil(len(quantities) / columns)
        figure = new_figure("history", 4.2 * columns, 0.5 + 3.6 * rows)
        panels = list(figure.subplots(rows, columns, squeeze=False).flat)
        for unused in panels[len(quantities) :]:
            unused.remove()
        figure.suptitle(title)
    best = _best_epoch(records)
    for place, (panel, quantity) in enumerate(zip(panels, quantities, strict=False)):
        colour = LINES[place % len(LINES)]
        _draw_quantity(panel, records, quantity, colour, best)
    return figure


def _records(history: Any) -> Records:
    if isinstance(history, (str, Mapping)) or not isinstance(history, Iterable):
        raise TypeError(
            f"plot.history: give what mg.train returned, or a list with a dict for each epoch, not a "
            f"{type(history).__name__}"
        )
    records = list(history)
    if not records:
        raise ValueError("plot.history: the history has no epochs")
    for position, record in enumerate(records):
        if not isinstance(record, Mapping) or not all(
            isinstance(value, (int, float, np.number)) for value in record.values()
        ):
            raise TypeError(
                f"plot.history: record {position} is {record!r}; an epoch is a dict of numbers, such as {{'loss': 0.5}}"
            )
    return records


def _quantities(records: Records, names: Sequence[str] | None) -> list[str]:
    recorded = list(dict.fromkeys(name.removeprefix(_VALIDATION) for record in records for name in record))
    if names is None:
        chosen = [name for name in recorded if name != "seconds"] or recorded
        if not chosen:
            raise ValueError("plot.history: nothing was recorded in the epochs of this history")
        return chosen
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise TypeError(f"plot.history: names is a list, such as ['loss'], not {names!r}")
    if not names:
        raise ValueError(f"plot.history: names is empty; there is {', '.join(recorded)}")
    for name in names:
        if name not in recorded:
            hint = str(name).removeprefix(_VALIDATION)
            also = f"; {hint!r} draws both curves" if hint in recorded else ""
            raise KeyError(f"plot.history: {name!r} is none of the quantities {', '.join(recorded)}{also}")
    return list(dict.fromkeys(names))


def _best_epoch(records: Records) -> tuple[int, str] | None:
    """The epoch, counted from 1, with the lowest loss that is known, and what it was measured on."""
    for name in ("validation_loss", "loss"):
        known = [
            (record[name], epoch)
            for epoch, record in enumerate(records, 1)
            if math.isfinite(record.get(name, math.nan))
        ]
        if known:
            return min(known)[1], name.replace("_", " ")
    return None


def _draw_quantity(ax: Axes, records: Records, quantity: str, colour: str, best: tuple[int, str] | None) -> None:
    epochs = np.arange(1, len(records) + 1)
    validated = any(_VALIDATION + quantity in record for record in records)
    strange: set[int] = set()
    for name, label in ((quantity, "training"), (_VALIDATION + quantity, "validation")):
        if not any(name in record for record in records):
            continue
        values = np.array([record.get(name, math.nan) for record in records], dtype=float)
        strange |= {
            epoch for epoch in epochs.tolist() if name in records[epoch - 1] and not np.isfinite(values[epoch - 1])
        }
        values[~np.isfinite(values)] = np.nan
        lighter = label == "training" and validated
        ax.plot(
            epochs,
            values,
            color=mixed(colour, 0.5) if lighter else colour,
            linewidth=1.6,
            # A point that stands alone between gaps is no line.
            marker="o" if len(records) <= _FEW else ".",
            markersize=4 if len(records) <= _FEW else 2.5,
            label=label,
        )
    if best is not None:
        epoch, name = best
        ax.axvline(epoch, color=FAINT, linestyle=":", linewidth=1.2, label=f"lowest {name}: epoch {epoch}", zorder=1)
    if strange:
        crosses = sorted(strange)
        ax.plot(
            crosses,
            np.zeros(len(crosses)),
            "x",
            color=INK,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
            label="NaN or infinite",
        )
    ax.set_xlabel("epoch")
    ax.set_ylabel("time (s)" if quantity == "seconds" else quantity.replace("_", " "))
    ax.margins(y=0.08)
    edge = 0.5 if len(records) == 1 else 0.03 * (len(records) - 1)
    ax.set_xlim(1 - edge, len(records) + edge)
    whole_numbers(ax.xaxis)
    ax.grid(axis="y", color="#e5e5e5", linewidth=0.8)
    ax.set_axisbelow(True)
    bare(ax)
    legend_below(ax, ax.get_legend_handles_labels()[1])
