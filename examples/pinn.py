"""Solve Burgers' equation with a network that knows nothing but the equation, and compare with the exact solution.

The equation is u_t + u u_x = nu u_xx for x from -1 to 1 and t from 0 to 1, with u = -sin(pi x) at first and u = 0 at
both ends: a wave that grows steep. The loss is the mean square of u_t + u u_x - nu u_xx at points that are drawn anew
for each step. `mg.jvp` takes the derivatives by x and t, and training differentiates through them. After Raissi,
Perdikaris and Karniadakis (2019), "Physics-informed neural networks", doi:10.1016/j.jcp.2018.10.045.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from minigrad import nn, optim


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


class Points:
    """Points (count, 2), drawn anew for each step, and the zeros that the equation has to give there."""

    def __init__(self, steps: int, count: int, rng: np.random.Generator) -> None:
        self.steps, self.count, self.rng = steps, count, rng

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        for _ in range(self.steps):
            yield self.rng.uniform([-1.0, 0.0], [1.0, 1.0], (self.count, 2)), np.zeros((self.count, 1))


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


def main(argv: Sequence[str] | None = None) -> float:
    """Train, show the wave at some times, and return the relative error of the solution."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20, help="of 500 steps (default %(default)s)")
    parser.add_argument("--points", type=int, default=256, help="in each step (default %(default)s)")
    parser.add_argument("--nu", type=float, default=0.02, help="viscosity; less is steeper (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and points (default %(default)s)")
    parser.add_argument("--engine", choices=("eager", "numpy", "jax"), default="numpy", help="what runs the steps")
    args = parser.parse_args(argv)
    if args.epochs < 1 or args.points < 1 or args.seed < 0:
        parser.error("--epochs and --points must be at least 1, and --seed at least 0")
    if not 0.003 <= args.nu <= 1.0:
        parser.error("--nu: between 0.003 and 1")

    rng = np.random.default_rng(args.seed)
    solution = Solution(24, 4, rng)
    solution.summary((2,))
    equation = Equation(solution, args.nu)
    points = Points(500, args.points, rng)
    steps = args.epochs * len(points)
    optimizer = optim.Adam(equation.parameters(), lr=optim.cosine(4e-3, steps=steps, warmup=min(100, steps // 2)))
    x, t = np.linspace(-1.0, 1.0, 101), np.linspace(0.0, 1.0, 21)
    grid = np.stack(np.meshgrid(x, t), axis=-1).reshape(-1, 2)
    truth = exact(grid, args.nu)

    def error() -> float:
        return float(np.linalg.norm(mg.predict(solution, grid)[:, 0] - truth) / np.linalg.norm(truth))

    print(f"relative error before: {error():.2e}")
    mg.train(
        equation,
        lambda residual, zero: np.mean((residual - zero) ** 2),
        optimizer,
        points,
        epochs=args.epochs,
        compile=args.engine != "eager" and {"engine": args.engine},
    )
    found = mg.predict(solution, grid).reshape(t.size, x.size)
    print(f"{'x':>8}" + "".join(f"{f'u(x, {t[row]:g})':>12}{'exact':>9}" for row in (5, 10, 20)))
    for column in range(50, 101, 5):
        pairs = ((found[row, column], truth.reshape(found.shape)[row, column]) for row in (5, 10, 20))
        print(f"{x[column]:8.2f}" + "".join(f"{u:12.4f}{true:9.4f}" for u, true in pairs))
    print(f"relative error: {error():.2e}")
    return error()


if __name__ == "__main__":
    main()
