"""Are updates of arrays that share memory with others seen by those, or refused?"""

import zlib

import numpy as np
import pytest
from test_in_place import X, eager

import minigrad as mg
from minigrad.engine.examples import arguments
from minigrad.engine.registry import operations
from minigrad.testing import numerical_jacobian

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


def test_nobody_writes_to_memory_that_a_graph_holds():
    x = mg.Tensor(X, requires_grad=True)
    y = x * 2.0
    z = np.sum(y * y)
    with mg.no_grad():
        part, whole = y[1:], y.reshape(-1)
    for array in (y.data, y.numpy(), y.detach().data, part.data, whole.data):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
    z.backward()
    np.testing.assert_allclose(x.grad.data, 8.0 * X)
