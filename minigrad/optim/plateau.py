"""How does the learning rate fall where a loss no longer does?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from minigrad.engine.state import check_state
from minigrad.engine.tensor import Tensor
from minigrad.optim.checks import not_negative, positive, share, whole


class Plateau:
    """A schedule that multiplies the learning rate by a factor where a number, such as a validation loss, stands still.

    It is given to an optimiser as ``lr=``, and told the number after each epoch, by `tell`. Where more than `patience`
    numbers one after the other were not better than the best of all:

        lr  <-  max(factor * lr, least)

    and the counting begins anew. Better is a number x that is below the best one b by more than a share of it:

        x < b - threshold * |b|                        or, with mode="max",    x > b + threshold * |b|

    It is what PyTorch calls `ReduceLROnPlateau`, and Keras too. The idea is older: Krizhevsky, Sutskever, Hinton 2012,
    "ImageNet classification with deep convolutional neural networks", section 5, did it by hand.

    Args:
        lr: the first learning rate; positive and finite.
        factor: what the rate is multiplied by; above 0 and below 1.
        patience: how many numbers may be no better before the rate falls; at least 0.
        threshold: the share of the best number by which another has to be better; at least 0.
        mode: "min" for numbers that are to fall, such as losses; "max" for those that are to rise, such as accuracies.
        cooldown: how many numbers are not counted after the rate has fallen; at least 0.
        least: below which the rate does not fall; at least 0 and at most `lr`.

    Raises:
        ValueError: for an argument out of range.

    Examples:
        >>> schedule = optim.Plateau(1.0, factor=0.5, patience=1)
        >>> for loss in [0.9, 0.8, 0.8, 0.8, 0.7]:
        ...     schedule.tell(loss)
        >>> schedule.lr
        0.5
        >>> w = mg.Tensor([1.0], requires_grad=True)
        >>> optimizer = optim.SGD([w], lr=schedule)
        >>> optimizer.lr
        0.5
    """

    def __init__(
        self,
        lr: float,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        mode: Literal["min", "max"] = "min",
        cooldown: int = 0,
        least: float = 0.0,
    ) -> None:
        self._start = positive("lr", lr)
        self._factor = share("factor", factor)
        if self._factor == 1.0:
            raise ValueError("factor must be below 1, or the learning rate never falls")
        self._patience = whole("patience", patience, least=0)
        self._threshold = not_negative("threshold", threshold)
        if mode not in ("min", "max"):
            raise ValueError(f"mode is 'min' or 'max', not {mode!r}")
        self._sign = 1.0 if mode == "min" else -1.0
        self._cooldown = whole("cooldown", cooldown, least=0)
        self._least = not_negative("least", least)
        if self._least > self._start:
            raise ValueError(f"least must be at most lr; it is {least!r}, and lr is {lr!r}")
        self._falls = self._waited = self._resting = 0
        self._best: float | None = None

    def __repr__(self) -> str:
        best = "nothing was told yet" if self._best is None else f"the best is {self._best:.6g}"
        return f"<Plateau: lr={self.lr:.6g} after {self._falls} falls; {best}>"

    def __call__(self, step: int) -> float:
        """The learning rate, whatever the number of steps."""
        return self.lr

    @property
    def lr(self) -> float:
        """The learning rate of now."""
        return max(self._start * self._factor**self._falls, self._least)

    def tell(self, value: float) -> None:
        """Take note of a number, and let the learning rate fall if it is time.

        Args:
            value: a real number. An infinite one is never better than others.

        Raises:
            ValueError: for NaN, which is neither better nor worse, and an infinity that would be better than all.
            TypeError: for what is no single number.
        """
        number = _number("Plateau.tell", value)
        if math.isnan(number) or number == -self._sign * math.inf:
            raise ValueError(f"Plateau.tell was given {number}; a run that gives such a number has gone wrong before")
        if math.isfinite(number) and (self._best is None or self._is_better(number, self._best)):
            self._best, self._waited = number, 0
        else:
            self._waited += 1
        if self._resting:
            self._resting -= 1
            self._waited = 0
        if self._waited > self._patience:
            self._falls += 1
            self._waited, self._resting = 0, self._cooldown

    def _is_better(self, number: float, best: float) -> bool:
        return self._sign * (best - number) > self._threshold * abs(best)

    def state_dict(self) -> dict[str, float]:
        """What it remembers, as numbers, which `json` and `np.savez` take.

        ``"falls"`` is how often the rate has fallen, ``"waited"`` how many numbers in a row were no better,
        ``"resting"`` how many are not going to be counted, and ``"best"`` the best one, left out while there is none.
        Settings are not part of it.
        """
        counts: dict[str, float] = {"falls": self._falls, "waited": self._waited, "resting": self._resting}
        return counts if self._best is None else counts | {"best": self._best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another one of the same settings was when it gave its `state_dict`.

        Args:
            state: by the same keys, numbers or arrays of one number.

        Raises:
            KeyError: for missing or unexpected keys.
            ValueError: for counts that are no whole numbers of at least 0, or a best number that is not finite.
            TypeError: for what is no number, or no dict at all.

        After each of these nothing was loaded.
        """
        check_state("Plateau.load_state_dict", state)
        missing = [key for key in ("falls", "waited", "resting") if key not in state]
        unexpected = [key for key in state if key not in ("falls", "waited", "resting", "best")]
        if missing or unexpected:
            raise KeyError(f"not the state of a Plateau: missing {missing}, unexpected {unexpected}")
        numbers = {key: _number(f"Plateau.load_state_dict: {key}", value) for key, value in state.items()}
        counts = {key: number for key, number in numbers.items() if key != "best"}
        for key, number in counts.items():
            if not (number.is_integer() and number >= 0):
                raise ValueError(f"Plateau.load_state_dict: {key} is {number}, not a whole number of at least 0")
        best = numbers.get("best")
        if best is not None and not math.isfinite(best):
            raise ValueError(f"Plateau.load_state_dict: best is {best}, not a finite number")
        self._falls, self._waited, self._resting = (int(counts[key]) for key in ("falls", "waited", "resting"))
        self._best = best


def _number(what: str, value: Any) -> float:
    """One real number, also in an array."""
    array = np.asarray(value.numpy() if isinstance(value, Tensor) else value)
    if array.size != 1 or array.dtype.kind not in "iuf":
        shown = f"an array of shape {array.shape} and dtype {array.dtype}" if array.ndim else f"{value!r:.60}"
        raise TypeError(f"{what} takes one real number, not {shown}")
    return float(array.reshape(())[()])
