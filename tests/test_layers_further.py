"""Do layers that normalise, look up, remember, attend, pool and enlarge compute their equations and derivatives?"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.testing import gradcheck

DOUBLE = {"dtype": np.float64}


def reals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def drawn(layer, seed=1):
    """The layer with random parameters, so that none is 0 or 1."""
    rng = np.random.default_rng(seed)
    for parameter in layer.parameters():
        parameter.data = rng.normal(size=parameter.shape)
    return layer


LAYERS = {
    "batch norm of rows": (nn.BatchNorm(3, **DOUBLE), (5, 3)),
    "batch norm of images": (nn.BatchNorm(2, **DOUBLE), (2, 2, 2, 3)),
    "layer norm": (nn.LayerNorm(4, **DOUBLE), (2, 3, 4)),
    "layer norm of two axes": (nn.LayerNorm((2, 3), **DOUBLE), (2, 2, 3)),
    "rms norm": (nn.RMSNorm(3, **DOUBLE), (2, 3)),
    "group norm": (nn.GroupNorm(2, 4, **DOUBLE), (2, 4, 3)),
    "sequences": (nn.Conv1d(2, 3, 3, stride=2, padding=1, **DOUBLE), (2, 2, 6)),
    "causal sequences": (nn.Conv1d(2, 2, 2, padding="causal", dilation=2, **DOUBLE), (1, 2, 5)),
    "transposed": (nn.ConvTranspose(2, 3, 2, stride=2, padding=1, output_padding=1, **DOUBLE), (1, 2, 2, 3)),
    "global average": (nn.GlobalAvgPool(), (2, 3, 2, 2)),
    "global maximum": (nn.GlobalMaxPool(), (2, 3, 4)),
    "adaptive average": (nn.AdaptiveAvgPool((2, 3)), (1, 2, 5, 4)),
    "adaptive maximum": (nn.AdaptiveMaxPool(2), (1, 2, 3, 5)),
    "repeated": (nn.Upsample((2, 3)), (1, 2, 2, 2)),
    "bilinear": (nn.Upsample(2, "bilinear"), (1, 1, 3, 2)),
    "rnn": (nn.RNN(2, 3, **DOUBLE), (2, 3, 2)),
    "gru": (nn.GRU(2, 2, both_directions=True, **DOUBLE), (2, 3, 2)),
    "lstm": (nn.LSTM(2, 2, returns="last", **DOUBLE), (2, 3, 2)),
    "attention": (nn.MultiHeadAttention(4, 2, causal=True, **DOUBLE), (1, 3, 4)),
    "residual": (nn.Residual(nn.Dense(3, 3, **DOUBLE)), (2, 3)),
    "shortcut": (nn.Residual(nn.Dense(3, 2, **DOUBLE), nn.Dense(3, 2, **DOUBLE)), (2, 3)),
    "places": (nn.LearnedPositions(5, 2, **DOUBLE), (2, 3, 2)),
    "waves": (nn.SinusoidalPositions(4), (2, 3, 4)),
    "lambda": (nn.Lambda(np.sin), (3,)),
    "identity": (nn.Identity(), (3,)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_first_and_second_derivatives(name):
    layer, shape = LAYERS[name]
    x = reals(*shape)
    assert gradcheck(drawn(layer), x, order=2, mode="projected", directions=2)
    assert gradcheck(lambda x, parameters: layer.call_with(parameters, x), (x, dict(layer.named_parameters())))


@pytest.mark.parametrize("name", LAYERS)
def test_compiled_and_in_single_precision(name):
    layer, shape = LAYERS[name]
    layer = drawn(layer).astype(np.float32)
    x = reals(*shape).astype(np.float32)
    with mg.no_grad():
        expected = layer(x)
        found = mg.compile(layer)(x)
    expected = expected.data if isinstance(expected, mg.Tensor) else expected
    assert expected.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def normalised(x, axes):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)


def test_what_is_normalised():
    x = reals(4, 6, 5)
    scale, shift = np.arange(1.0, 7.0), np.arange(6.0)
    cases = [(nn.BatchNorm(6, **DOUBLE), (0, 2), (6, 1)), (nn.GroupNorm(1, 6, **DOUBLE), (1, 2), (6, 1))]
    for layer, axes, shape in cases:
        layer.scale.data, layer.shift.data = scale, shift
        np.testing.assert_allclose(
            layer(x).data, normalised(x, axes) * scale.reshape(shape) + shift.reshape(shape), rtol=1e-12
        )
    np.testing.assert_allclose(nn.LayerNorm((6, 5), **DOUBLE)(x).data, normalised(x, (1, 2)), rtol=1e-12)
    rms = nn.RMSNorm(5, **DOUBLE)(x).data
    np.testing.assert_allclose(rms, x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5), rtol=1e-12)
    groups = nn.GroupNorm(3, 6, **DOUBLE)(x).data
    np.testing.assert_allclose(groups[:, 2:4], normalised(x[:, 2:4], (1, 2)), rtol=1e-12)


def test_batch_norm_remembers_running_averages_and_uses_them_in_evaluation():
    layer, mean, variance = nn.BatchNorm(3, momentum=0.2, **DOUBLE), np.zeros(3), np.ones(3)
    for seed in range(3):
        x = reals(8, 3, seed=seed)
        layer(x)
        mean, variance = 0.8 * mean + 0.2 * x.mean(0), 0.8 * variance + 0.2 * x.var(0, ddof=1)
    np.testing.assert_allclose(layer.mean.data, mean, rtol=1e-12)
    np.testing.assert_allclose(layer.variance.data, variance, rtol=1e-12)
    layer.eval()
    np.testing.assert_allclose(layer(x).data, (x - mean) / np.sqrt(variance + 1e-5), rtol=1e-12)
    np.testing.assert_allclose(layer.mean.data, mean, rtol=1e-12)
    assert sorted(layer.state_dict()) == ["mean", "scale", "shift", "variance"]
    assert [name for name, _ in layer.named_parameters()] == ["scale", "shift"]


@pytest.mark.parametrize("compile", [True, {"engine": "jax"}])
def test_training_with_state_is_the_same_compiled(compile):
    if compile is not True:
        pytest.importorskip("jax")

    def run(compile):
        model = nn.Sequential(
            nn.Embedding(9, 4, padding=0, rng=0, **DOUBLE),
            nn.SinusoidalPositions(4),
            nn.Residual(
                nn.Sequential(nn.LayerNorm(4, **DOUBLE), nn.MultiHeadAttention(4, 2, dropout=0.2, rng=1, **DOUBLE))
            ),
            nn.GRU(4, 5, returns="last", rng=2, **DOUBLE),
            nn.BatchNorm(5, **DOUBLE),
            nn.Dense(5, 3, rng=3, **DOUBLE),
        )
        rng = np.random.default_rng(4)
        x, y = rng.integers(0, 9, (30, 6)), rng.integers(0, 3, 30)
        optimizer = optim.Adam(model.parameters())
        batches = mg.batches(x, y, 10, rng=5)
        mg.train(model, losses.cross_entropy, optimizer, batches, epochs=2, progress=False, compile=compile)
        return model.state_dict()

    plain, compiled = run(False), run(compile)
    assert np.abs(plain["layers.4.mean"]).min() > 0
    for name, array in plain.items():
        np.testing.assert_allclose(compiled[name], array, rtol=0, atol=0 if compile is True else 1e-10)


def test_an_embedding_is_a_table():
    layer = nn.Embedding(5, 3, padding=2, **DOUBLE)
    numbers = np.array([[0, 2], [4, 0]])
    np.testing.assert_array_equal(layer(numbers).data, layer.weight.data[numbers])
    assert not layer.weight.data[2].any()
    layer(numbers).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.data[:, 0], [2.0, 0.0, 0.0, 0.0, 1.0])
    for wrong, error in ((np.array([5]), ValueError), (np.array([-1]), ValueError), (np.array([0.0]), TypeError)):
        with pytest.raises(error, match=r"Embedding\(5, 3, padding=2\) takes"):
            layer(wrong)
    compiled = mg.compile(layer)
    with mg.no_grad():
        compiled(numbers)
        with pytest.raises(ValueError, match="these go from 1 to 5"):
            compiled(numbers + 1)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def gru_step(x, h, w):
    (r, z, n), (s, y, m) = np.split(x @ w[0] + w[2], 3), np.split(h @ w[1] + w[3], 3)
    z, n = sigmoid(z + y), np.tanh(n + sigmoid(r + s) * m)
    return (1 - z) * n + z * h


@pytest.mark.parametrize("both_directions", [False, True])
def test_a_gru_goes_step_by_step_and_stops_where_a_sequence_ends(both_directions):
    layer = drawn(nn.GRU(3, 2, "both", both_directions, **DOUBLE))
    x, lengths = reals(2, 4, 3), [4, 2]
    outputs, state = layer(x, mask=np.arange(4) < np.array(lengths)[:, None])
    directions = [(layer.forwards, False)] + ([(layer.backwards, True)] if both_directions else [])
    for place, (weights, is_reversed) in enumerate(directions):
        w = [each.data for each in (weights.weight, weights.recurrent, weights.bias, weights.recurrent_bias)]
        for sample, length in enumerate(lengths):
            h, expected = np.zeros(2), np.zeros((4, 2))
            for step in reversed(range(length)) if is_reversed else range(length):
                expected[step] = h = gru_step(x[sample, step], h, w)
            part = outputs.data[sample, :, 2 * place : 2 * place + 2]
            np.testing.assert_allclose(part, expected, rtol=1e-12, atol=1e-14)
            end = state[place] if both_directions else state
            np.testing.assert_allclose(end.data[sample], h, rtol=1e-12)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_later_call_goes_on_from_the_state(kind):
    layer = kind(3, 2, "both", rng=0, **DOUBLE)
    x = reals(2, 5, 3)
    whole, end = layer(x)
    first, state = layer(x[:, :2])
    second, again = layer(x[:, 2:], state)
    np.testing.assert_array_equal(np.concatenate([first.data, second.data], axis=1), whole.data)
    np.testing.assert_array_equal(np.stack(again).data, np.stack(end).data)
    assert kind(3, 2, "last", rng=0, **DOUBLE)(x).shape == (2, 2)
    with pytest.raises(ValueError, match="a state is what is returned"):
        layer(x, np.zeros((3, 2)))
    with pytest.raises(ValueError, match="a mask is made of booleans"):
        layer(x, mask=np.ones((2, 5)))


def test_an_lstm_is_its_equations():
    layer = drawn(nn.LSTM(3, 2, **DOUBLE))
    w, u, b = (each.data for each in (layer.forwards.weight, layer.forwards.recurrent, layer.forwards.bias))
    x = reals(1, 3, 3)
    h, c = np.zeros(2), np.zeros(2)
    for step in range(3):
        i, f, g, o = np.split(x[0, step] @ w + h @ u + b, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(layer(x).data[0, step], h, rtol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind", ["none", "filled up", "each place"])
def test_attention_is_a_weighted_sum(causal, kind):
    layer = drawn(nn.MultiHeadAttention(4, 2, causal, **DOUBLE))
    x, seen = reals(2, 3, 4), reals(2, 3, 4, seed=2)
    mask = np.ones((2, 3, 3), bool)
    if kind == "filled up":
        mask[1, :, 2] = False
    if kind == "each place":
        mask[0, 1, 1] = mask[1, 2, 2] = False
    given = {"none": None, "filled up": mask[:, 0], "each place": mask}[kind]
    allowed = mask & np.tril(np.ones((3, 3), bool)) if causal else mask
    q, k, v = (dense(each).data for dense, each in ((layer.query, x), (layer.key, seen), (layer.value, seen)))
    heads = []
    for part in (slice(0, 2), slice(2, 4)):
        scores = np.where(allowed, q[..., part] @ k[..., part].swapaxes(1, 2) / np.sqrt(2.0), -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        heads.append(weights / weights.sum(-1, keepdims=True) @ v[..., part])
    expected = layer.out(np.concatenate(heads, axis=-1)).data
    np.testing.assert_allclose(layer(x, seen, given).data, expected, rtol=1e-10)


def test_a_place_that_may_look_at_nothing_is_told():
    layer = nn.MultiHeadAttention(4, 2, **DOUBLE)
    with pytest.raises(ValueError, match="lets some place look at nothing"):
        layer(reals(2, 3, 4), mask=np.zeros((2, 3), bool))
    with pytest.raises(TypeError, match="made of booleans"):
        layer(reals(2, 3, 4), mask=np.ones((2, 3)))


def test_transposed_convolution_is_the_gradient_of_a_convolution():
    layer = drawn(nn.ConvTranspose(3, 2, (3, 2), stride=2, padding=(1, 0), bias=False, **DOUBLE))
    y = reals(2, 3, 4, 4)
    out = layer(y)
    image = mg.Tensor(np.zeros(out.shape), requires_grad=True)
    (expected,) = mg.gradients(mg.conv2d(image, layer.weight.detach(), 2, (1, 0)), [image], seed=y)
    np.testing.assert_allclose(out.data, expected.data, rtol=1e-12, atol=1e-14)


def test_windows_of_adaptive_pooling():
    x = np.arange(7.0).reshape(1, 1, 1, 7)
    np.testing.assert_allclose(nn.AdaptiveAvgPool((1, 3))(x).ravel(), [1.0, 3.0, 5.0])  # 0-2, 2-4, 4-6
    np.testing.assert_allclose(nn.AdaptiveMaxPool((1, 3))(x).ravel(), [2.0, 4.0, 6.0])
    np.testing.assert_allclose(nn.Upsample((1, 2), "bilinear")(x[..., :2]).ravel(), [0.0, 0.25, 0.75, 1.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.BatchNorm(0), "BatchNorm needs at least 1"),
        (lambda: nn.BatchNorm(3, momentum=2.0), "momentum is a number from 0 to 1"),
        (lambda: nn.LayerNorm(3, eps=0.0), "eps is a positive number"),
        (lambda: nn.GroupNorm(2, 3), "3 channels cannot be divided into 2 groups"),
        (lambda: nn.BatchNorm(3)(np.ones((1, 3))), "no variance; give larger batches"),
        (lambda: nn.BatchNorm(3)(np.ones((4, 2))), r"expects inputs of shape \(N, 3, \.\.\.\)"),
        (lambda: nn.LayerNorm(3)(np.ones((4, 2))), r"expects inputs of shape \(\.\.\., 3\)"),
        (lambda: nn.Embedding(3, 2, padding=3), "padding is one of the numbers 0 to 2"),
        (lambda: nn.Conv1d(2, 2, 3, padding="full"), 'padding is "valid"'),
        (lambda: nn.Conv1d(2, 2, 3)(np.ones((1, 3, 5))), r"expects sequences of shape \(N, 2, L\)"),
        (lambda: nn.ConvTranspose(2, 2, 2, output_padding=1), "less than the stride"),
        (lambda: nn.GRU(2, 0), "needs sizes of at least 1"),
        (lambda: nn.GRU(2, 2, returns="all"), "returns is 'sequence', 'last' or 'both'"),
        (lambda: nn.GRU(2, 2)(np.ones((1, 3))), r"expects inputs of shape \(N, T, 2\)"),
        (lambda: nn.MultiHeadAttention(4, 3), "4 features cannot be divided into 3 heads"),
        (lambda: nn.SinusoidalPositions(3), "an even number"),
        (lambda: nn.LearnedPositions(2, 3)(np.ones((1, 3, 3))), r"\(\.\.\., up to 2, 3\)"),
        (lambda: nn.Residual(nn.Dense(3, 2))(np.ones((1, 3), np.float32)), "give shortcut= a layer"),
        (lambda: nn.GlobalAvgPool()(np.ones((2, 3))), "at least one more axis"),
        (lambda: nn.AdaptiveAvgPool(2)(np.ones((2, 3))), "expects images"),
        (lambda: nn.Upsample(2, "cubic"), "mode is 'nearest' or 'bilinear'"),
    ],
)
def test_wrong_sizes_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_no_layer_is_is_explained():
    with pytest.raises(TypeError, match="Residual takes a Layer"):
        nn.Residual(np.tanh)
    with pytest.raises(TypeError, match="Lambda takes a function"):
        nn.Lambda(nn.Tanh())


def test_what_is_not_finite_stays_where_it_is():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 0, 0] = np.inf
    for layer in (nn.AdaptiveAvgPool(2), nn.Upsample(2, "bilinear")):
        found = layer(x)[0, 0]
        assert np.isfinite(found[-1]).all()
        assert not np.isnan(found[:, -1]).any()
    sequence = np.ones((1, 3, 2))
    sequence[0, 2] = np.nan
    outputs = nn.RNN(2, 3, rng=0, **DOUBLE)(sequence, mask=np.array([[True, True, False]])).data
    np.testing.assert_array_equal(outputs[0, 2], 0.0)


def test_rms_norm_of_whole_numbers():
    np.testing.assert_allclose(nn.RMSNorm(3, **DOUBLE)(np.full((1, 3), 200, np.uint8)).data, 1.0, rtol=1e-6)


def test_a_context_of_other_samples_is_refused():
    with pytest.raises(ValueError, match="a context of as many samples"):
        nn.MultiHeadAttention(4, 2, **DOUBLE)(reals(3, 2, 4), reals(1, 2, 4))


@pytest.mark.parametrize("padding", [1, "same", (0, 1), ((1, 0), (0, 2))])
def test_maxima_of_windows_that_reach_beyond_the_image(padding):
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 7)) - 5.0
    layer = nn.MaxPool(3, stride=2, padding=padding)
    above, left = {1: (1, 1), "same": (1, 1), (0, 1): (0, 1)}.get(padding, (1, 0))
    out = layer(x)
    for row, column in np.ndindex(out.shape[2:]):
        window = x[
            :, :, max(2 * row - above, 0) : 2 * row - above + 3, max(2 * column - left, 0) : 2 * column - left + 3
        ]
        np.testing.assert_array_equal(out[:, :, row, column], window.max(axis=(2, 3)))
    gradcheck(layer, x)
    assert repr(layer) == f"MaxPool(3, stride=(2, 2), padding={padding!r})"
    with pytest.raises(ValueError, match=r"a padding is less than the size, \(3, 3\); got 3"):
        nn.MaxPool(3, padding=3)
