"""How do steps become epochs, and who is told when?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from minigrad.nn.mode import call_in_mode
from minigrad.training.callbacks import Callback, told, with_history
from minigrad.training.errors import NonFiniteLossError
from minigrad.training.history import History
from minigrad.training.progress import Silent, call_interruptible, number_of, way_to_show
from minigrad.training.run import Run
from minigrad.training.saving import Checkpoint
from minigrad.training.step import InfiniteLossError


@dataclass(frozen=True)
class Done:
    """What a step was.

    Attributes:
        count: the number of samples.
        values: what was measured, such as the loss.
        prediction, target: for the metrics.
    """

    count: int
    values: Mapping[str, float]
    prediction: Any = None
    target: Any = None


class Loop:
    """The epochs of a training.

    Args:
        run: where the training is.
        callbacks: are told.
        step: does a step with a batch.
        data: gives the batches, anew in each epoch.
        validate: gives what is recorded beside the means of an epoch.
        progress: whether epochs are shown.
    """

    def __init__(
        self,
        run: Run,
        callbacks: Sequence[Callback],
        step: Callable[[Any], Done],
        data: Any,
        validate: Callable[[], Mapping[str, float]],
        progress: bool,
    ) -> None:
        self._run, self._step, self._data, self._validate = run, step, data, validate
        run.batches = number_of(data)
        self._shown = way_to_show(progress)
        # What is saved has to have been told already. A run that is taken up has to be there before others begin, and
        # one that ends has to be saved before others change the model.
        savers: list[Callback] = [callback for callback in callbacks if isinstance(callback, Checkpoint)]
        others = [callback for callback in callbacks if not isinstance(callback, Checkpoint)]
        self._at_steps, self._at_the_ends = others + savers, savers + others

    def through(self) -> History:
        """All epochs."""
        history = self._run.history
        history.interrupted = False
        try:
            call_in_mode(self._run.model, True, lambda: call_interruptible(self._all_epochs))
        except KeyboardInterrupt:
            history.interrupted = True
        return history

    def _all_epochs(self, pressed: threading.Event) -> None:
        run = self._run
        self._tell(self._at_the_ends, "on_begin")
        try:
            while len(run.history) < run.epochs and not run.stopped:
                self._epoch(pressed)
                if pressed.is_set():
                    raise KeyboardInterrupt
        except BaseException as error:
            run.error = error
            run.history.interrupted = isinstance(error, KeyboardInterrupt)
            if isinstance(error, Exception) and run.is_whole and not isinstance(error, NonFiniteLossError):
                with_history(error, run)
            raise
        finally:
            self._tell_the_end()

    def _epoch(self, pressed: threading.Event) -> None:
        run = self._run
        run.model.train()
        batches = self._batches()
        with self._shown(self._data, f"epoch {run.epoch}/{run.epochs}", run.step) as view:
            self._steps(batches, view, pressed)
            if run.stopped and not run.is_at_the_end:
                return
            record = {**run.values, "seconds": run.seconds}
            record.update(self._validate())
            view.finish(record)
        run.history.records.append(record)
        self._tell(self._at_steps, "on_epoch_end")

    def _batches(self) -> Iterator[Any]:
        """The batches of the epoch from where the run is."""
        run = self._run
        skipped, run.to_be_skipped = run.to_be_skipped, 0
        if not skipped:
            run.begin_epoch()
            self._tell(self._at_steps, "on_epoch_begin")
            return iter(self._data)
        # The order of the samples is drawn as at the beginning of the epoch. Then everything goes on from where it was.
        assert run.sources is not None
        now = run.sources.states()
        run.sources.set(run.at_epoch_begin)
        if hasattr(self._data, "starting_at"):
            batches: Iterator[Any] = self._data.starting_at(skipped)
        else:
            batches = iter(self._data)
            for _ in islice(batches, skipped):
                pass
        run.sources.set(now)
        return batches

    def _steps(self, batches: Iterator[Any], view: Silent, pressed: threading.Event) -> None:
        run = self._run
        run.is_at_the_end = False
        for batch in batches:
            self._tell(self._at_steps, "on_step_begin")
            run.is_whole = False
            try:
                done = self._step(batch)
            except InfiniteLossError as error:
                run.is_whole = not error.is_done
                raise NonFiniteLossError(
                    error.value, run.epoch, run.step + 1, run.last_loss, run.history, error.what, error.is_done
                ) from None
            run.step += 1
            run.last_loss = done.values.get("loss")
            run.is_whole = True
            run.means.add(done.count, done.values, done.prediction, done.target)
            view.update(run.values)
            self._tell(self._at_steps, "on_step_end")
            if pressed.is_set():
                raise KeyboardInterrupt
            if run.stopped:
                return
        run.is_at_the_end = True
        if not run.step:
            raise ValueError(
                f"epoch {run.epoch}: the data gave no batches (a generator is used up after one epoch; pass "
                "mg.batches(x, y, batch_size), a list, or the function that makes the generator)"
            )

    def _tell(self, callbacks: list[Callback], moment: str) -> None:
        for callback in callbacks:
            try:
                getattr(callback, moment)(self._run)
            except Exception as error:
                told(error, callback, moment)
                raise

    def _tell_the_end(self) -> None:
        """Tell all of them, whatever some of them raise; what the first one raises comes out."""
        errors = []
        for callback in self._at_the_ends:
            try:
                self._tell([callback], "on_end")
            except Exception as error:
                errors.append(error)
        if errors and self._run.error is None:
            raise errors[0]
