"""What are layers of kernels that slide over images and sequences?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.annotations import Numbers
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import as_array, shape_of
from minigrad.nn.initializers import Initializer, Seed, glorot_uniform, initial, parameter
from minigrad.nn.layer import Layer
from minigrad.ops import conv2d, conv2d_transpose
from minigrad.ops.nn.arguments import Padding, Pair, checked_padding, is_integer, pair
from minigrad.ops.nn.conv2d import conv2d_with_bias

# How the settings of these layers usually are, which need not be shown.
_USUAL: dict[str, tuple[object, ...]] = {
    "stride": (1, (1, 1)),
    "padding": ("valid", 0, (0, 0)),
    "output_padding": ((0, 0),),
    "dilation": (1, (1, 1)),
    "groups": (1,),
}


class _Kernels(Layer):
    """What Conv, Conv1d and ConvTranspose have in common; see there."""

    def __init__(self, in_channels: int, out_channels: int, groups: int) -> None:
        name = type(self).__name__
        if not all(is_integer(size) and size >= 1 for size in (in_channels, out_channels)):
            raise ValueError(f"{name} needs at least 1 channel in and out, not {in_channels!r} and {out_channels!r}")
        if not is_integer(groups) or groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: {in_channels} and {out_channels} channels cannot be divided into {groups!r} groups"
            )
        self.in_channels = int(in_channels)
        self.out_channels = int(out_channels)
        self.groups = int(groups)

    def _make_kernels(
        self,
        channels: tuple[int, int],
        size: tuple[int, ...],
        bias: bool,
        dtype: DTypeLike,
        init: Initializer,
        rng: Seed,
    ) -> None:
        """Kernels for so many channels of their own, and biases of 0."""
        taps = math.prod(size)
        fans = self.in_channels // self.groups * taps, self.out_channels // self.groups * taps
        name = f"{type(self).__name__}({self.in_channels}, {self.out_channels})"
        self.weight = parameter(initial(name, init, (*channels, *size), *fans, rng), dtype, f"{name}.weight")
        self.bias = parameter(np.zeros(self.out_channels), dtype, f"{name}.bias") if bias else None

    def __repr__(self) -> str:
        settings = vars(self)
        size = settings["kernel_size"]
        size = size[0] if isinstance(size, tuple) and size[0] == size[1] else size
        parts = [str(self.in_channels), str(self.out_channels), str(size)]
        parts += [
            f"{name}={settings[name]!r}" for name, usual in _USUAL.items() if settings.get(name, usual[0]) not in usual
        ]
        parts += ["bias=False"] if self.bias is None else []
        return f"{type(self).__name__}({', '.join(parts)})"


class Conv(_Kernels):
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
        super().__init__(in_channels, out_channels, groups)
        self.kernel_size = pair(kernel_size, "Conv kernel_size")
        self.stride = pair(stride, "Conv stride")
        checked_padding(padding, "Conv padding")
        self.padding = padding
        self.dilation = pair(dilation, "Conv dilation")
        self._make_kernels((out_channels, in_channels // groups), self.kernel_size, bias, dtype, init, rng)

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


class Conv1d(_Kernels):
    """Cross-correlation along sequences, plus a bias for each kernel: (N, C, L) gives (N, K, length).

    Args:
        in_channels, out_channels: C and K.
        kernel_size, stride, dilation: integers.
        padding: "valid", "same", a number of zeros on both sides, or "causal": zeros before, so that nothing depends on
            what comes later.
        groups: as in `Conv`.
        bias: whether to add one.
        dtype: of the parameters, float32 by default.
        rng: a seed or generator for the initial weights.
        init: an initialiser of `minigrad.nn.initializers`. Biases start at 0.

    Attributes:
        weight: the kernels, of shape (out_channels, in_channels / groups, size).
        bias: shape (out_channels,), or None.

    Raises:
        ValueError: for sizes below 1, channels that cannot be divided into the groups, or another padding; when called,
            for sequences of another rank or channel count, or shorter than the kernel.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | str = "valid",
        bias: bool = True,
        dtype: DTypeLike = np.float32,
        rng: Seed = None,
        init: Initializer = glorot_uniform,
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, groups)
        for name, value in (("kernel_size", kernel_size), ("stride", stride), ("dilation", dilation)):
            if not is_integer(value) or value < 1:
                raise ValueError(f"Conv1d: {name} is an integer of at least 1, not {value!r}")
        if padding not in ("valid", "same", "causal") and not (is_integer(padding) and int(padding) >= 0):
            raise ValueError(f'Conv1d: padding is "valid", "same", "causal" or a number of zeros, not {padding!r}')
        self.kernel_size = int(kernel_size)
        self.stride = int(stride)
        self.padding = padding if isinstance(padding, str) else int(padding)
        self.dilation = int(dilation)
        self._make_kernels((out_channels, in_channels // groups), (kernel_size,), bias, dtype, init, rng)

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """The correlation of every kernel, plus bias."""
        shape = shape_of(x)
        if len(shape) != 3 or shape[1] != self.in_channels:
            raise ValueError(f"{self!r} expects sequences of shape (N, {self.in_channels}, L); got {shape}")
        # As images of one row.
        padding: Padding = self.padding if self.padding in ("valid", "same") else (0, self.padding)  # type: ignore[assignment]
        if self.padding == "causal":
            padding = ((0, 0), (self.dilation * (self.kernel_size - 1), 0))
        rows = as_array(x)[:, :, None, :]
        kernels = self.weight[:, :, None, :]
        windows = ((1, self.stride), padding, (1, self.dilation), self.groups)
        try:
            maps = conv2d(rows, kernels, *windows)
        except ValueError as error:
            raise ValueError(f"{self!r}: {error}") from error
        out: Tensor = maps[:, :, 0, :]
        return out if self.bias is None else out + self.bias[:, None]


class ConvTranspose(_Kernels):
    """Every element adds its kernel to a larger image, plus a bias: (N, C, H, W) gives (N, K, rows, columns).

    Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, section 4. There
    are ``(H - 1) * stride + dilation * (size - 1) + 1 + output_padding`` rows, less the padding above and below.

    Args:
        in_channels, out_channels: C and K.
        kernel_size, stride, dilation, groups: as in `Conv`.
        padding: how many rows and columns are cut off on each side.
        output_padding: how many more there are below and on the right; less than the stride.
        bias: whether to add one.
        dtype: of the parameters, float32 by default.
        rng: a seed or generator for the initial weights.
        init: an initialiser of `minigrad.nn.initializers`. Biases start at 0.

    Attributes:
        weight: the kernels, of shape (in_channels, out_channels / groups, h, w).
        bias: shape (out_channels,), or None.

    Raises:
        ValueError: for sizes below 1, channels that cannot be divided into the groups, or too much padding; when
            called, for images of another rank or channel count.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
        rng: Seed = None,
        init: Initializer = glorot_uniform,
        dilation: Pair = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, groups)
        self.kernel_size = pair(kernel_size, "ConvTranspose kernel_size")
        self.stride = pair(stride, "ConvTranspose stride")
        self.padding = pair(padding, "ConvTranspose padding", least=0)
        self.output_padding = pair(output_padding, "ConvTranspose output_padding", least=0)
        self.dilation = pair(dilation, "ConvTranspose dilation")
        if any(more >= step for more, step in zip(self.output_padding, self.stride, strict=True)):
            raise ValueError(
                f"ConvTranspose: output_padding is less than the stride of {self.stride}, not {output_padding!r}"
            )
        self._make_kernels((in_channels, out_channels // groups), self.kernel_size, bias, dtype, init, rng)

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """conv2d_transpose(x, weight) + bias."""
        shape = shape_of(x)
        if len(shape) != 4 or shape[1] != self.in_channels:
            raise ValueError(f"{self!r} expects images of shape (N, {self.in_channels}, H, W); got {shape}")
        rows, columns = (
            (length - 1) * step - 2 * cut + spread * (size - 1) + 1 + more
            for length, step, cut, spread, size, more in zip(
                shape[2:], self.stride, self.padding, self.dilation, self.kernel_size, self.output_padding, strict=True
            )
        )
        if rows < 1 or columns < 1:
            raise ValueError(f"{self!r} leaves nothing of images of shape {shape}: {rows} rows, {columns} columns")
        size = (rows, columns)
        out: Tensor = conv2d_transpose(x, self.weight, size, self.stride, self.padding, self.dilation, self.groups)
        return out if self.bias is None else out + self.bias[:, None, None]
