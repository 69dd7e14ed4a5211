"""Random programs in which all numbers stay finite, or infinite where that is meant: `mg.debug` has to be silent."""

import numpy as np

import minigrad as mg
from minigrad import losses, nn, optim

# Of any numbers, of one shape.
ELEMENTWISE = [
    mg.tanh,
    mg.sigmoid,
    mg.relu,
    mg.softplus,
    mg.gelu,
    mg.sin,
    mg.abs,
    lambda x: mg.clip(x, -2.0, 2.0),
    lambda x: mg.sqrt(x * x + 1.0),
    lambda x: mg.log(mg.maximum(x, 0.0) + 0.5),
    lambda x: mg.exp(-(x**2)),
    lambda x: x / (1.0 + mg.abs(x)),
    lambda x: mg.where(x.numpy() > 0.0, x, 0.1 * x),
    # The other branch gets a harmless number.
    lambda x: mg.where(x.numpy() > 0.0, mg.sqrt(mg.where(x.numpy() > 0.0, x, 1.0)), 0.0),
    lambda x: mg.arctan2(x, 1.0 + x * x),
    lambda x: mg.xlogy(0.0, mg.abs(x) + 1.0) + x,
    lambda x: mg.nan_to_num(x / 3.0),
    lambda x: x.astype(np.float32).astype(np.float64),
]
# Along the last axis.
ALONG = [
    lambda x: x - mg.max(x, axis=-1, keepdims=True),
    lambda x: mg.softmax(x),
    lambda x: mg.log_softmax(x),
    lambda x: x / (mg.norm(x, axis=-1, keepdims=True) + 1e-12),
    lambda x: (x - x.mean(axis=-1, keepdims=True)) / mg.sqrt(x.var(axis=-1, keepdims=True) + 1e-5),
    lambda x: mg.cumsum(x, axis=-1),
    lambda x: mg.sort(x, axis=-1),
    lambda x: mg.flip(x, axis=-1),
    lambda x: x[..., ::-1] * 0.5,
    lambda x: mg.concatenate([x[..., 1:], x[..., :1]], axis=-1),
    lambda x: mg.logsumexp(x, axis=-1, keepdims=True) - x,
    lambda x: x - mg.std(x, axis=-1, keepdims=True),
    lambda x: mg.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 0)])[..., 1:],
]
TO_NUMBER = [
    lambda x, rng: mg.sum(x**2),
    lambda x, rng: mg.mean(mg.abs(x)),
    lambda x, rng: mg.logsumexp(x),
    lambda x, rng: mg.norm(x),
    lambda x, rng: mg.max(x) - mg.min(x),
    lambda x, rng: mg.std(x),
    lambda x, rng: losses.mse(x, rng.normal(size=x.shape)),
    lambda x, rng: losses.bce_with_logits(20.0 * x, (rng.random(x.shape) < 0.5) * 1.0),
    lambda x, rng: losses.cross_entropy(
        30.0 * x.reshape(-1, x.shape[-1]), rng.integers(x.shape[-1], size=x.size // x.shape[-1])
    ),
]


def masked(x, rng):
    """Infinities that are meant: places that a softmax, a maximum or a logarithm of a sum is not to see."""
    mask = rng.random(x.shape) < 0.4
    mask[..., 0] = False
    ways = [
        lambda: mg.softmax(mg.where(mask, -np.inf, x)),
        lambda: mg.softmax(x + np.where(mask, -np.inf, 0.0)),
        lambda: mg.where(mask, 0.0, mg.log_softmax(mg.where(mask, -np.inf, x))),
        lambda: x - mg.logsumexp(mg.where(mask, -np.inf, x), axis=-1, keepdims=True),
        lambda: x - mg.max(mg.where(mask, -np.inf, x), axis=-1, keepdims=True),
        lambda: x - np.max(x, axis=-1, keepdims=True, initial=-np.inf),
        lambda: x + mg.exp(mg.where(mask, -np.inf, mg.minimum(x, 1.0))),
        lambda: mg.minimum(x, np.where(mask, np.inf, 1.0)),
        lambda: (
            mg.max(mg.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 1)], constant_values=-np.inf)[..., 1:-1], keepdims=True) + x
        ),
        lambda: x - mg.nanmean(mg.where(mask, np.nan, x), axis=-1, keepdims=True),
        lambda: mg.tanh(mg.set_at(x, (0,) * x.ndim, np.inf)),
    ]
    return ways[rng.integers(len(ways))]()


def step(x, rng):
    """One random operation, of the shape of its argument."""
    kind = rng.integers(5)
    if kind == 0:
        return ELEMENTWISE[rng.integers(len(ELEMENTWISE))](x)
    if kind == 1:
        return ALONG[rng.integers(len(ALONG))](x)
    if kind == 2:
        return masked(x, rng)
    if kind == 3:
        return x @ mg.Tensor(rng.normal(size=(x.shape[-1], x.shape[-1])), requires_grad=True)
    return x * rng.normal(size=x.shape) + (x if rng.random() < 0.5 else rng.normal())


def of_arrays(rng):
    """A chain of operations on one array, with zeros and equal numbers in it."""
    shape = [(3,), (2, 3), (5, 1), (3, 2, 5)][rng.integers(4)]
    start = rng.normal(size=shape)
    start[rng.random(shape) < 0.2] = 0.0
    x = mg.Tensor(start, requires_grad=True)
    y, is_second = x, rng.random() < 0.3
    if not is_second and rng.random() < 0.2:
        # A gradient that is infinite, and left out again; the second one would not be.
        y = x + mg.sqrt(mg.where(start > 0.0, x, 0.0))
    for _ in range(rng.integers(1, 7)):
        y = step(y, rng)
    loss = TO_NUMBER[rng.integers(len(TO_NUMBER))](y, rng)
    if is_second:
        (first,) = mg.gradients(loss, [x], create_graph=True)
        loss = loss + mg.sum(mg.tanh(first))
    loss.backward()
    return loss, x.grad


def of_layers(rng):
    """A few steps of a small network."""
    activation = [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.Softmax][rng.integers(5)]
    middle = [nn.Dropout(0.5, rng=rng), activation()][rng.integers(2)]
    model = nn.Sequential(nn.Dense(2, 3, rng=rng), middle, activation(), nn.Dense(3, 2, rng=rng))
    optimizer = [optim.SGD, optim.Adam][rng.integers(2)](model.parameters(), lr=0.05)
    x, labels = rng.normal(size=(5, 2)), rng.integers(2, size=5)
    x[0] = 0.0
    for _ in range(3):
        optimizer.zero_grad()
        loss = losses.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
    return loss, model.parameters()[0].grad


def run(seed):
    """One program: its loss and a gradient, both arrays."""
    rng = np.random.default_rng(seed)
    loss, gradient = (of_layers if rng.random() < 0.1 else of_arrays)(rng)
    return loss.numpy(), gradient.numpy()
