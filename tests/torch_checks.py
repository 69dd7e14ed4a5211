"""Does a layer compute what PyTorch's layer does, with its gradients and their gradients, in both precisions?"""

import copy

import numpy as np
import torch
from peer_checks import differences, flat, of_minigrad, weights

torch.set_num_threads(1)

# Of the largest number of an order or of 1; see `differences`.
DOUBLE, SINGLE = 1e-12, 1e-6
# Where rounding alone makes more of it in single precision, both are compared with double precision, and ours may be
# off by so many times as much as PyTorch's, or as that limit.
FACTOR = 2.0


def of_torch(module, parameters, inputs, dtype, seed, call=None):
    """What PyTorch finds for each order, as `of_minigrad`.

    Args:
        parameters: what the module's parameters are called with, as a function of those of our layer; with their
            values by name. So gradients are those by our parameters.
    """
    form, values = parameters
    dtype = torch.from_numpy(np.zeros(0, dtype)).dtype

    def leaf(array):
        return torch.tensor(array, dtype=dtype, requires_grad=True)

    module = copy.deepcopy(module).to(dtype)
    inputs = [leaf(array) for array in inputs]
    named = {name: leaf(array) for name, array in values.items()}
    given = form(named)

    def called(*args, **kwargs):
        return torch.func.functional_call(module, given, args, kwargs)

    outputs = flat(call(called, *inputs) if call else called(*inputs))
    seeds = [leaf(each) for each in weights(seed, outputs)]
    leaves = [*inputs, *named.values()]
    total = sum((out * weight).sum() for out, weight in zip(outputs, seeds, strict=True))
    gradients = torch.autograd.grad(total, leaves, create_graph=True)
    sums = zip(gradients, weights(seed + 1, gradients), strict=True)
    projected = sum((gradient * torch.tensor(weight, dtype=dtype)).sum() for gradient, weight in sums)
    found = [outputs, gradients, torch.autograd.grad(projected, leaves + seeds, allow_unused=True)]
    return [[0.0 if each is None else each.detach().numpy() for each in part] for part in found]


def check(layer, module, inputs, seed, form=dict, ours=None, theirs=None, rounds=False):
    """Compare a layer in double precision with a module.

    Args:
        form: the module's parameters, given those of the layer.
        ours, theirs: how they are called with the inputs.
        rounds: whether single precision is compared with double precision, where it has no six digits.
    """
    parameters = form, {name: each.numpy() for name, each in layer.named_parameters()}
    found = {
        dtype: (
            of_minigrad(layer, inputs, dtype, seed, ours),
            of_torch(module, parameters, inputs, dtype, seed, theirs),
        )
        for dtype in (np.float64, np.float32)
    }
    exact = found[np.float64]
    assert within(DOUBLE, differences(*exact)), differences(*exact)
    apart = differences(*found[np.float32])
    if not rounds:
        assert within(SINGLE, apart), apart
    else:
        off, their_off = (np.array(differences(each, exact[0])) for each in found[np.float32])
        assert np.all(off <= FACTOR * np.maximum(SINGLE, their_off)), (apart, off, their_off)


def within(limit, apart):
    """Whether all differences are as small; NaN is not."""
    return all(each <= limit for each in apart)
