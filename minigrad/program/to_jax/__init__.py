"""What computes with arrays of JAX what a program computes with those of NumPy?

`lowered` and `function_of` look every function of NumPy up in one table, `rules.RULES`. What is not there, or is called
in a way that the table does not say, is refused by name: nothing is dropped in silence.
"""

from __future__ import annotations

# Asked for here, so that everybody is told the same.
try:
    import jax
except ImportError as error:
    raise ImportError('a program becomes a function of JAX arrays with pip install "minigrad-numpy[jax]"') from error
if jax.__version_info__ < (0, 9):
    raise ImportError(f'this is JAX {jax.__version__}, and 0.9 is needed: pip install "minigrad-numpy[jax]"')

from minigrad.program.to_jax import (  # noqa: F401  # each fills a part of the table
    chance,
    elementwise,
    images,
    indexing,
    joining,
    linear_algebra,
    linear_systems,
    numbers,
    products,
    quantiles,
    rearranging,
    reductions,
    sorting,
    special_functions,
)
from minigrad.program.to_jax.calling import function_of
from minigrad.program.to_jax.lowering import lowered

__all__ = ["function_of", "lowered"]
