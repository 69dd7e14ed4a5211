"""Find three mistakes in a backward pass that was derived by hand, and verify it once they are mended."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import losses, testing

MISTAKES = ("the mean of db1", "the slope of tanh", "the square of the error")


def forward(x: Any, y: Any, weights: dict[str, Any]) -> Any:
    """The network of the reference project, 784-40-10 with tanh and the mean squared error, for a batch."""
    a1 = np.tanh(x @ weights["W1"] + weights["b1"])
    a2 = np.tanh(a1 @ weights["W2"] + weights["b2"])
    return np.mean((a2 - y) ** 2)


def backward(x: Any, y: Any, weights: dict[str, Any], mistakes: Sequence[str] = ()) -> tuple[Any, Any]:
    """Its gradients, derived by hand: those of the weights, and those of the steps."""
    z1 = x @ weights["W1"] + weights["b1"]
    a1 = np.tanh(z1)
    a2 = np.tanh(a1 @ weights["W2"] + weights["b2"])
    da2 = 2 * (a2 - y) / y.size
    if "the square of the error" in mistakes:
        da2 = (a2 - y) / y.size
    dz2 = da2 * (1 - a2**2)
    da1 = dz2 @ weights["W2"].T
    dz1 = da1 * (1 - a1**2)
    if "the slope of tanh" in mistakes:
        dz1 = da1 * (1 - z1**2)
    db1 = dz1.sum(axis=0)
    if "the mean of db1" in mistakes:
        db1 = dz1.mean(axis=0)
    gradients = {"W1": x.T @ dz1, "b1": db1, "W2": a1.T @ dz2, "b2": dz2.sum(axis=0)}
    return gradients, {"z1": dz1, "a1": da1, "z2": dz2, "a2": da2}


def model(x: Any, y: Any, weights: dict[str, Any]) -> mg.Tensor:
    """The same network in minigrad, with names for the steps."""
    z1 = (x @ weights["W1"] + weights["b1"]).named("z1")
    a1 = np.tanh(z1).named("a1")
    z2 = (a1 @ weights["W2"] + weights["b2"]).named("z2")
    loss: mg.Tensor = losses.mse(np.tanh(z2).named("a2"), y)
    return loss


def main(argv: Sequence[str] | None = None) -> bool:
    """Compare the wrong pass, then the right one, and check the latter against values of the loss alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the data (default 0)")
    rng = np.random.default_rng(parser.parse_args(argv).seed)
    x, y = rng.uniform(size=(7, 784)), np.eye(10)[rng.integers(0, 10, 7)]
    weights = {
        "W1": rng.standard_normal((784, 40)) / 28,
        "b1": rng.standard_normal(40),
        "W2": rng.standard_normal((40, 10)) / 6,
        "b2": rng.standard_normal(10),
    }

    print(f"With three mistakes planted: {', '.join(MISTAKES)}.")
    gradients, steps = backward(x, y, weights, MISTAKES)
    wrong = testing.compare_backward(model, gradients, (x, y, weights), steps=steps, raise_exception=False)
    print(wrong)

    print("\nMended:")
    gradients, steps = backward(x, y, weights)
    right = testing.compare_backward(model, gradients, (x, y, weights), steps=steps, raise_exception=False)
    print(right)

    print("\nAgainst values of the loss alone, without minigrad's derivatives:")
    proof = testing.check_backward(
        lambda weights: forward(x, y, weights),
        lambda g, out, weights: {name: g * gradient for name, gradient in backward(x, y, weights)[0].items()},
        (weights,),
        raise_exception=False,
    )
    print(proof)
    return len(wrong.findings) == len(MISTAKES) and right.ok and proof.ok


if __name__ == "__main__":
    raise SystemExit(not main())
