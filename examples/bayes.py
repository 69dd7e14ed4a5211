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
import json
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from minigrad import optim

GAINS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
NAMES = ["mean of all schools", "width among schools", *(f"school {letter}" for letter in "ABCDEFGH")]
Density = Callable[[NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]


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


def value_and_slope() -> Density:
    """The density of many points at once, and the slope of each: no point depends on another, so one sum will do."""
    slope = mg.grad(lambda q: np.sum(log_density(q)))
    return mg.compile(lambda q: (log_density(q), slope(q)))  # type: ignore[no-any-return]


def leap(density: Density, q: Any, p: Any, slope: Any, step: Any, leaps: int) -> tuple[Any, Any, Any, Any]:
    """So many leapfrog steps of points q with momenta p; the density and its slope at the end come with them."""
    for _ in range(leaps):
        p = p + 0.5 * step * slope
        q = q + step * p
        value, slope = density(q)
        p = p + 0.5 * step * slope
    return q, p, value, slope


class Chains:
    """Several chains side by side, which can be written to a file between two draws, and taken up from there.

    During the warm-up the length of steps is changed until about 4 of 5 are accepted. Then it is left alone.
    """

    KEPT = ("settings", "q", "value", "slope", "step", "found", "accepted")

    def __init__(self, density: Density, chains: int, warmup: int, leaps: int, seed: int) -> None:
        self.density, self.settings, self.rng = density, [chains, warmup, leaps, seed], np.random.default_rng(seed)
        self.q, self.step = self.rng.standard_normal((chains, 2 + GAINS.size)), 0.1
        self.found: list[NDArray[Any]] = []
        self.accepted: list[Any] = []
        self.value, self.slope = density(self.q)

    def draw(self) -> None:
        """One more point of each chain."""
        chains, warmup, leaps, _ = self.settings
        p = self.rng.standard_normal(self.q.shape)
        # A little chance in the length keeps paths from closing.
        length = self.step * self.rng.uniform(0.8, 1.2)
        q, new_p, value, slope = leap(self.density, self.q, p, self.slope, length, leaps)
        change = value - self.value - 0.5 * np.sum(new_p**2 - p**2, axis=1)
        takes = np.log(self.rng.random(chains)) < change
        self.value = np.where(takes, value, self.value)
        self.q, self.slope = (np.where(takes[:, None], *pair) for pair in ((q, self.q), (slope, self.slope)))
        turn = len(self.found)
        if turn < warmup:
            self.step *= np.exp((np.exp(np.minimum(change, 0.0)).mean() - 0.8) / np.sqrt(1 + turn / 10))
        self.found.append(self.q)
        self.accepted.append(takes.mean())

    def save(self, path: str) -> None:
        """Write all draws and the state of the generator; a file that was there stays until the new one is whole."""
        with open(f"{path}.part", "wb") as file:
            np.savez(file, rng=json.dumps(self.rng.bit_generator.state), **{k: getattr(self, k) for k in self.KEPT})
        os.replace(f"{path}.part", path)

    def load(self, path: str) -> None:
        """Go on from what `save` wrote."""
        with np.load(path) as kept:
            if kept["settings"].tolist() != self.settings:
                raise ValueError
            for name in self.KEPT:
                setattr(self, name, kept[name])
            self.rng.bit_generator.state = json.loads(str(kept["rng"]))
        self.found, self.accepted = list(self.found), list(self.accepted)


def agreement(values: NDArray[Any]) -> Any:
    """The potential scale reduction of values (draws, chains, ...), each chain split in two: 1 where chains agree."""
    half = len(values) // 2
    halves = np.concatenate([values[:half], values[-half:]], axis=1)
    within = halves.var(axis=0, ddof=1).mean(axis=0)
    between = half * halves.mean(axis=0).var(axis=0, ddof=1)
    return np.sqrt((half - 1) / half + between / within / half)


def laplace() -> tuple[NDArray[Any], NDArray[Any]]:
    """The mode, and the covariance of the normal distribution that has the same curvature there."""
    mode = optim.minimize(lambda q: -log_density(q), np.zeros(2 + GAINS.size), method="trust-ncg").x
    return mode, np.linalg.inv(-mg.hessian(log_density)(mode))


def quantities(q: NDArray[Any]) -> NDArray[Any]:
    """Mean, width and eight gains side by side, of points (..., 10)."""
    mean, width, gains = parts(q)
    return np.concatenate([mean[..., np.newaxis], width[..., np.newaxis], gains], axis=-1)


def draw(found: NDArray[Any], near: NDArray[Any], folder: Path) -> None:
    """Posteriors of schools and width, and the way of each chain; `found` is (draws, chains, 10)."""
    from matplotlib.figure import Figure

    figure, by_chains = Figure(figsize=(9.0, 3.2), layout="constrained"), found.reshape(-1, found.shape[-1])
    (left, middle, right), rows = figure.subplots(1, 3), np.arange(GAINS.size)
    shown = {"reported": (GAINS, ERRORS), "sampled": (by_chains[:, 2:].mean(axis=0), by_chains[:, 2:].std(axis=0))}
    for place, (label, (means, deviations)) in enumerate(shown.items()):
        left.errorbar(means, rows + 0.3 * place, xerr=deviations, fmt="o", markersize=4, label=label)
    left.set_yticks(rows, NAMES[2:])
    left.set_xlabel("gain (points)")
    left.invert_yaxis()
    bins = np.linspace(0.0, 20.0, 31)
    middle.hist(near[:, 1], bins, density=True, alpha=0.5, label="Laplace")
    middle.hist(by_chains[:, 1], bins, density=True, alpha=0.5, label="sampled")
    middle.set(xlabel="width among schools (points)", ylabel="density")
    for ax in (left, middle):
        ax.legend(frameon=False, fontsize="small")
    right.plot(found[:80, :, 0], linewidth=0.5)
    right.set(xlabel="draw of each chain", ylabel="mean of all schools")
    figure.savefig(folder / "posterior.svg")


def main(argv: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """Sample, and return means, deviations and agreement of the mean, the width and the gains of the schools."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=4, help="(default %(default)s)")
    parser.add_argument("--draws", type=int, default=2000, help="of each chain (default %(default)s)")
    parser.add_argument("--warmup", type=int, default=500, help="draws before these (default %(default)s)")
    parser.add_argument("--leaps", type=int, default=15, help="of each draw (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default %(default)s)")
    parser.add_argument("--save", metavar="PATH", help="keep the draws in this file, which np.load can read")
    parser.add_argument("--resume", metavar="PATH", help="go on from the draws in this file; --draws may be more now")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw pictures into this folder")
    args = parser.parse_args(argv)
    if args.chains < 1 or args.draws < 4 or args.warmup < 1 or args.leaps < 1 or args.seed < 0:
        parser.error("--draws must be at least 4, --chains, --warmup and --leaps at least 1, and --seed at least 0")
    if args.plot and find_spec("matplotlib") is None:
        parser.error('--plot needs Matplotlib: pip install "minigrad-numpy[plot]"')
    if args.plot and not args.plot.is_dir():
        parser.error(f"--plot {args.plot}: there is no such folder")

    chains = Chains(value_and_slope(), args.chains, args.warmup, args.leaps, args.seed)
    path, last = args.save or args.resume, args.warmup + args.draws
    try:
        if args.resume:
            chains.load(args.resume)
        if path:
            chains.save(path)  # where that is impossible, it is better known now
    except OSError as error:
        parser.error(str(error))
    except (BadZipFile, KeyError, TypeError, ValueError):
        parser.error(f"--resume {args.resume}: no draws, or with other --chains, --warmup, --leaps or --seed")
    while len(chains.found) < last:
        chains.draw()
        if path and (len(chains.found) % 100 == 0 or len(chains.found) == last):
            chains.save(path)
    found = quantities(np.stack(chains.found[args.warmup : last]))
    by_chains = found.reshape(-1, found.shape[-1])
    results = {"mean": by_chains.mean(axis=0), "deviation": by_chains.std(axis=0), "agreement": agreement(found)}

    mode, covariance = laplace()
    near = quantities(np.random.default_rng(args.seed).multivariate_normal(mode, covariance, 20_000))
    if args.plot:
        draw(found, near, args.plot)
    accepted = np.mean(chains.accepted[args.warmup : last])
    print(f"{args.chains} chains of {args.draws} draws, {100 * accepted:.0f}% accepted")
    print(f"{'':<22}{'sampled':>16}{'agreement':>12}{'Laplace':>18}{'reported':>16}")
    for place, name in enumerate(NAMES):
        mean, deviation, agreed = (each[place] for each in results.values())
        median = np.median(near[:, place])
        low, high = np.quantile(near[:, place], [0.16, 0.84])
        told = f"{GAINS[place - 2]:6.1f} ± {ERRORS[place - 2]:4.1f}" if place > 1 else ""
        print(
            f"{name:<22}{f'{mean:6.1f} ± {deviation:4.1f}':>16}{agreed:12.3f}"
            f"{f'{median:6.1f} ± {(high - low) / 2:4.1f}':>18}{told:>16}"
        )
    first = (by_chains[:, 2] > by_chains[:, 4]).mean()
    print(f"school A gained more than school C with a probability of {100 * first:.0f}%")
    return results


if __name__ == "__main__":
    main()
