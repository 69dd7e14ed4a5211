"""Which inputs does hypothesis think of, for a derivative to be checked at?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar, Unpack

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.testing.strategies import drawing
from minigrad.testing.strategies.drawing import Array
from minigrad.testing.strategies.lattice import Lattice, Values

# This is the only file that imports hypothesis; what the rest of the package needs of it, it takes from here.
try:
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import given as given
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy as SearchStrategy
except ImportError as error:
    raise ImportError(
        'testing.strategies and testing.grad_property need hypothesis: pip install "minigrad-numpy[tests]"'
    ) from error

__all__ = [
    *("arrays", "shapes", "positive", "probabilities", "extreme_logits"),
    *("broadcastable_arrays", "matmul_arrays", "conv_arrays"),
    *("labels", "one_hot", "indices_with_duplicates"),
]

T = TypeVar("T")
Size: TypeAlias = "int | SearchStrategy[int]"
Shape: TypeAlias = "Size | tuple[int, ...] | SearchStrategy[tuple[int, ...]]"


def arrays(shape: Shape, **values: Unpack[Values]) -> SearchStrategy[Array]:
    """Arrays whose elements are all different and away from kinks.

    The elements are odd multiples of ``gap / 2``. They shrink towards 0, but for those beyond the first hundred. Where
    the range has fewer such numbers than the array has elements, the gap is halved until it has enough.

    Args:
        shape: a tuple, an integer, or a strategy of either.
        low, high: the range, -2 to 2 by default.
        gap: how far any two elements are apart, 0.1 by default, so that none tie for a maximum.
        avoid: no element is nearer to these than half a gap; ``(0.0,)`` by default, where relu and abs have kinks.
        dtype: of floating point, float64 by default.

    Raises:
        ValueError: for a negative size, an empty range, or a gap that is not positive.
        TypeError: for a shape that is none, another dtype, or an unknown option.

    Examples:
        >>> from hypothesis import find
        >>> find(testing.strategies.arrays((2, 2)), lambda x: x[0, 0] > 1)
        array([[ 1.05,  0.05],
               [-0.05,  0.15]])
    """
    return _built(drawing.array, _shape(shape), Lattice(**values))


def shapes(
    min_dims: int = 1, max_dims: int = 3, *, min_side: int = 1, max_side: int = 7
) -> SearchStrategy[tuple[int, ...]]:
    """Shapes within limits. One shape for several inputs is ``st.shared`` of it.

    While `grad_property` looks for the reason of a mistake, the sides are different primes, as far as the limits allow.

    Raises:
        ValueError: for a minimum below 0 or above its maximum.

    Examples:
        >>> from hypothesis import find, strategies as st
        >>> shape = st.shared(testing.strategies.shapes(2, 2), key="logits")
        >>> logits = testing.strategies.arrays(shape)
        >>> targets = testing.strategies.labels(shape.map(lambda s: s[0]), shape.map(lambda s: s[1]))
        >>> find(st.tuples(logits, targets), lambda pair: True)
        (array([[0.05]]), array([0]))
    """
    if not (0 <= min_dims <= max_dims and 0 <= min_side <= max_side):
        given_limits = f"{min_dims=}, {max_dims=}, {min_side=}, {max_side=}"
        raise ValueError(f"a minimum is at least 0 and at most its maximum, not {given_limits}")
    return _built(drawing.shape, min_dims, max_dims, min_side, max_side)


def positive(shape: Shape, *, dtype: DTypeLike = np.float64) -> SearchStrategy[Array]:
    """Arrays of different numbers from 0.25 to 3.95, as log and sqrt need them; see `arrays`.

    Examples:
        >>> from hypothesis import find
        >>> find(testing.strategies.positive(3), lambda x: True)
        array([0.25, 0.35, 0.45])
    """
    # However many elements there are, none comes near 0, where the derivatives of log and 1 / x have no bound.
    return arrays(shape, low=0.2, high=4.0, dtype=dtype)


def probabilities(shape: Shape, *, axis: int | None = None, dtype: DTypeLike = np.float64) -> SearchStrategy[Array]:
    """Arrays of different numbers from 0.05 to 0.95; with an axis, of positive numbers that add up to 1 along it.

    Args:
        shape, dtype: as for `arrays`.
        axis: of the distributions, such as -1 for the rows of a softmax.

    Raises:
        ValueError, TypeError: as `arrays`.
        numpy.exceptions.AxisError: where the shape has no such axis.

    Examples:
        >>> from hypothesis import find
        >>> p = find(testing.strategies.probabilities((2, 2), axis=-1), lambda p: True)
        >>> print(p.round(2))
        [[0.52 0.48]
         [0.57 0.43]]
    """
    if axis is None:
        return arrays(shape, low=0.04, high=0.96, gap=0.02, dtype=dtype)
    return _built(drawing.distribution, _shape(shape), axis, Lattice(dtype=dtype).dtype)


def extreme_logits(shape: Shape, *, dtype: DTypeLike = np.float64) -> SearchStrategy[Array]:
    """Arrays of different numbers within 2 of -800, 0 or 800: at least one is large, and none is 0.

    Their exp overflows, so that a loss that is not written with care is not finite.

    Args:
        shape: as for `arrays`.
        dtype: float32 or float64.

    Raises:
        ValueError, TypeError: as `arrays`; TypeError also for float16, whose numbers near 800 are 0.5 apart.

    Examples:
        >>> from hypothesis import find
        >>> find(testing.strategies.extreme_logits(2), lambda z: True)
        array([ 8.0005e+02, -5.0000e-02])
    """
    if np.dtype(Lattice(dtype=dtype).dtype).itemsize < 4:
        raise TypeError("extreme_logits needs float32 or float64: the numbers of float16 near 800 are 0.5 apart")
    return _built(drawing.extreme, _shape(shape), dtype)


def broadcastable_arrays(
    count: int, shape: Shape | None = None, **values: Unpack[Values]
) -> SearchStrategy[tuple[Array, ...]]:
    """Tuples of arrays that broadcast with each other, all elements different, so that ``maximum`` has no tie.

    Args:
        count: how many arrays.
        shape: what they broadcast to, ``shapes(0, 3, max_side=5)`` by default. In each array some of the axes have size
            1 or are absent.
        values: `low`, `high`, `gap`, `avoid` and `dtype`, as for `arrays`.

    Raises:
        ValueError: for a count below 1; and as `arrays`.
        TypeError: as `arrays`.

    Examples:
        >>> from hypothesis import find
        >>> find(testing.strategies.broadcastable_arrays(2, (1, 2)), lambda pair: pair[1].shape == (1,))
        (array([[ 0.05, -0.05]]), array([0.15]))
    """
    wanted = shapes(0, 3, max_side=5) if shape is None else _shape(shape)
    return _built(drawing.broadcastable, _size("count", count, 1), wanted, Lattice(**values))


def matmul_arrays(**values: Unpack[Values]) -> SearchStrategy[tuple[Array, Array]]:
    """Pairs that ``x @ y`` takes: vectors, matrices, and stacks of matrices that broadcast, with sides from 1 to 4.

    Takes `low`, `high`, `gap`, `avoid` and `dtype`, and raises, as `arrays` does.

    Examples:
        >>> from hypothesis import find
        >>> find(testing.strategies.matmul_arrays(), lambda pair: pair[1].ndim == 1)
        (array([[0.05]]), array([-0.05]))
    """
    return _built(drawing.matmul, Lattice(**values))


def conv_arrays(**values: Unpack[Values]) -> SearchStrategy[tuple[Array, Array]]:
    """Pairs of images (N, C, H, W) and kernels (O, C, kh, kw), the kernels not larger than the images.

    Takes `low`, `high`, `gap`, `avoid` and `dtype`, and raises, as `arrays` does. Images are at most 5 by 5.

    Examples:
        >>> from hypothesis import find
        >>> find(testing.strategies.conv_arrays(), lambda pair: pair[0].shape[3] == 2)
        (array([[[[ 0.05, -0.05]]]]), array([[[[0.15]]]]))
    """
    return _built(drawing.conv, Lattice(**values))


def labels(samples: Size, classes: Size) -> SearchStrategy[NDArray[np.int64]]:
    """Arrays of shape (samples,) and dtype int64, with integers from 0 to classes - 1: constants for a check.

    Args:
        samples, classes: integers, or strategies of them.

    Raises:
        ValueError: for no classes, or fewer than no samples.
        TypeError: for anything but integers and strategies.

    Examples:
        >>> from hypothesis import find
        >>> find(testing.strategies.labels(3, 2), lambda y: y[1] == 1)
        array([0, 1, 0])
    """
    return _built(drawing.integers, _size("samples", samples, 0), _size("classes", classes, 1))


def one_hot(samples: Size, classes: Size) -> SearchStrategy[NDArray[np.int8]]:
    """Arrays of shape (samples, classes), with a 1 in each row and 0 elsewhere; takes and raises what `labels` does.

    The dtype is int8, which a check takes for a constant, and which leaves the dtype of what it meets as it is.

    Examples:
        >>> from hypothesis import find
        >>> find(testing.strategies.one_hot(2, 2), lambda t: t[1, 1] == 1)
        array([[1, 0],
               [0, 1]], dtype=int8)
    """
    return _built(drawing.one_hot, _size("samples", samples, 0), _size("classes", classes, 1))


def indices_with_duplicates(count: Size, size: Size) -> SearchStrategy[NDArray[np.int64]]:
    """Arrays of shape (count,) and dtype int64, with integers from 0 to size - 1, at least one of them twice.

    They find the backward pass that writes ``dx[index] += g``, which adds only one of the two.

    Raises:
        ValueError: for a count below 2, or a size of 0.
        TypeError: for anything but integers and strategies.

    Examples:
        >>> from hypothesis import find
        >>> find(testing.strategies.indices_with_duplicates(3, 5), lambda index: True)
        array([0, 0, 0])
    """
    return _built(drawing.duplicates, _size("count", count, 2), _size("size", size, 1))


def telling_draws(strategies: Mapping[str, SearchStrategy[Any]], visit: Callable[[dict[str, Any]], None]) -> None:
    """Visit ten draws, always the same, whose sizes tell explanations apart where the strategies leave them open.

    Args:
        strategies: by the names of the inputs.
        visit: is called with every draw, by the same names.
    """

    @settings(
        database=None,
        phases=[Phase.generate],
        max_examples=10,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(**strategies)
    def drawn(**inputs: Any) -> None:
        visit(inputs)

    token = drawing.telling.set(True)
    try:
        drawn()
    finally:
        drawing.telling.reset(token)


def without_tracing(test: Callable[..., None]) -> None:
    """Take its deadline and its explain phase from a hypothesis test, wherever its settings come from.

    A check calls a function hundreds of times, so neither says anything of the function, and tracing makes the check
    of each failing example ten times slower.
    """
    for name, value in list(vars(test).items()):
        if isinstance(value, settings):
            phases = [phase for phase in value.phases if phase is not Phase.explain]
            vars(test)[name] = settings(value, deadline=None, phases=phases)


@st.composite
def _built(draw: st.DrawFn, build: Callable[..., T], *parts: Any) -> T:
    """What a function of `drawing` makes of hypothesis's choices; strategies among its arguments are drawn first."""
    drawn = [draw(part) if isinstance(part, SearchStrategy) else part for part in parts]
    return build(lambda low, high: draw(st.integers(low, high)), *drawn)


def _shape(value: Any) -> Any:
    """A shape as a tuple, or a strategy of such."""
    if isinstance(value, SearchStrategy):
        return value.map(_shape)
    sides = value if isinstance(value, (tuple, list)) else (value,)
    return tuple(_size("a side of the shape", side, 0) for side in sides)


def _size(name: str, value: Any, least: int) -> Any:
    """An integer of at least so much, or a strategy of such."""
    if isinstance(value, SearchStrategy):
        return value.map(lambda drawn: _size(name, drawn, least))
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is an integer, or a strategy of integers, not {value!r}")
    if value < least:
        raise ValueError(f"{name} is at least {least}, not {value}")
    return int(value)
