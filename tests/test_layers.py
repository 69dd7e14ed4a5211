"""Does every layer compute its equation, in the dtype of its parameters?"""

import numpy as np
import pytest
from scipy.signal import correlate2d

import minigrad as mg
from minigrad import nn


def reals(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def with_gradients(layer, x):
    """The result, and the gradients of x and of the parameters for an upstream gradient of ones."""
    x = mg.Tensor(x, requires_grad=True)
    out = layer(x)
    return out, mg.gradients(out, [x, *layer.parameters()], seed=np.ones(out.shape))


@pytest.mark.parametrize("shape", [(5, 3), (3,), (2, 4, 3), (0, 3)])
def test_dense_is_a_product_and_a_bias(shape):
    layer = nn.Dense(3, 2, dtype=np.float64, rng=0)
    layer.bias.data = [0.5, -1.0]
    x = reals(*shape)
    assert layer.weight.shape == (3, 2)
    np.testing.assert_allclose(layer(x).data, x @ layer.weight.data + [0.5, -1.0], rtol=1e-14)
    unbiased = nn.Dense(3, 2, bias=False, dtype=np.float64, rng=0)
    assert unbiased.bias is None
    assert len(unbiased.parameters()) == 1
    np.testing.assert_allclose(unbiased(x).data, x @ layer.weight.data, rtol=1e-14)


def test_dense_starts_with_a_bias_of_zero():
    assert not nn.Dense(3, 2).bias.data.any()
    assert not nn.Conv(3, 2, 1).bias.data.any()


def correlated(images, kernels, bias, stride, zeros):
    """Sums of SciPy's planes: `zeros` are those before and after the rows and the columns."""
    padded = np.pad(images, ((0, 0), (0, 0), *zeros))
    return np.array(
        [
            [
                sum(correlate2d(plane, kernel, "valid") for plane, kernel in zip(image, bank, strict=True))[
                    :: stride[0], :: stride[1]
                ]
                + shift
                for bank, shift in zip(kernels, bias, strict=True)
            ]
            for image in padded
        ]
    )


@pytest.mark.parametrize(
    ("options", "size", "stride", "zeros"),
    [
        ({"kernel_size": 3}, (3, 3), (1, 1), ((0, 0), (0, 0))),
        ({"kernel_size": (2, 3), "stride": 2}, (2, 3), (2, 2), ((0, 0), (0, 0))),
        ({"kernel_size": 2, "stride": (1, 3), "padding": 1}, (2, 2), (1, 3), ((1, 1), (1, 1))),
        ({"kernel_size": 3, "padding": (2, 0)}, (3, 3), (1, 1), ((2, 2), (0, 0))),
        # 6 rows and 7 columns: an uneven number of zeros has the larger half at the end.
        ({"kernel_size": (3, 2), "padding": "same"}, (3, 2), (1, 1), ((1, 1), (0, 1))),
        ({"kernel_size": 3, "stride": 2, "padding": "same"}, (3, 3), (2, 2), ((0, 1), (1, 1))),
        ({"kernel_size": 1, "stride": 3, "padding": "same"}, (1, 1), (3, 3), ((0, 0), (0, 0))),
        ({"kernel_size": 3, "padding": "valid", "bias": False}, (3, 3), (1, 1), ((0, 0), (0, 0))),
    ],
)
def test_conv_is_a_sum_of_correlated_planes(options, size, stride, zeros):
    layer = nn.Conv(3, 2, **options, dtype=np.float64, rng=1)
    bias = [0.0, 0.0]
    if layer.bias is not None:
        layer.bias.data = bias = [0.5, -1.0]
    assert layer.weight.shape == (2, 3, *size)
    images = reals(2, 3, 6, 7)
    np.testing.assert_allclose(
        layer(images).data, correlated(images, layer.weight.data, bias, stride, zeros), rtol=1e-12, atol=1e-13
    )


def test_conv_same_is_scipys_same():
    layer = nn.Conv(1, 1, (4, 3), padding="same", dtype=np.float64, rng=0)
    image = reals(6, 7)
    expected = correlate2d(image, layer.weight.data[0, 0], "same")
    np.testing.assert_allclose(layer(image[None, None]).data[0, 0], expected, rtol=1e-12, atol=1e-13)


LAYERS = [
    pytest.param(lambda **options: nn.Dense(7, 2, **options), id="Dense"),
    pytest.param(lambda **options: nn.Conv(3, 2, 3, **options), id="Conv"),
]


@pytest.mark.parametrize("build", LAYERS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_parameters_and_gradients_have_the_dtype_asked_for(build, dtype):
    layer = build(dtype=dtype)
    # Samples in another dtype change that of the result, never that of a gradient.
    for samples in (np.float16, np.float32, np.float64):
        out, gradients = with_gradients(layer, reals(1, 3, 6, 7, dtype=samples))
        assert out.dtype == np.result_type(dtype, samples)
        assert [gradient.dtype for gradient in gradients] == [samples, dtype, dtype]
    assert {parameter.dtype for parameter in build().parameters()} == {np.dtype(np.float32)}
    with pytest.raises(TypeError, match="floating"):
        build(dtype=int)


@pytest.mark.parametrize("build", LAYERS)
def test_weights_depend_on_the_seed_alone(build):
    first, again, other = build(rng=3), build(rng=np.random.default_rng(3)), build(rng=4)
    np.testing.assert_array_equal(first.weight.data, again.weight.data)
    assert (first.weight.data != other.weight.data).all()
    # One generator for several layers gives each of them weights of its own.
    shared = np.random.default_rng(3)
    assert (build(rng=shared).weight.data != build(rng=shared).weight.data).all()
    assert (build().weight.data != build().weight.data).all()


@pytest.mark.parametrize(
    "layer",
    [nn.Dense(7, 2), nn.Conv(3, 2, 3), nn.MaxPool(2), nn.AvgPool(2), nn.Flatten(), nn.Dropout(0.5), nn.Softmax()],
    ids=repr,
)
def test_plain_samples_give_results_without_a_graph(layer):
    x = reals(2, 3, 6, 7, dtype=np.float32)
    recorded = layer.eval()(mg.Tensor(x, requires_grad=True))
    assert recorded.requires_grad
    with mg.no_grad():
        out = layer(x)
    assert not getattr(out, "requires_grad", False)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(np.asarray(out), recorded.data)


def test_dropout_keeps_a_share_and_the_mean():
    x = np.ones((200, 500), np.float32)
    out, (gradient,) = with_gradients(nn.Dropout(0.3, rng=0), x)
    assert out.dtype == np.float32
    assert set(np.unique(out.data)) == {np.float32(0.0), np.float32(1.0) * np.float32(1 / 0.7)}
    # 100,000 draws: the share lies within five standard deviations.
    assert np.mean(out.data != 0) == pytest.approx(0.7, abs=5 * np.sqrt(0.3 * 0.7 / 100_000))
    np.testing.assert_array_equal(gradient.data, out.data)


def test_dropout_draws_anew_for_every_call_and_the_same_for_every_seed():
    x = np.ones((10, 10))
    layer, again = nn.Dropout(0.5, rng=1), nn.Dropout(0.5, rng=1)
    first, second = layer(x), layer(x)
    assert (first != second).any()
    np.testing.assert_array_equal(first, again(x))
    np.testing.assert_array_equal(second, again(x))


def test_dropout_does_nothing_in_evaluation():
    x, layer = reals(4, 5), nn.Dropout(0.5, rng=1)
    state = layer.rng.bit_generator.state
    np.testing.assert_array_equal(layer.eval()(x), x)
    assert layer.rng.bit_generator.state == state
    assert (layer.train()(x) != x).any()
    np.testing.assert_array_equal(nn.Dropout(0.0)(x), x)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
def test_dropout_refuses_other_rates(rate):
    with pytest.raises(ValueError, match=f"Dropout.*{rate}"):
        nn.Dropout(rate)


@pytest.mark.parametrize(
    ("shape", "sample", "expected"),
    [
        ((2, 6), (3, 4), (2, 6)),
        ((4, -1), (2, 6), (4, 3)),
        ((-1,), (2, 6), (12,)),
        (12, (2, 6), (12,)),
        (np.int64(12), (2, 6), (12,)),
        ([3, 2, 2], (12,), (3, 2, 2)),
        ((1,), (), (1,)),
        ((-1, 3), (0, 3), (0, 3)),
    ],
)
@pytest.mark.parametrize("batch", [2, 1, 0])
def test_reshape_keeps_the_batch_and_the_order(shape, sample, expected, batch):
    x = reals(batch, *sample)
    out, (gradient,) = with_gradients(nn.Reshape(shape), x)
    np.testing.assert_array_equal(out.data, x.reshape(batch, *expected))
    assert gradient.shape == x.shape


@pytest.mark.parametrize("sample", [(3, 4), (12,), (2, 3, 2), ()])
@pytest.mark.parametrize("batch", [2, 0])
def test_flatten_gives_rows_of_features(sample, batch):
    x = reals(batch, *sample)
    np.testing.assert_array_equal(nn.Flatten()(x), x.reshape(batch, int(np.prod(sample))))


@pytest.mark.parametrize(("kind", "reduce"), [(nn.MaxPool, np.max), (nn.AvgPool, np.mean)])
@pytest.mark.parametrize(
    ("options", "size", "stride"),
    [
        ({"size": 2}, (2, 2), (2, 2)),
        ({"size": (3, 2)}, (3, 2), (3, 2)),
        ({"size": 3, "stride": 1}, (3, 3), (1, 1)),
        ({"size": (2, 3), "stride": (1, 2)}, (2, 3), (1, 2)),
        ({"size": 1, "stride": 3}, (1, 1), (3, 3)),
    ],
)
def test_pools_reduce_every_window(kind, reduce, options, size, stride):
    images = reals(2, 3, 6, 7)
    out = kind(**options)(images)
    rows, columns = (6 - size[0]) // stride[0] + 1, (7 - size[1]) // stride[1] + 1
    assert out.shape == (2, 3, rows, columns)
    for i, j in np.ndindex(rows, columns):
        top, left = i * stride[0], j * stride[1]
        window = images[:, :, top : top + size[0], left : left + size[1]]
        np.testing.assert_allclose(out[:, :, i, j], reduce(window, axis=(2, 3)), rtol=1e-14)


def test_pools_give_gradients_to_every_window_they_belong_to():
    image = np.array([[1.0, 2.0, 1.0], [1.0, 1.0, 1.0], [3.0, 1.0, 1.0]])[None, None]
    _, (gradient,) = with_gradients(nn.MaxPool(2, stride=1), image)
    # The window at the bottom right is all ties: a quarter each.
    np.testing.assert_array_equal(gradient.data[0, 0], [[0.0, 2.0, 0.0], [0.0, 0.25, 0.25], [1.0, 0.25, 0.25]])
    _, (gradient,) = with_gradients(nn.AvgPool(2, stride=1), image)
    np.testing.assert_array_equal(gradient.data[0, 0], np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4)
    # A row and a column that fill no window are left out.
    _, (gradient,) = with_gradients(nn.AvgPool(2), image)
    np.testing.assert_array_equal(gradient.data[0, 0], np.array([[1, 1, 0], [1, 1, 0], [0, 0, 0]]) / 4)
