"""Is every loss right, in value and gradient, finite where it can be, and never broadcast by mistake?"""

import re
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import special

import minigrad as mg
from minigrad import losses, testing

rng = np.random.default_rng(0)
REALS, PROBABILITIES = rng.normal(size=(4, 3)), rng.uniform(0.1, 0.9, size=(4, 3))
TARGETS = rng.uniform(size=(4, 3))
ROWS = TARGETS / TARGETS.sum(axis=1, keepdims=True)
LABELS = np.array([0, 2, 2, 1])
PAIRWISE = [losses.mse, losses.bce, losses.bce_with_logits, losses.cross_entropy]

CLOSED_FORMS = [
    (losses.mse, REALS, TARGETS, lambda p, y: np.mean((p - y) ** 2), lambda p, y: 2 * (p - y) / p.size),
    (
        losses.bce,
        PROBABILITIES,
        TARGETS,
        lambda p, y: np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)),
        lambda p, y: (p - y) / (p * (1 - p)) / p.size,
    ),
    (
        losses.bce_with_logits,
        REALS,
        TARGETS,
        lambda z, y: np.mean(-y * np.log(special.expit(z)) - (1 - y) * np.log(special.expit(-z))),
        lambda z, y: (special.expit(z) - y) / z.size,
    ),
    (
        losses.cross_entropy,
        REALS,
        ROWS,
        lambda z, t: np.mean(np.sum(-t * np.log(special.softmax(z, axis=1)), axis=1)),
        lambda z, t: (special.softmax(z, axis=1) - t) / len(z),
    ),
    # The derivative with respect to a target of 0 is as large as that with respect to any other.
    (
        losses.cross_entropy,
        REALS,
        np.eye(3)[LABELS],
        lambda z, t: np.mean(np.sum(-t * np.log(special.softmax(z, axis=1)), axis=1)),
        lambda z, t: (special.softmax(z, axis=1) - t) / len(z),
    ),
    (
        losses.cross_entropy,
        REALS,
        LABELS,
        lambda z, y: np.mean(-np.log(special.softmax(z, axis=1))[np.arange(4), y]),
        lambda z, y: (special.softmax(z, axis=1) - np.eye(3)[y]) / len(z),
    ),
]
closed_forms = pytest.mark.parametrize(("loss", "prediction", "target", "value", "gradient"), CLOSED_FORMS)


def value_and_gradient(loss, prediction, target, dtype=None):
    tensor = mg.Tensor(prediction, requires_grad=True, dtype=dtype)
    out = loss(tensor, target)
    assert out.shape == ()
    out.backward()
    assert out.dtype == tensor.grad.dtype == tensor.dtype
    return out.item(), tensor.grad.data


@closed_forms
def test_value_and_gradient_are_the_closed_form(loss, prediction, target, value, gradient):
    found = value_and_gradient(loss, prediction, target)
    assert found[0] == pytest.approx(value(prediction, target), rel=1e-13)
    np.testing.assert_allclose(found[1], gradient(prediction, target), rtol=1e-12, atol=1e-15)
    plain = loss(prediction, target)
    assert isinstance(plain, np.float64)
    assert plain == found[0]


@closed_forms
def test_gradients_of_both_sides_are_the_numerical_ones(loss, prediction, target, value, gradient):
    sides = [prediction] if target is LABELS else [prediction, target]
    tensors = [mg.Tensor(side, requires_grad=True) for side in sides]
    found = mg.gradients(loss(*tensors, *([LABELS] if target is LABELS else [])), tensors)
    # Moved by a step, rows would no longer sum to 1; the closed form does not mind.
    expected = testing.numerical_vjp(value, (prediction, target)).value
    for actual, truth in zip(found, expected, strict=True):
        np.testing.assert_allclose(actual.data, truth, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("loss", PAIRWISE[:3])
@pytest.mark.parametrize(
    ("shape", "other"), [((4, 1), (4,)), ((4,), (4, 1)), ((4, 1), (1, 4)), ((2, 3), (3,)), ((1,), ()), ((4,), (3,))]
)
def test_shapes_are_never_broadcast(loss, shape, other):
    message = f"{loss.__name__}: .*{re.escape(str(shape))}.*{re.escape(str(other))}"
    for prediction in (np.zeros(shape), mg.Tensor(np.zeros(shape), requires_grad=True)):
        for target in (np.zeros(other), mg.Tensor(np.zeros(other)), np.zeros(other).tolist()):
            with pytest.raises(ValueError, match=message):
                loss(prediction, target)


@pytest.mark.parametrize(
    ("logits", "target", "error", "message"),
    [
        (np.zeros((4, 3)), np.zeros((4, 1)), ValueError, r"\(4, 3\).*\(4, 1\)"),
        (np.zeros((4, 3)), np.zeros((1, 3)), ValueError, r"\(4, 3\).*\(1, 3\)"),
        (np.zeros((4, 3)), np.zeros((3, 4)), ValueError, r"\(4, 3\).*\(3, 4\)"),
        (np.zeros((4, 3)), 1, ValueError, r"\(4, 3\).*\(\)"),
        (np.zeros((4, 3)), [0, 1, 2], ValueError, r"\(4, 3\) need 4 labels, not 3"),
        (np.zeros((4, 3)), [0, 1, 2, 3], ValueError, "labels go from 0 to 2 for 3 classes; these go from 0 to 3"),
        (np.zeros((4, 3)), [0, -1, 2, 0], ValueError, "0 to 2 .* these go from -1 to 2"),
        (np.zeros((4, 3)), [0.0, 1.0, 2.0, 1.0], TypeError, "labels are integers, not float64"),
        (np.zeros((4, 3)), [True, False, True, True], TypeError, "labels are integers, not bool"),
        (np.zeros(3), [0, 1, 2], ValueError, r"logits have shape \(N, K\) or .*, not \(3,\)"),
        (np.zeros(()), 0, ValueError, r"logits have shape \(N, K\) or .*, not \(\)"),
        (np.zeros((2, 3, 4)), np.zeros((2, 5), int), ValueError, r"need labels of shape \(2, 3\), .* shape \(2, 5\)"),
        (np.zeros((2, 3, 4)), np.zeros((2, 4), int), ValueError, r"second axis.* write np\.moveaxis\(logits, 1, -1\)"),
        (np.zeros((2, 3, 4)), np.zeros((2, 3, 1), int), ValueError, r"not \(2, 3, 1\): write target\[\.\.\., 0\]"),
        (
            np.zeros((2, 3, 4)),
            np.full((2, 3), 4),
            ValueError,
            "labels go from 0 to 3 for 4 classes; these go from 4 to",
        ),
        (np.zeros((2, 0)), np.zeros(2, int), ValueError, r"no classes, logits have shape \(2, 0\)"),
        (np.zeros((0, 3)), np.zeros(0, int), ValueError, "no samples"),
        (np.zeros((0, 3)), np.zeros((0, 3)), ValueError, "no samples"),
        (np.zeros((2, 2)), [[0.5, 0.5], [0.75, 0.5]], ValueError, "sums to 1; row 1 sums to 1.25"),
        (np.zeros((2, 2)), [[0, 0], [1, 0]], ValueError, "row 0 sums to 0"),
        (np.zeros((2, 2)), [[1.5, -0.5], [1, 0]], ValueError, r"targets lie in \[0, 1\].* from -0.5 to 1.5"),
        (np.zeros((2, 2)), [[np.nan, 1.0], [1, 0]], ValueError, "row 0 sums to nan"),
    ],
)
def test_cross_entropy_refuses_targets_that_mean_nothing(logits, target, error, message):
    for values in (logits, mg.Tensor(logits, requires_grad=True)):
        for given_target in (target, mg.Tensor(target)):
            with pytest.raises(error, match=f"cross_entropy: .*{message}"):
                losses.cross_entropy(values, given_target)


@pytest.mark.parametrize("loss", PAIRWISE[:3])
def test_mean_over_nothing_is_refused(loss):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: .*\(0, 3\)"):
        loss(np.zeros((0, 3)), np.zeros((0, 3)))


def test_bce_takes_logarithms_of_nothing_below_1e_12():
    assert losses.bce(np.array([0.0]), [1]) == pytest.approx(-np.log(1e-12), rel=1e-12)
    assert losses.bce(np.array([1e-12]), [1]) == pytest.approx(-np.log(1e-12), rel=1e-12)
    assert losses.bce(np.array([1e-11]), [1]) == pytest.approx(-np.log(1e-11), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_bce_is_finite_for_certain_predictions(dtype):
    prediction, target = [0.0, 1.0, 0.0, 1.0], [0, 1, 1, 0]
    value, gradient = value_and_gradient(losses.bce, prediction, target, dtype)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    # Right and certain costs nothing; wrong and certain costs much, and the gradient points the way back.
    assert losses.bce(np.array([0.0, 1.0], dtype), [0, 1]) == 0.0
    assert value > (13.0 if dtype != np.float16 else 4.0)
    assert gradient[2] < -1e3
    assert gradient[3] > 1e3


@pytest.mark.parametrize(
    ("loss", "prediction", "target", "message"),
    [
        (losses.bce, [0.5, 1.25], [0, 1], r"bce: predictions lie in \[0, 1\].* 0.5 to 1.25.*bce_with_logits"),
        (losses.bce, [-0.25, 0.5], [0, 1], r"bce: predictions .* -0.25 to 0.5"),
        (losses.bce, [0.5, 0.5], [0, 2], r"bce: targets lie in \[0, 1\].* 0 to 2$"),
        (losses.bce, [0.5, 0.5], [-1, 1], r"bce: targets .* -1 to 1"),
        (losses.bce_with_logits, [5.0, -5.0], [0, 2], r"bce_with_logits: targets lie in \[0, 1\].* 0 to 2"),
        (losses.bce_with_logits, [5.0, -5.0], [-1, 1], r"bce_with_logits: targets .* -1 to 1"),
    ],
)
def test_numbers_that_are_no_probabilities_are_refused(loss, prediction, target, message):
    for given_target in (target, np.array(target), mg.Tensor(target, dtype=float)):
        with pytest.raises(ValueError, match=message):
            loss(mg.Tensor(prediction, requires_grad=True), given_target)


def test_nan_is_passed_on():
    # Training stops at a loss of NaN, and says where; that NumPy warns before is no matter.
    with np.errstate(invalid="ignore"):
        for loss in PAIRWISE[:3]:
            assert np.isnan(loss(np.array([np.nan, 0.5]), [0, 1]))
    assert np.isnan(losses.cross_entropy(np.array([[np.nan, 0.5]]), [1]))


def exact_bce(logit, target):
    """The loss -y log p - (1 - y) log(1 - p) of one logit and its derivative p - y, to 60 digits."""
    with localcontext(prec=60):
        z, y = Decimal(logit), Decimal(target)
        p = 1 / (1 + (-z).exp())
        return float(-y * p.ln() - (1 - y) * (1 - p).ln()), float(p - y)


@pytest.mark.parametrize("logit", [-30.0, -3.0, -1e-9, 0.0, 0.5, 30.0])
@pytest.mark.parametrize("target", [0.0, 0.25, 1.0])
def test_bce_with_logits_is_precise(logit, target):
    expected = exact_bce(logit, target)
    value, gradient = value_and_gradient(losses.bce_with_logits, [logit], [target])
    assert value == pytest.approx(expected[0], rel=1e-12)
    assert gradient[0] == pytest.approx(expected[1], rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_extreme_logits_are_exact(dtype):
    logits = np.array([1000.0, 1000.0, -1000.0, -1000.0])
    value, gradient = value_and_gradient(losses.bce_with_logits, logits, [1, 0, 1, 0], dtype)
    assert value == 500.0
    np.testing.assert_array_equal(gradient, [0.0, 0.25, -0.25, 0.0])
    value, gradient = value_and_gradient(losses.cross_entropy, [[1000.0, -1000.0], [1000.0, -1000.0]], [0, 1], dtype)
    assert value == 1000.0
    np.testing.assert_array_equal(gradient, [[0.0, 0.0], [0.5, -0.5]])


@pytest.mark.parametrize("loss", PAIRWISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_dtype_is_that_of_the_prediction(loss, dtype):
    target = np.eye(3)
    for given_target in (target, target.astype(int), target.astype(bool), target.tolist(), target.astype(np.uint8)):
        value, gradient = value_and_gradient(loss, np.full((3, 3), 0.25), given_target, dtype)
        assert value == pytest.approx(loss(np.full((3, 3), 0.25), target), rel=2e-3)
        constant = value_and_gradient(loss, np.full((3, 3), 0.25), mg.Tensor(given_target, dtype=dtype), dtype)
        assert constant[0] == value
        np.testing.assert_array_equal(constant[1], gradient)


@pytest.mark.parametrize("loss", PAIRWISE)
def test_integers_and_booleans_count_as_numbers(loss):
    # In unsigned integers, -1 would be 255.
    target, prediction = np.array([[0, 1], [1, 0]]), np.array([[0.25, 0.5], [0.75, 0.125]])
    expected = loss(prediction, target.astype(float))
    for kind in (np.uint8, np.int64, bool):
        for tensor in (target.astype(kind), mg.Tensor(target.astype(kind))):
            assert np.asarray(loss(prediction, tensor)) == expected
    certain = loss(target.astype(float), target)
    for values in (target.tolist(), target, target.astype(np.uint8), target.astype(bool), mg.Tensor(target)):
        assert np.asarray(loss(values, target)) == certain


def test_labels_may_be_written_to_before_the_backward_pass():
    logits, labels = mg.Tensor(np.zeros((2, 3)), requires_grad=True), np.array([0, 1])
    loss = losses.cross_entropy(logits, labels)
    labels[:] = 2
    loss.backward()
    np.testing.assert_allclose(logits.grad.data, np.array([[-2, 1, 1], [1, -2, 1]]) / 6)


def test_labels_in_foreign_byte_order():
    assert losses.cross_entropy(np.zeros((2, 300)), np.array([0, 258], ">i2")) == pytest.approx(np.log(300))


def test_labels_and_one_hot_rows_agree():
    for labels in (LABELS, LABELS.tolist(), LABELS.astype(np.uint8), mg.Tensor(LABELS)):
        found = value_and_gradient(losses.cross_entropy, REALS, labels)
        expected = value_and_gradient(losses.cross_entropy, REALS, np.eye(3)[LABELS])
        assert found[0] == pytest.approx(expected[0], rel=1e-14)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-14)


@pytest.mark.parametrize("loss", PAIRWISE)
def test_half_precision_holds_the_mean_over_many_samples(loss):
    prediction, target = np.full((50_000, 2), 0.125), np.tile([1.0, 0.0], (50_000, 1))
    value, gradient = value_and_gradient(loss, prediction, target, np.float16)
    assert value == pytest.approx(loss(prediction, target), rel=2e-3)
    expected = value_and_gradient(loss, prediction, target)[1]
    # Shares of 1 / 50,000 come close to the smallest step of float16, 6e-8.
    np.testing.assert_allclose(gradient, expected, rtol=0.02)


shapes = array_shapes(max_dims=2, max_side=4)
unit = st.floats(1e-6, 1 - 1e-6)


def pairs(elements, others):
    return shapes.flatmap(lambda s: st.tuples(arrays(float, s, elements=elements), arrays(float, s, elements=others)))


@given(pairs(unit, st.floats(0, 1)))
def test_bce_is_bce_with_logits_of_the_logit(pair):
    probabilities, target = pair
    expected = losses.bce_with_logits(special.logit(probabilities), target)
    assert losses.bce(probabilities, target) == pytest.approx(expected, rel=1e-9)


@given(pairs(st.floats(-1e3, 1e3), st.floats(0, 1)))
def test_bce_with_logits_is_least_at_the_target(pair):
    logits, target = pair
    entropy = np.mean(special.entr(target) + special.entr(1 - target))
    assert losses.bce_with_logits(logits, target) >= entropy - 1e-12


@given(pairs(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)))
def test_mse_is_symmetric_and_zero_for_equals(pair):
    one, other = pair
    assert losses.mse(one, other) == losses.mse(other, one) >= 0.0
    assert losses.mse(one, one) == 0.0


logit_rows = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: st.tuples(
        arrays(float, shape, elements=st.floats(-500, 500)),
        arrays(int, shape[0], elements=st.integers(0, shape[1] - 1)),
        arrays(float, (shape[0], 1), elements=st.floats(-500, 500)),
    )
)


@given(logit_rows)
def test_cross_entropy_is_not_negative_and_does_not_change_with_a_shift_of_rows(drawn):
    logits, labels, shift = drawn
    value, gradient = value_and_gradient(losses.cross_entropy, logits, labels)
    assert value >= 0.0
    assert losses.cross_entropy(logits + shift, labels) == pytest.approx(value, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(gradient.sum(axis=1), 0.0, atol=1e-15)
