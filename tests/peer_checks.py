"""How far are a layer and its derivatives from what another framework computes?

A comparison has three orders. The first is what the layer returns. The second is the gradient of a weighted sum of
that, by the inputs and by all parameters. The third is the gradient of a weighted sum of those gradients: by the same,
and by the weights of the first sum, which are what flows back into the layer. The weights are random.
"""

import numpy as np

import minigrad as mg


def reals(rng, shape, width=1.0):
    """Random numbers of 32 bits, in 64: another precision does not change them."""
    return (width * rng.normal(size=shape)).astype(np.float32).astype(np.float64)


def apart(rng, shape):
    """Numbers around 0 that are all different, also in single precision: a maximum is no tie, and none is at a kink."""
    count = int(np.prod(shape))
    return ((rng.permutation(count) - count // 2 + 0.5) / 4).reshape(shape)


def spread(rng, shape, axes):
    """Random numbers with a deviation of 1 to 3 over these axes, by which single precision can be divided."""
    x = rng.normal(size=shape)
    x = x - x.mean(axes, keepdims=True)
    deviation = x.std(axes, keepdims=True)
    middle, width = rng.normal(size=deviation.shape), rng.uniform(1.0, 3.0, deviation.shape)
    return (middle + width * x / np.where(deviation, deviation, 1.0)).astype(np.float32).astype(np.float64)


def drawn(layer, rng, width=0.5):
    """The layer with random parameters: around 1 where it scales, and around 0 elsewhere."""
    for name, parameter in layer.named_parameters():
        parameter.data = name.endswith("scale") + reals(rng, parameter.shape, width)
    return layer


def flat(outputs):
    """All that a layer returns, as a list."""
    if isinstance(outputs, (tuple, list)):
        return [part for each in outputs for part in flat(each)]
    return [outputs]


def weights(seed, like):
    """Random weights for a sum, the same for whoever asks."""
    rng = np.random.default_rng(seed)
    return [reals(rng, tuple(each.shape)) for each in like]


def of_minigrad(layer, inputs, dtype, seed, call=None, order=2):
    """What minigrad finds for each order, as lists of arrays: of inputs, of parameters, and of weights."""
    layer = layer.astype(dtype)
    inputs = [mg.Tensor(array, requires_grad=True, dtype=dtype) for array in inputs]
    outputs = flat(call(layer, *inputs) if call else layer(*inputs))
    seeds = [mg.Tensor(each, requires_grad=True, dtype=dtype) for each in weights(seed, outputs)]
    leaves = inputs + layer.parameters()
    total = sum((out * weight).sum() for out, weight in zip(outputs, seeds, strict=True))
    gradients = mg.gradients(total, leaves, create_graph=order > 1)
    found = [outputs, gradients]
    if order > 1:
        sums = zip(gradients, weights(seed + 1, gradients), strict=True)
        projected = sum((gradient * weight.astype(dtype)).sum() for gradient, weight in sums)
        found.append(mg.gradients(projected, leaves + seeds))
    assert all(each is None or each.dtype == dtype for part in found for each in part)
    return [[0.0 if each is None else each.numpy() for each in part] for part in found]


def differences(ours, theirs):
    """For each order, the largest difference between two of its numbers, over the largest of its numbers or 1.

    What flows back is about 1, and so are the terms that cancel where the gradient of a layer is almost 0.
    """
    return [_difference(*orders) for orders in zip(ours, theirs, strict=True)]


def _difference(ours, theirs):
    pairs = [(np.asarray(a, float), np.asarray(b, float)) for a, b in zip(ours, theirs, strict=True)]
    assert [a.shape for a, b in pairs if a.ndim and b.ndim] == [b.shape for a, b in pairs if a.ndim and b.ndim]
    # A maximum of NumPy's is NaN where one of the numbers is.
    scale = np.max([np.max(np.abs(b), initial=1.0) for _, b in pairs])
    return float(np.max([np.max(np.abs(a - b), initial=0.0) for a, b in pairs]) / scale)
