"""(c) What does a network of middle size cost, a batch a step?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.hand import Adam, perceptron_gradients
from benchmarks.measure import Case, Way
from benchmarks.peers import ways_of_minigrad, ways_of_torch

TITLE = "(c) MLP 784-256-128-10, batch 128, float32, cross-entropy, Adam"
NOTES = [
    "(c) autograd and MyGrad use the Adam of the hand-written version; PyTorch's has its defaults, and is not fused.",
    "(b)-(e) PyTorch compiled: torch.compile of the model with its loss; the optimiser stays as it is.",
]
DIVIDES_BATCHES = False
SIZES = (784, 256, 128, 10)


def initial(rng: np.random.Generator, sizes: Sequence[int] = SIZES) -> list[Any]:
    """Weights and biases in turns, float32."""
    arrays = []
    for inputs, outputs in pairwise(sizes):
        arrays.append((rng.standard_normal((inputs, outputs)) / np.sqrt(inputs)).astype(np.float32))
        arrays.append(np.zeros(outputs, np.float32))
    return arrays


def minigrad_step(start: Sequence[Any], compiled: Callable[[Any], Any] = lambda step: step) -> Callable[..., Any]:
    """A training step of images and labels; `compiled` is applied to it."""
    from minigrad import losses, nn, optim

    layers: list[nn.Layer] = []
    for weight in start[::2]:
        layers += [nn.Dense(*weight.shape), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    for parameter, values in zip(model.parameters(), start, strict=True):
        parameter.data = values
    optimizer = optim.Adam(model.parameters())

    @compiled
    def step(x: Any, labels: Any) -> Any:
        loss = losses.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step  # type: ignore[no-any-return]  # as the decorator leaves it


def cases(quick: bool) -> list[Case]:
    """One network and one batch."""
    rng = np.random.default_rng(0)
    x = rng.random((8 if quick else 128, 784), dtype=np.float32)
    labels = rng.integers(0, 10, len(x))
    start = initial(rng)

    def way(step: Callable[[], Any]) -> Way:
        """A training step; the losses of the first two are compared, because Adam enlarges the smallest differences."""
        found: list[float] = []

        def counted() -> None:
            loss = step()
            if len(found) < 2:
                found.append(float(loss.item()))

        def result() -> list[float]:
            while len(found) < 2:
                counted()
            return found

        return Way(counted, result)

    def minigrad(compiled: Any) -> Way:
        step = minigrad_step(start, compiled)
        return way(lambda: step(x, labels))

    def by_hand(gradients: Callable[[Any], Any]) -> Way:
        parameters = [values.copy() for values in start]
        optimizer = Adam(parameters)

        def step() -> Any:
            loss, found = gradients(parameters)
            optimizer.step(found)
            return loss

        return way(step)

    def hand() -> Way:
        return by_hand(lambda parameters: perceptron_gradients(parameters, x, labels))

    def torch(compiled: Any) -> Way:
        import torch
        from torch import nn

        layers: list[Any] = []
        for weight in start[::2]:
            layers += [nn.Linear(*weight.shape), nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        with torch.no_grad():
            for parameter, values in zip(model.parameters(), start, strict=True):
                parameter.copy_(torch.tensor(values.T))
        optimizer = torch.optim.Adam(model.parameters())
        images, classes = torch.tensor(x), torch.tensor(labels)
        criterion = compiled(lambda x, labels: nn.functional.cross_entropy(model(x), labels))

        def step() -> Any:
            loss = criterion(images, classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.detach()

        return way(step)

    one_hot = np.eye(10, dtype=np.float32)[labels]

    def cross_entropy(numpy: Any) -> Callable[..., Any]:
        def loss(parameters: Any, x: Any = x, one_hot: Any = one_hot) -> Any:
            y = x
            for position in range(0, len(parameters), 2):
                y = y @ parameters[position] + parameters[position + 1]
                if position < len(parameters) - 2:
                    y = numpy.maximum(y, 0.0)
            y = y - numpy.max(y, axis=1, keepdims=True)
            picked = numpy.sum(y * one_hot, axis=1)
            return numpy.mean(numpy.log(numpy.sum(numpy.exp(y), axis=1)) - picked)

        return loss

    def jax() -> Way:
        import jax
        from jax import numpy as jnp

        loss = cross_entropy(jnp)

        @jax.jit
        def update(parameters: Any, means: Any, squares: Any, count: Any, x: Any, one_hot: Any) -> Any:
            value, gradients = jax.value_and_grad(loss)(parameters, x, one_hot)
            means = [0.9 * m + 0.1 * g for m, g in zip(means, gradients, strict=True)]
            squares = [0.999 * v + 0.001 * g * g for v, g in zip(squares, gradients, strict=True)]
            first, second = 1.0 - 0.9**count, 1.0 - 0.999**count
            moves = [m / first / (jnp.sqrt(v / second) + 1e-8) for m, v in zip(means, squares, strict=True)]
            return value, [p - 1e-3 * move for p, move in zip(parameters, moves, strict=True)], means, squares

        zeros = [jnp.zeros_like(values) for values in start]
        state: dict[str, Any] = {"arrays": ([jnp.asarray(values) for values in start], zeros, zeros), "count": 0}
        batch = x, one_hot

        def step() -> Any:
            state["count"] += 1
            value, *arrays = jax.block_until_ready(update(*state["arrays"], np.float32(state["count"]), *batch))
            state["arrays"] = arrays
            return value

        return way(step)

    def autograd() -> Way:
        import autograd.numpy as anp
        from autograd import value_and_grad

        return by_hand(value_and_grad(cross_entropy(anp)))

    def mygrad() -> Way:
        import mygrad as my

        loss = cross_entropy(my)

        def gradients(parameters: Any) -> Any:
            tensors = [my.tensor(values, copy=False) for values in parameters]
            value = loss(tensors)
            value.backward()
            return value.data, [tensor.grad for tensor in tensors]

        return by_hand(gradients)

    ways = {
        **ways_of_minigrad(minigrad),
        "NumPy": hand,
        **ways_of_torch(torch),
        "JAX": jax,
        "autograd": autograd,
        "MyGrad": mygrad,
    }
    return [Case("MLP", ways, tolerance=1e-5)]
