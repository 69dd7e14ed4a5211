"""Is it found out how the two methods of a layer or a loss are called, and said where it is not?"""

import kept_layer_forms as kept
import layer_forms as forms
import numpy as np
import pytest
from backward_checks import check

from minigrad import testing

RNG = np.random.default_rng(5)
X, P, T = (RNG.standard_normal(shape) for shape in ((7, 5), (7, 3), (7, 3)))
LABELS = np.array([0, 1, 2, 0, 1, 2, 1])


class Squares:
    """The mean of squares, with the gradient times `slip`."""

    slip = 1.0

    def value(self, prediction, target):
        self.difference = prediction - target
        return np.mean(self.difference**2)

    def gradient_of(self, prediction, target):
        return self.slip * 2 * (prediction - target) / prediction.size


class Bare(Squares):
    forward = Squares.value

    def backward(self):
        return self.slip * 2 * self.difference / self.difference.size


class Default(Bare):
    def backward(self, dout=1):
        return super().backward()


class Upstream(Bare):
    def backward(self, g):
        return g * super().backward()


class Again(Squares):
    forward, backward = Squares.value, Squares.gradient_of


class Called(Squares):
    __call__, gradient = Squares.value, Squares.gradient_of


class TargetFirst(Squares):
    def loss(self, y, y_pred):
        return self.value(y_pred, y)

    def gradient(self, y, y_pred):
        return self.gradient_of(y_pred, y)


class Elementwise(Squares):
    def loss(self, y, y_pred):
        return (y - y_pred) ** 2

    def gradient(self, y, y_pred):
        return self.slip * 2 * (y_pred - y)


class PerSample(Squares):
    def forward(self, prediction, target):
        self.difference = prediction - target
        return (self.difference**2).sum(axis=1)

    def backward(self):
        return self.slip * 2 * self.difference


class Averaged(Squares):
    """Keeps the gradient and returns nothing; it is that of `calculate`, not of `forward`."""

    def calculate(self, output, y):
        return np.mean(self.forward(output, y))

    def forward(self, y_pred, y_true):
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        self.dinputs = self.gradient_of(dvalues, y_true)


LOSSES = [Bare, Default, Upstream, Again, Called, TargetFirst, Elementwise, PerSample, Averaged]


@pytest.mark.parametrize("form", LOSSES)
def test_losses_are_checked_as_they_are(form):
    inputs = (T, P) if form in (TargetFirst, Elementwise) else (P, T)
    result = testing.check_backward(form(), inputs=inputs)
    assert len(result.leaves) == 1
    assert any("taken as a constant" in note for note in result.notes)
    assert check(type(form.__name__, (form,), {"slip": 7.0})(), inputs=inputs).verdict == "fail"


@pytest.mark.parametrize("form", [Bare, Again, PerSample, Averaged])
def test_an_object_may_be_called_a_loss(form):
    assert testing.check_backward(form(), inputs=(P, T), style="loss")


def test_a_loss_of_labels_takes_whole_numbers_as_they_are():
    class CrossEntropy:
        def forward(self, y_pred, y):
            exponentials = np.exp(y_pred - y_pred.max(axis=1, keepdims=True))
            self.probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
            return -np.log(self.probabilities[np.arange(len(y)), y]).mean()

        def backward(self, y):
            gradient = self.probabilities.copy()
            gradient[np.arange(len(y)), y] -= 1
            return gradient / len(y)

    assert testing.check_backward(CrossEntropy(), inputs=(P, LABELS))


def test_a_whole_model_may_return_its_gradients_by_name():
    class Model:
        def __init__(self):
            self.params = {"W": kept.W.copy(), "b": kept.B.copy()}

        def predict(self, x):
            return x @ self.params["W"] + self.params["b"]

        def loss(self, x, t):
            return 0.5 * np.sum((self.predict(x) - t) ** 2)

        def gradient(self, x, t):
            difference = self.predict(x) - t
            return {"W": x.T @ difference, "b": difference.sum(axis=0)}

    result = testing.check_backward(Model(), inputs=(X, T))
    assert [leaf.name for leaf in result.leaves] == ["params.W", "params.b"]
    assert "x, t: taken as constants" in result.notes


def test_layers_of_whole_numbers_have_their_weights_checked():
    class Embedding:
        def __init__(self):
            self.W = RNG.standard_normal((4, 3))

        def forward(self, index):
            self.index = index
            return self.W[index]

        def backward(self, g):
            self.dW = np.zeros_like(self.W)
            np.add.at(self.dW, self.index, g)

    class Once(Embedding):
        def backward(self, g):
            self.dW = np.zeros_like(self.W)
            self.dW[self.index] += g

    words = np.array([0, 2, 1, 2, 0])
    assert [leaf.name for leaf in testing.check_backward(Embedding(), inputs=words).leaves] == ["W"]
    assert check(Once(), inputs=words).verdict == "fail"


def test_slopes_of_single_elements_are_multiplied_by_the_upstream_gradient():
    class Sigmoid:
        def __call__(self, x):
            return 1 / (1 + np.exp(-x))

        def gradient(self, x):
            return self(x) * (1 - self(x))

    class OfOutput(Sigmoid):
        def gradient(self, output):
            return output * (1 - output)

    class Wrong(Sigmoid):
        def gradient(self, x):
            return x * (1 - x)

    assert testing.check_backward(Sigmoid(), inputs=X)
    assert testing.check_backward(OfOutput(), inputs=X)
    assert check(Wrong(), inputs=X).verdict == "fail"


class Cell(forms.Affine):
    def forward(self, x, h):
        self.x, self.h = x, h
        self.out = np.tanh(x @ self.W + h)
        return self.out, 2.0 * self.out, (x, self.out)

    def backward(self, dh, dc, cache):
        x, out = cache
        dz = (dh + 2.0 * dc) * (1 - out**2)
        self.dW = x.T @ dz
        return dz @ self.W.T, dz


class OneOfTwo(Cell):
    def forward(self, x, h):
        return super().forward(x, h)[:2]

    def backward(self, dh):
        return super().backward(dh, np.zeros_like(dh), (self.x, self.out))


class CacheFirst(Cell):
    def forward(self, x, h):
        return super().forward(x, h)[::2]

    def backward(self, cache, grad_output):
        return super().backward(grad_output, 0.0, cache)


def test_several_outputs_and_caches_go_where_they_belong():
    for form in (Cell, OneOfTwo, CacheFirst):
        result = testing.check_backward(form(), inputs=(X, P))
        assert [leaf.name for leaf in result.leaves] == ["x", "h", "W"]
    assert any("only the first result" in note for note in testing.check_backward(OneOfTwo(), inputs=(X, P)).notes)


def test_passes_that_only_hand_on_their_arguments_are_called_as_those_behind_them():
    class Outer:
        def __init__(self, inner):
            self.inner = inner

        def forward(self, *args):
            return self.inner.forward(*args)

        def backward(self, *args):
            return self.inner.backward(*args)

    for inner in (forms.Attributes(), forms.ByRate(), forms.RateUnused()):
        result = testing.check_backward(Outer(inner), inputs=X)
        assert [leaf.name for leaf in result.leaves] == ["args[0]", "inner.W", "inner.b"]


class Odd(forms.Attributes):
    forwards, backwards = forms.Affine.forward, forms.Attributes.backward
    forward = backward = None


def test_other_names_are_taken_and_offered():
    assert len(testing.check_backward(Odd(), inputs=X, methods=("forwards", "backwards")).leaves) == 3
    with pytest.raises(TypeError, match=r'backwards, forwards.*methods=\("forward_pass", "backprop"\)'):
        testing.check_backward(Odd(), inputs=X)
    with pytest.raises(TypeError, match=r"no 'forwrds' among .* did you mean 'forwards'"):
        testing.check_backward(Odd(), inputs=X, methods=("forwrds", "backwards"))
    with pytest.raises(TypeError, match="methods is a pair of names"):
        testing.check_backward(Odd(), inputs=X, methods="forwards")


def test_a_parameter_without_a_meaning_is_refused():
    class Strange(forms.Affine):
        def backward(self, g, first, second):
            return g @ self.W.T

    with pytest.raises(TypeError, match="takes g, first, second; there is 1 upstream gradient to give"):
        testing.check_backward(Strange(), inputs=X)
