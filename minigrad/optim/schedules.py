"""How does the learning rate change from step to step?

A schedule is any function from the number of steps taken so far, 0 before the first, to the learning rate of the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from minigrad.optim.checks import not_negative, positive, share, whole

Schedule = Callable[[int], float]


def cosine(lr: float, steps: int, warmup: int = 0) -> Schedule:
    """From `lr` down to 0 along half a cosine, after a linear warm-up if wanted.

    With t steps taken so far:

        lr * (t + 1) / (warmup + 1)                                            for t < warmup
        lr / 2 * (1 + cos(pi * (t - warmup) / (steps - warmup)))               for warmup <= t <= steps
        0                                                                      afterwards

    Loshchilov, Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", arXiv:1608.03983, equation 5, for
    one period that ends at 0. Warm-up: Goyal et al. 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour",
    arXiv:1706.02677, section 2.2.

    Args:
        lr: the largest learning rate; positive and finite.
        steps: how many steps are going to be taken, those of the warm-up included; at least 1.
        warmup: how many steps come before the one at the full `lr`; at least 0 and below `steps`.

    Raises:
        ValueError: for an argument out of range.

    Examples:
        >>> schedule = optim.cosine(1.0, steps=6, warmup=2)
        >>> [round(schedule(step), 3) for step in range(7)]
        [0.333, 0.667, 1.0, 0.854, 0.5, 0.146, 0.0]
    """
    peak = positive("lr", lr)
    end = whole("steps", steps, least=1)
    start = whole("warmup", warmup, least=0)
    if start >= end:
        raise ValueError(f"warmup must be below steps; it is {start}, and steps is {end}")

    def schedule(step: int) -> float:
        if step < start:
            return peak * (step + 1) / (start + 1)
        if step >= end:
            return 0.0
        return 0.5 * peak * (1.0 + math.cos(math.pi * (step - start) / (end - start)))

    return schedule


def step_decay(lr: float, every: int, factor: float) -> Schedule:
    """Constant for a while, then multiplied by a factor, and so on; exponential decay with ``every=1``.

    With t steps taken so far:

        lr * factor ** floor(t / every)

    The schedule of Goyal et al. 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv:1706.02677,
    section 5.1, for equal stretches.

    Args:
        lr: the learning rate of the first steps; positive and finite.
        every: how many steps have the same learning rate; at least 1.
        factor: what the learning rate is multiplied by after them; above 0 and at most 1.

    Raises:
        ValueError: for an argument out of range.

    Examples:
        >>> schedule = optim.step_decay(1.0, every=2, factor=0.5)
        >>> [schedule(step) for step in range(6)]
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    start = positive("lr", lr)
    stretch = whole("every", every, least=1)
    ratio = positive("factor", factor)
    if ratio > 1.0:
        raise ValueError(f"factor must be at most 1, not {factor!r}")

    def schedule(step: int) -> float:
        return start * ratio ** (step // stretch)

    return schedule


def constant(lr: float) -> Schedule:
    """The same learning rate in every step: a part of what `join` puts together.

    Args:
        lr: positive and finite.

    Raises:
        ValueError: for an argument out of range.

    Examples:
        >>> optim.constant(0.1)(1000)
        0.1
    """
    rate = positive("lr", lr)
    return lambda step: rate


def linear(start: float, end: float, steps: int) -> Schedule:
    """Along a straight line from one learning rate to another, and constant afterwards.

    With t steps taken so far:

        start + (end - start) * t / steps              for t < steps
        end                                            afterwards

    Args:
        start: the learning rate of the first step; finite and at least 0.
        end: the learning rate after `steps` steps; finite and at least 0.
        steps: how long the line is; at least 1.

    Raises:
        ValueError: for an argument out of range.

    Examples:
        >>> schedule = optim.linear(1.0, 0.0, steps=4)
        >>> [schedule(step) for step in range(6)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    first, last = not_negative("start", start), not_negative("end", end)
    length = whole("steps", steps, least=1)

    def schedule(step: int) -> float:
        # Exact at both ends, and never below 0.
        part = min(step / length, 1.0)
        return (1.0 - part) * first + part * last

    return schedule


def exponential(lr: float, factor: float, every: int = 1) -> Schedule:
    """Multiplied by the same number in every step, so that it has fallen by a factor after `every` steps.

    With t steps taken so far:

        lr * factor ** (t / every)

    `step_decay` has the same values where t is a multiple of `every`, and is constant in between.

    Args:
        lr: the learning rate of the first step; positive and finite.
        factor: what is left of the learning rate after `every` steps; above 0 and at most 1.
        every: how many steps it takes to fall by the factor; at least 1.

    Raises:
        ValueError: for an argument out of range.

    Examples:
        >>> schedule = optim.exponential(1.0, factor=0.25, every=2)
        >>> [schedule(step) for step in range(5)]
        [1.0, 0.5, 0.25, 0.125, 0.0625]
    """
    start, stretch, ratio = positive("lr", lr), whole("every", every, least=1), share("factor", factor)
    return lambda step: start * ratio ** (step / stretch)


def one_cycle(lr: float, steps: int, rise: float = 0.45, start: float = 0.1, end: float = 0.001) -> Schedule:
    """Up along a line, down along a line of the same length, and then down to almost nothing.

    With t steps taken so far, and a = rise * steps:

        from start * lr to lr                          for 0 <= t <= a
        from lr back to start * lr                     for a <= t <= 2 * a
        from start * lr to end * lr                    for 2 * a <= t <= steps
        end * lr                                       afterwards

    Smith 2018, "A disciplined approach to neural network hyper-parameters: part 1", arXiv:1803.09820, section 4: one
    cycle that is a little shorter than the training, whose smallest rate is a tenth of the largest, and in the rest of
    the steps a rate that falls by several orders of magnitude. PyTorch's `OneCycleLR` does the same with
    ``three_phase=True`` and ``anneal_strategy="linear"``, and follows half cosines by default.

    Args:
        lr: the largest learning rate; positive and finite. It may be several times larger than a constant one.
        steps: how many steps are going to be taken; at least 1.
        rise: the share of the steps in which the rate rises, and in which it falls again; above 0 and at most 0.5.
        start: the share of `lr` at both ends of the cycle; above 0 and at most 1.
        end: the share of `lr` after all steps; above 0 and at most `start`.

    Raises:
        ValueError: for an argument out of range.

    Examples:
        >>> schedule = optim.one_cycle(1.0, steps=10, rise=0.4, start=0.2, end=0.01)
        >>> [round(schedule(step), 3) for step in range(0, 11, 2)]
        [0.2, 0.6, 1.0, 0.6, 0.2, 0.01]
    """
    peak, length = positive("lr", lr), whole("steps", steps, least=1)
    if not 0.0 < positive("rise", rise) <= 0.5:
        raise ValueError(f"rise must be at most 0.5, because the fall takes as long, not {rise!r}")
    low, last = peak * share("start", start), peak * share("end", end)
    if last > low:
        raise ValueError(f"end must be at most start; it is {end!r}, and start is {start!r}")
    times = [0.0, rise * length, 2.0 * rise * length, float(length)]
    rates = [low, peak, low, last]

    def schedule(step: int) -> float:
        for before, after, first, second in zip(times, times[1:], rates, rates[1:], strict=False):
            if step < after:
                part = (step - before) / (after - before)
                return (1.0 - part) * first + part * second
        return last

    return schedule
