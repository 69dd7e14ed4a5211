"""Is everything usable, and every mode as before, after Ctrl-C or an error at any point?"""

import asyncio
import contextlib
import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import interrupts
import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim

RNG = np.random.default_rng(0)
BATCH, TARGET = RNG.standard_normal((5, 3)), RNG.standard_normal((5, 1))
# In a run of all tests so many points of each program; of them all in `python tests/test_interrupts.py`.
MOST = 150


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
        self.model.sublayers()
        self.optimizer = kind(self.model.parameters(), **settings)
        self.parameters = list(self.model.parameters())
        self.modes = [layer.training for layer in layers(self.model)]
        self.shapes = [parameter.shape for parameter in self.parameters]

    def loss(self):
        return losses.mse(self.model(BATCH), TARGET)

    def check(self):
        assert mg.is_grad_enabled()
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
    return [layer, *[each for inner in layer.sublayers() for each in layers(inner)]]


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
    assert not thread.is_alive(), "a lock is held"
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
        return np.sum(mg.grad(lambda y: np.sum(np.tanh(y) ** 2))(x) ** 2)

    def run():
        mg.grad(f)(BATCH)
        mg.jvp(f, BATCH, BATCH)
        mg.vjp(f, BATCH)[1](1.0)
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


def optimizer_steps(kind, **settings):
    def prepare():
        world = World(kind, **settings)
        world.loss().backward()
        old = world.loss()
        before = [parameter.data.copy() for parameter in world.parameters]

        def check():
            changed = any(
                not np.array_equal(parameter.data, value)
                for parameter, value in zip(world.parameters, before, strict=True)
            )
            # What was recorded with other values is refused.
            if changed:
                with pytest.raises(RuntimeError):
                    mg.gradients(old, world.parameters)
            world.check()
            world.optimizer.step()
            world.check()

        return world.optimizer.step, check

    return prepare


def training():
    world = World()
    data = [(BATCH, TARGET)] * 2

    def run():
        mg.train(world.model, losses.mse, world.optimizer, data, epochs=1, validation=data, progress=False)

    return run, world.check


def loading():
    world = World()
    state, steps = world.model.state_dict(), world.optimizer.state_dict()

    def run():
        world.model.load_state_dict(state)
        world.optimizer.load_state_dict(steps)

    return run, world.check


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
    "train": training,
    "load_state_dict": loading,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_interrupt_where_python_looks_for_one(name):
    assert interrupts.interrupt(PROGRAMS[name], most=MOST) > 10


@pytest.mark.parametrize("name", ["backward", "no_grad", "transforms", "predict and evaluate", "Adam"])
def test_two_interrupts_the_second_as_soon_as_possible(name):
    assert interrupts.interrupt(PROGRAMS[name], times=2, most=MOST // 2) > 10


class FailingError(Exception):
    """What a rule raises."""


def failing_pass(order):
    """A backward pass, or one that is recorded, in which a rule fails; Ctrl-C comes while that is handled."""

    @mg.primitive(lambda g, out, x: failed(), examples=[])
    def failing(x):
        return x * 1.0

    def failed():
        raise FailingError

    def prepare():
        world = World()

        def run():
            out = np.sum(failing(world.model(BATCH)) * 2.0) + world.loss()
            with contextlib.suppress(FailingError):
                out.backward(create_graph=order == 2)
            with contextlib.suppress(FailingError):
                mg.grad(lambda x: np.sum(failing(world.model(x))))(BATCH)

        return run, world.check

    return prepare


@pytest.mark.parametrize("order", [1, 2])
def test_an_error_in_a_rule_and_an_interrupt_while_it_is_handled(order):
    prepare = failing_pass(order)
    run, check = prepare()
    run()
    check()
    assert interrupts.interrupt(prepare, most=MOST) > 10


def test_an_error_at_every_operation_of_a_pass():
    class StopError(Exception):
        pass

    count, stop = 0, None

    def rule(g, out, x):
        nonlocal count
        count += 1
        if count == stop:
            raise StopError
        return g * 2.0

    @mg.primitive(rule, examples=[])
    def doubled(x):
        return x * 2.0

    w = mg.Tensor([1.0, 2.0], requires_grad=True)

    def loss():
        y = w
        for _ in range(6):
            y = doubled(y) + doubled(y) * 0.5
        return np.sum(y)

    loss().backward()
    total, expected = count, w.grad.data.copy()
    for stop in range(1, total + 1):
        count = 0
        with pytest.raises(StopError):
            loss().backward()
        stop = None
        w.zero_grad()
        loss().backward()
        np.testing.assert_array_equal(w.grad.data, expected)


@interrupts.traced
def fragile(state):
    state.append(1)
    len(state)
    try:
        len(state)
    finally:
        state.pop()


def test_the_harness_finds_what_is_not_protected():
    states = []

    def prepare():
        states.append([])
        return (lambda state=states[-1]: fragile(state)), lambda: None

    interrupts.interrupt(prepare)
    assert any(states)


# Programs that run in a process of their own, with signals of the system at random moments.
RANDOM = """
    import random, signal, sys
    sys.path[:0] = {path!r}
    import test_interrupts as tests

    def interrupt(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    random.seed({seed})
    interrupted = 0
    for turn in range({tries}):
        function, check = tests.PROGRAMS[{name!r}]()
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, random.expovariate(1.0 / {seconds}) + 1e-6)
                function()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            interrupted += 1
        check()
    print(interrupted)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of timers are POSIX's")
@pytest.mark.parametrize(
    ("name", "seconds"),
    [("backward", 2e-4), ("no_grad", 3e-5), ("Adam", 1e-4), ("transforms", 1e-3), ("predict and evaluate", 3e-4)],
)
def test_signals_at_random_moments(name, seconds):
    tests = Path(__file__).parent
    values = {"path": [str(tests), str(tests.parent)], "seed": 1, "tries": 200, "name": name, "seconds": seconds}
    code = textwrap.dedent(RANDOM).format(**values)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 10


def test_generators_that_are_left_in_the_middle():
    @mg.no_grad()
    def numbers():
        yield 1
        yield 2

    def block():
        with mg.no_grad():
            yield 1
            yield 2

    for make in (numbers, block):
        first, second = make(), make()
        next(first)
        next(second)
        first.close()
        second.close()
        assert mg.is_grad_enabled()
    steps = block()
    next(steps)
    assert not mg.is_grad_enabled()
    del steps
    assert mg.is_grad_enabled()
    with mg.no_grad():
        steps = block()
        next(steps)
    assert not mg.is_grad_enabled()
    list(steps)
    assert mg.is_grad_enabled()


def test_coroutines_and_async_generators_have_modes_of_their_own():
    w = mg.Tensor(2.0, requires_grad=True)

    @mg.no_grad()
    async def constant():
        await asyncio.sleep(0)
        return (w * 2.0).requires_grad, mg.is_grad_enabled()

    async def recorded():
        await asyncio.sleep(0)
        return (w * 2.0).requires_grad, mg.is_grad_enabled()

    @mg.no_grad()
    async def steps():
        for _ in range(2):
            await asyncio.sleep(0)
            yield (w * 2.0).requires_grad

    async def with_block():
        with mg.no_grad():
            await asyncio.sleep(0)
            yield mg.is_grad_enabled()

    async def main():
        found = await asyncio.gather(constant(), recorded(), constant(), recorded())
        assert found == [(False, False), (True, True)] * 2
        assert [step async for step in steps()] == [False, False]
        assert mg.is_grad_enabled()
        left = with_block()
        assert not await anext(left)
        await left.aclose()
        assert mg.is_grad_enabled()
        cancelled = asyncio.ensure_future(constant())
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert mg.is_grad_enabled()

    asyncio.run(main())
    assert mg.is_grad_enabled()


def pooled(pool, rows):
    def f(x):
        return sum(pool.map(lambda row: np.sum(np.sin(x * row) ** 2), rows))

    return f


def test_threads_inside_a_transform_give_the_same_value_and_gradient():
    x, rows = np.array([0.3, 1.2, 0.7]), [np.full(3, k) for k in range(1, 9)]

    def f(x):
        return sum(np.sum(np.sin(x * row) ** 2) for row in rows)

    with ThreadPoolExecutor(4) as pool:
        in_threads = pooled(pool, rows)
        value, gradient = mg.value_and_grad(f)(x)
        assert mg.value_and_grad(in_threads)(x)[0] == value
        np.testing.assert_allclose(mg.grad(in_threads)(x), gradient, rtol=1e-14)
        np.testing.assert_allclose(mg.hessian(in_threads)(x), mg.hessian(f)(x), rtol=1e-12)
        found = list(pool.map(mg.grad(f), [x * k for k in range(8)]))
        np.testing.assert_array_equal(found, [mg.grad(f)(x * k) for k in range(8)])


@pytest.mark.parametrize(
    "lose", [lambda t: t.item(), float, lambda t: t.tolist(), np.asarray, lambda t: np.array([t, t], float)]
)
def test_numbers_that_would_be_constants_are_refused_in_threads_too(lose):
    def f(x):
        return np.sum(x) * ThreadPoolExecutor(1).submit(lose, np.sum(x * x)).result()

    with pytest.raises((TypeError, ValueError)):
        mg.grad(f)(np.array([1.0, 2.0]))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(len, "").result()  # a thread that was there before
        with pytest.raises((TypeError, ValueError)):
            mg.grad(lambda x: np.sum(x) * pool.submit(lose, np.sum(x * x)).result())(np.array([1.0, 2.0]))
    constant = mg.Tensor(3.0)
    assert mg.grad(lambda x: x * constant.item())(2.0) == 3.0


def test_updates_in_place_in_threads_are_those_of_numpy():
    def f(x):
        total = x * 0.0
        with ThreadPoolExecutor(1) as pool:
            for k in range(4):
                pool.submit(total.__iadd__, np.sin(x * k)).result()
        return np.sum(total**2)

    x = np.array([0.3, 1.2])
    value, gradient = mg.value_and_grad(f)(x)
    assert value == f(x)
    assert np.all(gradient != 0.0)


FORK = """
    import os, sys, threading, time
    sys.path[:0] = {path!r}
    import numpy as np
    import minigrad as mg

    started, go_on = threading.Event(), threading.Event()

    def rule(g, out, x):
        started.set()
        go_on.wait(10.0)
        return g * 2.0

    @mg.primitive(rule, examples=[])
    def slow(x):
        return x * 2.0

    w = mg.Tensor([1.0, 2.0], requires_grad=True)
    passing = threading.Thread(target=lambda: np.sum(slow(w) * w).backward())
    passing.start()
    started.wait(10.0)
    child = os.fork()
    if child == 0:
        v = mg.Tensor([1.0, 2.0], requires_grad=True)
        np.sum(v * v * w).backward()
        right = np.array_equal(v.grad.data, [2.0, 8.0]) and np.array_equal(w.grad.data, [1.0, 4.0])
        mg.set_num_threads(2)
        right = right and mg.is_grad_enabled() and np.allclose(mg.grad(lambda x: np.sum(x * x))(np.ones(2)), 2.0)
        os._exit(0 if right else 3)
    for _ in range(100):
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            break
        time.sleep(0.1)
    else:
        os.kill(child, 9)
        sys.exit("the child waits for a lock")
    go_on.set()
    passing.join()
    sys.exit(os.waitstatus_to_exitcode(status) or not np.array_equal(w.grad.data, [4.0, 8.0]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a fork is POSIX's")
def test_a_child_forked_during_a_pass_can_differentiate():
    tests = Path(__file__).parent
    code = textwrap.dedent(FORK).format(path=[str(tests.parent)])
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


if __name__ == "__main__":
    for program in PROGRAMS:
        for again in (1, 2):
            sys.stdout.write(f"{program}, {again}: {interrupts.interrupt(PROGRAMS[program], times=again)}\n")
