"""Which peers are there, and is each of them installed?"""

from __future__ import annotations

from importlib.util import find_spec

# The module that has to be importable, by the name of the peer; minigrad and hand-written NumPy need no more.
MODULES = {
    "minigrad": "minigrad",
    "NumPy": "numpy",
    "PyTorch": "torch",
    "JAX": "jax",
    "autograd": "autograd",
    "MyGrad": "mygrad",
}


def is_installed(peer: str) -> bool:
    """Whether a peer can be imported."""
    return find_spec(MODULES[peer]) is not None
