"""How does each peer find the value and the gradients of one function of arrays?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.measure import Way
from benchmarks.peers import ways_of_minigrad


def gradient_ways(
    make: Callable[..., Callable[..., Any]], parameters: Sequence[Any], constants: Sequence[Any]
) -> dict[str, Callable[[], Way]]:
    """Ways to find the value of a function and its gradients with respect to all parameters.

    Args:
        make: gives the function, from the module whose functions it is to call and from the constants.
        parameters: float64 arrays.
        constants: other arrays that it uses.
    """
    positions = tuple(range(len(parameters)))

    def minigrad(compiled: Any) -> Way:
        import minigrad as mg

        gradient = compiled(mg.value_and_grad(make(np, *constants), positions))
        return way_of(lambda: gradient(*parameters))

    def torch() -> Way:
        import torch

        function = make(torch, *map(torch.tensor, constants))
        tensors = [torch.tensor(values, requires_grad=True) for values in parameters]

        def gradient() -> Any:
            value = function(*tensors)
            return value.detach(), torch.autograd.grad(value, tensors)

        return way_of(gradient)

    def jax() -> Way:
        import jax

        function = jax.jit(jax.value_and_grad(make(jax.numpy, *constants), positions))
        arrays = [jax.numpy.asarray(values) for values in parameters]
        return way_of(lambda: jax.block_until_ready(function(*arrays)))

    def autograd() -> Way:
        import autograd.numpy
        from autograd import value_and_grad

        gradient = value_and_grad(make(autograd.numpy, *constants), positions)
        return way_of(lambda: gradient(*parameters))

    return {**ways_of_minigrad(minigrad), "PyTorch": torch, "JAX": jax, "autograd": autograd}


def way_of(gradient: Callable[[], Any]) -> Way:
    """A way whose steps give a value and a sequence of gradients."""
    found: list[Any] = []

    def step() -> None:
        found[:] = [gradient()]

    def result() -> list[Any]:
        value, gradients = found[0]
        return [np.asarray(each) for each in (value, *gradients)]

    return Way(step, result)
