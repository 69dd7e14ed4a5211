"""What should the gradient of one leaf be, element by element or along random directions, and how sure is that?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.testing.numerical.richardson import Slope, rounding_noise, slope
from minigrad.testing.subjects.base import Subject

Array = NDArray[Any]


@dataclass
class Reference:
    """Numerical derivatives of ``sum(upstream * function)``, elements of one leaf or directions through it.

    Attributes:
        value, error: of each element or direction.
        kinks: by position, what is known of each derivative that has a kink.
        flat: whether the function changed nowhere.
        floor: what rounding alone can make of the claimed derivatives, where that is known.
        scale: how large they would be if the terms that they are sums of did not cancel, where that is known.
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    kinks: dict[int, Slope] = field(default_factory=dict)
    flat: bool = True
    floor: NDArray[np.float64] | float = 0.0
    scale: float = 0.0

    @classmethod
    def of(cls, slopes: Iterable[Slope], count: int) -> Reference:
        """So many slopes, put together."""
        reference = cls(np.empty(count), np.empty(count))
        for number, each in enumerate(slopes):
            reference.value[number], reference.error[number] = each.value, each.error
            reference.flat = reference.flat and each.flat
            if each.kinked:
                reference.kinks[number] = each
        return reference


class Point:
    """A subject at the point and with the upstream gradient that are judged."""

    def __init__(self, subject: Subject, upstream: Sequence[Array], itemsize: int = 8) -> None:
        self.subject = subject
        self.values = [leaf.value for leaf in subject.leaves]
        self.itemsize = itemsize
        # A copy: a model may return the same array each time, with other numbers in it.
        self.center = subject.vector(self.values).copy()
        rows = [np.asarray(part, dtype=np.float64).reshape(-1) for part in upstream]
        self.upstream = rows[0] if len(rows) == 1 else np.concatenate(rows)
        # By position of a leaf: the rounding of the weighted output, where more is known of it than can be measured.
        self.rounding: dict[int, float] = {}
        self._noise: NDArray[np.float64] | None = None

    def unit(self, position: int) -> float:
        """What a large change of a leaf is: the root mean square of its elements."""
        value = self.values[position].astype(np.float64, copy=False)
        size = float(np.sqrt(np.mean(value * value))) if value.size else 0.0
        return size if np.isfinite(size) and size > 0 else 1.0

    def line(self, position: int, direction: Array) -> Any:
        """The outputs as a function of how far one leaf goes in a direction; NaN where the function raises."""

        def along(distance: float) -> NDArray[np.float64]:
            values = list(self.values)
            values[position] = (self.values[position] + distance * direction).astype(
                self.values[position].dtype, copy=False
            )
            return self.at(values)

        return along

    def at(self, values: Sequence[Array]) -> NDArray[np.float64]:
        """The outputs elsewhere; NaN where the function refuses its inputs."""
        with np.errstate(all="ignore"):
            try:
                out = self.subject.vector(values).copy()
            except (ValueError, ArithmeticError, np.linalg.LinAlgError):
                return np.full_like(self.center, np.nan)
        if out.shape != self.center.shape:
            raise ValueError(
                f"{self.subject.name} gives another number of results ({out.size}, not {self.center.size}) when its "
                "inputs change a little"
            )
        return out

    def far(self, values: Sequence[Array]) -> NDArray[np.float64]:
        """The outputs far away, where a function may do anything; NaN where it fails in any way."""
        try:
            return self.at(values)
        except Exception:
            # A branch that is taken nowhere near the point may return something else, or raise.
            return np.full_like(self.center, np.nan)

    @property
    def noise(self) -> NDArray[np.float64]:
        """The rounding error of each weighted output, measured along a direction through all leaves."""
        if self._noise is None:
            signs = np.random.default_rng(0)
            directions = [
                self.unit(position) * signs.choice([-1.0, 1.0], size=value.shape)
                for position, value in enumerate(self.values)
            ]

            def along(distance: float) -> NDArray[np.float64]:
                return self.at(
                    [
                        (value + distance * direction).astype(value.dtype, copy=False)
                        for value, direction in zip(self.values, directions, strict=True)
                    ]
                )

            self._noise = rounding_noise(along, self.center, self.upstream, self.itemsize)
        return self._noise

    def noise_along(self, position: int) -> NDArray[np.float64]:
        """The rounding error of each weighted output when a leaf changes."""
        least = self.rounding.get(position, 0.0)
        if not least:
            return self.noise
        return np.maximum(self.noise, least * np.abs(self.upstream) / (np.linalg.norm(self.upstream) or 1.0))

    def elements(self, position: int, chosen: Sequence[int] | Array | None = None) -> Reference:
        """The derivative by every element of a leaf, or by the chosen ones of its flattened form."""
        places = range(self.values[position].size) if chosen is None else chosen
        return Reference.of(self.slopes(position, places), len(places))

    def slopes(self, position: int, chosen: Iterable[int]) -> Iterator[Slope]:
        """The slopes behind `elements`, one after the other."""
        value = self.values[position].astype(np.float64, copy=False)
        common, noise = self.unit(position), self.noise_along(position)
        for index in chosen:
            size = abs(float(value.flat[index]))
            unit = max(size, common)
            line = self._element(position, index, unit)
            found = slope(line, self.center, self.upstream, noise, size / unit, self.itemsize).per(unit)
            if 0 < size < 0.1 * common and not found.error <= 1e-6 * abs(found.value) and not found.kinked:
                # A small element among large ones: perhaps the function lives on its own scale, as log does.
                line = self._element(position, index, size)
                near = slope(line, self.center, self.upstream, noise, 1.0, self.itemsize).per(size)
                found = near if near.error < found.error and not near.kinked else found
            elif found.kinked and not found.sharp and unit > 1:
                # Not at a kink but close to one: perhaps not too close for steps that are small in absolute terms.
                line = self._element(position, index, 1.0)
                near = slope(line, self.center, self.upstream, noise, size, self.itemsize)
                found = near if near.error <= 1e-6 * (found.high - found.low) and not near.kinked else found
            yield found

    def _element(self, position: int, index: int, unit: float) -> Any:
        """The outputs as a function of how many units one element is moved."""
        moved = self.values[position].copy()
        values = list(self.values)
        values[position] = moved
        place = np.unravel_index(index, moved.shape)
        start = moved[place]

        def along(distance: float) -> NDArray[np.float64]:
            moved[place] = start + distance * unit
            return self.at(values)

        return along

    def direction(self, position: int, direction: Array) -> Slope:
        """The derivative along a direction through one leaf."""
        unit = self.unit(position)
        line = self.line(position, unit * direction)
        return slope(line, self.center, self.upstream, self.noise_along(position), 1.0, self.itemsize).per(unit)
