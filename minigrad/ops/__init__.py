"""The operations, each declared in one place: a table lists what it declares by itself."""

from typing import TYPE_CHECKING

from minigrad.ops import constants as constants
from minigrad.ops.activations import *
from minigrad.ops.bessel import *
from minigrad.ops.choices import *
from minigrad.ops.contraction import *
from minigrad.ops.convolution import *
from minigrad.ops.decompositions import *
from minigrad.ops.determinants import *
from minigrad.ops.deviations import *
from minigrad.ops.diagonals import *
from minigrad.ops.differences import *
from minigrad.ops.eigenvalues import *
from minigrad.ops.elementwise import *
from minigrad.ops.entropies import *
from minigrad.ops.exponentials import *
from minigrad.ops.filters import *
from minigrad.ops.further_products import *
from minigrad.ops.indexing import *
from minigrad.ops.interpolation import *
from minigrad.ops.joining import *
from minigrad.ops.least_squares import *
from minigrad.ops.matrices import *
from minigrad.ops.nan_reductions import *
from minigrad.ops.normalized_exponentials import *
from minigrad.ops.norms import *
from minigrad.ops.order import *
from minigrad.ops.padding import *
from minigrad.ops.pieces import *
from minigrad.ops.planes import *
from minigrad.ops.polynomials import *
from minigrad.ops.pooling import *
from minigrad.ops.products import *
from minigrad.ops.quantiles import *
from minigrad.ops.rearranging import *
from minigrad.ops.reductions import *
from minigrad.ops.repeating import *
from minigrad.ops.running import *
from minigrad.ops.sequences import *
from minigrad.ops.shaping import *
from minigrad.ops.singular_values import *
from minigrad.ops.special import *
from minigrad.ops.splitting import *
from minigrad.ops.statistics import *
from minigrad.ops.systems import *
from minigrad.ops.transcendental import *
from minigrad.ops.updates import *
from minigrad.ops.variances import *
from minigrad.registry import operations

# Type checkers do not follow lists that are computed; without one they take every name.
if not TYPE_CHECKING:
    __all__ = list(operations)
