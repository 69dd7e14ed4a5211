"""Which programs are interrupted, and what has to hold afterwards?"""

import contextlib
import sys
import threading
import traceback

import interrupts
import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.kernels import buffers

RNG = np.random.default_rng(0)
SETTINGS = np.geterr()
BATCH, TARGET = RNG.standard_normal((5, 3)), RNG.standard_normal((5, 1))


def gradient_by_hand(values):
    """The gradients of the loss of `World.model`, from its parameters."""
    first, bias, second, end = values
    hidden = np.tanh(BATCH @ first + bias)
    g = 2.0 * (hidden @ second + end - TARGET) / TARGET.size
    inner = (g @ second.T) * (1.0 - hidden**2)
    return BATCH.T @ inner, inner.sum(0), hidden.T @ g, g.sum(0)


class World:
    """A model and an optimiser in the middle of their work, and a check that nothing is broken."""

    def __init__(self, kind=optim.Adam, **settings):
        self.model = nn.Sequential(nn.Dense(3, 4), nn.Tanh(), nn.Dropout(0.0), nn.Dense(4, 1))
        rng = np.random.default_rng(1)
        for parameter in self.model.parameters():
            parameter.data = rng.standard_normal(parameter.shape)
        self.model.children()
        self.optimizer = kind(self.model.parameters(), **settings)
        self.parameters = list(self.model.parameters())
        self.modes = [layer.training for layer in layers(self.model)]
        self.shapes = [parameter.shape for parameter in self.parameters]

    def loss(self):
        return losses.mse(self.model(BATCH), TARGET)

    def check(self):
        assert mg.is_grad_enabled()
        assert np.geterr() == SETTINGS
        assert [layer.training for layer in layers(self.model)] == self.modes
        assert list(self.model.parameters()) == self.parameters
        assert [parameter.shape for parameter in self.parameters] == self.shapes
        assert all(parameter.is_leaf and parameter.requires_grad for parameter in self.parameters)
        self.check_gradients()
        assert type(mg.grad(np.sin)(0.0)) is float
        run_in_a_thread(self.check_gradients)

    def check_gradients(self):
        self.optimizer.zero_grad()
        self.loss().backward()
        values = [parameter.data.astype(float) for parameter in self.parameters]
        assert all(np.isfinite(value).all() for value in values)
        for parameter, expected in zip(self.parameters, gradient_by_hand(values), strict=True):
            np.testing.assert_allclose(parameter.grad.data, expected, rtol=1e-3, atol=1e-4)


def layers(layer):
    return [layer, *[each for inner in layer.children() for each in layers(inner)]]


def run_in_a_thread(function):
    """Run something in another thread, which must not wait for anybody."""
    failures = []

    def run():
        try:
            function()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(10.0)
    if thread.is_alive():
        frame = sys._current_frames()[thread.ident]
        raise AssertionError("a lock is held; this waits for it:\n" + "".join(traceback.format_stack(frame)))
    assert not failures, failures


def backward():
    world = World()
    out = world.loss()
    return out.backward, world.check


def recorded_backward():
    world = World()

    def run():
        found = mg.gradients(world.loss(), world.parameters, create_graph=True)
        sum(np.sum(each**2) for each in found).backward(create_graph=True)

    return run, world.check


def a_second_pass():
    world = World()
    out = world.loss()
    out.backward(retain_graph=True)
    before = [parameter.grad.data.copy() for parameter in world.parameters]

    def check():
        world.optimizer.zero_grad()
        out.backward(retain_graph=True)
        for parameter, value in zip(world.parameters, before, strict=True):
            np.testing.assert_array_equal(parameter.grad.data, value)
        world.check()

    return lambda: out.backward(retain_graph=True), check


def forward():
    world = World()
    return world.loss, world.check


def transforms():
    world = World()

    def f(x):
        return np.sum(mg.grad(lambda y: np.sum(np.tanh(y)))(x) ** 2)

    def run():
        mg.jvp(f, BATCH, BATCH)
        mg.grad(lambda x: np.sum(world.model(x)))(BATCH).sum().backward()

    return run, world.check


def predictions():
    world = World()

    def run():
        mg.predict(world.model, BATCH, batch_size=2)
        mg.evaluate(world.model, losses.mse, [(BATCH, TARGET)])

    return run, world.check


@interrupts.traced
def in_blocks():
    with mg.no_grad():
        assert not mg.is_grad_enabled()
        with mg.no_grad(), contextlib.nullcontext():
            len("abc")
        assert not mg.is_grad_enabled()
    assert mg.is_grad_enabled()
    without_recording()
    assert list(in_steps()) == [0, 1]


@interrupts.traced
@mg.no_grad()
def without_recording():
    return mg.Tensor([1.0]) * 2.0


@interrupts.traced
@mg.no_grad()
def in_steps():
    for step in range(2):
        assert not mg.is_grad_enabled()
        yield step


def blocks():
    world = World()
    return in_blocks, world.check


def check_of_changes(world):
    """A check that is made before parameters change: what was recorded with other values is refused."""
    old = world.loss()
    before = [parameter.data.copy() for parameter in world.parameters]

    def check():
        pairs = zip(world.parameters, before, strict=True)
        if not all(np.array_equal(parameter.data, value) for parameter, value in pairs):
            with pytest.raises(RuntimeError):
                old.backward()
        world.check()

    return check


def optimizer_steps(kind, **settings):
    def prepare():
        world = World(kind, **settings)
        world.loss().backward()
        check_changes = check_of_changes(world)

        def check():
            check_changes()
            world.optimizer.step()
            world.check()

        return world.optimizer.step, check

    return prepare


def assignments():
    world = World()
    values = [parameter.data + 1.0 for parameter in world.parameters]

    def run():
        for parameter, value in zip(world.parameters, values, strict=True):
            parameter.data = value

    return run, check_of_changes(world)


def training():
    world = World()
    data = [(BATCH.astype(np.float32), TARGET.astype(np.float32))] * 2

    def run():
        mg.train(world.model, losses.mse, world.optimizer, data, epochs=1, validation=data, progress=False)

    return run, world.check


def loading():
    world = World()
    state, steps = World().model.state_dict(), world.optimizer.state_dict()
    state = {name: values + 1.0 for name, values in state.items()}

    def run():
        world.model.load_state_dict(state)
        world.optimizer.load_state_dict(steps)

    return run, check_of_changes(world)


def large_arrays():
    """Memory that is lent: whoever is interrupted while looking for some leaves nobody waiting.

    Real signals alone interrupt this one: between the calls of `take`, Python would look while it calls the tracer.
    """

    def check():
        taken = []
        other = threading.Thread(target=lambda: taken.append(buffers.empty((300, 300), np.dtype(float))), daemon=True)
        other.start()
        other.join(10)
        assert taken

    return lambda: [buffers.empty((300, 300), np.dtype(float)).size for _ in range(300)], check


PROGRAMS = {
    "backward": backward,
    "recorded backward": recorded_backward,
    "a second pass": a_second_pass,
    "forward": forward,
    "transforms": transforms,
    "predict and evaluate": predictions,
    "no_grad": blocks,
    "SGD": optimizer_steps(optim.SGD, lr=0.01, momentum=0.9),
    "Adam": optimizer_steps(optim.Adam, max_norm=1.0),
    "data": assignments,
    "train": training,
    "load_state_dict": loading,
}
AT_RANDOM = {**PROGRAMS, "large arrays": large_arrays}
