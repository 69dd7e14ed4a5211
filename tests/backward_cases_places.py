"""Which mistakes do people make in backward passes of broadcasting, sums, and elements at places?"""

import numpy as np
from backward_cases import distinct, function, normal

function(
    "add a row", lambda x, row: x + row, lambda g, out, x, row: (g, g.sum(axis=0)), normal((7, 5), 5),
    ("not summed", "row", "shape.not_summed", lambda g, out, *_: g),
    ("summed along the rows", "row", "shape.wrong", lambda g, out, *_: g.sum(axis=1)),
)  # fmt: skip

function(
    "add a column", lambda x, column: x + column, lambda g, out, x, column: (g, g.sum(axis=1, keepdims=True)),
    normal((7, 5), (7, 1)),
    ("not summed", "column", "shape.not_summed", lambda g, out, *_: g),
    ("a mean", "column", "scale.dimension", lambda g, out, *_: g.mean(axis=1, keepdims=True)),
)  # fmt: skip

function(
    "multiply by a row", lambda x, row: x * row, lambda g, out, x, row: (g * row, (g * x).sum(axis=0)),
    normal((7, 5), 5),
    ("not summed", "row", "shape.not_summed", lambda g, out, x, *_: g * x),
    ("x for the row", "x", "operand.replaced", lambda g, out, x, *_: g * x),
    ("without x", "row", "factor.missing", lambda g, out, *_: g.sum(axis=0)),
)  # fmt: skip

function(
    "multiply by a column", lambda x, column: x * column,
    lambda g, out, x, column: (g * column, (g * x).sum(axis=1, keepdims=True)), normal((7, 5), (7, 1)),
    ("axis dropped", "column", "shape.keepdims", lambda g, out, x, *_: (g * x).sum(axis=1)),
    ("output for x", "column", "factor.extra", lambda g, out, *_: (g * out).sum(1)[:, None]),
)  # fmt: skip

function(
    "outer product", lambda x, y: x[:, None] * y, lambda g, out, x, y: (g @ y, x @ g), normal(7, 5),
    ("not summed", "y", "shape.not_summed", lambda g, out, x, y: x[:, None] * g),
    ("without y", "x", "factor.missing", lambda g, out, *_: g.sum(axis=1)),
)  # fmt: skip

function(
    "cumulative sum", lambda x: np.cumsum(x, axis=1), lambda g, out, x: (np.cumsum(g[:, ::-1], axis=1)[:, ::-1],),
    normal((7, 5)),
    ("not turned back", "x", "layout.flipped", lambda g, out, x: np.cumsum(g[:, ::-1], axis=1)),
    ("g passed on", "x", "factor.missing", lambda g, out, x: g),
    ("along the batch", "x", "support.axis", lambda g, out, x: np.cumsum(g[::-1], axis=0)[::-1]),
)  # fmt: skip

function(
    "tanh of all but the first step", lambda x: np.tanh(x[:, 1:]),
    lambda g, out, x: (np.pad(g * (1 - out**2), ((0, 0), (1, 0))),), normal((7, 5)),
    ("padded at the end", "x", "layout.shifted", lambda g, out, x: np.pad(g * (1 - out**2), ((0, 0), (0, 1)))),
)  # fmt: skip


def scattered(x, place, g):
    result = np.zeros_like(x)
    np.add.at(result, place, g)
    return result


def assigned(x, place, g):
    """Where a place occurs several times, the last contribution wins, though it says +=."""
    result = np.zeros_like(x)
    result[place] += g
    return result


# More indices than rows or columns, so that some of them repeat for every seed.
function(
    "embedding", lambda table, indices: table[indices],
    lambda g, out, table, indices: (scattered(table, indices, g), None),
    lambda rng: (rng.standard_normal((11, 3)), rng.integers(0, 11, 13)),
    ("+= at indices", "table", "index.repeated", lambda g, out, table, indices: assigned(table, indices, g)),
    ("indices that start at 1", "table", "layout.shifted",
     lambda g, out, table, indices: scattered(table, indices - 1, g)),
    ("one row for each index", "table", "shape.wrong", lambda g, out, *_: g),
)  # fmt: skip

function(
    "some columns", lambda x, columns: x[:, columns],
    lambda g, out, x, columns: (scattered(x, (slice(None), columns), g), None),
    lambda rng: (rng.standard_normal((3, 5)), rng.integers(0, 5, 7)),
    ("+= at columns", "x", "index.repeated", lambda g, out, x, columns: assigned(x, (slice(None), columns), g)),
)  # fmt: skip

function(
    "max of each row", lambda x: x.max(axis=1), lambda g, out, x: (g[:, None] * (x == out[:, None]),), distinct(7, 5),
    ("to every element", "x", "pooling.average", lambda g, out, x: g[:, None] * np.ones_like(x)),
    ("times the largest", "x", "factor.extra", lambda g, out, x: (g * out)[:, None] * (x == out[:, None])),
    ("maxima of the columns", "x", "support.axis", lambda g, out, x: g[:, None] * (x == x.max(axis=0))),
)  # fmt: skip
