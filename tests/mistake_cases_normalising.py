"""Which mistakes do people make where they standardise and normalise by hand?"""

import numpy as np
from backward_cases import Function, normal
from mistake_cases import OPEN, slip

EPS = 1e-3


def batch_norm(x, gamma, beta):
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    return gamma * (x - mu) / np.sqrt(var + EPS) + beta


def batch_norm_right(g, out, x, gamma, beta):
    n = len(x)
    centred = x - x.mean(axis=0)
    inv = 1 / np.sqrt(x.var(axis=0) + EPS)
    dxhat = g * gamma
    dvar = (dxhat * centred).sum(axis=0) * -0.5 * inv**3
    dmu = -(dxhat * inv).sum(axis=0)
    return dxhat * inv + dvar * 2 * centred / n + dmu / n, (g * centred * inv).sum(axis=0), g.sum(axis=0)


BATCH_NORM = Function("batch norm", batch_norm, batch_norm_right, normal((7, 5), (5,), (5,)))


@slip(OPEN, BATCH_NORM, "x", "path.missing")
def path_by_the_mean_forgotten(g, out, x, gamma, beta):
    n = len(x)
    centred = x - x.mean(axis=0)
    inv = 1 / np.sqrt(x.var(axis=0) + EPS)
    dxhat = g * gamma
    dvar = (dxhat * centred).sum(axis=0) * -0.5 * inv**3
    return dxhat * inv + dvar * 2 * centred / n, (g * centred * inv).sum(axis=0), g.sum(axis=0)


@slip(OPEN, BATCH_NORM, "x", "epsilon.missing")
def epsilon_in_forward_only(g, out, x, gamma, beta):
    n = len(x)
    centred = x - x.mean(axis=0)
    inv = 1 / np.sqrt(x.var(axis=0))
    dxhat = g * gamma
    dvar = (dxhat * centred).sum(axis=0) * -0.5 * inv**3
    dmu = -(dxhat * inv).sum(axis=0)
    dgamma = (g * centred / np.sqrt(x.var(axis=0) + EPS)).sum(axis=0)
    return dxhat * inv + dvar * 2 * centred / n + dmu / n, dgamma, g.sum(axis=0)


@slip(OPEN, BATCH_NORM, "gamma", "operand.replaced")
def output_for_normalised_input(g, out, x, gamma, beta):
    n = len(x)
    centred = x - x.mean(axis=0)
    inv = 1 / np.sqrt(x.var(axis=0) + EPS)
    dxhat = g * gamma
    dvar = (dxhat * centred).sum(axis=0) * -0.5 * inv**3
    dmu = -(dxhat * inv).sum(axis=0)
    return dxhat * inv + dvar * 2 * centred / n + dmu / n, (g * out).sum(axis=0), g.sum(axis=0)


def layer_norm(x, gamma, beta):
    mu = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    return gamma * ((x - mu) / np.sqrt(var + EPS)) + beta


def layer_norm_right(g, out, x, gamma, beta):
    inv = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + EPS)
    xhat = (x - x.mean(axis=-1, keepdims=True)) * inv
    d = g * gamma
    dx = inv * (d - d.mean(axis=-1, keepdims=True) - xhat * (d * xhat).mean(axis=-1, keepdims=True))
    return dx, (g * xhat).sum(axis=0), g.sum(axis=0)


LAYER_NORM = Function("layer norm", layer_norm, layer_norm_right, normal((5, 7), (7,), (7,)))


@slip(OPEN, LAYER_NORM, "x", "support.axis")
def means_over_the_batch(g, out, x, gamma, beta):
    inv = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + EPS)
    xhat = (x - x.mean(axis=-1, keepdims=True)) * inv
    d = g * gamma
    dx = inv * (d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0))
    return dx, (g * xhat).sum(axis=0), g.sum(axis=0)


@slip(OPEN, LAYER_NORM, "x", "factor.missing")
def gamma_forgotten(g, out, x, gamma, beta):
    inv = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + EPS)
    xhat = (x - x.mean(axis=-1, keepdims=True)) * inv
    dx = inv * (g - g.mean(axis=-1, keepdims=True) - xhat * (g * xhat).mean(axis=-1, keepdims=True))
    return dx, (g * xhat).sum(axis=0), g.sum(axis=0)


def standardise(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def standardise_right(g, out, x):
    return ((g - g.mean(axis=0) - out * (g * out).mean(axis=0)) / x.std(axis=0),)


STANDARDISE = Function("standardise", standardise, standardise_right, normal((7, 3)))


@slip(OPEN, STANDARDISE, "x", "path.missing", "support.diagonal")
def mean_and_deviation_taken_as_constants(g, out, x):
    return (g / x.std(axis=0),)


@slip(OPEN, STANDARDISE, "x", "epsilon.extra")
def epsilon_in_backward_only(g, out, x):
    return ((g - g.mean(axis=0) - out * (g * out).mean(axis=0)) / (x.std(axis=0) + 1e-3),)


def rms_norm(x, gain):
    return gain * x / np.sqrt((x**2).mean(axis=1, keepdims=True) + EPS)


def rms_norm_right(g, out, x, gain):
    r = np.sqrt((x**2).mean(axis=1, keepdims=True) + EPS)
    d = g * gain
    return d / r - x * (d * x).mean(axis=1, keepdims=True) / r**3, (g * x / r).sum(axis=0)


RMS_NORM = Function("rms norm", rms_norm, rms_norm_right, normal((7, 5), (5,)))


@slip(OPEN, RMS_NORM, "x", "scale.dimension", "factor.missing")
def sum_for_mean(g, out, x, gain):
    r = np.sqrt((x**2).mean(axis=1, keepdims=True) + EPS)
    d = g * gain
    return d / r - x * (d * x).sum(axis=1, keepdims=True) / r**3, (g * x / r).sum(axis=0)


@slip(OPEN, RMS_NORM, "gain", "shape.not_summed")
def gain_not_summed(g, out, x, gain):
    r = np.sqrt((x**2).mean(axis=1, keepdims=True) + EPS)
    d = g * gain
    return d / r - x * (d * x).mean(axis=1, keepdims=True) / r**3, g * x / r


def unit_rows(x):
    return x / np.sqrt((x * x).sum(axis=1, keepdims=True))


def unit_rows_right(g, out, x):
    length = np.sqrt((x * x).sum(axis=1, keepdims=True))
    return ((g - out * (g * out).sum(axis=1, keepdims=True)) / length,)


UNIT_ROWS = Function("rows of length one", unit_rows, unit_rows_right, normal((5, 3)))


@slip(OPEN, UNIT_ROWS, "x", "support.diagonal")
def norm_taken_elementwise(g, out, x):
    length = np.sqrt((x * x).sum(axis=1, keepdims=True))
    return (g * (1 - out * out) / length,)


@slip(OPEN, UNIT_ROWS, "x", "operand.replaced", "factor.missing")
def input_in_the_projection(g, out, x):
    length = np.sqrt((x * x).sum(axis=1, keepdims=True))
    return ((g - x * (g * x).sum(axis=1, keepdims=True)) / length,)


def instance_norm(x, scale):
    mu = x.mean(axis=(2, 3), keepdims=True)
    std = np.sqrt(((x - mu) ** 2).mean(axis=(2, 3), keepdims=True) + EPS)
    return scale[:, None, None] * (x - mu) / std


def instance_norm_right(g, out, x, scale):
    std = np.sqrt(x.var(axis=(2, 3), keepdims=True) + EPS)
    xhat = (x - x.mean(axis=(2, 3), keepdims=True)) / std
    d = g * scale[:, None, None]
    inner = d - d.mean(axis=(2, 3), keepdims=True) - xhat * (d * xhat).mean(axis=(2, 3), keepdims=True)
    return inner / std, (g * xhat).sum(axis=(0, 2, 3))


INSTANCE_NORM = Function("instance norm", instance_norm, instance_norm_right, normal((2, 3, 4, 5), (3,)))


@slip(OPEN, INSTANCE_NORM, "x", "support.axis")
def means_over_the_height_only(g, out, x, scale):
    std = np.sqrt(x.var(axis=(2, 3), keepdims=True) + EPS)
    xhat = (x - x.mean(axis=(2, 3), keepdims=True)) / std
    d = g * scale[:, None, None]
    inner = d - d.mean(axis=2, keepdims=True) - xhat * (d * xhat).mean(axis=2, keepdims=True)
    return inner / std, (g * xhat).sum(axis=(0, 2, 3))


def weight_norm(x, v, s):
    return x @ (s * v / np.sqrt((v**2).sum(axis=0)))


def weight_norm_right(g, out, x, v, s):
    length = np.sqrt((v**2).sum(axis=0))
    w = s * v / length
    dw = x.T @ g
    ds = (dw * v).sum(axis=0) / length
    return g @ w.T, dw * s / length - v * s * ds / length**2, ds


WEIGHT_NORM = Function("weight norm", weight_norm, weight_norm_right, normal((7, 5), (5, 3), (3,)))


@slip(OPEN, WEIGHT_NORM, "v", "path.missing", "term.missing")
def length_taken_as_constant(g, out, x, v, s):
    length = np.sqrt((v**2).sum(axis=0))
    dw = x.T @ g
    return g @ (s * v / length).T, dw * s / length, (dw * v).sum(axis=0) / length


@slip(OPEN, WEIGHT_NORM, "x", "operand.replaced", "factor.missing")
def direction_for_weights(g, out, x, v, s):
    length = np.sqrt((v**2).sum(axis=0))
    dw = x.T @ g
    ds = (dw * v).sum(axis=0) / length
    return g @ v.T, dw * s / length - v * s * ds / length**2, ds
