"""What is said of functions that cannot be called on a Tensor, and what is there instead?"""

from __future__ import annotations

from typing import NamedTuple

from minigrad.engine.registry import numpy_name, overrides


class LostGradientError(TypeError):
    """Raised where a Tensor would become a constant without anybody having asked for it."""


class Same(NamedTuple):
    """Two expressions with the same value, of which the second one is differentiated; and when that is so."""

    call: str
    instead: str
    note: str = ""


_POSITIVE_DEFINITE = Same("scipy.linalg.cho_solve(scipy.linalg.cho_factor(a), b)", "np.linalg.solve(a, b)")

# A test computes both expressions of each row, on arrays and on Tensors.
INSTEAD = {
    "np.add.at": Same("np.add.at(x, index, values)", "mg.add_at(x, index, values)", "which gives a new array"),
    "np.array": Same("np.array([x, y])", "np.stack([x, y])"),
    "np.c_": Same("np.c_[x, y]", "np.column_stack([x, y])"),
    "np.copyto": Same(
        "np.copyto(x, values, where=mask)", "np.where(mask, values, x)", "and mg.full_like(a, value) for np.full_like"
    ),
    "np.fill_diagonal": Same("np.fill_diagonal(a, values)", "mg.set_at(a, np.diag_indices(min(a.shape)), values)"),
    "np.full": Same("np.full(shape, value)", "np.broadcast_to(value, shape)"),
    "np.linalg.eig": Same("np.linalg.eig(a)", "np.linalg.eigh(a)", "of a symmetric a, sorted"),
    "np.linalg.eigvals": Same("np.linalg.eigvals(a)", "np.linalg.eigvalsh(a)", "of a symmetric a, sorted"),
    "np.place": Same("np.place(x, mask, values)", "mg.set_at(x, mask, values)", "with a value for each place"),
    "np.put": Same("np.put(a, indices, values)", "mg.set_at(a.ravel(), indices, values).reshape(a.shape)"),
    "np.put_along_axis": Same(
        "np.put_along_axis(a, indices, values, axis)",
        "mg.put_along_axis(a, indices, values, axis)",
        "which gives a new array",
    ),
    "np.putmask": Same("np.putmask(x, mask, y)", "np.where(mask, y, x)", "if x and y have the same shape"),
    "np.r_": Same("np.r_[x, y]", "np.concatenate([x, y])"),
    "np.roots": Same(
        "np.roots(p)",
        "r - np.polyval(p, r) / np.polyval(np.polyder(p), r)",
        "with r = np.roots(p.numpy()), if these are real",
    ),
    "np.unique": Same("np.unique(x)", "s[np.diff(s, prepend=-np.inf) > 0.0]", "with s = np.sort(x, axis=None)"),
    "scipy.fft.fftshift": Same("scipy.fft.fftshift(x)", "np.fft.fftshift(x)"),
    "scipy.fft.ifftshift": Same("scipy.fft.ifftshift(x)", "np.fft.ifftshift(x)"),
    "scipy.integrate.trapezoid": Same("scipy.integrate.trapezoid(y, x)", "np.trapezoid(y, x)"),
    "scipy.linalg.cho_factor": _POSITIVE_DEFINITE,
    "scipy.linalg.cho_solve": _POSITIVE_DEFINITE,
    "scipy.linalg.cholesky": Same("scipy.linalg.cholesky(a)", "np.linalg.cholesky(a).T", "which is the upper one"),
    "scipy.linalg.det": Same("scipy.linalg.det(a)", "np.linalg.det(a)"),
    "scipy.linalg.eig": Same("scipy.linalg.eig(a)", "np.linalg.eigh(a)", "of a symmetric a, sorted"),
    "scipy.linalg.eigh": Same("scipy.linalg.eigh(a)", "np.linalg.eigh(a)"),
    "scipy.linalg.eigvals": Same("scipy.linalg.eigvals(a)", "np.linalg.eigvalsh(a)", "of a symmetric a, sorted"),
    "scipy.linalg.eigvalsh": Same("scipy.linalg.eigvalsh(a)", "np.linalg.eigvalsh(a)"),
    "scipy.linalg.inv": Same("scipy.linalg.inv(a)", "np.linalg.inv(a)"),
    "scipy.linalg.lstsq": Same("scipy.linalg.lstsq(a, b)", "np.linalg.lstsq(a, b)"),
    "scipy.linalg.norm": Same("scipy.linalg.norm(x)", "np.linalg.norm(x)"),
    "scipy.linalg.pinv": Same("scipy.linalg.pinv(a)", "np.linalg.pinv(a)"),
    "scipy.linalg.qr": Same("scipy.linalg.qr(a)", "np.linalg.qr(a)", "if a is square"),
    "scipy.linalg.solve": Same("scipy.linalg.solve(a, b)", "np.linalg.solve(a, b)"),
    "scipy.linalg.solve_triangular": Same("scipy.linalg.solve_triangular(a, b)", "np.linalg.solve(np.triu(a), b)"),
    "scipy.linalg.svd": Same("scipy.linalg.svd(a)", "np.linalg.svd(a)"),
    "scipy.linalg.svdvals": Same("scipy.linalg.svdvals(a)", "np.linalg.svdvals(a)"),
    "scipy.signal.convolve": Same("scipy.signal.convolve(x, y)", "np.convolve(x, y)", "in one dimension"),
    "scipy.signal.convolve2d": Same("scipy.signal.convolve2d(a, b)", "mg.convolve2d(a, b)"),
    "scipy.signal.correlate": Same("scipy.signal.correlate(x, y)", "np.correlate(x, y, 'full')", "in one dimension"),
    "scipy.signal.correlate2d": Same("scipy.signal.correlate2d(a, b)", "mg.correlate2d(a, b, 'full')"),
    "scipy.signal.fftconvolve": Same("scipy.signal.fftconvolve(x, y)", "np.convolve(x, y)", "in one dimension"),
    "scipy.special.factorial": Same("scipy.special.factorial(x)", "scipy.special.gamma(x + 1.0)"),
    "scipy.special.log_softmax": Same("scipy.special.log_softmax(x)", "mg.log_softmax(x, axis=None)"),
    "scipy.special.loggamma": Same("scipy.special.loggamma(x)", "scipy.special.gammaln(x)", "if x is positive"),
    "scipy.special.logsumexp": Same("scipy.special.logsumexp(x)", "mg.logsumexp(x)"),
    "scipy.special.multigammaln": Same(
        "scipy.special.multigammaln(value, d)",
        "sum(scipy.special.gammaln(value - 0.5 * i) for i in range(d)) + d * (d - 1) / 4 * np.log(np.pi)",
    ),
    "scipy.special.polygamma": Same("scipy.special.polygamma(n, x)", "mg.polygamma(n, x)"),
    "scipy.special.powm1": Same("scipy.special.powm1(x, y)", "np.power(x, y) - 1.0"),
    "scipy.special.rgamma": Same("scipy.special.rgamma(x)", "1.0 / scipy.special.gamma(x)"),
    "scipy.special.softmax": Same("scipy.special.softmax(x)", "mg.softmax(x, axis=None)"),
    "scipy.special.spherical_jn": Same("scipy.special.spherical_jn(n, x)", "mg.spherical_jn(n, x)"),
}

# What holds for all of a package.
_FAMILIES = {
    "np.ma": "write np.where(mask, value, x) for masked arrays, which have no gradients",
    "scipy.sparse": "make an array of the sparse one with .toarray()",
    "pandas": "make an array of the Series or DataFrame with .to_numpy()",
}


def no_rule(called: str) -> TypeError:
    """The error of a function that has no derivative rule, with the alternative where there is one."""
    advice = _advice(called) or "write it with operations that have one, or declare it with mg.primitive"
    return TypeError(f"{called} has no derivative rule: {advice}. Where no gradient is needed, give it x.numpy().")


def lost_gradient(called: str) -> LostGradientError:
    """The error of a function that wants a Tensor as an array, which would make a constant of it."""
    if not called:
        return LostGradientError(
            "an array of a Tensor that requires a gradient would be a constant: write np.stack([x, y]) for "
            "np.array([x, y]), array @ x for array.dot(x), and mg.set_at(array, i, x) for array[i] = x, where i may "
            "be a mask. Where a constant is meant, write x.numpy()."
        )
    advice = _advice(called) or (
        f"write {called}(np.stack([x, y])) for {called}([x, y])"
        if called in {numpy_name(function) for function in overrides}
        else "write it with NumPy's functions and operators"
    )
    return LostGradientError(
        f"{called} would make a constant of a Tensor that requires a gradient: {advice}. Where a constant is meant, "
        "give it x.numpy()."
    )


def _advice(called: str) -> str:
    """What to write instead of a function, if there is something that means the same."""
    if called in INSTEAD:
        call, instead, note = INSTEAD[called]
        return f"write {instead} for {call}" + (f", {note}" if note else "")
    for family, advice in _FAMILIES.items():
        if called == family or called.startswith(f"{family}."):
            return advice
    return ""
