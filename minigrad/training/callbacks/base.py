"""What may somebody else do in the course of a training?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.training.history import History
from minigrad.training.runs.run import Run

__all__ = ["Callback", "Function", "as_callbacks", "told", "with_history"]


class Callback:
    """What is done at certain moments of a training. Its methods do nothing; a subclass writes those that it needs.

    Each is given the `Run`, which has the model, the optimiser and the history, and can be stopped. What a callback
    remembers from step to step belongs in `state_dict`, so that `Checkpoint` saves it. Where one raises after a step or
    an epoch, the others are told of it before the error comes out.

    Examples:
        >>> class Largest(mg.Callback):
        ...     def on_step_end(self, run):
        ...         if np.abs(run.model.weight.data).max() > 1e3:
        ...             run.stop()
    """

    def on_begin(self, run: Run) -> None:
        """Before the first epoch of this call of `train`."""

    def on_epoch_begin(self, run: Run) -> None:
        """Before the first step of an epoch; not where a run is taken up in the middle of one."""

    def on_step_begin(self, run: Run) -> None:
        """Before a step, whose batch has been read."""

    def on_step_end(self, run: Run) -> None:
        """After the parameters were updated."""

    def on_epoch_end(self, run: Run) -> None:
        """After the validation; the record of the epoch is ``run.history[-1]``."""

    def on_end(self, run: Run) -> None:
        """At the end, also after Ctrl-C or an error, which is ``run.error`` then."""

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """What it has to know to go on in another process, as arrays."""
        return {}

    def load_state_dict(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `state_dict` gave.

        Raises:
            KeyError: for arrays that this callback does not have.
        """
        if state:
            raise KeyError(f"{type(self).__name__} has no state, and there is one: {', '.join(state)}")


class Function(Callback):
    """A function of the history that is called after each epoch, and ends the training where it returns True."""

    def __init__(self, function: Callable[[History], object]) -> None:
        self.function = function

    def on_epoch_end(self, run: Run) -> None:
        """Call the function."""
        answer = self.function(run.history)
        # NumPy's True is what a comparison of means gives.
        if isinstance(answer, (bool, np.bool_)) and answer:
            run.stop()


def as_callbacks(given: Iterable[Any]) -> list[Callback]:
    """Callbacks for all that `train` was given."""
    return [each if isinstance(each, Callback) else Function(each) for each in given]


def told(error: BaseException, culprit: Callback, moment: str) -> None:
    """Say with an error of a callback where it came from."""
    source = culprit.function if isinstance(culprit, Function) else culprit
    name = getattr(source, "__name__", type(source).__name__)
    error.add_note(f"minigrad: this came from the callback {name}{'' if source is not culprit else f'.{moment}'}.")


def with_history(error: BaseException, run: Run) -> None:
    """Say with an error what became of the training that it ended."""
    epochs = "1 epoch is" if len(run.history) == 1 else f"{len(run.history)} epochs are"
    error.add_note(
        f"minigrad: the training was in epoch {run.epoch}, after {run.step} of its steps. The model and the optimiser "
        f"are as the last step left them, and {epochs} in error.history."
    )
    holder: Any = error
    try:
        holder.history = run.history
    except (AttributeError, TypeError):  # an error that takes no attributes; train(history=...) has the same records
        return
