"""Are modes and gradients right in generators, coroutines, threads and forks?"""

import asyncio
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg


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
        # Gradients are added in the order in which the threads came.
        np.testing.assert_allclose(mg.grad(in_threads)(x), gradient, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(mg.hessian(in_threads)(x), mg.hessian(f)(x), rtol=1e-12, atol=1e-10)
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


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX says so once it was imported
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
