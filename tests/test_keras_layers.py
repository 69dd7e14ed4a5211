"""Do layers compute what Keras's do, with their gradients?"""

import numpy as np
import pytest
from effort import examples
from hypothesis import Phase, given
from hypothesis import strategies as st
from keras_checks import channels_last, check, made
from peer_checks import apart, drawn, reals, spread

from minigrad import nn

# For every shape, JAX compiles anew: there are few, and a failure is not made smaller.
usual = examples(2, thoroughly=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])
DOUBLE = {"dtype": np.float64}
few, some = st.integers(1, 3), st.integers(1, 6)
pairs = st.tuples(few, few)
seeds = st.integers(0, 2**16)


@usual
@given(batch=st.lists(few, min_size=1, max_size=3), sizes=st.tuples(some, some), bias=st.booleans(), seed=seeds)
def test_dense(batch, sizes, bias, seed):
    rng = np.random.default_rng(seed)
    layer, x = drawn(nn.Dense(*sizes, bias=bias, **DOUBLE), rng), reals(rng, (*batch, sizes[0]))
    check(layer, made("Dense", sizes[1], use_bias=bias), [x], seed)


def kernels_last(own):
    """Their kernels: (rows, columns, in, out), or for sequences (size, in, out)."""
    weight = own["weight"]
    moved = weight.transpose((*range(2, weight.ndim), 1, 0))
    return [moved, *([own["bias"]] if "bias" in own else [])]


@st.composite
def convolutions(draw, axes):
    """What convolutions of both are made of, and the sizes of images; Keras has no strides with dilation."""
    size, steps = draw(st.tuples(*[few] * axes)), draw(st.tuples(*[few] * axes))
    if is_spread := draw(st.booleans()):
        steps = steps[:1] * axes
    settings = {"dilation" if is_spread else "stride": steps}
    least = [1 + (step if is_spread else 1) * (taps - 1) for step, taps in zip(steps, size, strict=True)]
    image = tuple(draw(st.integers(each, each + 4)) for each in least)
    return size, settings, image, draw(st.booleans())


def called_theirs(settings):
    return {{"stride": "strides", "dilation": "dilation_rate"}.get(name, name): each for name, each in settings.items()}


@pytest.mark.parametrize("padding", ["valid", "same"])
@usual
@given(case=convolutions(2), channels=pairs, groups=few, seed=seeds)
def test_conv(padding, case, channels, groups, seed):
    size, settings, image, bias = case
    settings |= {"padding": padding, "groups": groups}
    inside, outside = (groups * each for each in channels)
    rng = np.random.default_rng(seed)
    layer = drawn(nn.Conv(inside, outside, size, bias=bias, **settings, **DOUBLE), rng)
    peer = made("Conv2D", outside, size, use_bias=bias, **called_theirs(settings))
    check(layer, peer, [reals(rng, (2, inside, *image))], seed, kernels_last, theirs=channels_last)


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@usual
@given(case=convolutions(1), channels=pairs, seed=seeds)
def test_conv1d(padding, case, channels, seed):
    (size,), settings, image, bias = case
    ours = {name: each for name, (each,) in settings.items()} | {"padding": padding}
    rng = np.random.default_rng(seed)
    layer = drawn(nn.Conv1d(*channels, size, bias=bias, **ours, **DOUBLE), rng)
    peer = made("Conv1D", channels[1], size, use_bias=bias, **called_theirs(ours))
    check(layer, peer, [reals(rng, (2, channels[0], *image))], seed, kernels_last, theirs=channels_last)


@usual
@given(case=convolutions(2), channels=pairs, seed=seeds)
def test_conv_transpose(case, channels, seed):
    size, settings, image, bias = case
    # There are at least as many rows as strides, with Keras.
    steps = settings.get("stride", (1, 1))
    more = tuple(max(step - taps, 0) for step, taps in zip(steps, size, strict=True))
    rng = np.random.default_rng(seed)
    layer = drawn(nn.ConvTranspose(*channels, size, output_padding=more, bias=bias, **settings, **DOUBLE), rng)
    peer = made("Conv2DTranspose", channels[1], size, use_bias=bias, **called_theirs(settings))

    def form(own):
        return [own["weight"].transpose((2, 3, 1, 0)), *([own["bias"]] if bias else [])]

    check(layer, peer, [reals(rng, (2, channels[0], *image))], seed, form, theirs=channels_last)


@pytest.mark.parametrize("kind", ["Max", "Average"])
@usual
@given(size=pairs, stride=st.none() | pairs, more=pairs, shape=pairs, seed=seeds)
def test_pooling(kind, size, stride, more, shape, seed):
    image = [taps + 2 * each - 1 for taps, each in zip(size, more, strict=True)]
    x = apart(np.random.default_rng(seed), (*shape, *image))
    ours, over_all = (nn.MaxPool, nn.GlobalMaxPool) if kind == "Max" else (nn.AvgPool, nn.GlobalAvgPool)
    check(ours(size, stride), made(f"{kind}Pooling2D", size, stride), [x], seed, theirs=channels_last)
    peer = made(f"Global{kind}Pooling2D", data_format="channels_first")
    check(over_all(), peer, [x], seed, single=kind == "Average")


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@usual
@given(shape=st.tuples(few, few, some, some), factor=pairs, seed=seeds)
def test_upsample(mode, shape, factor, seed):
    x = reals(np.random.default_rng(seed), shape)
    peer = made("UpSampling2D", factor, interpolation=mode)
    check(nn.Upsample(factor, mode), peer, [x], seed, theirs=channels_last)


@pytest.mark.parametrize("is_training", [True, False])
@usual
@given(shape=st.tuples(st.integers(3, 5), few, few, few), axes=st.integers(2, 4), seed=seeds)
def test_batch_norm(is_training, shape, axes, seed):
    rng, shape = np.random.default_rng(seed), shape[:axes]
    layer = drawn(nn.BatchNorm(shape[1], eps=1e-3, **DOUBLE), rng).train(is_training)
    state = [reals(rng, shape[1:2]), np.exp(reals(rng, shape[1:2]))]
    layer.update(mean=state[0], variance=state[1])
    x, peer = spread(rng, shape, (0, *range(2, axes))), made("BatchNormalization", axis=1)
    check(layer, peer, [x], seed, theirs=lambda call, x: call(x, training=is_training), state=state, single=True)


@usual
@given(batch=st.lists(few, min_size=1, max_size=2), shape=st.lists(some, min_size=1, max_size=2), seed=seeds)
def test_layer_norm(batch, shape, seed):
    rng, axes = np.random.default_rng(seed), tuple(range(-len(shape), 0))
    layer = drawn(nn.LayerNorm(tuple(shape), eps=1e-3, **DOUBLE), rng)
    x = spread(rng, (*batch, *shape), axes)
    check(layer, made("LayerNormalization", axis=list(axes)), [x], seed, single=True)


@usual
@given(samples=few, groups=few, each=few, image=st.lists(few, min_size=1, max_size=2), seed=seeds)
def test_group_norm(samples, groups, each, image, seed):
    rng, count = np.random.default_rng(seed), groups * each
    layer = drawn(nn.GroupNorm(groups, count, eps=1e-3, **DOUBLE), rng)
    x = spread(rng, (samples, groups, each, *image), tuple(range(2, 3 + len(image))))
    x = x.reshape((samples, count, *image))
    check(layer, made("GroupNormalization", groups, axis=1), [x], seed, single=True)


@usual
@given(sizes=st.tuples(some, some), shape=st.lists(few, min_size=1, max_size=2).map(tuple), seed=seeds)
def test_embedding(sizes, shape, seed):
    rng = np.random.default_rng(seed)
    layer, numbers = drawn(nn.Embedding(*sizes, **DOUBLE), rng), rng.integers(0, sizes[0], shape)
    check(
        layer, made("Embedding", *sizes), [], seed, ours=lambda layer: layer(numbers), theirs=lambda call: call(numbers)
    )
