"""Does compiled code see what changes around the function, wherever it is, and is all as before after a refusal?"""

import dataclasses
import functools

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim

X = np.array([1.0, 2.0, 3.0])
TENSOR = mg.Tensor(np.ones(3))


def set_tensor(value):
    TENSOR.data = np.full(3, value)


class Slotted:
    __slots__ = ("t",)

    def method(self, x):
        return x * (self.t * 2)


class Using:
    def method(self, x):
        return x * (TENSOR * 3)


def filled(array):
    return lambda value: array.__setitem__(slice(None), value)


def in_a_partial():
    d = np.ones(3)
    return functools.partial(lambda d, x: x * (d * 2), d), filled(d)


def in_a_tuple_of_two_variables():
    d = np.ones(3)
    one = other = (d, 2.0)
    return lambda x: x * (one[0] * 2) + other[0] * one[1] * 3, filled(d)


def of_complex_numbers():
    d = np.ones(3, complex)
    return lambda x: x * (d * 2).real, filled(d)


def a_global_in_a_comprehension():
    return lambda x: sum(TENSOR * 2 * x for _ in range(2)), set_tensor


def a_global_in_a_function_inside():
    def function(x):
        def inner():
            return TENSOR * 2 * x

        return inner()

    return function, set_tensor


def a_default():
    t = mg.Tensor(np.ones(3))
    return lambda x, t=t: x * (t * 2), lambda value: setattr(t, "data", np.full(3, value))


def a_slot():
    held = Slotted()
    held.t = mg.Tensor(np.ones(3))
    return held.method, lambda value: setattr(held.t, "data", np.full(3, value))


def a_decorator():
    t = mg.Tensor(np.ones(3))

    def scaled(function):
        @functools.wraps(function)
        def wrapper(x):
            return function(x) * (t * 2)

        return wrapper

    return scaled(lambda x: x + 1), lambda value: setattr(t, "data", np.full(3, value))


def a_method_of_an_object():
    return Using().method, set_tensor


PLACES = [
    in_a_partial, in_a_tuple_of_two_variables, of_complex_numbers, a_global_in_a_comprehension,
    a_global_in_a_function_inside, a_default, a_slot, a_decorator, a_method_of_an_object,
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_change_is_seen_wherever_it_is_kept(place):
    set_tensor(1.0)
    function, change = place()
    compiled = mg.compile(function)
    for value in (5.0, 7.0):
        expected = function(X)
        np.testing.assert_array_equal(compiled(X), expected.data if isinstance(expected, mg.Tensor) else expected)
        change(value)


def test_state_that_is_kept_in_arrays_is_refused_and_left_as_it_was():
    class Summing:
        def __init__(self):
            self.total = np.zeros(3)

        def add(self, x):
            self.total = self.total + x
            return self.total * 1

    summing, total, kept = Summing(), np.zeros(3), {"h": np.zeros(3)}
    before = summing.total

    def nonlocal_sum(x):
        nonlocal total
        total = total + x
        return total * 1

    def in_a_dict(x):
        kept["h"] = np.tanh(kept["h"] + x)
        return kept["h"] * 1

    def in_place(x):
        total[0] = total[0] + x[0]
        return total * 1

    for function in (summing.add, nonlocal_sum, in_a_dict, in_place):
        with pytest.raises(mg.ProgramError):
            mg.compile(function)(X)
    assert summing.total is before
    for array in (summing.total, total, kept["h"]):
        assert type(array) is np.ndarray
        assert not array.any()


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    w: object


class Caching:
    def __init__(self):
        self.d = np.ones(3)

    @functools.cached_property
    def doubled(self):
        return self.d * 2

    def method(self, x):
        return x * self.doubled


def test_what_cannot_be_replaced_is_compared_and_nothing_is_left_behind():
    frozen, d, caching = Frozen(np.ones(3)), np.ones(3), Caching()
    compiled = mg.compile(lambda x: x * (frozen.w * 2) + d * 2)
    for value in (1.0, 4.0):
        d[:] = value
        np.testing.assert_array_equal(compiled(X), X * 2 + d * 2)
    assert type(d) is type(frozen.w) is np.ndarray
    mg.compile(caching.method, fallback=True)(X)
    np.testing.assert_array_equal(caching.method(X), X * 2)


def trained():
    model = nn.Dense(3, 2, rng=0, dtype=np.float64)
    optimizer, outside = optim.SGD(model.parameters(), lr=0.1), model.weight.data

    def descend(x):
        loss = (model(x) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    def before(x):
        w = model.weight.data
        return descend(x) + w.sum()

    def with_a_branch(x):
        w = model.weight.data
        loss = descend(x)
        return loss + w.sum() if x.sum() > 0 else loss

    return {
        "before": before,
        "with a branch": with_a_branch,
        "outside": lambda x: descend(x) + outside.sum(),
        "after": lambda x: descend(x) + model.weight.data.sum(),
    }


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("name", ["before", "with a branch", "outside", "after"])
def test_other_names_of_a_parameter_see_its_update_or_are_refused(name, engine):
    if engine == "jax":
        pytest.importorskip("jax")
    function, x = trained()[name], np.ones((2, 3))
    compiled = mg.compile(trained()[name], engine=engine)
    if name != "after" and (engine == "jax" or name == "with a branch"):
        with pytest.raises(mg.ProgramError, match="used after the parameter was updated"):
            compiled(x)
        return
    for _ in range(3):
        np.testing.assert_allclose(compiled(x), function(x).item(), rtol=1e-13)
