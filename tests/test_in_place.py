"""Does ``t += y`` mean what it means in NumPy, whoever else holds t; and where it cannot, is it refused?"""

import copy
import gc
import operator

import numpy as np
import pytest
from in_place_programs import PROGRAMS, acc

import minigrad as mg
from minigrad.testing import numerical_jacobian

X = np.array([0.3, 1.2, 0.7])


def eager(f, x):
    leaf = mg.Tensor(x, requires_grad=True)
    out = f(leaf * 1.0)
    out.backward()
    return out.numpy(), leaf.grad.data


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_mean_what_they_mean_in_numpy(name):
    f = PROGRAMS[name]
    expected = f(X.copy())
    gradient = numerical_jacobian(lambda x: f(x.copy()), X).value.reshape(3)
    for value, found in (mg.value_and_grad(f)(X), eager(f, X)):
        assert value == expected
        np.testing.assert_allclose(found, gradient, rtol=1e-7)
    assert f(mg.Tensor(X)).item() == expected


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, np.copy, lambda q: q.copy()])
@pytest.mark.parametrize("take", [lambda q: q[0, 1, ...], lambda q: q[0, 1], np.sum, lambda q: q[1], lambda q: q])
def test_copies_are_arrays_or_scalars_as_numpys_are(copied, take):
    def f(p):
        q = take(np.outer(p, p))
        r = copied(q)
        s = r
        s += 1.0
        return np.sum(r * q) + np.sum(s)

    value, gradient = mg.value_and_grad(f)(X)
    assert value == f(X)
    np.testing.assert_allclose(gradient, numerical_jacobian(f, X).value.reshape(3), rtol=1e-8)
    assert f(mg.Tensor(X)).item() == value


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

    value, gradient = mg.value_and_grad(f)(X)
    assert value == f(X)
    np.testing.assert_allclose(gradient, numerical_jacobian(f, X).value.reshape(3), rtol=1e-8)


@pytest.mark.parametrize("symbol", ["+=", "-=", "*=", "/=", "**=", "%=", "//=", "@="])
@pytest.mark.parametrize("other", ["Tensor", "array", "constant"])
def test_every_operator_changes_the_object(symbol, other):
    def f(p):
        q = np.outer(p, p) + 1.0
        r = q
        y = {"Tensor": np.outer(p, p) + 2.0, "array": np.full((3, 3), 1.5), "constant": 2.0}[other]
        exec(f"q {symbol} y", {}, {"q": q, "y": y})
        return np.sum(r**2)

    if symbol == "@=" and other == "constant":
        for x in (X, mg.Tensor(X, requires_grad=True)):
            with pytest.raises(ValueError, match="matmul"):
                f(x)
        return
    value, gradient = mg.value_and_grad(f)(X)
    assert value == f(X)
    np.testing.assert_allclose(gradient, numerical_jacobian(f, X).value.reshape(3), atol=1e-7)
    q = mg.Tensor(X, requires_grad=True) * 1.0
    r = getattr(operator, {"//=": "ifloordiv", "+=": "iadd", "*=": "imul"}.get(symbol, "iadd"))(q, 2.0)
    assert r is q


@pytest.mark.parametrize(("dtype", "other"), [(np.float32, np.float64), (np.float64, np.float32), (np.float16, float)])
def test_updates_keep_the_dtype(dtype, other):
    def f(p):
        q = p * dtype(1.0)
        r = q
        q += np.full(3, 0.1, other)
        assert r.dtype == dtype
        return np.sum(r)

    x = X.astype(dtype)
    assert mg.value_and_grad(f)(x)[0] == f(x)
    assert mg.grad(f)(x).dtype == dtype


def test_updates_that_numpy_refuses_are_refused():
    whole = mg.Tensor([1, 2, 3])
    with pytest.raises(TypeError, match=r"float64 does not fit|same_kind"):
        whole += 0.5
    with pytest.raises(TypeError):
        whole /= 2
    np.testing.assert_array_equal(whole.data, [1, 2, 3])
    whole += 1
    np.testing.assert_array_equal(whole.data, [2, 3, 4])
    q = mg.Tensor([1.0], requires_grad=True) * 1.0
    with pytest.raises(ValueError, match="cannot be updated"):
        q += np.ones(3)
    with pytest.raises(ValueError, match=r"cannot be updated|broadcast"):
        q += np.ones((0, 2))
    mask = mg.Tensor([True, False])
    with pytest.raises(TypeError):
        mask += 1.5
    zero = mg.Tensor(1.0)
    with pytest.raises(ValueError, match="cannot be updated"):
        zero += np.ones(3)


def test_an_operand_that_makes_something_else_of_an_array_cannot_change_it():
    for t in (X.copy(), mg.Tensor(X), mg.Tensor(X, requires_grad=True) * 1.0):
        with pytest.raises(TypeError):
            t += Metres()
        if not isinstance(t, np.ndarray):
            assert t + Metres() == "metres"


class Metres:
    __array_ufunc__ = None

    def __radd__(self, other):
        return "metres"


@pytest.mark.parametrize("other", [[1.0, 2.0, 3.0], (1.0,), True, np.float32(0.5), range(3)])
def test_operands_of_every_kind(other):
    array = X.copy()
    same_array = array
    array += other
    for t in (mg.Tensor(X), mg.Tensor(X, requires_grad=True) * 1.0):
        same = t
        t += other
        assert t is same
        np.testing.assert_array_equal(same.detach().data, same_array)


@pytest.mark.parametrize("other", [None, "a", object(), 1j, [None], np.array([1j, 2, 3]), np.ones(3, object), {}])
def test_operands_that_numpy_refuses(other):
    for t in (mg.Tensor(X), mg.Tensor(X, requires_grad=True) * 1.0):
        with pytest.raises((TypeError, ValueError)):
            t += other
        np.testing.assert_array_equal(t.detach().data, X)


def test_a_constant_tensor_without_axes_is_an_array():
    t = mg.Tensor(1.0)
    other, table = t, {"k": t}
    t += 1.0
    table["k"] *= 3.0
    assert other is t
    assert other.item() == 6.0
    scalar = t * 1.0
    same = scalar
    scalar += 1.0
    assert (scalar.item(), same.item()) == (7.0, 6.0)


def test_constants_and_their_views_change_as_arrays_do():
    t = mg.Tensor(np.arange(6.0).reshape(2, 3))
    row, plain = t[0], t.numpy()
    row += 10.0
    t *= 2.0
    np.testing.assert_array_equal(plain, [[20.0, 22.0, 24.0], [6.0, 8.0, 10.0]])
    np.testing.assert_array_equal(row.data, plain[0])
    np.testing.assert_array_equal(t.data, plain)


HANDED_OUT = {
    "numpy": lambda t: t.numpy(),
    "data": lambda t: t.data,
    "of a view": lambda t: t[...].numpy(),
    "of the detached": lambda t: t.detach().numpy(),
    "asarray": np.asarray,
    "array without a copy": lambda t: np.array(t, copy=None),
    "__array__": lambda t: t.__array__(),
}


@pytest.mark.parametrize("shape", [(2, 3), ()])
@pytest.mark.parametrize("name", HANDED_OUT)
def test_arrays_that_were_handed_out_see_updates(name, shape):
    t = mg.Tensor(np.full(shape, 2.0))
    array = HANDED_OUT[name](t)
    t += 1.0
    np.testing.assert_array_equal(t.data, np.full(shape, 3.0))
    np.testing.assert_array_equal(array, np.full(shape, 3.0))


@pytest.mark.parametrize("name", ["numpy", "data", "of a view", "of the detached"])
def test_arrays_of_results_that_were_handed_out_forbid_updates(name):
    q = mg.Tensor(X, requires_grad=True) * 1.0
    array = HANDED_OUT[name](q)
    with pytest.raises(TypeError, match="shares its memory"):
        q += 1.0
    np.testing.assert_array_equal(array, X)


@pytest.mark.parametrize("shape", [(3,), ()])
def test_leaves_and_variables_are_refused(shape):
    leaf = mg.Tensor(np.full(shape, 2.0), requires_grad=True)
    before = leaf * 1.0
    for symbol, update in (
        ("+", operator.iadd),
        ("*", operator.imul),
        ("@", operator.imatmul),
        ("//", operator.ifloordiv),
    ):
        if symbol == "@" and not shape:
            continue
        with pytest.raises(TypeError, match=rf"leaf.*write t = t {symbol.replace('*', '[*]').replace('+', '[+]')} y"):
            update(leaf, 2.0 if symbol != "@" else np.ones((3, 3)))
    assert leaf.is_leaf
    np.testing.assert_array_equal(leaf.data, before.data)

    def f(p):
        p += 1.0
        return np.sum(p)

    with pytest.raises(TypeError, match=r"function that is differentiated.*write t = t \+ y"):
        mg.grad(f)(np.full(shape, 2.0))
    with pytest.raises(TypeError, match=r"function that is differentiated.*write t = t \+ y"):
        mg.grad(lambda tree: f(tree["w"]))({"w": np.full(shape, 2.0)})
    # A 0-d result is one of NumPy's scalars, to whose name += gives a new value.
    for variable in (leaf, *([leaf * 1.0] if shape else []), mg.Tensor(np.full(shape, 2.0))):
        with pytest.raises(TypeError, match=r"write t = t \+ y"):
            mg.grad(f)(variable)
    with pytest.raises(TypeError, match=r"write t = t \+ y"):
        mg.grad(lambda p: np.sum(mg.grad(f)(p)))(np.full(shape, 2.0))


def test_numbers_that_are_variables_get_a_new_value():
    def f(p):
        q = p
        p += 1.0
        p *= q
        return p

    assert mg.grad(f)(3.0) == 7.0
    assert mg.grad(f)(np.float64(3.0)) == 7.0
    assert mg.grad(mg.grad(f))(3.0) == 2.0


def test_a_recorded_tensor_is_not_updated_inside_no_grad():
    q = mg.Tensor(X, requires_grad=True) * 1.0
    with mg.no_grad(), pytest.raises(TypeError, match=r"no_grad.*write t = t \+ y"):
        q += 1.0
    np.testing.assert_array_equal(q.data, X)
    constant = mg.Tensor(X)
    with mg.no_grad():
        constant += q
    assert not constant.requires_grad


def test_a_constant_that_takes_a_gradient_is_recorded_from_then_on():
    w, total = mg.Tensor(X, requires_grad=True), mg.Tensor(np.zeros(3))
    other = total
    for _ in range(3):
        total += w * w
    assert other.requires_grad
    other.sum().backward()
    np.testing.assert_allclose(w.grad.data, 6.0 * X)


def test_a_cycle_that_holds_a_view_does_not_change_what_a_program_gives():
    q = mg.Tensor(X, requires_grad=True) * 1.0
    gc.collect()
    cycle = [q[1:]]
    cycle.append(cycle)
    with pytest.raises(TypeError, match="shares its memory"):
        q += 1.0


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros((2, 3)), np.zeros(3, int), np.zeros(3, np.float32)])
@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**", "%", "//"])
def test_arrays_take_no_tensor_through_which_gradients_flow(array, symbol):
    names = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "**": "power", "%": "remainder"}
    function = getattr(np, names.get(symbol, "floor_divide"))
    before = array.copy()

    def in_place(t):
        work = array
        exec(f"work {symbol}= t", {}, {"work": work, "t": t})

    def with_out(t):
        function(array, t, out=array)

    def with_tuple(t):
        function(array, t, out=(array,))

    leaf = mg.Tensor(X, requires_grad=True)
    for call in (in_place, with_out, with_tuple):
        for t in (leaf, leaf * 2.0):
            with pytest.raises((TypeError, ValueError), match=r"`array = array|out="):
                call(t)
        with pytest.raises((TypeError, ValueError), match=r"`array = array|out="):
            mg.grad(lambda p, call=call: (call(p * 1.0), np.sum(p))[1])(X)
    np.testing.assert_array_equal(array, before)


def into_a_row(p):
    table = np.zeros((2, 3))
    for row in table:
        row += p
    return np.sum(table)


def into_a_part(p):
    table = np.zeros((2, 3))
    table[1] += p
    return np.sum(table)


def into_a_class(p):
    class Kept:
        total = np.zeros(3)

    np.add(Kept.total, p, out=Kept.total)
    return np.sum(Kept.total)


def into_an_argument(p):
    kept = np.zeros(3)
    acc(kept, p)
    return np.sum(kept)


def an_element(p):
    kept = np.zeros(3)
    kept[0] = p[0]
    return np.sum(kept)


def an_element_more(p):
    kept = np.zeros(3)
    kept[0] += p[0]
    return np.sum(kept)


def descended(p):
    w = np.zeros(3)
    for _ in range(3):
        w -= 0.1 * (w - p)
    return np.sum(w**2)


@pytest.mark.parametrize(
    "f", [into_a_row, into_a_part, into_a_class, into_an_argument, an_element, an_element_more, descended]
)
def test_programs_that_write_a_tensor_into_an_array_are_refused(f):
    with pytest.raises(TypeError, match=r"array = array|mg\.set_at|array\[i\] = tensor"):
        mg.grad(f)(X)
    with pytest.raises((TypeError, ValueError)):
        eager(f, X)


def test_arrays_take_constant_tensors():
    w = mg.Tensor(X, requires_grad=True)
    np.sum(w**2).backward()
    w.data -= 0.1 * w.grad
    np.testing.assert_allclose(w.data, X - 0.2 * X)
    array, constant = np.zeros(3), mg.Tensor([1.0, 2.0, 3.0])
    other = array
    array += constant
    array *= constant
    np.add(array, constant, out=array)
    np.multiply(constant, 2.0, out=array[:])
    np.testing.assert_array_equal(other, [2.0, 4.0, 6.0])
    array[:] = constant
    array[0] += constant[2]
    np.testing.assert_array_equal(array, [4.0, 2.0, 3.0])
    assert type(array) is np.ndarray
    with mg.no_grad():
        array += w * 1.0
    assert type(array) is np.ndarray
    whole = np.zeros(3, int)
    with pytest.raises(TypeError):
        whole += constant


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.divide(1.0, x, out=np.zeros(2), where=x > 0), r"np\.where\(condition, result, other\)"),
        (lambda x: np.exp(x, out=x), r"np\.exp .* leave out= out"),
        (lambda x: np.exp(x, out=np.zeros(2)), "leave out= out"),
        (lambda x: np.zeros(2).__iadd__(x), r"`array = array \+ tensor`"),
        (lambda x: operator.setitem(x, 0, 1.0), r"mg\.set_at"),
        (lambda x: operator.setitem(x * 1.0, slice(1), 1.0), r"mg\.set_at"),
    ],
)
def test_arrays_that_are_written_to_are_refused_with_advice(call, message):
    with pytest.raises(TypeError, match=message):
        call(mg.Tensor([1.0, 2.0], requires_grad=True))


def test_an_updated_tensor_retains_its_gradient_if_told_so():
    w = mg.Tensor(X, requires_grad=True)
    q = w * 2.0
    q.retain_grad()
    q *= 3.0
    np.sum(q**2).backward()
    np.testing.assert_allclose(q.grad.data, 12.0 * X)
    np.testing.assert_allclose(w.grad.data, 72.0 * X)


def test_an_updated_tensor_keeps_its_name():
    q = (mg.Tensor(X, requires_grad=True) * 1.0).named("q")
    q += 1.0
    assert q.name == "q"
    assert "q" in repr(q)
