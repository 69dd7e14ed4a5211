"""How is a training run saved, and taken up again where it was?

A checkpoint is one safetensors file: the arrays of the model and of the optimiser, and as metadata the history and the
state of the random generator.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.nn import Layer
from minigrad.optim import Optimizer
from minigrad.training.history import History

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["load", "save"]


def __dir__() -> list[str]:
    return __all__


_FORMAT = "minigrad checkpoint 1"


def save(
    path: str | os.PathLike[str],
    model: Layer,
    optimizer: Optimizer,
    history: History,
    rng: np.random.Generator | None = None,
) -> None:
    """Write a training run to a file, replacing an earlier one only when the new one is complete.

    Args:
        path: of the file.
        model, optimizer, history: what `minigrad.train` worked with and returned.
        rng: the generator that shuffles the batches and drops units, if the run is to go on bit for bit.

    Raises:
        FileNotFoundError: where there is no such directory.
        ImportError: without safetensors, which belongs to the extra "checkpoint".
    """
    arrays = {f"model.{name}": array for name, array in model.state_dict().items()}
    arrays |= {f"optimizer.{name}": array for name, array in optimizer.state_dict().items()}
    metadata = {"format": _FORMAT, "history": json.dumps(history.records)}
    if rng is not None:
        metadata["rng"] = json.dumps(rng.bit_generator.state, default=np.ndarray.tolist)
    unfinished = Path(f"{os.fspath(path)}.part")
    if not unfinished.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {unfinished.parent} for the checkpoint {os.fspath(path)}")
    # safetensors writes the memory as it lies, so arrays have to be contiguous.
    arrays = {name: np.array(array, order="C") for name, array in arrays.items()}
    safetensors = _safetensors()
    try:
        safetensors.numpy.save_file(arrays, unfinished, metadata)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(
    path: str | os.PathLike[str], model: Layer, optimizer: Optimizer, rng: np.random.Generator | None = None
) -> History:
    """Restore the model, the optimiser and the generator of a saved run, and return its history.

    Args:
        path: of a file that `save` wrote.
        model, optimizer, rng: of the same kind as those that were saved; they are changed in place.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: for a file that is no checkpoint, or, where `rng` is given, does not hold the state of a generator
            of that kind.
        KeyError, ValueError, TypeError: for a model or an optimiser that the arrays do not fit.
        ImportError: without safetensors, which belongs to the extra "checkpoint".

    After each of these nothing has changed.
    """
    safetensors = _safetensors()
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no checkpoint {os.fspath(path)}")
    try:
        with safetensors.safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
    except safetensors.SafetensorError as error:
        raise ValueError(f"{os.fspath(path)} is not a checkpoint of minigrad: {error}") from error
    if metadata.get("format") != _FORMAT:
        raise ValueError(f"{os.fspath(path)} is not a checkpoint of minigrad")
    generator = json.loads(metadata.get("rng", "{}"))
    if rng is not None and "rng" not in metadata:
        raise ValueError(f"{os.fspath(path)} was saved without the state of a random generator")
    if rng is not None and generator["bit_generator"] != rng.bit_generator.state["bit_generator"]:
        raise ValueError(
            f"{os.fspath(path)} holds the state of a {generator['bit_generator']} generator; rng is a "
            f"{rng.bit_generator.state['bit_generator']}"
        )
    before = model.state_dict()
    model.load_state_dict(_below("model.", arrays))
    try:
        optimizer.load_state_dict(_below("optimizer.", arrays))
    except (KeyError, ValueError, TypeError):
        model.load_state_dict(before)
        raise
    if rng is not None:
        rng.bit_generator.state = generator
    return History(json.loads(metadata["history"]))


def _below(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _safetensors() -> ModuleType:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError('checkpoints need safetensors: pip install "minigrad[checkpoint]"') from error
    return safetensors
