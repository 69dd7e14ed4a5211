"""(e) What does the reference project's convolutional network cost, one sample a step?"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.hand import reference
from benchmarks.measure import Case, Way
from benchmarks.peers import ways_of_minigrad, ways_of_torch

TITLE = "(e) reference CNN, one sample a step, float64, SGD"
NOTES = [
    "(b), (e) The hand-written passes of the reference project find the gradient of the input, too, which nobody else "
    "does: about 5% and 20% of their time.",
]
DIVIDES_BATCHES = False
_RATE = 0.1


def cases(quick: bool) -> list[Case]:
    """One network, trained on a few samples one after the other."""
    rng = np.random.default_rng(0)
    samples = rng.random((1 if quick else 40, 1, 28, 28))
    targets = np.eye(2)[rng.integers(0, 2, len(samples))]
    models = reference("models")
    network = models.tempered(models.convolutional(reference("layers").TiedConvolutional, rng))
    arrays = [array.copy() for layer in network for array in layer.parameters]
    # Weights that act on rows are the transposes of those that act on columns.
    start = [
        array if array.ndim == 4 else array.T.copy() if array.ndim == 2 and array.shape[1] > 1 else array.ravel()
        for array in arrays
    ]
    pairs = list(zip(samples[:, np.newaxis], targets[:, np.newaxis], strict=True))

    def hand() -> Way:
        learn, prime = reference("network"), reference("losses").binary_cross_entropy_prime

        def step() -> None:
            for x, y in pairs:
                prediction = learn.predict(network, x[0])
                learn.pull_back(network, prime(y.T, prediction), _RATE)

        parameters = [array for layer in network for array in layer.parameters]
        return Way(
            step, lambda: [a if a.ndim == 4 else a.T.reshape(s.shape) for a, s in zip(parameters, start, strict=True)]
        )

    def minigrad(compiled: Any) -> Way:
        from minigrad import losses, nn, optim

        model = nn.Sequential(
            nn.Conv(1, 5, 3, dtype=np.float64),
            nn.Sigmoid(),
            nn.Flatten(),
            nn.Dense(3380, 100, dtype=np.float64),
            nn.Sigmoid(),
            nn.Dense(100, 2, dtype=np.float64),
            nn.Sigmoid(),
        )
        for parameter, values in zip(model.parameters(), start, strict=True):
            parameter.data = values
        optimizer = optim.SGD(model.parameters(), lr=_RATE)

        @compiled
        def descend(x: Any, y: Any) -> Any:
            loss = losses.bce(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        def step() -> None:
            for x, y in pairs:
                descend(x, y)

        return Way(step, lambda: [parameter.numpy() for parameter in model.parameters()])

    def torch(compiled: Any) -> Way:
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(1, 5, 3),
            nn.Sigmoid(),
            nn.Flatten(),
            nn.Linear(3380, 100),
            nn.Sigmoid(),
            nn.Linear(100, 2),
            nn.Sigmoid(),
        ).double()
        with torch.no_grad():
            for parameter, values in zip(model.parameters(), start, strict=True):
                parameter.copy_(torch.tensor(values.T if values.ndim == 2 else values))
        optimizer = torch.optim.SGD(model.parameters(), lr=_RATE)
        tensors = [(torch.tensor(x), torch.tensor(y)) for x, y in pairs]
        criterion = compiled(lambda x, y: nn.functional.binary_cross_entropy(model(x), y))

        def step() -> None:
            for x, y in tensors:
                loss = criterion(x, y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

        found = list(model.parameters())
        return Way(
            step, lambda: [each.detach().numpy().T if each.ndim == 2 else each.detach().numpy() for each in found]
        )

    def jax() -> Way:
        import jax
        from jax import lax
        from jax import numpy as jnp

        def loss(parameters: Any, x: Any, y: Any) -> Any:
            kernels, first, weight, second, last, third = parameters
            maps = jax.nn.sigmoid(lax.conv(x, kernels, (1, 1), "VALID") + first[:, None, None])
            hidden = jax.nn.sigmoid(maps.reshape(1, -1) @ weight + second)
            p = jax.nn.sigmoid(hidden @ last + third)
            return -jnp.mean(y * jnp.log(p) + (1.0 - y) * jnp.log(1.0 - p))

        @jax.jit
        def update(parameters: Any, x: Any, y: Any) -> Any:
            gradients = jax.grad(loss)(parameters, x, y)
            return [value - _RATE * gradient for value, gradient in zip(parameters, gradients, strict=True)]

        state = {"parameters": [jnp.asarray(values) for values in start]}
        arrays = [(jnp.asarray(x), jnp.asarray(y)) for x, y in pairs]

        def step() -> None:
            for x, y in arrays:
                state["parameters"] = jax.block_until_ready(update(state["parameters"], x, y))

        return Way(step, lambda: state["parameters"])

    ways = {**ways_of_minigrad(minigrad), "NumPy": hand, **ways_of_torch(torch), "JAX": jax}
    return [Case("reference CNN", ways, tolerance=1e-8, calls=len(pairs))]
