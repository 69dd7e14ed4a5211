"""Does every loss compute its equation, reduced and weighted as told, with right first and second derivatives?"""

import importlib

import numpy as np
import pytest
from loss_cases import CASES, CLASSES, IDS, LABELS, OF_CLASSES, reals, rows
from scipy import special

import minigrad as mg
from minigrad import losses, testing

every_loss = pytest.mark.parametrize("case", CASES, ids=IDS)
WEIGHTS = np.array([[0.5, 2.0], [1.0, 0.0], [3.0, 0.25]])


def joined(terms, reduction, weights):
    """What weights and a reduction mean."""
    weights = np.ones(terms.shape) if weights is None else weights
    weights = np.broadcast_to(np.reshape(weights, weights.shape + (1,) * (terms.ndim - weights.ndim)), terms.shape)
    total = np.sum(weights * terms)
    return {"mean": total / weights.sum(), "sum": total, "none": weights * terms}[reduction]


def equals(got, expected, rtol=1e-12):
    np.testing.assert_allclose(got.numpy() if isinstance(got, mg.Tensor) else got, expected, rtol=rtol, atol=rtol)


@every_loss
@pytest.mark.parametrize("weights", [None, WEIGHTS, WEIGHTS[:, 0]], ids=["alike", "by element", "by sample"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_it_is_the_equation(case, weights, reduction):
    expected = joined(case.terms(case.prediction, case.target), reduction, weights)
    found = case(case.prediction, case.target, weights=weights, reduction=reduction)
    assert type(found) is (np.ndarray if reduction == "none" else np.float64)
    equals(found, expected)
    prediction = mg.Tensor(case.prediction, requires_grad=True)
    recorded = case(prediction, case.target, weights=weights, reduction=reduction)
    assert recorded.shape == np.shape(expected)
    np.testing.assert_array_equal(recorded.numpy(), found)
    # Without weights, the mean is one operation for some; it need not have the same last digit.
    equals(
        case(case.prediction, case.target, weights=np.full(3, 7.5)),
        joined(case.terms(case.prediction, case.target), "mean", None),
    )


def normalised(case):
    """The loss of any numbers, where the prediction has to be a distribution."""
    return case if case.safe else lambda prediction, target, **words: case(mg.log_softmax(prediction), target, **words)


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
def test_derivatives_of_first_and_second_order(case, reduction, weights):
    loss = normalised(case)

    def function(prediction):
        return loss(prediction, case.target, weights=weights, reduction=reduction)

    assert testing.gradcheck(function, case.prediction, order=2)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
def test_derivatives_by_targets_and_by_the_variance(weights):
    """Of targets that are distributions, along the directions in which they stay some."""
    for case in CASES:
        if case.loss is losses.hinge or case.target.dtype.kind != "f":
            continue
        moved = mg.softmax if case.wrong != case.wrong and case.prediction.ndim == 3 else lambda values: values
        if case.loss in (losses.bce, losses.bce_with_logits):
            moved = mg.sigmoid
        if case.loss is losses.poisson_nll:
            moved = mg.exp
        assert testing.gradcheck(
            lambda t, c=case, m=moved: c(c.prediction, m(t), weights=weights), reals(*case.target.shape), order=2
        )
    assert testing.gradcheck(
        lambda m, y, s: losses.gaussian_nll(m, y, log_variance=s, weights=weights),
        (reals(3, 2), reals(3, 2), reals(3, 2)),
        order=2,
    )


C = np.array([0.5, 0.0, 2.0, 1.25])


@pytest.mark.parametrize("case", OF_CLASSES, ids=lambda case: case.name)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("class_weights", [None, C], ids=["alike", "of classes"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_classes_that_weigh_differently_and_smooth_targets(case, smoothing, class_weights, reduction):
    t = np.eye(4)[case.target] if case.target.dtype.kind == "i" else case.target
    logarithms = special.log_softmax(case.prediction, -1)
    c = np.ones(4) if class_weights is None else class_weights
    terms = -np.sum(c * ((1 - smoothing) * t + smoothing / 4) * logarithms, -1)
    expected = {
        "mean": np.sum(WEIGHTS * terms) / np.sum(WEIGHTS * np.sum(c * t, -1)),
        "sum": np.sum(WEIGHTS * terms),
        "none": WEIGHTS * terms,
    }[reduction]
    words = {"class_weights": class_weights, "label_smoothing": smoothing, "weights": WEIGHTS, "reduction": reduction}
    equals(case(case.prediction, case.target, **words), expected)
    assert testing.gradcheck(lambda p: normalised(case)(p, case.target, **words), case.prediction, order=2)


@pytest.mark.parametrize("loss", CLASSES)
def test_ignored_labels_are_left_out(loss):
    logarithms, labels = np.log(rows(3, 2, 4)), LABELS.copy()
    labels[1] = -100
    words = {"class_weights": C + 1, "label_smoothing": 0.1, "weights": WEIGHTS + 1}
    left = {**words, "weights": WEIGHTS[[0, 2]] + 1}
    for reduction in ("mean", "sum"):
        found = loss(logarithms, labels, ignore_index=-100, reduction=reduction, **words)
        equals(found, loss(logarithms[[0, 2]], labels[[0, 2]], reduction=reduction, **left))
    each = loss(logarithms, labels, ignore_index=-100, reduction="none", **words)
    np.testing.assert_array_equal(each[1], 0.0)
    # One of the classes may be ignored, too; and so may be numbers that are far out of range.
    equals(loss(logarithms, LABELS, ignore_index=2), loss(logarithms[LABELS != 2], LABELS[LABELS != 2]))
    unsigned = np.where(labels < 0, 255, labels).astype(np.uint8)
    equals(loss(logarithms, unsigned, ignore_index=255, **words), loss(logarithms, labels, ignore_index=-100, **words))


def test_cross_entropy_of_several_places_is_that_of_all_of_them():
    logits = reals(2, 3, 5, 4)
    labels, many = np.arange(30).reshape(2, 3, 5) % 4, rows(2, 3, 5, 4)
    for target, flat in ((labels, labels.ravel()), (many, many.reshape(-1, 4))):
        one, other = mg.Tensor(logits, requires_grad=True), mg.Tensor(logits.reshape(-1, 4), requires_grad=True)
        found, expected = losses.cross_entropy(one, target), losses.cross_entropy(other, flat)
        assert found.item() == expected.item()
        found.backward()
        expected.backward()
        np.testing.assert_array_equal(one.grad.data.reshape(-1, 4), other.grad.data)


def test_other_losses_are_named_in_terms_of_each_other():
    logits, t = reals(5, 4), rows(5, 4)
    logarithms = mg.log_softmax(logits)
    equals(losses.nll(logarithms, t), losses.cross_entropy(logits, t))
    # The divergence is what the cross-entropy exceeds the entropy by.
    equals(losses.kl(logarithms, t), losses.cross_entropy(logits, t) - special.entr(t).sum(-1).mean())
    equals(losses.huber(logits, t, delta=100.0), losses.mse(logits, t) / 2)
    equals(losses.huber(logits, t, delta=1e-9) / 1e-9, losses.mae(logits, t), rtol=1e-8)
    equals(losses.gaussian_nll(logits, t, log_variance=0 * t), losses.mse(logits, t) / 2 + np.log(2 * np.pi) / 2)


def test_kl_is_0_for_equals_and_takes_classes_that_are_ruled_out():
    t = rows(6, 5)
    np.testing.assert_array_equal(losses.kl(np.log(t), t), 0.0)
    with np.errstate(divide="ignore"):
        certain, ruled_out = np.eye(4), np.log([[0.5, 0.5, 0.0, 0.0]] * 4)
    found = losses.kl(ruled_out, certain, reduction="none")
    np.testing.assert_array_equal(found, [np.log(2.0), np.log(2.0), np.inf, np.inf])
    p, target = mg.Tensor(ruled_out[:2], requires_grad=True), mg.Tensor(certain[:2], requires_grad=True)
    losses.kl(p, target).backward()
    np.testing.assert_array_equal(p.grad.data, -0.5 * certain[:2])
    assert np.isfinite(target.grad.data).all()


def test_whoever_looks_for_nan_finds_the_loss_and_nothing_that_is_masked():
    with mg.debug():
        prediction = mg.Tensor(np.array([[np.nan, 0.5], [0.25, 1.0]]), requires_grad=True)
        losses.mse(prediction, np.zeros((2, 2)), weights=[[0, 1], [1, 1]]).backward()
    large = mg.Tensor(np.full(2, 1e200), requires_grad=True)
    with (
        pytest.raises(mg.NotFiniteError, match=r"square gave inf(.|\n)*inside mse"),
        np.errstate(over="ignore"),
        mg.debug(),
    ):
        losses.mse(large, np.zeros(2), reduction="sum")


@pytest.fixture(scope="module")
def keras():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "jax")
        return importlib.import_module("keras.losses")


KERAS = [
    (losses.mae, "MeanAbsoluteError", {}, reals(3, 4), reals(3, 4)),
    (losses.huber, "Huber", {}, 2 * reals(3, 4), reals(3, 4)),
    (losses.hinge, "Hinge", {}, reals(3, 4), np.sign(reals(3, 4))),
    (losses.cross_entropy, "SparseCategoricalCrossentropy", {"from_logits": True}, reals(3, 4), np.array([1, 3, 0])),
    (
        lambda *pair: losses.cross_entropy(*pair, ignore_index=3),
        "SparseCategoricalCrossentropy",
        {"from_logits": True, "ignore_class": 3},
        reals(2, 4, 4),
        np.array([[1, 3, 0, 0], [3, 2, 1, 3]]),
    ),
    (
        lambda *pair: losses.cross_entropy(*pair, label_smoothing=0.25),
        "CategoricalCrossentropy",
        {"from_logits": True, "label_smoothing": 0.25},
        reals(3, 4),
        rows(3, 4),
    ),
    (lambda p, t: losses.kl(np.log(p), t), "KLDivergence", {}, rows(3, 4), rows(3, 4)),
]


@pytest.mark.parametrize(("own", "name", "options", "prediction", "target"), KERAS, ids=[row[1] for row in KERAS])
def test_keras_gives_the_same(keras, own, name, options, prediction, target):
    prediction, target = (x.astype(np.float32) if x.dtype.kind == "f" else x for x in (prediction, target))
    equals(own(prediction, target), np.asarray(getattr(keras, name)(**options)(target, prediction)), rtol=1e-5)
