"""Which passes are bound methods, or static methods with a context?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import numpy as np
from form_cases import form, normal, single

# ---- Static methods with a context ----


class LinearFunction:
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.T + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output @ weight, grad_output.T @ x, grad_output.sum(axis=0)


class LinearFunctionRow(LinearFunction):
    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output @ weight, grad_output.T @ x, grad_output[0]


form(
    "static methods, saved tensors", "bound", single(normal((7, 5), (3, 5), 3)), LinearFunction,
    ("bias gradient of the first sample", LinearFunctionRow, "bias"),
)  # fmt: skip


class Mul:
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, d_output):
        a, b = ctx.saved_values
        return d_output * b, d_output * a


class MulSwapped(Mul):
    @staticmethod
    def backward(ctx, d_output):
        a, b = ctx.saved_values
        return d_output * a, d_output * b


form(
    "static methods, saved values", "bound", single(normal((5, 3), (5, 3))), Mul,
    ("factors exchanged", MulSwapped, "a"),
)  # fmt: skip


class Tanh:
    @staticmethod
    def forward(ctx, x):
        ctx.out = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
        return ctx.out

    @staticmethod
    def backward(ctx, dout):
        return dout * (1 - ctx.out**2)


class TanhOfOutput(Tanh):
    @staticmethod
    def backward(ctx, dout):
        return dout * (1 - np.tanh(ctx.out) ** 2)


form(
    "static methods, attributes of the context", "bound", single(normal((3, 5))), Tanh,
    ("slope taken at the output", TanhOfOutput, "x"),
)  # fmt: skip


# ---- Bound methods ----


class Quadratic:
    def __init__(self, n, rng):
        self.A = rng.standard_normal((n, n))

    def apply(self, x):
        self.x = x
        return np.sum(x @ self.A * x, axis=1)

    def pull(self, g):
        self.grad_A = (g[:, None] * self.x).T @ self.x
        return g[:, None] * (self.x @ (self.A + self.A.T))


class QuadraticSymmetric(Quadratic):
    def pull(self, g):
        self.grad_A = (g[:, None] * self.x).T @ self.x
        return 2 * g[:, None] * (self.x @ self.A)


def methods(rng, build):
    layer = build(4, rng)
    return (layer.apply, layer.pull), rng.standard_normal((7, 4)), {}


form(
    "two bound methods of a layer", "bound kept", methods, Quadratic,
    ("a matrix taken to be symmetric", QuadraticSymmetric, "x"),
)  # fmt: skip


class TwoLayerNet:
    """loss gives the loss and the gradients by name; the parameters are the model's own."""

    def __init__(self, rng, reg=0.1):
        W1, b1, W2, b2 = normal((3, 4), 4, (4, 3), 3)(rng)
        self.params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
        self.reg = reg

    def loss(self, X, y=None):
        p = self.params
        h = np.tanh(X @ p["W1"] + p["b1"])
        scores = h @ p["W2"] + p["b2"]
        if y is None:
            return scores
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        probs = e / e.sum(axis=1, keepdims=True)
        N = len(y)
        loss = -np.log(probs[np.arange(N), y]).mean()
        loss += 0.5 * self.reg * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))
        probs[np.arange(N), y] -= 1
        return loss, self.gradients(X, h, probs / N)

    def gradients(self, X, h, dscores):
        p = self.params
        dh = dscores @ p["W2"].T * (1 - h**2)
        return {
            "W1": X.T @ dh + self.reg * p["W1"],
            "b1": dh.sum(axis=0),
            "W2": h.T @ dscores + self.reg * p["W2"],
            "b2": dscores.sum(axis=0),
        }


class TwoLayerNetDoubleDecay(TwoLayerNet):
    def gradients(self, X, h, dscores):
        grads = super().gradients(X, h, dscores)
        return {**grads, "W1": grads["W1"] + self.reg * self.params["W1"]}


def bound_loss(rng, build):
    return (build(rng).loss,), (rng.standard_normal((5, 3)), rng.integers(0, 3, 5)), {}


form(
    "a model's method with loss and gradients", "bound loss nested", bound_loss, TwoLayerNet,
    ("weight decay doubled", TwoLayerNetDoubleDecay, "W1"),
)  # fmt: skip


class CharRNN:
    """Reads letters and guesses the next; gradients by name, with a d."""

    def __init__(self, rng, vocabulary=5, hidden=4):
        shapes = {"Wxh": (hidden, vocabulary), "Whh": (hidden, hidden), "Why": (vocabulary, hidden),
                  "bh": (hidden, 1), "by": (vocabulary, 1)}  # fmt: skip
        self.params = {name: 0.5 * rng.standard_normal(shape) for name, shape in shapes.items()}

    def lossfun(self, inputs, targets):
        Wxh, Whh, Why, bh, by = self.params.values()
        xs, hs, ps, loss = {}, {-1: np.zeros_like(bh)}, {}, 0
        for t, letter in enumerate(inputs):
            xs[t] = np.eye(len(by))[:, [letter]]
            hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
            y = Why @ hs[t] + by
            ps[t] = np.exp(y) / np.sum(np.exp(y))
            loss += -np.log(ps[t][targets[t], 0])
        grads = {"d" + name: np.zeros_like(value) for name, value in self.params.items()}
        dhnext = np.zeros_like(bh)
        for t in reversed(range(len(inputs))):
            dy = np.copy(ps[t])
            dy[targets[t]] -= 1
            grads["dWhy"] += dy @ hs[t].T
            grads["dby"] += dy
            draw = (1 - hs[t] ** 2) * (Why.T @ dy + self.carried(dhnext))
            grads["dbh"] += draw
            grads["dWxh"] += draw @ xs[t].T
            grads["dWhh"] += draw @ hs[t - 1].T
            dhnext = Whh.T @ draw
        return loss, grads

    def carried(self, dhnext):
        return dhnext


class CharRNNTruncated(CharRNN):
    def carried(self, dhnext):
        return 0


form(
    "recurrent model of letters", "bound loss nested",
    lambda rng, build: ((build(rng).lossfun,), ([0, 3, 1, 4], [3, 1, 4, 2]), {}), CharRNN,
    ("nothing carried to the step before", CharRNNTruncated, "Whh"),
)  # fmt: skip


class BookNet:
    """loss and gradient are two methods, which take the same."""

    def __init__(self, rng):
        self.params = {"W": rng.standard_normal((4, 3)), "b": rng.standard_normal(3)}

    def predict(self, x):
        e = np.exp(x @ self.params["W"] + self.params["b"])
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        return -np.sum(np.log(self.predict(x)[np.arange(len(t)), t])) / len(t)

    def gradient(self, x, t):
        d = self.predict(x)
        d[np.arange(len(t)), t] -= 1
        d /= len(t)
        return {"W": x.T @ d, "b": d.sum(axis=0)}


class BookNetNoLabels(BookNet):
    def gradient(self, x, t):
        d = self.predict(x) / len(t)
        return {"W": x.T @ d, "b": d.sum(axis=0)}


def loss_and_gradient(rng, build):
    net = build(rng)
    return (net.loss, net.gradient), (rng.standard_normal((5, 4)), rng.integers(0, 3, 5)), {}


form(
    "two bound methods of a model, loss and gradient", "bound loss nested", loss_and_gradient, BookNet,
    ("labels not subtracted", BookNetNoLabels, "W"),
)  # fmt: skip
