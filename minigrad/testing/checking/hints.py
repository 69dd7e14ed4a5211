"""Are these inputs at which some mistakes cannot be seen?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad.testing.subjects.inputs import Leaf

# A matrix whose numbers are all the same may be small by accident; a bias may well be all zeros.
_LEAST = 4


def hint(leaves: Sequence[Leaf]) -> str | None:
    """One line about inputs that hide mistakes; None where there are none.

    Zeros hide every factor, equal numbers hide exchanged places, a batch of one hides a sum over it or a mean, and a
    square or symmetric matrix hides a transposition.
    """
    found = [text for position, leaf in enumerate(leaves) if (text := _hides(leaf, position == 0)) is not None]
    if not found:
        return None
    *others, last = found[:3]
    told = f"{', '.join(others)} and {last}" if others else last
    return f"{told}: some mistakes cannot be seen at such inputs; use random numbers and sides that differ"


def _hides(leaf: Leaf, is_first: bool) -> str | None:
    value = leaf.value
    if value.ndim < 1 or not value.size:
        return None
    if value.size >= _LEAST and (value == value.flat[0]).all():
        return _all_equal(leaf)
    if value.ndim < 2:
        return None
    if value.ndim == 2 and value.shape[0] == value.shape[1]:
        symmetric = np.array_equal(value, value.T)
        return f"{leaf.name} is {'symmetric' if symmetric else 'square'}" if value.shape[0] > 1 else None
    # Rows such as a bias of shape (1, 3) are no batches.
    if is_first and not leaf.is_parameter and value.shape[0] == 1 < value.size:
        return f"{leaf.name} is a batch of one"
    return None


def _all_equal(leaf: Leaf) -> str | None:
    number = float(leaf.value.flat[0])
    if number == 0.0:
        # Biases and states start at zero, and that hides little where other inputs do not.
        return None if leaf.is_parameter or leaf.value.ndim == 1 else f"{leaf.name} is all zeros"
    if number == 1.0:
        return None if leaf.is_parameter else f"{leaf.name} is all ones"
    return f"{leaf.name} is {number:g} everywhere"
