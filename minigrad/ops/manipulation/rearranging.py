"""Operations that turn elements round, and move them along axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.manipulation.indexing import numbers_of, scatter_add

table = Table(__name__)

P = ParamSpec("P")
Shape = int | tuple[int, ...]


def moving(
    table: Table, overrides: Sequence[Callable[..., Any]], examples: Sequence[Any], unique: bool = True
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """An operation on one array whose results are its elements, none of them twice if they are `unique`.

    Its rule lets it move the numbers of the elements.
    """

    def declare(forward: Callable[P, Any]) -> Callable[P, Any]:
        move: Callable[..., Any] = forward

        def rule(g: Any, out: Any, x: Any, **params: Any) -> Any:
            if not x.size:
                return np.zeros_like(x)
            numbers = move(numbers_of(plain(x)), **params)
            return np.reshape(scatter_add(g, index=numbers, shape=(x.size,), unique=unique), x.shape)

        return table.primitive(rule, reads=("",), overrides=overrides, examples=examples)(forward)

    return declare


@table.primitive(
    lambda g, out, x, axis: np.flip(g, axis),
    reads=("",),
    overrides=[np.flip],
    examples=[reals(2, 3), (reals(2, 3), {"axis": 1}), reals(), reals(0, 2)],
)
def flip(x: Any, axis: Shape | None = None) -> Any:
    """The order of elements reversed along axes, along all of them by default."""
    return np.flip(x, axis)


@table.composite(overrides=[np.fliplr], examples=[reals(2, 3), reals(2, 3, 2), reals(2, 0)])
def fliplr(x: Any) -> Any:
    """The order of elements reversed along the second axis."""
    return flip(x, axis=1)


@table.composite(overrides=[np.flipud], examples=[reals(3), reals(2, 3), reals(0, 2)])
def flipud(x: Any) -> Any:
    """The order of elements reversed along the first axis."""
    return flip(x, axis=0)


@table.primitive(
    lambda g, out, x, k, axes: np.rot90(g, -k, axes),
    reads=("",),
    overrides=[np.rot90],
    examples=[
        reals(2, 3),
        (reals(2, 3), {"k": 2}),
        (reals(2, 3, 2), {"k": -1, "axes": (2, 0)}),
        reals(0, 2),
    ],
)
def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """x turned k times by 90 degrees in the plane of two axes, from the first of them towards the second."""
    return np.rot90(x, k, axes)


@table.primitive(
    lambda g, out, x, shift, axis: np.roll(g, np.subtract(0, plain(shift)), axis),
    reads=("",),
    overrides=[np.roll],
    examples=[
        (reals(2, 3), {"shift": 2}),
        (reals(2, 3), {"shift": -1, "axis": 1}),
        (reals(2, 3), {"shift": (1, 2), "axis": (0, -1)}),
        (reals(2, 3), {"shift": 1, "axis": (0, 1)}),
        (reals(), {"shift": 3}),
        (reals(0), {"shift": 1}),
    ],
)
def roll(x: Any, shift: Any, axis: Shape | None = None) -> Any:
    """Elements moved along axes, those beyond the end coming in again at the start; without an axis as if flat."""
    return np.roll(x, plain(shift), axis)


@table.primitive(
    lambda g, out, x, axes: np.fft.ifftshift(g, axes),
    reads=("",),
    overrides=[np.fft.fftshift],
    examples=[reals(5), (reals(2, 3), {"axes": 1}), (reals(3, 2, 3), {"axes": (0, -1)}), reals(0, 3)],
)
def fftshift(x: Any, axes: Shape | None = None) -> Any:
    """The element of frequency zero moved from the start to the middle of axes, of all axes by default."""
    return np.fft.fftshift(x, axes)


@table.primitive(
    lambda g, out, x, axes: np.fft.fftshift(g, axes),
    reads=("",),
    overrides=[np.fft.ifftshift],
    examples=[reals(5), (reals(2, 3), {"axes": 1}), (reals(3, 2, 3), {"axes": (0, -1)}), reals(0, 3)],
)
def ifftshift(x: Any, axes: Shape | None = None) -> Any:
    """The element of frequency zero moved from the middle back to the start: the inverse of `fftshift`."""
    return np.fft.ifftshift(x, axes)


if not TYPE_CHECKING:
    __all__ = table.names
