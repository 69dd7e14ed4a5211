"""Do losses and their gradients agree with PyTorch, for all shapes and options?"""

import numpy as np
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from torch.nn import functional

import minigrad as mg
from minigrad import losses

shapes = array_shapes(max_dims=3, max_side=4)
reductions = st.sampled_from(["mean", "sum", "none"])
dtypes = st.sampled_from([np.float64, np.float32])


@st.composite
def normals(draw, shape, scale=1.0):
    """Real numbers that are not the same everywhere, and no kink of a loss."""
    return scale * np.random.default_rng(draw(st.integers(0, 2**32))).normal(size=shape)


def assert_agrees(own, theirs, *values, dtype=np.float64):
    """Value, and gradients with respect to each of these arrays."""
    mine = [mg.Tensor(value, requires_grad=True, dtype=dtype) for value in values]
    others = [torch.tensor(value.astype(dtype), requires_grad=True) for value in values]
    found, expected = own(*mine), theirs(*others)
    assert found.shape == tuple(expected.shape)
    assert found.dtype == dtype
    tolerance = 1e-12 if dtype is np.float64 else 1e-6
    upstream = np.random.default_rng(0).uniform(0.5, 1.5, found.shape).astype(dtype)
    found.backward(upstream)
    expected.backward(torch.tensor(upstream))
    for one, other in zip([found, *(x.grad for x in mine)], [expected, *(x.grad for x in others)], strict=True):
        one, other = one.numpy(), other.detach().numpy()
        reach = max(1.0, np.max(np.abs(other)))
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * reach)


def torch_like(array, like):
    """A constant of the dtype of a tensor of PyTorch."""
    return torch.tensor(array, dtype=like.dtype)


def torch_reduced(terms, reduction):
    """What a loss of PyTorch does at the end."""
    return {"mean": terms.mean, "sum": terms.sum, "none": lambda: terms}[reduction]()


PAIRS = {
    "mse": (losses.mse, functional.mse_loss),
    "mae": (losses.mae, functional.l1_loss),
    "huber": (losses.huber, functional.huber_loss),
    "bce": (losses.bce, functional.binary_cross_entropy),
    "bce_with_logits": (losses.bce_with_logits, functional.binary_cross_entropy_with_logits),
}


@given(st.sampled_from(sorted(PAIRS)), shapes, reductions, dtypes, st.data())
def test_losses_of_elements(name, shape, reduction, dtype, data):
    own, theirs = PAIRS[name]
    prediction, target = data.draw(normals(shape, 2.0)), data.draw(normals(shape))
    if name.startswith("bce"):
        target = 1 / (1 + np.exp(-target))
    if name == "bce":
        prediction = 0.01 + 0.98 / (1 + np.exp(-prediction))
    options = {"delta": data.draw(st.floats(0.1, 3.0))} if name == "huber" else {}

    def ours(p):
        return own(p, target, reduction=reduction, **options)

    def other(p):
        return theirs(p, torch_like(target, p), reduction=reduction, **options)

    assert_agrees(ours, other, prediction, dtype=dtype)


@given(st.sampled_from(["bce", "bce_with_logits"]), shapes, st.sampled_from(["sum", "none"]), st.data())
def test_weights_of_elements(name, shape, reduction, data):
    """Of a mean PyTorch divides by the number of elements, and not by the sum of weights."""
    own, theirs = PAIRS[name]
    prediction, target = (1 / (1 + np.exp(-data.draw(normals(shape)))) for _ in range(2))
    weights = data.draw(arrays(float, shape, elements=st.sampled_from([0.0, 0.5, 1.0, 2.0])))
    assume(weights.any())
    assert_agrees(
        lambda p: own(p, target, weights=weights, reduction=reduction),
        lambda p: theirs(p, torch_like(target, p), weight=torch.tensor(weights), reduction=reduction),
        prediction,
    )
    assert_agrees(
        lambda p: own(p, target, weights=weights) * (weights.sum() / weights.size),
        lambda p: theirs(p, torch_like(target, p), weight=torch.tensor(weights)),
        prediction,
    )


@st.composite
def classified(draw):
    """Logits (N, ..., K), labels, and options of which some sample counts."""
    shape = (*draw(shapes), draw(st.integers(1, 4)))
    labels = draw(arrays(np.int64, shape[:-1], elements=st.integers(0, shape[-1] - 1)))
    weights = draw(st.none() | arrays(float, shape[-1:], elements=st.sampled_from([0.25, 1.0, 3.0])))
    ignored = draw(st.none() | st.integers(-1, shape[-1] - 1))
    if ignored == -1:
        labels = np.where(draw(arrays(bool, shape[:-1])), labels, -1)
    assume(ignored is None or (labels != ignored).any())
    smoothing = draw(st.sampled_from([0.0, 0.1, 0.5]))
    return draw(normals(shape, 2.0)), labels, weights, ignored, smoothing


def classes_second(x):
    """PyTorch's arrangement of classes, (N, K, ...)."""
    return torch.movedim(x, -1, 1).contiguous()


@given(classified(), reductions, dtypes)
def test_cross_entropy_of_labels(drawn, reduction, dtype):
    logits, labels, weights, ignored, smoothing = drawn

    def theirs(z):
        return functional.cross_entropy(
            classes_second(z),
            torch.tensor(labels),
            weight=None if weights is None else torch_like(weights, z),
            ignore_index=-100 if ignored is None else ignored,
            label_smoothing=smoothing,
            reduction=reduction,
        )

    def own(z):
        options = {"class_weights": weights, "ignore_index": ignored, "label_smoothing": smoothing}
        return losses.cross_entropy(z, labels, reduction=reduction, **options)

    assert_agrees(own, theirs, logits, dtype=dtype)


@given(classified(), reductions, dtypes)
def test_nll_of_labels(drawn, reduction, dtype):
    logits, labels, weights, ignored, _ = drawn

    def theirs(z):
        return functional.nll_loss(
            classes_second(functional.log_softmax(z, -1)),
            torch.tensor(labels),
            weight=None if weights is None else torch_like(weights, z),
            ignore_index=-100 if ignored is None else ignored,
            reduction=reduction,
        )

    def own(z):
        options = {"class_weights": weights, "ignore_index": ignored}
        return losses.nll(mg.log_softmax(z), labels, reduction=reduction, **options)

    assert_agrees(own, theirs, logits, dtype=dtype)


@given(classified(), reductions, dtypes, st.data())
def test_cross_entropy_and_divergence_of_distributions(drawn, reduction, dtype, data):
    """Of a mean with class weights PyTorch divides by the number of samples, where targets are distributions."""
    logits, _, weights, _, smoothing = drawn
    target = np.exp(data.draw(normals(logits.shape)))
    target /= target.sum(-1, keepdims=True)
    weights = weights if reduction != "mean" else None

    def theirs(z, scores):
        t = functional.softmax(scores, -1)
        return functional.cross_entropy(
            classes_second(z),
            classes_second(t),
            weight=None if weights is None else torch_like(weights, z),
            label_smoothing=smoothing,
            reduction=reduction,
        )

    def own(z, scores):
        options = {"class_weights": weights, "label_smoothing": smoothing}
        return losses.cross_entropy(z, mg.softmax(scores), reduction=reduction, **options)

    assert_agrees(own, theirs, logits, np.log(target), dtype=dtype)

    def divergence(z, scores):
        t = functional.softmax(scores, -1)
        return torch_reduced(functional.kl_div(functional.log_softmax(z, -1), t, reduction="none").sum(-1), reduction)

    def own_divergence(z, scores):
        return losses.kl(mg.log_softmax(z), mg.softmax(scores), reduction=reduction)

    assert_agrees(own_divergence, divergence, logits, np.log(target), dtype=dtype)


@given(shapes, reductions, dtypes, st.data())
def test_likelihoods(shape, reduction, dtype, data):
    mean, target, log_variance = (data.draw(normals(shape)) for _ in range(3))
    assert_agrees(
        lambda m, y, s: losses.gaussian_nll(m, y, log_variance=s, reduction=reduction),
        lambda m, y, s: functional.gaussian_nll_loss(m, y, torch.exp(s), full=True, eps=0.0, reduction=reduction),
        *(mean, target, log_variance),
        dtype=dtype,
    )
    counts = data.draw(arrays(float, shape, elements=st.integers(0, 20)))
    assert_agrees(
        lambda z: losses.poisson_nll(z, counts, reduction=reduction),
        lambda z: torch_reduced(
            functional.poisson_nll_loss(z, torch_like(counts, z), reduction="none")
            + torch.lgamma(torch_like(counts, z) + 1),
            reduction,
        ),
        mean,
        dtype=dtype,
    )


@given(shapes, reductions, dtypes, st.data())
def test_hinge(shape, reduction, dtype, data):
    prediction, signs = data.draw(normals(shape)), np.sign(data.draw(normals(shape)))
    assert_agrees(
        lambda z: losses.hinge(z, signs, reduction=reduction),
        lambda z: torch_reduced(functional.relu(1 - torch_like(signs, z) * z), reduction),
        prediction,
        dtype=dtype,
    )
