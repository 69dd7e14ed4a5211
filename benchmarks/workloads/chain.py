"""(a) What does an operation cost by itself: a chain of scalar operations, forward and backward?"""

from __future__ import annotations

from typing import Any

from benchmarks.measure import Case, Way

TITLE = "(a) chain of 10,000 scalar operations"
NOTES = ["(a) JAX compiles the whole chain before, which takes half a minute and is not counted."]
DIVIDES_BATCHES = False
_START = 0.5


def chain(tanh: Any, x: Any, length: int) -> Any:
    """The end of a chain of so many operations that starts with x, in anybody's tensors."""
    y = x
    for _ in range(length // 4):
        y = tanh(y)
        y = y * 1.01
        y = y + x
        y = y - 0.01
    return y


def cases(quick: bool) -> list[Case]:
    """One chain."""
    length = 400 if quick else 10_000
    found: dict[str, list[Any]] = {}

    def way(peer: str, gradient: Any) -> Way:
        def step() -> None:
            found[peer] = [gradient()]

        return Way(step, lambda: [float(found[peer][0])])

    def minigrad() -> Way:
        import minigrad as mg

        def gradient() -> Any:
            x = mg.Tensor(_START, requires_grad=True)
            chain(mg.tanh, x, length).backward()
            return x.grad

        return way("minigrad", gradient)

    def compiled(engine: Any) -> Way:
        import minigrad as mg

        slope = mg.compile(mg.grad(lambda x: chain(mg.tanh, x, length)), engine=engine)
        return way(engine, lambda: slope(_START))

    def torch() -> Way:
        import torch

        def gradient() -> Any:
            x = torch.tensor(_START, dtype=torch.float64, requires_grad=True)
            chain(torch.tanh, x, length).backward()
            return x.grad

        return way("PyTorch", gradient)

    def autograd() -> Way:
        import autograd.numpy
        from autograd import grad

        derivative = grad(lambda x: chain(autograd.numpy.tanh, x, length))
        return way("autograd", lambda: derivative(_START))

    def mygrad() -> Way:
        import mygrad

        def gradient() -> Any:
            x = mygrad.tensor(_START)
            chain(mygrad.tanh, x, length).backward()
            return x.grad

        return way("MyGrad", gradient)

    def jax() -> Way:
        import jax

        derivative = jax.jit(jax.grad(lambda x: chain(jax.numpy.tanh, x, length)))
        return way("JAX", lambda: jax.block_until_ready(derivative(_START)))

    ways = {"minigrad": minigrad, "PyTorch": torch, "JAX": jax, "autograd": autograd, "MyGrad": mygrad}
    ways |= {"minigrad compiled": lambda: compiled("numpy"), "minigrad on JAX": lambda: compiled("jax")}
    return [Case("chain", ways, tolerance=1e-12)]
