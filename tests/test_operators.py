"""Do the operators of Tensors mean what those of NumPy's arrays mean, and leave to others what is theirs?"""

import decimal
import fractions
import math
import operator
import re
from unittest import mock

import numpy as np
import pytest
from scipy import sparse

import minigrad as mg
from minigrad.engine.advice import LostGradientError
from minigrad.engine.elsewhere import HERE

ARITHMETIC = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow),
    *(operator.matmul, divmod),
]
BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


def tensors():
    """Of several shapes, with and without a gradient."""
    return [
        mg.Tensor(value, requires_grad=requires_grad)
        for value in (2.5, [1.0, 2.0, 3.0], [[1.0], [2.0]])
        for requires_grad in (False, True)
    ]


def answering(**more):
    """A class that has every operator, and answers with the operand it was given."""
    names = [name for function in (*ARITHMETIC, *BITS) for name in (function.__name__.strip("_"),)]
    reflected = {f"__r{name}__": lambda self, other: ("reflected", other) for name in names}
    forward = {f"__{name}__": lambda self, other: ("forward", other) for name in names}
    compared = {f"__{function.__name__}__": lambda self, other: ("compared", other) for function in COMPARISONS}
    return type("Answering", (), {**reflected, **forward, **compared, "__hash__": object.__hash__, **more})


def array_function(self, ufunc, method, *inputs, **kwargs):
    return "ufunc", inputs


KNOWING_BETTER = {
    "__array_ufunc__ = None": {"__array_ufunc__": None},
    "a protocol of its own": {"__array_ufunc__": array_function},
    "pandas": {"__pandas_priority__": 3000},
    "a reflected method": {},
    # What could be taken for data, were it not for the protocol.
    "units": {"__array_ufunc__": None, "__array__": lambda self, dtype=None, copy=None: np.ones(3)},
    "a series": {"__pandas_priority__": 3000, "__array__": lambda self, dtype=None, copy=None: np.ones(3)},
    "a labelled array": {"__array_ufunc__": array_function, "__len__": lambda self: 3, "__getitem__": lambda s, i: 1.0},
}


@pytest.mark.parametrize("function", [*ARITHMETIC, *BITS], ids=lambda function: function.__name__)
@pytest.mark.parametrize("members", KNOWING_BETTER.values(), ids=KNOWING_BETTER)
def test_operands_that_know_better_get_the_tensor_itself(function, members):
    other = answering(**members)()
    for tensor in tensors():
        way, operand = function(tensor, other)
        assert way == "reflected"
        assert operand is tensor
        way, operand = function(other, tensor)
        assert way == "forward"
        assert operand is tensor


@pytest.mark.parametrize("members", KNOWING_BETTER.values(), ids=KNOWING_BETTER)
def test_what_an_operand_does_not_know_either_is_an_error(members):
    silent = answering(**members, __radd__=lambda *_: NotImplemented, __add__=lambda *_: NotImplemented)()
    for tensor in tensors():
        with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+: 'Tensor' and 'Answering'"):
            tensor + silent
        with pytest.raises(TypeError, match="Answering"):
            silent + tensor


class Symbol:
    """Goes on computing, also with the outcome of a comparison."""

    __array_ufunc__ = None

    def __gt__(self, other):
        return "greater than", other

    def __eq__(self, other):
        return "equal to", other

    __hash__ = object.__hash__


def test_comparisons_that_go_on_computing_get_the_tensor_itself():
    for tensor in tensors():
        assert (tensor < Symbol())[1] is tensor
        assert (tensor == Symbol())[1] is tensor
        assert (Symbol() == tensor)[1] is tensor


@pytest.mark.parametrize("expected", [[1.0, 2.0, 3.0], (1.0, 2.0, 3.0), np.array([1.0, 2.0, 3.0])])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_pytest_approx(expected, requires_grad):
    tensor = mg.Tensor([1.0, 2.0, 3.0 + 1e-9], requires_grad=requires_grad)
    assert tensor == pytest.approx(expected)
    assert operator.ne(tensor, pytest.approx(expected)) is False
    assert tensor != pytest.approx([1.0, 2.0, 4.0])
    assert operator.eq(tensor, pytest.approx([1.0, 2.0, 4.0])) is False
    assert tensor.sum() == pytest.approx(6.0)
    assert tensor.sum() != pytest.approx(7.0)
    assert pytest.approx([1.0, 2.0, 3.0]) == tensor
    assert pytest.approx([1.0, 2.0, 4.0]) != tensor


def test_pytest_approx_on_the_left_turns_its_operand_into_an_array():
    constant, wanted = mg.Tensor([1.0, 2.0]), mg.Tensor([1.0, 2.0], requires_grad=True)
    assert pytest.approx(np.array([1.0, 2.0])) == constant
    assert pytest.approx(3.0) == constant.sum()
    # It calls np.asarray, and who else does so cannot be known.
    with pytest.raises(TypeError, match="Tensor"):
        assert pytest.approx(np.array([1.0, 2.0])) == wanted
    with pytest.raises(LostGradientError, match=r"\.numpy\(\)"):
        assert pytest.approx(3.0) == wanted.sum()


OTHERS = [
    *(
        None,
        "a",
        b"a",
        object(),
        mock.ANY,
        ...,
        {1.0},
        frozenset(),
        {"a": 1.0},
        1j,
        np.nan,
        np.inf,
        True,
        2,
        np.int8(2),
    ),
    *(fractions.Fraction(5, 2), decimal.Decimal("2.5"), [1.0, 2.0, 3.0], (2.5,), [], range(3), range(0), int, math),
    *(np.array([1.0, 2.0, 3.0]), np.array(2.5), np.array([[True], [False]]), np.array([None])),
]


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("other", OTHERS, ids=lambda other: re.sub(" at 0x[0-9a-f]+", "", repr(other)))
def test_comparisons_are_those_of_numpy(compare, other):
    """The same truth values, and errors of the same kind."""
    for tensor in tensors():
        for pair, plain in [((tensor, other), (tensor.numpy(), other)), ((other, tensor), (other, tensor.numpy()))]:
            try:
                expected = compare(*plain)
            except Exception as error:
                with pytest.raises(type(error)):
                    compare(*pair)
                continue
            found = compare(*pair)
            assert not isinstance(found, mg.Tensor)
            np.testing.assert_array_equal(found, expected)
            assert np.asarray(found).dtype == np.asarray(expected).dtype == bool


@pytest.mark.parametrize("other", [np.array(["a"]), np.datetime64("2020-01-01")])
def test_what_cannot_be_equal_is_not(other):
    for tensor in tensors():
        assert not np.any(tensor == other)
        assert np.all(tensor != other)
        with pytest.raises(TypeError):
            operator.lt(tensor, other)


def test_comparisons_of_tensors():
    first, second = mg.Tensor([1.0, 2.0, 3.0], requires_grad=True), mg.Tensor([3.0, 2.0, 1.0])
    for compare in COMPARISONS:
        np.testing.assert_array_equal(compare(first, second), compare(first.numpy(), second.numpy()))
    np.testing.assert_array_equal(first == [first[0], 2.0, second[2]], [True, True, False])


def test_membership():
    x, y = mg.Tensor([1.0, 2.0], requires_grad=True), mg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x in {x}
    assert y not in {x}
    assert {x: "x", y: "y"}[y] == "y"
    assert x in [x, y]
    for tensor in (x, y):
        for value in (1.0, 5.0, [1.0, 2.0], None, "a"):
            assert (value in tensor) == (value in tensor.numpy())
    assert 1.0 in x
    assert 2.0 in mg.Tensor(2.0)
    assert x[0] in x


@pytest.mark.parametrize("number", [fractions.Fraction(1, 2), decimal.Decimal("0.5")], ids=repr)
def test_numbers_that_would_make_objects_of_arrays_are_refused(number):
    for tensor in tensors():
        for function in (operator.add, operator.mul, operator.sub, operator.truediv):
            for pair in ((tensor, number), (number, tensor)):
                with pytest.raises(TypeError, match=rf"a {type(number).__name__} is not .*write float\(\) around it"):
                    function(*pair)
    for function in (np.add, mg.multiply):
        with pytest.raises(TypeError, match=r"write float\(\)"):
            function(mg.Tensor(1.0), number)


@pytest.mark.parametrize("value", [None, "text", object(), 1j, {1.0}, {"a": 1.0}, [1.0, "a"], [[1.0], [1.0, 2.0]]])
@pytest.mark.parametrize("function", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
def test_what_is_no_array_of_real_numbers_is_refused_by_name(function, value):
    name = {"sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power"}.get(function.__name__, "add")
    for tensor in tensors():
        for pair in ((tensor, value), (value, tensor)):
            with pytest.raises((TypeError, ValueError), match=f"{name}: a {type(value).__name__}"):
                function(*pair)


def test_integers_and_booleans_have_operators_of_bits():
    numbers, flags = mg.Tensor([1, 6, 12]), mg.Tensor([True, False, True])
    for function in BITS:
        np.testing.assert_array_equal(function(numbers, 2), function(numbers.numpy(), 2))
        np.testing.assert_array_equal(function(2, numbers), function(2, numbers.numpy()))
    for function in BITS[:3]:
        np.testing.assert_array_equal(
            function(flags, [True, True, False]), function(flags.numpy(), [True, True, False])
        )
    np.testing.assert_array_equal(~flags, ~flags.numpy())
    np.testing.assert_array_equal(~numbers, ~numbers.numpy())
    with pytest.raises(TypeError, match="bitwise_and"):
        mg.Tensor([1.0]) & 1


def test_sparse_matrices_get_constants_and_refuse_what_requires_a_gradient():
    matrix = sparse.csr_array(np.diag([1.0, 2.0, 3.0]))
    x = mg.Tensor([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(x @ matrix, [1.0, 4.0, 9.0])
    np.testing.assert_array_equal(matrix @ x, [1.0, 4.0, 9.0])
    for function in (lambda t: t @ matrix, lambda t: matrix @ t, lambda t: matrix * t, lambda t: t * matrix):
        with pytest.raises(LostGradientError, match=r"\.toarray\(\)"):
            function(x.requires_grad_())
    for function in (np.dot, np.matmul, np.multiply):
        with pytest.raises(TypeError, match=r"csr_array is not an array .*; make an array of it with \.toarray\(\)"):
            function(x, matrix)


class Pair:
    """A number with an error, such as a library for these might have it: Tensors can be in it."""

    def __init__(self, value, error):
        self.value, self.error = value, error

    def __mul__(self, other):
        return Pair(self.value * other, self.error * other)

    __rmul__ = __mul__


def test_gradients_flow_through_objects_that_compute_with_tensors():
    for f in (lambda x: (x * Pair(2.0, 0.5)).error, lambda x: (Pair(2.0, 0.5) * x).error):
        assert mg.grad(f)(3.0) == 0.5
    t = mg.Tensor([1.0, 2.0], requires_grad=True) + 1.0
    assert isinstance(t * (1.0 * Pair(2.0, 0.5)), Pair)
    with pytest.raises(TypeError, match=r"a Pair makes a Pair of it; write t = t \* y"):
        t *= 1.0 * Pair(2.0, 0.5)


class Other:
    """An array of another library that speaks NumPy's protocols."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return "ufunc", ufunc, method, inputs

    def __array_function__(self, function, types, args, kwargs):
        return "function", function, args


def test_numpys_functions_leave_to_other_arrays_what_is_theirs():
    x, other = mg.Tensor([1.0, 2.0], requires_grad=True), Other()
    for inputs in ((x, other), (other, x)):
        kind, ufunc, method, given = np.multiply(*inputs)
        assert (kind, ufunc, method) == ("ufunc", np.multiply, "__call__")
        assert given == inputs
        assert np.multiply.outer(*inputs)[2] == "outer"
    kind, function, (parts,) = np.concatenate([x, other])
    assert (kind, function) == ("function", np.concatenate)
    assert parts[0] is x
    assert isinstance(np.concatenate([x, np.ones(2)]), mg.Tensor)


ROUNDING = [round, lambda x: round(x, 1), lambda x: round(x, ndigits=-1), math.floor, math.ceil, math.trunc, int]


@pytest.mark.parametrize("function", ROUNDING)
@pytest.mark.parametrize("value", [2.567, -2.5, 17.25])
def test_one_number_is_rounded_as_numpys_is(function, value):
    for requires_grad in (False, True):
        found, expected = function(mg.Tensor(value, requires_grad=requires_grad)), function(np.float64(value))
        assert type(found) is type(expected)
        assert found == expected
    assert function(mg.Tensor(value, dtype=np.float32)) == pytest.approx(function(float(np.float32(value))), rel=1e-6)
    # Steps have the derivative 0.
    assert mg.grad(lambda x: x * function(x))(value) == function(value)


def test_numbers_that_are_rounded_keep_their_dtype():
    assert type(round(mg.Tensor(2.567, dtype=np.float32), 1)) is np.float32
    assert math.trunc(mg.Tensor(2**62 + 1)) == 2**62 + 1
    for function in (round, math.floor, math.ceil, math.trunc):
        with pytest.raises(ValueError, match="NaN"):
            function(mg.Tensor(np.nan))


@pytest.mark.parametrize(
    ("function", "instead"),
    [
        (round, r"round\(x\) takes one number.*shape \(3,\): write np\.round\(x, decimals\)"),
        (lambda x: round(x, 2), r"np\.round"),
        (math.floor, r"math\.floor\(x\).*np\.floor\(x\)"),
        (math.ceil, r"math\.ceil\(x\).*np\.ceil\(x\)"),
        (math.trunc, r"math\.trunc\(x\).*np\.trunc\(x\)"),
        (lambda x: pow(x, 2, 3), r"takes no third argument: write x\*\*y % z"),
        (operator.index, r"0-d Tensor of integers, not one of shape \(3,\)"),
    ],
)
def test_pythons_functions_of_one_number_name_those_of_arrays(function, instead):
    with pytest.raises(TypeError, match=instead):
        function(mg.Tensor([1.0, 2.0, 3.0], requires_grad=True))


@pytest.mark.parametrize("function", [float, int])
def test_several_elements_are_no_number(function):
    with pytest.raises(ValueError, match=rf"{function.__name__}\(\) needs a Tensor of one element.*\(3,\)"):
        function(mg.Tensor([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("name", HERE)
def test_names_of_elsewhere_lead_to_what_works_here(name):
    x = mg.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    given = {"x": x, "y": x * 0.5, "np": np, "mg": mg, "shape": (3, 2), "axes": (1, 0), "axis": 0, "dtype": np.float32}
    given |= {"start": 0, "stop": 2, "n": 1, "indices": np.array([[0, 1, 0]]), "index": (0, 1), "value": 7.0}
    given |= {"mask": np.array([[True, False, True]] * 2), "low": 2.0, "high": 5.0}
    if name in ("expand", "expand_as"):
        given["shape"] = (4, 2, 3)
    expression = HERE[name].partition("  ")[0]
    with pytest.raises(AttributeError, match=rf"no attribute '{name}'; write ") as caught:
        getattr(x, name)
    assert expression in str(caught.value)
    exec(expression, given)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("view", r"a Tensor has no attribute 'view'; write x\.reshape\(shape\)$"),
        ("unsqueeze", r"; write np\.expand_dims\(x, axis\)$"),
        ("cuda", r"; write x \(there are no devices\)$"),
        ("frobnicate", r"a Tensor has no attribute 'frobnicate'$"),
        ("__dlpack__", r"a Tensor has no attribute '__dlpack__'$"),
    ],
)
def test_unknown_attributes(name, message):
    with pytest.raises(AttributeError, match=message) as caught:
        getattr(mg.Tensor([1.0]), name)
    assert (caught.value.name, type(caught.value.obj)) == (name, mg.Tensor)
    assert not hasattr(mg.Tensor([1.0]), name)
