"""How do steps become epochs, and who is told when?"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from minigrad.engine.callers import level_of_user
from minigrad.nn.mode import call_in_mode
from minigrad.training.callbacks.base import Callback, told, with_history
from minigrad.training.callbacks.saving import Checkpoint
from minigrad.training.errors import NonFiniteLossError
from minigrad.training.evaluation import checked_pair
from minigrad.training.history import History
from minigrad.training.pairs import starts_anywhere
from minigrad.training.progress import Silent, call_interruptible, number_of, way_to_show
from minigrad.training.runs.random_sources import plain
from minigrad.training.runs.run import Run
from minigrad.training.step import InfiniteLossError


class Done(NamedTuple):
    """What a step was.

    Attributes:
        values: what was measured, such as the loss.
        prediction: for the metrics.
    """

    values: Mapping[str, float]
    prediction: Any = None


class Loop:
    """The epochs of a training.

    Args:
        run: where the training is.
        callbacks: are told.
        step: does a step with x and y of a batch.
        data: gives the batches, anew in each epoch.
        validate: gives what is recorded beside the means of an epoch.
        progress: whether epochs are shown.
    """

    def __init__(
        self,
        run: Run,
        callbacks: Sequence[Callback],
        step: Callable[[Any, Any], Done],
        data: Any,
        validate: Callable[[], Mapping[str, float]],
        progress: bool,
    ) -> None:
        self._run, self._step, self._data, self._validate = run, step, data, validate
        run.batches = number_of(data)
        self._shown = way_to_show(progress)
        # What is saved has to have been told already. A run that is taken up has to be there before others begin, and
        # one that ends has to be saved before others change the model.
        self._savers: list[Callback] = [callback for callback in callbacks if isinstance(callback, Checkpoint)]
        self._others = [callback for callback in callbacks if not isinstance(callback, Checkpoint)]
        self._in_order = self._others + self._savers

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
        self._tell(self._savers + self._others, "on_begin")
        if run.is_taken_up and run.sources is not None and not run.to_be_skipped:
            # What callbacks have drawn at the beginning, they had drawn before.
            run.sources.set(run.now)
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
        run.is_whole = False
        run.history.records.append(record)
        self._told_of_what_is_done("on_epoch_end")

    def _batches(self) -> Iterator[Any]:
        """The batches of the epoch from where the run is."""
        run = self._run
        skipped, run.to_be_skipped = run.to_be_skipped, 0
        if not skipped:
            run.begin_epoch()
            self._tell(self._in_order, "on_epoch_begin")
            run.note_epoch_begin()
            return iter(self._data)
        # The order of the samples is drawn as at the beginning of the epoch. Then everything goes on from where it was.
        assert run.sources is not None
        run.sources.set(run.at_epoch_begin)
        try:
            if starts_anywhere(self._data):
                batches: Iterator[Any] = self._data.starting_at(skipped)
                return batches
            return self._gone_through(skipped)
        finally:
            run.sources.set(run.now)

    def _gone_through(self, skipped: int) -> Iterator[Any]:
        """The batches after some that are dropped."""
        run = self._run
        assert run.sources is not None
        batches: Iterator[Any] = iter(self._data)
        number, first = 0, run.now
        for number, _ in enumerate(islice(batches, skipped), start=1):
            if number == 1:
                first = run.sources.states()
        if number < skipped:
            raise ValueError(
                f"epoch {run.epoch}: the data gave {number} batches, and the run was saved after {skipped}; give the "
                "data that it was saved with"
            )
        # What was drawn after the first batch may have decided which samples come next.
        states = zip(plain(first), plain(run.sources.states()), plain(run.now), strict=True)
        if any(early != late != saved for early, late, saved in states):
            warnings.warn(
                f"Checkpoint: the data draw numbers in the middle of an epoch from a random generator from which "
                f"others draw, too, so that the rest of epoch {run.epoch} may differ from that of a run without an "
                "interruption; give the data a generator of their own",
                RuntimeWarning,
                stacklevel=level_of_user(),
            )
        return batches

    def _steps(self, batches: Iterator[Any], view: Silent, pressed: threading.Event) -> None:
        run = self._run
        run.is_at_the_end = False
        for batch in batches:
            x, y, count = checked_pair(batch)
            self._tell(self._in_order, "on_step_begin")
            run.is_whole = False
            try:
                done = self._step(x, y)
            except InfiniteLossError as error:
                raise NonFiniteLossError(
                    error.value, run.epoch, run.step + 1, run.last_loss, run.history, error.what, error.is_done
                ) from None
            run.step += 1
            run.last_loss = done.values.get("loss")
            failure = None
            try:
                run.means.add(count, done.values, done.prediction, y)
                view.update(run.means.values)
            except Exception as error:
                failure = error
            self._told_of_what_is_done("on_step_end", failure)
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

    def _told_of_what_is_done(self, moment: str, failure: Exception | None = None) -> None:
        """Tell of a step or an epoch: all others before those who save, and all before any error comes out.

        A callback that was not told of a step would go on with a wrong state.
        """
        errors = self._errors_of(self._others, moment) if self._others else []
        self._run.note_place()
        if failure is not None:
            errors = [failure, *errors]
        if errors:
            raise _with_others(errors[0], errors[1:])
        self._tell(self._savers, moment)

    def _tell_the_end(self) -> None:
        """Tell all of them. What the first one raises comes out, or is told with the error that was the end."""
        errors, ending = self._errors_of(self._savers + self._others, "on_end"), self._run.error
        if errors and (ending is None or isinstance(ending, KeyboardInterrupt)):
            raise _with_others(errors[0], errors[1:])
        if ending is not None:
            _with_others(ending, errors)

    def _errors_of(self, callbacks: list[Callback], moment: str) -> list[Exception]:
        """Tell all of them, whatever some of them raise, and give what they raised."""
        errors = []
        for callback in callbacks:
            try:
                self._tell([callback], moment)
            except Exception as error:
                errors.append(error)
        return errors


def _with_others(error: BaseException, others: Sequence[Exception]) -> BaseException:
    """An error that tells of others, which came after it."""
    for other in others:
        if other is error:  # a callback may raise run.error once more
            continue
        error.add_note(f"minigrad: then came {type(other).__name__}: {other}")
        for note in other.__notes__:
            error.add_note(note)
    return error
