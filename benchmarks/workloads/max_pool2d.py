"""(f) What does pooling cost, forward and gradient?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.measure import Case, Way

TITLE = "(f) max_pool2d, forward and gradient"
NOTES: list[str] = []
DIVIDES_BATCHES = True
_SHAPES = [((64, 16, 28, 28), 2, 2), ((64, 32, 14, 14), 2, 2), ((16, 16, 56, 56), 3, 2)]


def cases(quick: bool) -> list[Case]:
    """One case for each shape."""
    return [_case(shape if not quick else (2, 2, *shape[2:]), *window) for shape, *window in _SHAPES]


def _case(shape: tuple[int, ...], size: int, stride: int) -> Case:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype(np.float32)
    side = (shape[2] - size) // stride + 1
    g = rng.standard_normal((*shape[:2], side, side)).astype(np.float32)
    found: dict[str, Any] = {}

    def way(peer: str, compute: Callable[[], Any]) -> Way:
        def step() -> None:
            found[peer] = compute()

        return Way(step, lambda: [np.asarray(array) for array in found[peer]])

    def minigrad() -> Way:
        import minigrad as mg

        images = mg.Tensor(x, requires_grad=True)

        def compute() -> Any:
            y = mg.max_pool2d(images, size, stride)
            return y.detach(), *mg.gradients(y, [images], seed=g)

        return way("minigrad", compute)

    def torch() -> Way:
        import torch
        from torch.nn import functional

        images, seed = torch.tensor(x, requires_grad=True), torch.tensor(g)

        def compute() -> Any:
            y = functional.max_pool2d(images, size, stride)
            return y.detach(), *torch.autograd.grad(y, images, seed)

        return way("PyTorch", compute)

    def jax() -> Way:
        import jax
        from jax import lax
        from jax import numpy as jnp

        def pool(images: Any) -> Any:
            window, steps = (1, 1, size, size), (1, 1, stride, stride)
            return lax.reduce_window(images, -jnp.inf, lax.max, window, steps, "VALID")

        @jax.jit
        def compute(images: Any, seed: Any) -> Any:
            y, pull_back = jax.vjp(pool, images)
            return y, *pull_back(seed)

        arrays = [jnp.asarray(x), jnp.asarray(g)]
        return way("JAX", lambda: jax.block_until_ready(compute(*arrays)))

    name = f"{'x'.join(map(str, shape))}, window {size}, stride {stride}"
    return Case(name, {"minigrad": minigrad, "PyTorch": torch, "JAX": jax}, tolerance=1e-6)
