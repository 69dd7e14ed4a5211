"""Solve Burgers' equation with a network that knows nothing but the equation, and compare with the exact solution.

The equation is u_t + u u_x = nu u_xx for x from -1 to 1 and t from 0 to 1, with u = -sin(pi x) at first and u = 0 at
both ends: a wave that grows steep. The loss is the mean square of u_t + u u_x - nu u_xx at points that are drawn anew
for each step. `mg.jvp` takes the derivatives by x and t, and training differentiates through them. After Raissi,
Perdikaris and Karniadakis (2019), "Physics-informed neural networks", doi:10.1016/j.jcp.2018.10.045.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from minigrad import losses, nn, optim, plot


class Solution(nn.Layer):
    """u(x, t) = -sin(pi x) + t (1 - x^2) network(x, t): start and ends are as they should be, whatever the weights."""

    def __init__(self, width: int, depth: int, rng: np.random.Generator) -> None:
        sizes = [2, *[width] * depth, 1]
        layers: list[nn.Layer] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Dense(inputs, outputs, dtype=np.float64, rng=rng), nn.Tanh()]
        self.network = nn.Sequential(*layers[:-1])

    def at(self, x: Any, t: Any) -> Any:
        """u at places x and times t, both of shape (N, 1)."""
        return t * (1.0 - x**2) * self.network(np.concatenate([x, t], axis=1)) - np.sin(np.pi * x)

    def forward(self, points: Any) -> Any:
        """u at points (N, 2)."""
        return self.at(points[:, :1], points[:, 1:])


class Equation(nn.Layer):
    """u_t + u u_x - nu u_xx at points (N, 2); 0 everywhere where u solves the equation."""

    def __init__(self, solution: Solution, nu: float) -> None:
        self.solution, self.nu = solution, nu

    def forward(self, points: Any) -> Any:
        """By derivatives along x, of u and of u_x, and one along t."""
        x, t = points[:, :1], points[:, 1:]
        one = np.ones_like(x)

        def along_x(x: Any) -> Any:
            return mg.jvp(lambda x: self.solution.at(x, t), x, one)

        (u, u_x), (_, u_xx) = mg.jvp(along_x, x, one)
        _, u_t = mg.jvp(lambda t: self.solution.at(x, t), t, one)
        return u_t + u * u_x - self.nu * u_xx


def exact(points: NDArray[Any], nu: float) -> NDArray[Any]:
    """The solution of J. D. Cole (1951), doi:10.1090/qam/42889, as two integrals, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite.hermgauss(100)
    x, t = points[:, :1], points[:, 1:]
    places = np.pi * (x - 2.0 * np.sqrt(nu * t) * nodes)
    # Divided by its largest value, which cancels: it can be too large to be computed.
    exponents = -np.cos(places) / (2.0 * np.pi * nu)
    shares = weights * np.exp(exponents - exponents.max(axis=1, keepdims=True))
    found: NDArray[Any] = -np.sum(shares * np.sin(places), axis=1) / np.sum(shares, axis=1)
    return found


def draw(x: NDArray[Any], t: NDArray[Any], found: NDArray[Any], truth: NDArray[Any]) -> Any:
    """What the network found at places x and times t, (T, X), the exact solution, and the error, as maps."""
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(8.0, 3.0), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    edges = (t[0], t[-1], x[0], x[-1])
    for ax, title, values in zip(panels, ("network", "exact", "error"), (found, truth, found - truth), strict=True):
        most = np.abs(values).max()
        drawn = ax.imshow(values.T, "RdBu_r", vmin=-most, vmax=most, extent=edges, origin="lower", aspect="auto")
        drawn.set_interpolation("none")
        ax.set(title=title, xlabel="t")
        figure.colorbar(drawn, ax=ax, location="bottom").solids.set_rasterized(True)
    panels[0].set_ylabel("x")
    return figure


def main(argv: Sequence[str] | None = None) -> float:
    """Train, show the wave at some times, and return the relative error of the solution."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20, help="of 500 steps (default %(default)s)")
    parser.add_argument("--points", type=int, default=256, help="in each step (default %(default)s)")
    parser.add_argument("--nu", type=float, default=0.02, help="viscosity; less is steeper (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and points (default %(default)s)")
    parser.add_argument("--engine", choices=("eager", "numpy", "jax"), default="numpy", help="what runs the steps")
    parser.add_argument("--save", metavar="PATH", help="keep the run in this file while it goes on")
    parser.add_argument("--resume", metavar="PATH", help="go on with the run in this file, other options as before")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw pictures into this folder")
    args = parser.parse_args(argv)
    if args.epochs < 1 or args.points < 1 or args.seed < 0:
        parser.error("--epochs and --points must be at least 1, and --seed at least 0")
    if not 0.003 <= args.nu <= 1.0:
        parser.error("--nu: between 0.003 and 1")

    if args.plot and find_spec("matplotlib") is None:
        parser.error('--plot needs Matplotlib: pip install "minigrad-numpy[plot]"')
    if args.plot and not args.plot.is_dir():
        parser.error(f"--plot {args.plot}: there is no such folder")

    rng = np.random.default_rng(args.seed)
    solution = Solution(24, 4, rng)
    solution.summary((2,))
    equation = Equation(solution, args.nu)

    def points() -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """An epoch: points that are drawn anew for each step, and what the equation has to give there."""
        for _ in range(500):
            yield rng.uniform([-1.0, 0.0], [1.0, 1.0], (args.points, 2)), np.zeros((args.points, 1))

    steps = 500 * args.epochs
    optimizer = optim.Adam(equation.parameters(), lr=optim.cosine(4e-3, steps=steps, warmup=100))
    x, t = np.linspace(-1.0, 1.0, 101), np.linspace(0.0, 1.0, 21)
    grid = np.stack(np.meshgrid(x, t), axis=-1).reshape(-1, 2)
    truth = exact(grid, args.nu).reshape(t.size, x.size)
    path = args.save or args.resume
    try:
        history = mg.train(
            equation,
            losses.mse,
            optimizer,
            points,
            epochs=args.epochs,
            callbacks=[mg.Checkpoint(path, resume=args.resume or False)] if path else [],
            compile=args.engine != "eager" and {"engine": args.engine},
        )
    except (ImportError, KeyError, OSError, TypeError, ValueError) as error:
        if hasattr(error, "history"):  # the training had begun
            raise
        parser.error(str(error))

    found = mg.predict(solution, grid).reshape(truth.shape)
    relative = float(np.linalg.norm(found - truth) / np.linalg.norm(truth))
    if args.plot:
        draw(x, t, found, truth).savefig(args.plot / "solution.svg")
        curves = plot.history(history)
        curves.axes[0].set_yscale("log")
        curves.savefig(args.plot / "learning_curves.svg")
    print(f"{'x':>8}" + "".join(f"{f'u(x, {t[row]:g})':>12}{'exact':>9}" for row in (5, 10, 20)))
    for column in range(50, 101, 5):
        pairs = ((found[row, column], truth[row, column]) for row in (5, 10, 20))
        print(f"{x[column]:8.2f}" + "".join(f"{u:12.4f}{true:9.4f}" for u, true in pairs))
    print(f"relative error: {relative:.2e}")
    return relative


if __name__ == "__main__":
    main()
