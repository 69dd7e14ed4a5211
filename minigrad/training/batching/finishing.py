"""What becomes of a batch before a model gets it?"""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.training.batching.structure import as_arrays, count_samples, have_samples, mapped, shapes_of

# Seeds of the generators that an epoch needs are below this.
LARGEST_SEED = 2**63


class Finishing:
    """The function of a user that changes batches, and the dtype of what reaches the model.

    Args:
        transform: called as ``transform(x, y, rng)``, or ``transform(x, rng)`` for x alone; or None.
        dtype: of all floating arrays, or None.
        alone: whether a batch is x alone; None if that is not known yet.
    """

    def __init__(self, transform: Callable[..., Any] | None, dtype: Any, alone: bool | None) -> None:
        _check_transform(transform, alone)
        self.transform = transform
        self.dtype = _floating(dtype)

    def seed(self, rng: np.random.Generator) -> int | None:
        """What the random numbers of an epoch's transforms come from, drawn where there is a transform."""
        return None if self.transform is None else int(rng.integers(LARGEST_SEED))

    def finished(self, x: Any, y: Any, alone: bool, seed: int | None, number: int) -> Any:
        """The batch of this number in its epoch, as a model gets it: a pair, or x alone."""
        if self.transform is not None:
            # Every batch has a generator of its own. So a batch is the same whether those before it were made or not.
            rng = np.random.default_rng([seed or 0, number])
            x, y = self._transformed(x, y, alone, rng)
        if self.dtype is not None:
            x, y = mapped(x, self._cast), y if alone else mapped(y, self._cast)
        return x if alone else (x, y)

    def _transformed(self, x: Any, y: Any, alone: bool, rng: np.random.Generator) -> tuple[Any, Any]:
        name = f"the transform {_name(self.transform)}"
        assert self.transform is not None
        result = self.transform(x, rng) if alone else self.transform(x, y, rng)
        if alone and (result is None or isinstance(result, tuple)):
            raise TypeError(f"batches: {name} gave {_described(result)}; for x alone it returns x, an array or a dict")
        if not alone and not (isinstance(result, tuple) and len(result) == 2):
            raise TypeError(f"batches: {name} gave {_described(result)}; it has to return the pair (x, y)")
        new_x, new_y = (result, None) if alone else result
        new_x = _checked(new_x, f"batches: x of {name}")
        if alone:
            return new_x, None
        new_y = _checked(new_y, f"batches: y of {name}")
        samples, targets = count_samples(new_x, "batches: x"), count_samples(new_y, "batches: y")
        if samples != targets:
            raise ValueError(
                f"batches: {name} gave {samples} samples but {targets} targets (shapes {shapes_of(new_x)} and "
                f"{shapes_of(new_y)}); it was given shapes {shapes_of(x)} and {shapes_of(y)}"
            )
        return new_x, new_y

    def _cast(self, array: Any) -> Any:
        return array.astype(self.dtype, copy=False) if array.dtype.kind == "f" else array


def _checked(x: Any, name: str) -> Any:
    array = as_arrays(x, name)
    if not have_samples(array) or not count_samples(array, name):
        raise ValueError(f"{name} has no samples along its first axis (shape {shapes_of(array)})")
    return array


def _check_transform(transform: Any, alone: bool | None) -> None:
    if transform is None:
        return
    if not callable(transform):
        raise TypeError(f"batches: transform is a function transform(x, y, rng), not {reprlib.repr(transform)}")
    try:
        signature = inspect.signature(transform)
    except (ValueError, TypeError):
        return  # functions in C need not tell
    calls = {True: ("x", "rng"), False: ("x", "y", "rng")}
    wanted = [given for kind, given in calls.items() if alone in (None, kind)]
    for given in wanted:
        try:
            signature.bind(*given)
        except TypeError:
            continue
        return
    what = " or ".join(f"transform({', '.join(given)})" for given in wanted)
    raise TypeError(
        f"batches: the transform is called as {what}, where rng is a generator of random numbers; "
        f"{_name(transform)} takes {signature}"
    )


def _floating(dtype: Any) -> np.dtype[Any] | None:
    if dtype is None:
        return None
    found: np.dtype[Any] | None
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or found.kind != "f":
        raise TypeError(
            f"batches: dtype is one of floating numbers, such as np.float32, not {dtype!r}; arrays of integers stay as "
            "they are"
        )
    return found


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _described(result: Any) -> str:
    if isinstance(result, tuple):
        return f"a tuple of {len(result)}"
    shape = getattr(result, "shape", None)
    kind = "None" if result is None else f"a {type(result).__name__}"
    return kind if shape is None else f"{kind} of shape {shape}"
