"""Which expression of the sizes of the inputs is this number, which differs from recording to recording?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from minigrad.program.ir import Dim, Size

# The sizes of an axis, one for each recording.
Sizes = tuple[int, ...]


def dim(found: Dim) -> Size:
    """The size of an axis."""
    return Size("dim", (found,))


def inferred(numbers: Sequence[Any], symbols: Mapping[Dim, Sizes], rounding: float = 1e-13) -> Size | None:
    """A number that depends on sizes, as the simplest expression that gives it in every recording.

    Args:
        numbers: the number in each of the recordings.
        symbols: the axes whose sizes differ between recordings, with these sizes.
        rounding: how far a number may be from what an expression gives, as a share of it.

    Returns:
        None where no simple expression fits.
    """
    is_whole = all(isinstance(number, int) and not isinstance(number, bool) for number in numbers)
    candidates = _whole(numbers, symbols) if is_whole else _fractional(numbers, symbols, rounding)
    return next(candidates, None)


def _products(symbols: Mapping[Dim, Sizes], most: int) -> Iterator[tuple[Size, tuple[int, ...]]]:
    """Products of one to three sizes, which may be the same, with their values."""
    for count in range(1, most + 1):
        for chosen in itertools.combinations_with_replacement(symbols, count):
            values = [math.prod(each) for each in zip(*[symbols[each] for each in chosen], strict=True)]
            expression = dim(chosen[0])
            for each in chosen[1:]:
                expression = Size("*", (expression, dim(each)))
            yield expression, tuple(values)


def _whole(numbers: Sequence[int], symbols: Mapping[Dim, Sizes]) -> Iterator[Size]:
    wanted = tuple(numbers)
    most = 3 if len(symbols) <= 12 else 2
    products = list(_products(symbols, most))
    for expression, values in products:
        if values == wanted:
            yield expression
    for expression, values in products:
        factor = _factor(wanted, values)
        if factor is not None and abs(factor) <= 64:
            yield Size("*", (factor, expression)) if factor >= 0 else Size("-", (0, Size("*", (-factor, expression))))
    single = products[: len(symbols)]
    for expression, values in single:
        found = _linear(wanted, values)
        if found is not None:
            yield _sum(found[0], expression, found[1])
    for (first, left), (second, right) in itertools.permutations(single, 2):
        for factor in (1, 2, 3, 4):
            rest = [number - factor * each for number, each in zip(wanted, left, strict=True)]
            found = _linear(rest, right)
            if found is not None and abs(found[0]) <= 4:
                start = first if factor == 1 else Size("*", (factor, first))
                yield _added(start, _sum(found[0], second, found[1]))
    for (first, left), (second, right) in itertools.combinations_with_replacement(single, 2):
        for shift, other in itertools.product(range(-3, 4), repeat=2):
            if all((x + shift) * (y + other) == number for x, y, number in zip(left, right, wanted, strict=True)):
                yield Size("*", (_sum(1, first, shift), _sum(1, second, other)))
    for expression, values in single:
        for divisor in range(2, 9):
            for shift in range(-8, 9):
                if all((value + shift) // divisor == number for value, number in zip(values, wanted, strict=True)):
                    yield Size("//", (_sum(1, expression, shift), divisor))


def _fractional(numbers: Sequence[float], symbols: Mapping[Dim, Sizes], rounding: float) -> Iterator[Size]:
    if not all(isinstance(number, (int, float)) and math.isfinite(number) and number for number in numbers):
        return
    bases = list(_products(symbols, 3 if len(symbols) <= 12 else 2))
    single = bases[: len(symbols)]
    shifted = [
        (_sum(1, expression, shift), tuple(value + shift for value in values))
        for expression, values in bases
        for shift in (-1, 1, -2, 2)
        if all(value + shift > 0 for value in values)
    ]
    sums = [
        (_added(first, second), tuple(x + y for x, y in zip(left, right, strict=True)))
        for (first, left), (second, right) in itertools.combinations(single, 2)
    ]
    ratios = [
        (Size("/", (first, second)), tuple(x / y for x, y in zip(left, right, strict=True)))
        for (first, left), (second, right) in itertools.permutations(single, 2)
    ]
    for expression, values in [*bases, *shifted, *sums, *ratios]:
        for is_root in (False, True):
            reached = [math.sqrt(value) if is_root else float(value) for value in values]
            over = _constant([number * value for number, value in zip(numbers, reached, strict=True)], rounding)
            times = _constant([number / value for number, value in zip(numbers, reached, strict=True)], rounding)
            size = Size("sqrt", (expression,)) if is_root else expression
            if over is not None:
                yield _divided(over, size)
            if times is not None:
                yield size if times == 1.0 else Size("*", (times, size))


def _factor(wanted: Sequence[int], values: Sequence[int]) -> int | None:
    """By what each value is multiplied, if it is the same whole number."""
    if not values[0] or wanted[0] % values[0]:
        return None
    factor = wanted[0] // values[0]
    return factor if all(factor * value == number for value, number in zip(values, wanted, strict=True)) else None


def _linear(wanted: Sequence[int], values: Sequence[int]) -> tuple[int, int] | None:
    """Factor and summand of whole numbers, if they are the same for all."""
    step = values[1] - values[0]
    if not step or (wanted[1] - wanted[0]) % step:
        return None
    factor = (wanted[1] - wanted[0]) // step
    rest = wanted[0] - factor * values[0]
    fits = all(factor * value + rest == number for value, number in zip(values, wanted, strict=True))
    return (factor, rest) if fits and factor and abs(factor) <= 64 else None


def _sum(factor: int, expression: Size, rest: int) -> Size:
    """``factor * expression + rest``, without what need not be written."""
    if factor < 0:
        scaled = expression if factor == -1 else Size("*", (-factor, expression))
        return Size("-", (rest, scaled))
    scaled = expression if factor == 1 else Size("*", (factor, expression))
    if not rest:
        return scaled
    return Size("+", (scaled, rest)) if rest > 0 else Size("-", (scaled, -rest))


def _added(first: Size, second: Size) -> Size:
    if second.operator == "-" and second.parts[0] == 0:
        return Size("-", (first, second.parts[1]))
    return Size("+", (first, second))


def _divided(number: float, size: Size) -> Size:
    """``number / size``, where a third of a number is written with the 3 beside the size."""
    fraction = Fraction(number).limit_denominator(4096)
    if len(repr(number)) > 8 and abs(float(fraction) - number) <= 4e-16 * abs(number):
        return Size("/", (float(fraction.numerator), Size("*", (fraction.denominator, size))))
    return Size("/", (number, size))


def _constant(numbers: Sequence[float], rounding: float) -> float | None:
    """The number that all of these are but for rounding; the roundest of them."""
    first = numbers[0]
    if any(abs(number - first) > 2.0 * rounding * abs(first) for number in numbers[1:]):
        return None
    rounded = float(f"{first:.{min(14, round(-math.log10(rounding)))}g}")
    return rounded if len(repr(rounded)) <= 12 else sorted(numbers)[len(numbers) // 2]
