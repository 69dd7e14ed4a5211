"""Which layers keep the gradients of embeddings, slopes, gates and projections?"""

# ruff: noqa: N803, N806 -- gradients have the names that they have on paper

import numpy as np
from form_cases import away, form, layer, normal


class Embedding:
    """Takes integers, so nothing goes back to the input."""

    def __init__(self, vocabulary, dim, rng):
        self.W = rng.standard_normal((vocabulary, dim))
        self.dW = np.zeros_like(self.W)

    def forward(self, idx):
        self.idx = idx
        return self.W[idx]

    def backward(self, dout):
        self.dW[...] = 0
        np.add.at(self.dW, self.idx, dout)


class EmbeddingLastWins(Embedding):
    def backward(self, dout):
        self.dW[...] = 0
        self.dW[self.idx] += dout


def words(rng, build):
    return (build(7, 3, rng),), np.array([[1, 4, 1], [6, 0, 4]]), {}


form("embedding", "kept", words, Embedding, ("words that come twice count once", EmbeddingLastWins, "W"))


class PReLU:
    """A slope for each channel; leaky at the start."""

    def __init__(self, channels, rng):
        self.alpha = rng.uniform(0.1, 0.4, channels)

    def forward(self, x):
        self.mask = x > 0
        self.x = x
        return np.where(self.mask, x, self.alpha * x)

    def backward(self, dout):
        self.dalpha = np.sum(dout * np.where(self.mask, 0, self.x), axis=0)
        return dout * np.where(self.mask, 1.0, self.alpha)


class PReLUWholeInput(PReLU):
    def backward(self, dout):
        self.dalpha = np.sum(dout * self.x, axis=0)
        return dout * np.where(self.mask, 1.0, self.alpha)


form(
    "leaky relu with a learnt slope", "kept", layer(lambda rng: away(rng, 7, 3), 3), PReLU,
    ("positive inputs counted too", PReLUWholeInput, "alpha"),
)  # fmt: skip


class GatedLinear:
    """Half of the columns open and close the other half."""

    def __init__(self, d_in, d_out, rng):
        self.W, self.V = rng.standard_normal((2, d_in, d_out))
        self.c = rng.standard_normal(d_out)

    def forward(self, x):
        self.x = x
        self.gate = 1 / (1 + np.exp(-(x @ self.V + self.c)))
        self.value = x @ self.W
        return self.value * self.gate

    def backward(self, grad):
        d_value = grad * self.gate
        d_gate = grad * self.value * self.gate * (1 - self.gate)
        self.W_grad = self.x.T @ d_value
        self.V_grad = self.x.T @ d_gate
        self.c_grad = d_gate.sum(axis=0)
        return self.input_grad(d_value, d_gate)

    def input_grad(self, d_value, d_gate):
        return d_value @ self.W.T + d_gate @ self.V.T


class GatedLinearValueOnly(GatedLinear):
    def input_grad(self, d_value, d_gate):
        return d_value @ self.W.T


form(
    "gated linear unit with W_grad", "kept", layer(normal((5, 4)), 4, 3), GatedLinear,
    ("the path through the gate forgotten", GatedLinearValueOnly, "x"),
)  # fmt: skip


class SelfAttention:
    """Several heads; sequences in a batch."""

    def __init__(self, d_model, heads, rng):
        self.w_q, self.w_k, self.w_v, self.w_o = 0.7 * rng.standard_normal((4, d_model, d_model))
        self.heads = heads

    def split(self, x):
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(0, 2, 1, 3)

    def merge(self, x):
        return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)

    def forward(self, x):
        self.x = x
        self.q, self.k, self.v = (self.split(x @ w) for w in (self.w_q, self.w_k, self.w_v))
        scores = self.q @ self.k.swapaxes(-1, -2) / np.sqrt(self.q.shape[-1])
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        self.a = e / e.sum(axis=-1, keepdims=True)
        self.context = self.merge(self.a @ self.v)
        return self.context @ self.w_o

    def backward(self, dout):
        self.grad_w_o = np.einsum("bti,bto->io", self.context, dout)
        dcontext = self.split(dout @ self.w_o.T)
        da = dcontext @ self.v.swapaxes(-1, -2)
        ds = self.softmax_back(da) / np.sqrt(self.q.shape[-1])
        dq, dk, dv = ds @ self.k, ds.swapaxes(-1, -2) @ self.q, self.a.swapaxes(-1, -2) @ dcontext
        dq, dk, dv = self.merge(dq), self.merge(dk), self.merge(dv)
        self.grad_w_q, self.grad_w_k, self.grad_w_v = (np.einsum("bti,bto->io", self.x, d) for d in (dq, dk, dv))
        return dq @ self.w_q.T + dk @ self.w_k.T + dv @ self.w_v.T

    def softmax_back(self, da):
        return self.a * (da - (da * self.a).sum(axis=-1, keepdims=True))


class SelfAttentionOtherAxis(SelfAttention):
    def softmax_back(self, da):
        return self.a * (da - (da * self.a).sum(axis=-2, keepdims=True))


form(
    "self-attention with several heads", "kept", layer(normal((2, 3, 4)), 4, 2), SelfAttention,
    ("softmax's sum along the queries", SelfAttentionOtherAxis, "w_k"),
)  # fmt: skip


class FeedForward:
    """A block of a transformer: a normalised copy goes through two matrices and is added."""

    def __init__(self, d, d_hidden, rng):
        self.w1, self.b1 = rng.standard_normal((d, d_hidden)), rng.standard_normal(d_hidden)
        self.w2, self.b2 = rng.standard_normal((d_hidden, d)), rng.standard_normal(d)

    def forward(self, x):
        self.std = x.std(axis=-1, keepdims=True)
        self.n = (x - x.mean(axis=-1, keepdims=True)) / self.std
        self.u = self.n @ self.w1 + self.b1
        self.t = np.tanh(np.sqrt(2 / np.pi) * (self.u + 0.044715 * self.u**3))
        self.h = 0.5 * self.u * (1 + self.t)
        return x + self.h @ self.w2 + self.b2

    def backward(self, dy):
        self.dw2, self.db2 = self.h.T @ dy, dy.sum(axis=0)
        slope = 0.5 * (1 + self.t) + 0.5 * self.u * (1 - self.t**2) * np.sqrt(2 / np.pi) * self.inner()
        du = dy @ self.w2.T * slope
        self.dw1, self.db1 = self.n.T @ du, du.sum(axis=0)
        dn = du @ self.w1.T
        dx = (dn - dn.mean(-1, keepdims=True) - self.n * (dn * self.n).mean(-1, keepdims=True)) / self.std
        return dy + dx

    def inner(self):
        return 1 + 3 * 0.044715 * self.u**2


class FeedForwardNoThree(FeedForward):
    def inner(self):
        return 1 + 0.044715 * self.u**2


form(
    "feed-forward block with gelu", "kept", layer(normal((3, 5)), 5, 4), FeedForward,
    ("the three of the cube forgotten", FeedForwardNoThree, "w1"),
)  # fmt: skip


class Bilinear:
    """Takes two inputs, and gives a gradient for each."""

    def __init__(self, n_left, n_right, n_out, rng):
        self.W = rng.standard_normal((n_out, n_left, n_right))

    def forward(self, left, right):
        self.left, self.right = left, right
        return np.einsum("ni,oij,nj->no", left, self.W, right)

    def backward(self, dLdy):
        self.dLdW = np.einsum("no,ni,nj->oij", dLdy, self.left, self.right)
        dLdleft = np.einsum("no,oij,nj->ni", dLdy, self.W, self.right)
        dLdright = np.einsum("no,oij,ni->nj", dLdy, self.W, self.left)
        return dLdleft, dLdright


class BilinearMean(Bilinear):
    def backward(self, dLdy):
        both = super().backward(dLdy)
        self.dLdW = self.dLdW / len(dLdy)
        return both


form(
    "bilinear layer of two inputs with dLdW", "kept", layer(normal((5, 3), (5, 4)), 3, 4, 2), Bilinear,
    ("averaged over the batch", BilinearMean, "W"),
)  # fmt: skip
