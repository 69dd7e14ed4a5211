"""Is the mode right where blocks of no_grad are entered and left by calls, as contextlib and test fixtures do?"""

import asyncio
import contextlib
import gc
from contextvars import copy_context

import pytest

import minigrad as mg


def by_hand(guard):
    guard.__enter__()
    try:
        yield
    finally:
        guard.__exit__(None, None, None)


def on_a_stack(guard):
    with contextlib.ExitStack() as stack:
        stack.enter_context(guard)
        yield


def probed(guard):
    if hasattr(guard, "__exit__"):
        yield from by_hand(guard)


def looked_up_first(guard):
    leave = guard.__exit__
    guard.__enter__()
    yield
    leave(None, None, None)


@pytest.mark.parametrize("hold", [by_hand, on_a_stack, probed, looked_up_first])
def test_blocks_that_are_entered_and_left_by_calls(hold):
    shared = mg.no_grad()
    for guard in (mg.no_grad(), shared, shared):
        held = contextlib.contextmanager(hold)
        with held(guard):
            assert not mg.is_grad_enabled()
            with guard:
                with held(guard):
                    assert not mg.is_grad_enabled()
                assert not mg.is_grad_enabled()
            assert not mg.is_grad_enabled()
        assert mg.is_grad_enabled()
        with guard:
            with held(guard):
                pass
            assert not mg.is_grad_enabled()
        assert mg.is_grad_enabled()
    # As fixtures of asynchronous tests do: entered and left in different contexts.
    steps = hold(shared)
    next(steps)
    copy_context().run(list, steps)
    assert mg.is_grad_enabled()


def test_an_exit_that_is_never_called_leaves_nothing():
    guard = mg.no_grad()
    leave = guard.__exit__
    guard.__enter__()
    del leave
    gc.collect()
    assert not mg.is_grad_enabled()
    guard.__exit__(None, None, None)
    assert mg.is_grad_enabled()


def test_a_call_leaves_the_block_of_its_own_context():
    shared, other = mg.no_grad(), copy_context()
    shared.__enter__()
    other.run(shared.__enter__)
    shared.__exit__(None, None, None)
    assert mg.is_grad_enabled()
    assert not other.run(mg.is_grad_enabled)
    other.run(shared.__exit__, None, None, None)
    assert other.run(mg.is_grad_enabled)


def test_a_block_that_was_not_entered_cannot_be_left():
    with pytest.raises(RuntimeError, match=r"not entered; write `with mg\.no_grad\(\):`"):
        mg.no_grad().__exit__(None, None, None)
    assert mg.is_grad_enabled()


class Steps:
    """An object that is called like a function, whose code runs in several steps."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        yield x * self.factor
        yield x * self.factor


class Later(Steps):
    async def __call__(self, x):
        return x * self.factor


def test_objects_that_are_called_record_nothing_in_their_code():
    x = mg.Tensor([1.0], requires_grad=True)
    for value in mg.no_grad(Steps(2.0))(x):
        assert not value.requires_grad
        assert (x * 1.0).requires_grad
    assert not asyncio.run(mg.no_grad(Later(2.0))(x)).requires_grad


def test_what_is_decorated_before_it_is_a_function_says_where_to_write_it():
    for kind in (staticmethod, classmethod, property):
        with pytest.raises(TypeError, match=f"write @mg.no_grad below @{kind.__name__}"):
            mg.no_grad(kind(lambda: None))
