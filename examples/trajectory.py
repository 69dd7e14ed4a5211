"""Find the flight from Earth's orbit to that of Mars that takes the least thrust: does SLSQP need my derivatives?

The equations of motion, the Runge-Kutta steps and the conditions of arrival are plain NumPy, with loops, and know of no
derivatives; `mg.grad` and `mg.jacobian` take them as they are.
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

# Astronomical units and years; both orbits are taken as circles in one plane.
SUN = 4.0 * np.pi**2  # its mass times the constant of gravitation
MARS = 1.524  # the radius of its orbit; that of Earth's is 1
KILOMETRES, DAYS = 1.495979e8, 365.25
KILOMETRES_PER_SECOND = KILOMETRES / (DAYS * 86400.0)
MILLIMETRES_PER_SECOND_SQUARED = 1e6 * KILOMETRES_PER_SECOND / (DAYS * 86400.0)


def rates(state: Any, thrust: Any) -> Any:
    """How position and velocity change: gravitation, and the acceleration by the engine."""
    position, velocity = state[:2], state[2:]
    gravity = -SUN * position / np.sum(position**2) ** 1.5
    return np.concatenate([velocity, gravity + thrust])


def fly(thrusts: Any, step: float) -> Any:
    """States (steps + 1, 4) from Earth's orbit on, each thrust being held for one Runge-Kutta step."""
    state = np.array([1.0, 0.0, 0.0, np.sqrt(SUN)])
    states = [state]
    for thrust in thrusts:
        k1 = rates(state, thrust)
        k2 = rates(state + step / 2 * k1, thrust)
        k3 = rates(state + step / 2 * k2, thrust)
        k4 = rates(state + step * k3, thrust)
        state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states.append(state)
    return np.stack(states)


def miss(state: Any) -> Any:
    """By how much radius, outward and circular velocity differ from those of the orbit of Mars."""
    x, y, vx, vy = state
    radius = np.sqrt(x**2 + y**2)
    outward, around = (x * vx + y * vy) / radius, (x * vy - y * vx) / radius
    return np.stack([radius - MARS, outward, around - np.sqrt(SUN / MARS)])


class Flight:
    """The problem in the numbers that SciPy varies, with a count of the flights computed."""

    def __init__(self, steps: int, years: float) -> None:
        self.steps, self.step, self.flown = steps, years / steps, 0

    def effort(self, flat: Any) -> Any:
        """The integral of the square of the thrust."""
        return self.step * np.sum(flat**2)

    def arrival(self, flat: Any) -> Any:
        """Three numbers that have to be 0."""
        self.flown += 1
        return miss(fly(flat.reshape(self.steps, 2), self.step)[-1])

    def solve(self, derivatives: bool) -> OptimizeResult:
        """Start with engines off; without derivatives SciPy takes finite differences."""
        self.flown, begun = 0, time.perf_counter()
        gradient: Callable[..., Any] | None = mg.grad(self.effort) if derivatives else None
        arrival = {"type": "eq", "fun": self.arrival}
        if derivatives:
            arrival["jac"] = mg.jacobian(self.arrival)
        start, options = np.zeros(2 * self.steps), {"ftol": 1e-10, "maxiter": 200}
        result = minimize(self.effort, start, jac=gradient, constraints=[arrival], method="SLSQP", options=options)
        result.flown, result.seconds = self.flown, time.perf_counter() - begun
        return result

    def slope_left(self, flat: NDArray[Any]) -> float:
        """The largest slope of the effort along the flights that arrive, relative to its slope: 0 at an optimum."""
        slope, rows = mg.grad(self.effort)(flat), mg.jacobian(self.arrival)(flat)
        multipliers = np.linalg.lstsq(rows.T, slope)[0]
        return float(np.abs(slope - rows.T @ multipliers).max() / np.abs(slope).max())


def draw(figure: Any, states: NDArray[Any], thrusts: NDArray[Any], days: NDArray[Any]) -> None:
    """The way through the solar system, and the thrust over time."""
    plane, over_time = figure.subplots(1, 2, width_ratios=[1, 1.15])
    angle = np.linspace(0, 2 * np.pi, 200)
    for radius, name, line in ((1.0, "Earth's orbit", ":"), (MARS, "orbit of Mars", "--")):
        plane.plot(
            radius * np.cos(angle), radius * np.sin(angle), line, color=COLOURS["faint"], linewidth=1, label=name
        )
    plane.plot(0, 0, "o", color="#e9b44c", markersize=9)
    plane.plot(states[:, 0], states[:, 1], color=COLOURS["main"], linewidth=2, label="flight")
    apart = max(1, len(thrusts) // 20)
    arrows = {"color": COLOURS["accent"], "width": 0.005, "scale": 8.0, "zorder": 3}
    plane.quiver(*states[:-1:apart, :2].T, *thrusts[::apart].T, **arrows)
    # Arrows have no entry in a legend of their own.
    plane.plot([], [], color=COLOURS["accent"], marker=r"$\rightarrow$", markersize=12, linestyle="", label="thrust")
    plane.set_aspect("equal")
    plane.set(xlabel="x (au)", ylabel="y (au)", xlim=(-1.75, 1.75), ylim=(-1.75, 2.35))
    plane.legend(loc="upper center", ncols=2, frameon=False)
    forward = states[:-1, 2:] / np.linalg.norm(states[:-1, 2:], axis=1, keepdims=True)
    left = np.stack([-forward[:, 1], forward[:, 0]], axis=1)
    for direction, name, colour in ((forward, "forward", COLOURS["accent"]), (left, "to the left", COLOURS["main"])):
        along = np.sum(thrusts * direction, axis=1) * MILLIMETRES_PER_SECOND_SQUARED
        over_time.stairs(along, days, baseline=None, color=colour, linewidth=2, label=name)
    over_time.axhline(0, color=COLOURS["faint"], linewidth=0.8)
    over_time.set(xlabel="time (days)", ylabel="acceleration by the engine (mm/s²)")
    over_time.legend(frameon=False)


def main(argv: Sequence[str] | None = None) -> OptimizeResult:
    """Solve with and without derivatives, and return the first result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40, help="thrusts to be found (default %(default)s)")
    parser.add_argument("--years", type=float, default=1.2, help="duration of the flight (default %(default)s)")
    picture_options(parser)
    args = parser.parse_args(argv)
    if args.steps < 2:
        parser.error("--steps: three conditions cannot be met with fewer than 2 thrusts")
    if not 0.5 <= args.years <= 2.5:
        parser.error("--years: between 0.5 and 2.5")
    check_picture(parser, args)
    flight = Flight(args.steps, args.years)
    print(f"{2 * args.steps} unknowns, 3 conditions of arrival, {args.years:g} years")
    exact, approximate = flight.solve(derivatives=True), flight.solve(derivatives=False)
    for name, result in (("minigrad", exact), ("finite differences", approximate)):
        print(
            f"{name:<18}  {result.message}: effort {result.fun:.6f}, {result.nit} iterations, "
            f"{result.flown} flights computed, {result.seconds:.2f} s"
        )
    thrusts = exact.x.reshape(-1, 2)
    states = fly(thrusts, flight.step)
    exact.slope_left = flight.slope_left(exact.x)
    speed = KILOMETRES_PER_SECOND * flight.step * np.linalg.norm(thrusts, axis=1).sum()
    print(f"the engine gives {speed:.2f} km/s; slope left at the optimum: {exact.slope_left:.0e} of the whole")
    # The same thrusts in finer steps show what the steps themselves are good to.
    for finer in (1, 10):
        distance, *speeds = np.abs(miss(fly(np.repeat(thrusts, finer, axis=0), flight.step / finer)[-1]))
        missed = f"{KILOMETRES * distance:.2g} km and {1e3 * KILOMETRES_PER_SECOND * max(speeds):.2g} m/s"
        print(f"orbit of Mars missed by {missed}, flown in {finer * args.steps} steps")
    days = DAYS * flight.step * np.arange(args.steps + 1)
    picture(args, (8.0, 4.0), lambda figure: draw(figure, states, thrusts, days))
    return exact


if __name__ == "__main__":
    main()
