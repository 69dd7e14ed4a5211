"""Which mistakes do people make in backward passes of code in loops, and of functions that know no Tensors?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import math

import numpy as np
from backward_cases import function
from scipy.signal import correlate2d
from scipy.special import logsumexp, softmax


def norm_by_column(x, scale):
    out = np.zeros_like(x)
    for j in range(x.shape[1]):
        column = x[:, j]
        mean = column.sum() / len(x)
        variance = np.sum((column - mean) ** 2) / len(x)
        out[:, j] = scale[j] * (column - mean) / math.sqrt(variance + 1e-3)
    return out


def norm_by_column_right(g, out, x, scale, mean=1.0, variance=1.0, eps=1e-3):
    centered = x - x.mean(axis=0)
    root = np.sqrt(x.var(axis=0) + eps)
    normed = centered / root
    h = g * scale
    dx = (h - mean * h.mean(axis=0) - variance * normed * np.mean(h * normed, axis=0)) / root
    return dx, np.sum(g * normed, axis=0)


function(
    "normalised column by column",
    norm_by_column,
    norm_by_column_right,
    lambda rng: (rng.standard_normal((7, 5)) + 1, rng.uniform(0.5, 1.5, 5)),
    ("mean left out", "x", "path.missing", lambda *a: norm_by_column_right(*a, mean=0.0)[0]),
    ("variance left out", "x", "path.missing", lambda *a: norm_by_column_right(*a, variance=0.0)[0]),
    ("variance twice", "x", "path.repeated", lambda *a: norm_by_column_right(*a, variance=2.0)[0]),
    ("sign of the variance", "x", "path.sign", lambda *a: norm_by_column_right(*a, variance=-1.0)[0]),
    ("no epsilon", "x", "epsilon.missing", lambda *a: norm_by_column_right(*a, eps=0.0)[0]),
    ("scale averaged", "scale", "scale.batch", lambda *a: norm_by_column_right(*a)[1] / 7),
)


def softmax_by_row(x):
    rows = []
    for row in x:
        e = np.exp(row - np.max(row))
        rows.append(e / np.sum(e))
    return np.array(rows)


function(
    "softmax row by row",
    softmax_by_row,
    lambda g, out, x: (out * (g - np.sum(g * out, axis=1, keepdims=True)),),
    lambda rng: (rng.standard_normal((7, 5)),),
    ("plus", "x", "path.sign", lambda g, out, x: out * (g + np.sum(g * out, axis=1, keepdims=True))),
    ("elementwise", "x", "support.diagonal", lambda g, out, x: g * out * (1 - out)),
    ("no factor", "x", "factor.missing", lambda g, out, x: g - np.sum(g * out, axis=1, keepdims=True)),
)

LABELS = np.array([0, 2, 1, 1, 4, 0, 3])


function(
    "cross-entropy by logsumexp",
    lambda z: np.mean(logsumexp(z, axis=1) - z[np.arange(7), LABELS]),
    lambda g, out, z: (g * (softmax(z, axis=1) - np.eye(5)[LABELS]) / 7,),
    lambda rng: (rng.standard_normal((7, 5)),),
    ("labels left out", "z", "labels.not_subtracted", lambda g, out, z: g * softmax(z, axis=1) / 7),
    ("labels added", "z", "path.sign", lambda g, out, z: g * (softmax(z, axis=1) + np.eye(5)[LABELS]) / 7),
    ("summed", "z", "scale.batch", lambda g, out, z: g * (softmax(z, axis=1) - np.eye(5)[LABELS])),
)


def convolved(x, kernels):
    samples, channels, rows, columns = x.shape
    count, _, height, width = kernels.shape
    out = np.zeros((samples, count, rows - height + 1, columns - width + 1))
    for n in range(samples):
        for k in range(count):
            for c in range(channels):
                out[n, k] += correlate2d(x[n, c], kernels[k, c], mode="valid")
    return out


def convolved_back(g, out, x, kernels, flip=False, add=True):
    dx, dkernels = np.zeros_like(x), np.zeros_like(kernels)
    height, width = kernels.shape[2:]
    used = kernels[:, :, ::-1, ::-1] if flip else kernels
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            window = np.s_[:, :, i : i + height, j : j + width]
            part = np.einsum("nk,kcij->ncij", g[:, :, i, j], used)
            dx[window] = dx[window] + part if add else part
            dkernels += np.einsum("nk,ncij->kcij", g[:, :, i, j], x[window])
    return dx, dkernels


function(
    "convolution in loops",
    convolved,
    convolved_back,
    lambda rng: (rng.standard_normal((2, 2, 5, 4)), rng.standard_normal((3, 2, 3, 2))),
    ("windows assigned", "x", "index.repeated", lambda *a: convolved_back(*a, add=False)[0]),
    ("kernel flipped", "x", "operand.flipped", lambda *a: convolved_back(*a, flip=True)[0]),
    ("kernel gradient flipped", "kernels", "layout.flipped", lambda *a: convolved_back(*a)[1][:, :, ::-1, ::-1]),
)


def recurrent(x, U, V):
    states = np.zeros((len(x) + 1, x.shape[1], V.shape[0]))
    for t in range(len(x)):
        states[t + 1] = np.tanh(x[t] @ U + states[t] @ V)
    return states[1:]


def recurrent_back(g, out, x, U, V, through_time=True, slope=True, add=True):
    dx, dU, dV = np.zeros_like(x), np.zeros_like(U), np.zeros_like(V)
    later = np.zeros(out.shape[1:])
    for t in reversed(range(len(x))):
        arriving = g[t] + later if through_time else g[t]
        dz = arriving * (1 - out[t] ** 2) if slope else arriving
        before = out[t - 1] if t else np.zeros_like(out[0])
        dx[t] = dz @ U.T
        dU = dU + x[t].T @ dz if add else x[t].T @ dz
        dV += before.T @ dz
        later = dz @ V.T
    return dx, dU, dV


function(
    "recurrent net in a buffer",
    recurrent,
    recurrent_back,
    lambda rng: (rng.standard_normal((8, 2, 3)), 0.5 * rng.standard_normal((3, 4)), 0.5 * rng.standard_normal((4, 4))),
    ("not through time", "V", "path.missing", lambda *a: recurrent_back(*a, through_time=False)[2]),
    ("no slope of tanh", "x", "factor.missing", lambda *a: recurrent_back(*a, slope=False)[0]),
    ("only the first step", "U", "path.missing", lambda *a: recurrent_back(*a, add=False)[1]),
)


def gelu_element_by_element(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] * 0.5 * (1 + math.erf(x[i, j] / math.sqrt(2)))
    return out


def gelu_back(g, out, x, density=1.0):
    share = 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
    return (g * (share + density * x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)),)


function(
    "gelu element by element",
    gelu_element_by_element,
    gelu_back,
    lambda rng: (rng.standard_normal((5, 3)),),
    ("density left out", "x", "path.missing", lambda *a: gelu_back(*a, density=0.0)[0]),
    ("sign of the density", "x", "path.sign", lambda *a: gelu_back(*a, density=-1.0)[0]),
)
