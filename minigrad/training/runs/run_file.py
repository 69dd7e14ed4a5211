"""How is a training that is under way written to a file, and taken up there, also in the middle of an epoch?"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from numpy.typing import NDArray

from minigrad.nn import Layer
from minigrad.optim import Optimizer
from minigrad.training.history import History
from minigrad.training.runs.checkpoint_file import FORMAT, check_kinds, parsed, read, write
from minigrad.training.runs.random_sources import plain
from minigrad.training.runs.reaching import everything_in
from minigrad.training.runs.restoring import Arrays, Change, Owner, below, optimizer_prefixes, prefixed, restore
from minigrad.training.runs.run import Run

_BROKEN = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)


def save_run(path: str | os.PathLike[str], run: Run) -> None:
    """Write all that is needed to go on from here, bit for bit, in another process.

    Raises:
        OSError: where the file cannot be written; what was there before is unchanged.
        TypeError: for arrays that a file cannot hold.
    """
    write(path, *_content(run))


def check_run(run: Run) -> None:
    """See that all of a run can be saved, without a file.

    Raises:
        TypeError: for arrays that a file cannot hold, such as callbacks may have.
    """
    check_kinds(_content(run)[0])


def _content(run: Run) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays and the words of a file."""
    assert run.sources is not None
    # After the last step of an epoch comes its record; from then on, what is begun is the next epoch.
    is_between = run.epoch <= len(run.history)
    numbers, statistics = (run.new_means() if is_between else run.means).state()
    arrays = prefixed("model.", run.model.state_dict())
    for prefix, optimizer in optimizer_prefixes(run.optimizers):
        arrays |= prefixed(prefix, optimizer.state_dict())
    arrays |= prefixed("run.metrics.", statistics)
    for position, callback in enumerate(run.callbacks):
        arrays |= prefixed(f"run.callbacks.{position}.", callback.state_dict())
    state = {
        "step": 0 if is_between else run.step,
        "batches": run.batches,
        "means": numbers,
        "seconds": 0.0 if is_between else run.seconds,
        "last_loss": run.last_loss,
        "stopped": run.stopped,
        "rates": [_rates_of(optimizer) for optimizer in run.optimizers],
        "callbacks": [type(callback).__name__ for callback in run.callbacks],
        "at_epoch_begin": plain(run.at_epoch_begin),
        "now": plain(run.now),
    }
    records = History(run.history.records).records
    return arrays, {"format": FORMAT, "history": json.dumps(records), "run": json.dumps(state)}


def restore_run(path: str | os.PathLike[str], run: Run) -> None:
    """Put a run where the one in a file was.

    Raises:
        ValueError: with the path, for a file that is damaged or holds no run, or the run of another model, other
            optimisers, callbacks, metrics, data or random generators; nothing has changed then.
        KeyError, TypeError: the same, for arrays that do not fit in their names or dtypes.
    """
    assert run.sources is not None
    name = os.fsdecode(path)
    arrays, words = read(path)
    if "run" not in words:
        raise ValueError(
            f"{name} was saved by checkpoint.save, which keeps no place in a training; load it with checkpoint.load, "
            "and give train(history=...) what that returns"
        )
    try:
        state, history = parsed(words["run"]), History(parsed(words["history"]))
        changes = _changes(run, state, history, arrays)
        owners: list[tuple[Owner, Arrays]] = [(run.model, below("model.", arrays))]
        owners += [(optimizer, below(prefix, arrays)) for prefix, optimizer in optimizer_prefixes(run.optimizers)]
    except _BROKEN as error:
        raise ValueError(f"{name} cannot be taken up: {error}") from error
    restore(name, owners, changes)


def _changes(run: Run, state: Mapping[str, Any], history: History, arrays: Arrays) -> list[Change]:
    """What is set beside the arrays of the model and the optimisers."""
    kinds = [type(callback).__name__ for callback in run.callbacks]
    if state["callbacks"] != kinds:
        raise ValueError(f"it was saved with the callbacks {state['callbacks']}, and these are {kinds}")
    if len(state["rates"]) != len(run.optimizers):
        raise ValueError(f"it was saved with {len(state['rates'])} optimisers, and there are {len(run.optimizers)}")
    if state["step"] and state["batches"] != run.batches:
        raise ValueError(
            f"it was saved in the middle of an epoch of {state['batches']} batches, and these data have {run.batches}"
        )
    means = run.new_means()
    means.set(state["means"], below("run.metrics.", arrays))
    assert run.sources is not None
    place = {
        "epoch": len(history) + 1,
        "step": int(state["step"]),
        "to_be_skipped": int(state["step"]),
        "means": means,
        "seconds_before": float(state["seconds"]),
        "last_loss": state["last_loss"],
        "stopped": bool(state["stopped"]),
        "at_epoch_begin": state["at_epoch_begin"],
        "now": state["now"],
        "is_taken_up": True,
    }
    changes: list[Change] = [(partial(_set, run), {key: getattr(run, key) for key in place}, place)]
    changes.append((partial(setattr, run.history, "records"), run.history.records, history.records))
    for optimizer, rate in zip(run.optimizers, state["rates"], strict=True):
        changes.append((partial(_set_rates, optimizer), _rates_of(optimizer), rate))
    for position, callback in enumerate(run.callbacks):
        found = below(f"run.callbacks.{position}.", arrays)
        changes.append((callback.load_state_dict, callback.state_dict(), found))
    # First to where the order of the samples is drawn again. The loop goes on from there to the place of now: what a
    # generator has spawned cannot be taken back.
    first = state["at_epoch_begin"] if state["step"] else state["now"]
    changes.append((run.sources.set, run.sources.states(), first))
    return changes


def _set(run: Run, place: Mapping[str, Any]) -> None:
    for key, value in place.items():
        setattr(run, key, value)


def _rates_of(optimizer: Optimizer) -> dict[str, list[Any]]:
    """The learning rates that are numbers, with None for schedules; and what schedules remember, if they do."""
    rates = [rule._lr for rule in optimizer._rules()]
    return {
        "numbers": [None if callable(rate) else rate for rate in rates],
        "schedules": [schedule.state_dict() for schedule in _remembering(optimizer)],
    }


def _set_rates(optimizer: Optimizer, rates: Mapping[str, list[Any]]) -> None:
    own = _rates_of(optimizer)
    kinds = [[rate is None for rate in each["numbers"]] for each in (own, rates)]
    if kinds[0] != kinds[1] or len(own["schedules"]) != len(rates["schedules"]):
        raise ValueError("it was saved with other kinds of learning rates: a number and a schedule are not the same")
    for rule, rate in zip(optimizer._rules(), rates["numbers"], strict=True):
        if rate is not None:
            rule._lr = rate
    for schedule, state in zip(_remembering(optimizer), rates["schedules"], strict=True):
        schedule.load_state_dict(state)


def _remembering(optimizer: Optimizer) -> list[Any]:
    """The schedules that remember something, alone or in those that are made of others."""
    rates = [rule._lr for rule in optimizer._rules() if callable(rule._lr)]
    return [
        each
        for each in everything_in(rates)
        if callable(each) and hasattr(each, "load_state_dict") and not isinstance(each, (Layer, type))
    ]
