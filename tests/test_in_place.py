"""Does ``t += y`` mean what it means in NumPy, whoever else holds t; and where it cannot, is it refused?"""

import functools
import gc
import operator
import types
import zlib
from collections import ChainMap, defaultdict, deque

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.examples import arguments
from minigrad.engine.registry import operations
from minigrad.testing import numerical_jacobian

X = np.array([0.3, 1.2, 0.7])
REFUSED = r"write t = t .+ y|`array = array \+ tensor`|cannot be written to"


def scale(v):
    v *= 2.0


def acc(total, v):
    total += v


class Holder:
    shared = None

    def __init__(self, total):
        self.total = total

    def add(self, v):
        self.total += v
        return self

    def scale(self, v):
        v *= 2.0

    @property
    def behind(self):
        return self.total

    @behind.setter
    def behind(self, v):
        self.total = v

    @property
    def copied(self):
        return self.total * 1.0

    @copied.setter
    def copied(self, v):
        self.total = v


class Slotted:
    __slots__ = ("total",)


PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


@program
def by_a_function(p):
    q = p * 1.0
    scale(q)
    return np.sum(q**2)


@program
def by_a_method(p):
    q = p * 1.0
    Holder(0.0).scale(q)
    return np.sum(q**2)


@program
def by_a_lambda(p):
    q = p * 1.0
    (lambda v: operator.imul(v, 3.0))(q)
    return np.sum(q**2)


@program
def by_partial(p):
    q = p * 1.0
    functools.partial(acc, q)(np.sin(p))
    functools.partial(acc, v=q)(q)
    return np.sum(q**2)


@program
def by_a_function_with_arguments_of_every_kind(p):
    def change(first, *rest, key, **more):
        for v in (first, *rest, key, *more.values()):
            v += 1.0

    a, b, c, d = p * 1.0, p * 2.0, p * 3.0, p * 4.0
    change(a, b, key=c, other=d)
    return np.sum(a * b * c * d)


@program
def accumulated_by_a_function(p):
    total = p * 0.0
    for k in range(3):
        acc(total, np.sin(p * k))
    return np.sum(total**2)


@program
def by_a_closure(p):
    q = p * 1.0

    def change():
        nonlocal q
        q += np.cos(q)

    other = q
    change()
    return np.sum(other**2)


@program
def by_a_default_argument(p):
    q = p * 1.0

    def change(v=q):
        v -= 0.5

    change()
    change()
    return np.sum(q**2)


@program
def by_a_generator(p):
    def steps(v):
        for _ in range(3):
            v *= 0.5
            yield np.sum(v)

    q = p * 1.0
    return sum(steps(q)) + np.sum(q**2)


@program
def by_map_and_comprehensions(p):
    rows = [p * 1.0, p * 2.0]
    list(map(scale, rows))
    [scale(row) for row in rows]
    return np.sum(rows[0] * rows[1])


@program
def by_reduce(p):
    q = p * 1.0
    r = functools.reduce(operator.iadd, [np.sin(p), p * 2.0], q)
    return np.sum(q * r)


@program
def an_attribute(p):
    holder = Holder(p * 1.0)
    before = holder.total
    holder.add(p).add(np.sin(p))
    holder.total *= 2.0
    return np.sum(before * holder.total)


@program
def an_attribute_of_a_constant_sum(p):
    holder = Holder(0.0)
    for k in range(3):
        holder.total += np.sum(p * k)
    return holder.total**2


@program
def a_slot_and_a_namespace(p):
    slotted, space = Slotted(), types.SimpleNamespace(total=p * 1.0)
    slotted.total = space.total
    slotted.total += p
    space.total *= 2.0
    return np.sum(slotted.total * space.total)


@program
def a_class_attribute(p):
    class Shared:
        total = p * 1.0

    first, second = Shared(), Shared()
    first.total += 1.0
    Shared.total *= 2.0
    return np.sum(first.total * second.total)


@program
def a_property(p):
    holder = Holder(p * 1.0)
    kept = holder.total
    holder.behind += np.sin(p)
    return np.sum(kept * holder.total)


@program
def a_property_that_copies(p):
    holder = Holder(p * 1.0)
    kept = holder.total
    holder.copied += np.sin(p)
    return np.sum(kept * holder.total)


@program
def dictionaries(p):
    table = {"k": p * 1.0}
    default = defaultdict(lambda: table["k"])
    chain = ChainMap({}, table)
    other = table["k"]
    table["k"] += p
    default["j"] *= 2.0
    chain["k"] -= 0.5
    return np.sum(other * table["k"] * default["j"] * chain["k"])


@program
def lists(p):
    rows = [p * 1.0, p * 2.0]
    queue = deque(rows)
    rows[0] += 1.0
    queue[1] *= 3.0
    for position, row in enumerate(rows):
        row += position
    return np.sum(rows[0] * rows[1] * queue[0] * queue[1])


@program
def a_history_of_one_array(p):
    history, q = [], p * 1.0
    for _ in range(3):
        q += p
        history.append(q)
    return sum(np.sum(each**2) for each in history)


@program
def all_names(p):
    first = second = p * 1.0
    (third,) = [first]
    first += 1.0
    third *= 2.0
    return np.sum(first * second * third)


@program
def swapped_names(p):
    a, b = p * 1.0, p * 2.0
    c = a
    a, b = b, a
    a += b
    b *= 2.0
    return np.sum(a * b * c)


@program
def what_was_computed_before(p):
    q = p * 1.0
    before = np.sum(q**2)
    q *= np.sin(q)
    after = np.sum(q**2)
    q += q
    return before * after + np.sum(q)


@program
def with_itself(p):
    q = p * 1.0
    r = q
    q += q
    q *= q
    q -= q * 0.5
    return np.sum(r)


@program
def in_loops_and_branches(p):
    q = p * 1.0
    r = q
    for k in range(4):
        if np.sum(q) > 5.0:
            q *= 0.5
        else:
            q += np.sin(p * k)
    while np.sum(q) < 8.0:
        q += 1.0
    return np.sum(q * r)


@program
def after_an_error(p):
    q = p * 1.0
    r = q
    try:
        q += np.ones(7)
    except ValueError:
        q *= 3.0
    return np.sum(r**2)


@program
def a_row_of_a_new_matrix(p):
    row = np.outer(p, p)[1]
    row += 1.0
    flat = np.outer(p, p).reshape(-1)
    flat *= 2.0
    turned = np.outer(p, np.sin(p)).T
    turned += p
    return np.sum(row**2) + np.sum(flat) + np.sum(turned**2)


@program
def copies(p):
    q = p * 1.0
    others = [q.copy(), np.copy(q), +q, q[[0, 1, 2]], np.sort(q)]
    q += 1.0
    for other in others:
        other *= 2.0
    return np.sum(q * sum(others))


@program
def scalars(p):
    total = np.sum(p)
    other = total
    total += 1.0
    element = p[0]
    same = element
    element *= 2.0
    scale(element)
    largest = np.max(p)
    acc(largest, total)
    return other * total * element * same + largest


@program
def a_scalar_that_grows(p):
    total = np.sum(p)
    total += p
    return np.sum(total**2)


@program
def arrays_without_axes(p):
    q = np.outer(p, p)[0, 1, ...]
    r = q
    q += 1.0
    q *= p[0]
    return q * r


@program
def reused_work_arrays(p):
    grid, total = np.arange(3.0), 0.0
    index = np.array([0, 1])
    for k in range(3):
        total += np.sum(np.sin(p * grid) * k) + np.sum(p[index] ** 2)
        grid += 1.0
        grid[0] = 7.0
        index[0] = 2
    return total


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


VIEWS = {
    "itself": lambda q: q,
    "slice": lambda q: q[1:],
    "row": lambda q: q[0],
    "rows": lambda q: list(q)[1],
    "column": lambda q: q[:, 0],
    "reversed": lambda q: q[::-1],
    "ellipsis": lambda q: q[...],
    "element as an array": lambda q: q[0, 1, ...],
    "new axis": lambda q: q[None],
    "reshape": lambda q: q.reshape(-1),
    "reshape to the same": lambda q: np.reshape(q, q.shape),
    "ravel": np.ravel,
    "ravel method": lambda q: q.ravel(),
    "transpose": lambda q: q.T,
    "transpose of the transpose": lambda q: q.T.T,
    "row of the transpose": lambda q: q.T[1],
    "np.transpose": np.transpose,
    "matrix_transpose": np.matrix_transpose,
    "mT": lambda q: q.mT,
    "swapaxes": lambda q: np.swapaxes(q, 0, 1)[1:],
    "moveaxis": lambda q: np.moveaxis(q, 0, 1),
    "rollaxis": lambda q: np.rollaxis(q, 1),
    "diagonal": np.diagonal,
    "diag": np.diag,
    "linalg.diagonal": np.linalg.diagonal,
    "split": lambda q: np.split(q, 3)[1],
    "array_split": lambda q: np.array_split(q, 2)[0],
    "hsplit": lambda q: np.hsplit(q, 3)[2],
    "unstack": lambda q: np.unstack(q)[1],
    "expand_dims": lambda q: np.expand_dims(q, 0),
    "squeeze": lambda q: q[:1].squeeze(),
    "np.squeeze": lambda q: np.squeeze(q),
    "flip": np.flip,
    "fliplr": np.fliplr,
    "rot90": np.rot90,
    "real": np.real,
    "real attribute": lambda q: q.real,
    "conj method": lambda q: q.conj(),
    "np.conj, a copy": np.conj,
    "matrix_power": lambda q: np.linalg.matrix_power(q, 1),
    "sliding_window_view": lambda q: np.lib.stride_tricks.sliding_window_view(q, 2, 0),
    "broadcast_to": lambda q: np.broadcast_to(q, (2, 3, 3)),
    "broadcast_arrays": lambda q: np.broadcast_arrays(q, np.zeros((2, 3, 3)))[0],
    "broadcast_arrays of one shape": lambda q: np.broadcast_arrays(q, np.zeros((3, 3)))[0],
    "atleast_1d": np.atleast_1d,
    "atleast_2d": np.atleast_2d,
    "atleast_3d": np.atleast_3d,
    "the same dtype": lambda q: q.astype(float, copy=False),
    "np.astype": lambda q: np.astype(q, float, copy=False),
    "astype, a copy": lambda q: q.astype(float),
    "positive, a copy": np.positive,
    "index array, a copy": lambda q: q[[0, 1, 2]],
    "triu, a copy": np.triu,
    "view of a view": lambda q: q[1:][0][:2],
    "take, a copy": lambda q: np.take(q, [0, 1], 0),
    "squeezed element": lambda q: q[:1, :1].squeeze(),
    "nan_to_num": np.nan_to_num,
    "sort, a copy": np.sort,
    "roll, a copy": lambda q: np.roll(q, 1),
    "concatenate of one, a copy": lambda q: np.concatenate([q]),
}


def updated(view, side):
    """A program that updates an array or a view of it, and shows both."""

    def f(p):
        q = np.outer(p, p) + 1.0
        part = view(q)
        # The target has another name, and the operand is a view as well.
        target = part if side == "view" else q
        target *= 2.0
        target += 0.5
        return np.sum(q * np.cos(np.arange(9.0)).reshape(3, 3)) + np.sum(np.sin(part))

    return f


def attempt(way):
    """A value and a gradient, or what the refusal says."""
    try:
        return way(X), None
    except TypeError as error:
        return None, str(error)


def numpy_refuses(f):
    try:
        return f(X.copy()) is None
    except (ValueError, TypeError):
        return True


@pytest.mark.filterwarnings("ignore:future versions will not create a writeable array:FutureWarning")
@pytest.mark.filterwarnings("ignore:Numpy has detected:DeprecationWarning")
@pytest.mark.parametrize("side", ["view", "base"])
@pytest.mark.parametrize("name", VIEWS)
def test_views_on_either_side_of_an_update(name, side):
    f = updated(VIEWS[name], side)
    if numpy_refuses(f):
        for way in (mg.grad(f), lambda x: eager(f, x), lambda x: f(mg.Tensor(x))):
            with pytest.raises((TypeError, ValueError)):
                way(X)
        return
    expected = f(X.copy())
    for way in (lambda x: mg.value_and_grad(f)(x), lambda x: eager(f, x), lambda x: (f(mg.Tensor(x)).numpy(), None)):
        found, refusal = attempt(way)
        if refusal is not None:
            assert name != "itself"
            assert "write t = t" in refusal
            assert "mg.add_at" in refusal
            continue
        assert found[0] == expected
        if found[1] is not None:
            np.testing.assert_allclose(found[1], numerical_jacobian(f, X).value.reshape(3), rtol=1e-7)


@pytest.mark.parametrize("name", ["slice", "transpose", "reshape", "diagonal", "real", "broadcast_to"])
def test_an_array_may_change_when_its_views_are_gone(name):
    def f(p):
        q = np.outer(p, p)
        total = np.sum(VIEWS[name](q) ** 2)
        q += 1.0
        return total + np.sum(q**2)

    value, gradient = mg.value_and_grad(f)(X)
    assert value == f(X)
    np.testing.assert_allclose(gradient, numerical_jacobian(f, X).value.reshape(3), rtol=1e-7)


@pytest.mark.parametrize("operand", [lambda q: q.T, lambda q: q[0], lambda q: q[::-1], lambda q: q.sum(0), lambda q: q])
def test_operands_that_are_views_of_what_is_updated(operand):
    def f(p):
        q = np.outer(p, p)
        q *= operand(q)
        q -= 2.0 * operand(q)
        return np.sum(q**3)

    expected = numerical_jacobian(f, X).value.reshape(3)
    for way in (mg.value_and_grad(f), lambda x: eager(f, x)):
        found, refusal = attempt(way)
        if refusal is None:
            assert found[0] == f(X)
            np.testing.assert_allclose(found[1], expected, rtol=1e-7)
        else:
            assert "write t = t" in refusal


def public(operation):
    return operation.builtin and operation.overrides and operation.examples


def copied(value, kind):
    """The arrays of arguments as they are to be given: as arrays, as constants, or as results that take gradients."""
    if isinstance(value, (list, tuple)):
        return type(value)([copied(item, kind) for item in value])
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind != "f":
        return value.copy()
    if kind == "recorded":
        return mg.Tensor(value, requires_grad=True) * 1.0
    # What is computed from a 0-d array is a scalar.
    return mg.Tensor(value) if kind == "constant" else np.copy(value) if kind == "array" else value * 1.0


def arrays_in(values):
    if isinstance(values, (list, tuple)):
        return [array for value in values for array in arrays_in(value)]
    return [values] if isinstance(values, (np.ndarray, np.generic, mg.Tensor)) and values.dtype.kind == "f" else []


def changed(function, args, params, target):
    """The arguments and results of a call, one of which was updated afterwards."""
    out = function(*args, **params)
    arrays = [*arrays_in(args), *arrays_in(out)]
    arrays[target] += 1.0
    return [np.copy(array.numpy() if isinstance(array, mg.Tensor) else array) for array in arrays]


@pytest.mark.filterwarnings("ignore:future versions will not create a writeable array:FutureWarning")
@pytest.mark.filterwarnings("ignore:Numpy has detected:DeprecationWarning")
@pytest.mark.parametrize(
    "operation", [each for each in operations.values() if public(each)], ids=lambda each: each.name
)
def test_results_share_memory_with_arguments_as_numpys_do(operation):
    rng = np.random.default_rng(zlib.crc32(operation.name.encode()))
    for function in operation.overrides:
        for example in operation.examples:
            args, params = arguments(example, rng)
            try:
                count = len(arrays_in([args, function(*copied(args, "array"), **params)]))
            except (TypeError, ValueError):
                continue  # our parameters have other names
            if all(array.size for array in arrays_in(args)):
                for target in range(count):
                    check_update(function, args, params, target, f"{function.__name__} {example}")


def check_update(function, args, params, target, message):
    for kind in ("constant", "recorded"):
        given = copied(args, kind)
        if not any(isinstance(array, mg.Tensor) for array in arrays_in(given)):
            continue
        try:
            expected = changed(function, copied(args, "array" if kind == "constant" else "scalars"), params, target)
        except (TypeError, ValueError):
            expected = None  # read-only, or integers
        try:
            found = changed(function, given, params, target)
        except (TypeError, ValueError):
            continue
        assert expected is not None, f"{message}: NumPy refuses to update array {target}"
        for value, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(value, other, rtol=1e-12, atol=1e-14, err_msg=f"{message}, {target}, {kind}")


def of_dtype(p, dtype):
    return (p * 1.0).astype(dtype)


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
    for variable in (leaf, leaf * 1.0, mg.Tensor(np.full(shape, 2.0))):
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
        (lambda x: np.exp(x, out=x), r"np\.exp .* mg\.add_at"),
        (lambda x: np.exp(x, out=np.zeros(2)), "leave out= out"),
        (lambda x: np.zeros(2).__iadd__(x), r"`array = array \+ tensor`"),
        (lambda x: operator.setitem(x, 0, 1.0), r"mg\.set_at"),
        (lambda x: operator.setitem(x * 1.0, slice(1), 1.0), r"mg\.set_at"),
    ],
)
def test_arrays_that_are_written_to_are_refused_with_advice(call, message):
    with pytest.raises(TypeError, match=message):
        call(mg.Tensor([1.0, 2.0], requires_grad=True))


def test_an_updated_tensor_keeps_its_name():
    q = (mg.Tensor(X, requires_grad=True) * 1.0).named("q")
    q += 1.0
    assert q.name == "q"
    assert "q" in repr(q)
