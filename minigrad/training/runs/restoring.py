"""How are models, optimisers and generators put into a saved state: all of them, or none?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from minigrad.optim import Optimizer


class Owner(Protocol):
    """What has arrays by name that can be saved: a layer, an optimiser."""

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of its arrays."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Write arrays into it; where they do not fit, nothing is written."""


Arrays = Mapping[str, NDArray[Any]]
# A function that sets something, what it was before, and what it shall be.
Change = tuple[Callable[[Any], object], Any, Any]


def restore(name: str, owners: Sequence[tuple[Owner, Arrays]], changes: Sequence[Change] = ()) -> None:
    """Load a state into each owner, then make the changes.

    Args:
        name: of the file, for messages.
        owners: each with its arrays, which must have exactly the dtypes of its own.
        changes: what else is set.

    Raises:
        KeyError, ValueError, TypeError: with the name of the file, for what does not fit. After these, and after every
            other error, everything is as before.
    """
    before = [owner.state_dict() for owner, _ in owners]
    try:
        # What does not fit comes first, and says so before anything has changed.
        for fits in (False, True):
            for (owner, found), own in zip(owners, before, strict=True):
                if _fits(own, found) == fits:
                    owner.load_state_dict(found)
        for change, _, after in changes:
            change(after)
    except BaseException as error:
        for (owner, _), own in zip(owners, before, strict=True):
            _put_back(owner, own)
        for change, own_before, _ in changes:
            change(own_before)
        for kind in (KeyError, ValueError, TypeError):
            if isinstance(error, kind):
                raise kind(f"{name}: {error.args[0] if error.args else error}") from error
        raise


def _put_back(owner: Owner, own: Arrays) -> None:
    """Undo what a load that failed has done; parameters that nobody wrote to are not touched."""
    now = owner.state_dict()
    if any(now[key].tobytes() != array.tobytes() for key, array in own.items()):
        owner.load_state_dict(own)


def _fits(own: Arrays, found: Arrays) -> bool:
    """Whether arrays have the names and shapes that are needed.

    Raises:
        TypeError: where one of them would be cast to another dtype.
    """
    for key in own.keys() & found.keys():
        if found[key].dtype != own[key].dtype.newbyteorder("="):
            raise TypeError(
                f"{key} has dtype {own[key].dtype}; the state holds {found[key].dtype}. Make the model and the "
                "optimiser in the dtype that was saved"
            )
    return own.keys() == found.keys() and all(own[key].shape == found[key].shape for key in own)


def optimizer_prefixes(optimizers: Sequence[Optimizer]) -> list[tuple[str, Optimizer]]:
    """What the names of the arrays of each optimiser begin with in a file."""
    if len(optimizers) == 1:
        return [("optimizer.", optimizers[0])]
    return [(f"optimizers.{position}.", optimizer) for position, optimizer in enumerate(optimizers)]


def prefixed(prefix: str, arrays: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The arrays, their names with something before them."""
    return {f"{prefix}{name}": np.asarray(array) for name, array in arrays.items()}


def below(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin with something, by what follows."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
