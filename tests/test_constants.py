"""May arrays that a graph has read be written to before the pass back?"""

import contextlib
import zlib
from collections import namedtuple

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine import constants
from minigrad.engine.examples import arguments
from minigrad.engine.registry import operations
from minigrad.testing import numerical_jacobian

CHANGED = "changed before the backward pass"
OPERATIONS = [operation for operation in operations.values() if operation.builtin and operation.examples]
NAMES = [operation.name for operation in OPERATIONS]


def arrays_in(value, path=()):
    """Where there are arrays, in lists, tuples and dicts, and what they are."""
    if isinstance(value, np.ndarray):
        return [(path, value)]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    return [found for key, item in pairs for found in arrays_in(item, (*path, key))]


def lists_in(value):
    """All lists in arguments, the innermost first."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [found for item in items for found in lists_in(item)] + ([value] if isinstance(value, list) else [])


def with_tensor(value, path, tensor):
    """The same value with a Tensor in one place."""
    if not path:
        return tensor
    if isinstance(value, dict):
        return {key: with_tensor(item, path[1:], tensor) if key == path[0] else item for key, item in value.items()}
    items = [with_tensor(item, path[1:], tensor) if key == path[0] else item for key, item in enumerate(value)]
    return items if isinstance(value, list) else type(value)(*items) if hasattr(value, "_fields") else tuple(items)


def copied(value):
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [copied(item) for item in value]
        return items if isinstance(value, list) else type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def overwrite(array):
    """Other values that are no worse than the old ones: indices stay indices."""
    array[...] = ~array if array.dtype == bool else np.roll(array[::-1] if array.ndim else array, 1)
    if array.dtype.kind == "f":
        array *= 0.5
        array += 0.25


def scalar(out):
    """One number that depends on all results that have a derivative."""
    parts = out if isinstance(out, (list, tuple)) else [out]
    total = 0.0
    for part in parts:
        if isinstance(part, mg.Tensor) and part.requires_grad:
            weights = np.cos(np.arange(float(part.size)).reshape(part.shape))
            total = total + np.sum(part * weights)
    return total


def gradient_of(operation, example, path, change, higher=False):
    """The gradient by one argument of a call, where others change in between; None where there is none."""
    rng = np.random.default_rng(zlib.crc32(operation.name.encode()))
    args, params = arguments(example, rng)
    args, params = copied(args), copied(params)
    leaf = mg.Tensor(dict(arrays_in(args))[path], requires_grad=True)
    others = [array for place, array in arrays_in(args) + arrays_in(params) if place != path]
    args = with_tensor(args, path, leaf)
    out = scalar(operation.function(*args, **params))
    if not isinstance(out, mg.Tensor):
        return None
    if higher:
        (first,) = mg.gradients(out, [leaf], create_graph=True)
        out = np.sum(np.sin(first))
        if not isinstance(out, mg.Tensor) or not out.requires_grad:
            return None
    if change:
        for array in others:
            overwrite(array)
        for items in lists_in([args, params]):
            items.reverse()
    return mg.gradients(out, [leaf])[0].data


def places(operation, example):
    args, _ = arguments(example, np.random.default_rng(zlib.crc32(operation.name.encode())))
    return [path for path, array in arrays_in(args) if array.dtype.kind == "f"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_constants_beside_a_differentiated_argument_may_change(operation):
    for number, example in enumerate(operation.examples):
        for path in places(operation, example):
            # What is read by a rule is read by the rule of that rule: one example shows it.
            for higher in (False, True)[: 2 - (number > 0)]:
                expected = gradient_of(operation, example, path, False, higher)
                if expected is not None:
                    found = gradient_of(operation, example, path, True, higher)
                    np.testing.assert_array_equal(found, expected, err_msg=f"{example}, argument {path}")


def attempt(function, *args):
    """What a function gives, or what it says when it refuses."""
    try:
        return function(*args), None
    except RuntimeError as error:
        return None, str(error)


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_constants_that_are_too_large_to_copy_are_right_or_refused(operation, monkeypatch):
    monkeypatch.setattr(constants, "COPIED", 0)
    for example in operation.examples:
        for path in places(operation, example):
            expected = gradient_of(operation, example, path, False)
            if expected is None:
                continue
            found, refusal = attempt(gradient_of, operation, example, path, True)
            if refusal is None:
                np.testing.assert_array_equal(found, expected, err_msg=f"{example}, argument {path}")
            else:
                assert CHANGED in refusal


W = np.array([0.3, 1.2, 0.7])
SIZES = [3, 50_000]


def refilled(w, size=3):
    buffer, total = np.zeros(size), 0.0
    for value in (1.0, 2.0):
        buffer[:] = value
        total = total + (w * buffer).sum()
    return total


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("transformed", [False, True])
def test_a_buffer_refilled_in_a_loop(size, transformed):
    def gradient(start):
        if transformed:
            return mg.grad(refilled)(start, size)
        w = mg.Tensor(start, requires_grad=True)
        refilled(w, size).backward()
        return w.grad.data

    found, refusal = attempt(gradient, np.linspace(0.5, 1.5, size))
    if refusal is None:
        np.testing.assert_array_equal(found, np.full(size, 3.0))
    else:
        assert size > 3
        assert all(part in refusal for part in ("multiply", CHANGED, str((size,))))


Indices = namedtuple("Indices", ["rows", "columns"])


def writing(function, array):
    """A function that reads an array and changes it afterwards, twice."""

    def f(w):
        work, total = array.copy(), 0.0
        for _ in range(2):
            total = total + np.sum(function(w, work))
            overwrite(work)
        return total

    return f


MATRIX = np.outer(W, W[::-1]) + np.diag([1.0, 2.0, 3.0])
READERS = {
    "product": (lambda w, a: w * a, W),
    "quotient": (lambda w, a: a / w, W),
    "power": (lambda w, a: np.power(w, a), W),
    "power of a constant": (lambda w, a: np.power(a, w), W + 1.0),
    "broadcast_to": (lambda w, a: w * np.broadcast_to(a, (2, 3)), W),
    "broadcast_arrays": (lambda w, a: w * np.broadcast_arrays(a, np.zeros((2, 3)))[0], W),
    "diagonal": (lambda w, a: w * np.diagonal(a), MATRIX),
    "transposed": (lambda w, a: a.T @ w, MATRIX),
    "strided": (lambda w, a: w[::2] * a[::-2, 0], MATRIX),
    "read-only view": (lambda w, a: w * sealed(a), W),
    "sliding windows": (lambda w, a: np.lib.stride_tricks.sliding_window_view(a, 2) @ w[:2], W),
    "of a row": (lambda w, a: w * a[0], MATRIX),
    "memoryview": (lambda w, a: w * np.frombuffer(memoryview(a)), W),
    "0-d learning rate": (lambda w, a: w - a * np.sin(w), np.array(0.1)),
    "mask": (lambda w, a: np.where(a, w, w**2), np.array([True, False, True])),
    "mask as index": (lambda w, a: w[a] ** 2, np.array([True, False, True])),
    "index array": (lambda w, a: w[a] ** 2, np.array([0, 2, 2])),
    "index arrays in a tuple": (lambda w, a: np.outer(w, w)[a, a[::-1]], np.array([0, 2, 2])),
    "index arrays in a list": (lambda w, a: np.outer(w, w)[[a[0], a[1]]], np.array([0, 2])),
    "index arrays in a namedtuple": (lambda w, a: np.outer(w, w)[Indices(a, a)], np.array([0, 2])),
    "index and slice": (lambda w, a: np.outer(w, w)[a, 1:], np.array([0, 2])),
    "take": (lambda w, a: np.take(w, a) ** 2, np.array([0, 2, 2])),
    "take_along_axis": (lambda w, a: np.take_along_axis(w, a, 0) ** 2, np.array([0, 2, 2])),
    "sorted order": (lambda w, a: w[np.argsort(a)] * a, W),
    "choose": (lambda w, a: np.where(a > 0.5, np.sin(w), w), W),
    "einsum": (lambda w, a: np.einsum("i,ij,j->", w, a, w), MATRIX),
    "tensordot": (lambda w, a: np.tensordot(w, a, 1), MATRIX),
    "matmul": (lambda w, a: w @ a, MATRIX),
    "solve": (lambda w, a: np.linalg.solve(a, w), MATRIX),
    "interp": (lambda w, a: np.interp(w, [0.0, 1.0, 2.0], a), W),
    "interp of places": (lambda w, a: np.interp(a, [0.0, 1.0, 2.0], w), W),
    "convolve": (lambda w, a: np.convolve(w, a), W),
    "maximum": (lambda w, a: np.maximum(w, a), W[::-1] + 0.1),
    "clip": (lambda w, a: np.clip(w, a, 2.0), W[::-1] + 0.1),
    "set_at": (lambda w, a: mg.set_at(w, a, 3.0) ** 2, np.array([1])),
    "add_at": (lambda w, a: mg.add_at(w, a, w[0]) ** 2, np.array([1])),
    "stack": (lambda w, a: np.stack([w, a]) ** 2, W),
    "concatenate": (lambda w, a: np.concatenate([w, a, w]) * np.arange(9.0), W),
    "average": (lambda w, a: np.average(w**2, weights=a), W),
    "repeat": (lambda w, a: np.repeat(w, a) ** 2, np.array([1, 0, 2])),
    "trapezoid": (lambda w, a: np.trapezoid(w**2, a), W),
    "polyval": (lambda w, a: np.polyval(w, a), W),
    "mse": (lambda w, a: mg.losses.mse(w, a), W[::-1]),
    "bce": (lambda w, a: mg.losses.bce(w / 2.0, a), np.array([0.0, 1.0, 0.5])),
    "cross_entropy": (lambda w, a: mg.losses.cross_entropy(np.outer(w, w), a), np.array([0, 2, 1])),
    "Tensor": (lambda w, a: w * tensor_of(a), W),
}


def sealed(array):
    view = array.view()
    view.flags.writeable = False
    return view


def tensor_of(array):
    return mg.Tensor(array)


def in_the_end(f, change):
    """As in eager mode: the change comes after the call and before the pass back."""
    w = mg.Tensor(W, requires_grad=True)
    out = f(w)
    change()
    out.backward()
    return w.grad.data


@pytest.mark.parametrize("name", READERS)
def test_what_reads_a_work_array(name):
    function, array = READERS[name]
    f = writing(function, array)
    # The same, where nothing that was read is written to.
    g = writing(lambda w, work: function(w, work.copy()), array)
    expected = mg.grad(g)(W)
    np.testing.assert_allclose(expected, numerical_jacobian(f, W).value.reshape(3), rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(mg.grad(f)(W), expected)
    np.testing.assert_array_equal(in_the_end(f, lambda: None), expected)
    np.testing.assert_array_equal(mg.vjp(f, W)[1](1.0)[0], expected)
    tangent = np.array([0.2, -0.5, 1.0])
    assert mg.jvp(f, W, tangent) == mg.jvp(g, W, tangent)
    np.testing.assert_array_equal(mg.hessian(f)(W), mg.hessian(g)(W))
    np.testing.assert_array_equal(mg.hvp(f, W, tangent), mg.hvp(g, W, tangent))


@pytest.mark.parametrize("name", READERS)
def test_the_data_of_a_constant_tensor_that_are_written_to(name):
    function, array = READERS[name]

    def gradient(change):
        constant = mg.Tensor(array)
        return in_the_end(lambda w: np.sum(function(w, constant)), lambda: overwrite(constant.data) if change else None)

    try:
        expected = gradient(False)
    except (TypeError, IndexError, AttributeError):
        return  # not everything takes a Tensor in that place
    np.testing.assert_array_equal(gradient(True), expected)


def test_a_constant_tensor_changes_only_what_is_computed_later():
    w, c = mg.Tensor(W, requires_grad=True), mg.Tensor(W)
    total = np.sum(w * c)
    c += 1.0
    total = total + np.sum(w * c)
    c.data[...] = 0.0
    total = total + np.sum(w * c)
    total.backward()
    np.testing.assert_array_equal(w.grad.data, W + (W + 1.0))


def layers():
    rng = np.random.default_rng(0)
    images = rng.random((4, 1, 8, 8))
    yield "Dense", mg.nn.Dense(8, 3), images[:, 0, 0]
    yield "Conv", mg.nn.Sequential(mg.nn.Conv(1, 2, 3), mg.nn.MaxPool(2), mg.nn.Flatten()), images
    yield "MaxPool", mg.nn.Sequential(mg.nn.MaxPool(2), mg.nn.Conv(1, 2, 2), mg.nn.Flatten()), images
    yield "Dropout", mg.nn.Sequential(mg.nn.Dropout(0.0), mg.nn.Dense(8, 3)), images[:, 0, 0]


@pytest.mark.parametrize(("model", "batch"), [pytest.param(m, b, id=name) for name, m, b in layers()])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_batch_that_is_refilled_between_forward_and_backward(model, batch, kind):
    if batch.dtype.kind == "f":
        batch = batch.astype(kind)
    parameters = list(model.parameters())

    def gradients(change):
        work = batch.copy()
        out = np.sum(model(work) ** 2)
        if change:
            overwrite(work)
        return [gradient.data.copy() for gradient in mg.gradients(out, parameters)]

    for found, expected in zip(gradients(True), gradients(False), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (mg.losses.mse, np.random.default_rng(1).random((6, 3))),
        (mg.losses.bce_with_logits, np.random.default_rng(1).random((6, 3))),
        (mg.losses.cross_entropy, np.array([0, 1, 2, 2, 1, 0])),
    ],
)
def test_targets_that_are_refilled_between_forward_and_backward(loss, target):
    def gradient(change):
        w = mg.Tensor(np.random.default_rng(0).random((6, 3)), requires_grad=True)
        work = target.copy()
        out = loss(w, work)
        if change:
            overwrite(work)
        out.backward()
        return w.grad.data

    np.testing.assert_array_equal(gradient(True), gradient(False))


@pytest.mark.parametrize(
    ("shape", "function", "name"),
    [
        ((50_000,), lambda w, a: w[0] * a, "multiply"),
        ((300, 300), lambda w, a: np.sum(w) * a.T, "multiply"),
        ((2, 200, 200), lambda w, a: a @ np.repeat(w[0], 200), "matmul"),
        ((300, 300), lambda w, a: np.broadcast_to(w[0], (300,)) @ a, "matmul"),
        ((200, 1, 20, 20), lambda w, a: mg.conv2d(a, w[:1].reshape(1, 1, 1, 1) * np.ones((1, 1, 3, 3))), "conv2d"),
        ((100_000,), lambda w, a: mg.losses.mse(w[0] * np.ones(100_000), a), "square"),
    ],
)
def test_a_large_array_that_changed_is_refused_by_name(shape, function, name):
    array = np.random.default_rng(0).random(shape)
    w = mg.Tensor(W, requires_grad=True)
    out = np.sum(function(w, array))
    out.backward(retain_graph=True)
    expected = w.grad.data.copy()
    w.zero_grad()
    array *= 0.5
    with pytest.raises(RuntimeError, match=CHANGED) as caught:
        out.backward()
    assert name in str(caught.value)
    assert str(shape) in str(caught.value) or str(shape[::-1]) in str(caught.value)
    array *= 2.0
    out = np.sum(function(w, array))
    w.zero_grad()
    out.backward()
    np.testing.assert_array_equal(w.grad.data, expected)


def test_what_no_rule_reads_may_change_however_large_it_is():
    w, array = mg.Tensor(W, requires_grad=True), np.ones((100_000, 3))
    out = np.sum(w + array)
    array[...] = 0.0
    out.backward()
    np.testing.assert_array_equal(w.grad.data, np.full(3, 100_000.0))


def test_values_of_results_cannot_be_changed_behind_the_graph():
    w = mg.Tensor(W, requires_grad=True)
    y = w * 2.0
    out = np.sum(y * y)
    for values in (y.data, y.numpy(), y.detach().data, y[1:].numpy(), y.T.detach().numpy()):
        # Either it cannot be written to, or it is a copy.
        with contextlib.suppress(ValueError):
            values[...] = 0.0
    out.backward()
    np.testing.assert_array_equal(w.grad.data, 8.0 * W)


@pytest.mark.parametrize("part", [lambda row: (row,), lambda row: (slice(None), row)], ids=["rows", "columns"])
def test_a_change_of_any_row_or_column_of_a_large_constant_is_noticed(part):
    w = mg.Tensor(np.ones((300, 300)), requires_grad=True)
    for row in range(300):
        constant = np.ones((300, 300))
        y = (w * constant).sum()
        constant[part(row)] = 2.0
        with pytest.raises(RuntimeError, match=r"an array of shape \(300, 300\) that multiply used was changed"):
            y.backward()


def test_a_flag_that_can_be_set_again_protects_nothing():
    w, constant = mg.Tensor(np.ones(3), requires_grad=True), np.arange(3.0)
    constant.flags.writeable = False
    y = (w * constant).sum()
    constant.flags.writeable = True
    constant[:] = 7.0
    y.backward()
    np.testing.assert_array_equal(w.grad.data, [0.0, 1.0, 2.0])
