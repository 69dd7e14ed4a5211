"""Which losses are objects, or take an upstream gradient?"""

import numpy as np
from form_cases import away, form, normal, onehot, pair, plain


class Squares:
    """Remembers what backward needs, which takes nothing."""

    def forward(self, pred, target):
        self.diff = pred - target
        return np.mean(self.diff**2)

    def backward(self):
        return 2 * self.diff / self.diff.size


class SquaresBatch(Squares):
    def backward(self):
        return 2 * self.diff / len(self.diff)


form(
    "loss with backward()", "loss", plain(normal((7, 3), (7, 3))), Squares,
    ("divided by the batch only", SquaresBatch, "pred"),
)  # fmt: skip


class SoftmaxWithLoss:
    """With an upstream gradient of one unless there is another."""

    def forward(self, x, t):
        self.t = t
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return -np.sum(t * np.log(self.y + 1e-15)) / len(x)

    def backward(self, dout=1):
        return (self.y - self.t) * dout / len(self.t)


class SoftmaxWithLossMinus(SoftmaxWithLoss):
    def backward(self, dout=1):
        return (self.t - self.y) * dout / len(self.t)


form(
    "softmax with loss, dout=1", "loss", plain(lambda rng: (rng.standard_normal((5, 4)), onehot(rng, 5, 4))),
    SoftmaxWithLoss,
    ("truth minus prediction", SoftmaxWithLossMinus, "x"),
)  # fmt: skip


class BinaryCrossEntropy:
    """A loss for each element; loss and gradient are given the same, the truth first."""

    def loss(self, y, p):
        return -y * np.log(p) - (1 - y) * np.log(1 - p)

    def gradient(self, y, p):
        return -(y / p) + (1 - y) / (1 - p)


class BinaryCrossEntropySlope(BinaryCrossEntropy):
    def gradient(self, y, p):
        return p - y


form(
    "object with loss and gradient", "loss names",
    plain(lambda rng: (rng.integers(0, 2, (5, 3)), rng.uniform(0.2, 0.8, (5, 3)))), BinaryCrossEntropy,
    ("gradient of the logits", BinaryCrossEntropySlope, "p"),
)  # fmt: skip


class LogCosh:
    """With an upstream gradient."""

    def forward(self, prediction, target):
        self.r = prediction - target
        return np.log(np.cosh(self.r)).sum()

    def backward(self, upstream):
        return upstream * np.tanh(self.r)


class LogCoshNoUpstream(LogCosh):
    def backward(self, upstream):
        return np.tanh(self.r)


form(
    "loss with an upstream gradient", "loss", plain(normal((3, 5), (3, 5))), LogCosh,
    ("upstream left out", LogCoshNoUpstream, "prediction"),
)  # fmt: skip


class BookCrossEntropy:
    """Backward is given the predictions where others give an upstream gradient."""

    def forward(self, y_pred, y_true):
        return np.mean(-np.log(np.sum(np.clip(y_pred, 1e-7, 1 - 1e-7) * y_true, axis=1)))

    def backward(self, dvalues, y_true):
        self.dinputs = -y_true / dvalues / len(dvalues)
        return self.dinputs


class BookCrossEntropySummed(BookCrossEntropy):
    def backward(self, dvalues, y_true):
        return -y_true / dvalues


def probabilities(rng):
    p = rng.uniform(0.2, 1.0, (7, 3))
    return p / p.sum(axis=1, keepdims=True), onehot(rng, 7, 3)


form(
    "cross entropy whose backward takes the predictions", "loss", plain(probabilities, style="loss"),
    BookCrossEntropy,
    ("not divided by the batch", BookCrossEntropySummed, "y_pred"),
)  # fmt: skip


class L1Loss:
    """Called for the loss, with a gradient beside it."""

    def __call__(self, pred, target):
        return np.abs(pred - target).mean()

    def grad(self, pred, target):
        return np.sign(pred - target) / pred.size


class L1LossSigned(L1Loss):
    def grad(self, pred, target):
        return (pred - target) / pred.size


def apart(rng):
    target = rng.standard_normal((5, 3))
    return target + away(rng, 5, 3), target


form(
    "loss with __call__ and grad", "loss names", plain(apart), L1Loss,
    ("difference for its sign", L1LossSigned, "pred"),
)  # fmt: skip


class Poisson:
    """The truth first, with an upstream gradient for the loss of each sample."""

    def forward(self, y_true, log_rate):
        self.y_true, self.rate = y_true, np.exp(log_rate)
        return (self.rate - y_true * log_rate).sum(axis=1)

    def backward(self, grad):
        return grad[:, None] * (self.rate - self.y_true)


class PoissonSquared(Poisson):
    def backward(self, grad):
        return grad[:, None] * (self.rate - self.y_true) * self.rate


def counts(rng):
    return rng.integers(0, 5, (5, 3)), rng.standard_normal((5, 3))


form(
    "loss for each sample, truth first, with an upstream gradient", "loss", plain(counts), Poisson,
    ("slope of the rate once more", PoissonSquared, "log_rate"),
)  # fmt: skip


def cosine_loss(a, b):
    na, nb = np.linalg.norm(a), np.linalg.norm(b)
    cos = np.sum(a * b) / (na * nb)
    return 1 - cos, (a, b, na, nb, cos)


def cosine_loss_backward(dloss, cache):
    a, b, na, nb, cos = cache
    da = -dloss * (b / (na * nb) - cos * a / na**2)
    db = -dloss * (a / (na * nb) - cos * b / nb**2)
    return da, db


def cosine_loss_backward_other_length(dloss, cache):
    a, b, na, nb, cos = cache
    da, _ = cosine_loss_backward(dloss, cache)
    return da, -dloss * (a / (na * nb) - cos * b / (na * nb))


form(
    "cosine loss with a cache and an upstream gradient", "loss cache", pair(cosine_loss, normal(5, 5)),
    cosine_loss_backward,
    ("the other length", cosine_loss_backward_other_length, "b"),
)  # fmt: skip
