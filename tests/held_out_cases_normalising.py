"""Which mistakes in standardising and normalising are kept from whoever writes rules?"""

import numpy as np
from mistake_cases import HELD_OUT, slip
from mistake_cases_normalising import (
    BATCH_NORM,
    EPS,
    INSTANCE_NORM,
    LAYER_NORM,
    RMS_NORM,
    STANDARDISE,
    UNIT_ROWS,
    WEIGHT_NORM,
)


@slip(HELD_OUT, BATCH_NORM, "x", "path.missing")
def path_by_the_variance_forgotten(g, out, x, gamma, beta):
    n = len(x)
    centred = x - x.mean(axis=0)
    inv = 1 / np.sqrt(x.var(axis=0) + EPS)
    dxhat = g * gamma
    dmu = -(dxhat * inv).sum(axis=0)
    return dxhat * inv + dmu / n, (g * centred * inv).sum(axis=0), g.sum(axis=0)


@slip(HELD_OUT, BATCH_NORM, "x", "scale.batch", "factor.missing")
def mean_not_divided_by_n(g, out, x, gamma, beta):
    n = len(x)
    centred = x - x.mean(axis=0)
    inv = 1 / np.sqrt(x.var(axis=0) + EPS)
    dxhat = g * gamma
    dvar = (dxhat * centred).sum(axis=0) * -0.5 * inv**3
    dmu = -(dxhat * inv).sum(axis=0)
    return dxhat * inv + dvar * 2 * centred / n + dmu, (g * centred * inv).sum(axis=0), g.sum(axis=0)


@slip(HELD_OUT, LAYER_NORM, "gamma", "operand.replaced", "factor.missing")
def scale_by_the_raw_input(g, out, x, gamma, beta):
    inv = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + EPS)
    xhat = (x - x.mean(axis=-1, keepdims=True)) * inv
    d = g * gamma
    dx = inv * (d - d.mean(axis=-1, keepdims=True) - xhat * (d * xhat).mean(axis=-1, keepdims=True))
    return dx, (g * x).sum(axis=0), g.sum(axis=0)


@slip(HELD_OUT, LAYER_NORM, "x", "path.sign")
def plus_for_the_variance(g, out, x, gamma, beta):
    inv = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + EPS)
    xhat = (x - x.mean(axis=-1, keepdims=True)) * inv
    d = g * gamma
    dx = inv * (d - d.mean(axis=-1, keepdims=True) + xhat * (d * xhat).mean(axis=-1, keepdims=True))
    return dx, (g * xhat).sum(axis=0), g.sum(axis=0)


@slip(HELD_OUT, STANDARDISE, "x", "operand.replaced", "factor.missing")
def variance_for_deviation(g, out, x):
    return ((g - g.mean(axis=0) - out * (g * out).mean(axis=0)) / x.var(axis=0),)


@slip(HELD_OUT, STANDARDISE, "x", "scale.constant", "approximation.formula")
def unbiased_deviation(g, out, x):
    return ((g - g.mean(axis=0) - out * (g * out).mean(axis=0)) / x.std(axis=0, ddof=1),)


@slip(HELD_OUT, RMS_NORM, "x", "operand.replaced", "factor.missing")
def square_for_cube(g, out, x, gain):
    r = np.sqrt((x**2).mean(axis=1, keepdims=True) + EPS)
    d = g * gain
    return d / r - x * (d * x).mean(axis=1, keepdims=True) / r**2, (g * x / r).sum(axis=0)


@slip(HELD_OUT, RMS_NORM, "x", "path.missing", "term.missing")
def divisor_taken_as_constant(g, out, x, gain):
    r = np.sqrt((x**2).mean(axis=1, keepdims=True) + EPS)
    return g * gain / r, (g * x / r).sum(axis=0)


@slip(HELD_OUT, UNIT_ROWS, "x", "support.axis")
def projection_along_columns(g, out, x):
    length = np.sqrt((x * x).sum(axis=1, keepdims=True))
    return ((g - out * (g * out).sum(axis=0)) / length,)


@slip(HELD_OUT, UNIT_ROWS, "x", "factor.missing")
def not_divided_by_the_length(g, out, x):
    return (g - out * (g * out).sum(axis=1, keepdims=True),)


@slip(HELD_OUT, INSTANCE_NORM, "scale", "shape.not_summed", "shape.wrong")
def scale_not_summed_over_the_batch(g, out, x, scale):
    std = np.sqrt(x.var(axis=(2, 3), keepdims=True) + EPS)
    xhat = (x - x.mean(axis=(2, 3), keepdims=True)) / std
    d = g * scale[:, None, None]
    inner = d - d.mean(axis=(2, 3), keepdims=True) - xhat * (d * xhat).mean(axis=(2, 3), keepdims=True)
    return inner / std, (g * xhat).sum(axis=(2, 3))


@slip(HELD_OUT, INSTANCE_NORM, "scale", "operand.replaced", "term.missing")
def input_not_centred(g, out, x, scale):
    std = np.sqrt(x.var(axis=(2, 3), keepdims=True) + EPS)
    xhat = (x - x.mean(axis=(2, 3), keepdims=True)) / std
    d = g * scale[:, None, None]
    inner = d - d.mean(axis=(2, 3), keepdims=True) - xhat * (d * xhat).mean(axis=(2, 3), keepdims=True)
    return inner / std, (g * x / std).sum(axis=(0, 2, 3))


@slip(HELD_OUT, WEIGHT_NORM, "v", "factor.missing")
def scale_forgotten(g, out, x, v, s):
    length = np.sqrt((v**2).sum(axis=0))
    dw = x.T @ g
    ds = (dw * v).sum(axis=0) / length
    return g @ (s * v / length).T, dw / length - v * ds / length**2, ds


@slip(HELD_OUT, WEIGHT_NORM, "s", "factor.missing")
def direction_not_normalised(g, out, x, v, s):
    length = np.sqrt((v**2).sum(axis=0))
    dw = x.T @ g
    ds = (dw * v).sum(axis=0)
    return g @ (s * v / length).T, dw * s / length - v * s * ds / length**3, ds
