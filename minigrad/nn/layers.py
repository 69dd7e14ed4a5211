"""The layers with an equation of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.annotations import Numbers
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import shape_of
from minigrad.nn.initializers import Initializer, Seed, glorot_uniform, initial
from minigrad.nn.layer import Layer, written
from minigrad.nn.stateless import Stateless, Values
from minigrad.ops import avg_pool2d, conv2d, matmul, max_pool2d, reshape
from minigrad.ops.linalg.products import matmul_with_bias
from minigrad.ops.nn.arguments import Padding, Pair, checked_padding, is_integer, pair
from minigrad.ops.nn.conv2d import conv2d_with_bias


class Sequential(Layer):
    """Layers applied one after the other.

    Raises:
        TypeError: for an argument that is not a Layer.

    Examples:
        >>> model = nn.Sequential(nn.Dense(4, 3, rng=0), nn.Tanh(), nn.Dense(3, 2, rng=1))
        >>> model(np.ones((5, 4))).shape
        (5, 2)
    """

    def __init__(self, *layers: Layer) -> None:
        for position, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                hint = "; pass layers one by one, not in a list" if isinstance(layer, (list, tuple)) else ""
                raise TypeError(f"Sequential: argument {position} is a {type(layer).__name__}, not a Layer{hint}")
        self.layers = layers

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """x through every layer in order."""
        out: Any = x
        for layer in self.layers:
            out = layer(out)
        return out  # type: ignore[no-any-return]  # an array, where it has no parameters and is given one

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, position: int) -> Layer:
        return self.layers[position]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __repr__(self) -> str:
        return written(type(self).__name__, [repr(layer) for layer in self.layers])


def _parameter(values: Any, dtype: DTypeLike, name: str) -> Tensor:
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"{name}: parameters have a floating dtype, not {np.dtype(dtype)}")
    return Tensor(values, requires_grad=True, dtype=dtype, name=name)


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
        self.weight = _parameter(values, dtype, f"{name}.weight")
        self.bias = _parameter(np.zeros(out_features), dtype, f"{name}.bias") if bias else None

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


class Conv(Layer):
    """Cross-correlation with a bank of kernels, plus a bias for each: (N, C, H, W) gives (N, K, rows, columns).

    Args:
        in_channels, out_channels: C and K.
        kernel_size, stride: an integer for both axes, or (rows, columns).
        padding: "valid", "same", or zeros around the image as in `minigrad.conv2d`.
        dilation, groups: as in `minigrad.conv2d`; with ``groups=C`` every channel has kernels of its own.
        bias: whether to add one.
        dtype: of the parameters, float32 by default.
        rng: a seed or generator for the initial weights.
        init: an initialiser of `minigrad.nn.initializers`. Biases start at 0.

    Attributes:
        weight: the kernels, of shape (out_channels, in_channels / groups, h, w).
        bias: shape (out_channels,), or None.

    Raises:
        ValueError: for sizes below 1, channels that cannot be divided into the groups, or an initialiser that gives
            another shape; when called, for images of another rank or channel count, or smaller than the kernel.
        TypeError: for an initialiser that is no function, or gives no real numbers.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Padding = "valid",
        bias: bool = True,
        dtype: DTypeLike = np.float32,
        rng: Seed = None,
        init: Initializer = glorot_uniform,
        dilation: Pair = 1,
        groups: int = 1,
    ) -> None:
        if not all(is_integer(size) and size >= 1 for size in (in_channels, out_channels)):
            raise ValueError(f"Conv needs at least 1 channel in and out, not {in_channels!r} and {out_channels!r}")
        if not is_integer(groups) or groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"Conv: {in_channels} and {out_channels} channels cannot be divided into {groups!r} groups"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair(kernel_size, "Conv kernel_size")
        self.stride = pair(stride, "Conv stride")
        checked_padding(padding, "Conv padding")
        self.padding = padding
        self.dilation = pair(dilation, "Conv dilation")
        self.groups = groups
        taps = math.prod(self.kernel_size)
        fan_in, fan_out = in_channels // groups * taps, out_channels // groups * taps
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        name = f"Conv({in_channels}, {out_channels})"
        values = initial(name, init, shape, fan_in, fan_out, rng)
        self.weight = _parameter(values, dtype, f"{name}.weight")
        self.bias = _parameter(np.zeros(out_channels), dtype, f"{name}.bias") if bias else None

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """conv2d(x, weight) + bias."""
        shape = shape_of(x)
        if len(shape) != 4 or shape[1] != self.in_channels:
            hint = f"; add the channel axis: x[:, None] is {(*shape[:1], 1, *shape[1:])}"
            raise ValueError(
                f"{self!r} expects images of shape (N, {self.in_channels}, H, W); got {shape}"
                + (hint if len(shape) == 3 and self.in_channels == 1 else "")
            )
        windows = (self.stride, self.padding, self.dilation, self.groups)
        try:
            if self.bias is None:
                return conv2d(x, self.weight, *windows)
            out: Tensor = conv2d_with_bias(x, self.weight, self.bias, *windows)
            return out
        except ValueError as error:
            raise ValueError(f"{self!r}: {error}") from error

    def __repr__(self) -> str:
        size = self.kernel_size[0] if self.kernel_size[0] == self.kernel_size[1] else self.kernel_size
        parts = [str(self.in_channels), str(self.out_channels), str(size)]
        parts += [f"stride={self.stride}"] if self.stride != (1, 1) else []
        parts += [f"padding={self.padding!r}"] if self.padding not in ("valid", 0, (0, 0)) else []
        parts += [f"dilation={self.dilation}"] if self.dilation != (1, 1) else []
        parts += [f"groups={self.groups}"] if self.groups != 1 else []
        parts += ["bias=False"] if self.bias is None else []
        return f"Conv({', '.join(parts)})"


class Reshape(Stateless):
    """Every sample in another shape: (N, ...) gives (N, *shape); one size may be -1.

    Raises:
        ValueError: for sizes that are no integers; when called, for samples whose number of elements does not fit.
    """

    def __init__(self, shape: int | tuple[int, ...]) -> None:
        self.shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        if not all(is_integer(size) and size >= -1 for size in self.shape):
            raise ValueError(f"Reshape: a shape is made of integers, one of which may be -1; got {shape!r}")

    def forward(self, x: Any) -> Any:
        """reshape(x, (N, *shape))."""
        if not shape_of(x):
            raise ValueError(f"{self!r} expects a batch of samples, not a 0-d array")
        batch, *sample = shape_of(x)
        size, known = math.prod(sample), math.prod(length for length in self.shape if length != -1)
        if known == 0 or size % known or (-1 not in self.shape and size != known) or self.shape.count(-1) > 1:
            raise ValueError(f"{self!r} cannot reshape samples of shape {tuple(sample)}, which have {size} elements")
        # -1 is resolved here, because NumPy cannot infer it for an empty batch.
        return reshape(x, (batch, *(size // known if length == -1 else length for length in self.shape)))

    def __repr__(self) -> str:
        return f"Reshape({self.shape})"


class Flatten(Reshape):
    """Every sample in one dimension: (N, ...) gives (N, features)."""

    def __init__(self) -> None:
        super().__init__(-1)

    def __repr__(self) -> str:
        return "Flatten()"


class _Pool(Stateless):
    """A window that slides over images (N, C, H, W)."""

    def __init__(self, size: Pair, stride: Pair | None = None) -> None:
        self.size = pair(size, f"{type(self).__name__} size")
        self.stride = self.size if stride is None else pair(stride, f"{type(self).__name__} stride")

    def __repr__(self) -> str:
        size = self.size[0] if self.size[0] == self.size[1] else self.size
        return f"{type(self).__name__}({size}{f', stride={self.stride}' if self.stride != self.size else ''})"


class MaxPool(_Pool):
    """The maximum of every window: (N, C, H, W) gives (N, C, rows, columns); windows do not overlap by default."""

    def forward(self, x: Values) -> Values:
        """max_pool2d(x, size)."""
        return max_pool2d(x, self.size, self.stride)


class AvgPool(_Pool):
    """The mean of every window: (N, C, H, W) gives (N, C, rows, columns); windows do not overlap by default."""

    def forward(self, x: Values) -> Values:
        """avg_pool2d(x, size)."""
        return avg_pool2d(x, self.size, self.stride)


class Dropout(Stateless):
    """In training, each element is 0 with probability `rate` and multiplied by 1 / (1 - rate) otherwise.

    Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting", in the inverted form
    that needs no scaling afterwards: in evaluation nothing happens.

    Args:
        rate: at least 0 and below 1.
        rng: a seed or generator.

    Raises:
        ValueError: for a rate outside [0, 1).
    """

    def __init__(self, rate: float, rng: Seed = None) -> None:
        if not (isinstance(rate, (int, float)) and 0.0 <= rate < 1.0):
            raise ValueError(f"Dropout: a rate is a number of at least 0 and below 1, not {rate!r}")
        self.rate = rate
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Values) -> Values:
        """x * mask / (1 - rate)."""
        if not self.training or self.rate == 0.0:
            return x
        kept = self.rng.random(shape_of(x)) >= self.rate
        return x * kept * (1.0 / (1.0 - self.rate))

    def __repr__(self) -> str:
        return f"Dropout({self.rate})"
