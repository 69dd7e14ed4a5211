"""Every operation, recorded at its examples, is written as an ONNX model that gives the same, or refused by name."""

import warnings

import effort
import numpy as np
import pytest
from onnx_checks import UnknownToTheRuntime, assert_close, feeds, session_of, values_of
from operation_checks import BUILTIN, Call, rng_for

import minigrad as mg

# What ONNX has no nodes for, or nothing that takes few of them.
SPECIAL = """ndtri log_ndtr inverse_mills gammaln gamma digamma polygamma betaln beta j0 j1 y0 y1 i0 i1 i0e i1e k0 k1
jv yv iv ive kv spherical_jn expi exp1 exp_moment boxcox boxcox1p inv_boxcox inv_boxcox1p erfcx erfi dawsn
erfinv erfcinv"""
MATRICES = """cofactor_matrix log_abs_det slogdet eigenvalues eigenvectors eigh eigvalsh cholesky orthogonal_factor
triangular_factor qr left_vectors singular_values right_vectors svd svdvals pinv least_squares lstsq cond inv solve
tensorsolve tensorinv polyfit"""
PLACES = """diagflat fftshift ifftshift insert delete resize partition put_along_axis quantile percentile nanmedian
nanquantile nanpercentile unwrap interp vander polymul"""
PRODUCTS = "cumprod nancumprod cumulative_prod convolve correlate correlate2d convolve2d"
GRADIENTS = "conv2d_kernels to_maxima to_windows summed_back"
OTHERS = "frexp geomspace"
REFUSED = {*f"{SPECIAL} {MATRICES} {PLACES} {PRODUCTS} {GRADIENTS} {OTHERS}".split()}
# What a program refuses already.
UNRECORDED = {"full_like"}
# What the runtime does not take: zeros around an axis without elements, and a mirror image that is longer than an axis.
LIMITS = {("pad_constant", 3), ("pad", 3)}


def written(operation, number, example):
    """Whether a call is written, as one that gives the same; a refusal names what has no counterpart."""
    for dtype in (np.float64, np.float32):
        call = Call(operation, example, rng_for(operation), dtype)
        if not call.arrays:
            return False
        program = mg.program(call, *call.arrays, wrt=[])
        try:
            model = program.to_onnx()
        except mg.ProgramError as error:
            if "has no counterpart" not in str(error):
                raise
            return False
        if (operation.name, number) in LIMITS:
            return True
        try:
            session = session_of(model)
        except UnknownToTheRuntime:
            continue
        assert_close(session.run(None, feeds(program, call.arrays)), values_of(program, call.arrays))
        return True
    raise AssertionError("the runtime has no code for float32 either")


@pytest.mark.parametrize("name", [name for name in BUILTIN if name not in UNRECORDED])
def test_an_operation(name):
    operation = BUILTIN[name]
    few = 1 if name in REFUSED else 2
    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Of the examples some are at the edge of what NumPy computes.
        warnings.simplefilter("ignore", RuntimeWarning)
        for number, example in enumerate(operation.examples):
            if effort.thorough or number < few or (not any(found) and name not in REFUSED):
                found.append(written(operation, number, example))
    assert any(found) == (name not in REFUSED)


def test_how_many_operations_are_written():
    assert REFUSED.issubset(BUILTIN)
    assert len(BUILTIN) - len(REFUSED | UNRECORDED) == 222
