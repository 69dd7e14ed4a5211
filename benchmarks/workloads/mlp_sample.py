"""(b) What does a small network cost, one sample a step: the reference project's perceptron?"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.hand import reference, tight_step
from benchmarks.measure import Case, Way
from benchmarks.peers import ways_of_minigrad, ways_of_torch

TITLE = "(b) reference MLP 784-40-10, one sample a step, float64, SGD"
NOTES = ["(b) tight NumPy is one function for the whole step of one sample, with memory of its own, and in place."]
DIVIDES_BATCHES = False
_RATE = 0.1


def cases(quick: bool) -> list[Case]:
    """One network, trained on a few samples one after the other."""
    rng = np.random.default_rng(0)
    samples = rng.random((2 if quick else 200, 784))
    targets = np.eye(10)[rng.integers(0, 10, len(samples))]
    network = reference("models").tempered(reference("models").perceptron(rng))
    # Columns, as the reference has them; weights that act on rows are their transposes.
    arrays = [array.copy() for layer in network for array in layer.parameters]
    rows = [array.T.copy() if array.shape[1] > 1 else array[:, 0].copy() for array in arrays]
    pairs = list(zip(samples[:, np.newaxis], targets[:, np.newaxis], strict=True))

    def hand() -> Way:
        learn, prime = reference("network"), reference("losses").mse_prime

        def step() -> None:
            for x, y in pairs:
                prediction = learn.predict(network, x.T)
                learn.pull_back(network, prime(y.T, prediction), _RATE)

        parameters = [array for layer in network for array in layer.parameters]
        return Way(step, lambda: [array.T if array.shape[1] > 1 else array[:, 0] for array in parameters])

    def tight() -> Way:
        parameters = [array.copy() for array in rows]
        moves = [np.empty_like(array) for array in parameters[::2]]

        def step() -> None:
            for x, y in pairs:
                tight_step(parameters, moves, x, y, _RATE)

        return Way(step, lambda: parameters)

    def minigrad(compiled: Any) -> Way:
        from minigrad import losses, nn, optim

        model = nn.Sequential(
            nn.Dense(784, 40, dtype=np.float64), nn.Tanh(), nn.Dense(40, 10, dtype=np.float64), nn.Tanh()
        )
        for parameter, values in zip(model.parameters(), rows, strict=True):
            parameter.data = values
        optimizer = optim.SGD(model.parameters(), lr=_RATE)

        @compiled
        def descend(x: Any, y: Any) -> Any:
            loss = losses.mse(model(x), y)
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

        model = nn.Sequential(nn.Linear(784, 40), nn.Tanh(), nn.Linear(40, 10), nn.Tanh()).double()
        with torch.no_grad():
            for parameter, values in zip(model.parameters(), rows, strict=True):
                parameter.copy_(torch.tensor(values.T))
        optimizer = torch.optim.SGD(model.parameters(), lr=_RATE)
        tensors = [(torch.tensor(x), torch.tensor(y)) for x, y in pairs]
        criterion = compiled(lambda x, y: nn.functional.mse_loss(model(x), y))

        def step() -> None:
            for x, y in tensors:
                loss = criterion(x, y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

        return Way(step, lambda: [parameter.detach().numpy().T for parameter in model.parameters()])

    def functional(grad: Any, tanh: Any, mean: Any, convert: Any, given: Any = np.asarray) -> Way:
        def loss(parameters: Any, x: Any, y: Any) -> Any:
            first, second, third, fourth = parameters
            return mean((tanh(tanh(x @ first + second) @ third + fourth) - y) ** 2)

        update = grad(loss)
        state = {"parameters": [convert(values) for values in rows]}
        inputs = [(given(x), given(y)) for x, y in pairs]

        def step() -> None:
            for x, y in inputs:
                state["parameters"] = update(state["parameters"], x, y)

        return Way(step, lambda: state["parameters"])

    def jax() -> Way:
        import jax
        from jax import numpy as jnp

        def update(loss: Any) -> Any:
            @jax.jit
            def descend(parameters: Any, x: Any, y: Any) -> Any:
                gradients = jax.grad(loss)(parameters, x, y)
                return [value - _RATE * gradient for value, gradient in zip(parameters, gradients, strict=True)]

            return lambda *args: jax.block_until_ready(descend(*args))

        return functional(update, jnp.tanh, jnp.mean, jnp.asarray, jnp.asarray)

    def autograd() -> Way:
        import autograd.numpy as anp
        from autograd import grad

        def update(loss: Any) -> Any:
            gradient = grad(loss)

            def descend(parameters: Any, x: Any, y: Any) -> Any:
                gradients = gradient(parameters, x, y)
                return [value - _RATE * each for value, each in zip(parameters, gradients, strict=True)]

            return descend

        return functional(update, anp.tanh, anp.mean, np.copy)

    def mygrad() -> Way:
        import mygrad as my

        def update(loss: Any) -> Any:
            def descend(parameters: Any, x: Any, y: Any) -> Any:
                loss(parameters, x, y).backward()
                for parameter in parameters:
                    parameter.data -= _RATE * parameter.grad
                return parameters

            return descend

        way = functional(update, my.tanh, my.mean, lambda values: my.tensor(values.copy()))
        return Way(way.step, lambda: [parameter.data for parameter in way.result()])

    ways = {
        **ways_of_minigrad(minigrad),
        "NumPy": hand,
        "tight NumPy": tight,
        **ways_of_torch(torch),
        "JAX": jax,
        "autograd": autograd,
        "MyGrad": mygrad,
    }
    return [Case("reference MLP", ways, tolerance=1e-9, calls=len(pairs))]
