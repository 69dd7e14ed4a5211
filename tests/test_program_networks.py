"""Are losses and layers programs: of recorded predictions, targets, labels and parameters, at other sizes?"""

import numpy as np
import pytest
from program_checks import assert_same, by_the_tape

import minigrad as mg
from minigrad import losses, nn


def reals(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def probabilities(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.9, shape)


def distributions(*shape, seed=0):
    rows = probabilities(*shape, seed=seed)
    return rows / rows.sum(axis=-1, keepdims=True)


def labels(samples, classes, seed=0):
    return np.random.default_rng(seed).integers(0, classes, samples)


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("loss", "prediction", "target"),
    [
        (losses.mse, reals, reals),
        (losses.bce, probabilities, probabilities),
        (losses.bce_with_logits, reals, probabilities),
        (losses.cross_entropy, reals, distributions),
    ],
)
def test_losses_of_recorded_targets(loss, prediction, target, samples):
    program = mg.program(loss, prediction(samples, 3), target(samples, 3, seed=1), wrt=[0, 1])
    # Checks of values would be guards, which refuse other values.
    assert "guard" not in [each.function.__name__ for each in program.code]
    for size in (1, 2, 7):
        arrays = [prediction(size, 3, seed=2), target(size, 3, seed=3)]
        assert_same(program(*arrays), by_the_tape(loss, arrays))


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("samples", [1, 5])
def test_cross_entropy_of_recorded_labels(samples, dtype):
    program = mg.program(losses.cross_entropy, reals(samples, 3), labels(samples, 3).astype(dtype), wrt=[0])
    for size, classes in ((1, 3), (2, 3), (7, 3)):
        logits, target = reals(size, classes, seed=2), labels(size, classes, seed=3).astype(dtype)
        expected = by_the_tape(lambda z, y=target: losses.cross_entropy(z, y), [logits])
        assert_same(program(logits, target), expected)


def test_labels_are_still_told_apart_from_other_numbers():
    with pytest.raises(TypeError, match="labels are integers"):
        mg.program(losses.cross_entropy, reals(5, 3), reals(5), wrt=[0])


LAYERS = [
    (nn.Dense(3, 2, dtype=float, rng=0), (5, 3)),
    (nn.Dense(3, 2, dtype=float, rng=0, bias=False), (4, 5, 3)),
    (nn.Conv(2, 3, 2, dtype=float, rng=0), (3, 2, 5, 6)),
    (nn.Conv(2, 4, 3, dtype=float, rng=0, stride=2, padding="same", groups=2, bias=False), (3, 2, 5, 6)),
    (nn.Sequential(nn.MaxPool(2), nn.AvgPool((1, 2), stride=1)), (2, 3, 6, 7)),
    (nn.Sequential(nn.Flatten(), nn.Reshape((3, -1))), (2, 3, 4)),
    *[(activation, (5, 3)) for activation in (nn.GELU(), nn.LeakyReLU(0.1), nn.LogSoftmax(), nn.ReLU())],
    *[(activation, (5, 3)) for activation in (nn.Sigmoid(), nn.Softmax(), nn.Softplus(), nn.Tanh())],
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda each: repr(each))
def test_layers(layer, shape):
    """The gradients of the parameters, for other batches than the one it was recorded with."""

    def loss(layer, x):
        return mg.sum(mg.sin(layer(x)))

    parameters = layer.parameters()
    program = mg.program(loss, layer, reals(*shape), wrt=[0, 1] if parameters else [1])
    for samples in (1, 3):
        x = reals(samples, *shape[1:], seed=samples)
        tensor = mg.Tensor(x, requires_grad=True)
        out = loss(layer, tensor)
        expected = [out, *mg.gradients(out, [*parameters, tensor])]
        assert_same(program(layer, x), [each.numpy() for each in expected])


def test_dropout_draws_its_mask_once_for_each_call():
    layer = nn.Dropout(0.5, rng=3)
    program = mg.program(lambda layer, x: mg.sum(layer(x) * x), layer, reals(5, 3), wrt=[1])
    draws = [each for each in program.code if getattr(each.function, "__name__", "") == "draw"]
    assert [each.args[1] for each in draws] == ["random"]
