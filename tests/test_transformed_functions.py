"""Do transformed functions look like functions, and can they be copied and pickled?"""

import copy
import functools
import inspect
import pickle
import re

import numpy as np
import pytest

import minigrad as mg


def test_transformed_functions_keep_their_names():
    def energy(x):
        return x * x

    for transform in (mg.grad, mg.value_and_grad, mg.jacobian, mg.hessian):
        assert transform(energy).__name__ == "energy"
        assert "energy" in transform(energy).__doc__
    assert mg.grad(lambda x: x)(1.0) == 1.0


def energy(x, scale=1.0):
    """The energy of a spring."""
    return scale * np.sum(x * x)


class Spring:
    """A function that is an object, with parameters."""

    def __init__(self, stiffness):
        self.stiffness = mg.Tensor(stiffness, requires_grad=True)

    def __call__(self, x):
        return self.stiffness.numpy() * np.sum(x**3)

    def bound(self, x):
        return self(x)


def drawn(x):
    return x * np.random.default_rng().normal()


TRANSFORMED = [mg.grad, mg.value_and_grad, mg.jacobian, mg.hessian]


@pytest.mark.parametrize("transform", TRANSFORMED)
@pytest.mark.parametrize("f", [energy, Spring(2.0), Spring(3.0).bound, functools.partial(energy, scale=3.0), np.prod])
def test_transformed_functions_can_be_pickled_where_the_function_can(transform, f):
    x = np.array([1.0, 2.0])
    transformed = transform(f, argnums=0)
    for twin in (pickle.loads(pickle.dumps(transformed)), copy.copy(transformed), copy.deepcopy(transformed)):
        assert (twin.__doc__, twin.__name__) == (transformed.__doc__, transformed.__name__)
        assert repr(twin(x)) == repr(transformed(x))
    with pytest.raises((pickle.PicklingError, AttributeError), match=r"lambda|local"):
        pickle.dumps(transform(lambda x: x))


def test_transformed_functions_look_like_functions():
    slope = mg.grad(energy)
    assert inspect.signature(slope) == inspect.signature(energy)
    assert slope.__wrapped__ is energy
    assert (slope.__name__, slope.__qualname__, slope.__module__) == ("energy", "energy", __name__)
    assert slope.__doc__ == "The gradient of energy."
    assert re.match(r"mg\.grad\(<function energy.*argnums=0\)", repr(slope))

    class Body:
        mass = 2.0

        @functools.partial(mg.grad, argnums=1)
        def force(self, x):
            return self.mass * np.sum(x * x)

    np.testing.assert_array_equal(Body().force(np.array([1.0, 2.0])), [4.0, 8.0])
    assert Body.force.__name__ == "force"


def test_pullbacks_can_be_pickled_where_the_function_can():
    x, y = np.array([1.0, 2.0]), mg.Tensor([3.0, 4.0], requires_grad=True)
    out, pullback = mg.vjp(Pair(2.0), {"x": x}, y)
    x[:] = 100.0  # written to after it was used
    by_x, by_y = pickle.loads(pickle.dumps(pullback))((np.ones(2), 1.0))
    np.testing.assert_array_equal(by_x["x"].numpy(), [6.0, 8.0])
    np.testing.assert_array_equal(by_y.numpy(), [3.0, 5.0])
    np.testing.assert_array_equal(pullback((np.ones(2), 1.0))[0]["x"].numpy(), [6.0, 8.0])
    np.testing.assert_array_equal(out[0].numpy(), [6.0, 16.0])
    _, pullback = mg.vjp(energy, 3.0, scale=2.0)
    assert pickle.loads(pickle.dumps(pullback))(1.0) == (12.0,)
    _, pullback = mg.vjp(drawn, 1.0)
    with pytest.raises(ValueError, match="the function gave another result than before"):
        pickle.loads(pickle.dumps(pullback))


class Pair:
    """Two results of two arguments."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, tree, y):
        return self.factor * tree["x"] * y, y.sum()
