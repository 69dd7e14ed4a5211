"""Do metrics give what scikit-learn gives, however the samples are divided, and say what they were given?"""

import warnings
from functools import reduce

import numpy as np
import pytest
import sklearn.exceptions
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad import losses, metrics, nn

NAN = float("nan")
SCORES = np.array([[0.1, 0.9, 0.0], [0.8, 0.2, 0.0], [0.3, 0.7, 0.0], [2.0, 1.0, 3.0]])


@pytest.fixture(autouse=True)
def _sklearn_may_warn_of_what_is_not_defined():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sklearn.exceptions.UndefinedMetricWarning)
        warnings.filterwarnings("ignore", "A single label was found", UserWarning)
        yield


@st.composite
def labelled(draw, classes=None):
    """Scores that do not tie, with labels, of which some classes may be missing on both sides."""
    count = draw(st.integers(1, 25))
    classes = classes or draw(st.integers(2, 5))
    named = draw(hnp.arrays(np.int64, count, elements=st.integers(0, classes - 1)))
    labels = draw(hnp.arrays(np.int64, count, elements=st.integers(0, classes - 1)))
    scores = np.random.default_rng(draw(st.integers(0, 99))).random((count, classes))
    scores[np.arange(count), named] += 1.0
    return scores, labels, named


@st.composite
def cuts(draw, count):
    return sorted(draw(st.lists(st.integers(1, count - 1), max_size=5, unique=True))) if count > 1 else []


def over_batches(metric, prediction, target, places):
    """The value for all samples, put together from batches."""
    parts = zip(np.split(prediction, places), np.split(target, places), strict=True)
    return metric.value(reduce(metric.combined, [metric.statistics(*part) for part in parts]))


THEIRS = {
    metrics.Precision: sklearn.metrics.precision_score,
    metrics.Recall: sklearn.metrics.recall_score,
    metrics.F1: sklearn.metrics.f1_score,
}


@pytest.mark.parametrize("kind", THEIRS, ids=lambda kind: kind.__name__)
@given(st.data())
def test_shares_are_those_of_scikit_learn_in_any_batches(kind, data):
    scores, labels, named = data.draw(labelled())
    places = data.draw(cuts(len(labels)))
    for average in ("macro", "micro"):
        expected = THEIRS[kind](labels, named, average=average)
        assert kind(average)(scores, labels) == pytest.approx(expected, rel=1e-14, abs=0)
        assert over_batches(kind(average), scores, labels, places) == kind(average)(scores, labels)


@pytest.mark.parametrize("kind", THEIRS, ids=lambda kind: kind.__name__)
@given(st.data())
def test_shares_of_two_classes_are_those_of_scikit_learn(kind, data):
    scores, labels, named = data.draw(labelled(classes=2))
    places = data.draw(cuts(len(labels)))
    for average in ("binary", "macro", "micro"):
        # In scikit-learn, the mean is over the classes that occur, too.
        expected = THEIRS[kind](labels, named, average=average)
        probabilities = np.where(named == 1, 0.5, 0.25)
        for prediction, target, threshold in [
            (scores, labels, 0.5),
            (scores, np.eye(2)[labels], 0.5),
            (probabilities, labels, 0.5),
            (probabilities[:, np.newaxis], labels[:, np.newaxis], 0.5),
            (probabilities - 0.5, labels, 0.0),
        ]:
            metric = kind(average, threshold=threshold)
            assert metric(prediction, target) == pytest.approx(expected, rel=1e-14, abs=0)
            assert over_batches(metric, prediction, target, places) == metric(prediction, target)


@given(labelled())
def test_the_confusion_matrix_is_that_of_scikit_learn(drawn):
    scores, labels, named = drawn
    expected = sklearn.metrics.confusion_matrix(labels, named, labels=range(scores.shape[1]))
    found = metrics.confusion_matrix(scores, labels)
    np.testing.assert_array_equal(found, expected, strict=True)
    assert np.trace(found) / found.sum() == mg.accuracy(scores, labels) == pytest.approx(np.mean(labels == named))
    np.testing.assert_array_equal(metrics.confusion_matrix(mg.Tensor(scores), labels.astype(np.uint8)), expected)


@given(st.data())
def test_top_k_accuracy_is_that_of_scikit_learn(data):
    scores, labels, _ = data.draw(labelled())
    classes = scores.shape[1]
    k = data.draw(st.integers(1, classes - 1))
    metric = metrics.TopKAccuracy(k)
    # scikit-learn wants probabilities of one column for two classes.
    given_to_them = scores if classes > 2 else scores[:, 1] - scores[:, 0]
    if classes > 2:
        expected = sklearn.metrics.top_k_accuracy_score(labels, given_to_them, k=k, labels=range(classes))
        assert metric(scores, labels) == pytest.approx(expected, rel=1e-14)
    assert over_batches(metric, scores, labels, data.draw(cuts(len(labels)))) == metric(scores, labels)
    assert metrics.TopKAccuracy(1)(scores, np.eye(classes)[labels]) == mg.accuracy(scores, labels)
    assert metrics.TopKAccuracy(classes)(scores, labels) == 1.0


@given(hnp.arrays(np.float32, (6, 4), elements=st.sampled_from([0.0, 1.0])), st.integers(1, 4))
def test_of_equal_scores_the_earlier_class_is_named(scores, k):
    labels = np.array([0, 1, 2, 3, 0, 3])
    named = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert metrics.TopKAccuracy(k)(scores, labels) == np.mean((named == labels[:, np.newaxis]).any(axis=1))
    assert metrics.TopKAccuracy(1)(scores, labels) == mg.accuracy(scores, labels)


@given(st.data())
def test_regression_is_that_of_scikit_learn(data):
    shape = data.draw(st.sampled_from([(1,), (7,), (7, 1), (7, 3)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    offset = data.draw(st.sampled_from([0.0, 1e6]))
    target = offset + rng.normal(size=shape)
    prediction = target + data.draw(st.sampled_from([0.0, 0.5, 3.0])) * rng.normal(size=shape)
    places = data.draw(cuts(len(target)))
    assert metrics.mae(prediction, target) == pytest.approx(sklearn.metrics.mean_absolute_error(target, prediction))
    expected = np.sqrt(np.mean((prediction - target) ** 2))
    assert metrics.RMSE()(prediction, target) == pytest.approx(expected)
    assert over_batches(metrics.RMSE(), prediction, target, places) == pytest.approx(expected)
    if len(target) > 1:
        expected = sklearn.metrics.r2_score(target, prediction)
        assert metrics.R2()(prediction, target) == pytest.approx(expected, rel=1e-8)
        assert over_batches(metrics.R2(), prediction, target, places) == pytest.approx(expected, rel=1e-8)


def test_the_spread_of_targets_far_from_zero_is_exact():
    rng = np.random.default_rng(0)
    target = 1e8 + rng.normal(size=10_000)
    prediction = target + 0.5 * rng.normal(size=10_000)
    expected = sklearn.metrics.r2_score(target - 1e8, prediction - 1e8)
    assert over_batches(metrics.R2(), prediction, target, range(100, 10_000, 100)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6 / 3])
def test_equal_targets_have_no_coefficient_of_determination(value):
    target = np.full((30, 2), value)
    for prediction in (target, target + 1.0):
        assert np.isnan(metrics.R2()(prediction, target))
        assert np.isnan(over_batches(metrics.R2(), prediction, target, [1, 4, 11]))
    assert np.isnan(metrics.R2()(np.ones(1), np.zeros(1)))


def test_small_integers_and_other_dtypes_are_subtracted_right():
    prediction, target = np.array([1, 250], np.uint8), np.array([3, 5], np.uint8)
    assert metrics.mae(prediction, target) == 123.5
    assert metrics.RMSE()(prediction, target) == pytest.approx(np.sqrt((4 + 245**2) / 2))
    assert metrics.mae(np.array([True, False]), np.array([False, False])) == 0.5
    assert metrics.RMSE()(np.full(4, 60000.0, np.float16), np.zeros(4, np.float16)) == pytest.approx(60000, rel=1e-3)
    assert metrics.mae(mg.Tensor([1.0, 2.0], requires_grad=True), [0.0, 0.0]) == 1.5


def test_labels_of_few_bits_do_not_overflow():
    labels = np.arange(20, dtype=np.uint8)
    np.testing.assert_array_equal(metrics.confusion_matrix(np.eye(20), labels), np.eye(20))
    assert metrics.F1("macro")(np.eye(20), labels) == 1.0


def test_what_never_occurs_counts_as_documented():
    # Nothing is said to be of class 1, and nothing is.
    for kind in THEIRS:
        assert kind()([0.25, 0.25], [0, 0]) == 0.0
    # Class 2 of three is neither named nor there, and does not count for the mean.
    scores = np.eye(3)[[0, 1, 1]]
    assert metrics.Recall("macro")(scores, np.array([0, 1, 1])) == 1.0
    assert metrics.Recall("macro")(scores, np.array([0, 1, 2])) == pytest.approx(2 / 3)
    assert metrics.Precision("macro")(scores, np.array([0, 1, 2])) == 0.5


def test_a_prediction_of_nan_shows_in_an_error_and_stops_a_choice():
    assert np.isnan(metrics.mae([NAN, 1.0], [0.0, 1.0]))
    assert np.isnan(metrics.RMSE()([NAN, 1.0], [0.0, 1.0]))
    assert np.isnan(metrics.R2()([NAN, 1.0], [0.0, 1.0]))
    with pytest.raises(ValueError, match=r"F1: the prediction holds NaN \(shape \(2,\)\)"):
        metrics.F1()([NAN, 1.0], [0, 1])


def test_names_are_those_that_a_history_shows():
    shown = {
        metrics.F1(): ("f1", "F1()"),
        metrics.F1("macro"): ("f1_macro", "F1('macro')"),
        metrics.Precision("micro"): ("precision_micro", "Precision('micro')"),
        metrics.Recall(threshold=0): ("recall", "Recall(threshold=0.0)"),
        metrics.TopKAccuracy(5): ("top_5_accuracy", "TopKAccuracy(5)"),
        metrics.R2(): ("r2", "R2()"),
        metrics.RMSE(): ("rmse", "RMSE()"),
    }
    assert {metric: (metric.__name__, repr(metric)) for metric in shown} == shown
    data = mg.batches(np.eye(3), np.arange(3), 3, shuffle=False)
    found = mg.evaluate(nn.Lambda(lambda x: x), losses.cross_entropy, data, [mg.accuracy, metrics.F1("macro")])
    assert found.keys() == {"loss", "accuracy", "f1_macro"}
    assert found["f1_macro"] == 1.0
    assert mg.metrics.accuracy is mg.accuracy


def test_statistics_are_arrays_that_a_file_can_hold():
    for metric in (metrics.F1("macro"), metrics.TopKAccuracy(2), metrics.R2(), metrics.RMSE()):
        target = np.array([0, 1, 2, 1]) if isinstance(metric, (metrics.F1, metrics.TopKAccuracy)) else SCORES + 1.0
        found = metric.combined(metric.statistics(SCORES, target), metric.statistics(SCORES, target))
        assert all(type(value) is np.ndarray and value.dtype in (np.int64, np.float64) for value in found.values())
        assert metric.value(found) == pytest.approx(metric(SCORES, target))


def test_a_metric_of_ones_own_needs_two_methods():
    class Largest(metrics.Metric):
        def __init__(self):
            super().__init__("largest")

        def statistics(self, prediction, target):
            return {"largest": np.max(np.abs(prediction - target))}

        def combined(self, first, second):
            return {"largest": np.maximum(first["largest"], second["largest"])}

        def value(self, statistics):
            return float(statistics["largest"])

    assert over_batches(Largest(), np.array([1.0, 5.0, 2.0]), np.zeros(3), [1]) == 5.0
    assert repr(Largest()) == "Largest()"
    with pytest.raises(NotImplementedError, match=r"Metric has no method statistics\(prediction, target\)"):
        metrics.Metric("m")([1.0], [1.0])
    with pytest.raises(NotImplementedError, match=r"Metric has no method value\(statistics\)"):
        metrics.Metric("m").value({})


def f1(prediction, target):
    return lambda: metrics.F1()(prediction, target)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.F1("mean"), ValueError, 'F1: average is "binary", "macro" or "micro", not \'mean\''),
        (lambda: metrics.F1(SCORES, [0, 1]), TypeError, "takes from 1 to 2 positional"),
        (lambda: metrics.F1(SCORES), TypeError, r"not an array of shape \(4, 3\); write metrics=\[mg.metrics.F1\(\)\]"),
        (lambda: metrics.F1(threshold="0"), TypeError, "F1: threshold is a number"),
        (lambda: metrics.F1(threshold=NAN), ValueError, "F1: threshold is a finite number, not nan"),
        (lambda: metrics.TopKAccuracy(0), ValueError, "TopKAccuracy: k is at least 1, not 0"),
        (lambda: metrics.TopKAccuracy(True), TypeError, "TopKAccuracy: k is an integer, such as 5, not True"),
        (lambda: metrics.TopKAccuracy(SCORES), TypeError, r"not an array of shape \(4, 3\)"),
        (lambda: metrics.TopKAccuracy(4)(SCORES, [0, 1, 2, 0]), ValueError, r"no 4 largest of 3 scores.*\(4, 3\)"),
        (lambda: metrics.TopKAccuracy(2)([0.5, 0.5], [0, 1]), ValueError, r"predictions of shape \(2,\) and targets"),
        (f1(SCORES, [0, 1, 2, 0]), ValueError, r'there are 3 classes .*\(4, 3\)\); write F1\("macro"\)'),
        (
            lambda: metrics.F1(threshold=0.9)(np.eye(2), [0, 1]),
            ValueError,
            r"F1: the threshold of 0\.9 is for predictions of one column, .* \(2, 2\); give prediction\[:, 1\]",
        ),
        (f1([-1.0, 2.0], [0, 1]), ValueError, "F1: predictions of one column .* from -1 to 2; .* threshold=0.0"),
        (f1(SCORES, [[0], [1], [2], [0]]), ValueError, r"F1: predictions of shape \(4, 3\).*write target\[:, 0\]"),
        (f1(SCORES, [0, 1, 2, 3]), ValueError, r"F1: labels go from 0 to 2.*from 0 to 3 .*targets of shape \(4,\)"),
        (f1([], []), ValueError, r"F1: there are no samples \(shape \(0,\)\)"),
        (f1(["a"], [1]), TypeError, r"F1: the prediction holds <U1 \(shape \(1,\)\)"),
        (f1(np.ma.masked_array([0.5], [1]), [1]), TypeError, "F1: the prediction is a masked array"),
        (lambda: metrics.mae(SCORES, SCORES[:, 0]), ValueError, r"mae: the prediction has shape \(4, 3\), the target"),
        (lambda: metrics.RMSE()([1.0], [NAN]), ValueError, r"RMSE: the target holds NaN \(shape \(1,\)\)"),
        (lambda: metrics.R2()(1.0, 1.0), ValueError, r"R2: samples lie along the first axis.*shape \(\)"),
        (lambda: metrics.R2()([], []), ValueError, "R2: there are no samples"),
        (lambda: metrics.confusion_matrix([2.0, -1.0], [1, 0]), ValueError, r"-1 to 2; of logits take mg\.sigmoid"),
        (lambda: metrics.confusion_matrix([1j], [1]), TypeError, "confusion_matrix: the prediction holds complex128"),
        (lambda: metrics.Metric(3), TypeError, "Metric: a metric has a name, under which it is recorded, not 3"),
    ],
)
def test_wrong_calls_say_what_was_given(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("metric", [metrics.R2(), metrics.F1("macro")], ids=repr)
def test_batches_that_do_not_belong_together_are_refused(metric):
    first, second = metric.statistics(np.eye(2), np.eye(2)), metric.statistics(np.eye(3), np.eye(3))
    with pytest.raises(ValueError, match=r"statistics of the shapes \{.*\(2,\).*\(3,\).* do not belong together"):
        metric.combined(first, second)


@pytest.mark.parametrize(
    ("name", "answer"),
    [("f1", "metrics.F1"), ("f1_score", "metrics.F1()"), ("r2_score", "metrics.R2()"), ("MSE", "losses.mse")],
)
def test_names_of_other_libraries_are_translated(name, answer):
    with pytest.raises(AttributeError, match=f"minigrad.metrics has no {name!r}; write ") as caught:
        getattr(metrics, name)
    assert answer in str(caught.value)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_places_in_sequences_count_as_samples(samples, length, classes, seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(samples, length, classes))
    labels = rng.integers(0, classes, (samples, length))
    flat = scores.reshape(-1, classes), labels.reshape(-1)
    for metric in (mg.accuracy, mg.metrics.TopKAccuracy(1), mg.metrics.F1("macro"), mg.metrics.confusion_matrix):
        np.testing.assert_array_equal(metric(scores, labels), metric(*flat))
    np.testing.assert_array_equal(mg.accuracy(scores, np.eye(classes)[labels]), mg.accuracy(*flat))
    ignored = rng.random(labels.shape) < 0.4
    found = mg.metrics.Accuracy(ignore_index=-7)(scores, np.where(ignored, -7, labels))
    kept = (scores.argmax(axis=-1) == labels)[~ignored]
    assert found == kept.mean() if kept.size else np.isnan(found)


def test_a_label_that_does_not_count_is_left_out_over_an_epoch():
    metric = mg.metrics.Accuracy(ignore_index=0)
    first = metric.statistics(np.eye(3)[None], np.array([[0, 0, 2]]))
    second = metric.statistics(np.eye(3)[None], np.array([[0, 1, 1]]))
    assert metric.value(metric.combined(first, second)) == 2 / 3
    with pytest.raises(ValueError, match=r"Accuracy: predictions of shape \(2, 3\) go with labels of shape \(2,\)"):
        metric(np.eye(3)[:2], np.eye(3)[:2])
    with pytest.raises(TypeError, match=r"ignore_index is a label, such as -1, not 0\.5"):
        mg.metrics.Accuracy(0.5)
