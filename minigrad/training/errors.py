"""Which errors of its own can a training end with?"""

from __future__ import annotations

from minigrad.training.history import History


class NonFiniteLossError(FloatingPointError):
    """The loss became infinite or NaN, before the parameters were touched; with `train_with`, after a step of yours.

    Attributes:
        epoch, step: where, both counted from 1; the step within the epoch.
        last_finite_loss: the loss of the step before, or None in the first step of the run.
        history: the epochs finished until then.
    """

    def __init__(
        self,
        value: float,
        epoch: int,
        step: int,
        last_finite_loss: float | None,
        history: History,
        what: str = "the loss",
        is_done: bool = False,
    ) -> None:
        before = (
            "this is the first step" if last_finite_loss is None else f"the last finite loss was {last_finite_loss:.6g}"
        )
        super().__init__(
            f"{what} is {value} in epoch {epoch}, step {step}; {before}. Parameters are as that step "
            f"{'left' if is_done else 'found'} them; try a smaller learning rate, max_norm= in the optimiser, or "
            "look for bad values in the data"
        )
        self.epoch, self.step, self.last_finite_loss, self.history = epoch, step, last_finite_loss, history
