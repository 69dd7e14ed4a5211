"""Layers, generators, derivatives and steps inside a recorded function."""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import functools

import numpy as np
import pytest
from program_checks import assert_same, executed, uniform

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.program.errors import ProgramError


class Scale(nn.Layer):
    def __init__(self, size):
        self.weight = mg.Tensor(uniform(size, size), requires_grad=True)
        self.bias = mg.Tensor(uniform(size), requires_grad=True)

    def forward(self, x):
        return x @ self.weight + self.bias


class TestLayers:
    def model(self):
        return nn.Sequential(Scale(3), nn.Tanh(), Scale(3))

    def gradients(self, model, loss):
        for parameter in model.parameters():
            parameter.zero_grad()
        loss.backward()
        return [loss.numpy(), *(parameter.grad.numpy() for parameter in model.parameters())]

    def test_as_an_argument(self):
        model = self.model()
        program = mg.program(lambda model, x: (model(x) ** 2).sum(), model, uniform(1, 3))
        assert [each.name for each in program.inputs] == ["W1", "b1", "W2", "b2", "x"]
        x = uniform(5, 3)
        assert_same(program(model, x), self.gradients(model, (model(x) ** 2).sum()))

    def test_closed_over(self):
        model = self.model()
        program = mg.program(lambda x: (model(x) ** 2).sum(), uniform(1, 3))
        x = uniform(5, 3)
        assert_same(program(x), self.gradients(model, (model(x) ** 2).sum()))
        model.parameters()[0].data *= 2.0  # what it holds now is used
        assert_same(program(x), self.gradients(model, (model(x) ** 2).sum()))

    def test_in_methods_partials_and_functions_that_are_called(self):
        model = self.model()

        def predict(x):
            return model(x)

        class Task:
            def __init__(self):
                self.model = model

            def loss(self, x):
                return (predict(x) ** 2).sum()

        for function in (Task().loss, functools.partial(lambda scale, x: scale * (predict(x) ** 2).sum(), 1.0)):
            program = mg.program(function, uniform(1, 3))
            x = uniform(5, 3)
            assert_same(program(x), self.gradients(model, (model(x) ** 2).sum()))

    def test_tensors_that_nobody_can_find(self):
        class Hidden:
            __slots__ = ("weight",)

        hidden = Hidden()
        hidden.weight = mg.Tensor(uniform(3), requires_grad=True, name="secret")
        with pytest.raises(ProgramError, match="the Tensor 'secret', which requires a gradient and is not among"):
            mg.program(lambda x: (x * hidden.weight).sum(), uniform(3))

    def test_nothing_is_left_changed(self):
        model = self.model()
        arrays = [parameter.data for parameter in model.parameters()]
        before = [array.copy() for array in arrays]
        (model(uniform(2, 3)) ** 2).sum().backward()
        gradients = [parameter.grad for parameter in model.parameters()]
        mg.program(lambda x: (model(x) ** 2).sum(), uniform(1, 3))
        with pytest.raises(ZeroDivisionError):
            mg.program(lambda x: (model(x) ** 2).sum() * (1 // 0), uniform(1, 3))
        for parameter, array, kept, gradient in zip(model.parameters(), arrays, before, gradients, strict=True):
            assert parameter.data is array
            assert parameter.grad is gradient
            np.testing.assert_array_equal(array, kept)

    def test_another_model_is_refused(self):
        program = mg.program(lambda model, x: (model(x) ** 2).sum(), self.model(), uniform(1, 3))
        with pytest.raises(ProgramError, match="another Sequential than the recorded one"):
            program(self.model(), uniform(1, 3))


class TestRandomNumbers:
    def test_a_generator_is_an_input(self):
        def noisy(w, x, rng):
            return (w * (x + 0.1 * rng.standard_normal(x.shape))).sum()

        rng = np.random.default_rng(1)
        program = mg.program(noisy, uniform(3), uniform(5, 3), rng, wrt="w")
        assert rng.random() == np.random.default_rng(1).random()  # recording draws nothing from it
        w, x = uniform(3), uniform(2, 3)
        value, _ = program(w, x, np.random.default_rng(2))
        assert value == noisy(w, x, np.random.default_rng(2))

    def test_the_generator_of_a_layer(self):
        drop = nn.Dropout(0.5, rng=3)
        program = mg.program(lambda x: (drop(x) ** 2).sum(), uniform(5, 3))
        x = uniform(4, 3)
        value, _ = program(x)
        drop.rng = np.random.default_rng(3)
        assert value == (drop(x) ** 2).sum()
        assert program(x)[0] != value

    def test_each_draw_is_made(self):
        """Two equal draws are two draws, and one that nobody uses moves the generator on."""

        def draws(x, rng):
            rng.random(3)
            return (x * rng.random(3) * rng.random(3)).sum()

        program = mg.program(draws, np.ones(3), np.random.default_rng(0), wrt="x")
        assert program(np.ones(3), np.random.default_rng(5))[0] == draws(np.ones(3), np.random.default_rng(5))

    def test_shuffle_is_refused(self):
        with pytest.raises(ProgramError, match=r"rng\.permutation"):
            mg.program(lambda x, rng: rng.shuffle(x), uniform(5), np.random.default_rng(0), wrt=[])


class TestDerivativesInside:
    def test_hessian(self):
        def curvature(w, X):
            return mg.hessian(lambda w: np.log(1.0 + np.exp(X @ w)).mean())(w)

        program = mg.program(curvature, uniform(3), uniform(5, 3))
        w, X = uniform(3), uniform(7, 3)
        np.testing.assert_allclose(program(w, X), curvature(w, X), rtol=1e-12)

    def test_hessian_times_vector(self):
        def product(w, v, X):
            return mg.hvp(lambda w: np.log(1.0 + np.exp(X @ w)).mean(), w, v)

        program = mg.program(product, uniform(3), uniform(3), uniform(5, 3))
        arguments = uniform(4), uniform(4), uniform(7, 4)
        np.testing.assert_allclose(program(*arguments), product(*arguments), rtol=1e-12)

    def test_jacobian(self):
        program = mg.program(mg.jacobian(lambda x: np.tanh(x) * x[::-1]), uniform(4))
        x = uniform(4)
        np.testing.assert_allclose(program(x), mg.jacobian(lambda x: np.tanh(x) * x[::-1])(x), rtol=1e-12)

    def test_a_step_that_updates_a_parameter(self):
        W = mg.Tensor(uniform(3), requires_grad=True, name="W")

        def step(x):
            loss = (x * W).sum() ** 2
            W.zero_grad()
            loss.backward()
            W.data = W.data - 0.1 * W.grad.data
            return loss

        before = W.data.copy()
        program = mg.program(step, uniform(3))
        np.testing.assert_array_equal(W.data, before)
        x = uniform(3)
        value, updated = program(x)
        np.testing.assert_array_equal(W.data, before)
        assert step(x).detach() == value
        np.testing.assert_allclose(updated, W.data, rtol=1e-14)


OPTIMISERS = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.1),
    "momentum": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": lambda parameters: optim.Adam(parameters, lr=0.01),
    "AdamW": lambda parameters: optim.AdamW(parameters, lr=0.01),
    "RMSprop": lambda parameters: optim.RMSprop(parameters, lr=0.01),
    "clipped": lambda parameters: optim.Adam(parameters, lr=0.01, max_norm=0.5),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_whole_step(name):
    model = nn.Sequential(Scale(3), nn.Tanh(), Scale(3))
    optimizer = OPTIMISERS[name](model.parameters())

    def step(x, y):
        loss = losses.mse(model(x), y)
        for parameter in model.parameters():
            parameter.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    x, y = uniform(5, 3), uniform(5, 3)
    step(x, y)
    before = {key: value.copy() for key, value in optimizer.state_dict().items()}
    program = mg.program(step, uniform(1, 3), uniform(1, 3))
    source = executed(program)
    results = program(x, y)
    held = [each.held.read().copy() for each in program.inputs if each.held is not None]
    written = source(x, y, *[getattr(value, "numpy", lambda value=value: value)() for value in held])
    for key, value in optimizer.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    loss = step(x, y)
    after = [each.held.read() for each in program.inputs if each.held is not None]
    for found in (results, written):
        assert_same(found[:1], [loss.detach().numpy()])
        assert_same(found[1:], after)
