"""How are images convolved with kernels, and what goes back to the windows of a maximum or a mean?"""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minigrad.ops.nn.windows import (
    avg_pool2d_gradient,
    conv2d,
    conv2d_kernels,
    conv2d_transpose,
    margins_of,
    max_pool2d_gradient,
)
from minigrad.program.to_jax.indexing import placed
from minigrad.program.to_jax.rules import Made, lowers

_NONE = ((0, 0), (0, 0))


def _correlated(x: Any, kernels: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    margins = margins_of(x.shape[2:], kernels.shape[2:], stride, padding, dilation)
    return lax.conv_general_dilated(
        x,
        kernels,
        tuple(stride),
        [tuple(each) for each in margins],
        rhs_dilation=tuple(dilation),
        feature_group_count=groups,
        precision="highest",
    )


@lowers(conv2d, fixed="stride padding dilation groups")
def _conv2d(
    made: Made, x: Any, kernels: Any, stride: Any = (1, 1), padding: Any = _NONE, dilation: Any = (1, 1),
    groups: int = 1,
) -> Any:  # fmt: skip
    return _correlated(made.of(x), made.of(kernels), stride, padding, dilation, groups)


@lowers(conv2d_transpose, fixed="size stride padding dilation groups")
def _conv2d_transpose(
    made: Made, x: Any, kernels: Any, size: Any, stride: Any = (1, 1), padding: Any = _NONE, dilation: Any = (1, 1),
    groups: int = 1,
) -> Any:  # fmt: skip
    x, kernels = made.of(x), made.of(kernels)
    images = jax.ShapeDtypeStruct((x.shape[0], kernels.shape[1] * groups, *size), x.dtype)
    return _transposed(lambda each: _correlated(each, kernels, stride, padding, dilation, groups), images, x)


@lowers(conv2d_kernels, fixed="size stride padding dilation groups")
def _conv2d_kernels(
    made: Made, x: Any, maps: Any, size: Any, stride: Any = (1, 1), padding: Any = _NONE, dilation: Any = (1, 1),
    groups: int = 1,
) -> Any:  # fmt: skip
    x, maps = made.of(x), made.of(maps)
    kernels = jax.ShapeDtypeStruct((maps.shape[1], x.shape[1] // groups, *size), x.dtype)
    return _transposed(lambda each: _correlated(x, each, stride, padding, dilation, groups), kernels, maps)


def _transposed(linear: Any, like: Any, value: Any) -> Any:
    """What the transpose of a linear function gives."""
    (found,) = jax.linear_transpose(linear, like)(value)
    return found


def _places(shares: Any, size: Any, stride: Any) -> Any:
    """For each element of a window: its place there, and where in the images it lies for all windows."""
    for i, j in itertools.product(range(size[0]), range(size[1])):
        rows = slice(i, i + stride[0] * (shares.shape[2] - 1) + 1, stride[0])
        columns = slice(j, j + stride[1] * (shares.shape[3] - 1) + 1, stride[1])
        yield (slice(None), slice(None), rows, columns)


@lowers(max_pool2d_gradient, fixed="size stride")
def _max_pool2d_gradient(made: Made, shares: Any, x: Any, maxima: Any, size: Any, stride: Any) -> Any:
    shares, x, maxima = made.of(shares), jnp.asarray(x), jnp.asarray(maxima)
    places = list(_places(shares, size, stride))
    attained = [x[place] == maxima for place in places]
    ties = jnp.maximum(sum(each.astype(shares.dtype) for each in attained), 1)
    images = jnp.zeros(x.shape, shares.dtype)
    for place, is_maximum in zip(places, attained, strict=True):
        images = images + placed(jnp.where(is_maximum, shares / ties, 0.0), place, images.shape)
    return images


@lowers(avg_pool2d_gradient, fixed="image size stride")
def _avg_pool2d_gradient(made: Made, shares: Any, image: Any, size: Any, stride: Any) -> Any:
    shares = made.of(shares)
    images = jnp.zeros((*shares.shape[:2], *image), shares.dtype)
    for place in _places(shares, size, stride):
        images = images + placed(shares / (size[0] * size[1]), place, images.shape)
    return images
