"""Tensor: an array that remembers how it was made."""

from __future__ import annotations

import threading
from typing import Any, final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.backward import backpropagate
from minigrad.engine.conversions import Conversions
from minigrad.engine.graph import Node, leaf
from minigrad.engine.numpy_dispatch import NumPyProtocols
from minigrad.engine.operators import ArrayLike
from minigrad.engine.recording import is_tracing, recording_if

# Gradients on their way are kept in the graph's nodes, and deposits add to what is there: one pass at a time.
pass_in_progress = threading.RLock()


@final
class Tensor(ArrayLike, Conversions, NumPyProtocols):
    """A real array that records what is computed from it.

    Args:
        data: whatever ``np.array`` takes; it is copied.
        requires_grad: whether gradients with respect to this Tensor are wanted. Needs a floating dtype.
        dtype: a boolean, integer or floating dtype; that of `data` by default.
        name: what error messages call this Tensor.

    Raises:
        TypeError: for data that are not real numbers, a Tensor that requires a gradient itself, or integers of which
            a gradient is required.

    Example:
        >>> x = mg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> y = (x * x).sum()
        >>> y.backward()
        >>> x.grad
        Tensor([2., 4., 6.])
    """

    __slots__ = ("__weakref__", "_array", "_name", "_node")

    _array: Any
    _node: Node | None
    _name: str | None

    def __init__(
        self, data: Any, requires_grad: bool = False, dtype: DTypeLike | None = None, name: str | None = None
    ) -> None:
        if isinstance(data, Tensor):
            if data._node is not None:
                raise TypeError("a copy of a Tensor that requires a gradient would be a constant; .detach() it first")
            data = data._array
        array = np.array(data, dtype=dtype)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"a Tensor holds real numbers; data of dtype {array.dtype} cannot be one")
        # Arithmetic of NumPy's scalars takes a tenth of the time of that of 0-d arrays; see `data`.
        self._array = array if array.ndim else array[()]
        self._name = name
        self._node = None
        if requires_grad:
            self._node = self._new_leaf()

    @classmethod
    def _wrap(cls, data: Any, node: Node | None = None) -> Tensor:
        """A Tensor around an array that is not copied."""
        tensor = cls.__new__(cls)
        tensor._array = data
        tensor._node = node
        tensor._name = None
        return tensor

    @property
    def data(self) -> NDArray[Any]:
        """The array itself, not a copy.

        Assigning to it (``x.data = values``, ``x.data -= step``) changes the values of a leaf between two passes; a
        graph that was recorded before and needs the gradient of the leaf is then refused by backward. Writing to its
        elements (``x.data[...] = values``) is allowed between two passes too, but cannot be noticed.
        """
        if not isinstance(self._array, np.ndarray):
            # What is 0-d is kept as a NumPy scalar, which is faster; it becomes an array when somebody looks.
            self._array = np.asarray(self._array)
        array: NDArray[Any] = self._array
        return array

    @data.setter
    def data(self, values: Any) -> None:
        if not self.is_leaf:
            raise ValueError("only the data of a leaf can be assigned; this Tensor is the result of an operation")
        values = np.asarray(values)
        if values.shape != self.shape:
            raise ValueError(f"data of shape {self.shape} cannot be replaced by data of shape {values.shape}")
        if self._node is None and values is not self._array:
            # Graphs that used this constant hold its array, and nothing would tell them of a change.
            self._array = self._array.copy()
        np.copyto(self.data, values, casting="same_kind")
        self._mark_changed()

    def _mark_changed(self) -> None:
        """Tell graphs recorded before now that the array of this leaf has new values."""
        node = self._node
        if node is not None:
            node.changed = True
            self._node = leaf(self._array, self._name, node.grad)

    @property
    def grad(self) -> Tensor | None:
        """The gradient deposited by `backward`, of the same shape and dtype; None before."""
        return None if self._node is None else self._node.grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if self._node is None:
            raise ValueError("this Tensor does not require a gradient, so none can be assigned to it")
        if value is not None:
            value = value if isinstance(value, Tensor) else Tensor(value, dtype=self.dtype)
            if value.shape != self.shape or value.dtype != self.dtype:
                raise ValueError(
                    f"a gradient of shape {value.shape} and dtype {value.dtype} cannot belong to a Tensor of "
                    f"shape {self.shape} and dtype {self.dtype}"
                )
        self._node.grad = value

    def zero_grad(self) -> None:
        """Forget the deposited gradient: ``x.grad`` is None afterwards."""
        if self._node is not None:
            self._node.grad = None

    @property
    def name(self) -> str | None:
        """What error messages call this Tensor."""
        return self._name

    @name.setter
    def name(self, name: str | None) -> None:
        self._name = name
        if self._node is not None:
            self._node.name = name

    def named(self, name: str) -> Tensor:
        """Give this Tensor a name, and return the Tensor itself: ``z1 = (x @ w + b).named("z1")``.

        Example:
            >>> x = mg.Tensor([1.0, 2.0], requires_grad=True)
            >>> (x * x).named("squares")
            Tensor([1., 4.], from=multiply, name='squares')
        """
        self.name = name
        return self

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this Tensor."""
        return self._node is not None

    @property
    def is_leaf(self) -> bool:
        """Whether this Tensor was made by the user rather than recorded as the result of an operation."""
        return self._node is None or self._node.op is None

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each dimension."""
        return self._array.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the elements."""
        return self._array.dtype  # type: ignore[no-any-return]

    def numpy(self) -> NDArray[Any]:
        """The values as a plain array, which shares memory with this Tensor."""
        return self.data

    def detach(self) -> Tensor:
        """The same values as a constant, sharing memory until it requires a gradient itself."""
        return Tensor._wrap(self.data if self.is_leaf else self._array)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set whether a gradient with respect to this leaf is wanted, and return the Tensor itself.

        Raises:
            TypeError: for a Tensor of integers or booleans.
            ValueError: for the result of an operation, which cannot stop requiring one; see `detach`.
        """
        if not self.is_leaf:
            if not requires_grad:
                raise ValueError("the result of an operation cannot stop requiring a gradient; use .detach()")
        elif not requires_grad:
            if self._node is not None:
                self._node.changed = True
            self._node = None
        elif self._node is None:
            # Graphs that used this Tensor as a constant keep its array; optimisers will write to the new one.
            self._array = np.array(self._array)
            self._node = self._new_leaf()
        return self

    def _new_leaf(self) -> Node:
        if self.dtype.kind != "f":
            raise TypeError(
                f"only floating-point Tensors can require a gradient, not {self.dtype}: write 3.0 for 3, or give dtype="
            )
        return leaf(self._array, self._name)

    def retain_grad(self) -> None:
        """Ask for the gradient of a result to be deposited in its ``.grad`` as well, by later passes."""
        if self._node is None:
            raise RuntimeError("retain_grad(): this Tensor does not require a gradient")
        self._node.keeps_grad = True

    def backward(self, seed: Any = None, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Add the gradient of this Tensor to the ``.grad`` of every leaf it was computed from.

        Args:
            seed: the gradient of some scalar with respect to this Tensor, of exactly its shape; 1 for a Tensor of
                one element.
            retain_graph: keep the graph, so that another pass can go through it.
            create_graph: record the pass itself, so that the gradients can be differentiated; keeps the graph too.
                The deposited gradients then refer to the graph and the graph to them, which only Python's collector
                of cycles frees; `minigrad.gradients` deposits nothing and leaves no cycle.

        Raises:
            RuntimeError: without a recorded graph, through one that was released, or after a leaf has changed.
            ValueError: for a seed of another shape, or a missing one.
        """
        with pass_in_progress, recording_if(create_graph):
            for node, gradient in differentiate(self, seed, retain_graph or create_graph, create_graph, None).items():
                node.grad = gradient if node.grad is None else node.grad + gradient

    def __copy__(self) -> Tensor:
        # A function that is differentiated may copy its arguments; the copies depend on them.
        return np.positive(self) if is_tracing() and self._node is not None else _rebuilt(*self.__reduce__()[1])  # type: ignore[return-value]

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.is_leaf:
            raise TypeError("the result of an operation cannot be copied or pickled with its graph; .detach() it first")
        return _rebuilt, (self._array, self.requires_grad, self._name, self.grad)

    def __init_subclass__(cls) -> None:
        raise TypeError("Tensor is not meant to be subclassed; operations are added with mg.primitive")


def _rebuilt(data: Any, requires_grad: bool, name: str | None, grad: Tensor | None) -> Tensor:
    """A leaf again, from what `Tensor.__reduce__` kept of it."""
    tensor = Tensor(data, requires_grad, name=name)
    if grad is not None:
        tensor.grad = grad
    return tensor


def differentiate(
    output: Tensor, seed: Any, keep_graph: bool, create_graph: bool, wanted: set[Node] | None
) -> dict[Node, Tensor]:
    """The gradients of an output by node; with `create_graph`, recorded themselves."""
    if output._node is None:
        raise RuntimeError(
            "cannot differentiate a Tensor that does not depend on any Tensor with requires_grad=True (or that was "
            "computed inside no_grad, or detached)"
        )
    start = _seed(output, seed)
    if create_graph:
        start = seed.astype(output.dtype) if isinstance(seed, Tensor) else Tensor._wrap(start)
    return pass_back(output._node, start, keep_graph, create_graph, wanted)


def pass_back(
    root: Node, start: Any, keep_graph: bool, create_graph: bool, wanted: set[Node] | None
) -> dict[Node, Tensor]:
    """The gradients by node from that of `root`, which is recorded exactly if `create_graph`."""
    lift = Tensor._wrap if create_graph else None
    found = backpropagate(root, start, wanted=wanted, keep_graph=keep_graph, lift=lift)
    for node, gradient in found.items():
        # A rule whose result is constant returns an array in a recorded pass, too.
        if type(gradient) is not Tensor:
            found[node] = Tensor._wrap(gradient)
    return found


def _seed(output: Tensor, seed: Any) -> Any:
    """The seed of a pass as an array of the shape and dtype of the output."""
    if seed is None:
        if output.size != 1:
            raise ValueError(
                f"a Tensor of shape {output.shape} needs a seed of that shape; only one of a single element does not"
            )
        return np.ones(output.shape, output.dtype) if output.shape else output.dtype.type(1)
    array = np.asarray(seed._array if isinstance(seed, Tensor) else seed)
    if array.shape != output.shape:
        raise ValueError(f"the seed has shape {array.shape}; the output has shape {output.shape}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a seed holds real numbers, not {array.dtype}")
    return array.astype(output.dtype, copy=False)
