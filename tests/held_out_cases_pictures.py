"""Which mistakes in work on pictures are kept from whoever writes rules?"""

import numpy as np
from mistake_cases import HELD_OUT, slip
from mistake_cases_pictures import (
    AVERAGE_POOL,
    COLUMNS,
    CONV,
    CONV1D,
    GLOBAL_AVERAGE,
    MAX_POOL,
    PADDED_CONV,
    TURNED,
    columns,
    columns_back,
)


@slip(HELD_OUT, MAX_POOL, "x", "factor.missing", "term.extra")
def whole_window_gets_it_all(g, out, x):
    dx = np.zeros_like(x)
    for k, i, j in np.ndindex(out.shape):
        dx[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = g[k, i, j]
    return (dx,)


@slip(HELD_OUT, MAX_POOL, "x", "operand.replaced", "factor.extra")
def multiplied_by_the_maximum(g, out, x):
    dx = np.zeros_like(x)
    for k, i, j in np.ndindex(out.shape):
        window = x[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        dx[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = g[k, i, j] * window * (window == window.max())
    return (dx,)


@slip(HELD_OUT, AVERAGE_POOL, "x", "pooling.maximum")
def first_of_the_largest(g, out, x):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(out.shape):
        window = x[n, c, 2 * i : 2 * i + 2, 3 * j : 3 * j + 3]
        dx[n, c, 2 * i : 2 * i + 2, 3 * j : 3 * j + 3] = g[n, c, i, j] * (window == window.max())
    return (dx,)


@slip(HELD_OUT, AVERAGE_POOL, "x", "scale.constant", "scale.dimension")
def divided_by_the_height_only(g, out, x):
    return (np.repeat(np.repeat(g, 2, axis=2), 3, axis=3) / 2,)


@slip(HELD_OUT, CONV, "x", "operand.flipped")
def kernel_flipped(g, out, x, w, b):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    kh, kw = w.shape[2:]
    for n, f, i, j in np.ndindex(g.shape):
        dx[n, :, i : i + kh, j : j + kw] += g[n, f, i, j] * w[f, :, ::-1, ::-1]
        dw[f] += g[n, f, i, j] * x[n, :, i : i + kh, j : j + kw]
    return dx, dw, g.sum(axis=(0, 2, 3))


@slip(HELD_OUT, CONV, "w", "scale.batch")
def kernel_averaged_over_the_batch(g, out, x, w, b):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    kh, kw = w.shape[2:]
    for n, f, i, j in np.ndindex(g.shape):
        dx[n, :, i : i + kh, j : j + kw] += g[n, f, i, j] * w[f]
        dw[f] += g[n, f, i, j] * x[n, :, i : i + kh, j : j + kw] / len(x)
    return dx, dw, g.sum(axis=(0, 2, 3))


@slip(HELD_OUT, COLUMNS, "w", "factor.missing", "scale.dimension", "scale.constant")
def channels_not_averaged(g, out, x, w):
    d = g.reshape(len(g), -1).T
    return columns_back(d @ w.T / len(x), x, 3, 2), columns(x, 3, 2).T @ d


@slip(HELD_OUT, COLUMNS, "x", "layout.reshaped", "layout.transposed")
def height_and_width_of_patches_exchanged(g, out, x, w):
    d = g.reshape(len(g), -1).T / len(x)
    dx = np.zeros_like(x)
    rows = iter(d @ w.T)
    for i in range(x.shape[1] - 2):
        for j in range(x.shape[2] - 1):
            dx[:, i : i + 3, j : j + 2] += next(rows).reshape(x.shape[0], 2, 3).transpose(0, 2, 1)
    return dx, columns(x, 3, 2).T @ d


@slip(HELD_OUT, PADDED_CONV, "w", "samples.missing", "path.missing")
def last_row_and_column_left_out(g, out, x, w):
    p = np.pad(x, 1)
    dp, dw = np.zeros_like(p), np.zeros_like(w)
    for i in range(len(g) - 1):
        for j in range(g.shape[1] - 1):
            dp[i : i + 3, j : j + 3] += g[i, j] * w
            dw += g[i, j] * p[i : i + 3, j : j + 3]
    return dp[1:-1, 1:-1], dw


@slip(HELD_OUT, PADDED_CONV, "x", "operand.transposed")
def kernel_transposed(g, out, x, w):
    p = np.pad(x, 1)
    dp, dw = np.zeros_like(p), np.zeros_like(w)
    for i, j in np.ndindex(g.shape):
        dp[i : i + 3, j : j + 3] += g[i, j] * w.T
        dw += g[i, j] * p[i : i + 3, j : j + 3]
    return dp[1:-1, 1:-1], dw


@slip(HELD_OUT, CONV1D, "x", "operand.flipped")
def kernel_turned_twice(g, out, x, w):
    return np.convolve(g, w[::-1]), np.correlate(x, g, mode="valid")


@slip(HELD_OUT, CONV1D, "x", "layout.shifted")
def one_step_late(g, out, x, w):
    d = np.concatenate([[0.0], np.convolve(g, w)])
    return d[: len(x)], np.correlate(x, g, mode="valid")


@slip(HELD_OUT, GLOBAL_AVERAGE, "w", "operand.replaced", "scale.dimension")
def sum_of_pixels_for_their_mean(g, out, x, w):
    size = x.shape[2] * x.shape[3]
    dx = np.broadcast_to((g @ w.T)[:, :, None, None] / size, x.shape).copy()
    return dx, x.sum(axis=(2, 3)).T @ g


@slip(HELD_OUT, GLOBAL_AVERAGE, "x", "shape.wrong")
def not_spread_over_the_pixels(g, out, x, w):
    size = x.shape[2] * x.shape[3]
    return (g @ w.T)[:, :, None, None] / size, x.mean(axis=(2, 3)).T @ g


@slip(HELD_OUT, TURNED, "x", "layout.transposed")
def not_turned_back(g, out, x, w):
    t = np.tanh(x.transpose(0, 2, 1))
    return g * w * (1 - t**2), (g * t).sum(axis=0)
