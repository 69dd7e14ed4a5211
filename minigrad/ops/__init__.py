"""The operations, each declared in one place: the tables here list what they declare by themselves."""

from typing import TYPE_CHECKING

from minigrad.ops import (
    activations,
    contraction,
    convolution,
    decompositions,
    deviations,
    elementwise,
    indexing,
    joining,
    norms,
    order,
    padding,
    pieces,
    planes,
    polynomials,
    pooling,
    products,
    rearranging,
    reductions,
    running,
    shaping,
    special,
    statistics,
    transcendental,
)
from minigrad.ops import constants as constants
from minigrad.ops.activations import *
from minigrad.ops.contraction import *
from minigrad.ops.convolution import *
from minigrad.ops.decompositions import *
from minigrad.ops.deviations import *
from minigrad.ops.elementwise import *
from minigrad.ops.indexing import *
from minigrad.ops.joining import *
from minigrad.ops.norms import *
from minigrad.ops.order import *
from minigrad.ops.padding import *
from minigrad.ops.pieces import *
from minigrad.ops.planes import *
from minigrad.ops.polynomials import *
from minigrad.ops.pooling import *
from minigrad.ops.products import *
from minigrad.ops.rearranging import *
from minigrad.ops.reductions import *
from minigrad.ops.running import *
from minigrad.ops.shaping import *
from minigrad.ops.special import *
from minigrad.ops.statistics import *
from minigrad.ops.transcendental import *

# Type checkers do not follow lists that are computed; without one they take every name.
if not TYPE_CHECKING:
    _TABLES = (
        *(activations, contraction, convolution, decompositions, deviations, elementwise),
        *(indexing, joining, norms, order, padding, pieces),
        *(planes, polynomials, pooling, products, rearranging, reductions),
        *(running, shaping, special, statistics, transcendental),
    )
    __all__ = [name for table in _TABLES for name in table.__all__]
