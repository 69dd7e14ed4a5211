"""Which mistakes do people make in convolutions, pooling and other work on pictures?"""

import numpy as np
from backward_cases import Function, distinct, normal
from mistake_cases import OPEN, slip


def max_pool(x):
    c, h, w = x.shape
    out = np.zeros((c, h // 2, w // 2))
    for i in range(h // 2):
        for j in range(w // 2):
            out[:, i, j] = x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(1, 2))
    return out


def max_pool_right(g, out, x):
    dx = np.zeros_like(x)
    for k, i, j in np.ndindex(out.shape):
        window = x[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        dx[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = g[k, i, j] * (window == window.max())
    return (dx,)


MAX_POOL = Function("max pool", max_pool, max_pool_right, distinct(3, 4, 6))


@slip(OPEN, MAX_POOL, "x", "pooling.average")
def shared_by_the_window(g, out, x):
    dx = np.zeros_like(x)
    for k, i, j in np.ndindex(out.shape):
        dx[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = g[k, i, j] / 4
    return (dx,)


@slip(OPEN, MAX_POOL, "x", "samples.missing")
def last_column_of_windows_forgotten(g, out, x):
    dx = np.zeros_like(x)
    for k, i, j in np.ndindex(out.shape[0], out.shape[1], out.shape[2] - 1):
        window = x[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        dx[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = g[k, i, j] * (window == window.max())
    return (dx,)


def average_pool(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 3, 3).mean(axis=(3, 5))


def average_pool_right(g, out, x):
    return (np.repeat(np.repeat(g, 2, axis=2), 3, axis=3) / 6,)


AVERAGE_POOL = Function("average pool", average_pool, average_pool_right, distinct(2, 3, 4, 6))


@slip(OPEN, AVERAGE_POOL, "x", "scale.dimension", "scale.constant")
def not_divided_by_the_window(g, out, x):
    return (np.repeat(np.repeat(g, 2, axis=2), 3, axis=3),)


@slip(OPEN, AVERAGE_POOL, "x", "layout.reshaped")
def tiled_for_repeated(g, out, x):
    return (np.tile(g, (1, 1, 2, 3)) / 6,)


def conv(x, w, b):
    n, _, height, width = x.shape
    f, _, kh, kw = w.shape
    out = np.zeros((n, f, height - kh + 1, width - kw + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            patch = x[:, :, i : i + kh, j : j + kw].reshape(n, -1)
            out[:, :, i, j] = patch @ w.reshape(f, -1).T + b
    return out


def conv_right(g, out, x, w, b):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    kh, kw = w.shape[2:]
    for n, f, i, j in np.ndindex(g.shape):
        dx[n, :, i : i + kh, j : j + kw] += g[n, f, i, j] * w[f]
        dw[f] += g[n, f, i, j] * x[n, :, i : i + kh, j : j + kw]
    return dx, dw, g.sum(axis=(0, 2, 3))


CONV = Function("convolution in loops", conv, conv_right, normal((2, 2, 4, 5), (3, 2, 2, 3), (3,)))


@slip(OPEN, CONV, "x", "index.repeated")
def windows_assigned(g, out, x, w, b):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    kh, kw = w.shape[2:]
    for n, f, i, j in np.ndindex(g.shape):
        dx[n, :, i : i + kh, j : j + kw] = g[n, f, i, j] * w[f]
        dw[f] += g[n, f, i, j] * x[n, :, i : i + kh, j : j + kw]
    return dx, dw, g.sum(axis=(0, 2, 3))


@slip(OPEN, CONV, "b", "shape.not_summed")
def bias_not_summed_over_the_batch(g, out, x, w, b):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    kh, kw = w.shape[2:]
    for n, f, i, j in np.ndindex(g.shape):
        dx[n, :, i : i + kh, j : j + kw] += g[n, f, i, j] * w[f]
        dw[f] += g[n, f, i, j] * x[n, :, i : i + kh, j : j + kw]
    return dx, dw, g.sum(axis=(2, 3))


def columns(x, kh, kw):
    height, width = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    return np.array([x[:, i : i + kh, j : j + kw].ravel() for i in range(height) for j in range(width)])


def conv_by_columns(x, w):
    c, kh, kw = x.shape[0], 3, 2
    height, width = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    col = np.array([x[:, i : i + kh, j : j + kw].ravel() for i in range(height) for j in range(width)])
    return (col @ w).T.reshape(w.shape[1], height, width) / c


def columns_back(dcol, x, kh, kw):
    dx = np.zeros_like(x)
    rows = iter(dcol)
    for i in range(x.shape[1] - kh + 1):
        for j in range(x.shape[2] - kw + 1):
            dx[:, i : i + kh, j : j + kw] += next(rows).reshape(x.shape[0], kh, kw)
    return dx


def conv_by_columns_right(g, out, x, w):
    d = g.reshape(len(g), -1).T / len(x)
    return columns_back(d @ w.T, x, 3, 2), columns(x, 3, 2).T @ d


COLUMNS = Function("convolution by columns", conv_by_columns, conv_by_columns_right, normal((2, 5, 7), (12, 3)))


@slip(OPEN, COLUMNS, "w", "layout.reshaped")
def upstream_reshaped_only(g, out, x, w):
    d = g.reshape(-1, len(g)) / len(x)
    return columns_back(d @ w.T, x, 3, 2), columns(x, 3, 2).T @ d


@slip(OPEN, COLUMNS, "x", "index.repeated")
def patches_written_over_each_other(g, out, x, w):
    d = g.reshape(len(g), -1).T / len(x)
    dx = np.zeros_like(x)
    rows = iter(d @ w.T)
    for i in range(x.shape[1] - 2):
        for j in range(x.shape[2] - 1):
            dx[:, i : i + 3, j : j + 2] = next(rows).reshape(x.shape[0], 3, 2)
    return dx, columns(x, 3, 2).T @ d


def padded_conv(x, w):
    p = np.pad(x, 1)
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = np.sum(p[i : i + 3, j : j + 3] * w)
    return out


def padded_conv_right(g, out, x, w):
    p = np.pad(x, 1)
    dp, dw = np.zeros_like(p), np.zeros_like(w)
    for i, j in np.ndindex(g.shape):
        dp[i : i + 3, j : j + 3] += g[i, j] * w
        dw += g[i, j] * p[i : i + 3, j : j + 3]
    return dp[1:-1, 1:-1], dw


PADDED_CONV = Function("padded convolution", padded_conv, padded_conv_right, normal((5, 7), (3, 3)))


@slip(OPEN, PADDED_CONV, "x", "layout.shifted")
def padding_cut_at_the_end_only(g, out, x, w):
    p = np.pad(x, 1)
    dp, dw = np.zeros_like(p), np.zeros_like(w)
    for i, j in np.ndindex(g.shape):
        dp[i : i + 3, j : j + 3] += g[i, j] * w
        dw += g[i, j] * p[i : i + 3, j : j + 3]
    return dp[:-2, :-2], dw


@slip(OPEN, PADDED_CONV, "x", "operand.flipped")
def kernel_not_turned(g, out, x, w):
    p, gp = np.pad(x, 1), np.pad(g, 1)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i, j in np.ndindex(g.shape):
        dx[i, j] = np.sum(gp[i : i + 3, j : j + 3] * w)
        dw += g[i, j] * p[i : i + 3, j : j + 3]
    return dx, dw


def conv1d(x, w):
    return np.array([x[t : t + len(w)] @ w for t in range(len(x) - len(w) + 1)])


def conv1d_right(g, out, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(len(g)):
        dx[t : t + len(w)] += g[t] * w
        dw += g[t] * x[t : t + len(w)]
    return dx, dw


CONV1D = Function("convolution of a signal", conv1d, conv1d_right, normal((13,), (5,)))


@slip(OPEN, CONV1D, "w", "layout.flipped")
def kernel_comes_out_reversed(g, out, x, w):
    dx = np.convolve(g, w)
    return dx, np.correlate(x, g, mode="valid")[::-1]


def global_average(x, w):
    return x.mean(axis=(2, 3)) @ w


def global_average_right(g, out, x, w):
    size = x.shape[2] * x.shape[3]
    dx = np.broadcast_to((g @ w.T)[:, :, None, None] / size, x.shape).copy()
    return dx, x.mean(axis=(2, 3)).T @ g


GLOBAL_AVERAGE = Function("global average pool", global_average, global_average_right, normal((3, 2, 4, 5), (2, 3)))


@slip(OPEN, GLOBAL_AVERAGE, "x", "scale.dimension")
def area_forgotten(g, out, x, w):
    dx = np.broadcast_to((g @ w.T)[:, :, None, None], x.shape).copy()
    return dx, x.mean(axis=(2, 3)).T @ g


def turned(x, w):
    return np.tanh(x.transpose(0, 2, 1)) * w


def turned_right(g, out, x, w):
    t = np.tanh(x.transpose(0, 2, 1))
    return (g * w * (1 - t**2)).transpose(0, 2, 1), (g * t).sum(axis=0)


TURNED = Function("turned picture", turned, turned_right, normal((3, 4, 5), (5, 4)))


@slip(OPEN, TURNED, "x", "layout.reshaped")
def reshaped_to_turn_back(g, out, x, w):
    t = np.tanh(x.transpose(0, 2, 1))
    return (g * w * (1 - t**2)).reshape(x.shape), (g * t).sum(axis=0)
