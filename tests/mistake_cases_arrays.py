"""Which mistakes do people make with shapes, broadcasting, indices, masks and copies?"""

import numpy as np
from backward_cases import Function, normal
from mistake_cases import OPEN, slip


def affine(x, w, b):
    return x @ w + b


def affine_right(g, out, x, w, b):
    return g @ w.T, x.T @ g, g.sum(axis=0)


AFFINE = Function("affine", affine, affine_right, normal((7, 5), (5, 3), (3,)))


@slip(OPEN, AFFINE, "w", "precision.float32")
def kept_in_single_precision(g, out, x, w, b):
    dw = (x.astype(np.float32).T @ g.astype(np.float32)).astype(float)
    return g @ w.T, dw, g.sum(axis=0)


@slip(OPEN, AFFINE, "w", "layout.transposed")
def product_the_other_way_round(g, out, x, w, b):
    return g @ w.T, g.T @ x, g.sum(axis=0)


@slip(OPEN, AFFINE, "b", "structure.zero")
def bias_left_at_zero(g, out, x, w, b):
    return g @ w.T, x.T @ g, np.zeros_like(b)


def embedding(table, w, tokens):
    return table[tokens] @ w


def embedding_right(g, out, table, w, tokens):
    d = g @ w.T
    dtable = np.zeros_like(table)
    np.add.at(dtable, tokens, d)
    return dtable, table[tokens].T @ g, None


def embedding_inputs(rng):
    return rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), np.append(rng.integers(0, 4, 6), [1, 1, 2])


EMBEDDING = Function("embedding", embedding, embedding_right, embedding_inputs)


@slip(OPEN, EMBEDDING, "table", "index.repeated")
def rows_assigned(g, out, table, w, tokens):
    dtable = np.zeros_like(table)
    dtable[tokens] = g @ w.T
    return dtable, table[tokens].T @ g, None


@slip(OPEN, EMBEDDING, "table", "samples.missing")
def last_token_forgotten(g, out, table, w, tokens):
    d = g @ w.T
    dtable = np.zeros_like(table)
    for i in range(len(tokens) - 1):
        dtable[tokens[i]] += d[i]
    return dtable, table[tokens].T @ g, None


def dropout(x, w, mask):
    return x * mask / 0.8 @ w


def dropout_right(g, out, x, w, mask):
    return g @ w.T * mask / 0.8, (x * mask / 0.8).T @ g, None


def dropout_inputs(rng):
    mask = (rng.random((5, 7)) < 0.8).astype(int)
    mask[0, 1] = mask[3, 2] = 0
    return rng.standard_normal((5, 7)), rng.standard_normal((7, 3)), mask


DROPOUT = Function("dropout", dropout, dropout_right, dropout_inputs)


@slip(OPEN, DROPOUT, "x", "factor.missing", "scale.constant")
def not_divided_by_the_rate(g, out, x, w, mask):
    return g @ w.T * mask, (x * mask / 0.8).T @ g, None


@slip(OPEN, DROPOUT, "x", "factor.missing")
def mask_forgotten(g, out, x, w, mask):
    return g @ w.T / 0.8, (x * mask / 0.8).T @ g, None


def row_scale(x, s):
    return x * s


def row_scale_right(g, out, x, s):
    return g * s, (g * x).sum(axis=1, keepdims=True)


ROW_SCALE = Function("scale of each row", row_scale, row_scale_right, normal((5, 3), (5, 1)))


@slip(OPEN, ROW_SCALE, "s", "shape.keepdims")
def axis_dropped(g, out, x, s):
    return g * s, (g * x).sum(axis=1)


@slip(OPEN, ROW_SCALE, "x", "operand.replaced", "structure.order")
def multiplied_by_itself(g, out, x, s):
    return g * x, (g * x).sum(axis=1, keepdims=True)


def centred(x, y):
    return (x - x.mean()) * y


def centred_right(g, out, x, y):
    d = g * y
    return d - d.mean(), g * (x - x.mean())


CENTRED = Function("centred product", centred, centred_right, normal((7,), (7,)))


@slip(OPEN, CENTRED, "x", "shape.broadcast")
def column_against_row(g, out, x, y):
    d = (g * y).reshape(-1, 1)
    return d - d.mean(axis=1), g * (x - x.mean())


@slip(OPEN, CENTRED, "y", "term.missing", "operand.replaced", "path.missing")
def mean_forgotten_for_the_factor(g, out, x, y):
    d = g * y
    return d - d.mean(), g * x


def flatten_dense(x, w):
    return np.tanh(x.transpose(0, 2, 1).reshape(len(x), -1) @ w)


def flatten_dense_right(g, out, x, w):
    flat = x.transpose(0, 2, 1).reshape(len(x), -1)
    d = g * (1 - out**2)
    return (d @ w.T).reshape(len(x), x.shape[2], x.shape[1]).transpose(0, 2, 1), flat.T @ d


FLATTEN = Function("flatten and dense", flatten_dense, flatten_dense_right, normal((3, 4, 5), (20, 2), scale=0.4))


@slip(OPEN, FLATTEN, "x", "layout.reshaped")
def order_of_flattening_ignored(g, out, x, w):
    flat = x.transpose(0, 2, 1).reshape(len(x), -1)
    d = g * (1 - out**2)
    return (d @ w.T).reshape(x.shape), flat.T @ d


@slip(OPEN, FLATTEN, "w", "layout.reshaped", "operand.replaced")
def input_flattened_in_another_order(g, out, x, w):
    d = g * (1 - out**2)
    dx = (d @ w.T).reshape(len(x), x.shape[2], x.shape[1]).transpose(0, 2, 1)
    return dx, x.reshape(len(x), -1).T @ d


def joined(a, b, w):
    return np.concatenate([np.exp(a), b], axis=1) @ w


def joined_right(g, out, a, b, w):
    d = g @ w.T
    k = a.shape[1]
    return d[:, :k] * np.exp(a), d[:, k:], np.concatenate([np.exp(a), b], axis=1).T @ g


JOINED = Function("joined inputs", joined, joined_right, normal((7, 3), (7, 3), (6, 2)))


@slip(OPEN, JOINED, "a", "structure.order", "operand.replaced", "layout.blocks")
def halves_taken_in_the_wrong_order(g, out, a, b, w):
    d = g @ w.T
    k = a.shape[1]
    return d[:, k:] * np.exp(a), d[:, :k], np.concatenate([np.exp(a), b], axis=1).T @ g


def running_total(x, y):
    return np.cumsum(x, axis=0) * y


def running_total_right(g, out, x, y):
    return np.cumsum((g * y)[::-1], axis=0)[::-1], g * np.cumsum(x, axis=0)


RUNNING_TOTAL = Function("running total", running_total, running_total_right, normal((7, 3), (7, 3)))


@slip(OPEN, RUNNING_TOTAL, "x", "operand.flipped", "layout.flipped")
def summed_from_the_start(g, out, x, y):
    return np.cumsum(g * y, axis=0), g * np.cumsum(x, axis=0)


@slip(OPEN, RUNNING_TOTAL, "x", "path.missing", "factor.missing", "support.diagonal")
def only_its_own_step(g, out, x, y):
    return g * y, g * np.cumsum(x, axis=0)


def bilinear(x, w, y):
    return ((x @ w) * y).sum(axis=1)


def bilinear_right(g, out, x, w, y):
    d = g[:, None]
    return d * (y @ w.T), x.T @ (d * y), d * (x @ w)


BILINEAR = Function("bilinear form", bilinear, bilinear_right, normal((7, 4), (4, 4), (7, 4)))


@slip(OPEN, BILINEAR, "x", "operand.transposed")
def matrix_not_transposed(g, out, x, w, y):
    d = g[:, None]
    return d * (y @ w), x.T @ (d * y), d * (x @ w)


@slip(OPEN, BILINEAR, "w", "layout.transposed", "structure.order")
def outer_product_turned(g, out, x, w, y):
    d = g[:, None]
    return d * (y @ w.T), (d * y).T @ x, d * (x @ w)


def two_branches(x, w):
    h = np.maximum(x, 0)
    return h @ w + x


def two_branches_right(g, out, x, w):
    return (g @ w.T) * (x > 0) + g, np.maximum(x, 0).T @ g


def away_from_zero(rng):
    x = rng.standard_normal((5, 3))
    return x + 0.2 * np.sign(x), rng.standard_normal((3, 3))


TWO_BRANCHES = Function("relu beside the identity", two_branches, two_branches_right, away_from_zero)


@slip(OPEN, TWO_BRANCHES, "w", "mutation.upstream")
def upstream_masked_in_place(g, out, x, w):
    dh = g @ w.T
    g[x <= 0] = 0
    return dh * (x > 0) + g, np.maximum(x, 0).T @ g
