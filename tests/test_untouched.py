"""Is all that a function can write to put back, and are its random numbers the same each time?"""

import functools
import random
import types
from typing import ClassVar

import numpy as np
import pytest

from minigrad.testing.subjects.generators import Generators
from minigrad.testing.subjects.untouched import untouched

counter = 0
kept: dict[str, object] = {}


class Holder:
    shared: ClassVar[list[int]] = [1]

    def __init__(self):
        self.weights = np.arange(3.0)
        self.cache = None
        self.inner = types.SimpleNamespace(rows=[np.zeros(2)], seen=set())

    def write(self, stop):
        self.weights += 1
        self.cache = self.new = stop
        self.inner.rows.append(1)
        self.inner.rows[0][:] = 5
        self.inner.seen.add(2)
        self.shared.append(1)
        if stop:
            raise KeyboardInterrupt


class Slotted:
    __slots__ = ("grad",)

    def __init__(self):
        self.grad = np.zeros(2)


@pytest.mark.parametrize("stop", [True, False])
def test_what_a_method_writes_is_put_back(stop):
    holder = Holder()
    weights, inner = holder.weights, holder.inner
    try:
        with untouched(holder.write):
            holder.write(stop)
    except KeyboardInterrupt:
        assert stop
    assert holder.weights is weights
    assert holder.inner is inner
    np.testing.assert_array_equal(weights, [0, 1, 2])
    assert sorted(vars(holder)) == ["cache", "inner", "weights"]
    assert holder.cache is None
    assert len(inner.rows) == 1
    np.testing.assert_array_equal(inner.rows[0], [0, 0])
    assert inner.seen == set()
    assert Holder.shared == [1]


def test_closures_defaults_globals_and_function_attributes_are_put_back():
    total, buffer, slotted = 0, np.full(2, np.nan), Slotted()
    buffer[0] = -0.0

    def write(x, log=[], last=functools.partial(max, kept)):  # noqa: B006, B008 -- it is written to
        nonlocal total
        global counter, fresh
        total += 1
        counter = fresh = total
        kept["x"] = x
        log.append(x)
        buffer[:] = 0.0
        slotted.grad = slotted.grad + 1
        write.cache = x

    with untouched(write):
        write(1.0)
        assert counter == total == 1
        assert kept
    assert total == counter == 0
    assert "fresh" not in globals()
    assert kept == {}
    assert write.__defaults__[0] == []
    assert np.signbit(buffer[0])
    assert np.isnan(buffer[1])
    np.testing.assert_array_equal(slotted.grad, [0, 0])
    assert not hasattr(write, "cache")


def test_generators_are_found_set_and_put_back():
    holder = types.SimpleNamespace(rng=np.random.default_rng(5), old=np.random.RandomState(5), other=random.Random(5))
    closed, first = np.random.Generator(np.random.MT19937(1)), np.random.default_rng(5).random()

    def draw(size, default=np.random.default_rng(7)):  # noqa: B008 -- a generator that is found in the defaults
        own = [holder.rng.random(), holder.old.rand(), holder.other.random(), closed.random(), default.random()]
        return [*own, np.random.rand(), random.random()][:size]

    before = random.getstate(), np.random.get_state()[1].copy()
    with untouched(draw):
        generators = Generators(draw)
        drawn = []
        for seed in (0, 0, 1):
            generators.set(seed)
            drawn.append(draw(7))
    assert len(generators) == 5
    assert drawn[0] == drawn[1]
    assert not set(drawn[0]) & set(drawn[2])
    assert len(set(drawn[0])) == 7
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    assert draw(1) == [first]
