"""What is a layer without parameters?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from minigrad.engine.annotations import Array, Numbers
from minigrad.engine.tensor import Tensor
from minigrad.nn.layer import Layer

Values = TypeVar("Values", Tensor, Array)


class Stateless(Layer):
    """It gives Tensors for Tensors and arrays for arrays, where a layer with parameters always gives Tensors."""

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: Tensor) -> Tensor: ...
        @overload
        def __call__(self, x: Numbers) -> Array: ...
        def __call__(self, x: Any) -> Any:
            """The result of `forward`."""
