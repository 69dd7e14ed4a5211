"""Is everything as before, or whole, wherever an update, training, or the use of a model is broken off?"""

import itertools
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.engine.cotangents import deposit
from minigrad.kernels import buffers

PACKAGE = str(Path(mg.__file__).parent)
WITH_LOCKS = {deposit.__code__, type(buffers._buffers).take.__code__}
X, Y = np.random.default_rng(0).normal(size=(2, 3)), np.zeros((2, 1))
X32, Y32 = X.astype(np.float32), Y.astype(np.float32)

# What is raised while an object is taken away or a generator is closed, Python prints and forgets.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class BreakOffError(BaseException):
    """Stands for Ctrl-C where a handler for KeyboardInterrupt would hide it."""


def broken_off_at(point, function, error):
    """Call a function and raise before the byte code of that number in minigrad; whether there was one."""
    left = point

    def trace(frame, event, argument):
        nonlocal left
        # What is raised while an object is taken away, Python prints and forgets. What takes a lock relies on signals
        # arriving only after a call: tests/test_interrupts.py, where they arrive as they do, interrupts it.
        code = frame.f_code
        if not code.co_filename.startswith(PACKAGE) or code.co_name == "__del__" or code in WITH_LOCKS:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                sys.settrace(None)
                raise error
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except error:
        pass
    finally:
        sys.settrace(before)
    return left <= 0


def every_point(make, error, check, stride=1):
    """Break a function off at one byte code after the other; `make` gives a fresh one, and what `check` looks at."""
    for count in itertools.count():
        function, *things = make(count)
        reached = broken_off_at(1 + count * stride, function, error)
        check(*things)
        if not reached:
            return count
    return None


def network():
    model = nn.Sequential(nn.Dense(3, 2, rng=0), nn.Dropout(0.5, rng=1), nn.Sequential(nn.Dense(2, 1, rng=2)))
    model[2].eval()
    return model


def modes(model):
    return [layer.training for layer in (model, *model, *model[2])]


def usable(model, optimizer):
    """Whether a step goes as ever, with parameters and gradients as they should be."""
    for parameter in model.parameters():
        assert parameter.is_leaf
        assert parameter.requires_grad
    optimizer.zero_grad()
    losses.mse(model(X), Y).backward()
    steps = optimizer.steps
    optimizer.step()
    assert optimizer.steps == steps + 1
    assert all(parameter.grad.shape == parameter.shape for parameter in model.parameters())
    assert all(np.isfinite(parameter.data).all() for parameter in model.parameters())


OPTIMIZERS = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.1),
    "momentum": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "clipped": lambda parameters: optim.SGD(parameters, lr=0.1, max_norm=0.01),
    "Adam": optim.Adam,
    "AdamW": lambda parameters: optim.AdamW(parameters, lr=optim.cosine(0.1, steps=5)),
    "RMSprop": lambda parameters: optim.RMSprop(parameters, momentum=0.5),
    "groups": lambda parameters: optim.AdamW(parameters, lr=0.1, groups={optim.vectors: {"weight_decay": 0.0}}),
}


def with_state(build, dtype):
    """A model of two parameters after one step, and gradients for the next."""
    model = nn.Dense(3, 1, rng=0, dtype=dtype)
    optimizer = build(model.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        losses.mse(model(X.astype(dtype)), Y).backward()
        if not optimizer.steps:
            optimizer.step()
    return model, optimizer


def by_position(optimizer, model):
    """Values and buffers of each parameter together."""
    state = optimizer.state_dict()
    return [
        [parameter.data.tobytes(), *(array.tobytes() for key, array in state.items() if key.endswith(f".{position}"))]
        for position, parameter in enumerate(model.parameters())
    ]


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
@pytest.mark.parametrize("build", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_step_is_done_or_not_for_each_parameter(build, dtype):
    model, optimizer = with_state(build, dtype)
    old = by_position(optimizer, model)
    optimizer.step()
    new = by_position(optimizer, model)
    seen, settings = set(), np.geterr()

    def make(count):
        model, optimizer = with_state(build, dtype)
        # A graph of before, which must not meet new values.
        graph = losses.mse(model(X.astype(dtype)), Y)
        return optimizer.step, model, optimizer, graph

    def check(model, optimizer, graph):
        found = by_position(optimizer, model)
        done = [position for position, now in enumerate(found) if now == new[position]]
        assert all(now in (old[position], new[position]) for position, now in enumerate(found))
        seen.add(tuple(done))
        if done:
            with pytest.raises(RuntimeError, match="was updated"):
                graph.backward()
        usable(model, optimizer)
        assert np.geterr() == settings

    assert every_point(make, KeyboardInterrupt, check, stride=5) > 20
    assert seen == {(), (0,), (0, 1)}


def test_a_step_over_several_blocks_is_done_or_not(monkeypatch):
    from minigrad.optim import arithmetic

    monkeypatch.setattr(arithmetic, "_MOST", 3)
    start, end = np.zeros(10), np.full(10, -0.5)

    def make(count):
        parameter = mg.Tensor(start, requires_grad=True)
        parameter.grad = np.ones(10)
        return optim.SGD([parameter], lr=0.5).step, parameter

    def check(parameter):
        assert parameter.data.tolist() in (start.tolist(), end.tolist())

    every_point(make, KeyboardInterrupt, check)


def test_an_error_in_an_update_leaves_the_parameter_usable():
    class Broken(optim.SGD):
        def _update(self, position, values, *arrays):
            if self.steps == 0 and position == 1:
                raise ZeroDivisionError
            super()._update(position, values, *arrays)

    model = nn.Dense(3, 1, rng=0)
    optimizer = Broken(model.parameters(), lr=0.1)
    losses.mse(model(X), Y).backward()
    with pytest.raises(ZeroDivisionError):
        optimizer.step()
    assert optimizer.steps == 0
    optimizer._update = lambda *arrays: optim.SGD._update(optimizer, *arrays)
    usable(model, optimizer)


def test_clipping_is_done_or_not_for_all_gradients():
    def make(count):
        parameters = [mg.Tensor(np.zeros(2), requires_grad=True) for _ in range(3)]
        for parameter in parameters:
            parameter.grad = [3.0, 4.0]
        return (lambda: optim.clip_by_norm(parameters, 1.0)), parameters

    def check(parameters):
        norms = {round(float(np.linalg.norm(parameter.grad.data)), 6) for parameter in parameters}
        assert norms in ({5.0}, {round(3**-0.5, 6)})
        assert np.geterr()["over"] == "warn"

    every_point(make, KeyboardInterrupt, check, stride=3)


USES = {
    "predict": (lambda model: mg.predict(model, X), 13),
    "evaluate": (lambda model: mg.evaluate(model, losses.mse, [(X, Y)]), 13),
    "summary": (lambda model: model.summary((3,)), 97),
}


@pytest.mark.parametrize(("use", "stride"), USES.values(), ids=USES)
def test_using_a_model_leaves_its_modes(use, stride, capsys):
    model = network()
    before = modes(model)

    def check():
        assert modes(model) == before
        assert mg.is_grad_enabled()

    def make(count):
        return (lambda: use(model),)

    assert every_point(make, BreakOffError, check, stride) > 50
    assert model(mg.Tensor(X)).requires_grad


@pytest.fixture
def pythons_handler():
    """Python's own handler of Ctrl-C, which a program started in the background lacks."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, BreakOffError])
def test_training_leaves_modes_handlers_and_parameters(error, pythons_handler):
    before = modes(network())

    def make(count):
        model = network()
        optimizer = optim.Adam(model.parameters())

        def run():
            mg.train(model, losses.mse, optimizer, [(X32, Y32)], epochs=1, validation=[(X32, Y32)])

        return run, model, optimizer

    def check(model, optimizer):
        assert modes(model) == before
        assert mg.is_grad_enabled()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        usable(model, optimizer)

    every_point(make, error, check, stride=223)


def test_real_ctrl_c_at_any_moment(pythons_handler):
    model = network()
    optimizer = optim.Adam(model.parameters())
    before, rng = modes(model), np.random.default_rng(0)

    def work():
        mg.predict(model, X)
        mg.evaluate(model, losses.mse, [(X, Y)])
        losses.mse(model(X), Y).backward()
        optimizer.step()
        mg.train(model, losses.mse, optimizer, [(X32, Y32)], epochs=1)

    if not hasattr(signal, "setitimer"):
        return
    rung = []

    def ring(number, frame):
        rung.append(number)
        raise KeyboardInterrupt

    handler = signal.signal(signal.SIGALRM, ring)
    for _ in range(300):
        rung.clear()
        try:
            signal.setitimer(signal.ITIMER_REAL, float(rng.uniform(1e-5, 1.5e-3)))
            # Training takes the interrupt for the wish to end it, and returns.
            while not rung:
                work()
        except KeyboardInterrupt:
            pass
        assert modes(model) == before
        assert mg.is_grad_enabled()
        usable(model, optimizer)
    signal.signal(signal.SIGALRM, handler)
