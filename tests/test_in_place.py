"""Is an update in place, of a function that is differentiated, right or refused?"""

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing import numerical_jacobian


def scaled(values):
    values *= 2.0
    return values


def aliased(p):
    q = p * 1.0
    other = q
    other += 1.0
    return np.sum(q)


def helped(p):
    q = p * 1.0
    scaled(q)
    return np.sum(q)


def kept_in_a_list(p):
    history, q = [], p * 1.0
    for _ in range(3):
        q += p
        history.append(q)
    return sum(np.sum(each) for each in history)


def sliced(p):
    q = p * 1.0
    part = q[1:]
    part -= 1.0
    return np.sum(q**2)


def rows(p):
    matrix = np.outer(p, p)
    for row in matrix:
        row /= np.sum(row**2) + 1.0
    return np.sum(matrix)


def flattened(p):
    q = p * 1.0
    flat = q.ravel()
    flat **= 2
    return np.sum(q)


def argument(p):
    p += 1.0
    return np.sum(p)


@pytest.mark.parametrize("f", [aliased, helped, kept_in_a_list, sliced, rows, flattened, argument])
def test_updates_in_place_that_others_would_see_are_refused(f):
    with pytest.raises(TypeError, match=r"write x = x .+ y"):
        mg.grad(f)(np.array([0.3, 1.2, 2.0]))


def with_one_name(p):
    class Holder:
        pass

    q, holder, table = p * 1.0, Holder(), {}
    q += np.sin(q)
    q *= 2.0
    holder.q = q + 1.0
    holder.q -= p
    table["q"] = holder.q / 3.0
    table["q"] /= p
    table["q"] %= 5.0
    total = 0.0
    for value in p:
        total += value
    return np.sum(table["q"]) + total


def test_updates_in_place_under_the_only_name_work():
    x = np.array([0.3, 1.2, 2.0])
    value, gradient = mg.value_and_grad(with_one_name)(x)
    assert value == with_one_name(x.copy())
    np.testing.assert_allclose(gradient, numerical_jacobian(with_one_name, x).value, atol=1e-8)


def test_outside_a_transform_updates_make_new_tensors():
    first = second = mg.Tensor([1.0, 2.0], requires_grad=True)
    second += 1.0
    second *= 2.0
    np.testing.assert_array_equal(first.data, [1.0, 2.0])
    np.testing.assert_array_equal(second.data, [4.0, 6.0])
    second.sum().backward()
    np.testing.assert_array_equal(first.grad.data, [2.0, 2.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.divide(1.0, x, out=np.zeros(2), where=x > 0), r"np\.where\(condition, result, other\)"),
        (lambda x: np.exp(x, out=x), r"np\.exp .* mg\.add_at"),
        (lambda x: np.exp(x, out=np.zeros(2)), "leave out= out"),
        (lambda x: np.zeros(2).__iadd__(x), r"`array = array \+ tensor`"),
    ],
)
def test_arrays_that_are_written_to_are_refused_with_advice(call, message):
    with pytest.raises(TypeError, match=message):
        call(mg.Tensor([1.0, 2.0], requires_grad=True))
