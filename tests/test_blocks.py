"""Is the mode right inside, between and after blocks of no_grad, whoever enters and leaves them?"""

import asyncio
import contextlib
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import interrupts
import numpy as np
import pytest
from interrupted_programs import run_in_a_thread

import minigrad as mg
from minigrad.engine.blocks import recording
from minigrad.engine.recording import PLAIN, current_recording, recorded_call


def block():
    with mg.no_grad():
        yield 1
        yield 2


def started():
    """A generator that waits inside its block."""
    steps = block()
    next(steps)
    assert not mg.is_grad_enabled()
    return steps


def closed_by_a_task(steps):
    async def close():
        await asyncio.to_thread(steps.close)

    asyncio.run(close())


ELSEWHERE = {
    "thread": lambda steps: run_in_a_thread(steps.close),
    "copied context": lambda steps: copy_context().run(steps.close),
    "thread of a task": closed_by_a_task,
    "exhausted": lambda steps: copy_context().run(list, steps),
}


@pytest.mark.parametrize("close", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_block_that_is_left_elsewhere_has_ended_here(close):
    for multiply in (lambda x, y: x * y, lambda x, y: y * x):
        w, factors = mg.Tensor([1.0, 2.0], requires_grad=True), np.array([3.0, 4.0])
        close(started())
        # Nothing was asked before this operation, and its constant is protected as ever.
        product = multiply(w, factors)
        factors[:] = 0.0
        product.sum().backward()
        np.testing.assert_array_equal(w.grad.data, [3.0, 4.0])
    close(started())
    assert mg.is_grad_enabled()
    close(started())
    assert copy_context().run(mg.is_grad_enabled)
    close(started())
    assert mg.grad(lambda x: mg.grad(lambda y: y**3)(x))(2.0) == 12.0
    with mg.no_grad():
        close(started())
        assert not mg.is_grad_enabled()
    assert mg.is_grad_enabled()


def test_a_block_that_is_left_inside_a_transform_has_ended_after_it():
    steps = started()

    def f(x):
        assert mg.is_grad_enabled()
        steps.close()
        assert mg.is_grad_enabled()
        return x * x

    assert mg.grad(f)(3.0) == 6.0
    assert mg.is_grad_enabled()
    # At once, and not only when somebody asks: a copy that is made now is none of a block.
    steps = started()
    recorded_call(steps.close)
    assert copy_context().run(mg.is_grad_enabled)
    assert mg.is_grad_enabled()


def test_a_tool_that_ends_inside_a_transform_has_ended_after_it():
    def tool():
        with recording(complete=True):
            yield

    steps = tool()
    next(steps)
    assert mg.grad(lambda x: x * x if steps.close() is None else x)(3.0) == 6.0
    assert current_recording() is PLAIN


def test_a_copied_context_keeps_its_mode():
    before = copy_context()
    with mg.no_grad():
        inside, also_inside = copy_context(), copy_context()
        assert not inside.run(mg.is_grad_enabled)
    after = copy_context()

    def works_as_inside():
        w = mg.Tensor(2.0, requires_grad=True)
        assert not (w * 2.0).requires_grad
        assert not mg.is_grad_enabled()
        with mg.no_grad():
            assert not mg.is_grad_enabled()
        assert mg.grad(lambda x: x * x)(1.0) == 2.0
        started().close()
        assert not mg.is_grad_enabled()
        assert not copy_context().run(mg.is_grad_enabled)

    for _ in range(2):
        inside.run(works_as_inside)
        run_in_a_thread(lambda: also_inside.run(works_as_inside))
        assert before.run(mg.is_grad_enabled)
        assert after.run(mg.is_grad_enabled)
        assert mg.is_grad_enabled()


def test_a_task_keeps_the_mode_it_was_made_in():
    async def found(seconds):
        modes = []
        for _ in range(4):
            modes.append(mg.is_grad_enabled())
            mg.grad(lambda x: x * x)(1.0)
            await asyncio.sleep(seconds)
        return modes

    async def main():
        with mg.no_grad():
            inside = asyncio.create_task(found(0))
            late = asyncio.create_task(found(0.001))
            await asyncio.sleep(0)
        outside = asyncio.create_task(found(0))
        assert await asyncio.gather(inside, late, outside) == [[False] * 4, [False] * 4, [True] * 4]
        assert mg.is_grad_enabled()

    asyncio.run(main())


def test_a_context_copied_in_a_block_of_a_block():
    with mg.no_grad():
        outer = copy_context()
        inner = outer.run(lambda: [*started_and_copied()])[0]
    assert not outer.run(mg.is_grad_enabled)
    assert not inner.run(mg.is_grad_enabled)


def started_and_copied():
    with mg.no_grad():
        yield copy_context()
    assert not mg.is_grad_enabled()


def test_one_object_may_be_entered_again():
    shared = mg.no_grad()
    for _ in range(2):
        with shared:
            with shared:
                assert not mg.is_grad_enabled()
                with contextlib.suppress(KeyError), shared:
                    raise KeyError
                assert not mg.is_grad_enabled()
            assert not mg.is_grad_enabled()
        assert mg.is_grad_enabled()

    def steps():
        with shared:
            yield

    first, second = steps(), steps()
    next(first)
    with shared:
        next(second)
        first.close()
        assert not mg.is_grad_enabled()
    assert not mg.is_grad_enabled()
    second.close()
    assert mg.is_grad_enabled()


def test_several_threads_may_share_an_object():
    shared, meet = mg.no_grad(), threading.Barrier(3, timeout=10.0)

    def crossing(number):
        modes = []
        for turn in range(20):
            meet.wait()
            with shared:
                if (number + turn) % 3:
                    meet.wait()
                modes.append(mg.is_grad_enabled())
                if not (number + turn) % 3:
                    meet.wait()
            modes.append(mg.is_grad_enabled())
        return modes

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(crossing, range(3))) == [[False, True] * 20] * 3
    assert mg.is_grad_enabled()


def test_what_is_no_function_cannot_be_decorated():
    class Model:
        pass

    for decorate in (mg.no_grad, mg.no_grad()):
        with pytest.raises(TypeError, match="class Model; decorate its methods"):
            decorate(Model)
        with pytest.raises(TypeError, match="takes a function to decorate or nothing, not 3"):
            decorate(3)


def test_decorated_generators_leave_no_cycles():
    @mg.no_grad
    def steps():
        try:
            yield 1
        except ValueError:
            yield 2
        yield 3

    @mg.no_grad
    async def asynchronous():
        try:
            yield 1
        except ValueError:
            yield 2
        yield 3

    def use():
        for error in (ValueError, KeyError):
            running = steps()
            next(running)
            with contextlib.suppress(KeyError):
                assert running.throw(error()) == 2
        assert list(steps()) == [1, 3]

    async def use_asynchronous():
        for error in (ValueError, KeyError):
            running = asynchronous()
            await anext(running)
            with contextlib.suppress(KeyError):
                assert await running.athrow(error()) == 2
            await running.aclose()

    def drive():
        with contextlib.suppress(StopIteration):
            use_asynchronous().send(None)

    for function in (use, drive, lambda: started().close(), lambda: copy_context().run(started)):
        function()
        gc.collect()
        gc.disable()
        try:
            function()
            assert gc.collect() == 0
        finally:
            gc.enable()
    assert mg.is_grad_enabled()


@interrupts.traced
def in_many_blocks(shared, steps):
    with shared, shared:
        for _ in range(2):
            with mg.no_grad():
                pass
    next(steps)
    with shared:
        steps.close()
    while True:
        with contextlib.suppress(KeyError), mg.no_grad():
            raise KeyError
        with mg.no_grad():
            break


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_mode_is_restored_at_once_wherever_ctrl_c_comes(times):
    opened = []

    def close():
        for steps in opened:
            steps.close()

    def prepare():
        close()
        shared, steps = mg.no_grad(), block()
        opened[:] = [steps]

        def check():
            close()
            w = mg.Tensor([1.0], requires_grad=True)
            assert (w * 2.0).requires_grad
            assert copy_context().run(mg.is_grad_enabled)

        return (lambda: in_many_blocks(shared, steps)), check

    assert interrupts.interrupt(prepare, times=times) > 20
