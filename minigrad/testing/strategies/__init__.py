"""Arrays for hypothesis: strategies that find what breaks a derivative, and shrink it."""

from minigrad.testing.strategies.hypothesis import arrays as arrays
from minigrad.testing.strategies.hypothesis import broadcastable_arrays as broadcastable_arrays
from minigrad.testing.strategies.hypothesis import conv_arrays as conv_arrays
from minigrad.testing.strategies.hypothesis import extreme_logits as extreme_logits
from minigrad.testing.strategies.hypothesis import indices_with_duplicates as indices_with_duplicates
from minigrad.testing.strategies.hypothesis import labels as labels
from minigrad.testing.strategies.hypothesis import matmul_arrays as matmul_arrays
from minigrad.testing.strategies.hypothesis import one_hot as one_hot
from minigrad.testing.strategies.hypothesis import positive as positive
from minigrad.testing.strategies.hypothesis import probabilities as probabilities
from minigrad.testing.strategies.hypothesis import shapes as shapes

__all__ = [
    "arrays",
    "broadcastable_arrays",
    "conv_arrays",
    "extreme_logits",
    "indices_with_duplicates",
    "labels",
    "matmul_arrays",
    "one_hot",
    "positive",
    "probabilities",
    "shapes",
]
