"""The operations, each declared in one place: a table lists what it declares by itself."""

from minigrad.engine import ownership
from minigrad.engine.registry import operations
from minigrad.kernels import buffers
from minigrad.ops import nondifferentiable as nondifferentiable
from minigrad.ops.elementwise.arithmetic import *
from minigrad.ops.elementwise.exponential import *
from minigrad.ops.elementwise.extrema import *
from minigrad.ops.elementwise.floating_point import *
from minigrad.ops.elementwise.hyperbolic import *
from minigrad.ops.elementwise.remainders import *
from minigrad.ops.elementwise.selection import *
from minigrad.ops.elementwise.trigonometric import *
from minigrad.ops.elementwise.where import *
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
from minigrad.ops.manipulation.axes import *
from minigrad.ops.manipulation.creation import *
from minigrad.ops.manipulation.diagonals import *
from minigrad.ops.manipulation.dtypes import *
from minigrad.ops.manipulation.indexing import *
from minigrad.ops.manipulation.joining import *
from minigrad.ops.manipulation.padding import *
from minigrad.ops.manipulation.rearranging import *
from minigrad.ops.manipulation.resizing import *
from minigrad.ops.manipulation.shape import *
from minigrad.ops.manipulation.sorting import *
from minigrad.ops.manipulation.splitting import *
from minigrad.ops.manipulation.tiling import *
from minigrad.ops.manipulation.updates import *
from minigrad.ops.nn.activations import *
from minigrad.ops.nn.conv2d import *
from minigrad.ops.nn.losses import *
from minigrad.ops.nn.pooling import *
from minigrad.ops.nn.softmax import *
from minigrad.ops.reductions.along_axes import *
from minigrad.ops.reductions.covariance import *
from minigrad.ops.reductions.cumulative import *
from minigrad.ops.reductions.extrema import *
from minigrad.ops.reductions.histograms import *
from minigrad.ops.reductions.nan import *
from minigrad.ops.reductions.quantiles import *
from minigrad.ops.reductions.sums import *
from minigrad.ops.reductions.variance import *
from minigrad.ops.signal.correlation import *
from minigrad.ops.signal.differences import *
from minigrad.ops.signal.interpolation import *
from minigrad.ops.signal.polynomials import *
from minigrad.ops.special.bessel import *
from minigrad.ops.special.boxcox import *
from minigrad.ops.special.distributions import *
from minigrad.ops.special.errors import *
from minigrad.ops.special.exponential import *
from minigrad.ops.special.gamma import *
from minigrad.ops.special.information import *

# Type checkers read the stub beside this file.
__all__ = [name for name, operation in operations.items() if operation.public]

# The engine knows no kernel; this is where it learns which gradients a rule may write into.
buffers.count_owners(ownership.install, ownership.is_ours_alone)
