"""What is said of NumPy and SciPy functions that have no derivative here, and what is there instead?"""

from __future__ import annotations

import sys
from types import FunctionType

import numpy as np

INSTEAD = {
    "np.array": "np.stack or np.concatenate, which join Tensors",
    "np.add.at": "mg.add_at(x, index, values)",
    "np.copyto": "np.where(mask, new, old), or mg.full_like for np.full_like(array, tensor)",
    "np.fill_diagonal": "mg.set_at(x, np.diag_indices(n), values)",
    "np.full": "value * np.ones(shape)",
    "np.histogram": "np.bincount(np.digitize(x.numpy(), edges), weights) for the gradient by weights",
    "np.linalg.eig": "np.linalg.eigh for symmetric matrices, whose eigenvalues are real",
    "np.linalg.eigvals": "np.linalg.eigvalsh for symmetric matrices, whose eigenvalues are real",
    "np.place": "mg.set_at(x, mask, values)",
    "np.polydiv": "np.linalg.solve with the matrix of the convolution",
    "np.put": "mg.set_at(x.reshape(-1), indices, values).reshape(x.shape)",
    "np.put_along_axis": "mg.put_along_axis, which gives a new array",
    "np.putmask": "np.where(mask, values, x), or mg.set_at(x, mask, values)",
    "np.r_ or np.c_": "np.concatenate or np.column_stack",
    "np.roots": "a step of Newton's from r = np.roots(p.numpy()): r - np.polyval(p, r) / np.polyval(np.polyder(p), r)",
    "np.unique": "np.sort(x), and a mask of its differences",
    "scipy.linalg.cho_factor": "np.linalg.cholesky",
    "scipy.linalg.cho_solve": "np.linalg.solve",
    "scipy.linalg.solve_triangular": "np.linalg.solve",
    "scipy.special.log_softmax": "mg.log_softmax",
    "scipy.special.loggamma": "scipy.special.gammaln, which is real",
    "scipy.special.logsumexp": "mg.logsumexp",
    "scipy.special.multigammaln": "a sum of scipy.special.gammaln",
    "scipy.special.polygamma": "mg.polygamma",
    "scipy.special.powm1": "np.power(x, y) - 1.0",
    "scipy.special.rgamma": "1.0 / scipy.special.gamma(x)",
    "scipy.special.softmax": "mg.softmax",
    "scipy.special.spherical_jn": "mg.spherical_jn",
}

_OTHER_NAMES = {"numpy.lib.AxisConcatenator.__getitem__": "np.r_ or np.c_"}


def no_rule(called: str) -> TypeError:
    """The error of a function that cannot be called on a Tensor, with the alternative where there is one."""
    instead = INSTEAD.get(called)
    advice = f"use {instead}" if instead else "write it with operations that have one, declare it with mg.primitive"
    return TypeError(
        f"{called} has no derivative rule in minigrad; {advice}, or, where no gradient is needed, call it on "
        "tensor.numpy()"
    )


class LostGradientError(TypeError):
    """Raised where a Tensor would become a constant without anybody having asked for it."""


def calling_function() -> str:
    """The function of NumPy or SciPy, and the alternative to it, that wants to turn a Tensor into an array."""
    frame = sys._getframe(2)
    found = ""
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("numpy", "scipy"):
        module, function = frame.f_globals["__name__"], frame.f_code.co_qualname.removesuffix(".__call__")
        if "<" in function:
            # A decorator, which holds the function that the user called.
            held = [value for value in frame.f_locals.values() if isinstance(value, FunctionType)]
            module, function = (held[0].__module__, held[0].__name__) if held else (module, "")
        public = [part for part in module.split(".") if not part.startswith("_")]
        if function:
            own = module.startswith("numpy.") and len(public) <= 2 and hasattr(np, function)
            found = f"np.{function}" if own else ".".join([*public, function])
        frame = frame.f_back
    if not found:
        # A function written in C has no frame.
        return "np.array, np.asarray, array.dot(tensor), array[i] = tensor or the like"
    name = _OTHER_NAMES.get(found, found.replace("numpy.", "np.", 1))
    instead = INSTEAD.get(name, _twin(name))
    return f"{name} (use {instead})" if instead else name


def _twin(name: str) -> str | None:
    """NumPy's function of the same name as one of SciPy's, or of another part of NumPy."""
    function = name.rpartition(".")[2]
    if name.startswith("scipy.linalg.") and hasattr(np.linalg, function):
        return f"np.linalg.{function}"
    return f"np.{function}" if name.count(".") > 1 and hasattr(np, function) else None
