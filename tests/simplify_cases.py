"""Functions, the arrays they take, and what is left of their programs when they are simplified."""

import numpy as np
from simplify_checks import reals

import minigrad as mg

# What is computed, of which arrays, and what is left.
RULES = {
    "+x": (lambda x: np.tanh(+x), [reals(3)], "tanh"),
    "copy": (lambda x: np.tanh(x.copy()), [reals(3)], "tanh"),
    "an input is copied for the result": (lambda x: x * 1.0, [reals(3)], "copy"),
    "times one": (lambda x: 1.0 * np.tanh(x * 1), [reals(3)], "tanh"),
    "times one that converts": (lambda x: x * 1.0, [np.arange(3)], "multiply"),
    "over one": (lambda x: np.tanh(x / 1), [reals(3)], "tanh"),
    "plus zero": (lambda x: 0 + np.tanh(x + 0.0), [reals(3)], "tanh"),
    "minus zero": (lambda x: np.tanh(x - 0.0), [reals(3)], "tanh"),
    "times one that broadcasts": (lambda x: np.tanh(x * np.ones((5, 3))), [reals(3)], "multiply tanh"),
    "first power": (lambda x: np.tanh(x**1), [reals(3)], "tanh"),
    "square": (lambda x: np.tanh(x * x) + np.square(x) + x**2.0, [reals(3)], "power tanh add add"),
    "doubled": (lambda x: np.tanh(x) + np.tanh(x), [reals(3)], "tanh multiply"),
    "numbers joined": (lambda x: np.tanh(2.0 * (3.0 * x)), [reals(3)], "multiply tanh"),
    "numbers that cancel": (lambda x: np.tanh(0.5 * (2.0 * x)), [reals(3)], "tanh"),
    "numbers beside a quotient": (lambda x, y: np.tanh(2.0 * (0.5 * x / y)), [reals(3), reals(3)], "divide tanh"),
    "numbers that overflow": (lambda x: np.tanh(1e-200 * (1e-200 * x)), [reals(3)], "multiply multiply tanh"),
    "one over a size": (lambda x: np.tanh(1.0 / x.size * (2.0 * x)), [reals(5, 3)], "multiply tanh"),
    "filled arrays": (
        lambda x: np.tanh(x * np.full(x.shape, 2.0) + np.ones(x.shape)), [reals(5, 3)], "multiply add tanh",
    ),
    "filled like": (lambda x: np.tanh(x + np.ones_like(x)) * np.full_like(x, 3.0), [reals(3)], "add tanh multiply"),
    "filled with more axes": (lambda x: np.tanh(x + np.ones((5, 1))), [reals(3)], "add tanh"),
    "broadcast": (lambda x, y: x * np.broadcast_to(y, x.shape), [reals(5, 3), reals(3)], "multiply"),
    "a filled array that is larger": (
        lambda x, y: y + np.tanh(x * np.full(y.shape, 2.0)), [reals(3), reals(5, 3)], "full multiply tanh add",
    ),
    "a filled array of another dtype": (
        lambda x: np.tanh(x * np.full(x.shape, 0.5)), [reals(3).astype(np.float32)], "full multiply tanh",
    ),
    "a broadcast that is needed": (lambda x: np.tanh(np.broadcast_to(x, (5, 3))), [reals(3)], "broadcast_to tanh"),
    "leading axes": (lambda x, y: x * y[None] + np.expand_dims(y, 0), [reals(5, 3), reals(3)], "multiply add"),
    "leading axes by reshape": (lambda x, y: x * y.reshape(1, y.size), [reals(5, 3), reals(3)], "multiply"),
    "leading axes that are needed": (lambda y: np.tanh(y[None]), [reals(3)], "item tanh"),
    "keepdims": (lambda x: x - np.mean(x, axis=0, keepdims=True), [reals(5, 3)], "mean subtract"),
    "keepdims of all axes": (lambda x: x - np.max(x, keepdims=True), [reals(5, 3)], "max subtract"),
    "keepdims that is needed": (lambda x: x - np.mean(x, axis=1, keepdims=True), [reals(5, 3)], "mean subtract"),
    "a mean kept and not": (
        lambda x: (x - np.mean(x, axis=0)) * (x - np.mean(x, 0, keepdims=True)), [reals(5, 3)], "mean subtract power",
    ),
    "signs of products": (lambda x, y: np.tanh((-x) * y * (-y)), [reals(3), reals(3)], "multiply multiply tanh"),
    "signs of quotients": (lambda x, y: y - (-np.tanh(x)) / y, [reals(3), reals(3)], "tanh divide add"),
    "signs of sums": (lambda x: x.shape[0] + np.sum(-np.tanh(x)), [reals(3)], "tanh sum subtract"),
    "signs of matrix products": (lambda x, y: y - (-x) @ y, [reals(3, 3), reals(3, 5)], "matmul add"),
    "signs of numbers": (
        lambda x: np.tanh(-(3.0 * x)) + np.tanh(-1.0 * x), [reals(3)], "multiply tanh negative tanh add",
    ),
    "a sign before a number": (lambda x, y: -np.exp(x) - 2.0 * y, [reals(3), reals(3)], "exp multiply subtract"),
    "two signs": (lambda x, y: np.tanh(np.negative(-x)) - np.negative(y), [reals(3), reals(3)], "tanh add"),
    "a sign that is subtracted": (lambda x, y: x + -2.0 * y, [reals(3), reals(3)], "multiply subtract"),
    "the same sum by two axes": (lambda x: np.sum(x, axis=-1) * np.sum(x, axis=(1,)), [reals(5, 3)], "sum power"),
    "a sum over all axes": (lambda x: np.sum(x, axis=(0, 1)) - np.sum(x) ** 2, [reals(5, 3)], "sum power subtract"),
    "a sum of a sum": (lambda x: np.tanh(np.sum(np.sum(x, axis=1), axis=0)), [reals(5, 3)], "sum tanh"),
    "a sum of zeros": (lambda x: x + np.sum(np.zeros_like(x), axis=0), [reals(5, 3)], "copy"),
    "a sum over a size": (lambda x: np.tanh(np.sum(x, axis=0) / x.shape[0]), [reals(5, 3)], "mean tanh"),
    "a share of a sum": (lambda x: np.tanh(1.0 / x.size * np.sum(x)), [reals(5, 3)], "mean tanh"),
    "a sum over another size": (lambda x: np.sum(x, axis=0) / x.shape[1], [reals(5, 3)], "sum divide"),
    "a reshape of a reshape": (lambda x: np.tanh(x.reshape(-1).reshape(3, 5)), [reals(5, 3)], "reshape tanh"),
    "the shape that is there": (lambda x: np.tanh(x.reshape(x.shape)), [reals(5, 3)], "tanh"),
    "the dtype that is there": (lambda x: np.tanh(x.astype(x.dtype)), [reals(3)], "tanh"),
    "x.T.T": (lambda x: np.tanh(x.T.T) + np.tanh(np.swapaxes(x.T, 0, -1)), [reals(5, 3)], "tanh multiply"),
    "a transpose by any name": (
        lambda x: x.T @ np.swapaxes(x, 0, 1).T + np.transpose(x, (1, 0)) @ x, [reals(5, 3)],
        "transpose matmul multiply",
    ),
    "a product turned": (lambda x, y: np.tanh((x.T @ y).T), [reals(5, 3), reals(5, 2)], "transpose matmul tanh"),
    "products of many turned": (
        lambda x, y: np.tanh((x.mT @ y).mT), [reals(2, 5, 3), reals(2, 5, 4)], "swapaxes matmul tanh",
    ),
    "a row turned": (lambda x, y: np.tanh(x[None].T + y), [reals(5), reals(5, 3)], "item add tanh"),
    "a sum kept by an index": (
        lambda x: x / np.sum(x, axis=1)[:, None] - np.mean(x, axis=1).reshape(x.shape[0], 1), [reals(5, 3)],
        "sum divide mean subtract",
    ),
    "a column by reshape": (
        lambda x, y: x.reshape(x.size, 1) * y + x[:, None], [reals(5), reals(3)],
        "item multiply add",
    ),
    "one and 1.0": (lambda x: (1 - x) * np.tanh(1.0 - x), [reals(3)], "subtract tanh multiply"),
    "one and 1.0 of integers": (
        lambda x: (1 - x) * np.tanh(1.0 - x), [np.arange(3)],
        "subtract subtract tanh multiply",
    ),
    "a vector has one order": (lambda x: np.tanh(x.T), [reals(5)], "tanh"),
    "all of it": (lambda x: np.tanh(x[:, :] * x[...]), [reals(5, 3)], "power tanh"),
    "an axis put in and out": (lambda x: np.tanh(x[:, None][:, 0]), [reals(5)], "tanh"),
    "a part of a stack": (lambda x, y: np.tanh(np.stack([x, y], axis=-1)[..., 1]), [reals(5), reals(5)], "tanh"),
    "another part of a stack": (lambda x, y: np.stack([x, y])[:, 0], [reals(5), reals(5)], "stack item"),
    "one number as a matrix": (lambda x: np.tanh(x[:, None] @ np.array([[-2.0]])), [reals(5)], "multiply item tanh"),
    "a column solved for": (
        lambda a, b: np.linalg.solve(a + np.eye(3), b[:, None])[:, 0], [reals(3, 3) / 9, reals(3)], "add solve",
    ),
    "a quotient that is there": (
        lambda x, y, s: np.tanh(x / s) * np.tanh(x * y / s) + x / s, [reals(5, 3), reals(5, 3), reals(3)],
        "divide tanh multiply tanh multiply add",
    ),
    "a product that is there": (
        lambda x, y, s: np.tanh(s * y) * np.tanh(x * s * y) + y * s, [reals(3), reals(3), reals(3)],
        "multiply tanh multiply tanh multiply add",
    ),
    "a product without a name": (
        lambda x, y, s: np.tanh(s * y) * np.tanh(x * s * y), [reals(3), reals(3), reals(3)],
        "multiply tanh multiply multiply tanh multiply",
    ),
    "a factor of a sum": (
        lambda x, y, c: np.tanh(c * y) + np.sum(x * y) * c, [reals(3), reals(3), reals()],
        "multiply tanh multiply sum add",
    ),
    "equal calls in another order": (lambda x, y: x * y + np.tanh(y * x), [reals(3), reals(3)], "multiply tanh add"),
    "equal calls": (lambda x: np.exp(x) + np.tanh(np.exp(x)) + np.exp(1 * x), [reals(3)], "exp tanh add add"),
    "calls that differ": (
        lambda x: x**2 + np.sum(x, axis=0) + np.sum(x, axis=1), [reals(3, 3)], "power sum add sum add",
    ),
    "unused calls": (lambda x: (np.exp(x), np.tanh(x))[1], [reals(3)], "tanh"),
    "unused results": (lambda x: np.linalg.slogdet(x + np.eye(3))[1], [reals(3, 3)], "add slogdet pick"),
    "a mask": (lambda x: np.where(x > 1.0, x, 0.0) * 1.0, [reals(3)], "greater where"),
}  # fmt: skip


def two_rows(x):
    y = x * np.array([[2.0], [3.0]])
    return np.sum(y[0] ** 3) + np.sum(np.exp(y[1]))


def four_rows(x):
    y = x * np.array([[2.0], [3.0], [5.0], [7.0]])
    return np.sum(y[:2] ** 3) + np.sum(np.exp(y[1:3]))


# The gradients of what is computed, by all arrays.
GRADIENTS = {
    "parts that tile an axis": (
        lambda x: np.sum(np.tanh(x[:, :2]) * np.exp(x[:, 2:])), [reals(5, 4)],
        "item tanh item exp multiply sum power subtract multiply concatenate",
    ),
    "parts that are used twice": (
        lambda x: np.sum(x[:2] ** 3) + np.sum(np.exp(x[:2])) + np.sum(x[2:] ** 3), [reals(5, 3)],
        "item power sum exp sum add item power sum add power multiply power multiply add concatenate",
    ),
    "rows that are all there": (
        two_rows, [reals(2, 3)],
        "multiply item power sum item exp sum add power multiply stack multiply",
    ),
    "parts that overlap": (
        lambda x: np.sum(x[1:] * x[:-1]), [reals(5, 3)], "item item multiply sum placed_at placed_at add",
    ),
    "parts that leave a gap": (
        lambda x: np.sum(np.exp(x[:1])) + np.sum(x[2:] ** 3), [reals(5, 3)],
        "item exp sum item power sum add power multiply placed_at placed_at add",
    ),
    "parts that overlap and leave a gap": (
        four_rows, [reals(4, 3)],
        "multiply item power sum item exp sum add placed_at power multiply placed_at add multiply",
    ),
    "parts of other axes": (
        lambda x: np.sum(np.exp(x[:2])) + np.sum(x[:, 2:] ** 3), [reals(4, 4)],
        "item exp sum item power sum add power multiply placed_at placed_at add",
    ),
    "parts that are joined": (
        lambda x, y: np.sum(np.concatenate([x, np.tanh(y)], axis=1) ** 3), [reals(5, 3), reals(5, 2)],
        "tanh concatenate power sum power multiply item item power subtract multiply",
    ),
    "a mean": (lambda x: np.mean(np.exp(x)), [reals(5, 3)], "exp mean multiply"),
    "a mean of an axis": (
        lambda x: np.sum(np.mean(x, axis=0) ** 3), [reals(5, 3)], "mean power sum power multiply divide broadcast_to",
    ),
    "a centred array": (
        lambda x: np.sum((x - np.mean(x, axis=0)) ** 3), [reals(5, 3)],
        "mean subtract power sum power multiply mean subtract",
    ),
}  # fmt: skip


def two_layers(w1, b1, w2, b2, x, y):
    a1 = np.tanh(x @ w1 + b1)
    p = np.tanh(a1 @ w2 + b2)
    return np.mean((p - y) ** 2)


def lstm_cell(w, u, b, x, h, c):
    z = x @ w + h @ u + b
    n = h.shape[-1]
    i, f, o = mg.sigmoid(z[:, :n]), mg.sigmoid(z[:, n : 2 * n]), mg.sigmoid(z[:, 3 * n :])
    c_new = f * c + i * np.tanh(z[:, 2 * n : 3 * n])
    h_new = o * np.tanh(c_new)
    return np.sum(h_new * h_new) + np.sum(c_new)


def attention(wq, wk, wv, wo, x, y):
    q, k, v = x @ wq, x @ wk, x @ wv
    weights = mg.softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]))
    return np.mean((x + (weights @ v) @ wo - y) ** 2)


def batch_norm(gamma, beta, x, y):
    mu = np.mean(x, axis=0)
    xhat = (x - mu) / np.sqrt(np.var(x, axis=0) + 1e-5)
    return np.sum((gamma * xhat + beta - y) ** 2)


def gaussian_process(log_l, log_s, log_n, points, y):
    squares = np.sum(points**2, axis=1)[:, None] + np.sum(points**2, axis=1)[None, :]
    kernel = np.exp(2.0 * log_s) * np.exp(-0.5 * (squares - 2.0 * points @ points.T) / np.exp(2.0 * log_l))
    kernel = kernel + np.exp(2.0 * log_n) * np.eye(points.shape[0])
    _, logdet = np.linalg.slogdet(kernel)
    return -0.5 * (y @ np.linalg.solve(kernel, y)) - 0.5 * logdet - 0.5 * points.shape[0] * np.log(2 * np.pi)


# By how many arguments the gradients are wanted, how many instructions there are at most, and how many of their values
# are wanted, or used twice.
KNOWN = [
    (two_layers, [reals(3, 4), reals(4), reals(4, 2), reals(2), reals(5, 3), reals(5, 2)], 4, (24, 10)),
    (lstm_cell, [reals(2, 12), reals(3, 12), reals(12), reals(5, 2), reals(5, 3), reals(5, 3)], 6, (52, 18)),
    (attention, [reals(6, 4), reals(6, 4), reals(6, 5), reals(5, 6), reals(2, 3, 6), reals(2, 3, 6)], 4, (42, 18)),
    (batch_norm, [reals(4), reals(4), reals(5, 4), reals(5, 4)], 3, (23, 10)),
    (gaussian_process, [reals(), reals(), reals(), reals(6, 2), reals(6)], 3, (48, 13)),
]
