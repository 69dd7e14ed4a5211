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


VIEWS = {
    "slice": lambda q: q[1:],
    "row": lambda q: q[0],
    "rows": list,
    "reshape": lambda q: q.reshape(-1),
    "ravel": np.ravel,
    "transpose": lambda q: q.T,
    "diagonal": np.diagonal,
    "split": lambda q: np.split(q, 3),
    "expand_dims": lambda q: q[None],
    "swapaxes and slice": lambda q: np.swapaxes(q, 0, 1)[1:],
    "the same": lambda q: q.astype(float, copy=False),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", [3, 100])
def test_what_has_a_view_is_not_updated_while_anybody_holds_it(view, size):
    def held(p):
        q = np.outer(p, p)
        part = VIEWS[view](q)
        q += 1.0
        return np.sum(part[0] ** 2)

    def dropped(p):
        q = np.outer(p, p)
        total = np.sum(VIEWS[view](q)[0] ** 2)
        q += 1.0
        return total + np.sum(q)

    x = np.linspace(0.5, 1.5, size)
    if view == "split" and size % 3:
        x = x[:99]
    with pytest.raises(TypeError, match="write x = x"):
        mg.grad(held)(x)
    value = mg.value_and_grad(dropped)(x)[0]
    assert value == pytest.approx(dropped(x), rel=1e-14)


@pytest.mark.parametrize(
    "fresh",
    [
        lambda p: p.flatten(),
        lambda p: np.tile(p, 2),
        lambda p: np.kron(p, p),
        lambda p: np.tensordot(p, p, 0),
        lambda p: (p * 2.0)[1:],
        lambda p: np.outer(p, p).reshape(-1),
        lambda p: np.outer(p, p).T,
        lambda p: np.roll(p, 1),
    ],
)
def test_what_is_nobody_elses_is_updated(fresh):
    def f(p):
        q = fresh(p)
        q += 1.0
        q *= 2.0
        return np.sum(q**2)

    x = np.array([0.3, 1.2, 2.0])
    value, gradient = mg.value_and_grad(f)(x)
    assert value == pytest.approx(f(x), rel=1e-14)
    np.testing.assert_allclose(gradient, numerical_jacobian(f, x).value, rtol=1e-8)


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


def multiplied(p):
    q = np.outer(p, p)
    other = q
    q @= np.ones((3, 3))
    return np.sum(other)


def divided(p):
    q = p * 1.0
    other = q
    q //= 0.5
    return np.sum(other)


def argument(p):
    p += 1.0
    return np.sum(p)


@pytest.mark.parametrize("f", [aliased, helped, kept_in_a_list, sliced, rows, flattened, multiplied, divided, argument])
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


def accumulated(p):
    total, holder = np.zeros(3), {"weights": np.ones((3, 3))}
    for k in range(3):
        total += np.sin(p * k)
        total /= 2.0
    holder["weights"] *= p
    holder["weights"] -= np.outer(p, p)
    return np.sum(total) + np.sum(holder["weights"] ** 2)


def single(p):
    total = np.zeros(3, np.float32)
    total += p
    assert total.dtype == np.float32
    return np.sum(total)


@pytest.mark.parametrize("f", [accumulated, single])
def test_arrays_with_one_name_become_tensors(f):
    x = np.array([0.3, 1.2, 2.0])
    value, gradient = mg.value_and_grad(f)(x)
    assert value == f(x)
    np.testing.assert_allclose(gradient, numerical_jacobian(f, x).value, rtol=1e-4 if f is single else 1e-8)


def descended(p):
    w, velocity = np.zeros(3), np.zeros(3)
    for _ in range(4):
        velocity *= 0.9
        velocity += w * np.exp(-p) - 1.0
        w -= 0.1 * velocity
    return np.sum(w**2)


def reused(p):
    grid, total = np.arange(3.0), 0.0
    index = np.array([0, 1])
    for k in range(3):
        total += np.sum(np.sin(p * grid) * k) + np.sum(p[index] ** 2)
        grid += 1.0
        grid[0] = 7.0
        index[0] = 2
    return total


@pytest.mark.parametrize("f", [descended, reused])
def test_arrays_may_be_written_to_after_they_were_used(f):
    x = np.array([0.3, 1.2, 2.0])
    value, gradient = mg.value_and_grad(f)(x)
    assert value == pytest.approx(f(x), rel=1e-15)
    np.testing.assert_allclose(gradient, numerical_jacobian(f, x).value, rtol=1e-8)


def test_updates_in_place_keep_dtype_and_shape():
    def narrow(p):
        q = p * np.float32(1.0)
        q += np.ones(3)
        assert q.dtype == np.float32
        return np.sum(q)

    assert mg.grad(narrow)(np.ones(3, np.float32)).dtype == np.float32

    def grown(p):
        q = p[:1] * 1.0
        q += p
        return np.sum(q)

    with pytest.raises(ValueError, match="cannot be updated"):
        mg.grad(grown)(np.ones(3))


def with_two_names(p):
    total = other = np.zeros(3)
    total += p
    return np.sum(other)


def into_a_row(p):
    table = np.zeros((2, 3))
    for row in table:
        row += p
    return np.sum(table)


def into_a_part(p):
    table = np.zeros((2, 3))
    table[1] += p
    return np.sum(table)


def by_a_function(p):
    total = np.zeros(3)
    np.add(total, p, out=total)
    return np.sum(total)


def by_a_function_with_a_tuple(p):
    total = np.zeros(3)
    np.add(total, p, out=(total,))
    return np.sum(total)


def by_a_function_with_a_tuple_of_before(p):
    out = (np.zeros(3),)
    np.add(out[0], p, out=out)
    return np.sum(out[0])


def by_a_function_on_an_attribute(p):
    class Holder:
        total = np.zeros(3)

    np.add(Holder.total, p, out=Holder.total)
    return np.sum(Holder.total)


def into_integers(p):
    total = np.zeros(3, int)
    total += p
    return np.sum(total)


def into_an_argument(p, total=None):
    def add(target):
        target += p

    kept = np.zeros(3)
    add(kept)
    return np.sum(kept)


def into_a_smaller_one(p):
    total = np.zeros(1)
    total += p
    return np.sum(total)


@pytest.mark.parametrize(
    "f",
    [
        *(with_two_names, into_a_row, into_a_part, by_a_function, by_a_function_on_an_attribute, into_integers),
        *(into_an_argument, into_a_smaller_one, by_a_function_with_a_tuple, by_a_function_with_a_tuple_of_before),
    ],
)
def test_arrays_that_others_would_see_change_are_refused(f):
    with pytest.raises((TypeError, ValueError), match=r"cannot write a Tensor|cannot be updated"):
        mg.grad(f)(np.array([0.3, 1.2, 2.0]))


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
