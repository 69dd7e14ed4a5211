"""Does a program give what the tape gives where values or sizes are unlike those of the recording?"""

import numpy as np
import pytest
import scipy.signal  # noqa: F401  # while a function is recorded, an import takes far longer
from program_checks import assert_same, by_the_tape

import minigrad as mg
from minigrad.program.errors import ProgramError

RNG = np.random.default_rng(3)


def uniform(*shape):
    return RNG.uniform(-1.0, 1.0, shape)


SINGULAR = np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0])

VALUES = {
    "det of a singular matrix": (np.linalg.det, uniform(3, 3), SINGULAR + np.diag([1.0, 0.0, 0.0])),
    "det of a matrix of rank 1": (np.linalg.det, uniform(3, 3), SINGULAR),
    "singular values of a matrix of rank 1": (np.linalg.svdvals, uniform(3, 3), SINGULAR),
    "equal eigenvalues": (lambda x: np.linalg.eigh(x)[0], uniform(3, 3), np.eye(3)),
    "norm of zeros": (np.linalg.norm, uniform(3), np.zeros(3)),
    "bounds": (lambda x: np.clip(x, -0.5, 0.5), uniform(3), np.array([-0.5, 0.5, 2.0])),
    "scaled Bessel function far out": (lambda x: mg.ive(2, x), uniform(2), np.array([3e9, 1.0])),
    "log_ndtr far out": (mg.log_ndtr, uniform(3), np.array([-60.0, -11.0, 50.0])),
    "a power of 0": (lambda x: mg.boxcox(np.array([0.0, 2.0]), x), np.array([0.3, 0.4]), np.array([2.0, 0.0])),
    "points in other parts": (lambda x: np.interp(x, np.arange(5.0), np.arange(5.0) ** 2), uniform(3), 4 * uniform(3)),
}


@pytest.mark.parametrize("case", VALUES)
def test_values_unlike_those_of_the_recording(case):
    operation, recorded, given = VALUES[case]
    function = lambda x: np.sum(np.sin(operation(x)))  # noqa: E731
    with np.errstate(all="ignore"):
        assert_same(mg.program(function, recorded)(given), by_the_tape(function, [given]))


PLANES = (uniform(5, 4), uniform(2, 3)), (uniform(2, 3), uniform(5, 6))

SIZES = {
    "convolve, same": (lambda x, y: np.convolve(x, y, "same"), (uniform(5), uniform(3)), (uniform(2), uniform(6))),
    "convolve, valid": (lambda x, y: np.convolve(x, y, "valid"), (uniform(5), uniform(3)), (uniform(2), uniform(6))),
    "correlate2d, same": (lambda x, y: mg.correlate2d(x, y, "same"), *PLANES),
    "convolve2d, valid": (lambda x, y: mg.convolve2d(x, y, "valid"), *PLANES),
    "left vectors": (lambda x: np.abs(np.linalg.svd(x, full_matrices=False)[0]), (uniform(2, 5),), (uniform(5, 3),)),
    "least squares": (lambda x, y: np.linalg.lstsq(x, y)[0], (uniform(5, 3), uniform(5)), (uniform(2, 3), uniform(2))),
    "qr": (lambda x: np.linalg.qr(x)[1], (uniform(5, 3),), (uniform(2, 3),)),
    "pinv": (np.linalg.pinv, (uniform(5, 3),), (uniform(2, 3),)),
}


@pytest.mark.parametrize("case", SIZES)
def test_what_was_longer_is_shorter(case):
    """The same numbers, or an error that says so."""
    operation, recorded, given = SIZES[case]
    function = lambda *arrays: np.sum(np.sin(operation(*arrays)))  # noqa: E731
    program = mg.program(function, *recorded)
    try:
        with np.errstate(all="ignore"):
            found = program(*given)
    except (ProgramError, ValueError, np.linalg.LinAlgError):
        return
    assert_same(found, by_the_tape(function, given))


def test_equal_eigenvalues_give_no_number_for_vectors():
    program = mg.program(lambda x: np.sum(np.linalg.eigh(x)[1] ** 3), uniform(3, 3))
    with np.errstate(all="ignore"):
        _, dx = program(np.diag([1.0, 1.0, 2.0]))
    assert not np.isfinite(dx).all()


def test_piecewise_says_what_to_write_where_conditions_are_computed():
    with pytest.raises((ProgramError, TypeError), match=r"np\.where\(condition, f\(x\), g\(x\)\)"):
        mg.program(lambda x: np.sum(np.piecewise(x, [x > 0], [np.sin, np.cos])), uniform(3))


def test_slogdet_decomposes_once():
    text = str(mg.program(lambda x: np.linalg.slogdet(x)[1], uniform(3, 3)).code)
    assert "concatenate" not in text
    assert "stack" not in text
