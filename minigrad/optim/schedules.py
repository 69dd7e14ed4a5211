"""How does the learning rate change from step to step?

A schedule is any function from the number of steps taken so far, 0 before the first, to the learning rate of the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from minigrad.optim.checks import positive, whole

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
