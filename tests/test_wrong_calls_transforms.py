"""Does a transform that is called in a wrong way say what it was given, and what to write?"""

import numpy as np
import pytest

import minigrad as mg

USES = {
    **{name: rf"mg\.{name}\(f\)\(x\)" for name in ("grad", "value_and_grad", "jacobian", "hessian")},
    "vjp": r"mg\.vjp\(f, x\)",
    "jvp": r"mg\.jvp\(f, x, tangent\)",
    "hvp": r"mg\.hvp\(f, x, vector\)",
}
# How many arguments follow the function.
FURTHER = {"vjp": 1, "jvp": 2, "hvp": 2}


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize(
    "wrong", [None, "sin", 3.0, [np.sin], mg.Tensor(1.0), np.ones(2)], ids=lambda x: type(x).__name__
)
def test_what_is_no_function_is_refused_at_once(name, wrong):
    message = rf"^{name} takes a function, not a {type(wrong).__name__}: write {USES[name]}$"
    with pytest.raises(TypeError, match=message):
        getattr(mg, name)(wrong, *[1.0] * FURTHER.get(name, 0))


def called(name, f, x):
    """Call a transform of f at x, with a tangent or vector like x where it takes one."""
    if name in FURTHER:
        return getattr(mg, name)(f, *[x] * FURTHER[name])
    return getattr(mg, name)(f)(x)


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (None, ValueError, "nothing to differentiate by, because the arguments hold no array and no number"),
        ([], ValueError, "nothing to differentiate by"),
        ({"a": None}, ValueError, "nothing to differentiate by"),
        ("a", TypeError, "argument 0 is a str; only floating-point numbers"),
        ([1.0, "a"], TypeError, r"argument 0\[1\] is a str"),
        ({"a": 1j}, TypeError, r"argument 0\['a'\] is a complex"),
        (3, TypeError, r"argument 0 has dtype int64.*write 3\.0 for 3"),
        (np.array([True]), TypeError, "argument 0 has dtype bool"),
        (np.array(["a"]), TypeError, "argument 0 has dtype <U1"),
        ({1.0}, TypeError, "argument 0 is a set"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_differentiated_by(name, x, error, message):
    with pytest.raises(error, match=rf"^{name}: .*{message}"):
        called(name, lambda x: 1.0, x)


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "returned a NoneType.*is a return missing"),
        ("a", "the output is a str"),
        (3, "the output has dtype int64"),
        (1j, "the output is a complex"),
        (np.array(["a"]), "the output has dtype <U1"),
    ],
    ids=str,
)
def test_results_that_have_no_derivative(name, result, message):
    with pytest.raises(TypeError, match=rf"^{name}: .*{message}"):
        called(name, lambda x: result, 1.0)


@pytest.mark.parametrize(
    "seed", [None, "a", 1j, [1.0, None], {"a": 1.0}, object()], ids=lambda seed: type(seed).__name__
)
def test_seeds_tangents_and_vectors_that_are_no_numbers(seed):
    x = np.ones(2)
    for name, call in [
        ("vjp: the seed", lambda: mg.vjp(np.sin, x)[1](seed)),
        ("jvp: the tangent", lambda: mg.jvp(np.sin, x, seed)),
        ("hvp: the vector", lambda: mg.hvp(np.sum, x, seed)),
    ]:
        with pytest.raises(TypeError, match=f"^{name} is a {type(seed).__name__}, not an array of real numbers"):
            call()


@pytest.mark.parametrize("name", [name for name in USES if name not in FURTHER])
@pytest.mark.parametrize(
    ("argnums", "error", "message"),
    [
        (None, TypeError, r"argnums holds integers, not None"),
        ("a", TypeError, r"argnums holds integers, not 'a'"),
        (0.0, TypeError, r"argnums holds integers, not 0\.0"),
        ((0, None), TypeError, r"argnums holds integers, not \(0, None\)"),
        (np.ones(2), TypeError, "argnums holds integers"),
        (9, ValueError, "argnums=9, and the function was called with 1 positional"),
        ((0, -1), ValueError, "names an argument twice"),
        ((), ValueError, "nothing to differentiate by"),
    ],
    ids=str,
)
def test_positions_of_arguments(name, argnums, error, message):
    with pytest.raises(error, match=f"^{name}: .*{message}"):
        getattr(mg, name)(np.sin, argnums)(1.0)


X = mg.Tensor([1.0, 2.0], requires_grad=True)


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (None, TypeError, "the inputs are a NoneType, not a list of Tensors"),
        (3.0, TypeError, "the inputs are a float"),
        ("x", TypeError, "the inputs are a str"),
        (X, TypeError, "the inputs are a Tensor"),
        ({"x": X}, TypeError, "the inputs are a dict"),
        ([[X]], TypeError, r"inputs\[0\] is a list, not a Tensor"),
        ([X, None], TypeError, r"inputs\[1\] is a NoneType, not a Tensor"),
        (np.ones(2), TypeError, r"inputs\[0\] is a float64"),
        ([mg.Tensor(1.0)], ValueError, r"inputs\[0\] does not require a gradient; make it with requires_grad=True"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_inputs_of_gradients(inputs, error, message):
    use = r"write mg\.gradients\(y, \[x\]\)" if error is TypeError else ""
    with pytest.raises(error, match=f"^gradients: {message}.*{use}"):
        mg.gradients((X * X).sum(), inputs)


@pytest.mark.parametrize("output", [None, 3.0, "y", [X], np.ones(2)], ids=lambda value: type(value).__name__)
def test_outputs_of_gradients(output):
    name = type(output).__name__
    with pytest.raises(TypeError, match=rf"^gradients: the output is a {name}, not a Tensor: write mg\.gradients\(y, "):
        mg.gradients(output, [X])


def test_inputs_of_gradients_may_come_one_after_the_other():
    (gradient,) = mg.gradients((X * X).sum(), (tensor for tensor in [X]))
    np.testing.assert_array_equal(gradient.data, [2.0, 4.0])
