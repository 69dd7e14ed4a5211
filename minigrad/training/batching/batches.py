"""What may batches be made of, and what was given?"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable
from typing import Any, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.values import plain
from minigrad.training.batching.arrays import Batches
from minigrad.training.batching.finishing import Finishing
from minigrad.training.batching.reading import is_stored, rows
from minigrad.training.batching.streams import StreamedBatches
from minigrad.training.batching.structure import as_arrays, count_samples, have_samples, is_several, mapped, shapes_of


@overload
def batches(
    x: Callable[[], Iterable[Any]],
    y: None = None,
    batch_size: int = 32,
    shuffle: bool | int = True,
    rng: int | np.random.Generator | None = None,
    *,
    transform: Callable[..., Any] | None = None,
    drop_last: bool = False,
    weights: None = None,
    dtype: DTypeLike | None = None,
) -> StreamedBatches: ...
@overload
def batches(
    x: Any,
    y: Any = None,
    batch_size: int = 32,
    shuffle: bool = True,
    rng: int | np.random.Generator | None = None,
    *,
    transform: Callable[..., Any] | None = None,
    drop_last: bool = False,
    weights: Any = None,
    dtype: DTypeLike | None = None,
) -> Batches: ...


def batches(
    x: Any,
    y: Any = None,
    batch_size: int = 32,
    shuffle: bool | int = True,
    rng: int | np.random.Generator | None = None,
    *,
    transform: Callable[..., Any] | None = None,
    drop_last: bool = False,
    weights: Any = None,
    dtype: DTypeLike | None = None,
) -> Batches | StreamedBatches:
    """Samples and their targets in batches, for `train` and `evaluate`; the last batch may be smaller.

    Every iteration is one epoch: it gives pairs (x, y), or x alone where there is no y. Files that are mapped
    (`np.load` with ``mmap_mode="r"``, `np.memmap`) and data sets of h5py, zarr and the like are never read as a whole,
    but row by row as the batches need them.

    Args:
        x: samples along the first axis, of shape (N, ...); or several such arrays in a tuple or a dict, for a model
            with several inputs. A mask is one of them: ``{"tokens": tokens, "mask": mask}``. Or a function without
            arguments that reads the samples: it gives an iterator of pairs (x, y), one sample each.
        y: their targets, of shape (N, ...), or a tuple or dict of such.
        batch_size: samples in a batch, at least 1.
        shuffle: whether every iteration has an order of its own. For a function that reads: False, or how many samples
            wait in memory, among which each next one is chosen at random.
        rng: a seed or generator for all that is random.
        transform: called for each batch as ``transform(x, y, rng)``, or ``transform(x, rng)`` where there is no y, and
            returns the new (x, y), or x. Random numbers have to come from its ``rng``, which is a new generator for
            every batch: so a run that goes on in the middle of an epoch gets the same batches.
        drop_last: whether to leave out a last batch that is smaller than the others.
        weights: N numbers, at least 0. Samples are drawn with replacement, N in an epoch, each with a probability in
            proportion to its weight: ``(1 / np.bincount(labels))[labels]`` draws all classes equally often.
        dtype: of all floating arrays in the batches, such as np.float32; integers stay as they are.

    Returns:
        `Batches`; ``starting_at(step)`` is an epoch from one of its batches on. For a function that reads,
        `StreamedBatches`, which have no length.

    Raises:
        ValueError: for a batch size below 1, no samples or no batch, as many samples as targets not, weights that are
            negative, not finite or all 0, or lists of different lengths.
        TypeError: for a batch size that is not an integer, samples that are no arrays of numbers, a tuple as x alone,
            a transform that cannot be called so, or arguments of other kinds.

    Examples:
        >>> pairs = mg.batches(np.arange(5), np.arange(5), batch_size=2, shuffle=False)
        >>> [x.tolist() for x, y in pairs]
        [[0, 1], [2, 3], [4]]
        >>> noisy = mg.batches(np.ones((4, 2)), batch_size=2, transform=lambda x, rng: x + rng.normal(size=x.shape))
        >>> len(noisy), len(list(noisy.starting_at(1)))
        (2, 1)
    """
    check_batch_size(batch_size)
    if not isinstance(drop_last, (bool, np.bool_)):
        raise TypeError(f"batches: drop_last is True or False, not {drop_last!r}")
    generator = np.random.default_rng(rng)
    if isinstance(x, type) or (callable(x) and not is_stored(x) and not hasattr(x, "__array__")):
        _check_stream(x, y, shuffle, weights)
        return StreamedBatches(
            x, batch_size, int(shuffle), generator, Finishing(transform, dtype, None), bool(drop_last)
        )
    if y is None and isinstance(x, tuple):
        raise TypeError(
            "batches: x is a tuple and there is no y, which could be meant as the pair (x, y); write mg.batches(x, y) "
            'for samples and targets, and a dict {"a": a, "b": b} for several inputs without targets'
        )
    if not isinstance(shuffle, (bool, np.bool_)) and shuffle not in (0, 1):
        raise TypeError(
            f"batches: shuffle is True or False for arrays, which are mixed as a whole, not {reprlib.repr(shuffle)}"
        )
    x = as_arrays(x, "batches: x")
    y = None if y is None else as_arrays(y, "batches: y")
    count = _checked_count(x, y)
    if drop_last and count < batch_size:
        raise ValueError(
            f"batches: drop_last leaves no batch: there are {count} samples for batches of {batch_size}; make "
            "batch_size smaller"
        )
    for part in (x, y):
        mapped(part, lambda item: _check_stored(item, count))
    return Batches(
        *(x, y, batch_size, bool(shuffle), generator, Finishing(transform, dtype, y is None), bool(drop_last)),
        shares=None if weights is None else _shares(weights, count, shuffle),
    )


def check_batch_size(batch_size: int) -> None:
    """Raise TypeError or ValueError for anything but an integer of at least 1."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)):
        raise TypeError(f"a batch size is an integer, not {batch_size!r}")
    if batch_size < 1:
        raise ValueError(f"a batch size is at least 1, not {batch_size}")


def _checked_count(x: Any, y: Any) -> int:
    """How many samples there are, in x and in y."""
    both = (x,) if y is None else (x, y)
    shapes = " and ".join(str(shapes_of(part)) for part in both)
    if not all(map(have_samples, both)):
        names = "x holds samples along its" if y is None else "x and y hold samples along their"
        raise ValueError(f"batches: {names} first axis; got shapes {shapes}")
    samples = count_samples(x, "batches: x")
    if y is not None and samples != (targets := count_samples(y, "batches: y")):
        raise ValueError(f"batches: {samples} samples but {targets} targets (shapes {shapes})")
    if not samples:
        raise ValueError(f"batches: there are no samples (shape {shapes_of(x)})")
    return samples


def _check_stored(x: Any, count: int) -> None:
    """Read two rows of what is stored, so that what cannot be read says so at once."""
    if is_stored(x):
        try:
            rows(x, np.array([0, count - 1]))
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"batches: {error}") from error


def _check_stream(x: Any, y: Any, shuffle: Any, weights: Any) -> None:
    name = getattr(x, "__name__", type(x).__name__)
    if isinstance(x, type):
        raise TypeError(f"batches: x is the class {name}; give arrays, or a function that reads samples")
    if y is not None:
        raise TypeError(f"batches: x is a function; {name}() has to give pairs (x, y) itself, so leave y out")
    if weights is not None:
        raise TypeError("batches: samples that a function reads cannot be drawn by weights, which needs all of them")
    if isinstance(shuffle, (bool, np.bool_)) and not shuffle:
        return
    if isinstance(shuffle, (bool, np.bool_)) or not isinstance(shuffle, (int, np.integer)) or shuffle < 1:
        raise TypeError(
            f"batches: samples that a function reads cannot be shuffled as a whole; write shuffle=False, or "
            f"shuffle=1000 for a random choice among 1000 that wait in memory, not shuffle={reprlib.repr(shuffle)}"
        )


def _shares(weights: Any, count: int, shuffle: Any) -> NDArray[Any]:
    """The sums of the weights up to each sample, as shares of all."""
    if not shuffle:
        raise ValueError("batches: weights draw samples at random, which shuffle=False forbids; leave it out")
    array = np.asarray(plain(weights)) if not is_several(weights) else None
    if array is None or array.dtype.kind not in "biuf":
        raise TypeError(f"batches: weights are an array of numbers, not {reprlib.repr(weights)}")
    if array.shape != (count,):
        raise ValueError(f"batches: weights have shape {array.shape}; one number is needed for each of {count} samples")
    if not np.isfinite(array).all() or array.min() < 0:
        place = int(np.argmax(~(np.isfinite(array) & (array >= 0))))
        raise ValueError(f"batches: weights are finite numbers of at least 0; weight {place} is {array[place]}")
    sums = np.cumsum(array, dtype=np.float64)
    if not 0.0 < sums[-1] < np.inf:
        raise ValueError(f"batches: the sum of the weights is {sums[-1]}; it has to be a number above 0")
    shares: NDArray[Any] = sums / sums[-1]
    return shares
