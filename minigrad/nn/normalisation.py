"""Which layers bring their inputs to mean 0 and variance 1, over a batch, a sample or some channels?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.annotations import Numbers
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import as_array, shape_of
from minigrad.nn.initializers import parameter
from minigrad.nn.layer import Layer
from minigrad.ops.manipulation.dtypes import as_floats
from minigrad.ops.nn.arguments import is_integer


def _standardised(x: Any, mean: Any, variance: Any, eps: float) -> Any:
    return (x - mean) / np.sqrt(variance + eps)


class _Normalising(Layer):
    """A scale and a shift for each feature, after what the subclass does.

    Attributes:
        scale, shift: of the shape of the features, or None.
    """

    def __init__(self, shape: tuple[int, ...], eps: float, scale: bool, shift: bool, dtype: DTypeLike) -> None:
        name = type(self).__name__
        if not shape or not all(is_integer(size) and size >= 1 for size in shape):
            raise ValueError(f"{name} needs at least 1 feature, not {shape!r}")
        if not isinstance(eps, (int, float, np.floating)) or not 0.0 < eps < math.inf:
            raise ValueError(f"{name}: eps is a positive number, not {eps!r}")
        self.eps = eps
        self.scale = parameter(np.ones(shape), dtype, f"{name}.scale") if scale else None
        self.shift = parameter(np.zeros(shape), dtype, f"{name}.shift") if shift else None

    def _scaled(self, x: Any, axes_after: int = 0) -> Tensor:
        """``x * scale + shift``, along axes that have some others after them."""
        ones = (1,) * axes_after
        if self.scale is not None:
            x = x * self.scale.reshape((*self.scale.shape, *ones))
        out: Tensor = x if self.shift is None else x + self.shift.reshape((*self.shift.shape, *ones))
        return out

    def _refuse(self, expected: str, shape: tuple[int, ...]) -> ValueError:
        return ValueError(f"{self!r} expects inputs of shape {expected}; got {shape}")


class BatchNorm(_Normalising):
    """Each channel with mean 0 and variance 1 over the batch: (N, C) or (N, C, ...) gives the same shape.

    In training, y = (x - mean) / sqrt(variance + eps) * scale + shift with the mean and the variance over all axes but
    the second. In evaluation, running averages take their place: after each step of training they become
    ``(1 - momentum) * running + momentum * that of the batch``, with the unbiased variance.

    Ioffe and Szegedy (2015), "Batch normalization", arXiv:1502.03167, algorithms 1 and 2.

    Args:
        channels: C.
        momentum: the weight of the newest batch. (In Keras, momentum is 1 minus it.)
        eps: added to variances.
        affine: whether to scale and shift.
        dtype: of parameters and running averages.

    Attributes:
        scale, shift: shape (C,), or None.
        mean, variance: the running averages, shape (C,); state.

    Raises:
        ValueError: for sizes below 1, a momentum outside [0, 1] or an eps that is not positive; when called, for inputs
            of another shape, and in training for batches with a single value for each channel.
    """

    mean: Tensor
    variance: Tensor

    def __init__(
        self,
        channels: int,
        momentum: float = 0.1,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__((channels,), eps, affine, affine, dtype)
        if not isinstance(momentum, (int, float)) or not 0.0 <= momentum <= 1.0:
            raise ValueError(f"BatchNorm: momentum is a number from 0 to 1, not {momentum!r}")
        self.channels = channels
        self.momentum = momentum
        self.declare_state(mean=np.zeros(channels, dtype), variance=np.ones(channels, dtype))

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """(x - mean) / sqrt(variance + eps) * scale + shift."""
        values: Any = as_array(x)
        shape = shape_of(values)
        if len(shape) < 2 or shape[1] != self.channels:
            raise self._refuse(f"(N, {self.channels}, ...)", shape)
        after = len(shape) - 2
        if not self.training:
            mean, variance = (each.reshape((-1,) + (1,) * after) for each in (self.mean, self.variance))
            return self._scaled(_standardised(values, mean, variance, self.eps), after)
        count = math.prod(shape) // self.channels
        if count < 2:
            raise ValueError(
                f"{self!r}: one value for each channel has no variance; give larger batches, or call model.eval()"
            )
        axes = (0, *range(2, len(shape)))
        mean, variance = np.mean(values, axis=axes, keepdims=True), np.var(values, axis=axes, keepdims=True)
        self._remember(mean, variance * (count / (count - 1)))
        return self._scaled(_standardised(values, mean, variance, self.eps), after)

    def _remember(self, mean: Any, variance: Any) -> None:
        old, new = 1.0 - self.momentum, self.momentum
        self.update(
            mean=old * self.mean + new * mean.reshape((self.channels,)),
            variance=old * self.variance + new * variance.reshape((self.channels,)),
        )

    def __repr__(self) -> str:
        parts = [str(self.channels)]
        parts += [f"momentum={self.momentum}"] if self.momentum != 0.1 else []
        parts += [f"eps={self.eps}"] if self.eps != 1e-5 else []
        parts += ["affine=False"] if self.scale is None else []
        return f"BatchNorm({', '.join(parts)})"


class LayerNorm(_Normalising):
    """Each sample with mean 0 and variance 1 over its last axes: (..., features) gives the same shape.

    Ba, Kiros and Hinton (2016), "Layer normalization", arXiv:1607.06450, equation 3.

    Args:
        shape: of the last axes that are normalised together; a number for one axis.
        eps: added to variances.
        affine: whether to scale and shift each feature.
        dtype: of the parameters.

    Attributes:
        scale, shift: of that shape, or None.

    Raises:
        ValueError: for sizes below 1; when called, for inputs that end in other sizes.
    """

    def __init__(
        self, shape: int | tuple[int, ...], eps: float = 1e-5, affine: bool = True, dtype: DTypeLike = np.float32
    ) -> None:
        self.shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        super().__init__(self.shape, eps, affine, affine, dtype)

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """(x - mean) / sqrt(variance + eps) * scale + shift."""
        values: Any = as_array(x)
        if shape_of(values)[-len(self.shape) :] != self.shape:
            raise self._refuse(f"(..., {', '.join(map(str, self.shape))})", shape_of(values))
        axes = tuple(range(-len(self.shape), 0))
        mean, variance = np.mean(values, axis=axes, keepdims=True), np.var(values, axis=axes, keepdims=True)
        return self._scaled(_standardised(values, mean, variance, self.eps))

    def __repr__(self) -> str:
        shape = self.shape[0] if len(self.shape) == 1 else self.shape
        return f"LayerNorm({shape}{f', eps={self.eps}' if self.eps != 1e-5 else ''})"


class RMSNorm(_Normalising):
    """x / sqrt(mean(x**2) + eps) * scale, with the mean over the last axis: (..., features) gives the same shape.

    Zhang and Sennrich (2019), "Root mean square layer normalization", arXiv:1910.07467, equation 4.

    Args:
        features: the size of the last axis.
        eps: added to means.
        affine: whether to scale each feature.
        dtype: of the parameters.

    Raises:
        ValueError: for sizes below 1; when called, for inputs of another last size.
    """

    def __init__(self, features: int, eps: float = 1e-5, affine: bool = True, dtype: DTypeLike = np.float32) -> None:
        super().__init__((features,), eps, affine, False, dtype)
        self.features = features

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """x / sqrt(mean(x**2) + eps) * scale."""
        values: Any = as_array(x)
        if shape_of(values)[-1:] != (self.features,):
            raise self._refuse(f"(..., {self.features})", shape_of(values))
        values = as_floats(values)
        return self._scaled(values / np.sqrt(np.mean(values * values, axis=-1, keepdims=True) + self.eps))

    def __repr__(self) -> str:
        return f"RMSNorm({self.features}{f', eps={self.eps}' if self.eps != 1e-5 else ''})"


class GroupNorm(_Normalising):
    """Groups of channels of each sample with mean 0 and variance 1: (N, C, ...) gives the same shape.

    Wu and He (2018), "Group normalization", arXiv:1803.08494, equation 7. With one group for each channel it is
    instance normalisation.

    Args:
        groups: how many; they divide the channels.
        channels: C.
        eps: added to variances.
        affine: whether to scale and shift each channel.
        dtype: of the parameters.

    Raises:
        ValueError: for sizes below 1, or channels that cannot be divided; when called, for inputs of another shape.
    """

    def __init__(
        self, groups: int, channels: int, eps: float = 1e-5, affine: bool = True, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__((channels,), eps, affine, affine, dtype)
        if not is_integer(groups) or groups < 1 or channels % groups:
            raise ValueError(f"GroupNorm: {channels} channels cannot be divided into {groups!r} groups")
        self.groups = groups
        self.channels = channels

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """(x - mean) / sqrt(variance + eps) * scale + shift."""
        values: Any = as_array(x)
        shape = shape_of(values)
        if len(shape) < 2 or shape[1] != self.channels:
            raise self._refuse(f"(N, {self.channels}, ...)", shape)
        apart = values.reshape((shape[0], self.groups, math.prod(shape[1:]) // self.groups))
        mean, variance = np.mean(apart, axis=2, keepdims=True), np.var(apart, axis=2, keepdims=True)
        together = _standardised(apart, mean, variance, self.eps).reshape(shape)
        return self._scaled(together, len(shape) - 2)

    def __repr__(self) -> str:
        return f"GroupNorm({self.groups}, {self.channels}{f', eps={self.eps}' if self.eps != 1e-5 else ''})"
