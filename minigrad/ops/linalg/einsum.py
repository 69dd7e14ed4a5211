"""Sums of products over named axes: einsum."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import as_array

table = Table(__name__)

# In the order in which NumPy numbers axes that are given as integers; sorted, too.
_LETTERS = ascii_uppercase + ascii_lowercase

# From so many products on, the search for a faster way takes less time than it saves.
_WORTH_A_SEARCH = 8000


def _unused(letters: str, count: int) -> str:
    """So many letters that do not occur among these."""
    free = [letter for letter in reversed(_LETTERS) if letter not in letters]
    if count > len(free):
        raise ValueError(f"einsum has {len(_LETTERS)} letters, and this needs {count - len(free)} more")
    return "".join(free[:count])


def _sizes(subscripts: Sequence[str], operands: Sequence[Any]) -> dict[str, int]:
    """The size of every letter; where it is 1 in one operand and more in another, the larger.

    Raises:
        ValueError: for sizes that cannot be broadcast.
    """
    sizes: dict[str, int] = {}
    for letters, operand in zip(subscripts, operands, strict=True):
        own: dict[str, int] = {}
        for letter, size in zip(letters, operand.shape, strict=True):
            known = sizes.get(letter, 1)
            # A diagonal is not broadcast.
            if own.setdefault(letter, size) != size or (1 not in (known, size) and known != size):
                raise ValueError(f"einsum: axes named {letter!r} have different sizes, such as {size}")
            sizes[letter] = known if size == 1 else size
    return sizes


def _contracted_by(position: int, g: Any, out: Any, *arrays: Any, subscripts: str, optimize: Any) -> Any:
    """The gradient of a contraction: that of the result, contracted with all other operands."""
    inputs, _, output = subscripts.partition("->")
    terms = inputs.split(",")
    own, x = terms[position], arrays[position]
    operands = [g, *arrays[:position], *arrays[position + 1 :]]
    others = [output, *terms[:position], *terms[position + 1 :]]
    # An axis that nothing else has was summed or repeated, so that its elements share one gradient.
    for letter in sorted(set(own) - set("".join(others))):
        others.append(letter)
        operands.append(np.ones(x.shape[own.index(letter)], g.dtype))
    # A letter that occurs twice names a diagonal; outside of it the gradient is 0.
    target = ""
    for axis, letter in enumerate(own):
        if letter in target:
            fresh = _unused(subscripts + target, 1)
            others.append(letter + fresh)
            operands.append(np.eye(x.shape[axis], dtype=g.dtype))
            letter = fresh
        target += letter
    return contract(operands, f"{','.join(others)}->{target}")


def _contract_fast(arrays: Sequence[Any], subscripts: str, optimize: Any) -> Any:
    if optimize is False and len(arrays) > 1:
        inputs, _, output = subscripts.partition("->")
        sizes = {
            letter: size
            for letters, array in zip(inputs.split(","), arrays, strict=True)
            for letter, size in zip(letters, np.shape(array), strict=True)
        }
        optimize = len(sizes) > len(output) and math.prod(sizes.values()) >= _WORTH_A_SEARCH
    return np.einsum(subscripts, *arrays, optimize=optimize)


@table.primitive(
    _contracted_by,
    examples=[
        ([reals(2, 3), reals(3, 2)], "ij,jk->ik"),
        ([reals(2, 3), reals(3), reals(3, 2)], "ij,j,jk->ki"),
        ([reals(3, 3)], "ii->i"),
        ([reals(2, 2, 2), reals(2)], "iii,j->j"),
        ([reals(2, 3), reals()], "ij,->"),
        ([reals(0, 2), reals(2)], "ij,j->i"),
    ],
    variadic=True,
    public=False,
    kernel=_contract_fast,
)
def contract(arrays: Sequence[Any], subscripts: str, optimize: Any = False) -> Any:
    """``np.einsum`` in its plainest form: one letter for every axis, an explicit result, and no broadcasting.

    Args:
        arrays: the operands.
        subscripts: such as "ij,jk->ik".
        optimize: as in NumPy; by default large contractions of several arrays are done in NumPy's fast order, too.
    """
    return np.einsum(subscripts, *arrays) if optimize is False else np.einsum(subscripts, *arrays, optimize=optimize)


@table.composite(
    overrides=[np.einsum],
    examples=[
        ("ij,jk", reals(2, 3), reals(3, 2)),
        ("i...,...j->...", reals(3, 2), reals(1, 4)),
        ("ii,i", reals(2, 2), reals(2)),
        ("i,i", reals(2), reals(1)),
        (reals(2, 3), np.array([1, 0]), reals(), np.array([], int)),
        ("ij->", reals(0, 2)),
    ],
)
def einsum(*operands: Any, optimize: Any = False) -> Any:
    """Sum of products over named axes, in all forms of ``np.einsum``.

    Args:
        operands: subscripts such as "ij,jk->ik", then the arrays; or every array followed by a list of integers that
            name its axes, and at the end such a list for the result. Letters may be repeated or missing in the
            result, ``...`` stands for axes that are broadcast, and an axis of size 1 goes with any other.
        optimize: the order of contraction, as in NumPy.

    Raises:
        ValueError: for subscripts that do not fit the arrays, or sizes that cannot be broadcast.
    """
    if isinstance(operands[0], str):
        inputs, arrow, output = operands[0].replace(" ", "").partition("->")
        terms, arrays = inputs.split(","), list(operands[1:])
    else:
        pairs = len(operands) // 2
        terms, arrays = [_named(each) for each in operands[1 : 2 * pairs : 2]], list(operands[: 2 * pairs : 2])
        arrow, output = ("->", _named(operands[-1])) if len(operands) % 2 else ("", "")
    if len(terms) != len(arrays):
        raise ValueError(f"einsum: subscripts for {len(terms)} operands, and {len(arrays)} operands")
    arrays = [as_array(array) for array in arrays]
    terms, output = _spelled_out(terms, output if arrow else None, [array.ndim for array in arrays])
    sizes = _sizes(terms, arrays)
    for position, (term, array) in enumerate(zip(terms, arrays, strict=True)):
        kept = [letter for letter, size in zip(term, array.shape, strict=True) if size == sizes[letter]]
        if len(kept) < len(term):
            terms[position] = "".join(kept)
            arrays[position] = np.reshape(array, tuple(sizes[letter] for letter in kept))
    return contract(arrays, f"{','.join(terms)}->{output}", optimize)


def _named(axes: Sequence[Any]) -> str:
    """Axes given as integers and Ellipsis, as letters."""
    if not all(axis is Ellipsis or 0 <= axis < len(_LETTERS) for axis in axes):
        raise ValueError(f"einsum: axes are named by integers from 0 to {len(_LETTERS) - 1}, or Ellipsis")
    return "".join("..." if axis is Ellipsis else _LETTERS[axis] for axis in axes)


def _spelled_out(terms: list[str], output: str | None, dimensions: list[int]) -> tuple[list[str], str]:
    """Subscripts with a letter for every axis, also for those that ``...`` or a missing result left unnamed."""
    used = "".join(terms) + (output or "")
    counts = []
    for term, ndim in zip(terms, dimensions, strict=True):
        names = term.replace("...", "", 1)
        if not all(letter in _LETTERS for letter in names):
            raise ValueError(f"einsum: {term!r} is not made of letters and at most one '...'")
        if ndim < len(names) or (ndim > len(names) and names == term):
            raise ValueError(f"einsum: {term!r} does not fit an operand with {ndim} dimensions")
        counts.append(ndim - len(names))
    unnamed = _unused(used, max(counts))
    if output is None:
        once = [letter for letter, count in Counter("".join(terms)).items() if count == 1 and letter != "."]
        output = "..." + "".join(sorted(once))
    result = output.replace("...", unnamed, 1)
    if len(set(result)) < len(result) or not set(result) <= {*"".join(terms), *unnamed}:
        raise ValueError(f"einsum: the result {output!r} repeats a letter, or has one that no operand has")
    if unnamed and "..." not in output:
        raise ValueError(f"einsum: the axes that '...' stands for are missing in the result {output!r}; use sum")
    terms = [term.replace("...", unnamed[len(unnamed) - count :], 1) for term, count in zip(terms, counts, strict=True)]
    return terms, result


if not TYPE_CHECKING:
    __all__ = table.names
