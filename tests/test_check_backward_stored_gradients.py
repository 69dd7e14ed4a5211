"""Are the gradients of a layer's parameters found wherever the layer leaves them, and is it said where?"""

import kept_layer_forms as kept
import layer_forms as forms
import numpy as np
import pytest
from backward_checks import check

from minigrad import testing

X = np.random.default_rng(3).standard_normal((7, 5))


def weights_of(result):
    return [leaf.name for leaf in result.leaves][1:]


@pytest.mark.parametrize("form", forms.FORMS)
def test_parameters_are_checked_in_every_form(form):
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal((7, 5))
        result = testing.check_backward(form(), inputs=x, rng=seed)
        assert len(result.leaves) == (5 if form is forms.Network else 3)
        assert result.notes


@pytest.mark.parametrize("form", forms.FORMS)
def test_the_wrong_one_of_two_gradients_is_found_in_every_form(form):
    layer = form()
    twin = type(form.__name__, (form,), {"slip": 2.0})() if form is not forms.Network else layer
    if form is forms.Network:
        layer.slip = 2.0
    result = check(twin, inputs=X)
    assert result.verdict == "fail"
    (wrong,) = [leaf.name for leaf in result.leaves if leaf.verdict == "fail"]
    assert wrong.split(".")[-1].startswith("b")


@pytest.mark.parametrize(
    ("form", "names", "remark"),
    [
        (forms.Attributes, ["W", "b"], "weights W, b: read from dW, db"),
        (forms.OtherNames, ["weights", "biases"], "weights weights, biases: read from dweights, dbiases"),
        (forms.Dicts, ["params.W", "params.b"], "weights params.W, params.b: read from grads.W, grads.b"),
        (forms.Lists, ["W", "b"], "weights W, b: read from gradients[0], gradients[1]"),
        (forms.Objects, ["weight", "bias"], "read from weight.grad, bias.grad, to which they are added"),
        (forms.Added, ["W", "b"], "read from dW, db, to which they are added: as the change of one backward pass"),
        (forms.ByRate, ["W", "b"], "weights W, b: read from the update that the backward pass makes"),
        (forms.OptimiserInPlace, ["W", "b"], "weights W, b: read from what its optimiser gets"),
    ],
)
def test_report_says_where_gradients_were_read(form, names, remark):
    result = testing.check_backward(form(), inputs=X)
    assert weights_of(result) == names
    assert any(remark in note for note in result.notes)


class NoGradients(forms.Affine):
    def backward(self, g):
        return g @ self.W.T


class OneForgotten(forms.Affine):
    def backward(self, g):
        self.dW = self.x.T @ g
        return g @ self.W.T


class NothingReturned(forms.Attributes):
    def backward(self, g):
        super().backward(g)


class UnknownStep(forms.Affine):
    def backward(self, g):
        self.W -= 0.01 * self.x.T @ g
        self.b -= 0.01 * g.sum(axis=0)
        return g @ self.W.T


class AdamInside(forms.Affine):
    """The first step of Adam; the gradients are kept, too, if `keeps`."""

    keeps = False

    def backward(self, g, lr):
        dx, *gradients = self.gradients_of(g)
        if self.keeps:
            self.dW, self.db = gradients
        for values, gradient in zip((self.W, self.b), gradients, strict=True):
            values -= lr * gradient / (np.abs(gradient) + 1e-8)
        return dx


def test_an_update_that_only_has_the_sign_of_the_gradient_is_no_gradient():
    assert check(AdamInside(), inputs=X).verdict == "inconclusive"
    assert "as that of Adam is" in str(check(AdamInside(), inputs=X))
    keeping = type("Keeping", (AdamInside,), {"keeps": True})
    assert testing.check_backward(keeping(), inputs=X)
    assert check(type("Wrong", (keeping,), {"slip": 2.0})(), inputs=X).verdict == "fail"


@pytest.mark.parametrize(
    ("form", "missing", "reason"),
    [
        (NoGradients, ["W", "b"], "no attribute such as dW, grad_W or grads['W']; the passes leave x"),
        (OneForgotten, ["b"], "no gradient of b was found"),
        (NothingReturned, ["x"], "returned no gradient of x"),
        (UnknownStep, ["W", "b"], "by no learning rate that was found"),
    ],
)
def test_what_was_not_checked_is_never_part_of_a_pass(form, missing, reason):
    result = check(form(), inputs=X)
    if form is not UnknownStep:
        assert result.verdict == "inconclusive"
    unresolved = [leaf for leaf in result.leaves if leaf.verdict == "inconclusive"]
    assert [leaf.name for leaf in unresolved] == missing
    assert all(reason in leaf.note for leaf in unresolved[:1])
    others = [name for name in ("x", "W", "b") if name not in missing]
    if form is not UnknownStep:
        assert testing.check_backward(form(), inputs=X, wrt=others)


def test_gradients_are_never_matched_by_their_values():
    class Exchanged(forms.Affine):
        def __init__(self):
            self.W, self.V = kept.W.copy(), kept.W[::-1].copy()

        def forward(self, x):
            self.x = x
            return x @ self.W + np.tanh(x) @ self.V

        def backward(self, g):
            self.dV, self.dW = self.x.T @ g, np.tanh(self.x).T @ g
            return g @ self.W.T + (g @ self.V.T) * (1 - np.tanh(self.x) ** 2)

    result = check(Exchanged(), inputs=X)
    assert [leaf.name for leaf in result.leaves if leaf.verdict == "fail"] == ["W", "V"]


def test_a_gradient_that_is_computed_once_for_ever_is_found():
    class Kept(forms.Affine):
        def __init__(self):
            super().__init__()
            self.dW = None

        def backward(self, g):
            if self.dW is None:
                _, self.dW, self.db = self.gradients_of(g)
            return g @ self.W.T

    assert check(Kept(), inputs=X).verdict == "fail"


@pytest.mark.parametrize("in_place", [True, False])
def test_a_returned_gradient_that_is_added_up_over_calls_is_found(in_place):
    class Sums(forms.Attributes):
        def __init__(self):
            super().__init__()
            self.dx = np.zeros(X.shape)

        def backward(self, g):
            dx = super().backward(g)
            if in_place:
                self.dx += dx
            else:
                self.dx = self.dx + dx
            return self.dx

    assert check(Sums(), inputs=X).verdict == "fail"


def test_running_statistics_and_frozen_weights_are_constants():
    class Normalise:
        def __init__(self):
            self.gamma, self.beta = np.linspace(0.5, 1.5, 5), np.zeros(5)
            self.running_mean, self.running_var = np.zeros(5), np.ones(5)

        def forward(self, x, training=True):
            mean, var = (x.mean(0), x.var(0)) if training else (self.running_mean, self.running_var)
            if training:
                self.running_mean = 0.9 * self.running_mean + 0.1 * mean
                self.running_var *= 0.9
                self.running_var += 0.1 * var
            self.training, self.inverse = training, 1 / np.sqrt(var + 1e-5)
            self.normed = (x - mean) * self.inverse
            return self.gamma * self.normed + self.beta

        def backward(self, g):
            self.dgamma, self.dbeta = (g * self.normed).sum(0), g.sum(0)
            g = g * self.gamma
            if self.training:
                g = g - g.mean(0) - self.normed * (g * self.normed).mean(0)
            return g * self.inverse

    result = testing.check_backward(Normalise(), inputs=X)
    assert weights_of(result) == ["gamma", "beta"]
    result = testing.check_backward(Normalise(), inputs={"x": X, "training": False})
    assert weights_of(result) == ["gamma", "beta"]
    assert any("running_mean, running_var: taken as constants" in note for note in result.notes)
    layer = forms.ByRate()
    layer.trainable = False
    layer.backward = lambda g, lr: g @ layer.W.T
    result = testing.check_backward(layer, inputs=X)
    assert any("W, b: taken as constants" in note for note in result.notes)


@pytest.mark.parametrize("form", [forms.Attributes, forms.ByRate])
def test_a_bias_before_a_normalisation_is_a_parameter(form):
    class Centred(form):
        def __init__(self):
            super().__init__()
            self.b = np.zeros(3)

        def forward(self, x):
            out = super().forward(x)
            return out - out.mean(axis=0)

        def backward(self, g, *rate):
            return super().backward(g - g.mean(axis=0), *rate)

    for seed in range(4):
        result = testing.check_backward(Centred(), inputs=np.random.default_rng(seed).standard_normal((7, 5)))
        assert weights_of(result) == ["W", "b"]


@pytest.mark.parametrize("backwards", [False, True])
def test_lists_of_gradients_are_in_the_order_of_the_parameters(backwards):
    class Chain:
        def __init__(self):
            self.first, self.second, self.third = np.random.default_rng(0).standard_normal((3, 5, 5))

        @property
        def params(self):
            return [self.first, self.second, self.third]

        def forward(self, x):
            self.xs = [x]
            for weights in self.params:
                self.xs.append(np.tanh(self.xs[-1] @ weights))
            return self.xs[-1]

        def backward(self, g):
            self.grads = []
            for weights, x, out in zip(self.params[::-1], self.xs[-2::-1], self.xs[:0:-1], strict=True):
                g = g * (1 - out**2)
                self.grads.insert(len(self.grads) if backwards else 0, x.T @ g)
                g = g @ weights.T
            return g

    result = check(Chain(), inputs=X)
    assert weights_of(result) == ["first", "second", "third"]
    assert result.verdict == ("fail" if backwards else "pass")


@pytest.mark.parametrize("in_place", [True, False])
def test_weights_that_the_forward_pass_brings_to_one_length_are_parameters(in_place):
    class UnitLength(NoGradients):
        def forward(self, x):
            if in_place:
                self.W /= np.linalg.norm(self.W)
            else:
                self.W = self.W / np.linalg.norm(self.W)
            return super().forward(x)

    # What its gradient is has no simple answer; that it was not looked at is said.
    result = check(UnitLength(), inputs=X)
    assert result.verdict != "pass"
    assert "W" in weights_of(result)


def test_numbers_in_a_configuration_are_constants():
    class Configured(forms.Attributes):
        def forward(self, x, options):
            return options["scale"] * super().forward(x)

        def backward(self, g):
            return super().backward(3.0 * g)

    result = testing.check_backward(Configured(), inputs=(X, {"scale": 3.0, "mode": "train"}))
    assert "options.scale: taken as a constant" in result.notes


def test_work_arrays_that_are_used_again_are_no_error():
    class Buffers(forms.Attributes):
        def __init__(self):
            super().__init__()
            self.out = np.empty((7, 3))

        def forward(self, x):
            self.x = x
            np.dot(x, self.W, out=self.out)
            self.out += self.b
            return self.out

    assert testing.check_backward(Buffers(), inputs=X)
