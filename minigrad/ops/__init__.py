"""The operations, each declared in one place: the tables here list what they declare by themselves."""

from typing import TYPE_CHECKING

from minigrad.ops import (
    activations,
    convolution,
    deviations,
    elementwise,
    linalg,
    planes,
    pooling,
    reductions,
    shaping,
    transcendental,
)
from minigrad.ops.activations import *
from minigrad.ops.convolution import *
from minigrad.ops.deviations import *
from minigrad.ops.elementwise import *
from minigrad.ops.linalg import *
from minigrad.ops.planes import *
from minigrad.ops.pooling import *
from minigrad.ops.reductions import *
from minigrad.ops.shaping import *
from minigrad.ops.transcendental import *

# Type checkers do not follow lists that are computed; without one they take every name.
if not TYPE_CHECKING:
    _TABLES = (
        *(activations, convolution, deviations, elementwise, linalg),
        *(planes, pooling, reductions, shaping, transcendental),
    )
    __all__ = [name for table in _TABLES for name in table.__all__]
