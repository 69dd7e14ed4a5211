"""What is a fully connected layer?"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.annotations import Numbers
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import shape_of
from minigrad.nn.initializers import Initializer, Seed, glorot_uniform, initial, parameter
from minigrad.nn.layer import Layer
from minigrad.ops import matmul
from minigrad.ops.linalg.products import matmul_with_bias
from minigrad.ops.nn.arguments import is_integer


class Dense(Layer):
    """x @ weight + bias: (N, in_features) gives (N, out_features); any leading dimensions are kept.

    Args:
        in_features, out_features: sizes of the last dimension before and after.
        bias: whether to add one.
        dtype: of the parameters, float32 by default.
        rng: a seed or generator for the initial weights.
        init: an initialiser of `minigrad.nn.initializers`. Biases start at 0.

    Attributes:
        weight: shape (in_features, out_features).
        bias: shape (out_features,), or None.

    Raises:
        ValueError: for sizes below 1, or an initialiser that gives another shape; when called, for another number of
            features.
        TypeError: for an initialiser that is no function, or gives no real numbers.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
        rng: Seed = None,
        init: Initializer = glorot_uniform,
    ) -> None:
        if not all(is_integer(size) and size >= 1 for size in (in_features, out_features)):
            raise ValueError(f"Dense needs at least 1 feature in and out, not {in_features!r} and {out_features!r}")
        self.in_features = in_features
        self.out_features = out_features
        name = f"Dense({in_features}, {out_features})"
        values = initial(name, init, (in_features, out_features), in_features, out_features, rng)
        self.weight = parameter(values, dtype, f"{name}.weight")
        self.bias = parameter(np.zeros(out_features), dtype, f"{name}.bias") if bias else None

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """x @ weight + bias."""
        shape = shape_of(x)
        if not shape or shape[-1] != self.in_features:
            raise ValueError(
                f"{self!r} expects inputs of shape (..., {self.in_features}); got {shape}"
                + ("; flatten images first, with nn.Flatten()" if len(shape) > 2 else "")
            )
        return matmul(x, self.weight) if self.bias is None else matmul_with_bias(x, self.weight, self.bias)

    def __repr__(self) -> str:
        return f"Dense({self.in_features}, {self.out_features}{'' if self.bias is not None else ', bias=False'})"
