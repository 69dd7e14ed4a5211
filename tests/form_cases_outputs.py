"""Which functions have several outputs, and which give gradients in lists and dictionaries?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import numpy as np
from form_cases import form, layer, normal, pair

# ---- Several outputs ----


def encode(x, W_mu, b_mu, W_logvar, b_logvar):
    mu = x @ W_mu + b_mu
    logvar = np.tanh(x @ W_logvar + b_logvar)
    return mu, logvar, (x, W_mu, W_logvar, logvar)


def encode_backward(dmu, dlogvar, cache):
    x, W_mu, W_logvar, logvar = cache
    dz = dlogvar * (1 - logvar**2)
    return dmu @ W_mu.T + dz @ W_logvar.T, x.T @ dmu, dmu.sum(axis=0), x.T @ dz, dz.sum(axis=0)


def encode_backward_one_path(dmu, dlogvar, cache):
    return dmu @ cache[1].T, *encode_backward(dmu, dlogvar, cache)[1:]


form(
    "encoder with mu and logvar", "outputs cache",
    pair(encode, normal((5, 4), (4, 3), 3, (4, 3), 3, scale=0.6)), encode_backward,
    ("the path through logvar forgotten", encode_backward_one_path, "x"),
)  # fmt: skip


def attend(query, keys, values):
    scores = keys @ query
    weights = np.exp(scores - scores.max())
    weights = weights / weights.sum()
    return weights @ values, weights, (query, keys, values, weights)


def attend_backward(dcontext, dweights, cache):
    query, keys, values, weights = cache
    d = dweights + values @ dcontext
    dscores = weights * (d - d @ weights)
    return keys.T @ dscores, np.outer(dscores, query), np.outer(weights, dcontext)


def attend_backward_no_softmax(dcontext, dweights, cache):
    query, keys, values, weights = cache
    dscores = weights * (dweights + values @ dcontext)
    return keys.T @ dscores, np.outer(dscores, query), np.outer(weights, dcontext)


form(
    "attention with its weights", "outputs cache", pair(attend, normal(3, (5, 3), (5, 2))), attend_backward,
    ("normalisation of the softmax taken as a constant", attend_backward_no_softmax, "query"),
)  # fmt: skip


def moments(x):
    mean = x.mean(axis=0)
    std = np.sqrt(((x - mean) ** 2).mean(axis=0))
    return mean, std, (x, mean, std)


def moments_backward(dmean, dstd, cache):
    x, mean, std = cache
    return (dmean + dstd * (x - mean) / std) / len(x)


form(
    "mean and deviation", "outputs cache", pair(moments, normal((7, 3))), moments_backward,
    ("the deviation not divided by itself",
     lambda dmean, dstd, cache: (dmean + dstd * (cache[0] - cache[1])) / len(cache[0]), "x"),
)  # fmt: skip


class Split:
    """Halves, for a coupling layer."""

    def forward(self, x):
        self.x = x
        left, right = x[:, :3], x[:, 3:]
        return np.tanh(left), left[:, :2] * right

    def backward(self, da, db):
        left, right = self.x[:, :3], self.x[:, 3:]
        dleft = da * (1 - np.tanh(left) ** 2)
        dleft[:, :2] += db * right
        return np.hstack([dleft, db * left[:, :2]])


class SplitOnce(Split):
    def backward(self, da, db):
        left = self.x[:, :3]
        return np.hstack([da * (1 - np.tanh(left) ** 2), db * left[:, :2]])


def split_inputs(rng, build):
    return (build(),), rng.standard_normal((3, 5)), {}


form(
    "layer with two outputs", "outputs", split_inputs, Split,
    ("second use of the left half forgotten", SplitOnce, "x"),
)  # fmt: skip


# ---- Gradients in lists and dictionaries ----


class ListLayer:
    """The gradients of the parameters come beside that of the input."""

    def __init__(self, n_in, n_out, rng):
        self.W = rng.standard_normal((n_in, n_out))
        self.b = rng.standard_normal(n_out)

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dY):
        dX = dY @ self.W.T
        dW = self.X.T @ dY
        db = dY.sum(axis=0)
        return dX, [dW, db]


class ListLayerMean(ListLayer):
    def backward(self, dY):
        return dY @ self.W.T, [self.X.T @ dY, dY.mean(axis=0)]


class DictOfGradients(ListLayer):
    def backward(self, dY):
        return dY @ self.W.T, {"W": self.X.T @ dY, "b": dY.sum(axis=0)}


class DictOfGradientsBatch(ListLayer):
    def backward(self, dY):
        return dY @ self.W.T, {"W": self.X.T @ dY / len(dY), "b": dY.sum(axis=0)}


form(
    "dX, [dW, db] from a layer", "nested", layer(normal((7, 5)), 5, 3), ListLayer,
    ("mean for sum", ListLayerMean, "b"),
)  # fmt: skip
form(
    "dX, {'W': dW, 'b': db} from a layer", "nested", layer(normal((5, 7)), 7, 3), DictOfGradients,
    ("averaged over the batch", DictOfGradientsBatch, "W"),
)  # fmt: skip


def dense_forward(x, params):
    W, b = params
    return x @ W + b, (x, params)


def dense_backward(dout, cache):
    x, (W, _) = cache
    return dout @ W.T, [x.T @ dout, dout.sum(axis=0)]


form(
    "dx, [dW, db] for a list of parameters", "nested cache",
    pair(dense_forward, lambda rng: (rng.standard_normal((3, 5)), list(normal((5, 7), 7)(rng)))), dense_backward,
    ("minus", lambda dout, cache: (-dense_backward(dout, cache)[0], dense_backward(dout, cache)[1]), "x"),
)  # fmt: skip


def linear_forward(x, W, b):
    return x @ W + b, {"x": x, "W": W}


def linear_backward(dout, cache):
    return {"db": dout.sum(axis=0), "dW": cache["x"].T @ dout, "dx": dout @ cache["W"].T}


def linear_backward_squared(dout, cache):
    return {"db": (dout**2).sum(axis=0), "dW": cache["x"].T @ dout, "dx": dout @ cache["W"].T}


form(
    "dictionary of all gradients, in another order", "nested cache",
    pair(linear_forward, normal((7, 3), (3, 5), 5)), linear_backward,
    ("upstream gradient squared", linear_backward_squared, "b"),
)  # fmt: skip


def mlp_forward(x, layers):
    activations = [x]
    for W, b in layers:
        activations.append(np.tanh(activations[-1] @ W + b))
    return activations[-1], (activations, layers)


def mlp_backward(grad, cache):
    activations, layers = cache
    gradients = []
    for (W, _), a_in, a_out in reversed(list(zip(layers, activations[:-1], activations[1:], strict=True))):
        dz = grad * (1 - a_out**2)
        gradients.insert(0, (a_in.T @ dz, dz.sum(axis=0)))
        grad = dz @ W.T
    return grad, gradients


def mlp_backward_last_linear(grad, cache):
    """As if the last layer had no tanh."""
    activations, _ = cache
    return mlp_backward(grad / (1 - activations[-1] ** 2), cache)


form(
    "pairs of gradients for a list of layers", "nested cache",
    pair(mlp_forward, lambda rng: (
        rng.standard_normal((3, 4)), [normal((4, 5), 5, scale=0.5)(rng), normal((5, 2), 2, scale=0.5)(rng)],
    )),
    mlp_backward,
    ("no slope in the last layer", mlp_backward_last_linear, "layers"),
)  # fmt: skip


def heads_forward(x, params):
    hidden = np.tanh(x @ params["trunk"]["W"])
    return hidden @ params["head"]["W"] + params["head"]["b"], (x, params, hidden)


def heads_backward(dout, cache):
    x, params, hidden = cache
    dz = dout @ params["head"]["W"].T * (1 - hidden**2)
    grads = {"head": {"W": hidden.T @ dout, "b": dout.sum(axis=0)}, "trunk": {"W": x.T @ dz}}
    return dz @ params["trunk"]["W"].T, grads


def heads_backward_not_activated(dout, cache):
    dx, grads = heads_backward(dout, cache)
    x, params, _ = cache
    grads["head"]["W"] = (x @ params["trunk"]["W"]).T @ dout
    return dx, grads


form(
    "dictionaries in dictionaries", "nested cache",
    pair(heads_forward, lambda rng: (
        rng.standard_normal((5, 3)),
        {"trunk": {"W": rng.standard_normal((3, 4))},
         "head": {"W": rng.standard_normal((4, 2)), "b": rng.standard_normal(2)}},
    )),
    heads_backward,
    ("what goes into tanh for what comes out", heads_backward_not_activated, "head"),
)  # fmt: skip
