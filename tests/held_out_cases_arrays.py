"""Which mistakes with shapes, indices and copies are kept from whoever writes rules?"""

import numpy as np
from mistake_cases import HELD_OUT, slip
from mistake_cases_arrays import (
    AFFINE,
    BILINEAR,
    CENTRED,
    DROPOUT,
    EMBEDDING,
    FLATTEN,
    JOINED,
    ROW_SCALE,
    RUNNING_TOTAL,
    TWO_BRANCHES,
)


@slip(HELD_OUT, AFFINE, "b", "shape.keepdims", "shape.wrong")
def bias_with_an_axis_too_many(g, out, x, w, b):
    return g @ w.T, x.T @ g, g.sum(axis=0, keepdims=True)


@slip(HELD_OUT, AFFINE, "w", "upstream.constant", "upstream.ignored")
def upstream_taken_as_ones(g, out, x, w, b):
    ones = np.ones_like(g)
    return ones @ w.T, x.T @ ones, ones.sum(axis=0)


@slip(HELD_OUT, AFFINE, "x", "value.clipped")
def clipped_on_the_way_back(g, out, x, w, b):
    return np.clip(g @ w.T, -1, 1), x.T @ g, g.sum(axis=0)


@slip(HELD_OUT, EMBEDDING, "table", "index.repeated")
def added_with_fancy_indices(g, out, table, w, tokens):
    dtable = np.zeros_like(table)
    dtable[tokens] += g @ w.T
    return dtable, table[tokens].T @ g, None


@slip(HELD_OUT, EMBEDDING, "table", "labels.shifted", "layout.shifted")
def tokens_counted_from_one(g, out, table, w, tokens):
    dtable = np.zeros_like(table)
    np.add.at(dtable, tokens + 1, g @ w.T)
    return dtable, table[tokens].T @ g, None


@slip(HELD_OUT, DROPOUT, "x", "factor.extra", "operand.replaced", "scale.constant")
def multiplied_by_the_rate(g, out, x, w, mask):
    return g @ w.T * mask * 0.8, (x * mask / 0.8).T @ g, None


@slip(HELD_OUT, DROPOUT, "w", "operand.replaced", "factor.missing")
def input_before_the_mask(g, out, x, w, mask):
    return g @ w.T * mask / 0.8, x.T @ g, None


@slip(HELD_OUT, ROW_SCALE, "s", "shape.not_summed")
def scale_not_summed(g, out, x, s):
    return g * s, g * x


@slip(HELD_OUT, ROW_SCALE, "s", "factor.missing")
def input_forgotten(g, out, x, s):
    return g * s, g.sum(axis=1, keepdims=True)


@slip(HELD_OUT, CENTRED, "x", "path.missing")
def mean_taken_as_constant(g, out, x, y):
    return g * y, g * (x - x.mean())


@slip(HELD_OUT, CENTRED, "x", "scale.batch", "factor.missing")
def sum_for_mean(g, out, x, y):
    d = g * y
    return d - d.sum(), g * (x - x.mean())


@slip(HELD_OUT, FLATTEN, "x", "layout.transposed")
def axes_not_put_back(g, out, x, w):
    flat = x.transpose(0, 2, 1).reshape(len(x), -1)
    d = g * (1 - out**2)
    return (d @ w.T).reshape(len(x), x.shape[2], x.shape[1]), flat.T @ d


@slip(HELD_OUT, FLATTEN, "w", "factor.missing")
def slope_of_tanh_forgotten(g, out, x, w):
    flat = x.transpose(0, 2, 1).reshape(len(x), -1)
    d = g * (1 - out**2)
    return (d @ w.T).reshape(len(x), x.shape[2], x.shape[1]).transpose(0, 2, 1), flat.T @ g


@slip(HELD_OUT, JOINED, "w", "layout.blocks")
def joined_in_the_other_order(g, out, a, b, w):
    d = g @ w.T
    k = a.shape[1]
    return d[:, :k] * np.exp(a), d[:, k:], np.concatenate([b, np.exp(a)], axis=1).T @ g


@slip(HELD_OUT, JOINED, "a", "operand.replaced", "factor.missing")
def input_for_its_exponential(g, out, a, b, w):
    d = g @ w.T
    k = a.shape[1]
    return d[:, :k] * a, d[:, k:], np.concatenate([np.exp(a), b], axis=1).T @ g


@slip(HELD_OUT, RUNNING_TOTAL, "x", "layout.flipped")
def not_turned_back(g, out, x, y):
    return np.cumsum((g * y)[::-1], axis=0), g * np.cumsum(x, axis=0)


@slip(HELD_OUT, RUNNING_TOTAL, "y", "operand.replaced")
def input_for_its_total(g, out, x, y):
    return np.cumsum((g * y)[::-1], axis=0)[::-1], g * x


@slip(HELD_OUT, BILINEAR, "y", "operand.transposed")
def matrix_transposed(g, out, x, w, y):
    d = g[:, None]
    return d * (y @ w.T), x.T @ (d * y), d * (x @ w.T)


@slip(HELD_OUT, BILINEAR, "w", "upstream.ignored", "factor.missing")
def upstream_forgotten_for_the_matrix(g, out, x, w, y):
    d = g[:, None]
    return d * (y @ w.T), x.T @ y, d * (x @ w)


@slip(HELD_OUT, TWO_BRANCHES, "x", "path.missing")
def identity_forgotten(g, out, x, w):
    return (g @ w.T) * (x > 0), np.maximum(x, 0).T @ g


@slip(HELD_OUT, TWO_BRANCHES, "x", "factor.extra")
def mask_over_the_sum(g, out, x, w):
    return (g @ w.T + g) * (x > 0), np.maximum(x, 0).T @ g
