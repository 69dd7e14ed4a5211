"""(i) What does the likelihood of a Kalman filter cost, with the gradients of its matrices?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.gradients import gradient_ways
from benchmarks.measure import Case

TITLE = "(i) gradient of a Kalman filter, 100 steps, float64"
NOTES = ["(i) Four states, two of them seen; covariances by the plain formulas, with an inverse in each step."]
DIVIDES_BATCHES = False


def cases(quick: bool) -> list[Case]:
    """One series of observations."""
    rng = np.random.default_rng(0)
    moves = 0.9 * np.eye(4) + 0.05 * rng.standard_normal((4, 4))
    seen = rng.standard_normal((2, 4))
    observations = rng.standard_normal((3 if quick else 100, 2))

    def make(numpy: Any, observations: Any, mean: Any, covariance: Any) -> Callable[..., Any]:
        linalg = numpy.linalg

        # R. Kalman 1960, doi:10.1115/1.3662552, with the model x' = a x + noise, y = c x + noise.
        def loss(a: Any, c: Any, log_process: Any, log_measurement: Any) -> Any:
            process, measurement = numpy.diag(numpy.exp(log_process)), numpy.diag(numpy.exp(log_measurement))
            m, p, total = mean, covariance, 0.0
            for y in observations:
                m, p = a @ m, a @ p @ a.T + process
                error, spread = y - c @ m, c @ p @ c.T + measurement
                inverse = linalg.inv(spread)
                total = total + 0.5 * (error @ inverse @ error + linalg.slogdet(spread)[1])
                gain = p @ c.T @ inverse
                m, p = m + gain @ error, p - gain @ c @ p
            return total

        return loss

    ways = gradient_ways(make, [moves, seen, np.zeros(4), np.zeros(2)], [observations, np.zeros(4), np.eye(4)])
    return [Case("Kalman filter", ways, tolerance=1e-9)]
