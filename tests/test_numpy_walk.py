"""Is every public function of NumPy differentiated, a constant by declaration, or refused with its name?"""

import copy
import re
import types
import warnings

import numpy as np
import pytest
import scipy
from numpy.lib import recfunctions
from scipy import fft, interpolate, linalg, ndimage, optimize, sparse, special, stats

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
        (lambda x: np.linalg.eig(x), r"^np\.linalg\.eig has no derivative rule: write np\.linalg\.eigh\(a\) for "),
        (lambda x: np.put(x, [0], [1.0]), r"np\.put has no derivative rule: write mg\.set_at"),
        (lambda x: np.copyto(np.ones((2, 2)), x), r"np\.copyto .*np\.where"),
        (lambda x: np.add.at(x, [0], 1.0), r"np\.add\.at .*mg\.add_at"),
        (lambda x: np.subtract.at(x, [0], 1.0), r"^np\.subtract\.at has no derivative rule"),
        (lambda x: np.add.reduceat(x, [0]), r"^np\.add\.reduceat has no derivative rule"),
        (lambda x: np.divide.accumulate(x), r"^np\.divide\.accumulate has no derivative rule"),
        (lambda x: np.fft.fft(x), r"^np\.fft\.fft has no derivative rule: write it with operations that have one"),
        (lambda x: np.emath.sqrt(x), r"^np\.lib\.scimath\.sqrt has no derivative rule"),
        (lambda x: recfunctions.require_fields(x, float), r"^np\.lib\.recfunctions\.require_fields has no"),
        (
            lambda x: np.r_[x, x],
            r"^np\.r_ would make a constant .*: write np\.concatenate\(\[x, y\]\) for np\.r_",
        ),
        (lambda x: np.c_[x, x], r"^np\.c_ would make a constant .*: write np\.column_stack"),
        (lambda x: np.full(2, x[0]), r"^np\.full would .*: write np\.broadcast_to\(value, shape\) for np\.full"),
        (
            lambda x: np.array([x, x]),
            r"write np\.stack\(\[x, y\]\) for np\.array.*Where a constant is meant",
        ),
        (
            lambda x: np.mean([x, x]),
            r"^np\.mean would .*: write np\.mean\(np\.stack\(\[x, y\]\)\) for np\.mean\(\[x, y\]\)",
        ),
        (lambda x: np.random.default_rng(0).normal(x), r"an array of a Tensor .* would be a constant"),
        (lambda x: np.vectorize(abs)(x), r"^np\.vectorize would make a constant"),
        (lambda x: np.ndenumerate(x), r"^np\.ndenumerate would make"),
        (lambda x: np.polynomial.Polynomial(x[0]), r"^np\.polynomial\.Polynomial would make a constant"),
        (lambda x: np.polynomial.polynomial.polyval(1.0, x[0]), r"^np\.polynomial\.polynomial\.polyval would make"),
        (
            lambda x: np.ma.exp(x),
            r"^np\.ma\.exp would make a constant .*: write np\.where\(mask, value, x\)",
        ),
        (lambda x: np.ma.sum(x), r"^np\.ma\.\w+ would make .*: write np\.where"),
        (lambda x: np.ma.masked_array([1.0, 2.0]) + x, r"^np\.ma\.MaskedArray would make"),
        (lambda x: special.logsumexp(x), r"^scipy\.special\.logsumexp would make .*: write mg\.logsumexp\(x\)"),
        (lambda x: special.polygamma(1, x), r"^scipy\.special\.polygamma would make .*: write mg\.polygamma\(n, x\)"),
        (lambda x: special.ellipk(x), r"^scipy\.special\.ellipk has no derivative rule"),
        (lambda x: linalg.cholesky(x), r"^scipy\.linalg\.cholesky .*: write np\.linalg\.cholesky\(a\)\.T for .*upper"),
        (
            lambda x: linalg.solve_triangular(x, x),
            r"^scipy\.linalg\.solve_triangular .*solve\(np\.triu\(a\), b",
        ),
        (lambda x: linalg.expm(x), r"^scipy\.linalg\.expm would make a constant .*: write it with NumPy's functions"),
        (lambda x: linalg.eig(x), r"^scipy\.linalg\.eig .*: write np\.linalg\.eigh\(a\)"),
        (lambda x: fft.dct(x), r"^scipy\.fft would make"),
        (lambda x: sparse.eye_array(2) @ x, r"^scipy\.sparse.* would make a constant .*\.toarray\(\)\. "),
        (lambda x: optimize.rosen(x), r"^scipy\.optimize\.rosen would make a constant"),
        (lambda x: stats.zscore(x), r"^scipy\.stats\.zscore would make a constant"),
        (lambda x: ndimage.maximum(x), r"^scipy\.ndimage\.maximum would make a constant.*: write it with NumPy's"),
        (lambda x: interpolate.CubicSpline([0.0, 1.0], x), r"^scipy\.interpolate\.CubicSpline would make a constant"),
    ],
)
def test_functions_without_a_rule_name_the_alternative(call, message):
    with pytest.raises(TypeError, match=message):
        call(mg.Tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True))


MATRIX = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])
GIVEN = {
    "x": np.array([0.7, 1.9, 0.4]),
    "y": np.array([1.1, 0.6, 2.3]),
    "a": MATRIX,
    "b": np.array([[1.0, 2.0], [0.3, -0.4], [0.7, 0.1]]),
    "p": np.array([1.0, -6.0, 11.0, -6.0]),
    "value": np.array(1.7),
    "values": np.array([3.0, 5.0, 7.0]),
    "index": np.array([0, 2, 0]),
    "mask": np.array([True, True, True]),
    "indices": np.array([[0, 2, 1]]),
    "axis": 0,
    "shape": (2, 3),
    "d": 2,
    "n": 2,
}


def evaluated(expression, given):
    given = given | {"np": np, "mg": mg, "scipy": scipy}
    result = eval(expression, given)
    written = given[re.split(r"[(,]", expression)[1]] if result is None else result
    return written if isinstance(written, tuple) else (written,)


@pytest.mark.parametrize("name", unsupported.INSTEAD)
def test_alternatives_mean_the_same(name):
    """Both expressions give the same numbers, and the second one of Tensors gives Tensors that have gradients."""
    assert name not in {numpy_name(function) for function in overrides}
    call, instead, _ = unsupported.INSTEAD[name]
    arrays = copy.deepcopy(GIVEN) | ({"indices": np.array([0, 4, 8])} if name == "np.put" else {})
    arrays |= {"x": MATRIX} if "soft" in name or "sumexp" in name else {}  # over all axes
    given = {
        key: mg.Tensor(value, requires_grad=True) if np.asarray(value).dtype.kind == "f" else value
        for key, value in arrays.items()
    }
    given |= {"r": np.roots(arrays["p"]), "s": np.sort(given["x"], axis=None)}
    found, expected = evaluated(instead, given), evaluated(call, arrays)
    assert any(isinstance(part, mg.Tensor) and part.requires_grad for part in found)
    found = [part.numpy() if isinstance(part, mg.Tensor) else part for part in found]
    if "eig" in name:  # up to the order of eigenvalues, and the signs of eigenvectors
        for values, *vectors in (found, expected):
            for each in vectors:
                np.testing.assert_allclose(MATRIX @ each, each * values, atol=1e-14)
        found, expected = [np.sort(found[0])], [np.sort(np.real(expected[0]))]
    for ours, theirs in zip(found, expected, strict=True):
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
