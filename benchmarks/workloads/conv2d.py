"""(f) What does a convolution cost, forward and both gradients, for kernels and images of many shapes?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measure import Case, Way

TITLE = "(f) conv2d, forward and both gradients"
NOTES = [
    "(f) The choice of algorithms was fitted without the shapes that are held out; not written for autograd, MyGrad."
]
DIVIDES_BATCHES = True


class Shape(NamedTuple):
    """One convolution: samples, channels, side of the images, kernels and their side."""

    samples: int
    channels: int
    side: int
    kernels: int
    size: int
    stride: int = 1
    padding: int = 0
    dtype: str = "float32"
    dilation: int = 1
    groups: int = 1

    def __str__(self) -> str:
        parts = [f"{self.samples}x{self.channels}x{self.side}^2, {self.kernels} of {self.size}^2"]
        parts += [f"stride {self.stride}"] if self.stride > 1 else []
        parts += [f"padding {self.padding}"] if self.padding else []
        parts += [f"dilation {self.dilation}"] if self.dilation > 1 else []
        parts += [f"groups {self.groups}"] if self.groups > 1 else []
        return ", ".join([*parts, self.dtype])


# The rule that chooses an algorithm was fitted to these.
FITTED = [
    Shape(32, 32, 28, 64, 1),
    Shape(16, 64, 28, 16, 1, dtype="float64"),
    Shape(8, 64, 56, 64, 1, stride=2),
    Shape(32, 16, 28, 32, 2, stride=2),
    Shape(64, 1, 28, 16, 3, padding=1),
    Shape(64, 16, 14, 32, 3, padding=1),
    Shape(1, 1, 28, 5, 3, dtype="float64"),
    Shape(32, 3, 32, 16, 3, padding=1),
    Shape(32, 16, 32, 16, 3, padding=1),
    Shape(16, 64, 16, 64, 3, padding=1),
    Shape(8, 32, 56, 32, 3, padding=1),
    Shape(64, 32, 7, 64, 3, padding=1),
    Shape(32, 8, 28, 8, 3, dtype="float64"),
    Shape(16, 32, 28, 64, 3, padding=1, dtype="float64"),
    Shape(32, 16, 28, 32, 3, stride=2, padding=1),
    Shape(16, 32, 14, 64, 3, stride=2, padding=1, dtype="float64"),
    Shape(16, 4, 14, 8, 4),
    Shape(32, 1, 28, 6, 5),
    Shape(32, 6, 12, 16, 5),
    Shape(16, 16, 28, 32, 5, padding=2),
    Shape(8, 3, 64, 16, 5, padding=2, dtype="float64"),
    Shape(4, 3, 96, 32, 7, stride=2, padding=3),
    Shape(4, 3, 224, 64, 7, stride=2, padding=3),
    Shape(4, 16, 56, 16, 7, padding=3),
    Shape(4, 8, 48, 8, 7, dtype="float64"),
    Shape(4, 3, 96, 16, 9),
    Shape(4, 16, 48, 16, 9, padding=4),
    Shape(2, 8, 64, 8, 11, dtype="float64"),
    Shape(4, 3, 128, 32, 11, stride=4, padding=2),
    Shape(4, 1, 128, 8, 15, padding=7),
    Shape(2, 4, 96, 8, 15, dtype="float64"),
    Shape(1, 3, 128, 8, 21),
    Shape(2, 1, 96, 4, 31),
    Shape(1, 4, 128, 4, 31, padding=15, dtype="float64"),
]
# These were not, and show whether it holds for others.
HELD_OUT = [
    Shape(8, 48, 28, 24, 1),
    Shape(6, 10, 30, 20, 2, dtype="float64"),
    Shape(24, 24, 20, 48, 3, padding=1),
    Shape(12, 20, 24, 40, 3, padding=1),
    Shape(32, 2, 36, 12, 3, padding=1),
    Shape(48, 40, 8, 40, 3, padding=1),
    Shape(16, 12, 40, 24, 3, stride=2, padding=1),
    Shape(8, 10, 32, 20, 3, stride=2, padding=1, dtype="float64"),
    Shape(20, 6, 18, 10, 4, stride=2),
    Shape(16, 8, 24, 24, 5, padding=2, dtype="float64"),
    Shape(6, 12, 30, 18, 5, padding=2),
    Shape(4, 5, 60, 10, 7, padding=3),
    Shape(8, 8, 40, 12, 9, padding=4),
    Shape(4, 4, 80, 8, 13, padding=6),
    Shape(2, 6, 72, 6, 17),
    Shape(2, 3, 110, 6, 19),
    Shape(2, 2, 100, 4, 25, padding=12, dtype="float64"),
]
SPREAD = [
    Shape(16, 16, 28, 32, 3, padding=2, dilation=2),
    Shape(8, 4, 48, 8, 5, padding=4, dilation=2, dtype="float64"),
    Shape(16, 32, 28, 64, 3, padding=1, groups=4),
    Shape(16, 32, 28, 32, 3, padding=1, groups=32),
]
_QUICK = [Shape(2, 2, 9, 3, 3, padding=1), Shape(1, 1, 20, 2, 9, dtype="float64")]


def cases(quick: bool) -> list[Case]:
    """One case for each shape."""
    if quick:
        return [_case(shape, "fitted") for shape in _QUICK] + [_case(Shape(1, 2, 6, 2, 2, stride=2), "held out")]
    groups = {"fitted": FITTED, "held out": HELD_OUT, "dilation, groups": SPREAD}
    return [_case(shape, group) for group, shapes in groups.items() for shape in shapes]


def _case(shape: Shape, group: str) -> Case:
    rng = np.random.default_rng(0)
    dtype = np.dtype(shape.dtype)
    x = rng.standard_normal((shape.samples, shape.channels, shape.side, shape.side)).astype(dtype)
    kernels = (shape.kernels, shape.channels // shape.groups, shape.size, shape.size)
    w = rng.standard_normal(kernels).astype(dtype)
    reach = shape.dilation * (shape.size - 1) + 1
    side = (shape.side + 2 * shape.padding - reach) // shape.stride + 1
    g = rng.standard_normal((shape.samples, shape.kernels, side, side)).astype(dtype)
    found: dict[str, Any] = {}

    def way(peer: str, compute: Callable[[], Any]) -> Way:
        def step() -> None:
            found[peer] = compute()

        return Way(step, lambda: [np.asarray(array) for array in found[peer]])

    def minigrad() -> Way:
        import minigrad as mg

        images, weights = mg.Tensor(x, requires_grad=True), mg.Tensor(w, requires_grad=True)

        def compute() -> Any:
            y = mg.conv2d(images, weights, shape.stride, shape.padding, shape.dilation, shape.groups)
            by_images, by_weights = mg.gradients(y, [images, weights], seed=g)
            return y.detach(), by_images, by_weights

        return way("minigrad", compute)

    def torch() -> Way:
        import torch
        from torch.nn import functional

        images, weights = torch.tensor(x, requires_grad=True), torch.tensor(w, requires_grad=True)
        seed = torch.tensor(g)

        def compute() -> Any:
            y = functional.conv2d(
                images,
                weights,
                stride=shape.stride,
                padding=shape.padding,
                dilation=shape.dilation,
                groups=shape.groups,
            )
            return y.detach(), *torch.autograd.grad(y, [images, weights], seed)

        return way("PyTorch", compute)

    def jax() -> Way:
        import jax
        from jax import lax

        def convolve(images: Any, weights: Any) -> Any:
            padding, steps = [(shape.padding, shape.padding)] * 2, (shape.dilation, shape.dilation)
            return lax.conv_general_dilated(
                images, weights, (shape.stride,) * 2, padding, rhs_dilation=steps, feature_group_count=shape.groups
            )

        @jax.jit
        def compute(images: Any, weights: Any, seed: Any) -> Any:
            y, pull_back = jax.vjp(convolve, images, weights)
            return y, *pull_back(seed)

        arrays = [jax.numpy.asarray(array) for array in (x, w, g)]
        return way("JAX", lambda: jax.block_until_ready(compute(*arrays)))

    tolerance = 1e-4 if shape.dtype == "float32" else 1e-11
    return Case(str(shape), {"minigrad": minigrad, "PyTorch": torch, "JAX": jax}, tolerance, group)
