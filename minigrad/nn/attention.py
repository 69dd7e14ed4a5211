"""Which layer lets each place of a sequence look at the others?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.annotations import Numbers
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import as_array, plain, shape_of
from minigrad.nn.dense import Dense
from minigrad.nn.dropout import Dropout
from minigrad.nn.initializers import Initializer, Seed, glorot_uniform
from minigrad.nn.layer import Layer
from minigrad.ops import softmax
from minigrad.ops.nn.arguments import is_integer


class MultiHeadAttention(Layer):
    """Sums of values, weighted by how well keys fit queries, in several heads: (N, T, features) gives the same shape.

    In each head, softmax(Q K^T / sqrt(d)) V with Q, K, V = x W_q, x W_k, x W_v and d = features / heads; the heads side
    by side go through one more matrix. Vaswani et al. (2017), "Attention is all you need", arXiv:1706.03762, section
    3.2.

    Args:
        features: the size of the last axis.
        heads: how many; they divide the features.
        causal: whether no place looks at later ones. Of a context of another length, the last place of x looks at all.
        dropout: the rate with which weights are left out in training.
        bias: whether the four products have one.
        dtype: of the parameters, float32 by default.
        rng: a seed or generator for the initial weights, and for dropout.
        init: an initialiser of `minigrad.nn.initializers`.

    Attributes:
        query, key, value, out: the four products, each an `nn.Dense`.

    Raises:
        ValueError: for sizes below 1, or features that cannot be divided; when called, for inputs or masks of another
            shape, and where a place may look at none.
        TypeError: when called, for a mask that is not of booleans.
    """

    def __init__(
        self,
        features: int,
        heads: int,
        causal: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
        rng: Seed = None,
        init: Initializer = glorot_uniform,
    ) -> None:
        if not all(is_integer(size) and size >= 1 for size in (features, heads)) or features % heads:
            raise ValueError(f"MultiHeadAttention: {features!r} features cannot be divided into {heads!r} heads")
        rng = np.random.default_rng(rng)
        self.features = features
        self.heads = heads
        self.causal = causal
        self.query, self.key, self.value, self.out = (
            Dense(features, features, bias=bias, dtype=dtype, rng=rng, init=init) for _ in range(4)
        )
        self.dropout = Dropout(dropout, rng=rng)

    def forward(
        self,
        x: Tensor | Numbers,
        context: Tensor | Numbers | None = None,
        mask: Tensor | Numbers | None = None,
    ) -> Tensor:
        """What each place of x gathers.

        Args:
            x: shape (N, T, features).
            context: what is looked at, of shape (N, S, features); x itself by default.
            mask: booleans, True where there is something to look at: (N, S) for places that are filled up, or
                (N, T, S) for each place of x.
        """
        seen = x if context is None else context
        for each in (x, seen):
            shape = shape_of(each)
            if len(shape) != 3 or shape[-1] != self.features or shape[1] < 1 or shape[0] != shape_of(x)[0]:
                raise ValueError(
                    f"{self!r} expects inputs of shape (N, T, {self.features}) with T at least 1, and a context of as "
                    f"many samples; got {shape_of(x)} and {shape_of(seen)}"
                )
        queries, keys, values = self._apart(self.query(x)), self._apart(self.key(seen)), self._apart(self.value(seen))
        scores = queries @ np.swapaxes(keys, 2, 3) * (1.0 / math.sqrt(self.features // self.heads))
        allowed = self._allowed(scores.shape, mask)
        if allowed is not None:
            scores = np.where(allowed, scores, -np.inf)
        together = np.swapaxes(self.dropout(softmax(scores)) @ values, 1, 2)
        return self.out(together.reshape(shape_of(x)))

    def _apart(self, x: Tensor) -> Any:
        """(N, T, features) as (N, heads, T, features / heads)."""
        count, length, features = x.shape
        return np.swapaxes(x.reshape((count, length, self.heads, features // self.heads)), 1, 2)

    def _allowed(self, shape: tuple[int, ...], mask: Any) -> Any:
        """Which places may look at which, (N or 1, 1, T or 1, S); None where all may look at all."""
        count, _, length, seen = shape
        allowed = None
        if mask is not None:
            given: Any = as_array(plain(mask))
            if given.dtype != np.bool_:
                raise TypeError(f"{self!r}: a mask is made of booleans, True where to look, not {given.dtype}")
            if shape_of(given) not in ((count, seen), (count, length, seen)):
                raise ValueError(
                    f"{self!r}: a mask has shape {(count, seen)} or {(count, length, seen)}; got {shape_of(given)}"
                )
            allowed = given[:, np.newaxis, np.newaxis] if len(shape_of(given)) == 2 else given[:, np.newaxis]
        if self.causal:
            before = np.tril(np.ones((length, seen), bool), seen - length)
            allowed = before if allowed is None else allowed & before
        if allowed is not None:
            self._check(allowed)
        return allowed

    def _check(self, allowed: Any) -> None:
        if isinstance(allowed, StandIn):
            allowed.looked_at(self._check)
        elif not allowed.any(axis=-1).all():
            raise ValueError(f"{self!r}: the mask lets some place look at nothing; leave empty sequences out")

    def __repr__(self) -> str:
        return f"MultiHeadAttention({self.features}, {self.heads}{', causal=True' if self.causal else ''})"
