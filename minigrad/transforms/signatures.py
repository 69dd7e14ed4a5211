"""What do the functions that transforms return take and give, for type checkers?

A gradient has the type of the argument that it belongs to. That is the first one here; of others, and of several,
nothing is known before `argnums` is.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, TypeVarTuple, overload

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.tensor import Tensor

Tree = TypeVar("Tree")
Arguments = TypeVarTuple("Arguments")
Scalar = TypeVar("Scalar", bound=np.generic)


class Gradient(Protocol):
    """What `minigrad.grad` returns."""

    def __call__(self, x: Tree, /, *args: Any, **kwargs: Any) -> Tree:
        """The gradient by the first argument."""


class ValueAndGradient(Protocol):
    """What `minigrad.value_and_grad` returns."""

    def __call__(self, x: Tree, /, *args: Any, **kwargs: Any) -> tuple[Any, Tree]:
        """The value, and the gradient by the first argument."""


class Hessian(Protocol):
    """What `minigrad.hessian` returns: another shape, and for a tree of arrays a tree of trees."""

    @overload
    def __call__(self, x: Tensor, /, *args: Any, **kwargs: Any) -> Tensor: ...
    @overload
    def __call__(self, x: NDArray[Scalar], /, *args: Any, **kwargs: Any) -> NDArray[Scalar]: ...
    @overload
    def __call__(self, x: float, /, *args: Any, **kwargs: Any) -> float: ...
    @overload
    def __call__(self, x: Any, /, *args: Any, **kwargs: Any) -> Any: ...
