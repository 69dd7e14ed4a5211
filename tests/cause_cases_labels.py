"""Which mistakes do people make around constants, labels, samples, and in networks in one function?"""

# ruff: noqa: E501, N803, N806 -- matrices have the names that they have on paper; cases are read in few lines

import numpy as np
from cause_cases import cause, normal, softmax

# ---- constants


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_backward(c, k=0.044715):
    def backward(g, out, x):
        t = np.tanh(c * (x + k * x**3))
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * k * x**2))

    return backward


cause("constant.rounded", "gelu with four digits", gelu, gelu_backward(0.7978), normal((7, 5)), "x")
cause("constant.rounded", "gelu with six digits", gelu, gelu_backward(0.797885), normal((7, 5)), "x")
cause("constant.rounded", "gelu with another constant rounded", gelu,
      gelu_backward(np.sqrt(2 / np.pi), 0.0447), normal((7, 5)), "x")  # fmt: skip
cause("constant.rounded", "circle with 3.14", lambda r: np.pi * r**2, lambda g, out, r: g * 2 * 3.14 * r,
      normal((7,)), "r")  # fmt: skip
cause("epsilon.missing", "cross entropy with a small number in its logarithm",
      lambda y, p: -np.sum(y * np.log(p + 1e-7)), lambda g, out, y, p: (-g * np.log(p + 1e-7), -g * y / p),
      lambda rng: (rng.uniform(0.1, 1, (7, 3)), rng.uniform(0.1, 0.9, (7, 3))), "p")  # fmt: skip
cause("epsilon.extra", "cross entropy with a small number in its gradient",
      lambda y, p: -np.sum(y * np.log(p)), lambda g, out, y, p: (-g * np.log(p), -g * y / (p + 1e-6)),
      lambda rng: (rng.uniform(0.1, 1, (7, 3)), rng.uniform(0.1, 0.9, (7, 3))), "p")  # fmt: skip
cause("epsilon.extra", "binary cross entropy with a small number in its gradient",
      lambda p, y: -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)),
      lambda g, out, p, y: (g * (p - y) / (p * (1 - p) + 1e-8) / p.size, -g * (np.log(p) - np.log(1 - p)) / p.size),
      lambda rng: (rng.uniform(0.1, 0.9, (7,)), rng.uniform(0.1, 0.9, 7)), "p")  # fmt: skip
cause("epsilon.missing", "fused gradient of a cross entropy with a small number",
      lambda z, W: -np.mean(np.log(softmax(z @ W)[np.arange(7), np.arange(7) % 3] + 1e-7)),
      lambda g, out, z, W: (g * (softmax(z @ W) - np.eye(3)[np.arange(7) % 3]) @ W.T / 7,
                            g * z.T @ (softmax(z @ W) - np.eye(3)[np.arange(7) % 3]) / 7),
      normal((7, 5), (5, 3)), "z", "W")  # fmt: skip
cause("precision.float32", "products in single precision", lambda x, W: x @ W,
      lambda g, out, x, W: (g @ W.T, (x.T.astype(np.float32) @ g.astype(np.float32)).astype(np.float64)),
      normal((7, 5), (5, 3)), "W")  # fmt: skip


# ---- labels


def classifier(x, W, y):
    return -np.mean(np.log(softmax(x @ W)[np.arange(len(y)), y]))


def classifier_backward(change):
    def backward(g, out, x, W, y):
        d = g * change(softmax(x @ W), y) / len(y)
        return d @ W.T, x.T @ d, None

    return backward


def with_labels(*shapes, classes=4):
    return lambda rng: (*(rng.standard_normal(shape) for shape in shapes), rng.integers(0, classes, shapes[0][0]))


CLASSES = with_labels((7, 5), (5, 4))
cause("labels.not_subtracted", "p alone", classifier, classifier_backward(lambda p, y: p), CLASSES, "x", "W")
cause("labels.shifted", "labels from 1", classifier, classifier_backward(lambda p, y: p - np.eye(4)[y - 1]), CLASSES,
      "x", "W")  # fmt: skip


def one_hot_loss(z, y):
    return -np.sum(np.eye(4)[y] * np.log(softmax(z)))


cause("labels.not_subtracted", "p alone, beside one-hot labels", one_hot_loss, lambda g, out, z, y: (g * softmax(z), None),
      with_labels((7, 4)), "z")  # fmt: skip
cause("labels.shifted", "one-hot labels one too far", one_hot_loss,
      lambda g, out, z, y: (g * (softmax(z) - np.eye(4)[(y + 1) % 4]), None), with_labels((7, 4)), "z")  # fmt: skip


def hinge(x, W, y):
    s = x @ W
    margins = np.maximum(0, s - s[np.arange(len(y)), y][:, None] + 1)
    margins[np.arange(len(y)), y] = 0
    return margins.sum() / len(y)


def hinge_backward(rule):
    def backward(g, out, x, W, y):
        s, rows = x @ W, np.arange(len(y))
        mask = (s - s[rows, y][:, None] + 1 > 0).astype(float)
        rule(mask, rows, y)
        d = g * mask / len(y)
        return d @ W.T, x.T @ d, None

    return backward


def counted(mask, rows, y):
    mask[rows, y] = -mask.sum(axis=1)


def not_subtracted(mask, rows, y):
    mask[rows, y] = 0


def neighbours(mask, rows, y):
    mask[rows, y] = 0
    mask[rows, (y + 1) % 4] -= mask.sum(axis=1)


cause("labels.not_excluded", "hinge counts the right class", hinge, hinge_backward(counted), CLASSES, "x", "W")
cause(
    "labels.not_subtracted",
    "hinge leaves the right class out",
    hinge,
    hinge_backward(not_subtracted),
    CLASSES,
    "x",
    "W",
)
cause("labels.shifted", "hinge takes the class beside", hinge, hinge_backward(neighbours), CLASSES, "x", "W")


# ---- samples


def shorter(change):
    def backward(g, out, x, W):
        d = g * (1 - out**2)
        dx, dW = np.zeros_like(x), np.zeros_like(W)
        for i in change(len(x)):
            dx[i] = W @ d[i]
            dW += np.outer(x[i], d[i])
        return dx, dW

    return backward


for word, loop in (("last", lambda n: range(n - 1)), ("first", lambda n: range(1, n))):
    cause("samples.missing", f"the {word} sample forgotten", lambda x, W: np.tanh(x @ W), shorter(loop),
          normal((7, 5), (5, 3)), "x", "W")  # fmt: skip


def recurrent(x, U, V):
    h = np.zeros(3)
    for step in x:
        h = np.tanh(U @ step + V @ h)
    return h


def recurrent_backward(first):
    def backward(g, out, x, U, V):
        states = [np.zeros(3)]
        for step in x:
            states.append(np.tanh(U @ step + V @ states[-1]))
        dx, dU, dV = np.zeros_like(x), np.zeros_like(U), np.zeros_like(V)
        for t in reversed(range(first, len(x))):
            d = g * (1 - states[t + 1] ** 2)
            dx[t], g = U.T @ d, V.T @ d
            dU, dV = dU + np.outer(d, x[t]), dV + np.outer(d, states[t])
        return dx, dU, dV

    return backward


cause("samples.missing", "the first time step forgotten", recurrent, recurrent_backward(1),
      normal((4, 5), (3, 5), (3, 3)), "x", "U")  # fmt: skip


# ---- networks in one function, as courses have them


def network(slip):
    def loss(W1, b1, W2, b2, X, y):
        count, reg = len(y), 0.05
        h = np.maximum(0, X @ W1 + b1)
        p = softmax(h @ W2 + b2)
        value = -np.log(p[np.arange(count), y]).mean() + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        d = p.copy()
        slip_in_scores = {
            "beside": lambda: d.__setitem__((np.arange(count), (y + 1) % 4), d[np.arange(count), (y + 1) % 4] - 1),
            "clipped": lambda: d.__setitem__(
                (np.arange(count), np.minimum(y + 1, 3)), d[np.arange(count), np.minimum(y + 1, 3)] - 1
            ),
            "left out": lambda: None,
        }
        if slip in slip_in_scores:
            slip_in_scores[slip]()
        else:
            d[np.arange(count), y] -= 1
        d /= count
        if slip == "short":
            d[-1] = 0
        dh = d @ W2.T
        dh[h <= 0] = 0
        decay = {"half": reg / 2, "twice": 2 * reg, "minus": -reg, "batch": reg / count}.get(slip, reg)
        grads = {"W1": X.T @ dh + reg * W1, "b1": dh.sum(axis=0), "W2": h.T @ d + decay * W2, "b2": d.sum(axis=0)}
        if slip == "bias":
            grads["b2"] = grads["b2"] + reg * b2
        if slip == "clip":
            grads = {name: np.clip(gradient, -0.1, 0.1) for name, gradient in grads.items()}
        return value, grads

    return loss


NETWORK = lambda rng: (*normal((5, 6), (6,), (6, 4), (4,), (7, 5))(rng), rng.integers(0, 4, 7))  # noqa: E731 -- as normal
ALL = ("W1", "b1", "W2", "b2")
for slip, rule, leaves in [
    ("beside", "labels.shifted", ALL), ("clipped", "labels.shifted", ALL), ("left out", "labels.not_subtracted", ALL),
    ("short", "samples.missing", ALL), ("half", "decay.scale", ("W2",)), ("twice", "decay.scale", ("W2",)),
    ("minus", "decay.sign", ("W2",)), ("batch", "decay.scale", ("W2",)), ("bias", "decay.extra", ("b2",)),
]:  # fmt: skip
    cause(rule, f"network, {slip}", network(slip), None, NETWORK, *leaves, style="value_and_grad", wrt=ALL)


def regression(slip):
    def loss(w, b, X, y):
        prediction = X @ w + b
        residual = prediction.ravel() - y
        d = (prediction - y) if slip == "outer" else residual[:, None]
        db = 2 * residual.mean() + (0.2 * b if slip == "intercept" else 0.0)
        return np.mean(residual**2) + 0.1 * np.sum(w * w), {"w": 2 * X.T @ d / len(y) + 0.2 * w, "b": db}

    return loss


REGRESSION = lambda rng: (rng.standard_normal((5, 1)), float(rng.standard_normal()), *normal((7, 5), (7,))(rng))  # noqa: E731 -- as normal
cause("decay.extra", "an intercept that is one number", regression("intercept"), None, REGRESSION, "b",
      style="value_and_grad", wrt=("w", "b"))  # fmt: skip


def plain_regression(w, X, y):
    residual = (X @ w).ravel() - y
    return np.mean(residual**2), 2 * X.T @ (X @ w - y) / len(y)


cause("shape.broadcast", "residuals of a column and a row in one function", plain_regression, None,
      normal((5, 1), (7, 5), (7,)), "w", style="value_and_grad", wrt="w")  # fmt: skip


def columns(Z, Y):
    e = np.exp(Z - Z.max(axis=0))
    return -np.sum(Y * np.log(e / e.sum(axis=0))) / Z.shape[1]


def column_softmax(Z):
    e = np.exp(Z - Z.max(axis=0))
    return e / e.sum(axis=0)


cause("labels.not_subtracted", "soft labels in columns", columns,
      lambda g, out, Z, Y: (g * column_softmax(Z) / Z.shape[1], -g * np.log(column_softmax(Z)) / Z.shape[1]),
      lambda rng: (rng.standard_normal((4, 7)), rng.dirichlet(np.ones(4), 7).T), "Z")  # fmt: skip
