"""Does every loss say what is wrong with what it was given, and what to write?"""

import re

import numpy as np
import pytest
from loss_cases import CASES, IDS, OF_CLASSES

import minigrad as mg
from minigrad import losses

every_loss = pytest.mark.parametrize("case", CASES, ids=IDS)
NAN, INF = np.nan, np.inf


def of(loss):
    return f"^{loss.__name__}: "


@every_loss
@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1.0, -1.0, 2.0], ValueError, "weights are finite and not negative; these go from -1 to 2"),
        ([1.0, INF, 2.0], ValueError, "weights are finite and not negative; these go from 1 to inf"),
        ([1.0, NAN, 2.0], ValueError, r"weights hold NaN, first at \[1\]; a weight of 0 leaves a place out"),
        ([0, 0, 0], ValueError, "weights are all 0, so that nothing counts; leave such a batch out"),
        (2.0, ValueError, r"weights are one number.*; give one for each (element|sample), or write 2\.0 \* losses\."),
        (np.ones(2), ValueError, r"weights have shape \(3, 2\) or \(3,\), .*, not \(2,\); write np\.broadcast_to\("),
        (np.ones((1, 2)), ValueError, r"not \(1, 2\); write np\.broadcast_to\(weights, \(3, 2\)\)"),
        (np.ones((3, 1)), ValueError, r"not \(3, 1\); write weights\.reshape\(\(3,\)\)"),
        (np.ones((3, 2, 1)), ValueError, r"not \(3, 2, 1\); write weights\.reshape\(\(3, 2\)\)"),
        (np.ones(4), ValueError, r"from the first axis on, not \(4,\)$"),
        (np.ones((3, 2, 4)), ValueError, r"from the first axis on, not \(3, 2, 4\)$"),
        ("heavy", TypeError, "the argument weights is 'heavy'; it has to be an array of real numbers"),
        ([1, None, 2], TypeError, "the argument weights is .*; it has to be an array of real numbers"),
        (np.ma.masked_array(np.ones(3)), TypeError, "the argument weights is a masked array"),
        (
            mg.Tensor(np.ones(3), requires_grad=True),
            TypeError,
            r'requires a gradient.*reduction="none".*weights\.sum\(',
        ),
    ],
)
def test_weights_that_mean_nothing(case, weights, error, message):
    for reduction in ("mean", "sum", "none"):
        with pytest.raises(error, match=of(case.loss) + f".*{message}"):
            case(case.prediction, case.target, weights=weights, reduction=reduction)


@every_loss
@pytest.mark.parametrize("reduction", ["batchmean", "MEAN", None, 3, ["mean"]])
def test_other_reductions(case, reduction):
    message = re.escape('reduction is "mean", "sum" or "none", not ')
    for weights in (None, np.ones(3)):
        with pytest.raises(ValueError, match=of(case.loss) + message):
            case(case.prediction, case.target, reduction=reduction, weights=weights)


@every_loss
def test_options_have_names(case):
    with pytest.raises(TypeError, match="positional"):
        case.loss(case.prediction, case.target, np.ones(3), **case.more)


@every_loss
def test_shapes_are_never_broadcast(case):
    for target in (case.target[:1], case.target[..., :1], case.target[0], case.target[..., None]):
        with pytest.raises(ValueError, match=of(case.loss)):
            case(case.prediction, target)
    empty = case.prediction[:0], case.target[:0]
    for reduction in ("mean", "sum", "none"):
        with pytest.raises(ValueError, match=of(case.loss) + "there are no (elements|samples), .*shape.*; leave empty"):
            case.loss(*empty, reduction=reduction, **{name: value[:0] for name, value in case.more.items()})


@every_loss
@pytest.mark.parametrize("bad", ["a", None, [1j], [[1], [1, 2]]])
def test_what_holds_no_real_numbers(case, bad):
    for pair in ((bad, case.target), (case.prediction, bad)):
        with pytest.raises(TypeError, match=of(case.loss) + ".* it has to be an array of real numbers"):
            case(*pair)


@every_loss
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_predictions_of_nan_are_passed_on(case):
    prediction = case.prediction.copy()
    prediction[0] = NAN
    for reduction in ("mean", "sum"):
        for weights in (None, np.ones(3)):
            assert np.isnan(case(prediction, case.target, reduction=reduction, weights=weights))
    np.testing.assert_array_equal(np.isnan(case(prediction, case.target, reduction="none"))[:, 0], [True, False, False])


@pytest.mark.parametrize("case", OF_CLASSES, ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"class_weights": np.ones(3)},
            ValueError,
            r"class_weights have shape \(4,\), one number for each .*, not \(3,\)",
        ),
        ({"class_weights": 2.0}, ValueError, r"class_weights have shape \(4,\), one number for each class, not \(\)"),
        (
            {"class_weights": [1, 1, -1, 1]},
            ValueError,
            "class_weights are finite and not negative; these go from -1 to 1",
        ),
        ({"class_weights": [1, 1, NAN, 1]}, ValueError, r"class_weights hold NaN, first at \[2\]"),
        ({"class_weights": np.zeros(4)}, ValueError, "class_weights are all 0"),
        (
            {"class_weights": {0: 1.0}},
            TypeError,
            "the argument class_weights is .*; it has to be an array of real numbers",
        ),
        (
            {"class_weights": mg.Tensor(np.ones(4), requires_grad=True)},
            TypeError,
            r"class_weights= requires a gradient.*class_weights\.detach\(\)",
        ),
        ({"label_smoothing": 1.0}, ValueError, "label_smoothing is a share, from 0 to less than 1, not 1"),
        ({"label_smoothing": -0.1}, ValueError, "label_smoothing is a share, .*, not -0.1"),
        ({"label_smoothing": NAN}, ValueError, "label_smoothing is a share, .*, not nan"),
        ({"label_smoothing": "some"}, TypeError, "label_smoothing is a number, not 'some'"),
        ({"label_smoothing": True}, TypeError, "label_smoothing is a number, not True"),
        ({"ignore_index": 1.0}, TypeError, "ignore_index is a label, an integer, not 1.0"),
        ({"ignore_index": True}, TypeError, "ignore_index is a label, an integer, not True"),
    ],
)
def test_options_of_classes_that_mean_nothing(case, options, error, message):
    with pytest.raises(error, match=of(case.loss) + message):
        case(case.prediction, case.target, **options)


@pytest.mark.parametrize("loss", [losses.cross_entropy, losses.nll])
def test_where_no_sample_counts(loss):
    logarithms = np.log(np.full((3, 2), 0.5))
    for reduction in ("mean", "sum", "none"):
        with pytest.raises(
            ValueError, match="every label is the ignore_index, or has weight 0, so that nothing counts"
        ):
            loss(logarithms, [-1, -1, -1], ignore_index=-1, reduction=reduction)
        with pytest.raises(ValueError, match="every label is the ignore_index, or has weight 0"):
            loss(logarithms, [-1, 0, 0], ignore_index=-1, weights=[1, 0, 0], reduction=reduction)
    for target in ([0, 0, 0], [[1.0, 0.0]] * 3):
        with pytest.raises(ValueError, match="the class_weights of all samples that count are 0"):
            loss(logarithms, target, class_weights=[0, 1])
    with pytest.raises(
        ValueError, match=r"ignore_index= is a label, but .* rows of probabilities; give .* weights= of 0"
    ):
        loss(logarithms, [[0.5, 0.5]] * 3, ignore_index=1)
    with pytest.raises(ValueError, match="labels go from 0 to 1 for 2 classes; these go from -2 to 0"):
        loss(logarithms, [-1, -2, 0], ignore_index=-1)


@pytest.mark.parametrize("loss", [losses.nll, losses.kl])
def test_predictions_that_are_no_log_probabilities(loss):
    target = np.full((2, 3), 1 / 3)
    for prediction, place in (
        (np.array([[0.1, 0.2, 0.7], [0.2, 0.3, 0.5]]), "row 0 sum to 4.3"),
        (np.log([[0.1, 0.2, 0.7], [0.2, 0.3, 0.4]]), "row 1 sum to 0.9"),
        (np.full((2, 3), INF), "row 0 sum to inf"),
        (np.full((2, 3), 1000.0), "row 0 sum to inf"),
    ):
        with pytest.raises(
            ValueError, match=place + r".*write mg\.log_softmax\(logits\); .*, mg\.log\(probabilities\)"
        ):
            loss(prediction, target)
    with pytest.raises(ValueError, match=r"those of row \[1, 0\] sum to 3\."):
        loss(np.array([np.log([[0.5, 0.5]]), [[0.5, 0.5]]]), np.full((2, 1, 2), 0.5))
    with pytest.raises(ValueError, match="each row of targets sums to 1; row 1 sums to 1"):
        loss(np.log(target), np.array([[1, 0, 0], [1, 0.5, 0]]))
    with pytest.raises(ValueError, match=r"row \[1, 0\] sums to nan: it holds NaN"):
        loss(np.log(target)[:, None], np.array([[[1, 0, 0]], [[1, NAN, 0]]]))
    # Rounded to the next numbers in half precision, the probabilities of many classes sum to 1.
    half = np.log(np.full((2, 5000), 1 / 5000)).astype(np.float16)
    assert np.isfinite(losses.nll(half, [0, 1]))


REFUSED = [
    (lambda: losses.huber([1.0], [1.0], delta=0.0), ValueError, "huber: delta is positive and finite, not 0.0"),
    (lambda: losses.huber([1.0], [1.0], delta=-1), ValueError, "huber: delta is positive and finite, not -1.0"),
    (lambda: losses.huber([1.0], [1.0], delta=NAN), ValueError, "huber: delta is positive and finite, not nan"),
    (lambda: losses.huber([1.0], [1.0], delta=INF), ValueError, "huber: delta is positive and finite, not inf"),
    (lambda: losses.huber([1.0], [1.0], delta=[1.0]), TypeError, r"huber: delta is a number, not \[1.0\]"),
    (
        lambda: losses.hinge([0.5, 0.5], [0, 1]),
        ValueError,
        r"hinge: targets are -1 and 1; these go from 0 to 1; of targets 0 and 1, write 2\.0 \* target - 1\.0",
    ),
    (lambda: losses.hinge([0.5, 0.5], [True, False]), ValueError, r"write 2\.0 \* target - 1\.0"),
    (lambda: losses.hinge([0.5, 0.5], [2, 1]), ValueError, "go from 1 to 2; for labels of several .* cross_entropy"),
    (lambda: losses.hinge([0.5, 0.5], [NAN, 1]), ValueError, r"hinge: targets hold NaN, first at \[0\]"),
    (lambda: losses.kl(np.zeros((2, 1)), [0, 0]), ValueError, "kl: the target is a distribution .* for labels .* nll"),
    (
        lambda: losses.gaussian_nll(np.zeros((2, 3)), np.zeros((2, 3)), log_variance=0.0),
        ValueError,
        r"log_variance \(\); they must be the same.* write mg\.broadcast_to\(log_variance, \(2, 3\)\)",
    ),
    (lambda: losses.gaussian_nll([0.0], [0.0], log_variance="a"), TypeError, "the argument log_variance is 'a'"),
    (lambda: losses.gaussian_nll([0.0], [NAN], log_variance=[0.0]), ValueError, "gaussian_nll: targets hold NaN"),
    (
        lambda: losses.poisson_nll([0.0], [-1]),
        ValueError,
        "targets are finite counts, 0 or more; these go from -1 to -1",
    ),
    (lambda: losses.poisson_nll([0.0], [INF]), ValueError, "targets are finite counts.* from inf to inf"),
    (lambda: losses.poisson_nll([0.0], [NAN]), ValueError, "poisson_nll: targets hold NaN"),
    (lambda: losses.mae([0.0], [NAN], reduction="none"), ValueError, r"mae: targets hold NaN, first at \[0\]"),
    (
        lambda: mg.grad(lambda weights: losses.mse(np.zeros(2), np.ones(2), weights=weights))(np.ones(2)),
        TypeError,
        r"weights= requires a gradient, and a loss gives it none; write each = losses\.mse\(",
    ),
    (lambda: losses.class_weights([]), ValueError, "class_weights: there are no labels"),
    (lambda: losses.class_weights([0.0, 1.0]), TypeError, r"labels are integers, not float64: write labels\.astype"),
    (lambda: losses.class_weights([0, -1]), ValueError, r"these go from -1 to 0; leave out .*, labels\[labels >= 0\]"),
    (lambda: losses.class_weights([0, 3], 3), ValueError, "labels go from 0 to 2 for 3 classes; these go from 0 to 3"),
    (
        lambda: losses.class_weights(np.eye(2, dtype=int)),
        ValueError,
        r"\(2, 2\) are one-hot rows; write labels\.argmax",
    ),
    (lambda: losses.class_weights([0, 2]), ValueError, "no label is 1, so that the weight of that class would be inf"),
    (lambda: losses.class_weights([0, 1], 3), ValueError, "no label is 2, so that"),
    (lambda: losses.class_weights([0, 1], [0, 1]), TypeError, r"classes is a whole number, .*, not \[0, 1\]"),
    (lambda: losses.class_weights(None), TypeError, "class_weights: the argument labels is None"),
    (lambda: mg.compile(losses.class_weights)(np.array([0, 1])), TypeError, "compute the weights of all data before"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_a_wrong_call_says_what_to_write(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
