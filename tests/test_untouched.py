"""Is all that a function can write to put back, and are its random numbers the same each time?"""

import functools
import importlib
import random
import sys
import types
from typing import ClassVar

import numpy as np
import pytest

from minigrad.testing.subjects.generators import Generators
from minigrad.testing.subjects.reachable import is_library
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
    __slots__ = ("__private", "grad")

    def __init__(self):
        self.grad = np.zeros(2)
        self.__private = [1]

    def write(self):
        self.grad = self.grad + 1
        self.__private.append(2)
        self.__private = None

    def private(self):
        return self.__private


class Array(np.ndarray):
    pass


class List(list):
    pass


class Dict(dict):
    pass


@pytest.mark.parametrize(
    "held", [np.zeros(3).view(Array), List([1.0]), Dict(W=1.0)], ids=lambda held: type(held).__name__
)
def test_attributes_of_arrays_and_containers_are_put_back(held):
    held.grads, held.count = {"W": np.zeros(2)}, 0

    def write():
        held.count += 1
        held.grads["W"] += 1
        held.grads["b"] = held.new = 1

    with untouched(write):
        write()
        assert held.count == 1
    assert vars(held).keys() == {"grads", "count"}
    assert held.count == 0
    assert held.grads.keys() == {"W"}
    np.testing.assert_array_equal(held.grads["W"], [0, 0])


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
        slotted.write()
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
    assert slotted.private() == [1]
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


def test_a_module_of_the_users_is_none_of_python_for_its_name_alone(tmp_path, monkeypatch):
    (tmp_path / "oldpart.py").write_text("class Layer:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "stdlib_module_names", {*sys.stdlib_module_names, "oldpart"})
    layer = importlib.import_module("oldpart").Layer()
    with untouched(layer):
        layer.grad = 1
    del sys.modules["oldpart"]
    assert is_library(random.Random(0))
    assert vars(layer) == {}


def test_what_is_written_into_a_module_of_the_users_is_put_back():
    settings = types.ModuleType("settings")
    settings.calls, settings.buffer = 0, np.zeros(2)

    def write():
        settings.calls += 1
        settings.buffer += 1
        settings.last, settings.random = 1, random
        del settings.__doc__

    with untouched(write):
        write()
    assert settings.calls == 0
    assert settings.__doc__ is None
    assert not hasattr(settings, "last")
    assert settings.random is random
    np.testing.assert_array_equal(settings.buffer, [0, 0])
