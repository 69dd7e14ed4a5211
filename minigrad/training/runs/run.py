"""What is a training while it runs, for those who look on and for those who save it?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minigrad.nn import Layer
from minigrad.optim import Optimizer
from minigrad.training.history import History
from minigrad.training.means import Means
from minigrad.training.runs.random_sources import RandomSources
from minigrad.training.runs.restoring import Owner


class Run:
    """A training that is under way; callbacks are given it.

    Attributes:
        model: what is trained.
        optimizers: all of them; ``optimizer`` is the first.
        history: of the epochs that are finished; ``history[-1]`` is the last one.
        epochs: how many there will be, if nothing stops the training.
        epoch: the number of the epoch that is under way, or was last, from 1.
        step: how many steps of this epoch are done.
        stopped: whether `stop` was called.
        error: what ended the training before its time, if something did: KeyboardInterrupt for Ctrl-C.
    """

    def __init__(
        self,
        model: Layer,
        optimizers: Sequence[Optimizer],
        history: History,
        epochs: int,
        callbacks: Sequence[Owner],
        means: Callable[[], Means],
        chances: Sequence[object],
        names: Sequence[str] | None = None,
    ) -> None:
        self.model = model
        self.optimizers = tuple(optimizers)
        self.history = history
        self.epochs = epochs
        self.callbacks = callbacks
        # Of what is going to be recorded, where that is known before.
        self.names = names
        self.epoch = len(history) + 1
        self.step = 0
        self.stopped = False
        self.error: BaseException | None = None
        self.means = means()
        self.new_means = means
        # For those who save it. The random sources are looked for where somebody does. Kept are their places at the
        # beginning of the epoch, from where an order of the samples can be drawn again; and those after the last step
        # or epoch, because data and validation may have drawn numbers when an error ends the training in them.
        self._chances = chances
        self.sources: RandomSources | None = None
        self.at_epoch_begin: list[Any] = []
        self.now: list[Any] = []
        self.is_taken_up = False
        self.to_be_skipped = 0
        self.batches: int | None = None
        self.began = time.perf_counter()
        self.seconds_before = 0.0
        self.last_loss: float | None = None
        # Whether what it has is what it had after a step or an epoch, of which all callbacks were told.
        self.is_whole = True
        # Whether all steps of the epoch are done.
        self.is_at_the_end = False

    @property
    def optimizer(self) -> Optimizer:
        """The first of the optimisers."""
        return self.optimizers[0]

    @property
    def steps(self) -> int:
        """How many steps the optimiser has taken, in all epochs."""
        return self.optimizer.steps

    @property
    def values(self) -> Mapping[str, float]:
        """The means of the loss and the metrics over the samples of this epoch until now."""
        return self.means.values()

    @property
    def seconds(self) -> float:
        """How long this epoch has taken until now, in all processes that had a part in it."""
        return self.seconds_before + time.perf_counter() - self.began

    def stop(self) -> None:
        """End the training after what is under way: the step, or the epoch if all its steps are done."""
        self.stopped = True

    def find_sources(self) -> None:
        """Look for the random generators, so that the run can be saved."""
        if self.sources is None:
            self.sources = RandomSources(self.model, *self.optimizers, *self._chances, *self.callbacks)
            self.at_epoch_begin = self.now = self.sources.states()

    def note_place(self) -> None:
        """A step or an epoch is done, and everybody knows: what is saved goes on from here."""
        if self.sources is not None:
            self.now = self.sources.states()
        self.is_whole = True

    def note_epoch_begin(self) -> None:
        """The data begin to draw their order."""
        if self.sources is not None:
            self.at_epoch_begin = self.sources.states()

    def begin_epoch(self) -> None:
        """Begin with the first step."""
        self.epoch = len(self.history) + 1
        self.step = 0
        self.means = self.new_means()
        self.began, self.seconds_before = time.perf_counter(), 0.0
