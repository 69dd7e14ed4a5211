"""At which point, with which outputs and upstream gradients is a subject checked?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.testing.subjects.base import Array, Subject
from minigrad.testing.subjects.inputs import Leaf
from minigrad.testing.subjects.outputs import differ


def upstream_like(outputs: Sequence[Array], rng: np.random.Generator) -> list[Array]:
    """Random gradients of outputs, of both signs and away from 0, so that nothing cancels or goes unseen."""
    return [
        np.asarray(rng.choice([-1.0, 1.0], size=out.shape) * rng.uniform(0.5, 1.5, size=out.shape)).astype(out.dtype)
        for out in outputs
    ]


def given_upstream(given: Any, outputs: Sequence[Array]) -> list[Array] | None:
    """The upstream gradients that the user gave, None for none.

    Raises:
        ValueError: where they do not fit the outputs.
    """
    if given is None:
        return None
    parts = list(given) if isinstance(given, (list, tuple)) else [given]
    arrays = [np.asarray(part.data if isinstance(part, Tensor) else part) for part in parts]
    shapes, wanted = [a.shape for a in arrays], [out.shape for out in outputs]
    if shapes != wanted:
        raise ValueError(f"grad_output has the shape of the output, {_listed(wanted)}, not {_listed(shapes)}")
    if any(array.dtype.kind not in "biuf" for array in arrays):
        raise ValueError("grad_output holds real numbers")
    return [array.astype(out.dtype) for array, out in zip(arrays, outputs, strict=True)]


def promoted(subject: Subject) -> int:
    """Check in float64 if the function lets itself: set the leaves; return the size of an output's element."""
    narrow = [leaf for leaf in subject.leaves if leaf.value.dtype.itemsize < 8]
    if narrow:
        before = subject.leaves
        wide = [Leaf(leaf.name, leaf.value.astype(np.float64), leaf.is_parameter) for leaf in before]
        if subject.may_be_widened and all(
            out.dtype == np.float64 for out in subject.outputs([leaf.value for leaf in wide])
        ):
            subject.leaves = wide
            subject.matches_dtypes = False
            return 8
        results = subject.outputs([leaf.value for leaf in before])
        return min(array.dtype.itemsize for array in [*results, *[leaf.value for leaf in narrow]])
    return 8


def settled(subject: Subject, values: Sequence[Array]) -> list[Array]:
    """The outputs, after seeing that they are finite and the same each time.

    Raises:
        ValueError: where they are not.
    """
    with np.errstate(all="ignore"):
        # Copies: a model may return the same array each time, with other numbers in it.
        first = [np.array(out) for out in subject.outputs(values)]
    for out in first:
        if not np.isfinite(out).all():
            raise ValueError(f"{subject.name} is not finite at the inputs, so it has no gradient there: {_shown(out)}")
    again = subject.outputs(values)
    shapes = [[out.shape for out in outputs] for outputs in (first, again)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{subject.name} gives results of other shapes each time it is called with the same inputs: "
            f"{_listed(shapes[0])}, then {_listed(shapes[1])}"
        )
    if any(differ(a, b) for a, b in zip(first, again, strict=True)):
        raise ValueError(
            f"{subject.name} gives another output each time it is called with the same inputs; seed its random "
            "numbers anew in every call (is a Dropout layer in training mode?)"
        )
    return first


def _shown(out: Array) -> str:
    bad = np.argwhere(~np.isfinite(out))[0]
    return f"output[{', '.join(map(str, bad))}] is {out[tuple(bad)]}"


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))
