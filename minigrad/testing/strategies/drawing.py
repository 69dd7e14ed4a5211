"""How do shapes and arrays come about, once something decides on a few integers?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.testing.strategies.lattice import Lattice

Array: TypeAlias = NDArray[Any]
Sizes: TypeAlias = tuple[int, ...]
# Decides on an integer between two, both included; the first is the simplest.
Choose: TypeAlias = Callable[[int, int], int]

# What an array has beyond so many elements is decided on by one seed: hypothesis gets slow with thousands of choices.
# It takes what needs fewer of them to be simpler, so a seed alone would make it prefer large arrays to small ones.
_ONE_BY_ONE = 100
# While it is true, sizes tell apart the explanations of a mistake; at size 1 all of them fit.
telling: ContextVar[bool] = ContextVar("telling", default=False)


def sides(choose: Choose, count: int, low: int, high: int) -> list[int]:
    """Sides of an array; if they are to tell something, different primes from 3 on, as far as the limits allow."""
    if not telling.get() or high < 3:
        return [choose(low, high) for _ in range(count)]
    primes = [side for side in (7, 5, 3, 11, 13) if low <= side <= high]
    others = [side for side in range(max(low, 3), high + 1) if side not in primes]
    pool = [*primes, *others, *[high] * count][: max(count, 3)]
    return [pool.pop(choose(0, len(pool) - 1)) for _ in range(count)]


def shape(choose: Choose, min_dims: int, max_dims: int, min_side: int, max_side: int) -> Sizes:
    """A shape within limits."""
    return tuple(sides(choose, choose(min_dims, max_dims), min_side, max_side))


def parts(choose: Choose, count: int, whole: Sizes) -> list[Sizes]:
    """Shapes that broadcast to this one: each axis has its size in one of them, and is 1 or absent in others."""
    owners = [choose(0, count - 1) for _ in whole]
    found = []
    for number in range(count):
        kept = [owner == number or choose(0, 1) == 0 for owner in owners]
        leading = kept.index(True) if True in kept else len(whole)
        part = tuple(side if keep else 1 for side, keep in zip(whole, kept, strict=True))
        found.append(part[choose(0, leading) :])
    return found


def integers(choose: Choose, count: int, below: int) -> NDArray[np.int64]:
    """Any integers from 0 on, below a limit."""
    single = np.array([choose(0, below - 1) for _ in range(min(count, _ONE_BY_ONE))], dtype=np.int64)
    if count <= _ONE_BY_ONE:
        return single
    return np.append(single, _random(choose).integers(0, below, count - _ONE_BY_ONE))


def together(choose: Choose, lattice: Lattice, sizes: Sequence[Sizes]) -> tuple[Array, ...]:
    """Arrays of these shapes with no number twice, in one or in two of them."""
    counts = [math.prod(size) for size in sizes]
    points = lattice.points(sum(counts))
    order = _different(choose, sum(counts), len(points))
    numbers = np.split(points[order], np.cumsum(counts)[:-1])
    return tuple(part.reshape(size) for part, size in zip(numbers, sizes, strict=True))


def _different(choose: Choose, count: int, below: int) -> list[int]:
    """Different integers below a limit: the next free one where one is taken.

    The same choice mostly means the same number, whatever was chosen before; so that hypothesis, when it shrinks, can
    leave out one element and keep the others.
    """
    found: dict[int, None] = {}
    for _ in range(min(count, _ONE_BY_ONE)):
        place = choose(0, below - 1)
        while place in found:
            place = (place + 1) % below
        found[place] = None
    if count <= _ONE_BY_ONE:
        return list(found)
    others = _random(choose).permutation(np.setdiff1d(np.arange(below), list(found)))
    return [*found, *others[: count - _ONE_BY_ONE].tolist()]


def _random(choose: Choose) -> np.random.Generator:
    return np.random.default_rng(choose(0, 2**32 - 1))


def array(choose: Choose, size: Sizes, lattice: Lattice) -> Array:
    """An array of different numbers."""
    return together(choose, lattice, [size])[0]


def distribution(choose: Choose, size: Sizes, axis: int, dtype: DTypeLike) -> Array:
    """Positive numbers that add up to 1 along an axis."""
    weights = np.exp(array(choose, size, Lattice()))
    return np.asarray(weights / weights.sum(axis=axis, keepdims=True), dtype)


def extreme(choose: Choose, size: Sizes, dtype: DTypeLike) -> Array:
    """Different numbers around 0 and around 800 and -800, one of the latter at the least."""
    near = array(choose, size, Lattice())
    far = integers(choose, near.size, 3)
    if near.size:
        far[choose(0, near.size - 1)] = choose(1, 2)
    return np.asarray(near + np.array([0.0, 800.0, -800.0])[far].reshape(near.shape), dtype)


def broadcastable(choose: Choose, count: int, whole: Sizes, lattice: Lattice) -> tuple[Array, ...]:
    """Arrays that broadcast to a shape."""
    return together(choose, lattice, parts(choose, count, whole))


def matmul(choose: Choose, lattice: Lattice) -> tuple[Array, Array]:
    """Two arrays that can be multiplied."""
    rows, inner, columns = sides(choose, 3, 1, 7 if telling.get() else 4)
    stacks = parts(choose, 2, shape(choose, 0, 2, 1, 3))
    first, second = (*stacks[0], rows, inner), (*stacks[1], inner, columns)
    is_vector = [choose(0, 3) == 3 for _ in range(2)]
    x, y = together(choose, lattice, [(inner,) if v else s for v, s in zip(is_vector, (first, second), strict=True)])
    return x, y


def conv(choose: Choose, lattice: Lattice) -> tuple[Array, Array]:
    """Images and kernels."""
    if telling.get():
        # As different as can be while a check takes no more than a few seconds.
        images, kernels = (5, 3, 7, 4), (7, 3, 5, 3)
    else:
        samples, channels, count = (choose(1, 2) for _ in range(3))
        window = choose(1, 3), choose(1, 3)
        images = (samples, channels, choose(window[0], 5), choose(window[1], 5))
        kernels = (count, channels, *window)
    x, kernel = together(choose, lattice, [images, kernels])
    return x, kernel


def one_hot(choose: Choose, samples: int, classes: int) -> NDArray[np.int8]:
    """Rows with a single 1."""
    return np.eye(classes, dtype=np.int8)[integers(choose, samples, classes)]


def duplicates(choose: Choose, count: int, size: int) -> NDArray[np.int64]:
    """Indices of which one occurs twice."""
    others = integers(choose, count - 1, size)
    return np.insert(others, choose(0, count - 1), others[choose(0, count - 2)])
