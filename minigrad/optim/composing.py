"""How are schedules put together from others?

Each of these takes schedules, functions from the number of steps to a learning rate, and gives one. A number stands for
a schedule that is constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.optim.checks import positive, whole
from minigrad.optim.schedules import Schedule, constant


def warmup(schedule: float | Schedule, steps: int) -> Schedule:
    """Another schedule after a linear climb to its first learning rate.

    With t steps taken so far, and the rates r(0), r(1), ... of `schedule`:

        r(0) * (t + 1) / (steps + 1)                   for t < steps
        r(t - steps)                                   afterwards

    ``warmup(cosine(lr, n), k)`` is ``cosine(lr, n + k, warmup=k)``. Goyal et al. 2017, "Accurate, large minibatch SGD:
    training ImageNet in 1 hour", arXiv:1706.02677, section 2.2.

    Args:
        schedule: what comes after the climb, counted from 0; or a number.
        steps: how many steps come before; at least 1.

    Raises:
        ValueError: for an argument out of range.
        TypeError: for what is no schedule.

    Examples:
        >>> schedule = optim.warmup(optim.step_decay(1.0, every=2, factor=0.5), steps=3)
        >>> [schedule(step) for step in range(7)]
        [0.25, 0.5, 0.75, 1.0, 1.0, 0.5, 0.5]
    """
    later, climb = _as_schedule("warmup: schedule", schedule), whole("steps", steps, least=1)

    def warmed(step: int) -> float:
        return later(0) * (step + 1) / (climb + 1) if step < climb else later(step - climb)

    return warmed


def join(parts: Sequence[tuple[float | Schedule, int | None]]) -> Schedule:
    """Schedules one after the other, each for a number of steps and each counted from 0.

    Args:
        parts: pairs of a schedule, or a number, and how many steps it holds. The last one goes on afterwards, and may
            have None for its steps.

    Raises:
        ValueError: for no parts, or numbers of steps below 1.
        TypeError: for what are no such pairs.

    Examples:
        >>> schedule = optim.join([(0.5, 2), (optim.linear(1.0, 0.0, steps=4), None)])
        >>> [schedule(step) for step in range(7)]
        [0.5, 0.5, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    if not isinstance(parts, Sequence) or not all(isinstance(each, (tuple, list)) and len(each) == 2 for each in parts):
        raise TypeError(f"join takes a list of pairs, such as [(0.1, 100), (schedule, None)], not {parts!r:.100}")
    if not parts:
        raise ValueError("join was given no schedules; give pairs, such as [(0.1, 100), (schedule, None)]")
    schedules: list[Schedule] = []
    lengths: list[int] = []
    for position, (schedule, steps) in enumerate(parts):
        schedules.append(_as_schedule(f"join: the schedule at position {position}", schedule))
        if position < len(parts) - 1 or steps is not None:
            lengths.append(whole(f"join: the number of steps at position {position}", steps, least=1))

    def joined(step: int) -> float:
        for schedule, length in zip(schedules[:-1], lengths, strict=False):
            if step < length:
                return schedule(step)
            step -= length
        return schedules[-1](step)

    return joined


def scaled(schedule: Schedule, factor: float) -> Schedule:
    """Another schedule times a number, such as for a group of parameters that is to learn more slowly.

    Args:
        schedule: the other one.
        factor: positive and finite.

    Raises:
        ValueError: for an argument out of range.
        TypeError: for what is no schedule.

    Examples:
        >>> schedule = optim.linear(1.0, 0.0, steps=4)
        >>> slower = optim.scaled(schedule, 0.5)
        >>> schedule(1), slower(1)
        (0.75, 0.375)
    """
    rates, ratio = _as_schedule("scaled: schedule", schedule), positive("factor", factor)
    return lambda step: ratio * rates(step)


def _as_schedule(what: str, schedule: Any) -> Schedule:
    """A schedule, or a constant one for a number."""
    if isinstance(schedule, type):
        raise TypeError(f"{what} is the class {schedule.__name__}; make one, such as optim.Plateau(0.1)")
    if callable(schedule):
        return schedule  # type: ignore[no-any-return]  # of any type
    if isinstance(schedule, (str, bytes)) or not hasattr(schedule, "__float__"):
        raise TypeError(
            f"{what} is a {type(schedule).__name__}; give a function of the number of steps, such as optim.cosine(0.1, "
            "steps=1000), or a number"
        )
    return constant(schedule)
