"""Fit the hyperparameters of a Gaussian process to a seasonal curve: what is the Hessian worth to SciPy's optimisers?

The likelihood is plain NumPy, with a Cholesky decomposition, and knows of no derivatives; `mg.value_and_grad`,
`mg.hessian` and `mg.hvp` take it as it is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from _figures import COLOURS, check_picture, picture, picture_options
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

import minigrad as mg

NAMES = ("size of the trend", "length of the trend", "size of the seasons", "length in a season", "noise")
UNITS = ("°C", "years", "°C", "years", "°C")
START = np.log([2.0, 2.0, 2.0, 0.5, 2.0])


def observe(rng: np.random.Generator, months: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Months, given in years, and temperatures with noise around a slow trend and a curve that each year repeats.

    A sixth of the months, in the middle, is missing.
    """
    years = np.delete(np.arange(months) / 12, np.s_[months // 2 : 2 * months // 3])
    trend = 11.0 + 1.2 * np.sin(0.9 * years) + 0.25 * years
    season = 5.0 * np.sin(2 * np.pi * years) + 1.5 * np.cos(4 * np.pi * years)
    return years, trend + season + rng.normal(0.0, 0.7, years.size)


def covariance(logarithms: Any, first: Any, second: Any) -> Any:
    """Between the curve at some times and at others: that of the trend, and that of the seasons."""
    size, length, height, width, _ = np.exp(logarithms)
    apart = first[:, None] - second[None, :]
    trend = size**2 * np.exp(-0.5 * (apart / length) ** 2)
    season = height**2 * np.exp(-0.5 * (np.sin(np.pi * apart) / (np.pi * width)) ** 2)
    return trend + season


def surprise(logarithms: Any, years: Any, values: Any) -> Any:
    """The negative logarithm of the marginal likelihood (Rasmussen and Williams, 2006, algorithm 2.1)."""
    noise = np.exp(2 * logarithms[-1])
    root = np.linalg.cholesky(covariance(logarithms, years, years) + noise * np.eye(years.size))
    whitened = np.linalg.solve(root, values)
    return 0.5 * np.sum(whitened**2) + np.sum(np.log(np.diagonal(root))) + 0.5 * years.size * np.log(2 * np.pi)


def predict(logarithms: Any, years: Any, values: Any, wanted: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of new observations."""
    noise = np.exp(2 * logarithms[-1])
    root = np.linalg.cholesky(covariance(logarithms, years, years) + noise * np.eye(years.size))
    across = np.linalg.solve(root, covariance(logarithms, years, wanted))
    variance = np.diagonal(covariance(logarithms, wanted, wanted)) - np.sum(across**2, axis=0) + noise
    return across.T @ np.linalg.solve(root, values), np.sqrt(variance)


def fit(objective: Callable[[Any], Any]) -> dict[str, OptimizeResult]:
    """The same fit with second derivatives, as a matrix or as products with vectors, with first ones, and with none."""
    both = mg.value_and_grad(objective)
    ways: dict[str, dict[str, Any]] = {
        "trust-exact, Hessian": {"fun": both, "jac": True, "hess": mg.hessian(objective)},
        "trust-ncg, products": {"fun": both, "jac": True, "hessp": lambda x, v: mg.hvp(objective, x, v)},
        "BFGS, gradient": {"fun": both, "jac": True},
        "BFGS, differences": {"fun": objective},
    }
    results = {}
    for name, functions in ways.items():
        begun = time.perf_counter()
        results[name] = minimize(x0=START, method=name.split(",")[0], options={"gtol": 1e-4}, **functions)
        results[name].seconds = time.perf_counter() - begun
    return results


def draw(figure: Any, years: NDArray[Any], temperatures: NDArray[Any], shown: dict[str, NDArray[Any]]) -> None:
    """What each choice of hyperparameters makes of the data, and of the year and a half that follows."""
    wanted, centre = np.linspace(-0.1, years[-1] + 1.5, 150), temperatures.mean()
    panels = figure.subplots(1, len(shown), sharex=True, sharey=True)
    for panel, (title, logarithms) in zip(panels, shown.items(), strict=True):
        mean, deviation = predict(logarithms, years, temperatures - centre, wanted)
        low, high = centre + mean - 2 * deviation, centre + mean + 2 * deviation
        colour, likelihood = COLOURS["main"], -surprise(logarithms, years, temperatures - centre)
        panel.fill_between(wanted, low, high, color=colour, alpha=0.2, linewidth=0, label="two standard deviations")
        panel.plot(wanted, centre + mean, color=colour, linewidth=1.5, label="mean")
        panel.plot(years, temperatures, ".", color=COLOURS["data"], markersize=4, label="observed")
        panel.set_title(f"{title}: log likelihood {likelihood:.1f}".replace("-", "\N{MINUS SIGN}"), fontsize="medium")
        panel.set_xlabel("time (years)")
    panels[0].set_ylabel("temperature (°C)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)


def main(argv: Sequence[str] | None = None) -> dict[str, OptimizeResult]:
    """Fit in four ways, and return the results by name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=60, help="length of the curve (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the noise (default %(default)s)")
    picture_options(parser)
    args = parser.parse_args(argv)
    if not 12 <= args.months <= 1200:
        parser.error("--months: from a year to a century")
    if args.seed < 0:
        parser.error("--seed: not a negative number")
    check_picture(parser, args)
    years, temperatures = observe(np.random.default_rng(args.seed), args.months)
    centre = temperatures.mean()

    def objective(logarithms: Any) -> Any:
        return surprise(logarithms, years, temperatures - centre)

    print(f"{years.size} observations, {START.size} hyperparameters")
    print(f"{'method':<22}{'log likelihood':>15}{'slope left':>12}{'values':>8}{'gradients':>11}{'H or Hv':>9}{'s':>7}")
    results = fit(objective)
    for name, result in results.items():
        result.slope_left = float(np.abs(mg.grad(objective)(result.x)).max())
        gradients = 0 if name == "BFGS, differences" else result.nfev
        second = result.get("nhev", 0)
        print(
            f"{name:<22}{-result.fun:15.6f}{result.slope_left:12.0e}{result.nfev:8}{gradients:11}{second:9}"
            f"{result.seconds:7.2f}  {result.message}"
        )
    best = results["trust-exact, Hessian"].x
    # The Hessian at the optimum is the inverse of the covariance of the logarithms, in Laplace's approximation.
    spread = np.sqrt(np.diagonal(np.linalg.inv(mg.hessian(objective)(best))))
    for name, unit, logarithm, relative in zip(NAMES, UNITS, best, spread, strict=True):
        print(f"{name:<20} {np.exp(logarithm):6.2f} {unit:<6} (within {100 * relative:.0f}%)")

    shown = {"before the fit": START, "after the fit": best}
    picture(args, (8.0, 3.4), lambda figure: draw(figure, years, temperatures, shown))
    return results


if __name__ == "__main__":
    main()
