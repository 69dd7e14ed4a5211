"""(d) What does a small convolutional network cost, a batch a step?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.measure import Case, Way
from benchmarks.peers import ways_of_minigrad, ways_of_torch

TITLE = "(d) CNN 16-32, batch 64, float32, cross-entropy, Adam"
NOTES = ["(d), (e) are not written for autograd and MyGrad; (d) PyTorch's Adam has its defaults, and is not fused."]
DIVIDES_BATCHES = True


def initial() -> list[Any]:
    """Kernels, weights and biases, float32."""
    rng = np.random.default_rng(0)
    shapes = [(16, 1, 3, 3), (16,), (32, 16, 3, 3), (32,), (1568, 10), (10,)]
    return [(0.1 * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]


def batch(size: int) -> tuple[Any, Any]:
    """Images in which nothing ties, and labels."""
    rng = np.random.default_rng(1)
    return rng.random((size, 1, 28, 28), dtype=np.float32), rng.integers(0, 10, size)


def _as_it_is(function: Any) -> Any:
    return function


def minigrad_step(compiled: Callable[[Any], Any] = _as_it_is) -> Callable[[Any, Any], float]:
    """A training step of minigrad on images and labels; `compiled` is applied to it."""
    from minigrad import losses, nn, optim

    model = nn.Sequential(
        nn.Conv(1, 16, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Conv(16, 32, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Flatten(),
        nn.Dense(1568, 10),
    )
    for parameter, values in zip(model.parameters(), initial(), strict=True):
        parameter.data = values
    optimizer = optim.Adam(model.parameters())

    @compiled
    def step(x: Any, labels: Any) -> Any:
        loss = losses.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return lambda x, labels: float(step(x, labels).item())


def torch_step(compiled: Callable[[Any], Any] = _as_it_is) -> Callable[[Any, Any], float]:
    """A training step of PyTorch; `compiled` is applied to the function of the loss."""
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1568, 10),
    )
    with torch.no_grad():
        for parameter, values in zip(model.parameters(), initial(), strict=True):
            parameter.copy_(torch.tensor(values.T if values.ndim == 2 else values))
    optimizer = torch.optim.Adam(model.parameters())

    criterion = compiled(lambda x, labels: nn.functional.cross_entropy(model(x), labels))

    def step(x: Any, labels: Any) -> float:
        loss = criterion(torch.from_numpy(x), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def jax_step() -> Callable[[Any, Any], float]:
    """A training step of JAX, compiled."""
    import jax
    from jax import lax
    from jax import numpy as jnp

    def block(x: Any, kernels: Any, bias: Any) -> Any:
        maps = lax.conv(x, kernels, (1, 1), "SAME") + bias[:, None, None]
        return lax.reduce_window(jnp.maximum(maps, 0.0), -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def loss(parameters: Any, x: Any, labels: Any) -> Any:
        first, second, third = parameters[:2], parameters[2:4], parameters[4:]
        maps = block(block(x, *first), *second)
        logits = maps.reshape(len(x), -1) @ third[0] + third[1]
        return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(len(x)), labels])

    @jax.jit
    def update(parameters: Any, means: Any, squares: Any, count: Any, x: Any, labels: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(parameters, x, labels)
        means = [0.9 * m + 0.1 * g for m, g in zip(means, gradients, strict=True)]
        squares = [0.999 * v + 0.001 * g * g for v, g in zip(squares, gradients, strict=True)]
        first, second = 1.0 - 0.9**count, 1.0 - 0.999**count
        moves = [m / first / (jnp.sqrt(v / second) + 1e-8) for m, v in zip(means, squares, strict=True)]
        return value, [p - 1e-3 * move for p, move in zip(parameters, moves, strict=True)], means, squares

    start = [jnp.asarray(values) for values in initial()]
    zeros = [jnp.zeros_like(values) for values in start]
    state: dict[str, Any] = {"arrays": (start, zeros, zeros), "count": 0}

    def step(x: Any, labels: Any) -> float:
        state["count"] += 1
        value, *arrays = update(*state["arrays"], np.float32(state["count"]), x, labels)
        state["arrays"] = arrays
        return float(value)

    return step


STEPS = {"minigrad": minigrad_step, "PyTorch": torch_step, "JAX": jax_step}


def cases(quick: bool) -> list[Case]:
    """One network and one batch; the losses of the first two steps are compared."""
    x, labels = batch(4 if quick else 64)

    def way(step: Callable[[Any, Any], float]) -> Way:
        found: list[float] = []

        def result() -> list[float]:
            while len(found) < 2:
                found.append(step(x, labels))
            return found[:2]

        return Way(lambda: found.append(step(x, labels)), result)

    ways = {
        **ways_of_minigrad(lambda compiled: way(minigrad_step(compiled))),
        **ways_of_torch(lambda compiled: way(torch_step(compiled))),
        "JAX": lambda: way(jax_step()),
    }
    return [Case("CNN", ways, tolerance=1e-4)]
