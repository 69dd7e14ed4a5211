"""NumPy functions whose derivative is zero or does not exist: of Tensors they give plain arrays."""

from __future__ import annotations

import numpy as np

from minigrad.ops.define import constant

constant(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal)
constant(np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.isfinite, np.isinf, np.isnan, np.signbit)
constant(np.sign, np.floor, np.ceil, np.trunc, np.rint, np.floor_divide)
constant(np.argmax, np.argmin, np.argsort, np.count_nonzero, np.nonzero, np.any, np.all)
constant(np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like)
constant(np.array_equal, np.allclose, np.isclose, np.result_type, np.may_share_memory, np.shares_memory)
