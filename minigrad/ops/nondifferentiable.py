"""NumPy functions whose derivative is zero or does not exist: of Tensors they give plain arrays."""

from __future__ import annotations

import numpy as np
from scipy import special

from minigrad.engine.table import constant

# Comparisons and tests of each element.
constant(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.isin)
constant(np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.isfinite, np.isinf, np.isnan, np.signbit)
constant(np.isposinf, np.isneginf, np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj)
# Steps.
constant(np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.floor_divide, special.round)
# `fix` in NumPy before 2.4 is not np.trunc.
constant(np.fix, np.nextafter, np.spacing, np.imag, np.angle, special.gammasgn)
# Integers.
constant(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.bitwise_count)
constant(np.gcd, np.lcm, np.packbits, np.unpackbits, np.ravel_multi_index, np.unravel_index)
# Positions and counts.
constant(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort, np.argwhere)
constant(np.nonzero, np.flatnonzero, np.count_nonzero, np.searchsorted, np.digitize, np.any, np.all)
constant(np.linalg.matrix_rank, np.einsum_path)
# Shapes, dtypes and memory.
constant(np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like)
constant(np.result_type, np.can_cast, np.common_type, np.min_scalar_type, np.may_share_memory, np.shares_memory)
constant(np.tril_indices_from, np.triu_indices_from, np.diag_indices_from)
# Comparisons of whole arrays, and text.
constant(np.array_equal, np.array_equiv, np.allclose, np.isclose, np.array_str, np.array_repr, np.array2string)
