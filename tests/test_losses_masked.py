"""Is nothing computed where a weight is 0, and are all dtypes held?"""

import numpy as np
import pytest
from loss_cases import CASES, IDS, LABELS, OF_CLASSES, reals, rows
from test_losses_meant import equals

import minigrad as mg
from minigrad import losses

every_loss = pytest.mark.parametrize("case", CASES, ids=IDS)
COUNTED = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]])


def spoiled(case, bad):
    """Prediction and target of a loss, with bad values where they do not count."""
    prediction, target = case.prediction.copy(), case.target.copy()
    prediction[COUNTED == 0] = bad
    target[COUNTED == 0] = case.wrong if target.dtype.kind == "i" else bad
    return prediction, target


@every_loss
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e200])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_what_has_weight_0_leaks_nowhere(case, bad, reduction):
    clean, results = (case.prediction, case.target), []
    for pair in (clean, spoiled(case, bad)):
        prediction = mg.Tensor(pair[0], requires_grad=True)
        target = mg.Tensor(pair[1], requires_grad=pair[1].dtype.kind == "f")
        found = case(prediction, target, weights=COUNTED, reduction=reduction)
        sides = [prediction, target] if target.requires_grad else [prediction]
        first = mg.gradients(found.sum(), sides, create_graph=True)
        # Some are constant, and have no derivatives themselves.
        moving = [(g**2).sum() for g in first if g.requires_grad]
        second = mg.gradients(sum(moving), sides) if moving else []
        results.append([found.numpy(), *(g.numpy() for g in (*first, *second))])
    for one, other in zip(*results, strict=True):
        assert np.isfinite(other).all()
        np.testing.assert_array_equal(other, one)
        if other.shape[:2] == COUNTED.shape:
            np.testing.assert_array_equal(other[COUNTED == 0], 0.0)


def test_a_variance_does_not_leak_either():
    log_variance = mg.Tensor(np.array([np.nan, 0.5]), requires_grad=True)
    losses.gaussian_nll(
        np.array([np.nan, 1.0]), np.array([0.0, 2.0]), log_variance=log_variance, weights=[0, 1]
    ).backward()
    assert log_variance.grad.data[0] == 0.0
    assert np.isfinite(log_variance.grad.data).all()


@every_loss
def test_what_counts_is_still_looked_at(case):
    if case.wrong != case.wrong:
        target = np.where(np.expand_dims(COUNTED == 1, tuple(range(2, case.target.ndim))), np.nan, case.target)
        message = "NaN"
    else:
        target, message = np.where(COUNTED == 1, case.wrong, case.target), "these go from"
    for reduction in ("mean", "sum", "none"):
        with pytest.raises(ValueError, match=f"^{case.loss.__name__}: .*{message}"):
            case(case.prediction, target, weights=COUNTED, reduction=reduction)
        # A weight of 0 for these alone, given as a Tensor of booleans.
        case(case.prediction, target, weights=mg.Tensor(COUNTED != 1), reduction=reduction)


@every_loss
def test_weights_are_relative_in_a_mean_and_may_be_written_to(case):
    expected = case(case.prediction, case.target, weights=COUNTED)
    for scale in (1e-300, 0.125, 1e300):
        equals(case(case.prediction, case.target, weights=COUNTED * scale), expected)
    single = case(mg.Tensor(case.prediction, dtype=np.float32), case.target, weights=COUNTED * 1e60)
    assert single.dtype == np.float32
    equals(single, expected, rtol=1e-5)
    weights, prediction = COUNTED.copy(), mg.Tensor(case.prediction, requires_grad=True)
    found = case(prediction, case.target, weights=weights)
    weights[...] = 7.0
    found.backward()
    other = mg.Tensor(case.prediction, requires_grad=True)
    case(other, case.target, weights=COUNTED).backward()
    np.testing.assert_array_equal(prediction.grad.data, other.grad.data)
    equals(case(case.prediction, case.target, weights=COUNTED.astype(int).tolist()), expected)


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weights", [None, COUNTED])
def test_dtype_is_that_of_the_prediction(case, dtype, reduction, weights):
    expected = case(case.prediction, case.target, weights=weights, reduction=reduction)
    prediction = mg.Tensor(case.prediction, requires_grad=True, dtype=dtype)
    found = case(prediction, case.target, weights=weights, reduction=reduction)
    assert found.dtype == dtype
    equals(found, expected, rtol=1e-5 if dtype is np.float32 else 2e-2)
    found.sum().backward()
    assert prediction.grad.dtype == dtype
    exact = mg.Tensor(case.prediction, requires_grad=True)
    case(exact, case.target, weights=weights, reduction=reduction).sum().backward()
    equals(prediction.grad, exact.grad.data, rtol=1e-5 if dtype is np.float32 else 2e-2)
    plain = case(case.prediction.astype(dtype), case.target, weights=weights, reduction=reduction)
    np.testing.assert_array_equal(plain, found.numpy())
    assert plain.dtype == dtype


@pytest.mark.parametrize("case", OF_CLASSES, ids=lambda case: case.name)
def test_options_of_classes_keep_the_dtype(case):
    words = {"class_weights": [0.5, 1.0, 2.0, 4.0], "label_smoothing": np.float64(0.125)}
    for dtype, rtol in ((np.float32, 1e-5), (np.float16, 2e-2)):
        found = case(mg.Tensor(case.prediction, dtype=dtype), case.target, **words)
        assert found.dtype == dtype
        equals(found, case(case.prediction, case.target, **words), rtol=rtol)


def test_half_precision_holds_weighted_means_over_many_samples():
    error, weights = mg.Tensor(np.full((50_000, 2), 0.125), dtype=np.float16, requires_grad=True), np.ones(50_000)
    target = np.zeros((50_000, 2))
    losses.mse(error, target, weights=weights * 1000).backward()
    np.testing.assert_allclose(error.grad.data, 0.25 / 100_000, rtol=0.02)
    assert losses.mse(error, target, weights=np.eye(1, 50_000)[0]) == pytest.approx(0.125**2)
    with np.errstate(over="ignore"):
        assert losses.mse(error.detach() * 64, target, reduction="sum").item() == np.inf  # 6.4 million, and no NaN
    assert losses.mae(error, target, reduction="sum").item() == np.float16(12500)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_extreme_predictions_are_finite(dtype):
    big = np.array([80.0, -80.0], dtype)
    assert losses.huber(big * 1e18, [0, 0]) == pytest.approx(8e19)
    for log_variance in (big, big * 2):
        found = losses.gaussian_nll(np.array([1.0, 1.0], dtype), [1, 1], log_variance=log_variance)
        assert found == pytest.approx(0.5 * np.log(2 * np.pi))
    assert losses.poisson_nll(big, [0, 0], reduction="none")[1] == pytest.approx(np.exp(-80))
    assert losses.hinge(big * 1e30, [1, -1]) == 0.0


def test_a_class_that_is_ruled_out_costs_nothing_where_it_does_not_count():
    logits = np.array([[0.0, -np.inf, 0.0]])
    for target in ([0], [[1.0, 0.0, 0.0]]):
        for words in (
            {"class_weights": [1.0, 5.0, 1.0]},
            {"weights": [2.0]},
            {"class_weights": [1, 0, 1], "label_smoothing": 0.0},
        ):
            tensor = mg.Tensor(logits, requires_grad=True)
            found = losses.cross_entropy(tensor, target, **words)
            found.backward()
            assert found.item() == pytest.approx(np.log(2))
            np.testing.assert_allclose(tensor.grad.data, [[-0.5, 0.0, 0.5]])
    smoothed = mg.Tensor(logits, requires_grad=True)
    found = losses.cross_entropy(smoothed, [0], label_smoothing=0.3, class_weights=[1.0, 0.0, 1.0])
    found.backward()
    assert found.item() == pytest.approx((0.7 + 0.2) * np.log(2))
    assert np.isfinite(smoothed.grad.data).all()
    of_a_class_that_weighs_nothing = losses.cross_entropy(
        np.vstack([logits, logits]), [0, 1], class_weights=[1.0, 0.0, 1.0]
    )
    assert of_a_class_that_weighs_nothing == pytest.approx(np.log(2))


def test_balanced_weights():
    labels = np.array([[0, 0, 0, 2], [1, 2, 0, 0]])
    np.testing.assert_allclose(losses.class_weights(labels), 8 / (3 * np.array([5, 1, 2])))
    np.testing.assert_array_equal(
        losses.class_weights(mg.Tensor(labels), 3), losses.class_weights(labels.astype(np.uint8))
    )
    assert losses.class_weights([0, 1, 1], np.int64(2)).dtype == np.float64
    # Then every class counts for as much: the loss is the mean of the means of the classes.
    logits = reals(8, 3)
    each = losses.cross_entropy(logits, labels.ravel(), reduction="none")
    expected = np.mean([each[labels.ravel() == label].mean() for label in range(3)])
    equals(losses.cross_entropy(logits, labels.ravel(), class_weights=losses.class_weights(labels)), expected)


@pytest.mark.parametrize(
    ("labels", "smoothing"), [([0, 1, 2], 0.0), ([0, 1, 2], 0.2), ([2, 2, 1], 0.0), ([2, 2, 2], 0.0)]
)
def test_half_precision_takes_weights_of_very_rare_classes(labels, smoothing):
    weights = np.array([2e5, 1.0, 1e-5])
    logits = reals(3, 3).astype(np.float16)
    tensor = mg.Tensor(logits, requires_grad=True)
    found = losses.cross_entropy(tensor, labels, class_weights=weights, label_smoothing=smoothing)
    expected = losses.cross_entropy(logits.astype(float), labels, class_weights=weights, label_smoothing=smoothing)
    assert found.dtype == np.float16
    assert found.item() == pytest.approx(expected, rel=5e-3)
    found.backward()
    assert tensor.grad.dtype == np.float16
    assert np.isfinite(tensor.grad.data).all()


def test_scikit_learn_gives_the_same_weights():
    from sklearn.utils.class_weight import compute_class_weight

    labels = LABELS.ravel()
    expected = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    np.testing.assert_allclose(losses.class_weights(labels, 4), expected)


def test_numbers_without_axes():
    assert losses.mse(1.0, 3.0, reduction="none") == 4.0
    assert losses.mae(mg.Tensor(1.0), 3.0, weights=2.0, reduction="sum").item() == 4.0
    assert rows(3).shape == (3,)
