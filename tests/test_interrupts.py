"""Is everything usable, and every mode as before, after Ctrl-C or an error at any point?

`python tests/test_interrupts.py` interrupts the programs wherever it makes a difference, which takes minutes.
"""

import contextlib
import subprocess
import sys
import textwrap
from pathlib import Path

import interrupts
import numpy as np
import pytest
from interrupted_programs import BATCH, PROGRAMS, World

import minigrad as mg

# In a run of all tests so many points of each program; of all there are some hundreds each.
MOST = 50


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_interrupt_where_python_looks_for_one(name):
    assert interrupts.interrupt(PROGRAMS[name], most=MOST) > 10


@pytest.mark.parametrize("name", ["backward", "no_grad", "transforms", "Adam", "predict and evaluate"])
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


# The mean time in seconds until a signal of the system arrives.
MOMENTS = {"backward": 2e-4, "no_grad": 3e-5, "Adam": 1e-4, "transforms": 1e-3, "predict and evaluate": 3e-4}
MOMENTS["large arrays"] = 2e-4
RANDOM = """
    import random, signal, sys
    sys.path[:0] = {path!r}
    import interrupted_programs as tests

    def interrupt(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    random.seed(1)
    for name, seconds in {moments}.items():
        interrupted = 0
        for turn in range({tries}):
            function, check = tests.AT_RANDOM[name]()
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, random.expovariate(1.0 / seconds) + 1e-6)
                    function()
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt as error:
                # Kept, with its traceback, while all is checked.
                interrupted, kept = interrupted + 1, error
            try:
                check()
            except BaseException as error:
                error.add_note(f"after an interrupt of {{name}}, turn {{turn}}")
                raise
        print(name, interrupted)
        assert interrupted > {tries} / 10, name
"""


def at_random_moments(tries):
    """Interrupt programs in a process of their own; what it said, and how it ended."""
    tests = Path(__file__).parent
    code = textwrap.dedent(RANDOM).format(path=[str(tests), str(tests.parent)], tries=tries, moments=MOMENTS)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=500, check=False)


def test_signals_at_random_moments():
    done = at_random_moments(60)
    assert done.returncode == 0, done.stderr[-3000:]


if __name__ == "__main__":
    random_moments = at_random_moments(1000)
    sys.stdout.write(
        f"at random moments: {random_moments.stdout}{random_moments.returncode} {random_moments.stderr[-2000:]}\n"
    )
    for program in sys.argv[1:] or PROGRAMS:
        for again in (1, 2):
            try:
                outcome = f"{interrupts.interrupt(PROGRAMS[program], times=again)} places"
            except (AssertionError, RuntimeError, pytest.fail.Exception) as error:
                outcome = f"{str(error)[:200]} {error.__notes__}"
            sys.stdout.write(f"{program}, interrupted {again} times: {outcome}\n")
