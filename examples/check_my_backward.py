"""Check three forms of hand-written backward passes: a layer, a loss with its gradients, and a network line by line."""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import losses, testing


class Dense:
    """A layer that keeps the gradients of its weights beside them, as many libraries do."""

    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator, mistake: bool = False) -> None:
        self.W = rng.standard_normal((inputs, outputs))
        self.b = rng.standard_normal(outputs)
        self.mistake = mistake

    def forward(self, x: Any) -> Any:
        """For a batch."""
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout: Any) -> Any:
        """The gradient of x; those of the weights go to dW and db."""
        self.dW = self.x.T @ dout
        self.db = dout.mean(axis=0) if self.mistake else dout.sum(axis=0)
        return dout @ self.W.T


def softmax_loss(W: Any, x: Any, labels: Any, decay: float, mistake: bool = False) -> tuple[Any, Any]:
    """Cross-entropy with weight decay, and the gradient of W, from one call, as in a course."""
    scores = x @ W
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(x))
    loss = -np.log(p[rows, labels]).mean() + 0.5 * decay * np.sum(W * W)
    p[rows, labels] -= 1
    return loss, {"dW": x.T @ p / len(x) + (0.0 if mistake else decay * W)}


def network(x: Any, y: Any, weights: dict[str, Any], mistake: bool = False) -> tuple[Any, Any]:
    """The gradients of the reference project's network, 784-40-10 with tanh and mse: of weights, and of steps."""
    z1 = x @ weights["W1"] + weights["b1"]
    a1 = np.tanh(z1)
    a2 = np.tanh(a1 @ weights["W2"] + weights["b2"])
    da2 = 2 * (a2 - y) / y.size
    dz2 = da2 * (1 - a2**2)
    da1 = dz2 @ weights["W2"].T
    dz1 = da1 * (1 - z1**2) if mistake else da1 * (1 - a1**2)
    gradients = {"dW1": x.T @ dz1, "db1": dz1.sum(axis=0), "dW2": a1.T @ dz2, "db2": dz2.sum(axis=0)}
    return gradients, {"z1": dz1, "a1": da1, "z2": dz2, "a2": da2}


def model(x: Any, y: Any, weights: dict[str, Any]) -> mg.Tensor:
    """The same network in minigrad, with names for the steps."""
    z1 = (x @ weights["W1"] + weights["b1"]).named("z1")
    a1 = np.tanh(z1).named("a1")
    z2 = (a1 @ weights["W2"] + weights["b2"]).named("z2")
    loss: mg.Tensor = losses.mse(np.tanh(z2).named("a2"), y)
    return loss


def main(argv: Sequence[str] | None = None) -> bool:
    """Check each of the three with a mistake, and then without it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the data (default 0)")
    rng = np.random.default_rng(parser.parse_args(argv).seed)
    points, labels = rng.standard_normal((7, 5)), rng.integers(0, 3, 7)
    W = rng.standard_normal((5, 3))
    x, y = rng.uniform(size=(7, 784)), np.eye(10)[rng.integers(0, 10, 7)]
    weights = {
        "W1": rng.standard_normal((784, 40)) / 28,
        "b1": rng.standard_normal(40),
        "W2": rng.standard_normal((40, 10)) / 6,
        "b2": rng.standard_normal(10),
    }

    def checked(mistake: bool) -> list[testing.GradcheckResult]:
        def loss(W: Any, x: Any, labels: Any) -> Any:
            return softmax_loss(W, x, labels, 0.1, mistake)

        gradients, steps = network(x, y, weights, mistake)
        return [
            testing.check_backward(Dense(5, 3, rng, mistake), inputs=points, raise_exception=False),
            testing.check_backward(loss, inputs=(W, points, labels), wrt="W", raise_exception=False),
            testing.compare_backward(model, gradients, (x, y, weights), steps=steps, raise_exception=False),
        ]

    print("With a mistake in each: a mean in db, the weight decay left out, the slope of tanh.")
    wrong = checked(mistake=True)
    print(*wrong, "\nMended:", sep="\n")
    right = checked(mistake=False)
    print(*right, sep="\n")
    return all(result.verdict == "fail" for result in wrong) and all(right)


if __name__ == "__main__":
    raise SystemExit(not main())
