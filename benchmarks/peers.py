"""Which peers are there, is each of them installed, and how does minigrad run when it is compiled?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

from benchmarks.measure import Way

# The module that has to be importable, by the name of the peer. "NumPy" is what somebody wrote by hand, in layers;
# "tight NumPy" is one function for the whole step.
MODULES = {
    "minigrad": "minigrad",
    "minigrad compiled": "minigrad",
    "minigrad on JAX": "jax",
    "NumPy": "numpy",
    "tight NumPy": "numpy",
    "PyTorch": "torch",
    "PyTorch compiled": "torch",
    "JAX": "jax",
    "autograd": "autograd",
    "MyGrad": "mygrad",
}


def is_installed(peer: str) -> bool:
    """Whether a peer can be imported."""
    return find_spec(MODULES[peer]) is not None


def ways_of_minigrad(make: Callable[[Callable[[Any], Any]], Way]) -> dict[str, Callable[[], Way]]:
    """minigrad's ways to do the work of a case: as it comes, and compiled for each engine.

    Args:
        make: prepares a way. It is given what has to be applied to the function that is called in each step.
    """

    def compiled(engine: Any) -> Way:
        import minigrad as mg

        return make(partial(mg.compile, engine=engine))

    return {
        "minigrad": lambda: make(lambda function: function),
        "minigrad compiled": lambda: compiled("numpy"),
        "minigrad on JAX": lambda: compiled("jax"),
    }


def ways_of_torch(make: Callable[[Callable[[Any], Any]], Way]) -> dict[str, Callable[[], Way]]:
    """PyTorch's ways; `make` is given what has to be applied to the model, and to the function of the loss."""

    def compiled() -> Way:
        import torch

        return make(torch.compile)

    return {"PyTorch": lambda: make(lambda function: function), "PyTorch compiled": compiled}
