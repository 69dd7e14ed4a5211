"""Does an operation that is given a wrong axis, index or shape raise what NumPy raises, and say who raised it?"""

import inspect
import warnings

import numpy as np
import pytest
from operation_checks import BUILTIN, Call, rng_for

import minigrad as mg
from minigrad.engine.pytrees import leaves
from minigrad.engine.registry import overrides

# Parameters that are axes, indices, numbers of something, or shapes.
PLACES = {
    *("axis", "axes", "axis1", "axis2", "axisa", "axisb", "axisc", "source", "destination", "shape", "new_shape"),
    *("window_shape", "index", "indices", "indices_or_sections", "obj", "kth", "k", "offset", "num", "reps", "repeats"),
    *("shift", "N", "pad_width", "start"),
}
# Parameters of these names that are something else.
OTHERS = {("polyint", "k"), ("linspace", "start"), ("logspace", "start"), ("geomspace", "start")}
OUT_OF_RANGE = [99, -99]
OF_WRONG_TYPE = ["a", 1.5, (0, 99), (0, 0), [[0], [1, 2]], {}, object(), None]
KINDS = (TypeError, ValueError, IndexError)


def numbers(result):
    """The arrays in a result."""
    return [part.numpy() if isinstance(part, mg.Tensor) else np.asarray(part) for _, part in leaves(result)]


def outcome(function, args, params):
    """What a call gives, or its error."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return numbers(function(*args, **params))
        except Exception as error:
            return error


def calls(operation):
    """Calls of an operation with one wrong argument, on Tensors and on arrays, and the right call."""
    parameters = inspect.signature(operation.function).parameters
    signature = list(parameters)
    for example in operation.examples:
        call = Call(operation, example, rng_for(operation))
        args = [
            [mg.Tensor(x, requires_grad=True) if isinstance(x, np.ndarray) and x.dtype == float else x for x in part]
            if isinstance(part, list)
            else mg.Tensor(part, requires_grad=True)
            if isinstance(part, np.ndarray) and part.dtype == float
            else part
            for part in call.args
        ]
        for name in [name for name in signature if name in PLACES and (operation.name, name) not in OTHERS]:
            for value in [*OUT_OF_RANGE, *OF_WRONG_TYPE]:
                if value is parameters[name].default:
                    continue
                changed = []
                for given in (args, call.args):
                    given, params = list(given), dict(call.params)
                    if signature.index(name) < len(given):
                        given[signature.index(name)] = value
                    else:
                        params[name] = value
                    changed.append((given, params))
                yield name, value, *changed, (call.args, call.params)


def mentions(error, operation):
    text = "\n".join([str(error), *getattr(error, "__notes__", ())])
    return any(name in text for name in [operation.name, *[each.__name__ for each in operation.overrides]])


@pytest.mark.parametrize("name", [name for name, each in BUILTIN.items() if each.public])
def test_wrong_places(name):
    """What is accepted gives what NumPy gives; what is refused says who refuses it."""
    operation = BUILTIN[name]
    for place, value, of_tensors, of_arrays, right in calls(operation):
        what = f"{name}: {place}={value!r}"
        found = outcome(operation.function, *of_tensors)
        # Of several functions of NumPy, the others take fewer arguments; and not all versions know all examples.
        functions = [operation.function, *operation.overrides[:1]]
        able = [each for each in functions if not isinstance(outcome(each, *right), Exception)]
        expected = [outcome(function, *of_arrays) for function in able]
        expected = [other for other in expected if not isinstance(other, AttributeError)]
        if not isinstance(found, Exception):
            for other in expected:
                assert not isinstance(other, Exception), (what, other)
                for ours, theirs in zip(found, other, strict=True):
                    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14, err_msg=what)
            continue
        assert isinstance(found, KINDS), (what, found)
        assert mentions(found, operation), (what, found)
        if value in OUT_OF_RANGE:
            for other in expected:
                if isinstance(other, KINDS) and "unexpected keyword" not in str(other):
                    # An AxisError is both an IndexError and a ValueError.
                    same = any(isinstance(found, kind) and isinstance(other, kind) for kind in KINDS)
                    assert same, (what, found, other)


def constants():
    """NumPy's functions that give plain arrays, and take an axis or a shape."""
    for function in overrides:
        try:
            parameters = inspect.signature(function).parameters
        except ValueError:
            continue
        if "axis" in parameters and not any(function in each.overrides for each in BUILTIN.values()):
            yield function


@pytest.mark.parametrize("function", list(constants()), ids=lambda function: function.__name__)
def test_wrong_axes_of_functions_that_give_plain_arrays(function):
    for axis in (9, -9, "a", 1.5):
        try:
            function(np.ones(3), axis=axis)
        except Exception as error:
            kind = type(error)
        else:
            continue
        with pytest.raises(kind) as caught:
            function(mg.Tensor([1.0, 2.0, 3.0], requires_grad=True), axis=axis)
        text = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
        assert function.__name__ in text


X = mg.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: np.split(X, None), TypeError, r"by an integer or a list of integers, not by None\nwhile .*mg\.split"),
        (lambda: np.split(X, 4), ValueError, "split: an axis of size 2 cannot be cut into 4 equal parts"),
        (lambda: np.hsplit(X[0, 0], 1), ValueError, "hsplit takes an array of 1 axes or more"),
        (lambda: np.unstack(X, axis=9), np.exceptions.AxisError, r"axis 9 is out of bounds.*\nwhile .* mg\.unstack"),
        (lambda: np.argsort(X, axis=9), np.exceptions.AxisError, r"axis 9 is out of bounds.*\nwhile .* np\.argsort"),
        (lambda: np.insert(X, 100, 1), IndexError, r"index 100 is out of bounds.*\nwhile computing mg\.insert"),
        (lambda: mg.set_at(X, 99, 1.0), IndexError, r"index 99 is out of bounds.*\nwhile computing mg\.set_at"),
        (lambda: mg.set_at(X, 0, [1.0, 2.0]), ValueError, r"shape.*\nwhile computing mg\.set_at"),
        (lambda: mg.add_at(X, (0, 9), 1.0), IndexError, r"index 9 is out of bounds.*\nwhile computing mg\.add_at"),
        (lambda: np.apply_over_axes(np.sum, X, 99), np.exceptions.AxisError, r"99.*\nwhile .*apply_over_axes"),
        (lambda: np.pad(X, -1, mode="edge"), ValueError, r"pad_width=-1 holds a negative number"),
        (lambda: np.pad(X[0, 0], 0.5, mode="edge"), TypeError, r"pad_width holds integers, not 0\.5"),
        (lambda: np.full_like(X, X[0, 0], shape={}), TypeError, r"while computing mg\.full_like"),
        (lambda: X.sum(axis=5), np.exceptions.AxisError, r"sum\(\(2, 3\), axis=5.*axis 5 is out of bounds"),
        (lambda: X[7], IndexError, r"getitem\(\(2, 3\), index=7\)"),
        (lambda: X.reshape(4, 2), ValueError, r"reshape\(\(2, 3\), shape=\(4, 2\)"),
        (lambda: X.transpose(0, 0), ValueError, r"transpose\(\(2, 3\), axes=\(0, 0\)"),
        (lambda: X.take(9), IndexError, r"take\(\(2, 3\), indices=9"),
        (lambda: X.swapaxes(0, 5), np.exceptions.AxisError, r"swapaxes\(\(2, 3\), axis1=0, axis2=5\)"),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()


class HalfMade:
    """An object whose attributes are looked up in one that it does not have yet, such as pandas makes them."""

    def __init__(self, values):
        np.asarray(values)

    def __getattr__(self, name):
        return getattr(self.manager, name)


def test_an_object_that_is_half_made_does_not_hide_the_error():
    HalfMade.__module__ = "scipy.half_made"
    code = compile("def make(self, values):\n    import numpy as np\n    np.asarray(values)", "half_made", "exec")
    scope = {"__name__": "scipy.half_made"}
    exec(code, scope)
    with pytest.raises(TypeError, match="constant"):
        scope["make"](object.__new__(HalfMade), mg.Tensor([1.0], requires_grad=True))
