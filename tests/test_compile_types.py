"""Does a value answer Python as the array would that it stands for, and do its methods mean what NumPy's mean?"""

import copy
import functools
import numbers
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.stand_ins import StandIn


def refused(function, *arguments, message):
    with pytest.raises(mg.ProgramError, match=message):
        mg.compile(function)(*arguments)


# ---- What Python asks of a value ----


def types_of(x):
    kinds = (np.ndarray, float, int, np.floating, np.integer, np.generic, numbers.Real)
    return [1.0 * isinstance(x, kind) for kind in kinds] + [1.0 * bool(np.isscalar(x)), np.multiply(x, 2)]


GIVEN = [np.ones(2), np.ones(2, int), np.array(2.0), np.float64(2.0), np.float32(2.0), np.int64(2), 2.0]


@pytest.mark.parametrize("given", GIVEN, ids=lambda given: type(given).__name__)
def test_isinstance_of_an_argument(given):
    expected = types_of(given)[:-1]
    assert mg.compile(types_of)(given)[:-1] == expected
    assert [float(each) for each in mg.program(types_of, given, wrt=[])(given)[:-1]] == expected


def test_isinstance_of_a_result():
    def results(x):
        total = x.sum()
        found = (x * 2.0, total, np.where(total > 0.0, total, 0.0), total.copy(), x[0], x[:1].reshape(()))
        return [types_of(each)[:-1] for each in found]

    assert mg.compile(results)(np.ones(3)) == results(np.ones(3))


def test_a_dispatch_by_type():
    @functools.singledispatch
    def doubled(x):
        return x * 0.0

    @doubled.register
    def _(x: np.ndarray):
        return x * 2.0

    def matched(x):
        match x:
            case np.ndarray():
                return doubled(x)
            case float():
                return doubled(x) + 1.0

    for given in (np.ones(2), 3.0):
        np.testing.assert_array_equal(mg.compile(matched)(given), matched(given))


def test_a_stand_in_can_still_be_told():
    def look(x):
        return [1.0 * (type(x) is np.ndarray), 1.0 * isinstance(x, StandIn), x * 2.0]

    assert mg.compile(look)(np.ones(2))[:2] == [0.0, 1.0]


@pytest.mark.parametrize(
    "function",
    [
        lambda a: a * 1.0 if a in {2.0} else -a,
        lambda a: {2.0: a}.get(a, -a),
        lambda a: a * {3.0: 1.0}.get(a + 1.0, 0.0),
    ],
)
@pytest.mark.parametrize("given", [2.0, np.float64(2.0)])
def test_a_number_in_a_set_or_a_dict(function, given):
    refused(function, given, message=r"looked up in a set or a dict, which would freeze it; write x == 2\.0")


def test_an_array_in_a_set():
    for given in (np.ones(2), np.array(2.0)):
        with pytest.raises(TypeError, match=re.escape("unhashable type: 'numpy.ndarray'")):
            mg.compile(lambda x: x if x in {2.0} else -x)(given)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, y: x if np.shares_memory(x, y) else y, r"np\.shares_memory of a value"),
        (lambda x, y: x if np.may_share_memory(x, y) else y, r"np\.may_share_memory of a value"),
        (lambda x, y: x.astype(np.min_scalar_type(y)), r"np\.min_scalar_type of a value"),
    ],
)
def test_answers_that_would_be_frozen(function, message):
    refused(function, np.ones(3), np.ones(3), message=rf"test_compile_types\.py:\d+: {message}.* freeze the answer")


def test_answers_about_shapes_and_dtypes():
    def function(x):
        asked = [np.ndim(x), np.size(x), len(np.shape(x)), np.can_cast(x, np.float64), np.isrealobj(x)]
        return x * sum(float(each) for each in asked) + np.zeros(1, np.result_type(x, np.float32))

    np.testing.assert_array_equal(mg.compile(function)(np.ones(3)), function(np.ones(3)))


# ---- Methods of arrays mean what the methods of NumPy mean ----

TALL = np.random.default_rng(0).standard_normal((7, 1000)).astype(np.float32)


@pytest.mark.parametrize(
    "function",
    [
        *(lambda x, order=order: x.T.copy(order).ravel("K") for order in "CFAK"),
        lambda x: x.T.copy().ravel("K"),
        lambda x: np.copy(x.T).ravel("K"),
        lambda x: copy.copy(x.T).ravel("K"),
        lambda x: copy.deepcopy(x.T).ravel("K"),
        *(lambda x, order=order: x.T.astype(np.float16, order=order).ravel("K") for order in "CFAK"),
        lambda x: x.T.astype(np.float64, "C").ravel("K"),
        *(lambda x, order=order: x.T.flatten(order).sum() for order in "CFAK"),
        *(lambda x, order=order: x.T.ravel(order).sum() for order in "CFAK"),
        *(lambda x, order=order: x.T.reshape(10, -1, order=order).sum(axis=0) for order in "CFA"),
        lambda x: x.compress(np.arange(1000) % 2 == 0, axis=1),
        lambda x: x.compress([True, False, True]),
        lambda x: x.compress(x[0] > 0.0, 1).sum(),
        lambda x: x.conj().sum(),
        lambda x: (x > 0.0).conj(),
        lambda x: x[0, :3].argsort().choose(list(x[:3, :3])),
        lambda x: x.swapaxes(0, 1).cumsum(),
        lambda x: x[0].searchsorted(x[1, :3], "right"),
    ],
)
def test_methods_give_the_same_bits(function):
    got, expected = mg.compile(function)(TALL), function(TALL)
    np.testing.assert_array_equal(got, expected)
    assert got.dtype == expected.dtype


@pytest.mark.parametrize(
    "function",
    [
        lambda x, out: x.sum(out=out),
        lambda x, out: x.sum(None, None, out),
        lambda x, out: np.sum(x, None, None, out),
        lambda x, out: x.compress([True], out=out),
    ],
)
def test_methods_that_write_into_an_array(function):
    scratch = np.zeros(())
    refused(lambda x: function(x, scratch), np.ones(3), message=r"writes into an array.*write y = y \+ x")
    assert scratch == 0.0
