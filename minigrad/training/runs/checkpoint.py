"""How is a training run saved, and taken up again where it was?

A checkpoint is one safetensors file: the arrays of the model and of the optimiser, and as metadata the history, the
state of the random generator, and a checksum of all of it.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.nn import Layer
from minigrad.optim import Optimizer
from minigrad.training.history import History
from minigrad.training.runs.checkpoint_file import FORMAT, parsed, read, write
from minigrad.training.runs.restoring import Arrays, Change, Owner, below, optimizer_prefixes, prefixed, restore

__all__ = ["load", "save"]


def __dir__() -> list[str]:
    return __all__


def save(
    path: str | os.PathLike[str],
    model: Layer,
    optimizer: Optimizer | Sequence[Optimizer] | None = None,
    history: History | None = None,
    rng: np.random.Generator | None = None,
) -> None:
    """Write a training run to a file, replacing an earlier one only when the new one is complete and on the disk.

    Args:
        path: of the file. Where it is a link, the file that the link points to is written.
        model: whose arrays are saved, in exactly their dtypes; ``save(path, model)`` alone saves a model for use.
        optimizer, history: what `minigrad.train` worked with and returned, if the run is to go on; several optimisers
            as a list.
        rng: the generator that shuffles the batches and drops units, if the run is to go on bit for bit.

    Raises:
        FileNotFoundError: where there is no such directory.
        OSError: where the file cannot be written, because the disk is full or the directory is read-only. The file
            that was there is as before, and nothing else is left behind.
        ValueError: for a path that is a directory or a device.
        TypeError: for arguments of other kinds, or arrays that a file cannot hold, such as those of long doubles.
        ImportError: without safetensors, which belongs to the extra "checkpoint".
    """
    _check_kinds("save", model, optimizer, rng)
    if not isinstance(history, History | None):
        raise TypeError(f"save: history is a {type(history).__name__}; give what mg.train returned, an mg.History")
    arrays = prefixed("model.", model.state_dict())
    words = {"format": FORMAT, "history": json.dumps(History(history.records).records if history else [])}
    for prefix, each in optimizer_prefixes(_several(optimizer)):
        arrays |= prefixed(prefix, each.state_dict())
    if rng is not None:
        words["rng"] = json.dumps(rng.bit_generator.state, default=np.ndarray.tolist)
    write(path, arrays, words)


def load(
    path: str | os.PathLike[str],
    model: Layer,
    optimizer: Optimizer | Sequence[Optimizer] | None = None,
    rng: np.random.Generator | None = None,
) -> History:
    """Restore the model, the optimiser and the generator of a saved run, and return its history.

    Without `optimizer` and `rng`, the model alone is restored, whatever else the file holds.

    Files of the version before hold no checksum. They are read too, but a damaged number in them cannot be noticed.

    Args:
        path: of a file that `save` wrote.
        model, optimizer, rng: of the same kind and dtypes as those that were saved; they are changed in place.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: with the path, for whatever is wrong with the file: it is no checkpoint, it is damaged anywhere, or
            it does not hold the optimiser or the state of a generator of the kind that is asked for.
        KeyError, ValueError, TypeError: with the path, for a model or an optimiser that the arrays do not fit, in
            their names, shapes or dtypes.
        ImportError: without safetensors, which belongs to the extra "checkpoint".

    After each of these nothing has changed.
    """
    _check_kinds("load", model, optimizer, rng)
    arrays, words = read(path)
    name = os.fsdecode(path)
    if any(key.partition(".")[0] not in _OWNERS for key in arrays):
        raise ValueError(f"{name} is not a checkpoint of minigrad: it holds arrays of neither a model nor an optimiser")
    history = _saved_history(name, words)
    state = _generator_state(name, words, rng)
    owners: list[tuple[Owner, Arrays]] = [(model, below("model.", arrays))]
    for prefix, each in optimizer_prefixes(_several(optimizer)):
        found = below(prefix, arrays)
        if not found:
            raise ValueError(_without(name, each, optimizer, arrays))
        owners.append((each, found))
    changes: list[Change] = []
    if rng is not None:
        changes.append((partial(setattr, rng.bit_generator, "state"), rng.bit_generator.state, state))
    restore(name, owners, changes)
    return history


# What the names of the arrays in a file begin with. A `Checkpoint` keeps more of a run than the other two.
_OWNERS = frozenset({"model", "optimizer", "optimizers", "run"})


def _several(optimizer: Optimizer | Sequence[Optimizer] | None) -> Sequence[Optimizer]:
    if optimizer is None:
        return ()
    return (optimizer,) if isinstance(optimizer, Optimizer) else optimizer


def _without(name: str, optimizer: Optimizer, given: object, arrays: Arrays) -> str:
    """What is to be said where a file has no arrays of an optimiser."""
    there = sorted({key.split(".")[1] for key in arrays if key.startswith("optimizers.")})
    if there:
        return f"{name} was saved with {len(there)} optimisers; give all of them, as a list in the same order"
    if given is not optimizer and below("optimizer.", arrays):
        return f"{name} was saved with one optimiser; give that one"
    return f"{name} was saved without an optimiser; write load(path, model)"


def _check_kinds(function: str, model: object, optimizer: object, rng: object) -> None:
    several = optimizer if isinstance(optimizer, (list, tuple)) else (optimizer,)
    for name, value, kind, example in (
        ("model", model, Layer, "nn.Sequential(...)"),
        *(("optimizer", each, Optimizer | None, "optim.Adam(model.parameters())") for each in several),
        ("rng", rng, np.random.Generator | None, "np.random.default_rng(0)"),
    ):
        if not isinstance(value, kind):
            given = "class" if isinstance(value, type) else type(value).__name__
            raise TypeError(f"{function}: {name} is a {given}; give one such as {example}")


def _saved_history(name: str, words: Mapping[str, str]) -> History:
    try:
        records = parsed(words["history"])
        if not isinstance(records, list):
            raise ValueError(f"it is no list of epochs but a {type(records).__name__}")
        return History(records)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a checkpoint of minigrad: its history cannot be read ({error})") from error


def _generator_state(name: str, words: Mapping[str, str], rng: np.random.Generator | None) -> Any:
    """The state of the generator in a file, tried out on a copy of `rng`."""
    if rng is None:
        return None
    if "rng" not in words and "run" in words:
        raise ValueError(
            f"{name} was saved by mg.Checkpoint, with all random generators of its run; to go on with that run, write "
            "callbacks=[mg.Checkpoint(path, resume=True)], or load without rng"
        )
    if "rng" not in words:
        raise ValueError(f"{name} was saved without the state of a random generator")
    own = rng.bit_generator.state
    try:
        state = parsed(words["rng"])
        kind = state.get("bit_generator") if isinstance(state, dict) else None
        if isinstance(kind, str) and kind != own["bit_generator"]:
            raise ValueError(f"it is the state of a {kind[:50]} generator; rng is a {own['bit_generator']}")
        if not _is_state(state, own):
            raise ValueError(f"it is no state of a {own['bit_generator']} generator")
        trial = copy.deepcopy(rng.bit_generator)
        trial.state = state
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"{name} cannot restore the random generator: {error}") from error
    return state


# NumPy believes a position, and would read beyond the end of its numbers.
_LARGEST = {"pos": 624, "buffer_pos": 4, "has_uint32": 1, "uinteger": 2**32 - 1}


def _is_state(value: Any, own: Any, key: str = "") -> bool:
    """Whether a value has the form of a generator's state, with whole numbers in range at every place."""
    if isinstance(own, dict):
        return (
            isinstance(value, dict)
            and value.keys() == own.keys()
            and all(_is_state(value[key], own[key], key) for key in own)
        )
    if isinstance(own, np.ndarray):
        largest = np.iinfo(own.dtype).max
        return (
            isinstance(value, list)
            and len(value) == len(own)
            and all(type(item) is int and 0 <= item <= largest for item in value)
        )
    if isinstance(own, str):
        return bool(value == own)
    return type(value) is int and 0 <= value <= _LARGEST.get(key, 2**128 - 1)
