"""How do samples that a function reads one after the other become batches?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from minigrad.engine import pytrees
from minigrad.training.batching.arrays import check_step
from minigrad.training.batching.finishing import LARGEST_SEED, Finishing
from minigrad.training.batching.structure import as_arrays


class StreamedBatches:
    """Batches of the samples that a function reads anew for every iteration.

    Made by `batches`. How many they are is not known before they are read, so there is no ``len()``.

    Attributes:
        rng: the generator that shuffles and transforms draw from. Its state decides all that comes.
        read, batch_size, shuffle, drop_last: as they were given.
    """

    def __init__(
        self,
        read: Callable[[], Iterable[Any]],
        batch_size: int,
        shuffle: int,
        rng: np.random.Generator,
        finishing: Finishing,
        drop_last: bool = False,
    ) -> None:
        self.read = read
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.rng = rng
        self.drop_last = drop_last
        self._finishing = finishing

    def __repr__(self) -> str:
        size = self.batch_size if self.drop_last else f"up to {self.batch_size}"
        return f"<StreamedBatches of {size} samples from {_name(self.read)}>"

    def __iter__(self) -> Iterator[Any]:
        return self.starting_at(0)

    def starting_at(self, step: int) -> Iterator[Any]:
        """The batches of an epoch from one of them on, to go on in the middle of it.

        The samples before are read and dropped. All that is random in the epoch is drawn from `rng` in this call. So
        with `rng` in the state that it had at the beginning of an epoch, the batches are the remaining ones of it.

        Args:
            step: how many batches are left out.

        Raises:
            TypeError: for a step that is no integer, or a function that gives nothing to iterate over.
            ValueError: for a step below 0; during the iteration, for samples that differ in shape, dtype or form, no
                samples, or fewer batches than are left out.
        """
        check_step(step)
        samples = self.read()
        if not isinstance(samples, Iterable) or isinstance(samples, (str, bytes, dict)):
            raise TypeError(
                f"batches: {_name(self.read)}() gave a {type(samples).__name__}; it has to give an iterator of samples "
                "(x, y), such as a function with yield does"
            )
        order = int(self.rng.integers(LARGEST_SEED)) if self.shuffle else None
        return self._parts(samples, order, self._finishing.seed(self.rng), step)

    def _parts(self, samples: Iterable[Any], order: int | None, seed: int | None, step: int) -> Iterator[Any]:
        source = self._checked(samples)
        if order is not None:
            source = _mixed(source, self.shuffle, np.random.default_rng(order))
        number, batch = 0, []
        for sample in source:
            batch.append(sample)
            if len(batch) == self.batch_size:
                if number >= step:
                    yield self._finished(batch, seed, number)
                number, batch = number + 1, []
        if batch and not self.drop_last:
            if number >= step:
                yield self._finished(batch, seed, number)
            number += 1
        if not number:
            few = f"only {len(batch)} samples, and drop_last leaves no batch" if batch else "no samples"
            raise ValueError(
                f"batches: {_name(self.read)}() gave {few}; it is called for every epoch, and has to give a new "
                "iterator each time"
            )
        if number < step:
            raise ValueError(f"batches: {_name(self.read)}() gave {number} batches and cannot start at batch {step}")

    def _checked(self, samples: Iterable[Any]) -> Iterator[Any]:
        """The samples as arrays, which have to be like the first one."""
        first: Any = None
        for number, given in enumerate(samples):
            sample = _as_sample(given, f"batches: sample {number} of {_name(self.read)}()")
            if number == 0:
                first = sample
            _compare(sample, first, number)
            yield sample

    def _finished(self, batch: list[Any], seed: int | None, number: int) -> Any:
        first = batch[0]
        columns = zip(*[pytrees.matched(sample, first) for sample in batch], strict=True)
        joined = pytrees.replaced(first, [np.stack(column) for column in columns])
        x, y = joined["x"], joined.get("y")
        return self._finishing.finished(x, y, "y" not in joined, seed, number)


def _as_sample(given: Any, name: str) -> dict[str, Any]:
    """One sample, as {"x": x, "y": y} or {"x": x} alone, with arrays in it."""
    if not isinstance(given, tuple):
        return {"x": as_arrays(given, name)}
    if len(given) != 2:
        raise TypeError(f"{name} is a tuple of {len(given)}; give pairs (x, y), or x alone, an array or a dict")
    return {"x": as_arrays(given[0], f"{name}, x,"), "y": as_arrays(given[1], f"{name}, y,")}


def _compare(sample: Any, first: Any, number: int) -> None:
    """Raise ValueError where a sample could not lie in one array with the first one."""
    try:
        pairs = zip(pytrees.leaves(first), pytrees.matched(sample, first), strict=True)
    except ValueError as error:
        raise ValueError(f"batches: sample {number} has another form than sample 0, {error}") from None
    for (path, wanted), found in pairs:
        if (wanted.shape, wanted.dtype) != (found.shape, found.dtype):
            raise ValueError(
                f"batches: sample {number} has shape {found.shape} and {found.dtype} in {path[2:3]}{path[5:]}, sample "
                f"0 {wanted.shape} and {wanted.dtype}; samples have to be alike: pad or cast them"
            )


def _mixed(samples: Iterator[Any], size: int, rng: np.random.Generator) -> Iterator[Any]:
    """The samples in another order: each is taken at random from `size` of them that wait."""
    waiting: list[Any] = []
    for sample in samples:
        if len(waiting) < size:
            waiting.append(sample)
            continue
        place = int(rng.integers(size))
        yield waiting[place]
        waiting[place] = sample
    for place in rng.permutation(len(waiting)).tolist():
        yield waiting[place]


def _name(read: Any) -> str:
    return str(getattr(read, "__name__", type(read).__name__))
