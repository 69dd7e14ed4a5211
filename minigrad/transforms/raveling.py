"""How does a tree of arrays become one vector, and a vector a tree again?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import numpy as np

from minigrad.engine.pytrees import leaves, mapped, replaced
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.transforms.trace import dtype_of

Tree = TypeVar("Tree")


def ravel_pytree(tree: Tree) -> tuple[Any, Callable[[Any], Tree]]:
    """All numbers of a tree in one vector, and the function that makes such a tree of a vector.

    For code that knows vectors alone, such as optimisers and solvers of differential equations. Derivatives flow
    through both directions. `minigrad.ravel` flattens one array.

    Args:
        tree: floating-point arrays, Tensors and numbers in nested lists, tuples, dicts and dataclasses; or one of them.

    Returns:
        ``(flat, unravel)``. `flat` has the numbers of one leaf after the other, each by rows, in the dtype that all
        leaves fit into; Python's floats count as float64. It is a Tensor where one of the leaves is, else an array
        that shares no memory with the tree. ``unravel(vector)`` gives a tree like `tree`, in which each leaf has the
        shape and dtype that it had: of an array a copy, of a Tensor Tensors that depend on it.

    Raises:
        TypeError: for leaves that are no floating-point numbers; from `unravel`, for a vector of such.
        ValueError: from `unravel`, for a vector of another length.

    Examples:
        >>> flat, unravel = mg.ravel_pytree({"w": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": 0.5})
        >>> flat
        array([1. , 2. , 3. , 4. , 0.5])
        >>> unravel(np.arange(5.0))
        {'w': array([[0., 1.],
               [2., 3.]]), 'b': 4.0}
        >>> mg.grad(lambda flat: unravel(flat)["b"] ** 2)(flat)
        array([0., 0., 0., 0., 1.])
    """
    found = list(leaves(tree))
    for path, value in found:
        _check_leaf(path, value)
    dtype = np.result_type(*[dtype_of(value) for _, value in found]) if found else np.dtype(np.float64)
    unravel = Unravel(
        mapped(tree, lambda _: 0.0),
        [np.shape(value) for _, value in found],
        [dtype_of(value) for _, value in found],
        [_kind(value) for _, value in found],
    )
    parts = [np.reshape(_astype(value, dtype), (-1,)) for _, value in found]
    flat = np.concatenate(parts) if parts else np.zeros(0, dtype)
    return flat, cast("Callable[[Any], Tree]", unravel)


@dataclass(frozen=True)
class Unravel(Generic[Tree]):
    """What makes a tree of a vector.

    Attributes:
        tree: its structure.
        shapes, dtypes: of its leaves.
        kinds: what they were: `Tensor`, `np.ndarray`, `np.generic` or `float`.
    """

    tree: Tree
    shapes: list[tuple[int, ...]]
    dtypes: list[np.dtype[Any]]
    kinds: list[type]

    @property
    def size(self) -> int:
        """The length of the vector."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    def __call__(self, vector: Any) -> Tree:
        """The tree with the numbers of the vector."""
        flat: Any = vector if isinstance(vector, (Tensor, StandIn, np.ndarray)) else np.asarray(vector)
        if np.shape(flat) != (self.size,):
            raise ValueError(f"unravel: a vector of shape ({self.size},) is needed, not {np.shape(flat)}")
        if flat.dtype.kind != "f":
            raise TypeError(
                f"unravel: the vector holds {flat.dtype}; floating-point numbers are needed, such as "
                "vector.astype(float)"
            )
        # What stands in for an array in a program is one for `isinstance`, too.
        is_array = isinstance(flat, np.ndarray) and not isinstance(flat, StandIn)
        values, start = [], 0
        for shape, dtype, kind in zip(self.shapes, self.dtypes, self.kinds, strict=True):
            stop = start + int(np.prod(shape))
            part = np.reshape(flat[start:stop], shape)
            values.append(_in_kind(part.astype(dtype), kind) if is_array else _astype(part, dtype))
            start = stop
        return cast("Tree", replaced(self.tree, values))


def _in_kind(array: Any, kind: type) -> Any:
    """A copy of a part of an array as what it was before."""
    if kind is Tensor:
        return Tensor(array)
    if kind is float:
        return float(array)
    return array[()] if kind is np.generic else array


def _kind(value: Any) -> type:
    for kind in (Tensor, np.ndarray, np.generic, StandIn):
        if isinstance(value, kind):
            return kind
    return float


def _astype(value: Any, dtype: np.dtype[Any]) -> Any:
    if not hasattr(value, "dtype"):
        return np.asarray(value, dtype)
    return value if value.dtype == dtype else value.astype(dtype)


def _check_leaf(path: str, value: Any) -> None:
    where = f"ravel_pytree: the leaf {path}" if path else "ravel_pytree: the tree"
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(f"{where} is a {type(value).__name__}, which behaves unlike an array; convert it to one first")
    if isinstance(value, bool) or not isinstance(value, (Tensor, np.ndarray, np.generic, float, int, StandIn)):
        hint = "; of a model, give dict(model.named_parameters())" if hasattr(value, "named_parameters") else ""
        raise TypeError(f"{where} is a {type(value).__name__}, not an array, a Tensor or a number{hint}")
    if dtype_of(value).kind != "f":
        raise TypeError(
            f"{where} has dtype {dtype_of(value)}, and a vector of floating-point numbers would not give it back: "
            "write 3.0 for 3, convert it with .astype(float), or keep it out of the tree"
        )
