"""Do layers without memory compute what PyTorch's do, with their first and second derivatives?"""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from peer_checks import apart, drawn, reals, spread
from torch import nn as peers
from torch_checks import check

from minigrad import nn

DOUBLE = {"dtype": np.float64}
few, some = st.integers(1, 3), st.integers(1, 7)
seeds = st.integers(0, 2**16)
pairs = st.tuples(few, few)
batches = st.lists(few, max_size=3).map(tuple)


@given(batch=batches, sizes=st.tuples(some, some), bias=st.booleans(), seed=seeds)
def test_dense(batch, sizes, bias, seed):
    rng = np.random.default_rng(seed)
    layer = drawn(nn.Dense(*sizes, bias=bias, **DOUBLE), rng)

    def form(own):
        return own | {"weight": own["weight"].T}

    check(layer, peers.Linear(*sizes, bias=bias), [reals(rng, (*batch, sizes[0]))], seed, form)


def channels(draw):
    """Channels in and out, and the groups that divide both."""
    groups = draw(few)
    return groups * draw(few), groups * draw(few), groups


@st.composite
def convolutions(draw, axes):
    """What convolutions of both are made of, for images that are as large as their windows or larger."""
    settings = {"stride": draw(st.tuples(*[few] * axes)), "dilation": draw(st.tuples(*[few] * axes))}
    size = draw(st.tuples(*[some] * axes))
    padding = draw(st.one_of(st.just("valid"), st.just("same"), st.tuples(*[st.integers(0, 2)] * axes)))
    if padding == "same":
        # PyTorch has it for no other.
        settings["stride"] = (1,) * axes
    reach = [1 + spread * (taps - 1) for spread, taps in zip(settings["dilation"], size, strict=True)]
    image = [draw(st.integers(least, least + 5)) for least in reach]
    inside, outside, groups = channels(draw)
    return (inside, outside, size), settings | {"padding": padding, "groups": groups}, tuple(image)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@given(case=convolutions(2), samples=few, bias=st.booleans(), seed=seeds)
def test_conv(case, samples, bias, seed):
    (inside, outside, size), settings, image = case
    rng = np.random.default_rng(seed)
    layer = drawn(nn.Conv(inside, outside, size, bias=bias, **settings, **DOUBLE), rng)
    module = peers.Conv2d(inside, outside, size, bias=bias, **settings)
    check(layer, module, [reals(rng, (samples, inside, *image))], seed, rounds=True)


LARGE = {
    "pixels": ((24, 16, 1), {}, (9, 11)),
    "few channels": ((3, 8, 3), {"padding": 1}, (28, 28)),
    "many channels": ((16, 20, 3), {"padding": 1}, (12, 13)),
    "many channels of large images": ((16, 16, 3), {}, (26, 25)),
    "strides": ((16, 18, 3), {"stride": 2, "padding": 1}, (15, 14)),
    "large windows": ((2, 3, 11), {"padding": 5}, (24, 24)),
    "channels by themselves": ((12, 24, 3), {"groups": 12, "padding": 1}, (14, 14)),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_convolutions(name):
    sizes, settings, image = LARGE[name]
    rng = np.random.default_rng(0)
    layer = drawn(nn.Conv(*sizes, **settings, **DOUBLE), rng)
    x = reals(rng, (3, sizes[0], *image))
    check(layer, peers.Conv2d(*sizes, **settings), [x], 0, rounds=True)
    layer = drawn(nn.ConvTranspose(*sizes, **settings, **DOUBLE), rng)
    check(layer, peers.ConvTranspose2d(*sizes, **settings), [x], 0, rounds=True)


@given(case=convolutions(2), margins=st.lists(st.integers(0, 3), min_size=4, max_size=4), seed=seeds)
def test_conv_with_other_zeros_on_each_side(case, margins, seed):
    (inside, outside, size), settings, image = case
    above, below, left, right = margins
    rng = np.random.default_rng(seed)
    module = peers.Conv2d(inside, outside, size, **settings | {"padding": 0})
    settings["padding"] = ((above, below), (left, right))
    layer = drawn(nn.Conv(inside, outside, size, **settings, **DOUBLE), rng)

    def theirs(call, x):
        return call(peers.functional.pad(x, (left, right, above, below)))

    check(layer, module, [reals(rng, (1, inside, *image))], seed, theirs=theirs, rounds=True)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@given(case=convolutions(1), samples=few, bias=st.booleans(), is_causal=st.booleans(), seed=seeds)
def test_conv1d(case, samples, bias, is_causal, seed):
    (inside, outside, (size,)), settings, image = case
    rng = np.random.default_rng(seed)
    ours = {name: value[0] if isinstance(value, tuple) else value for name, value in settings.items()}
    before = ours["dilation"] * (size - 1) if is_causal else 0
    if is_causal:
        ours["padding"], settings["padding"] = "causal", 0
    layer = drawn(nn.Conv1d(inside, outside, size, bias=bias, **ours, **DOUBLE), rng)
    module = peers.Conv1d(inside, outside, size, bias=bias, **settings)

    def theirs(call, x):
        return call(peers.functional.pad(x, (before, 0)))

    check(layer, module, [reals(rng, (samples, inside, *image))], seed, theirs=theirs, rounds=True)


@given(
    case=convolutions(2),
    cut=pairs,
    more=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    bias=st.booleans(),
    seed=seeds,
)
def test_conv_transpose(case, cut, more, bias, seed):
    (inside, outside, size), settings, image = case
    strides, spreads = settings["stride"], settings["dilation"]
    more = tuple(min(each, step - 1) for each, step in zip(more, strides, strict=True))
    settings |= {"padding": cut, "output_padding": more}
    lengths = [
        (length - 1) * step - 2 * less + spread * (taps - 1) + 1 + extra
        for length, step, less, spread, taps, extra in zip(image, strides, cut, spreads, size, more, strict=True)
    ]
    assume(min(lengths) >= 1)
    rng = np.random.default_rng(seed)
    layer = drawn(nn.ConvTranspose(inside, outside, size, bias=bias, **settings, **DOUBLE), rng)
    module = peers.ConvTranspose2d(inside, outside, size, bias=bias, **settings)
    check(layer, module, [reals(rng, (2, inside, *image))], seed, rounds=True)


@pytest.mark.parametrize(("ours", "theirs"), [(nn.MaxPool, peers.MaxPool2d), (nn.AvgPool, peers.AvgPool2d)])
@given(size=pairs, stride=st.none() | pairs, more=pairs, shape=pairs, seed=seeds)
def test_pooling(ours, theirs, size, stride, more, shape, seed):
    image = [taps + 2 * each - 1 for taps, each in zip(size, more, strict=True)]
    x = apart(np.random.default_rng(seed), (*shape, *image))
    check(ours(size, stride), theirs(size, stride), [x], seed)


@given(shape=st.tuples(few, few, some, some), size=pairs, seed=seeds)
def test_pooling_of_all_or_into_so_many_windows(shape, size, seed):
    x = apart(np.random.default_rng(seed), shape)
    check(nn.AdaptiveAvgPool(size), peers.AdaptiveAvgPool2d(size), [x], seed)
    check(nn.AdaptiveMaxPool(size), peers.AdaptiveMaxPool2d(size), [x], seed)
    for axes in (1, 2):
        image = [x] if axes == 2 else [x[..., 0]]
        for ours, theirs in ((nn.GlobalAvgPool(), "AdaptiveAvgPool"), (nn.GlobalMaxPool(), "AdaptiveMaxPool")):
            check(ours, getattr(peers, f"{theirs}{axes}d")(1), image, seed, theirs=lambda call, x: call(x).flatten(1))


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@given(shape=st.tuples(few, few, some, some), factor=pairs, seed=seeds)
def test_upsample(mode, shape, factor, seed):
    x = reals(np.random.default_rng(seed), shape)
    check(nn.Upsample(factor, mode), peers.Upsample(scale_factor=factor, mode=mode), [x], seed)


def around(own):
    """Their names of what a layer that normalises has."""
    return {{"scale": "weight", "shift": "bias"}[name]: each for name, each in own.items()}


@given(
    shape=st.tuples(st.integers(2, 6), some, *[few] * 3),
    axes=st.integers(2, 5),
    momentum=st.floats(0.0, 1.0),
    affine=st.booleans(),
    seed=seeds,
)
def test_batch_norm(shape, axes, momentum, affine, seed):
    rng, shape = np.random.default_rng(seed), shape[:axes]
    count = shape[1]
    layer = drawn(nn.BatchNorm(count, momentum, affine=affine, **DOUBLE), rng)
    kind = {2: peers.BatchNorm1d, 3: peers.BatchNorm1d, 4: peers.BatchNorm2d, 5: peers.BatchNorm3d}[axes]
    module = kind(count, momentum=momentum, affine=affine, dtype=torch.float64)
    for _ in range(3):
        x = spread(rng, shape, (0, *range(2, axes)))
        check(layer, module, [x], seed, around, rounds=True)
        layer(x), module(torch.from_numpy(x))
        for ours, theirs in ((layer.mean, module.running_mean), (layer.variance, module.running_var)):
            np.testing.assert_allclose(ours.data, theirs.numpy(), rtol=1e-12, atol=1e-14)
    check(layer.eval(), module.eval(), [x], seed, around, rounds=True)


@given(batch=batches, shape=st.lists(some, min_size=1, max_size=3).map(tuple), affine=st.booleans(), seed=seeds)
def test_layer_norm(batch, shape, affine, seed):
    rng = np.random.default_rng(seed)
    # Of a single number PyTorch has four digits: it subtracts what it has multiplied by 1 / sqrt(eps). So do groups.
    layer = drawn(nn.LayerNorm(shape, affine=affine, **DOUBLE), rng)
    module = peers.LayerNorm(shape, elementwise_affine=affine)
    check(layer, module, [spread(rng, (*batch, *shape), tuple(range(-len(shape), 0)))], seed, around, rounds=True)


@given(batch=batches, size=some, affine=st.booleans(), eps=st.sampled_from([1e-5, 1e-2]), seed=seeds)
def test_rms_norm(batch, size, affine, eps, seed):
    rng = np.random.default_rng(seed)
    layer = drawn(nn.RMSNorm(size, eps, affine, **DOUBLE), rng)
    module = peers.RMSNorm(size, eps, elementwise_affine=affine)
    # Away from 0, by which it would divide.
    x = spread(rng, (*batch, size), -1)
    check(layer, module, [np.copysign(0.5 + np.abs(x), x)], seed, around, rounds=True)


@given(samples=few, groups=few, each=few, image=st.lists(few, max_size=3), affine=st.booleans(), seed=seeds)
def test_group_norm(samples, groups, each, image, affine, seed):
    rng, count = np.random.default_rng(seed), groups * each
    # PyTorch refuses to normalise a single number.
    assume(samples * each * math.prod(image) > 1)
    layer = drawn(nn.GroupNorm(groups, count, affine=affine, **DOUBLE), rng)
    module = peers.GroupNorm(groups, count, affine=affine)
    x = spread(rng, (samples, groups, each, *image), tuple(range(2, 3 + len(image))))
    check(layer, module, [x.reshape((samples, count, *image))], seed, around, rounds=True)


@given(count=some, size=some, shape=batches, is_padded=st.booleans(), seed=seeds)
def test_embedding(count, size, shape, is_padded, seed):
    rng = np.random.default_rng(seed)
    padding = int(rng.integers(count)) if is_padded else None
    layer = drawn(nn.Embedding(count, size, padding, **DOUBLE), rng)
    if is_padded:
        layer.weight.data[padding] = 0.0
    numbers = rng.integers(0, count, shape)
    module = peers.Embedding(count, size, padding)
    given = torch.from_numpy(np.asarray(numbers))
    check(layer, module, [], seed, ours=lambda layer: layer(numbers), theirs=lambda call: call(given))


@given(batch=few, length=some, more=few, size=some, seed=seeds)
def test_learned_positions(batch, length, more, size, seed):
    rng = np.random.default_rng(seed)
    layer = drawn(nn.LearnedPositions(length + more, size, **DOUBLE), rng)
    module = peers.Embedding(length + more, size)
    x = reals(rng, (batch, length, size))
    check(layer, module, [x], seed, theirs=lambda call, x: x + call(torch.arange(length)))


ACTIVATIONS = {
    "tanh": (nn.Tanh(), peers.Tanh()),
    "sigmoid": (nn.Sigmoid(), peers.Sigmoid()),
    "relu": (nn.ReLU(), peers.ReLU()),
    "leaky relu": (nn.LeakyReLU(), peers.LeakyReLU()),
    "leaky relu of another slope": (nn.LeakyReLU(0.3), peers.LeakyReLU(0.3)),
    "gelu": (nn.GELU(), peers.GELU()),
    # PyTorch's own is x itself from 20 on, which is off by 2e-9 there.
    "softplus": (nn.Softplus(), peers.Softplus(threshold=80.0)),
    "softmax": (nn.Softmax(), peers.Softmax(-1)),
    "softmax of channels": (nn.Softmax(axis=1), peers.Softmax(1)),
    "log softmax": (nn.LogSoftmax(), peers.LogSoftmax(-1)),
    "log softmax of channels": (nn.LogSoftmax(axis=1), peers.LogSoftmax(1)),
    "dropout in evaluation": (nn.Dropout(0.5).eval(), peers.Dropout(0.5).eval()),
    "flatten": (nn.Flatten(), peers.Flatten()),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(shape=st.lists(some, min_size=2, max_size=4).map(tuple), seed=seeds)
def test_activations(name, shape, seed):
    ours, theirs = ACTIVATIONS[name]
    check(ours, theirs, [apart(np.random.default_rng(seed), shape)], seed, rounds="tanh" in name or "softmax" in name)
