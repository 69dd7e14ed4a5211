"""In which layers are parameters and gradients kept in dictionaries, lists, and objects of their own?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import numpy as np
from form_cases import form, layer, normal


class DictLayer:
    def __init__(self, n_in, n_out, rng):
        self.params = {"W": rng.standard_normal((n_in, n_out)), "b": rng.standard_normal(n_out)}
        self.grads = {}

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.params["W"] + self.params["b"]

    def backward(self, grad):
        self.grads["b"] = np.sum(grad, axis=0)
        self.grads["W"] = self.inputs.T @ grad
        return grad @ self.params["W"].T


class DictLayerOnes(DictLayer):
    def backward(self, grad):
        self.grads["b"] = np.ones_like(self.params["b"]) * len(grad)
        self.grads["W"] = self.inputs.T @ grad
        return grad @ self.params["W"].T


form(
    "params and grads as dictionaries", "kept", layer(normal((7, 5)), 5, 3), DictLayer,
    ("bias gradient without what comes from above", DictLayerOnes, "b"),
)  # fmt: skip


class CacheDict:
    """What the forward pass keeps is a dictionary too, and the keys of the gradients have a d."""

    def __init__(self, n_in, n_out, rng):
        self.params = {"W": rng.standard_normal((n_out, n_in)), "b": rng.standard_normal((n_out, 1))}
        self.grads = {"dW": None, "db": None}
        self.cache = {}

    def forward(self, A_prev):
        Z = self.params["W"].dot(A_prev) + self.params["b"]
        self.cache["A_prev"] = A_prev
        self.cache["A"] = np.tanh(Z)
        return self.cache["A"]

    def backward(self, dA):
        dZ = dA * (1 - self.cache["A"] ** 2)
        self.grads["dW"] = dZ.dot(self.cache["A_prev"].T)
        self.grads["db"] = dZ.sum(axis=1, keepdims=True)
        return self.params["W"].T.dot(dZ)


class CacheDictDerivativeNotSquared(CacheDict):
    def backward(self, dA):
        dZ = dA * (1 - self.cache["A"])
        self.grads["dW"] = dZ.dot(self.cache["A_prev"].T)
        self.grads["db"] = dZ.sum(axis=1, keepdims=True)
        return self.params["W"].T.dot(dZ)


form(
    "grads with keys dW and db, and a cache", "kept", layer(normal((3, 7)), 3, 5), CacheDict,
    ("tanh's slope without its square", CacheDictDerivativeNotSquared, "W"),
)  # fmt: skip


class Affine:
    """Gradients are written into arrays that stay where they are, so that an optimiser can hold on to them."""

    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, x):
        W, b = self.params
        self.x = x
        return np.dot(x, W) + b

    def backward(self, dout):
        W, _ = self.params
        self.grads[0][...] = np.dot(self.x.T, dout)
        self.grads[1][...] = np.sum(dout, axis=0)
        return np.dot(dout, W.T)


class AffineBiasMean(Affine):
    def backward(self, dout):
        W, _ = self.params
        self.grads[0][...] = np.dot(self.x.T, dout)
        self.grads[1][...] = dout.mean()
        return np.dot(dout, W.T)


form(
    "params and grads as lists, written in place", "kept",
    lambda rng, build: ((build(rng.standard_normal((5, 3)), rng.standard_normal(3)),), rng.standard_normal((7, 5)), {}),
    Affine,
    ("mean of everything for each bias", AffineBiasMean, "params[1]"),
)  # fmt: skip


class ParallelLists:
    def __init__(self, n_in, n_out, rng):
        self.parameters = [rng.standard_normal((n_in, n_out)), rng.standard_normal((1, n_out))]
        self.gradients = []

    def forward(self, x):
        self.x = x
        weights, bias = self.parameters
        return x @ weights + bias

    def backward(self, grad):
        self.gradients = [self.x.T @ grad, grad.sum(axis=0, keepdims=True)]
        return grad @ self.parameters[0].T


class ParallelListsScaled(ParallelLists):
    def backward(self, grad):
        self.gradients = [0.5 * self.x.T @ grad, grad.sum(axis=0, keepdims=True)]
        return grad @ self.parameters[0].T


form(
    "gradients in a list beside parameters", "kept", layer(normal((5, 7)), 7, 3), ParallelLists,
    ("half of the gradient", ParallelListsScaled, "parameters[0]"),
)  # fmt: skip


class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)


class ParameterLayer:
    def __init__(self, n_in, n_out, rng):
        self.W = Parameter(rng.standard_normal((n_in, n_out)))
        self.b = Parameter(rng.standard_normal(n_out))

    def forward(self, x):
        self.x = x
        return x @ self.W.data + self.b.data

    def backward(self, dout):
        self.W.grad = self.x.T @ dout
        self.b.grad = dout.sum(axis=0)
        return dout @ self.W.data.T


class ParameterLayerMinus(ParameterLayer):
    def backward(self, dout):
        self.W.grad = -(self.x.T @ dout)
        self.b.grad = dout.sum(axis=0)
        return dout @ self.W.data.T


form(
    "parameter objects with data and grad", "kept", layer(normal((7, 3)), 3, 5), ParameterLayer,
    ("minus", ParameterLayerMinus, "W"),
)  # fmt: skip


class Param:
    """The gradient is added to, and set back by whoever trains."""

    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)

    def zero_grad(self):
        self.grad = np.zeros_like(self.value)


class ParamLayer:
    def __init__(self, n_input, n_output, rng):
        self._W = Param(rng.standard_normal((n_input, n_output)))
        self._B = Param(rng.standard_normal((1, n_output)))

    def params(self):
        return {"W": self._W, "B": self._B}

    def forward(self, X):
        self.X = X
        return X @ self._W.value + self._B.value

    def backward(self, d_out):
        self._W.grad += self.X.T @ d_out
        self._B.grad += d_out.sum(axis=0, keepdims=True)
        return d_out @ self._W.value.T


class ParamLayerOneSampleShort(ParamLayer):
    def backward(self, d_out):
        self._W.grad += self.X[:-1].T @ d_out[:-1]
        self._B.grad += d_out.sum(axis=0, keepdims=True)
        return d_out @ self._W.value.T


form(
    "parameter objects with value and grad, added to", "kept", layer(normal((5, 3)), 3, 7), ParamLayer,
    ("the last sample forgotten", ParamLayerOneSampleShort, "W"),
)  # fmt: skip


class Buffered:
    """Keeps the gradients of every call in lists, until they are flushed."""

    def __init__(self, n_in, n_out, rng):
        self.parameters = {"W": rng.standard_normal((n_in, n_out)), "b": rng.standard_normal(n_out)}
        self.flush_gradients()

    def flush_gradients(self):
        self.gradients = {"W": [], "b": []}

    def forward(self, X):
        self.X = X
        return X @ self.parameters["W"] + self.parameters["b"]

    def backward(self, dLdy):
        self.gradients["W"].append(self.X.T @ dLdy)
        self.gradients["b"].append(dLdy.sum(axis=0))
        return dLdy @ self.parameters["W"].T


class BufferedFirstOutput(Buffered):
    def backward(self, dLdy):
        self.gradients["W"].append(self.X.T @ dLdy)
        self.gradients["b"].append(dLdy.sum(axis=0) * (np.arange(dLdy.shape[1]) == 0))
        return dLdy @ self.parameters["W"].T


form(
    "gradients appended to lists and flushed", "kept", layer(normal((7, 5)), 5, 3), Buffered,
    ("bias gradient of the first output only", BufferedFirstOutput, "b"),
)  # fmt: skip


class Scale:
    """An elementwise layer, for the networks below."""

    def __init__(self, size, rng):
        self.params = {"s": rng.uniform(0.5, 1.5, size)}
        self.grads = {"s": None}

    def forward(self, x):
        self.out = np.tanh(self.params["s"] * x)
        self.x = x
        return self.out

    def backward(self, dout):
        dz = dout * (1 - self.out**2)
        self.grads["s"] = (dz * self.x).sum(axis=0)
        return dz * self.params["s"]


class ScaleWithoutItself(Scale):
    def backward(self, dout):
        super().backward(dout)
        return dout * (1 - self.out**2)


class Network:
    """Layers in a list, called one after the other."""

    def __init__(self, middle, rng):
        self.layers = [DictLayer(5, 3, rng), middle(3, rng), DictLayer(3, 4, rng)]

    def forward(self, x):
        for each in self.layers:
            x = each.forward(x)
        return x

    def backward(self, grad):
        for each in reversed(self.layers):
            grad = each.backward(grad)
        return grad


form(
    "network of layers", "kept", lambda rng, middle: ((Network(middle, rng),), rng.standard_normal((7, 5)), {}), Scale,
    ("the middle layer forgets its own weight", ScaleWithoutItself, "W"),
)  # fmt: skip


class Residual:
    """A way round two layers."""

    def __init__(self, size, hidden, rng):
        self.first = DictLayer(size, hidden, rng)
        self.scale = Scale(hidden, rng)
        self.second = DictLayer(hidden, size, rng)

    def forward(self, x):
        return x + self.second.forward(self.scale.forward(self.first.forward(x)))

    def backward(self, dout):
        return dout + self.first.backward(self.scale.backward(self.second.backward(dout)))


class ResidualWithoutSkip(Residual):
    def backward(self, dout):
        return self.first.backward(self.scale.backward(self.second.backward(dout)))


form(
    "residual block of layers", "kept", layer(normal((7, 3)), 3, 5), Residual,
    ("the way round forgotten", ResidualWithoutSkip, "x"),
)  # fmt: skip
