"""Which layers and functions draw random numbers in the forward pass?"""

import numpy as np
from form_cases import form, layer, normal, pair, plain


class Dropout:
    """With the generator that everybody shares."""

    def __init__(self, p=0.4):
        self.p = p
        self.train = True

    def forward(self, x):
        if not self.train:
            return x
        self.mask = (np.random.rand(*x.shape) > self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class DropoutNotScaled(Dropout):
    def backward(self, dout):
        return dout * (self.mask > 0)


form(
    "dropout with np.random", "generator", plain(normal((7, 5)), seed=0), Dropout,
    ("scale forgotten", DropoutNotScaled, "x"),
)  # fmt: skip


class OwnDropout:
    def __init__(self, rate, seed):
        self.rate = rate
        self.rng = np.random.default_rng(seed)

    def forward(self, x):
        self.keep = self.rng.random(x.shape) >= self.rate
        return np.where(self.keep, x / (1 - self.rate), 0.0)

    def backward(self, grad):
        return grad * self.keep / (1 - self.rate)


class OwnDropoutRate(OwnDropout):
    def backward(self, grad):
        return grad * self.keep / self.rate


form(
    "dropout with a generator of its own", "generator", plain(normal((5, 3)), 0.3, 7, seed=1), OwnDropout,
    ("divided by the rate", OwnDropoutRate, "x"),
)  # fmt: skip


class Noise:
    """Multiplied by noise around one."""

    def __init__(self, sigma):
        self.sigma = sigma
        self.random_state = np.random.RandomState(3)

    def forward(self, x):
        self.noise = 1 + self.sigma * self.random_state.randn(*x.shape)
        return x * self.noise

    def backward(self, dout):
        return dout * self.noise


class NoiseAround(Noise):
    def backward(self, dout):
        return dout * (self.noise - 1)


form(
    "noise from a RandomState", "generator", plain(normal((3, 7)), 0.5, seed=0), Noise,
    ("the one forgotten", NoiseAround, "x"),
)  # fmt: skip


class DropConnect:
    """Weights are dropped, not values."""

    def __init__(self, n_in, n_out, rng):
        self.W = rng.standard_normal((n_in, n_out))
        self.generator = np.random.default_rng(11)

    def forward(self, x):
        self.x = x
        self.M = self.generator.random(self.W.shape) < 0.7
        return x @ (self.W * self.M)

    def backward(self, dout):
        self.dW = self.x.T @ dout * self.M
        return dout @ (self.W * self.M).T


class DropConnectAll(DropConnect):
    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ (self.W * self.M).T


form(
    "dropped weights", "generator kept", layer(normal((5, 4)), 4, 5, seed=2), DropConnect,
    ("dropped weights learn too", DropConnectAll, "W"),
)  # fmt: skip


def sample(mu, logvar):
    eps = np.random.standard_normal(mu.shape)
    return mu + np.exp(0.5 * logvar) * eps, (eps, logvar)


def sample_backward(dz, cache):
    eps, logvar = cache
    return dz, 0.5 * dz * eps * np.exp(0.5 * logvar)


form(
    "reparametrised sample", "generator cache", pair(sample, normal((5, 3), (5, 3)), seed=0), sample_backward,
    ("half forgotten", lambda dz, cache: (dz, dz * cache[0] * np.exp(0.5 * cache[1])), "logvar"),
)  # fmt: skip


def dropout_forward(x, dropout_param):
    """The settings have a seed, so that nothing else is needed."""
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = x
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    return out, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    return dout * mask if dropout_param["mode"] == "train" else dout


form(
    "dropout with dropout_param and its own seed", "generator config cache",
    pair(dropout_forward, lambda rng: (rng.standard_normal((7, 3)), {"p": 0.6, "mode": "train", "seed": 123})),
    dropout_backward,
    ("mask forgotten", lambda dout, cache: dout / cache[0]["p"], "x"),
)  # fmt: skip
