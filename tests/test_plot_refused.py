"""What do pictures say to wrong input?"""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from minigrad import losses, nn, optim, plot, testing

NAN = np.nan
RUN = [{"loss": 0.9, "accuracy": 0.5, "validation_loss": 0.8}, {"loss": 0.5, "accuracy": 0.7, "validation_loss": 0.6}]
SCORES = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0], [0.0, 1.0, 5.0], [4.0, 0.0, 0.0]])
X = np.random.default_rng(1).normal(size=(40, 2)).astype(np.float32)
Y = np.random.default_rng(2).integers(0, 3, 40)
IMAGES, LABELS = np.zeros((4, 1, 2, 2)), np.array([0, 1, 2, 1])
REFUSED = [
    (lambda: plot.history([]), ValueError, "no epochs"),
    (lambda: plot.history([{}]), ValueError, "nothing was recorded"),
    (lambda: plot.history({"loss": [1.0]}), TypeError, "not a dict"),
    (lambda: plot.history([{"loss": "low"}]), TypeError, "record 0 is"),
    (lambda: plot.history(RUN, "loss"), TypeError, r"names is a list, such as \['loss'\]"),
    (lambda: plot.history(RUN, []), ValueError, "names is empty"),
    (lambda: plot.history(RUN, ["f1"]), KeyError, "'f1' is none of the quantities loss, accuracy"),
    (lambda: plot.history(RUN, ["validation_loss"]), KeyError, "'loss' draws both"),
    (lambda: plot.history(RUN, ax=Figure().subplots()), ValueError, r"write names=\['loss'\]"),
    (lambda: plot.history(RUN, ["loss"], ax=Figure()), TypeError, "ax is a Figure"),
    (lambda: plot.history(RUN, ["loss"], ax=Figure().subplots(1, 2)), TypeError, r"ax\[0\]"),
    (lambda: plot.schedule(0.1, 10), TypeError, "not a float"),
    (lambda: plot.schedule(optim.SGD, 10), TypeError, "the class SGD"),
    (lambda: plot.schedule(optim.cosine(1.0, 5), 0), ValueError, "steps is a whole number of at least 1, not 0"),
    (lambda: plot.schedule(lambda step: -step, 3), ValueError, "gives -1 after 1 steps"),
    (lambda: plot.schedule(lambda step: None, 3), ValueError, "gives None after 0 steps"),
    (lambda: plot.confusion_matrix(SCORES, LABELS, normalize="rows"), ValueError, "normalize is 'target'"),
    (lambda: plot.confusion_matrix(SCORES, LABELS[:3]), ValueError, "4 samples but 3 labels"),
    (lambda: plot.confusion_matrix(SCORES, LABELS + 1), ValueError, "from 0 to 2 for 3 classes; the largest is 3"),
    (lambda: plot.confusion_matrix(SCORES, LABELS - 1), ValueError, "smallest of the target is -1"),
    (lambda: plot.confusion_matrix(SCORES, LABELS * 1.0), TypeError, r"target.astype\(int\)"),
    (lambda: plot.confusion_matrix(SCORES, LABELS[:, None]), ValueError, r"write target\[:, 0\]"),
    (lambda: plot.confusion_matrix(SCORES, np.ones((4, 3))), ValueError, "one-hot"),
    (lambda: plot.confusion_matrix(SCORES, np.eye(4)), ValueError, "rows of 4 classes, and the prediction 3"),
    (lambda: plot.confusion_matrix(SCORES * NAN, LABELS), ValueError, "holds NaN"),
    (lambda: plot.confusion_matrix(SCORES[None], LABELS), ValueError, r"shape \(1, 4, 3\)"),
    (lambda: plot.confusion_matrix(SCORES[:, 0], LABELS), ValueError, r"mg.sigmoid\(logits\)"),
    (lambda: plot.confusion_matrix(SCORES[:0], LABELS[:0]), ValueError, "no samples"),
    (lambda: plot.confusion_matrix(["a", "b"], [0, 1]), TypeError, "not real numbers"),
    (lambda: plot.confusion_matrix(SCORES, LABELS, "abc"), TypeError, "names is a str"),
    (lambda: plot.confusion_matrix(SCORES, LABELS, ["a", "b"]), ValueError, "3 classes, and 2 names"),
    (lambda: plot.confusion_matrix([0, 10**5], [0, 1]), ValueError, "100,001 classes, more than the 2,000 that can be"),
    (lambda: plot.mistakes(IMAGES + np.inf, SCORES, LABELS), ValueError, "the images hold infinite numbers"),
    (lambda: plot.mistakes(IMAGES, LABELS, LABELS), ValueError, "and not its argmax"),
    (lambda: plot.mistakes(IMAGES, SCORES / 9, LABELS), ValueError, r"row 0 sums to 0.3333.*mg.softmax"),
    (lambda: plot.mistakes(IMAGES, SCORES / 0.0, LABELS), ValueError, "NaN"),
    (lambda: plot.mistakes(IMAGES, np.where(SCORES > 3, np.inf, SCORES), LABELS), ValueError, "infinite"),
    (lambda: plot.mistakes(IMAGES[:2], SCORES, LABELS), ValueError, "2 images but 4 predictions"),
    (lambda: plot.mistakes(np.zeros((4, 8, 8, 3)), SCORES, LABELS), ValueError, r"np.moveaxis\(images, -1, 1\)"),
    (lambda: plot.mistakes(np.zeros((4, 64)), SCORES, LABELS), ValueError, "images.reshape"),
    (lambda: plot.mistakes(np.full((4, 3, 2, 2), 1.5), SCORES, LABELS), ValueError, "go from 0 to 1"),
    (lambda: plot.mistakes(IMAGES, SCORES, LABELS, count=0), ValueError, "count is a whole number"),
    (lambda: plot.gradient_check(np.ones(2), np.ones(3)), ValueError, r"\[\(2,\)\].*\[\(3,\)\]"),
    (lambda: plot.gradient_check(np.ones(0), np.ones(0)), ValueError, "without elements"),
    (lambda: plot.gradient_check({"a": X}, {"b": X}), ValueError, r"the keys \['a'\], and the numerical .* \['b'\]"),
    (lambda: plot.gradient_check([], []), ValueError, "no arrays"),
    (lambda: plot.gradient_check("gradient", np.ones(2)), TypeError, "not real numbers"),
    (lambda: plot.gradient_check(np.ones(2), np.ones(2), names=["a", "b"]), ValueError, "1 array"),
    (
        lambda: plot.gradient_check(np.ones(2), testing.gradcheck(np.sin, np.ones(2))),
        TypeError,
        "numerical_vjp",
    ),
]
DENSE = nn.Dense(2, 3, rng=0)
REFUSED += [
    (lambda: plot.decision_boundary(nn.Dense, X, Y), TypeError, r"the class Dense; make one: Dense\(...\)"),
    (lambda: plot.decision_boundary(np.sum, X, Y), TypeError, "give an nn.Layer"),
    (lambda: plot.decision_boundary(DENSE, X[:, :1], Y), ValueError, r"two features, shape \(N, 2\), not \(40, 1\)"),
    (lambda: plot.decision_boundary(DENSE, X / 0.0, Y), ValueError, "infinite"),
    (
        lambda: plot.decision_boundary(nn.Dense(2, 1, rng=0), X, Y),
        ValueError,
        r"nn.Sequential\(model, nn.Sigmoid\(\)\)",
    ),
    (
        lambda: plot.decision_boundary(nn.Lambda(np.zeros_like), X, Y),
        ValueError,
        r"nn.Sequential\(model, nn.Softmax\(\)",
    ),
    (lambda: plot.decision_boundary(nn.Lambda(np.sum), X, Y), ValueError, "a row for each"),
    (lambda: plot.hidden_pca(DENSE, X, Y, "layers.0"), KeyError, "there is none inside of this one"),
    (lambda: plot.hidden_pca(nn.Sequential(DENSE), X, Y, "layers.1"), KeyError, r"there is layers.0 \(Dense\)"),
    (lambda: plot.hidden_pca(nn.Sequential(DENSE), X, Y[:5], "layers.0"), ValueError, "40 samples but 5 labels"),
    (lambda: plot.hidden_pca(nn.Sequential(nn.Dense(2, 1)), X, Y, "layers.0"), ValueError, "gives 1 for 40"),
    (lambda: plot.hidden_pca(nn.Sequential(DENSE), X * 0, Y, "layers.0"), ValueError, "the same for all samples"),
    (lambda: plot.filters(DENSE), ValueError, r"has no nn.Conv; of an nn.Dense.*shape=\(C, H, W\)"),
    (lambda: plot.filters(DENSE, shape=(2, 2)), ValueError, "have 4 numbers, and .* takes 2"),
    (lambda: plot.filters(DENSE, shape=2), ValueError, r"a shape is \(C, H, W\)"),
    (lambda: plot.filters(nn.ReLU(), shape=(2, 2)), ValueError, "this ReLU has no nn.Dense"),
    (lambda: plot.distributions(nn.ReLU()), ValueError, "no parameters"),
    (lambda: plot.distributions(DENSE, of="biases"), ValueError, "of is 'weights' or 'gradients'"),
    (lambda: plot.distributions(DENSE, of="gradients"), ValueError, r"call loss.backward\(\) first"),
    (lambda: plot.loss_surface(DENSE, "mse", [(X, Y)]), TypeError, "the loss is a function"),
    (lambda: plot.loss_surface(DENSE, losses.mse, (X, Y)), TypeError, r"such as \[\(x, y\)\]"),
    (lambda: plot.loss_surface(DENSE, losses.mse, []), ValueError, "no batches"),
    (lambda: plot.loss_surface(DENSE, losses.mse, None), TypeError, "not a NoneType"),
    (lambda: plot.loss_surface(DENSE, lambda p, y: p, [(X, Y)]), ValueError, r"the loss gave shape \(40, 3\)"),
    (lambda: plot.loss_surface(DENSE, lambda p, y: np.nan, [(X, Y)], 1), ValueError, "at the parameters is nan"),
    (lambda: plot.loss_surface(DENSE, losses.mse, [(X, Y)], directions=3), ValueError, "directions is 1 or 2"),
    (lambda: plot.loss_surface(DENSE, losses.mse, [(X, Y)], points=4), ValueError, "points is an odd number"),
    (lambda: plot.loss_surface(DENSE, losses.mse, [(X, Y)], size=0.0), ValueError, "size is a positive number"),
    (lambda: plot.loss_surface(nn.BatchNorm(2), losses.mse, [(X, X)]), ValueError, "more than one axis"),
]


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_wrong_input_is_explained(call, kind, message):
    with pytest.raises(kind, match=message) as raised:
        call()
    assert re.match(r"'?\"?plot\.\w+: ", str(raised.value))
