"""Does any chain of layers go from Keras to minigrad and back?"""

import effort
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from keras_models import assert_goes_both_ways, keras, sample, shuffled, there

pytestmark = pytest.mark.filterwarnings("ignore:.*You are using a softmax over axis:UserWarning")

ACTIVATIONS = st.sampled_from(["linear", "relu", "gelu", "softmax", "silu", "log_softmax"])
# Keras compiles every new shape, so that to look for the shortest chain that fails takes minutes.
FEW = settings(max_examples=40 if effort.thorough else 10, phases=[Phase.explicit, Phase.reuse, Phase.generate])


def windows(draw, x, most):
    """A size and a stride for windows that fit into images."""
    size = tuple(draw(st.integers(1, min(most, length))) for length in x.shape[1:3])
    return size, draw(st.integers(1, 3))


def convolution(draw, x):
    (size, stride), padding = windows(draw, x, 4), draw(st.sampled_from(["same", "valid"]))
    common = {"padding": padding, "use_bias": draw(st.booleans()), "activation": draw(ACTIVATIONS)}
    channels = x.shape[-1]
    groups = draw(st.sampled_from([1] + [count for count in (2, 3) if channels % count == 0 and count < channels]))
    dilation = draw(st.integers(1, 2))
    reach = [dilation * (length - 1) + 1 for length in size]
    if stride > 1 or any(have < need for have, need in zip(x.shape[1:3], reach, strict=True)):
        dilation = 1
    return draw(
        st.sampled_from(
            [
                lambda: there.Conv2D(
                    groups * draw(st.integers(1, 3)), size, stride, groups=groups, dilation_rate=dilation, **common
                ),
                lambda: there.DepthwiseConv2D(size, stride, depth_multiplier=draw(st.integers(1, 2)), **common),
                lambda: there.SeparableConv2D(draw(st.integers(1, 3)), size, stride, **common),
                lambda: there.Conv2DTranspose(draw(st.integers(1, 3)), size, stride, **common),
            ]
        )
    )()


def pooling(draw, x):
    size, stride = windows(draw, x, 3)
    kind = draw(st.sampled_from([there.MaxPooling2D, there.AveragePooling2D]))
    return kind(size, draw(st.sampled_from([stride, None])))


def norm(draw, x):
    axes = [-1] if len(x.shape) == 2 else [-1, 1]
    affine = {"center": draw(st.booleans()), "scale": draw(st.booleans())}
    kinds = [
        lambda: there.BatchNormalization(draw(st.sampled_from(axes)), draw(st.sampled_from([0.9, 0.99])), **affine),
        lambda: there.LayerNormalization(draw(st.sampled_from([-1, list(range(1, len(x.shape)))])), **affine),
        lambda: there.RMSNormalization(),
    ]
    if len(x.shape) > 2:
        kinds.append(lambda: there.GroupNormalization(draw(st.sampled_from([1, -1])), **affine))
    return draw(st.sampled_from(kinds))()


def of_each_element(draw, x):
    return draw(
        st.sampled_from(
            [
                lambda: there.Activation(draw(ACTIVATIONS)),
                lambda: there.Dropout(0.3),
                lambda: there.LeakyReLU(0.1),
                lambda: there.Rescaling(0.5, 0.1),
                lambda: there.Softmax(draw(st.integers(1, len(x.shape) - 1))),
                lambda: there.Dense(draw(st.integers(1, 4)), activation=draw(ACTIVATIONS)),
            ]
        )
    )()


def of_images(draw, x):
    margins = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(2))
    room = min(x.shape[1:3]) > 4
    return draw(
        st.sampled_from(
            [
                lambda: there.ZeroPadding2D(margins),
                lambda: there.Cropping2D(margins if room else ((0, 0), (0, 0))),
                lambda: there.UpSampling2D((2, 1), interpolation=draw(st.sampled_from(["nearest", "bilinear"]))),
                lambda: there.Permute(draw(st.sampled_from([(3, 1, 2), (2, 3, 1), (1, 2, 3)]))),
            ]
        )
    )()


def of_sequences(draw, x):
    size = draw(st.integers(1, x.shape[1]))
    units, last = draw(st.integers(1, 4)), draw(st.sampled_from([True, True, False]))
    cell = draw(st.sampled_from([there.SimpleRNN, there.GRU, there.LSTM]))
    bias = draw(st.booleans())
    return draw(
        st.sampled_from(
            [
                lambda: there.Conv1D(units, size, draw(st.integers(1, 2)), draw(st.sampled_from(["same", "causal"]))),
                lambda: cell(units, use_bias=bias, return_sequences=last),
                lambda: there.Bidirectional(cell(units, use_bias=bias, return_sequences=last)),
                lambda: there.Permute((2, 1)),
                lambda: there.GlobalAveragePooling1D(),
            ]
        )
    )()


def to_other_ranks(draw, x):
    sizes = x.shape[1:]
    if len(sizes) == 3:
        kinds = [
            there.Flatten,
            there.GlobalMaxPooling2D,
            there.GlobalAveragePooling2D,
            lambda: there.Reshape((sizes[0] * sizes[1], sizes[2])),
        ]
    elif len(sizes) == 2:
        kinds = [there.Flatten, lambda: there.Reshape((*sizes, 1))]
    else:
        kinds = [lambda: there.Dense(12), lambda: there.Reshape((1, *sizes)), lambda: there.Reshape((1, 1, -1))]
    return draw(st.sampled_from(kinds))()


KINDS = {
    4: [convolution, convolution, pooling, norm, of_each_element, of_images, to_other_ranks],
    3: [norm, of_each_element, of_sequences, of_sequences, to_other_ranks],
    2: [norm, of_each_element, to_other_ranks],
}


def chain(draw, shape):
    """A functional model of up to six layers, of samples of a shape."""
    begin = x = there.Input(shape)
    for _ in range(draw(st.integers(1, 6))):
        x = draw(st.sampled_from(KINDS[len(x.shape)]))(draw, x)(x)
    return keras.Model(begin, x)


@FEW
@given(st.data(), st.tuples(st.integers(3, 7), st.integers(3, 7), st.integers(1, 3)), st.integers(0, 100))
def test_chains_that_begin_with_images(data, shape, seed):
    check(data, shape, seed)


@FEW
@given(st.data(), st.lists(st.integers(1, 6), min_size=1, max_size=2).map(tuple), st.integers(0, 100))
def test_chains_that_begin_with_sequences_and_vectors(data, shape, seed):
    check(data, shape, seed)


def check(data, shape, seed):
    rng = np.random.default_rng(seed)
    model = shuffled(chain(data.draw, shape), rng)
    # A deviation of nearly 0 is a divisor, and in float32 not what it is there.
    assert_goes_both_ways(model, sample(shape, rng), within=1e-4)
