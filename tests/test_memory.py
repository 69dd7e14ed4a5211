"""Is memory reused exactly when nobody refers to it any longer, and is no gradient written over that somebody knows?"""

import subprocess
import sys
import threading

import numpy as np
import pytest

import minigrad as mg
from minigrad.kernels import buffers
from minigrad.ops.elementwise.where import keep_where

SINGLE = np.dtype(np.float32)
SHAPE = (300, 400)


def address(array):
    return array.__array_interface__["data"][0]


def test_an_array_that_is_gone_makes_room_for_the_next():
    array = buffers.empty(SHAPE, SINGLE)
    where = address(array)
    del array
    assert address(buffers.empty(SHAPE, SINGLE)) == where


@pytest.mark.parametrize(
    "keep",
    [
        lambda array: array,
        lambda array: array[1:, ::2].T,
        lambda array: array.reshape(-1).view(np.int32),
        lambda array: memoryview(array),
        lambda array: mg.Tensor._wrap(array),
        lambda array: [{"deep": (array.T,)}],
    ],
    ids=["array", "view", "cast", "memoryview", "tensor", "container"],
)
def test_memory_that_somebody_refers_to_is_left_alone(keep):
    array = buffers.empty(SHAPE, SINGLE)
    where = address(array)
    kept = keep(array)
    del array
    others = [buffers.empty(SHAPE, SINGLE) for _ in range(3)]
    assert where not in map(address, others)
    del kept
    assert where in map(address, [*others, buffers.empty(SHAPE, SINGLE)])


def test_arrays_are_as_asked_for():
    assert buffers.empty(SHAPE, SINGLE).flags.c_contiguous
    zeros = buffers.zeros(SHAPE, SINGLE)
    assert (zeros.shape, zeros.dtype, zeros.any()) == (SHAPE, SINGLE, False)
    assert buffers.empty((0, 3), SINGLE).shape == (0, 3)
    assert buffers.empty((), SINGLE).shape == ()


def test_smaller_arrays_come_from_numpy():
    assert buffers.empty((4,), SINGLE).base is None
    assert buffers.like(np.ones(4)) is None
    assert buffers.like(np.ones(SHAPE, int)) is None


def test_no_two_threads_are_given_the_same():
    taken, start = [], threading.Barrier(8)

    def take():
        start.wait()
        taken.extend([buffers.empty(SHAPE, SINGLE) for _ in range(20)])

    workers = [threading.Thread(target=take) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(set(map(address, taken))) == 160


IN_A_TRACER = """
import sys

def tracer(frame, event, argument):
    frame.f_locals  # on some versions of Python, this makes one more reference to every variable
    return tracer

sys.settrace(tracer)
import minigrad as mg
assert sys.gettrace() is tracer
sys.settrace(None)
import numpy as np

first, second = (mg.relu(np.full((200, 200), value)) for value in (1.0, 2.0))
assert not np.shares_memory(first, second)
"""


def test_tracers_do_not_count():
    subprocess.run([sys.executable, "-c", IN_A_TRACER], check=True, timeout=60)


IN_A_PROFILER = """
import cProfile

profiler = cProfile.Profile()
profiler.enable()
import minigrad as mg

def still_seen():
    pass

still_seen()
profiler.disable()
assert any(entry.code is still_seen.__code__ for entry in profiler.getstats())
import numpy as np

first, second = (mg.relu(np.full((200, 200), value)) for value in (1.0, 2.0))
assert not np.shares_memory(first, second)
"""


def test_the_package_can_be_imported_in_a_profiler():
    subprocess.run([sys.executable, "-c", IN_A_PROFILER], check=True, timeout=60)


def test_code_that_interrupts_may_take_memory_too(monkeypatch):
    inner, outer, count = [], [], buffers.sys.getrefcount

    def interrupted(array):
        if not inner:
            inner.append(None)
            inner[0] = buffers.empty((512, 511), SINGLE)
        return count(array) - own  # this function may refer to it, too

    kept, sample = buffers.empty((512, 511), SINGLE), np.empty(0)
    own = (lambda array: count(array))(sample) - count(sample)
    monkeypatch.setattr(buffers.sys, "getrefcount", interrupted)
    worker = threading.Thread(target=lambda: outer.append(buffers.empty((512, 511), SINGLE)), daemon=True)
    worker.start()
    worker.join(10)
    assert not worker.is_alive()
    assert len({address(array) for array in (kept, *inner, *outer)}) == 3


def test_many_arrays_of_a_size_are_found_again():
    kept = [buffers.empty((128, 129), SINGLE) for _ in range(100)]
    before = set(map(address, kept))
    kept[50:] = []
    again = [buffers.empty((128, 129), SINGLE) for _ in range(200)]
    assert len(set(map(address, again))) == 200
    assert len(set(map(address, again)) & before) == 50


def test_what_nobody_uses_is_given_back_when_it_becomes_too_much(monkeypatch):
    monkeypatch.setattr(buffers, "_buffers", buffers._Buffers())
    monkeypatch.setattr(buffers, "_LIMIT", 10 << 20)
    for size in range(1, 40):
        buffers.empty((size, 1 << 17), SINGLE)
    assert buffers._buffers._bytes <= 10 << 20
    held = [buffers.empty((1 << 20,), SINGLE) for _ in range(5)]
    assert len(set(map(address, held))) == 5
    assert buffers._buffers._bytes <= 10 << 20


def test_an_array_alone_in_its_memory():
    array = buffers.empty(SHAPE, SINGLE)
    assert buffers.is_only_array(array)
    assert buffers.is_only_array(np.ones(3))
    view = array[1:]
    assert not buffers.is_only_array(array)
    assert not buffers.is_only_array(view)
    del view
    assert buffers.is_only_array(array)
    assert not buffers.is_only_array(np.ones((2, 3)).T[1:])


def test_gradients_in_large_arrays_are_the_users_own():
    """What was deposited stays what it was, whatever is computed afterwards."""
    rng = np.random.default_rng(0)
    x = mg.Tensor(rng.standard_normal((200, 300)), requires_grad=True)
    w = mg.Tensor(rng.standard_normal((300, 250)), requires_grad=True)
    kept = []
    for _ in range(4):
        x.zero_grad(), w.zero_grad()
        mg.relu(x @ w).sum().backward()
        kept.append((x.grad.data, w.grad.data, x.grad.data.copy(), w.grad.data.copy()))
    for by_x, by_w, x_before, w_before in kept:
        np.testing.assert_array_equal(by_x, x_before)
        np.testing.assert_array_equal(by_w, w_before)


def test_an_array_that_a_rule_remembers_is_not_given_to_the_user():
    remembered = {}
    for own in (np.full(3, 2.0), np.full((200, 300), 2.0), np.broadcast_to(2.0, 3)):

        @mg.primitive(lambda g, out, x, own=own: remembered.setdefault(own.shape, own), name=f"twice{own.ndim}")
        def twice(x):
            return 2.0 * x

        x = mg.Tensor(np.ones(own.shape), requires_grad=True)
        twice(x).backward(np.ones(own.shape))
        x.grad.data[...] = 7.0
        np.testing.assert_array_equal(own, 2.0)


def relu_graph(retain):
    x = mg.Tensor(np.linspace(-1.0, 1.0, 40_000).reshape(200, 200), requires_grad=True)
    hidden = x * 2.0
    if retain:
        hidden.retain_grad()
    return x, hidden, mg.relu(hidden)


def test_relu_writes_over_no_gradient_that_somebody_knows():
    """A seed, a retained gradient, and a gradient that goes to two places."""
    x, _, y = relu_graph(retain=False)
    seed = np.ones((200, 200))
    y.backward(seed)
    np.testing.assert_array_equal(seed, 1.0)
    np.testing.assert_array_equal(x.grad.data, 2.0 * (x.data > 0))

    x, hidden, y = relu_graph(retain=True)
    out = y + 0.0
    out.retain_grad()
    y.retain_grad()
    out.backward(seed)
    np.testing.assert_array_equal(y.grad.data, 1.0)
    np.testing.assert_array_equal(out.grad.data, 1.0)
    np.testing.assert_array_equal(hidden.grad.data, x.data > 0)

    x, hidden, y = relu_graph(retain=False)
    other = mg.Tensor(np.ones((200, 200)), requires_grad=True)
    both = keep_where(y + other, np.ones((200, 200), bool))
    both.backward(seed)
    np.testing.assert_array_equal(other.grad.data, 1.0)
    np.testing.assert_array_equal(x.grad.data, 2.0 * (x.data > 0))


def test_relu_writes_into_a_gradient_that_only_the_pass_knows(monkeypatch):
    written = []
    relu = mg.relu(mg.Tensor(1.0, requires_grad=True))._node.op
    overwriting = relu.overwriting
    monkeypatch.setattr(relu, "overwriting", lambda g, out, x: written.append(g) or overwriting(g, out, x))
    x, _, y = relu_graph(retain=False)
    keep_where(y, np.ones((200, 200), bool)).backward(np.ones((200, 200)))
    assert len(written) == 1
    np.testing.assert_array_equal(x.grad.data, 2.0 * (x.data > 0))


def test_relu_in_a_recorded_pass_writes_over_nothing():
    x, _, y = relu_graph(retain=False)
    (first,) = mg.gradients((y * y).sum(), [x], create_graph=True)
    (second,) = mg.gradients(first.sum(), [x])
    np.testing.assert_allclose(second.data, 8.0 * (x.data > 0))
