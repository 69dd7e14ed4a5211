"""What did eight schools gain? A hierarchical model by Hamiltonian Monte Carlo, and by Laplace's approximation.

Eight schools coached their pupils for a test. Each tells by how many points they gained, and the standard error of
that number. In the model the gains of all schools come from one normal distribution, whose mean and width are unknown,
too. Its density is plain NumPy and knows of no derivatives. `mg.grad` gives the slopes that the sampler follows, and
`mg.hessian` the curvature at the mode.

Data: Rubin (1981), "Estimation in parallel randomized experiments", doi:10.3102/10769986006004377. Sampler: Neal
(2011), "MCMC using Hamiltonian dynamics", arXiv:1206.1901, section 5.3.3. Agreement of chains: Gelman et al. (2013),
"Bayesian data analysis", section 11.4.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import minigrad as mg

GAINS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
Sampler = Callable[[NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]


def normal(x: Any, mean: Any, deviation: Any) -> Any:
    """The logarithm of the normal density."""
    return -0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation) - 0.5 * np.log(2 * np.pi)


def parts(q: Any) -> tuple[Any, Any, Any]:
    """Of points (..., 10): the mean of all gains, their width, and the gain of each school (..., 8).

    The gains are written as mean + width * z, with z of the standard normal distribution: else the distribution is a
    funnel, in which no length of steps is right everywhere (Betancourt and Girolami, 2013, arXiv:1312.0906).
    """
    mean, width, z = q[..., 0], np.exp(q[..., 1]), q[..., 2:]
    return mean, width, mean[..., np.newaxis] + width[..., np.newaxis] * z


def log_density(q: Any) -> Any:
    """Of each point: the priors, N(0, 5) of the mean and a half of Cauchy(0, 5) of the width, and the likelihood."""
    mean, width, gains = parts(q)
    # The last term is for the width being measured by its logarithm.
    of_width = np.log(2 / (5 * np.pi)) - np.log1p((width / 5) ** 2) + q[..., 1]
    likelihood = np.sum(normal(GAINS, gains, ERRORS) + normal(q[..., 2:], 0.0, 1.0), axis=-1)
    return normal(mean, 0.0, 5.0) + of_width + likelihood


def value_and_slope() -> Sampler:
    """The density of many points at once, and the slope of each: no point depends on another, so one sum will do."""

    def total(q: Any) -> Any:
        return np.sum(log_density(q))

    slope = mg.grad(total)
    return mg.compile(lambda q: (log_density(q), slope(q)))  # type: ignore[no-any-return]


def leap(density: Sampler, q: Any, p: Any, slope: Any, step: Any, leaps: int) -> tuple[Any, Any, Any, Any]:
    """So many leapfrog steps of points q with momenta p; the density and its slope at the end come with them."""
    for _ in range(leaps):
        p = p + 0.5 * step * slope
        q = q + step * p
        value, slope = density(q)
        p = p + 0.5 * step * slope
    return q, p, value, slope


def sample(
    density: Sampler, chains: int, draws: int, warmup: int, leaps: int, rng: np.random.Generator
) -> tuple[NDArray[Any], float]:
    """Points (draws, chains, 10) of several chains, and the share of steps that was accepted.

    During the warm-up the length of steps is changed until about 4 of 5 are accepted. Then it is left alone.
    """
    q, step, found, accepted = rng.standard_normal((chains, 2 + GAINS.size)), 0.1, [], 0.0
    value, slope = density(q)
    for turn in range(warmup + draws):
        p = rng.standard_normal(q.shape)
        # A little chance in the length keeps paths from closing.
        length = step * rng.uniform(0.8, 1.2)
        new_q, new_p, new_value, new_slope = leap(density, q, p, slope, length, leaps)
        change = new_value - value - 0.5 * np.sum(new_p**2 - p**2, axis=1)
        takes = np.log(rng.random(chains)) < change
        q, slope = (np.where(takes[:, np.newaxis], new, old) for new, old in ((new_q, q), (new_slope, slope)))
        value = np.where(takes, new_value, value)
        if turn < warmup:
            step *= np.exp((np.exp(np.minimum(change, 0.0)).mean() - 0.8) / np.sqrt(1 + turn / 10))
        else:
            found.append(q)
            accepted += takes.mean() / draws
    return np.stack(found), accepted


def agreement(values: NDArray[Any]) -> Any:
    """The potential scale reduction of values (draws, chains, ...), each chain split in two: 1 where chains agree."""
    half = len(values) // 2
    halves = np.concatenate([values[:half], values[-half:]], axis=1)
    within = halves.var(axis=0, ddof=1).mean(axis=0)
    between = half * halves.mean(axis=0).var(axis=0, ddof=1)
    return np.sqrt((half - 1) / half + between / within / half)


def laplace() -> tuple[NDArray[Any], NDArray[Any]]:
    """The mode, and the covariance of the normal distribution that has the same curvature there."""

    def energy(q: Any) -> Any:
        return -log_density(q)

    fit = minimize(
        mg.value_and_grad(energy), np.zeros(2 + GAINS.size), jac=True, hess=mg.hessian(energy), method="trust-exact"
    )
    return fit.x, np.linalg.inv(mg.hessian(energy)(fit.x))


def quantities(q: NDArray[Any]) -> NDArray[Any]:
    """Mean, width and eight gains side by side, of points (..., 10)."""
    mean, width, gains = parts(q)
    return np.concatenate([mean[..., np.newaxis], width[..., np.newaxis], gains], axis=-1)


def main(argv: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """Sample, and return means, deviations and agreement of the mean, the width and the gains of the schools."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=4, help="(default %(default)s)")
    parser.add_argument("--draws", type=int, default=2000, help="of each chain (default %(default)s)")
    parser.add_argument("--warmup", type=int, default=500, help="draws before these (default %(default)s)")
    parser.add_argument("--leaps", type=int, default=15, help="of each draw (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default %(default)s)")
    args = parser.parse_args(argv)
    if args.chains < 1 or args.draws < 4 or args.warmup < 1 or args.leaps < 1 or args.seed < 0:
        parser.error("--draws must be at least 4, --chains, --warmup and --leaps at least 1, and --seed at least 0")

    rng = np.random.default_rng(args.seed)
    points, accepted = sample(value_and_slope(), args.chains, args.draws, args.warmup, args.leaps, rng)
    found = quantities(points)
    by_chains = found.reshape(-1, found.shape[-1])
    results = {"mean": by_chains.mean(axis=0), "deviation": by_chains.std(axis=0), "agreement": agreement(found)}

    mode, covariance = laplace()
    near = quantities(rng.multivariate_normal(mode, covariance, 20_000))
    print(f"{args.chains} chains of {args.draws} draws, {100 * accepted:.0f}% accepted")
    print(f"{'':<22}{'sampled':>16}{'agreement':>12}{'Laplace':>18}{'reported':>16}")
    names = ["mean of all schools", "width among schools", *(f"school {letter}" for letter in "ABCDEFGH")]
    for place, name in enumerate(names):
        mean, deviation, chains = (each[place] for each in results.values())
        median = np.median(near[:, place])
        low, high = np.quantile(near[:, place], [0.16, 0.84])
        told = f"{GAINS[place - 2]:6.1f} ± {ERRORS[place - 2]:4.1f}" if place > 1 else ""
        print(
            f"{name:<22}{f'{mean:6.1f} ± {deviation:4.1f}':>16}{chains:12.3f}"
            f"{f'{median:6.1f} ± {(high - low) / 2:4.1f}':>18}{told:>16}"
        )
    first = (by_chains[:, 2] > by_chains[:, 4]).mean()
    print(f"school A gained more than school C with a probability of {100 * first:.0f}%")
    return results


if __name__ == "__main__":
    main()
