"""Which samples of some arrays are in which batch?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.training.batching.finishing import Finishing
from minigrad.training.batching.structure import count_samples, mapped, samples_at


class Batches:
    """Pairs (x, y) of up to `batch_size` samples; every iteration goes through all samples once, in a new order.

    Made by `batches`. ``len()`` is the number of batches.

    Attributes:
        rng: the generator that orders are drawn from. Its state decides all that comes.
        x, y, batch_size, shuffle, drop_last: as they were given; y is None where batches are x alone.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        batch_size: int,
        shuffle: bool,
        rng: np.random.Generator,
        finishing: Finishing,
        drop_last: bool = False,
        shares: NDArray[Any] | None = None,
    ) -> None:
        self.x, self.y = x, y
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.rng = rng
        self.drop_last = drop_last
        self._finishing = finishing
        # The sums of the weights up to each sample, as shares of all.
        self._shares = shares
        self._samples = count_samples(x, "batches: x")

    def __repr__(self) -> str:
        size = self.batch_size if self.drop_last else f"up to {self.batch_size}"
        return f"<Batches of {self._samples} samples: {len(self)} of {size}>"

    def __len__(self) -> int:
        return self._samples // self.batch_size if self.drop_last else -(-self._samples // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        return self.starting_at(0)

    def starting_at(self, step: int) -> Iterator[Any]:
        """The batches of an epoch from one of them on, to go on in the middle of it.

        The samples before are not read. All that is random in the epoch is drawn from `rng` in this call. So with
        `rng` in the state that it had at the beginning of an epoch, the batches are the remaining ones of that epoch.

        Args:
            step: how many batches are left out, from 0 to ``len()``.

        Raises:
            TypeError, ValueError: for a step that is no such number.
        """
        check_step(step)
        if step > len(self):
            raise ValueError(f"batches: an epoch has {len(self)} batches and cannot start at batch {step}")
        order = self._order()
        return self._parts(order, self._finishing.seed(self.rng), step)

    def _order(self) -> NDArray[Any] | None:
        if self._shares is not None:
            return np.searchsorted(self._shares, self.rng.random(self._samples), side="right")
        return self.rng.permutation(self._samples) if self.shuffle else None

    def _parts(self, order: NDArray[Any] | None, seed: int | None, step: int) -> Iterator[Any]:
        alone = self.y is None
        for number in range(step, len(self)):
            part = slice(number * self.batch_size, (number + 1) * self.batch_size)
            chosen = part if order is None else order[part]
            x = samples_at(self.x, chosen)
            y = None if alone else samples_at(self.y, chosen)
            if order is None and self._finishing.transform is not None:
                # A slice is a view. A transform that writes to it would change the data themselves.
                x, y = mapped(x, np.copy), None if alone else mapped(y, np.copy)
            yield self._finishing.finished(x, y, alone, seed, number)


def check_step(step: Any) -> None:
    """Raise TypeError or ValueError for what is no number of batches."""
    if isinstance(step, bool) or not isinstance(step, (int, np.integer)):
        raise TypeError(f"batches: an epoch starts at a batch, an integer from 0 on, not at {step!r}")
    if step < 0:
        raise ValueError(f"batches: an epoch starts at a batch, an integer from 0 on, not at {step}")
