"""How is a training saved while it runs, so that it goes on after whatever ended it?"""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.engine.callers import level_of_user
from minigrad.optim.checks import positive, whole
from minigrad.training.callbacks.base import Callback
from minigrad.training.callbacks.monitoring import Best
from minigrad.training.runs import checkpoint
from minigrad.training.runs.checkpoint_file import import_safetensors
from minigrad.training.runs.run import Run
from minigrad.training.runs.run_file import check_run, restore_run, save_run

_LATER = "the training goes on, and the next save tries again"


class Checkpoint(Callback):
    """Saves a training while it runs, and takes it up again.

    The file is written after every epoch, within an epoch after so many steps or minutes, and at the end, also after
    Ctrl-C. It has everything: the model with its state, the optimisers, the history, the place in the epoch, the states
    of the callbacks and of all random generators. A run that is taken up ends with the weights of one that was never
    interrupted, bit for bit. `checkpoint.load` reads the model from it.

    Generators are found in the model, in the data, in the callbacks, and in what the functions that `train` was given
    use from around them; the global ones of NumPy and Python are saved, too.

    Where a save fails, because the disk is full for example, the training goes on: a RuntimeWarning tells, the file
    that was there stays, and the next save tries again. A run that a callback has stopped stays so when it is taken up.

    Args:
        path: of the file.
        every_epochs: how many epochs there are from one save to the next.
        every_steps: how many steps, within an epoch.
        every_minutes: how many minutes, within an epoch; None for no saves within.
        best: of a second file, with the best model alone; `checkpoint.load` reads it.
        monitor: the quantity in the history by which a model is the best.
        larger_is_better: whether large values of it are good; of a loss, small ones are.
        resume: whether the run in the file is taken up, where there is a file; or the path of another file, which has
            to be there.

    Raises:
        ValueError: for numbers that are not positive, or one file as `path` and as `best`; when training begins, for a
            file that cannot be taken up, with the reason; for a `monitor` that is not recorded.
        TypeError: for arguments of other kinds; after the first step, for a callback whose state a file cannot hold.
        OSError: when training begins, for a folder that is not there or cannot be written to.
        ImportError: without safetensors, which belongs to the extra "checkpoint".

    Examples:
        A script that is run again after it was killed, and goes on::

            saver = mg.Checkpoint("run.safetensors", every_minutes=5, resume=True)
            mg.train(model, loss, optimizer, data, epochs=100, callbacks=[saver])
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        every_epochs: int = 1,
        every_steps: int | None = None,
        every_minutes: float | None = 10.0,
        best: str | os.PathLike[str] | None = None,
        monitor: str = "validation_loss",
        larger_is_better: bool = False,
        resume: bool | str | os.PathLike[str] = False,
    ) -> None:
        import_safetensors()
        if not isinstance(resume, (bool, np.bool_, str, os.PathLike)):
            raise TypeError(f"Checkpoint: resume is True, False or the path of a file, not {resume!r}")
        self.path = os.fspath(path)
        self.every_epochs = whole("Checkpoint: every_epochs", every_epochs, least=1)
        self.every_steps = None if every_steps is None else whole("Checkpoint: every_steps", every_steps, least=1)
        self.every_minutes = math.inf if every_minutes is None else positive("Checkpoint: every_minutes", every_minutes)
        self.best_path = None if best is None else os.fspath(best)
        if self.best_path is not None and os.path.realpath(self.best_path) == os.path.realpath(self.path):
            raise ValueError(
                f"Checkpoint: best= is the file of the run, {self.path}; the best model needs a file of its own, as "
                "each would replace the other"
            )
        self.resume = resume
        self._best = Best("Checkpoint", monitor, larger_is_better)
        self._saved_at = time.monotonic()
        self._is_saved = self._is_checked = False

    def on_begin(self, run: Run) -> None:
        """See that the file can be written; take up the run in it."""
        for path in (self.path, self.best_path):
            if path is not None:
                _try_to_write(path)
        if self.best_path is not None:
            self._best.begin(run)
        run.find_sources()
        if isinstance(self.resume, (str, os.PathLike)):
            restore_run(self.resume, run)
        elif self.resume and os.path.exists(self.path):
            restore_run(self.path, run)
        self._saved_at = time.monotonic()
        # Until a step was taken, there is nothing that would be lost.
        self._is_saved = True

    def on_step_begin(self, run: Run) -> None:
        """From here on there is something to be saved."""
        self._is_saved = False

    def on_step_end(self, run: Run) -> None:
        """Save, if it is time."""
        if not self._is_checked:
            check_run(run)
            self._is_checked = True
        is_due = self.every_steps is not None and run.step % self.every_steps == 0
        if is_due or time.monotonic() - self._saved_at >= 60.0 * self.every_minutes:
            self._save(run)

    def on_epoch_end(self, run: Run) -> None:
        """Save, and save the model alone if it is the best."""
        if self.best_path is not None:
            before = self._best.state_dict()
            is_best = self._best.is_told(run.history)
            if is_best and not self._try(self.best_path, lambda path: checkpoint.save(path, run.model), _LATER):
                # The best one is what the file has.
                self._best.load_state_dict(before)
        if run.epoch % self.every_epochs == 0:
            self._save(run)

    def on_end(self, run: Run) -> None:
        """Save what was not saved yet, unless an error came in the middle of a step."""
        is_lost = run.error is not None and not isinstance(run.error, KeyboardInterrupt) and _is_bad(run.error)
        if run.is_whole and not self._is_saved and not is_lost:
            self._save(run, "and this was the last save; the model is in memory, write it with checkpoint.save")

    def state_dict(self) -> dict[str, Any]:
        """The best value until now."""
        return self._best.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """Go on from what `state_dict` gave."""
        self._best.load_state_dict(state)

    def _save(self, run: Run, what_now: str = _LATER) -> None:
        self._is_saved = self._try(self.path, lambda path: save_run(path, run), what_now)
        # Also after a failure: the next one comes when it is time again.
        self._saved_at = time.monotonic()

    def _try(self, path: str, save: Callable[[str], None], what_now: str) -> bool:
        try:
            save(path)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            warnings.warn(
                f"Checkpoint: {path} was not saved: {reason}; {what_now}", RuntimeWarning, stacklevel=level_of_user()
            )
            return False
        return True


def _is_bad(error: BaseException) -> bool:
    """Whether the numbers are bad, and a file with good ones should rather stay."""
    return isinstance(error, FloatingPointError)


def _try_to_write(path: str) -> None:
    """Raise OSError, before hours of training, where the folder of a file cannot be written to."""
    place = os.path.realpath(path)
    folder = os.path.dirname(place)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"Checkpoint: there is no folder {folder} for {path}; make it first")
    if os.path.isdir(place):
        raise IsADirectoryError(f"Checkpoint: {path} is a folder; a checkpoint is a file: give its name, too")
    if not os.access(folder, os.W_OK) or (os.path.exists(place) and not os.access(place, os.W_OK)):
        raise PermissionError(f"Checkpoint: {path} cannot be written to; give a path in a folder that can")
