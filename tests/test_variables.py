"""Is a transform's own argument safe from everything that would make a constant of it, or of what depends on it?"""

import copy
import operator
import pickle

import numpy as np
import pytest
from every_transform import TRANSFORMS

import minigrad as mg
from minigrad.engine.advice import LostGradientError

X = np.array([1.0, 2.0, 3.0])

WAYS_TO_TRANSFORM = {
    **TRANSFORMS,
    "vjp": lambda f, x: mg.vjp(f, x)[1](1.0),
    "grad of grad": lambda f, x: mg.grad(lambda y: np.sum(mg.grad(f)(y)))(x),
}

# What would change the argument, or hide what depends on it, and what the error has to say.
CHANGES = {
    "data": (lambda x: setattr(x, "data", np.zeros(x.shape)), r"x\.data = values.*new value"),
    "data in place": (lambda x: operator.iadd(x.data, 1.0), "read-only"),
    "numpy() in place": (lambda x: operator.iadd(x.numpy(), 1.0), "read-only"),
    "elements of the data": (lambda x: operator.setitem(x.data, ..., 7.0), "read-only"),
    "detached, in place": (lambda x: operator.setitem(x.detach().data, ..., 7.0), "read-only"),
    "requires_grad_": (lambda x: x.requires_grad_(False), r"requires_grad_\(False\).*x\.detach\(\)"),
    "pickle": (pickle.dumps, r"pickling x.*x\.detach\(\)"),
    "backward": (lambda x: np.sum(x * x).backward(), r"backward\(\).*create_graph=True.*no_grad"),
    "gradients": (lambda x: mg.gradients(np.sum(x * x), [x]), r"mg\.gradients.*create_graph=True.*no_grad"),
}


@pytest.mark.parametrize("x", [X, 3.0, np.float32(3.0), np.array(3.0)], ids=["array", "float", "float32", "0-d"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("transform", WAYS_TO_TRANSFORM)
def test_an_argument_stays_what_the_transform_differentiates_by(transform, change, x):
    make, message = CHANGES[change]

    def f(x):
        y = np.sum(x**3)
        make(x)
        return y

    with pytest.raises((LostGradientError, ValueError), match=message):
        WAYS_TO_TRANSFORM[transform](f, x)


@pytest.mark.parametrize("taken", [copy.copy, copy.deepcopy, lambda x: x.copy(), lambda x: [x][0]])
def test_copies_depend_on_the_argument(taken):
    np.testing.assert_allclose(mg.grad(lambda x: np.sum(taken(x) ** 2))(X), 2.0 * X)


# Ways to a gradient inside a function; each is 3 x**2 w of y = x**3 w.
def _deposited(x, w, **options):
    np.sum(x**3 * w).backward(**options)
    try:
        return x.grad * 1.0
    finally:
        x.zero_grad()


def _returned(x, w, **options):
    return mg.gradients(np.sum(x**3 * w), [x], **options)[0]


def _of_another_tensor(x, w, **options):
    """By a Tensor of its own, through which the argument comes in."""
    factor = mg.Tensor(np.ones(x.shape), requires_grad=True)
    return 3.0 * mg.gradients(np.sum(factor * x**2 * w), [factor], **options)[0]


def _seeded(x, w, **options):
    """The argument is in the seed alone."""
    factor = mg.Tensor(np.ones(x.shape), requires_grad=True)
    return mg.gradients(3.0 * factor * w, [factor], seed=x**2, **options)[0]


WAYS = [_deposited, _returned, _of_another_tensor, _seeded]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("x", [X, 3.0], ids=["array", "float"])
def test_passes_inside_a_transform_are_recorded_or_refused(way, x):
    with pytest.raises(LostGradientError, match="create_graph=True"):
        mg.grad(lambda x: np.sum(way(x, 2.0)))(x)
    np.testing.assert_allclose(mg.grad(lambda x: np.sum(way(x, 2.0, create_graph=True)))(x), 12.0 * x)


@pytest.mark.parametrize("way", WAYS)
def test_by_a_parameter_that_is_closed_over(way):
    w = mg.Tensor(2.0, requires_grad=True)
    slope = mg.grad(lambda x: np.sum(way(x, w, create_graph=True)))(X)
    np.testing.assert_allclose(slope.data, 12.0 * X)
    (by_w,) = mg.gradients(np.sum(slope), [w])
    np.testing.assert_allclose(by_w.data, np.sum(6.0 * X))


def test_constants_are_given_where_no_grad_asks_for_them():
    def f(x):
        y = np.sum(x**3)
        with mg.no_grad():
            (slope,) = mg.gradients(y, [x])
        assert not slope.requires_grad
        return np.sum(slope * x)

    np.testing.assert_allclose(mg.grad(f)(X), 3.0 * X**2)


def test_a_pass_that_has_nothing_to_do_with_the_argument_is_as_outside():
    w = mg.Tensor(X, requires_grad=True)

    def f(x):
        np.sum(w * w).backward()
        return np.sum(x * w.grad)

    np.testing.assert_allclose(mg.grad(f)(X), 2.0 * X)


@pytest.mark.parametrize("given", [X, mg.Tensor(X), mg.Tensor(X, requires_grad=True)])
def test_a_pullback_still_has_its_arguments_after_the_call(given):
    kept = []

    def f(x):
        kept.append(x)
        return x

    out, pullback = mg.vjp(f, given)
    for update in (lambda: operator.iadd(kept[0], 1.0), lambda: kept[0].requires_grad_(False)):
        with pytest.raises((TypeError, ValueError)):
            update()
    if not getattr(out, "requires_grad", False):
        out += 1.0
    (found,) = pullback(np.ones(3))
    np.testing.assert_array_equal(
        mg.Tensor._wrap(found).detach().data if isinstance(found, np.ndarray) else found.data, 1.0
    )


@pytest.mark.parametrize("transform", ["value_and_grad", "vjp", "jvp"])
def test_results_share_no_memory_with_what_the_function_closes_over(transform):
    constant = mg.Tensor([2.0])
    calls = {
        "value_and_grad": lambda: mg.value_and_grad(lambda x: constant)(1.0)[0],
        "vjp": lambda: mg.vjp(lambda x: constant, 1.0)[0],
        "jvp": lambda: mg.jvp(lambda x: constant, 1.0, 1.0)[0],
    }
    out = calls[transform]()
    out += 1.0
    np.testing.assert_array_equal(out, [3.0])
    np.testing.assert_array_equal(constant.data, [2.0])


@pytest.mark.parametrize("seed", [1.0, mg.Tensor(1.0, requires_grad=True)], ids=["number", "recorded"])
def test_a_pullback_called_inside_no_grad_gives_no_tensors(seed):
    w = mg.Tensor(2.0, requires_grad=True)
    _, pullback = mg.vjp(lambda x: w * x**2, 3.0)
    assert pullback(1.0)[0].requires_grad
    with mg.no_grad():
        (found,) = pullback(seed)
    assert type(found) is float
    assert found == 12.0


def test_a_pullback_called_after_the_function_around_it_has_returned_says_so():
    kept = []

    def f(z):
        out, pullback = mg.vjp(lambda x: z * x**2, 3.0)
        kept.append(pullback)
        return out

    assert mg.grad(f)(2.0) == 9.0
    with pytest.raises(RuntimeError, match="released") as caught:
        kept[0](1.0)
    assert any("call a pullback inside the function" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("dtype", [">f8", ">f4", "<f8"])
@pytest.mark.parametrize("transform", ["grad", "jacobian", "hessian", "hvp"])
def test_arrays_of_another_byte_order_have_results_in_that_of_the_machine(transform, dtype):
    x = np.arange(3.0).astype(dtype)
    found = TRANSFORMS[transform](lambda x: np.sum(x**3), x)
    assert found.dtype == np.dtype(dtype).newbyteorder("=")
    native = TRANSFORMS[transform](lambda x: np.sum(x**3), x.astype(found.dtype))
    np.testing.assert_array_equal(found, native)
