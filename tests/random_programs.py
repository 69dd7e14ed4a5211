"""Random functions of a few arrays: layers, activations, masks, sorts, indices, joins and losses after one another."""

# ruff: noqa: N803 -- matrices have the names that they have on paper

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad import losses

# What keeps the shape (rows, columns) of a matrix.
ELEMENTWISE = {
    "tanh": np.tanh,
    "sigmoid": lambda z: mg.sigmoid(z),
    "relu": lambda z: mg.relu(z),
    "square": lambda z: z**2 - z,
    "quotient": lambda z: z / (1.0 + z * z),
    "root": lambda z: np.sqrt(1.0 + np.abs(z)),
    "logarithm": lambda z: np.log1p(np.abs(z)),
    "exponential": lambda z: np.exp(-z * z),
    "clip": lambda z: np.clip(z, -0.4, 0.6),
    "where": lambda z: np.where(z > 0.1, z, 0.3 * z),
    "maximum": lambda z: np.maximum(z, 0.2) - 0.5 * np.minimum(z, -0.1),
    "softmax": lambda z: mg.softmax(z),
    "log_softmax": lambda z: mg.log_softmax(z) * 0.1,
    "centred": lambda z: z - z.mean(axis=0),
    "standardised": lambda z: (z - np.mean(z, axis=0)) / np.sqrt(np.var(z, axis=0) + 0.1),
    "layer norm": lambda z: (z - z.mean(axis=1, keepdims=True)) / (z.std(axis=1, keepdims=True) + 0.5),
    "shares": lambda z: np.abs(z) / (1.0 + np.abs(z).sum(axis=1, keepdims=True)),
    "sorted": lambda z: np.sort(z, axis=1),
    "cumulative": lambda z: np.cumsum(z, axis=1) * 0.3,
    "reversed": lambda z: z[:, ::-1] * 0.9,
    "by order": lambda z: np.take_along_axis(z, np.argsort(z, axis=0), axis=0),
    "rolled": lambda z: np.roll(z, 1, axis=0) - z,
    "largest taken away": lambda z: z - z.max(axis=1)[:, None],
    "twice": lambda z: (z + z.T.T) * 0.5,
    "stacked": lambda z: np.stack([z, 0.5 * z]).sum(axis=0),
    "joined": lambda z: np.concatenate([z, -z], axis=1)[:, : z.shape[1]],
    "in place": lambda z: in_place(z),
    "counted": lambda z: z * np.arange(z.shape[1]) / z.shape[1],
    "divided by a size": lambda z: z / np.sqrt(z.shape[0]) + 0.5 / z.size,
    "gathered": lambda z: z[np.arange(len(z))[::-1]],
    "masked": lambda z: z * (z > z.mean()),
}
# What makes one number of a matrix, with the targets and labels of each row.
ENDS = {
    "sum": lambda z, y, labels: (z * z).sum(),
    "mean": lambda z, y, labels: np.mean(np.sin(z)),
    "mse": lambda z, y, labels: losses.mse(z[:, 0], y),
    "cross_entropy": lambda z, y, labels: losses.cross_entropy(z, np.minimum(labels, z.shape[1] - 1)),
    "bce": lambda z, y, labels: losses.bce_with_logits(z[:, 0], (y > 0) * 1.0),
    "picked": lambda z, y, labels: -z[np.arange(len(z)), np.minimum(labels, z.shape[1] - 1)].mean(),
    "norm": lambda z, y, labels: np.linalg.norm(z + 0.1),
    "logsumexp": lambda z, y, labels: mg.logsumexp(z),
    "selected": lambda z, y, labels: (z[z > 0.0] ** 2).sum() + z[0, 0],
    "largest": lambda z, y, labels: z.max() - 0.5 * z.min(axis=0).sum(),
    "gram": lambda z, y, labels: np.trace(z.T @ z) + (z @ z.T).sum(),
}


def in_place(z):
    """A copy changed by += and *=."""
    changed = z * 1.5
    changed += 0.1
    changed *= z
    return changed


class Function:
    """Steps applied to ``x`` one after the other, with layers of weights between some of them."""

    def __init__(self, steps, end):
        self.steps, self.end = steps, end
        self.__name__ = "function"

    def __call__(self, x, W, b, y, labels):
        z = x
        for step in self.steps:
            if step == "layer":
                z = z @ W + b
            elif step == "residual":
                z = z + np.tanh(z @ W + b)
            else:
                z = ELEMENTWISE[step](z)
        return ENDS[self.end](z, y, labels)

    def __repr__(self):
        return f"{' > '.join(self.steps)} > {self.end}"


def arguments(rng, rows, columns):
    """Arrays of sizes that fit together."""
    return [
        rng.uniform(-1.0, 1.0, (rows, columns)),
        rng.uniform(-1.0, 1.0, (columns, columns)),
        rng.uniform(-1.0, 1.0, columns),
        rng.uniform(-1.0, 1.0, rows),
        rng.integers(0, 3, rows),
    ]


functions = st.builds(
    Function,
    st.lists(st.sampled_from(["layer", "layer", "residual", *ELEMENTWISE]), min_size=1, max_size=6),
    st.sampled_from(list(ENDS)),
)
