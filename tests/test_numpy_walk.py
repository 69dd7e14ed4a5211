"""Is every public function of NumPy differentiated, a constant by declaration, or refused with its name?"""

import re
import types
import warnings

import numpy as np
import pytest
import scipy
from scipy import linalg, special

import minigrad as mg
from minigrad.engine import advice as unsupported
from minigrad.engine.registry import numpy_name, overrides

MODULES = (np, np.linalg, np.fft)

# Settings, files and descriptions: they take no arrays, and calling them at random would change the process.
NOT_CALLED = {
    *("test", "info", "show_config", "show_runtime", "get_include", "get_printoptions", "set_printoptions"),
    *("printoptions", "errstate", "geterr", "seterr", "geterrcall", "seterrcall", "getbufsize", "setbufsize"),
    *("load", "loadtxt", "genfromtxt", "fromfile", "fromregex", "fromstring", "frombuffer", "memmap", "nested_iters"),
}
NOT_COMPARED = {
    **dict.fromkeys(["array_str", "array_repr", "array2string", "str_", "base_repr"], "text is not differentiated"),
    **dict.fromkeys(["empty", "empty_like", "ndarray", "recarray"], "memory as it comes has no values"),
    "nextafter": "a constant by convention, one unit in the last place away",
}


def public_functions():
    found = {}
    for module in MODULES:
        for name in sorted(vars(module)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # some names are deprecated
                function = getattr(module, name)
            if not callable(function) or name.startswith("_") or isinstance(function, types.ModuleType):
                continue
            if name not in NOT_CALLED and not (isinstance(function, type) and issubclass(function, Exception)):
                found.setdefault(function, f"{module.__name__.replace('numpy', 'np')}.{name}")
    return found


FUNCTIONS = public_functions()


def tensors(moved):
    """Leaves of several ranks, of values at which no convention is needed."""
    values = ([[2.31, 0.43, 0.11], [0.23, 1.71, 0.37], [0.17, 0.59, 2.93]], [0.61, 0.27, 0.83], 0.353)
    return [mg.Tensor(np.array(value) + moved, requires_grad=True) for value in values]


def calls(matrix, vector, number):
    """Arguments of many kinds; most functions take some of them."""
    mask = np.array([True, False, True])
    positions = np.array([[0], [1], [1]])
    return [
        *((x,) for x in (number, vector, matrix, [vector, vector], [number, number])),
        *((x, y) for x in (number, vector, matrix) for y in (number * 1.3, vector * 1.3, matrix * 1.3, 2, 1.5)),
        *((x, y) for x in (2, 1.5, (3,), [0, 1, 1], mask) for y in (number, vector, matrix)),
        *((x, y) for x in (vector, matrix) for y in ([0, 1], (3, 3), np.ones(3), mask)),
        *((x, y, z) for x in (number, vector, 2) for y in (number, vector) for z in (number, vector, 3)),
        *((matrix, y, z) for y in (0, positions, matrix) for z in (1, vector)),
    ]


def parts_of(result):
    """What a result consists of, in nested lists, tuples and dicts."""
    if isinstance(result, np.poly1d):
        return [result.coeffs]
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return [part for item in result for part in parts_of(item)]
    return [result]


def outcomes(function, leaves):
    """The parts of what the function gives for each of the calls, or the error."""
    found = []

    def called(*variables):
        for args in calls(*variables):
            try:
                found.append(parts_of(function(*args)))
            except Exception as error:
                found.append(error)
        return variables[0]

    mg.vjp(called, *leaves)
    return found


def slope(part, leaves):
    """How the sum of a result changes as all leaves grow, by its gradients; None where these are refused."""
    try:
        pulled = mg.gradients(part, leaves, seed=np.ones(part.shape), retain_graph=True)
    except TypeError as error:
        if "no derivative with respect to its argument" not in str(error):
            raise
        return None
    return sum(g.data.sum() for g in pulled if g is not None)


@pytest.mark.parametrize("function", [pytest.param(function, id=name) for function, name in FUNCTIONS.items()])
def test_there_is_no_third_outcome(function):
    """A gradient, a constant that small changes of the numbers leave as it is, or an error with the name."""
    name = FUNCTIONS[function].split(".")[-1]
    leaves, step = tensors(0.0), 1e-6
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        here, nearby = outcomes(function, leaves), outcomes(function, tensors(step))
        pairs = [pair for pair in zip(here, nearby, strict=True) if not isinstance(pair[0], Exception)]
        for found, moved in pairs:
            for part, other in zip(found, moved, strict=True):
                assert not isinstance(part, np.ndarray) or part.dtype.kind != "O"
                if isinstance(part, mg.Tensor) and part.requires_grad:
                    change = np.sum(other.data - part.data) / step
                    by_gradients = slope(part, leaves)
                    if by_gradients is not None and np.isfinite(change):
                        np.testing.assert_allclose(by_gradients, change, rtol=1e-3, atol=1e-3)
                elif name not in NOT_COMPARED and isinstance(part, (np.ndarray, np.generic, float, mg.Tensor)):
                    np.testing.assert_array_equal(part, other)
    # The errors of classes are those of Python.
    if function not in overrides and not pairs and not isinstance(function, type):
        texts = [str(error) for error in here]
        assert any(name in text or "Tensor" in text for text in texts), texts[:3]


def test_most_public_functions_are_differentiated_or_constant():
    """The rest are constructors, files and settings, and what has no derivative."""
    assert sum(function in overrides for function in FUNCTIONS) >= 300


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.linalg.eig(x), r"np\.linalg\.eig has no derivative rule.*eigh"),
        (lambda x: np.put(x, [0], [1.0]), r"np\.put has no derivative rule.*mg\.set_at"),
        (lambda x: np.copyto(np.ones((2, 2)), x), r"np\.copyto .*np\.where"),
        (lambda x: np.add.at(x, [0], 1.0), r"np\.add\.at .*mg\.add_at"),
        (lambda x: np.r_[x, x], r"np\.r_ or np\.c_ \(use np\.concatenate"),
        (lambda x: np.full(2, x[0]), r"np\.full \(use value"),
        (lambda x: np.array([x, x]), r"np\.array, np\.asarray.* join Tensors with np\.stack"),
        (lambda x: np.vectorize(abs)(x), r"np\.vectorize: "),
        (lambda x: special.logsumexp(x), r"scipy\.special\.logsumexp \(use mg\.logsumexp\)"),
        (lambda x: special.polygamma(1, x), r"scipy\.special\.polygamma \(use mg\.polygamma\)"),
        (lambda x: linalg.cholesky(x), r"scipy\.linalg\.cholesky \(use np\.linalg\.cholesky\)"),
        (lambda x: linalg.solve_triangular(x, x), r"scipy\.linalg\.solve_triangular \(use np\.linalg\.solve\)"),
        (lambda x: linalg.expm(x), r"scipy\.linalg\.expm"),
    ],
)
def test_functions_without_a_rule_name_the_alternative(call, message):
    with pytest.raises(TypeError, match=message):
        call(mg.Tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True))


def test_alternatives_exist_and_are_for_functions_that_are_refused():
    assert not unsupported.INSTEAD.keys() & {numpy_name(function) for function in overrides}
    for advice in unsupported.INSTEAD.values():
        for name in re.findall(r"\b(?:np|mg|scipy)(?:\.\w+)+", advice):
            module, *path = name.split(".")
            found = {"np": np, "mg": mg, "scipy": scipy}[module]
            for part in path:
                found = getattr(found, part)
