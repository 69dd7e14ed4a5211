"""The operations, each declared in one place: a table lists what it declares by itself."""

from typing import TYPE_CHECKING

from minigrad.engine import ownership
from minigrad.engine.registry import operations
from minigrad.kernels import buffers
from minigrad.ops import nondifferentiable as nondifferentiable
from minigrad.ops.elementwise.activations import *
from minigrad.ops.elementwise.arithmetic import *
from minigrad.ops.elementwise.rounding import *
from minigrad.ops.elementwise.selection import *
from minigrad.ops.elementwise.trigonometric import *
from minigrad.ops.linalg.det import *
from minigrad.ops.linalg.eigh import *
from minigrad.ops.linalg.einsum import *
from minigrad.ops.linalg.factorizations import *
from minigrad.ops.linalg.lstsq import *
from minigrad.ops.linalg.matrices import *
from minigrad.ops.linalg.norms import *
from minigrad.ops.linalg.products import *
from minigrad.ops.linalg.solve import *
from minigrad.ops.linalg.svd import *
from minigrad.ops.linalg.tensor_products import *
from minigrad.ops.manipulation.creation import *
from minigrad.ops.manipulation.diagonals import *
from minigrad.ops.manipulation.indexing import *
from minigrad.ops.manipulation.joining import *
from minigrad.ops.manipulation.padding import *
from minigrad.ops.manipulation.rolling import *
from minigrad.ops.manipulation.shape import *
from minigrad.ops.manipulation.sorting import *
from minigrad.ops.manipulation.splitting import *
from minigrad.ops.manipulation.tiling import *
from minigrad.ops.manipulation.updates import *
from minigrad.ops.reductions.covariance import *
from minigrad.ops.reductions.cumulative import *
from minigrad.ops.reductions.losses import *
from minigrad.ops.reductions.nan import *
from minigrad.ops.reductions.quantiles import *
from minigrad.ops.reductions.softmax import *
from minigrad.ops.reductions.sums import *
from minigrad.ops.reductions.variance import *
from minigrad.ops.signal.conv2d import *
from minigrad.ops.signal.convolve import *
from minigrad.ops.signal.correlate2d import *
from minigrad.ops.signal.differences import *
from minigrad.ops.signal.interpolation import *
from minigrad.ops.signal.polynomials import *
from minigrad.ops.signal.pooling import *
from minigrad.ops.special.bessel import *
from minigrad.ops.special.exponential_integrals import *
from minigrad.ops.special.gamma import *
from minigrad.ops.special.information import *

# Type checkers do not follow lists that are computed; without one they take every name.
if not TYPE_CHECKING:
    __all__ = [name for name, operation in operations.items() if operation.public]

# The engine knows no kernel; this is where it learns which gradients a rule may write into.
buffers.count_owners(ownership.install, ownership.is_ours_alone)
