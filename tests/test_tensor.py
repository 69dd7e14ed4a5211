"""Does a Tensor behave as users of NumPy and PyTorch expect?"""

import math
import pickle

import numpy as np
import pytest
from scipy import special

import minigrad as mg


@pytest.fixture
def x():
    return mg.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True, name="x")


def test_construction_copies_and_keeps_floating_dtypes():
    array = np.ones(3, np.float32)
    tensor = mg.Tensor(array)
    array[0] = 5.0
    np.testing.assert_array_equal(tensor.data, [1.0, 1.0, 1.0])
    assert tensor.dtype == np.float32
    assert mg.Tensor([1, 2]).dtype == np.int64
    assert mg.Tensor([1, 2], dtype=np.float32).dtype == np.float32
    assert mg.Tensor(2.0).shape == ()
    assert mg.Tensor(tensor).data is not tensor.data


@pytest.mark.parametrize("data", [1j, "text", [object()], None, [[1.0], [1.0, 2.0]]])
def test_data_that_are_not_real_numbers_are_refused(data):
    with pytest.raises((TypeError, ValueError)):
        mg.Tensor(data)


@pytest.mark.parametrize("data", [3, [1, 2], [True, False]])
def test_requiring_a_gradient_of_integers_is_refused_with_advice(data):
    with pytest.raises(TypeError, match=r"write 3\.0 for 3"):
        mg.Tensor(data, requires_grad=True)
    with pytest.raises(TypeError, match="floating-point"):
        mg.Tensor(data).requires_grad_()


def test_integers_are_constants():
    weights = mg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    (weights * mg.Tensor([1, 0, 2])).sum().backward()
    np.testing.assert_array_equal(weights.grad.data, [1.0, 0.0, 2.0])


def test_attributes(x):
    assert (x.shape, x.ndim, x.size, x.dtype, x.name) == ((2, 3), 2, 6, np.float64, "x")
    assert x.T.shape == (3, 2)
    assert len(x) == 2
    assert [row.shape for row in x] == [(3,), (3,)]
    assert x[0, 1].item() == 2.0
    assert isinstance(x.sum().data, np.ndarray)
    assert isinstance(x.sum().numpy(), np.ndarray)
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        x.item()
    with pytest.raises(TypeError, match="0-d"):
        len(x.sum())
    with pytest.raises(TypeError, match="0-d"):
        iter(x.sum())
    with pytest.raises(AttributeError, match="frobnicate"):
        _ = x.frobnicate
    assert "tanh" in dir(x)


def test_representation(x):
    assert repr(mg.Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    assert (
        repr(mg.Tensor([1.0], dtype=np.float32, requires_grad=True))
        == "Tensor([1.], dtype=float32, requires_grad=True)"
    )
    assert repr(x.sum()) == "Tensor(21., from=sum)"
    assert "name='x'" in repr(x)
    assert f"{x.sum():.2f}" == "21.00"
    assert f"{mg.Tensor([1.0])}" == "Tensor([1.])"


def test_methods_that_give_plain_values(x):
    array = x.data
    for result, expected in [
        (x.argmax(axis=1), array.argmax(axis=1)),
        (x.argsort(), array.argsort()),
        (x.nonzero(), array.nonzero()),
        (x.any(), array.any()),
        (x.all(axis=0), array.all(axis=0)),
        (x.round(1), array.round(1)),
    ]:
        assert not isinstance(result, mg.Tensor)
        np.testing.assert_array_equal(result, expected)
    assert x.tolist() == array.tolist()
    assert (x.nbytes, x.itemsize) == (48, 8)
    np.testing.assert_array_equal(x.imag, np.zeros((2, 3)))
    assert x.real is x
    assert {"argmax", "cumsum", "tanh", "T"} <= set(dir(x))
    assert not {"sort", "fill"} & set(dir(x))


def test_methods_that_give_tensors(x):
    array = x.data
    for result, expected in [
        (x.cumsum(axis=1), array.cumsum(axis=1)),
        (x.cumprod(), array.cumprod()),
        (x.repeat(2, axis=0), array.repeat(2, axis=0)),
        (x.take([0, 2], axis=1), array.take([0, 2], axis=1)),
        (x.compress([True, False], axis=0), array.compress([True, False], axis=0)),
        (x.diagonal(), array.diagonal()),
        (x.trace(), array.trace()),
        (x.mT, array.mT),
        (x.copy(), array.copy()),
        (x.conj(), array.conj()),
        (x % 2.0, array % 2.0),
        (7.0 % x, 7.0 % array),
        (divmod(x, 2.0)[1], divmod(array, 2.0)[1]),
    ]:
        assert isinstance(result, mg.Tensor)
        np.testing.assert_array_equal(result.data, expected)
    np.testing.assert_array_equal(x // 2.0, array // 2.0)
    np.testing.assert_array_equal(7.0 // x, 7.0 // array)
    np.testing.assert_array_equal(divmod(x, 2.0)[0], array // 2.0)


@pytest.mark.parametrize("name", ["sort", "partition", "fill", "put", "resize", "itemset", "flat"])
def test_methods_that_write_are_refused_with_an_alternative(x, name):
    with pytest.raises(
        AttributeError, match=rf"no {name}, through which arrays are written to; .*(is a new one|same elements)"
    ):
        getattr(x, name)
    assert not hasattr(x, name)


def test_truth_value_is_that_of_one_element(x):
    assert mg.Tensor(1.0)
    assert not mg.Tensor([0.0])
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)


def test_comparisons_give_plain_arrays_and_hash_is_identity(x):
    larger = x > 2.0
    assert isinstance(larger, np.ndarray)
    np.testing.assert_array_equal(larger, x.data > 2.0)
    np.testing.assert_array_equal(x < 2.0, x.data < 2.0)
    np.testing.assert_array_equal(x == mg.Tensor(x.data), np.ones((2, 3), bool))
    np.testing.assert_array_equal(np.ones((2, 3)) != x, x.data != 1.0)
    assert len({x, x, mg.Tensor(1.0)}) == 2


OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "@": lambda a, b: a @ b,
}


@pytest.mark.parametrize("symbol", OPERATORS)
@pytest.mark.parametrize(
    "other", [np.array([[1.5, 2.5], [0.5, 2.0]]), [[1.5, 2.5], [0.5, 2.0]], 2.0, 3, np.float64(1.5)]
)
def test_operators_take_arrays_lists_and_numbers_on_both_sides(symbol, other):
    if symbol == "@" and np.ndim(other) == 0:
        return
    operator = OPERATORS[symbol]
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    tensor = mg.Tensor(values, requires_grad=True)
    for result, expected in [
        (operator(tensor, other), operator(values, np.asarray(other))),
        (operator(other, tensor), operator(np.asarray(other), values)),
    ]:
        assert isinstance(result, mg.Tensor)
        assert result.requires_grad
        np.testing.assert_allclose(result.data, expected)


def test_unary_operators(x):
    for result, expected in [(-x, -x.data), (+x, x.data), (abs(-x), x.data)]:
        np.testing.assert_array_equal(result.data, expected)


def test_the_same_operation_three_ways(x):
    for result in (mg.tanh(x), np.tanh(x), x.tanh()):
        assert isinstance(result, mg.Tensor)
        np.testing.assert_array_equal(result.data, np.tanh(x.data))
    np.testing.assert_array_equal(special.expit(x).data, special.expit(x.data))


def test_array_methods_agree_with_numpy(x):
    array = x.data
    for result, expected in [
        (x.sum(axis=0), array.sum(axis=0)),
        (x.mean(1, keepdims=True), array.mean(1, keepdims=True)),
        (x.max(axis=-1), array.max(axis=-1)),
        (x.min(), array.min()),
        (x.var(ddof=1), array.var(ddof=1)),
        (x.std(axis=0), array.std(axis=0)),
        (x.prod(axis=1), array.prod(axis=1)),
        (x.reshape(3, 2), array.reshape(3, 2)),
        (x.reshape((3, -1)), array.reshape(3, 2)),
        (x.reshape(-1), array.reshape(-1)),
        (x.ravel(), array.ravel()),
        (x.flatten(), array.ravel()),
        (x.transpose(), array.T),
        (x.transpose(1, 0), array.T),
        (x.transpose((1, 0)), array.T),
        (x.swapaxes(0, 1), array.T),
        (x.squeeze(), array),
        (x.clip(2.0, 5.0), array.clip(2.0, 5.0)),
        (x.dot(array.T), array.dot(array.T)),
        (x.astype(np.float32), array.astype(np.float32)),
    ]:
        assert isinstance(result, mg.Tensor)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result.data, expected)


def test_numpy_functions_take_numpys_own_arguments(x):
    array = x.data
    np.testing.assert_array_equal(np.sum(x, 0).data, array.sum(0))
    np.testing.assert_array_equal(np.sum(a=x, axis=1, keepdims=True).data, array.sum(1, keepdims=True))
    np.testing.assert_array_equal(np.var(x, axis=0, ddof=1).data, array.var(0, ddof=1))
    np.testing.assert_array_equal(np.clip(x, 2.0, None).data, array.clip(2.0, None))
    np.testing.assert_array_equal(np.pad(x, 1, constant_values=2.0).data, np.pad(array, 1, constant_values=2.0))
    np.testing.assert_array_equal(np.sum(x, None, None).data, array.sum())
    np.testing.assert_array_equal(np.sum(x, where=array > 2).data, array.sum(where=array > 2))
    np.testing.assert_array_equal(np.mean(x, 0, np.float32).data, array.mean(0, np.float32))
    with pytest.raises(TypeError, match=r"np\.sum of a Tensor does not support the argument out="):
        np.sum(x, out=np.zeros(()))
    with pytest.raises(TypeError, match=r"np\.exp of a Tensor.*where"):
        np.exp(x, where=array > 2)
    with pytest.raises(TypeError, match=r"np\.quantile .* weights="):
        np.quantile(x, 0.5, weights=array)


def test_methods_of_ufuncs_that_have_a_function_of_their_own(x):
    array = x.data
    for result, expected in [
        (np.add.reduce(x), np.add.reduce(array)),
        (np.add.reduce(x, 1, keepdims=True), np.add.reduce(array, 1, keepdims=True)),
        (np.multiply.reduce(x, axis=None), np.multiply.reduce(array, axis=None)),
        (np.maximum.reduce(x), np.maximum.reduce(array)),
        (np.minimum.reduce(x, axis=-1), np.minimum.reduce(array, axis=-1)),
        (np.add.accumulate(x), np.add.accumulate(array)),
        (np.multiply.accumulate(x, axis=1), np.multiply.accumulate(array, axis=1)),
        (np.subtract.outer(x, [1.0, 2.0]), np.subtract.outer(array, [1.0, 2.0])),
        (np.hypot.outer([1.0, 2.0], x), np.hypot.outer([1.0, 2.0], array)),
    ]:
        assert isinstance(result, mg.Tensor)
        assert result.requires_grad
        np.testing.assert_array_equal(result.data, expected)
    assert np.logical_and.reduce(x > 0, axis=None)
    np.testing.assert_array_equal(np.logical_or.reduce(mg.Tensor([True, False])), True)


def test_numpy_function_without_a_rule_raises_and_is_named(x):
    for name, call in {
        "np.roots": lambda: np.roots(x[0]),
        "np.linalg.eig": lambda: np.linalg.eig(x),
        "np.unique": lambda: np.unique(x),
        r"np.subtract.reduce": lambda: np.subtract.reduce(x),
        "np.fft.fft": lambda: np.fft.fft(x),
        "scipy.special.ellipk": lambda: special.ellipk(x),
    }.items():
        with pytest.raises(TypeError, match=f"{name} has no derivative rule"):
            call()


def test_turning_into_an_array_by_accident_raises(x):
    for accident in (lambda: np.asarray(x), lambda: np.array([x, x]), lambda: math.fsum(x)):
        with pytest.raises(TypeError, match=r"detach\(\)|numpy\(\)"):
            accident()
    np.testing.assert_array_equal(np.asarray(x.detach()), x.data)
    np.testing.assert_array_equal(np.asarray(mg.Tensor([1, 2]), dtype=float), [1.0, 2.0])


def test_a_number_of_a_tensor_that_requires_a_gradient_is_asked_for():
    for accident in (math.sin, float, complex):
        with pytest.raises(TypeError, match=r"would be a constant; write np\.sin.*float\(x\.detach\(\)\)"):
            accident(mg.Tensor(0.0, requires_grad=True))
    assert float(mg.Tensor(2.0)) == 2.0
    assert int(mg.Tensor(2.0)) == 2
    assert complex(mg.Tensor(2.0)) == 2.0
    assert [10, 20, 30][mg.Tensor(1)] == 20
    with pytest.raises(TypeError, match=r"integers, not one of shape \(\) and dtype float64; .*int\(x\)"):
        _ = [10, 20][mg.Tensor(1.0)]


def test_adding_a_tensor_into_an_array_raises(x):
    array = np.zeros((2, 3))
    with pytest.raises(TypeError, match="cannot write a Tensor into an array"):
        array += x


def test_writing_to_elements_raises_with_an_alternative(x):
    with pytest.raises(TypeError, match=r"x = mg\.set_at\(x, i, y\), .* x = mg\.add_at"):
        x[0] = 1.0


def test_augmented_assignment_changes_the_tensor_under_all_its_names():
    leaf = mg.Tensor([1.0], requires_grad=True)
    first = x = leaf * 1.0
    x += 1.0
    assert x is first
    np.testing.assert_array_equal(first.data, [2.0])
    with pytest.raises(TypeError, match=r"a leaf that requires a gradient; write t = t \+ y"):
        leaf += 1.0


def test_subclassing_is_refused():
    with pytest.raises(TypeError, match="primitive"):
        type("Mine", (mg.Tensor,), {})


def test_errors_of_numpy_name_the_operation_and_the_shapes(x):
    for message, error, call in [
        (r"matmul\(\(2, 3\), \(2, 3\)\)", ValueError, lambda: x @ x),
        (r"add\(\(2, 3\), \(2,\)\)", ValueError, lambda: x + np.ones(2)),
        (r"reshape\(\(2, 3\), shape=\(4, 2\)", ValueError, lambda: x.reshape(4, 2)),
        (r"sum\(\(2, 3\), axis=5", np.exceptions.AxisError, lambda: x.sum(axis=5)),
        (r"getitem\(\(2, 3\), index=7\)", IndexError, lambda: x[7]),
        (r"concatenate\(\(2, 3\), \(3,\)", ValueError, lambda: mg.concatenate([x, np.ones(3)])),
    ]:
        with pytest.raises(error, match=message):
            call()


@pytest.mark.parametrize("value", [None, "text", object(), [1.0, "a"], 1j])
def test_what_is_no_array_of_numbers_is_refused(x, value):
    with pytest.raises((TypeError, ValueError)):
        x + value
    with pytest.raises((TypeError, ValueError)):
        mg.maximum(x, value)


def test_masked_arrays_matrices_and_lists_of_tensors_are_refused(x):
    with pytest.raises(TypeError, match="MaskedArray"):
        x + np.ma.masked_array([1.0, 2.0, 3.0], [True, False, False])
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    with pytest.raises(TypeError, match="matrix"):
        x * matrix
    with pytest.raises(TypeError, match="stack"):
        mg.add(x, [x[0], x[1]])


def test_operations_can_be_pickled_by_reference():
    for operation in (mg.tanh, mg.relu, mg.sum, mg.conv2d):
        assert pickle.loads(pickle.dumps(operation)) is operation
