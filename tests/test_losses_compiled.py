"""Do losses compute and check the same, compiled and as programs?"""

import numpy as np
import pytest
from loss_cases import CASES, IDS, LABELS, OF_CLASSES, reals
from test_losses_masked import COUNTED, spoiled
from test_losses_meant import normalised

import minigrad as mg
from minigrad import losses, nn, optim

every_loss = pytest.mark.parametrize("case", CASES, ids=IDS)
C = np.array([0.5, 0.0, 2.0, 1.25])


def value_and_gradient(function):
    """A function of prediction, target and weights that gives a loss, its sum, and the gradient of that."""

    def both(prediction, target, *weights):
        tensor = mg.Tensor(prediction, requires_grad=True)
        found = function(tensor, target, *weights)
        total = found.sum()
        (gradient,) = mg.gradients(total, [tensor])
        return found.detach(), gradient

    return both


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        one, other = np.asarray(one), np.asarray(other)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_compiled_losses_give_the_same_bits(case, reduction):
    for function, weights in (
        (lambda p, t: case(p, t, reduction=reduction), []),
        (lambda p, t, w: case(p, t, reduction=reduction, weights=w), [COUNTED, COUNTED[::-1] + 0.25]),
        (lambda p, t, w: case(p, t, reduction=reduction, weights=w), [COUNTED[:, 0], COUNTED[::-1, 1] + 0.25]),
    ):
        eager = value_and_gradient(function)
        compiled = mg.compile(eager)
        for each in weights or [None]:
            more = [] if each is None else [each]
            for prediction in (case.prediction, case.prediction[::-1]):
                same(compiled(prediction, case.target, *more), eager(prediction, case.target, *more))
        if weights and weights[0].ndim == 2:
            same(compiled(*spoiled(case, np.nan), COUNTED), eager(*spoiled(case, np.nan), COUNTED))


@pytest.mark.parametrize("case", OF_CLASSES, ids=lambda case: case.name)
@pytest.mark.parametrize("smoothing", [0.0, 0.125])
def test_compiled_losses_of_classes_with_options(case, smoothing):
    is_of_labels = case.target.dtype.kind == "i"

    def loss(prediction, target, class_weights):
        ignored = {"ignore_index": 3} if is_of_labels else {}
        return case(prediction, target, class_weights=class_weights, label_smoothing=smoothing, **ignored)

    eager = value_and_gradient(loss)
    compiled = mg.compile(eager)
    for class_weights in (C, C[::-1]):
        same(compiled(case.prediction, case.target, class_weights), eager(case.prediction, case.target, class_weights))
    if is_of_labels:
        with pytest.raises(ValueError, match="every label is the ignore_index"):
            compiled(case.prediction, np.full_like(case.target, 3), C)
        with pytest.raises(ValueError, match="labels go from 0 to 3 for 4 classes; these go from 0 to 4"):
            compiled(case.prediction, case.target + (case.target == 2) * 2, C)
    with pytest.raises(ValueError, match="class_weights are finite and not negative"):
        compiled(case.prediction, case.target, -C)
    target = np.ones_like(case.target) if is_of_labels else np.eye(4)[np.ones((3, 2), int)]
    with pytest.raises(ValueError, match="the class_weights of all samples that count are 0"):
        compiled(case.prediction, target, C)


@every_loss
def test_compiled_losses_look_at_values(case):
    compiled = mg.compile(lambda p, t, w: case(p, t, weights=w))
    compiled(case.prediction, case.target, COUNTED)
    for weights, message in (
        (-COUNTED, "weights are finite and not negative"),
        (0 * COUNTED, "weights are all 0"),
        (COUNTED * np.nan, "weights hold NaN"),
    ):
        with pytest.raises(ValueError, match=message):
            compiled(case.prediction, case.target, weights)
    wrong = np.full_like(case.target, case.wrong)
    with pytest.raises(ValueError, match=r"NaN|these go from"):
        compiled(case.prediction, wrong, COUNTED)
    with pytest.raises(ValueError, match=r"NaN|these go from"):
        mg.compile(lambda p, t: case(p, t, reduction="none"))(case.prediction, wrong)
    if not case.safe:
        with pytest.raises(ValueError, match="log_probabilities are the logarithms of rows that sum to 1"):
            compiled(np.exp(case.prediction), case.target, COUNTED)


@every_loss
def test_losses_as_programs(case):
    loss = normalised(case)

    def function(prediction, target, weights):
        return loss(prediction, target, weights=weights)

    program = mg.program(function, case.prediction, case.target, COUNTED, wrt=0)
    for size in (3, 2):
        arguments = case.prediction[:size], case.target[:size], COUNTED[:size]
        if case.more:
            arguments = case.prediction, case.target, COUNTED
        value, gradient = mg.value_and_grad(function)(*arguments)
        found = program(*arguments)
        np.testing.assert_allclose(np.asarray(found[0]), value, rtol=1e-12)
        np.testing.assert_allclose(np.asarray(found[1]), gradient, rtol=1e-12, atol=1e-15)


@every_loss
def test_losses_on_jax(case):
    loss = normalised(case)
    eager = value_and_gradient(lambda p, t, w: loss(p, t, weights=w))
    compiled = mg.compile(eager, engine="jax")
    for weights in (COUNTED, COUNTED + 1):
        found, expected = compiled(case.prediction, case.target, weights), eager(case.prediction, case.target, weights)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("compile", [False, True])
def test_training_with_weights_and_ignored_labels(compile):
    """Samples whose label is ignored train nothing; a batch holds targets and weights as a pair."""
    x, labels = reals(64, 4), np.tile(LABELS.ravel(), 11)[:64]
    weights = np.linspace(0.5, 1.5, 64)

    def run(x, labels, weights):
        model = nn.Dense(4, 5, rng=0, dtype=np.float64)
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        def loss(prediction, target):
            return losses.cross_entropy(prediction, target[0], weights=target[1], ignore_index=4, label_smoothing=0.1)

        mg.train(model, loss, optimizer, [(x, (labels, weights))] * 3, epochs=2, progress=False, compile=compile)
        return model.state_dict()

    padded = np.vstack([x, np.full((8, 4), 3.0)]), np.append(labels, [4] * 8), np.append(weights, np.ones(8))
    for one, other in zip(run(x, labels, weights).values(), run(*padded).values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("loss", [losses.cross_entropy, losses.nll])
@pytest.mark.parametrize("options", [{}, {"ignore_index": -1}, {"label_smoothing": 0.25}])
def test_programs_hold_weights_of_classes_from_around_them(loss, options):
    def f(prediction, labels):
        return loss(mg.log_softmax(prediction), labels, class_weights=C, **options)

    program = mg.program(f, reals(5, 4), np.array([0, 2, 3, 2, 0]), wrt=0)
    for labels in ([0, 2, 3, 2, 0], [3, 3, 0], [2]):
        prediction = reals(len(labels), 4)
        found, expected = (each(prediction, np.array(labels)) for each in (program, mg.value_and_grad(f)))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
