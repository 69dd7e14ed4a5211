"""Which functions and layers take settings, running statistics and constants beside their arrays?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import numpy as np
from form_cases import distinct, form, layer, normal, pair

# ---- Normalisation ----


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if mode == "train":
        mu, var = x.mean(axis=0), x.var(axis=0)
        std = np.sqrt(var + eps)
        x_hat = (x - mu) / std
        cache = (x_hat, gamma, std)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        x_hat = (x - running_mean) / np.sqrt(running_var + eps)
        cache = None
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return gamma * x_hat + beta, cache


def batchnorm_backward(dout, cache):
    x_hat, gamma, std = cache
    N = dout.shape[0]
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx_hat = dout * gamma
    dx = (N * dx_hat - dx_hat.sum(axis=0) - x_hat * np.sum(dx_hat * x_hat, axis=0)) / (N * std)
    return dx, dgamma, dbeta


def batchnorm_backward_scale_only(dout, cache):
    x_hat, gamma, std = cache
    return dout * gamma / std, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def batchnorm_inputs(bn_param):
    return lambda rng: (rng.standard_normal((5, 3)), rng.uniform(0.5, 2, 3), rng.standard_normal(3), dict(bn_param))


form(
    "batch norm with bn_param", "cache config",
    pair(batchnorm_forward, batchnorm_inputs({"mode": "train"})), batchnorm_backward,
    ("mean and deviation taken as constants", batchnorm_backward_scale_only, "x"),
)  # fmt: skip
form(
    "batch norm with bn_param and statistics in it", "cache config",
    pair(
        batchnorm_forward,
        lambda rng: batchnorm_inputs(
            {"mode": "train", "eps": 1e-3, "momentum": 0.8,
             "running_mean": rng.standard_normal(3), "running_var": rng.uniform(0.5, 1.5, 3)}
        )(rng),
    ),
    batchnorm_backward,
    ("beta instead of gamma", lambda dout, cache: batchnorm_backward(dout, cache)[:1] + (dout.sum(axis=0),) * 2,
     "gamma"),
)  # fmt: skip


def batch_norm(x, gamma, beta, running_mean, running_var, momentum=0.9, eps=1e-5):
    """Statistics are arguments, which are written to."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    running_mean[:] = momentum * running_mean + (1 - momentum) * mu
    running_var[:] = momentum * running_var + (1 - momentum) * var
    inv_std = 1.0 / np.sqrt(var + eps)
    xhat = (x - mu) * inv_std
    return gamma * xhat + beta, (xhat, gamma, inv_std)


def batch_norm_backward(dy, cache):
    xhat, gamma, inv_std = cache
    dgamma, dbeta = (dy * xhat).sum(axis=0), dy.sum(axis=0)
    dx = gamma * inv_std * (dy - dy.mean(axis=0) - xhat * (dy * xhat).mean(axis=0))
    return dx, dgamma, dbeta


def batch_norm_backward_no_second(dy, cache):
    xhat, gamma, inv_std = cache
    return gamma * inv_std * (dy - dy.mean(axis=0)), (dy * xhat).sum(axis=0), dy.sum(axis=0)


form(
    "batch norm with running statistics as arguments", "cache config",
    pair(
        batch_norm,
        lambda rng: (
            rng.standard_normal((7, 3)), rng.uniform(0.5, 2, 3), rng.standard_normal(3), np.zeros(3), np.ones(3),
            0.9, 1e-5,
        ),
    ),
    batch_norm_backward,
    ("the variance taken as a constant", batch_norm_backward_no_second, "x"),
)  # fmt: skip


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    x_hat = (x - x.mean(axis=1, keepdims=True)) / std
    return gamma * x_hat + beta, (x_hat, gamma, std)


def layernorm_backward(dout, cache):
    x_hat, gamma, std = cache
    D = dout.shape[1]
    d = dout * gamma
    dx = (D * d - d.sum(axis=1, keepdims=True) - x_hat * (d * x_hat).sum(axis=1, keepdims=True)) / (D * std)
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def layernorm_backward_late_gamma(dout, cache):
    x_hat, gamma, std = cache
    dx, dgamma, dbeta = layernorm_backward(dout, (x_hat, 1.0, std))
    return dx * gamma, dgamma, dbeta


form(
    "layer norm with ln_param", "cache config",
    pair(
        layernorm_forward,
        lambda rng: (rng.standard_normal((3, 5)), rng.uniform(0.5, 2, 5), rng.standard_normal(5), {"eps": 1e-5}),
    ),
    layernorm_backward,
    ("gamma multiplied at the end", layernorm_backward_late_gamma, "x"),
)  # fmt: skip


def groupnorm_forward(x, gamma, beta, G, gn_param):
    N = x.shape[0]
    grouped = x.reshape(N, G, -1)
    std = np.sqrt(grouped.var(axis=2, keepdims=True) + gn_param["eps"])
    x_hat = ((grouped - grouped.mean(axis=2, keepdims=True)) / std).reshape(x.shape)
    return gamma * x_hat + beta, (x_hat, gamma, std, G)


def groupnorm_backward(dout, cache):
    x_hat, gamma, std, G = cache
    N = dout.shape[0]
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    d, xh = (dout * gamma).reshape(N, G, -1), x_hat.reshape(N, G, -1)
    dx = (d - d.mean(axis=2, keepdims=True) - xh * (d * xh).mean(axis=2, keepdims=True)) / std
    return dx.reshape(dout.shape), dgamma, dbeta


def groupnorm_backward_batch(dout, cache):
    dx, dgamma, dbeta = groupnorm_backward(dout, cache)
    return dx, dgamma / dout.shape[0], dbeta


form(
    "group norm with gn_param", "cache config",
    pair(
        groupnorm_forward,
        lambda rng: (
            rng.standard_normal((2, 4, 3, 2)), rng.uniform(0.5, 2, (1, 4, 1, 1)), rng.standard_normal((1, 4, 1, 1)),
            2, {"eps": 1e-5},
        ),
    ),
    groupnorm_backward,
    ("gamma averaged over the batch", groupnorm_backward_batch, "gamma"),
)  # fmt: skip


class BatchNorm:
    def __init__(self, size, rng, momentum=0.9):
        self.gamma, self.beta = rng.uniform(0.5, 1.5, size), rng.standard_normal(size)
        self.running_mean, self.running_var = np.zeros(size), np.ones(size)
        self.momentum = momentum
        self.training = True

    def forward(self, x):
        if not self.training:
            return self.gamma * (x - self.running_mean) / np.sqrt(self.running_var + 1e-5) + self.beta
        self.mu, self.var = x.mean(axis=0), x.var(axis=0)
        self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * self.mu
        self.running_var = self.momentum * self.running_var + (1 - self.momentum) * self.var
        self.std = np.sqrt(self.var + 1e-5)
        self.xc = x - self.mu
        return self.gamma * self.xc / self.std + self.beta

    def backward(self, dout):
        N = len(dout)
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(dout * self.xc / self.std, axis=0)
        dxn = dout * self.gamma
        dvar = np.sum(dxn * self.xc * -0.5 * self.std**-3, axis=0)
        dmu = np.sum(-dxn / self.std, axis=0) + dvar * np.mean(-2 * self.xc, axis=0)
        return dxn / self.std + dvar * 2 * self.xc / N + dmu / N


class BatchNormNoTwo(BatchNorm):
    def backward(self, dout):
        dx = super().backward(dout)
        dvar = np.sum(dout * self.gamma * self.xc * -0.5 * self.std**-3, axis=0)
        return dx - dvar * self.xc / len(dout)


form(
    "batch norm layer with running statistics", "kept config", layer(normal((7, 3)), 3), BatchNorm,
    ("the two of the square forgotten", BatchNormNoTwo, "x"),
)  # fmt: skip


# ---- Others ----


class Positional:
    """Adds what is computed once and never learnt."""

    def __init__(self, steps, size):
        position, index = np.arange(steps)[:, None], np.arange(size)[None, :]
        angle = position / 100.0 ** (2 * (index // 2) / size)
        self.pe = np.where(index % 2 == 0, np.sin(angle), np.cos(angle))
        self.scale = np.sqrt(size)

    def forward(self, x):
        return x * self.scale + self.pe[: x.shape[1]]

    def backward(self, grad):
        return grad * self.scale


class PositionalUnscaled(Positional):
    def backward(self, grad):
        return grad


form(
    "positional encoding, left out by wrt", "config",
    lambda rng, build: ((build(7, 3),), rng.standard_normal((2, 5, 3)), {"wrt": "x"}), Positional,
    ("scale forgotten", PositionalUnscaled, "x"),
)  # fmt: skip


def pool_forward(x, pool_param):
    size, stride = pool_param["size"], pool_param["stride"]
    length = (x.shape[1] - size) // stride + 1
    out = np.stack([x[:, i * stride : i * stride + size].max(axis=1) for i in range(length)], axis=1)
    return out, (x, pool_param)


def pool_backward(dout, cache):
    x, pool_param = cache
    size, stride = pool_param["size"], pool_param["stride"]
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for i in range(dout.shape[1]):
            window = x[n, i * stride : i * stride + size]
            dx[n, i * stride + np.argmax(window)] += dout[n, i]
    return dx


def pool_backward_overwrites(dout, cache):
    x, pool_param = cache
    size, stride = pool_param["size"], pool_param["stride"]
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for i in range(dout.shape[1]):
            dx[n, i * stride : i * stride + size] += dout[n, i] / size
    return dx


form(
    "max pooling of signals with pool_param", "cache config",
    pair(pool_forward, lambda rng: (distinct(rng, 3, 7), {"size": 3, "stride": 2})), pool_backward,
    ("average for max", pool_backward_overwrites, "x"),
)  # fmt: skip
