"""Do layers work together: in sequence, with the right weights at the start, and with errors that help?"""

import math

import numpy as np
import pytest
from scipy import special, stats

import minigrad as mg
from minigrad import losses, nn, testing


def test_sequential_applies_its_layers_in_order():
    first, second = nn.Dense(3, 4, dtype=np.float64, rng=0), nn.Dense(4, 2, dtype=np.float64, rng=1)
    model = nn.Sequential(first, nn.Tanh(), nn.Sequential(second, nn.Softmax()))
    x = np.random.default_rng(2).normal(size=(5, 3))
    expected = special.softmax(np.tanh(x @ first.weight.data) @ second.weight.data, axis=1)
    np.testing.assert_allclose(model(x).data, expected, rtol=1e-14)


def test_sequential_is_a_sequence_of_its_layers():
    layers = [nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 2)]
    model = nn.Sequential(*layers)
    assert len(model) == 3
    assert list(model) == layers
    assert model[0] is layers[0]
    assert model[-1] is layers[2]
    assert repr(model) == "Sequential(Dense(3, 4), Tanh(), Dense(4, 2))"
    with pytest.raises(IndexError):
        model[3]
    x = np.ones((2, 3))
    assert len(nn.Sequential()) == 0
    np.testing.assert_array_equal(nn.Sequential()(x), x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([nn.Tanh(), nn.Tanh()],), "Sequential: argument 0 is a list, not a Layer; pass layers one by one"),
        ((nn.Tanh(), (nn.Tanh(),)), "argument 1 is a tuple, not a Layer; pass layers one by one"),
        ((nn.Tanh(), mg.tanh), r"argument 1 is a function, not a Layer; write nn\.Lambda\(\.\.\.\) around it$"),
        ((nn.Tanh,), r"argument 0 is a class, not a Layer; write Tanh\(\)$"),
        ((nn.Tanh(), None), "argument 1 is a NoneType, not a Layer$"),
    ],
)
def test_sequential_refuses_what_is_no_layer(arguments, message):
    with pytest.raises(TypeError, match=message):
        nn.Sequential(*arguments)


def test_layers_show_what_they_were_made_with():
    for text in (
        *("Dense(3, 2)", "Dense(3, 2, bias=False)", "Flatten()", "Reshape((2, -1))", "Dropout(0.5)", "LeakyReLU(0.2)"),
        *("Conv(3, 2, 5)", "Conv(3, 2, (5, 4), stride=(2, 1), padding='same', bias=False)", "Softmax(axis=1)"),
        *("Conv(3, 2, 5, padding=(1, 0))", "MaxPool(2)", "AvgPool((2, 3))", "MaxPool(3, stride=(1, 2))"),
    ):
        assert repr(eval(text, vars(nn))) == text


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (nn.Tanh(), np.tanh),
        (nn.Sigmoid(), special.expit),
        (nn.ReLU(), lambda x: x * (x > 0)),
        (nn.LeakyReLU(), lambda x: np.where(x > 0, x, 0.01 * x)),
        (nn.LeakyReLU(0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
        (nn.GELU(), lambda x: x * stats.norm.cdf(x)),
        (nn.Softplus(), lambda x: np.log1p(np.exp(x))),
        (nn.Softmax(), lambda x: special.softmax(x, axis=-1)),
        (nn.Softmax(axis=0), lambda x: special.softmax(x, axis=0)),
        (nn.LogSoftmax(), lambda x: special.log_softmax(x, axis=-1)),
        (nn.LogSoftmax(axis=1), lambda x: special.log_softmax(x, axis=1)),
    ],
    ids=lambda value: repr(value) if isinstance(value, nn.Layer) else "",
)
def test_activation_is_its_function(layer, function):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_allclose(layer(x), function(x), rtol=1e-12, atol=1e-15)
    out = layer(mg.Tensor(x, requires_grad=True, dtype=np.float32))
    assert out.requires_grad
    assert out.dtype == np.float32
    assert layer.parameters() == []
    assert repr(layer).startswith(type(layer).__name__)


@pytest.mark.parametrize(
    ("init", "variance"),
    [
        (nn.glorot_uniform, 2 / (300 + 100)),
        (nn.glorot_normal, 2 / (300 + 100)),
        (nn.he_uniform, 2 / 300),
        (nn.he_normal, 2 / 300),
    ],
)
def test_initialiser_has_the_variance_of_its_paper(init, variance):
    values = init((300, 100), 300, 100, np.random.default_rng(0))
    assert values.shape == (300, 100)
    assert abs(values.mean()) < 5 * math.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=5 * math.sqrt(2 / values.size))
    scaled = values.ravel() / math.sqrt(variance)
    if init in (nn.glorot_uniform, nn.he_uniform):
        assert abs(scaled).max() <= math.sqrt(3)
        distribution = stats.uniform(-math.sqrt(3), 2 * math.sqrt(3))
    else:
        distribution = stats.norm()
    assert stats.kstest(scaled, distribution.cdf).pvalue > 0.01


def test_layers_tell_initialisers_their_fans():
    calls = []

    def ones(shape, fan_in, fan_out, rng):
        calls.append((shape, fan_in, fan_out, rng.random()))
        return np.ones(shape)

    dense, conv = nn.Dense(5, 4, rng=7, init=ones), nn.Conv(3, 2, (2, 4), rng=7, init=ones)
    drawn = np.random.default_rng(7).random()
    assert calls == [((5, 4), 5, 4, drawn), ((2, 3, 2, 4), 3 * 8, 2 * 8, drawn)]
    assert dense.weight.data.all()
    assert conv.weight.data.all()
    weights = nn.Dense(300, 100, rng=0).weight.data
    assert 0.99 * math.sqrt(6 / 400) < abs(weights).max() <= np.float32(math.sqrt(6 / 400))


def test_gradient_of_a_whole_network():
    rng = np.random.default_rng(5)
    model = nn.Sequential(
        nn.Conv(1, 2, 3, padding="same", dtype=np.float64, rng=rng),
        nn.Tanh(),
        nn.MaxPool(2),
        nn.Conv(2, 3, 2, stride=2, padding=1, dtype=np.float64, rng=rng),
        nn.GELU(),
        nn.AvgPool((2, 1), stride=1),
        nn.Flatten(),
        nn.Dense(6, 4, dtype=np.float64, rng=rng),
        nn.Softplus(),
        nn.Dense(4, 3, dtype=np.float64, rng=rng),
    )
    x, labels = rng.normal(size=(2, 1, 5, 5)), np.array([2, 0])
    result = testing.gradcheck(lambda model, x: losses.cross_entropy(model(x), labels), (model, x))
    names = [name for name, _ in model.named_parameters()]
    assert [leaf.name for leaf in result.leaves] == [*[f"model.{name}" for name in names], "x"]
    # A gradient of nothing but zeros needs no bar.
    assert all(leaf.resolution > 0 for leaf in result.leaves)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.Dense(3, 2), (5, 4), r"Dense\(3, 2\) expects inputs of shape \(\.\.\., 3\); got \(5, 4\)$"),
        (nn.Dense(3, 2), (), r"Dense\(3, 2\).*got \(\)$"),
        (nn.Dense(784, 2), (5, 28, 28), r"Dense\(784, 2\).*\(5, 28, 28\); flatten images first.*nn\.Flatten\(\)"),
        (nn.Conv(3, 2, 5), (4, 1, 8, 8), r"Conv\(3, 2, 5\) expects images of shape \(N, 3, H, W\); got \(4, 1, 8, 8\)"),
        (nn.Conv(1, 2, 5), (4, 8, 8), r"Conv\(1, 2, 5\).*got \(4, 8, 8\); .*x\[:, None\] is \(4, 1, 8, 8\)"),
        (nn.Conv(3, 2, 5), (3, 8, 8), r"Conv\(3, 2, 5\).*\(N, 3, H, W\); got \(3, 8, 8\)$"),
        (nn.Conv(3, 2, 5), (2, 3, 4, 9), r"Conv\(3, 2, 5\).*\(2, 3, 4, 9\).*smaller than a window of \(5, 5\)"),
        (nn.Conv(1, 2, 5, padding=1), (2, 1, 2, 9), r"Conv\(1, 2, 5, .*\(2, 1, 2, 9\).* padded to \(4, 11\).*\(5, 5\)"),
        (nn.MaxPool(3), (2, 1, 2, 5), r"(?i)max_?pool.*\(2, 1, 2, 5\).*\(3, 3\)"),
        (nn.AvgPool(3), (2, 5, 5), r"(?i)avg_?pool.*\(N, C, H, W\).*\(2, 5, 5\)"),
        (nn.Reshape((2, 5)), (4, 3, 4), r"Reshape\(\(2, 5\)\) .*samples of shape \(3, 4\), which have 12 elements"),
        (nn.Reshape((5, -1)), (4, 12), r"Reshape\(\(5, -1\)\) .*\(12,\)"),
        (nn.Reshape((-1, -1)), (4, 12), r"Reshape\(\(-1, -1\)\)"),
        (nn.Flatten(), (), r"Flatten\(\) expects a batch"),
    ],
)
def test_errors_name_the_layer_and_the_shapes(layer, shape, message):
    for x in (np.zeros(shape), mg.Tensor(np.zeros(shape), requires_grad=True)):
        with pytest.raises(ValueError, match=message):
            layer(x)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: nn.Dense(0, 2), "Dense.*0 and 2"),
        (lambda: nn.Dense(3, -1), "Dense.*3 and -1"),
        (lambda: nn.Conv(0, 2, 3), "Conv.*0 and 2"),
        (lambda: nn.Conv(1, 0, 3), "Conv.*1 and 0"),
        (lambda: nn.Conv(1, 2, 0), "Conv kernel_size.*0"),
        (lambda: nn.Conv(1, 2, (3, 3, 3)), r"Conv kernel_size.*\(3, 3, 3\)"),
        (lambda: nn.Conv(1, 2, 3, stride=0), "Conv stride.*0"),
        (lambda: nn.Conv(1, 2, 3, padding=-1), "Conv padding.*-1"),
        (lambda: nn.Conv(1, 2, 3, padding="full"), "Conv.*'valid', 'same'.*'full'"),
        (lambda: nn.MaxPool(0), "MaxPool size.*0"),
        (lambda: nn.AvgPool(2, stride=(1, 0)), r"AvgPool stride.*\(1, 0\)"),
        (lambda: nn.MaxPool(2.5), "MaxPool size.*2.5"),
    ],
)
def test_errors_name_the_size_that_is_impossible(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_normal_start_has_the_deviation_that_was_asked_for():
    weights = nn.Dense(300, 200, init=nn.normal(0.02), rng=0).weight.data
    assert abs(weights.std() / 0.02 - 1.0) < 0.02
    assert abs(weights.mean()) < 0.001
    for wrong in (0.0, -1.0, np.inf, "a", True):
        with pytest.raises(ValueError, match=r"nn\.normal: the deviation is a positive finite number"):
            nn.normal(wrong)
