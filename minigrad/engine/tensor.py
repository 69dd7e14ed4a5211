"""Tensor: an array that remembers how it was made."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.advice import LostGradientError
from minigrad.engine.aliasing import hand_out, make_relatives, note_gradient, read_only
from minigrad.engine.annotations import Data
from minigrad.engine.away import Away, MayBeAway
from minigrad.engine.conversions import Conversions, in_native_order
from minigrad.engine.cotangents import cotangents, deposit, refuse_constants
from minigrad.engine.graph import NO_PARAMS, Node, depends_on_a_variable, leaf
from minigrad.engine.hooks import Hooked
from minigrad.engine.numpy_dispatch import NumPyProtocols
from minigrad.engine.operators import ArrayLike
from minigrad.engine.stand_ins import StandIn, array_of, copy_of


@final
class Tensor(ArrayLike, Conversions, Hooked, MayBeAway, NumPyProtocols):
    """A real array that records what is computed from it.

    Args:
        data: whatever ``np.array`` takes; it is copied.
        requires_grad: whether gradients with respect to this Tensor are wanted. Needs a floating dtype.
        dtype: a boolean, integer or floating dtype; that of `data` by default.
        name: what error messages call this Tensor.

    Raises:
        TypeError: for data that are not real numbers, a masked array, a Tensor that requires a gradient itself, or
            integers of which a gradient is required.

    Examples:
        >>> x = mg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> y = (x * x).sum()
        >>> y.backward()
        >>> x.grad
        Tensor([2., 4., 6.])
    """

    __slots__ = ("__weakref__", "_array", "_away", "_family", "_name", "_node")

    # An array, or a NumPy scalar where NumPy would give one; the slot is empty while its values are `_away`. `_family`
    # is None where nobody shares the memory.
    _array: Any
    _away: Away
    _family: Any
    _node: Node | None
    _name: str | None

    def __init__(
        self, data: Data, requires_grad: bool = False, dtype: DTypeLike | None = None, name: str | None = None
    ) -> None:
        if isinstance(data, Tensor):
            if data._node is not None:
                raise TypeError("a copy of a Tensor that requires a gradient would be a constant; .detach() it first")
            data = data._array
        if isinstance(data, np.ma.MaskedArray):
            raise TypeError("a Tensor has no mask; give it data.filled(value), or leave masked elements out")
        array = copy_of(data, dtype)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"a Tensor holds real numbers; data of dtype {array.dtype} cannot be one")
        self._array = in_native_order(array)
        self._name = name
        self._node = self._family = None
        if requires_grad:
            self._node = self._new_leaf()

    @classmethod
    def _wrap(cls, data: Any, node: Node | None = None) -> Tensor:
        """A Tensor around an array that is not copied."""
        tensor = cls.__new__(cls)
        tensor._array = data
        tensor._node = node
        tensor._name = tensor._family = None
        return tensor

    @property
    def data(self) -> NDArray[Any]:
        """The array itself, not a copy.

        Assigning to it (``x.data = values``, ``x.data -= step``) changes the values of a leaf between two passes; a
        graph that was recorded before and needs the gradient of the leaf is then refused by backward. Writing to its
        elements (``x.data[...] = values``) is allowed between two passes too, but cannot be noticed. The array of a
        result, or of an argument inside a transform, is read-only, because a graph may hold it.
        """
        array: NDArray[Any] = self._array
        node = self._node
        if node is not None and node.op is None and not node.is_variable:
            hand_out(self)
            return self._writable()
        if type(array) is not np.ndarray:
            return array if isinstance(array, StandIn) else read_only(array)
        hand_out(self)
        return array if node is None else read_only(array)

    @data.setter
    def data(self, values: Any) -> None:
        self._refuse_for_variables("x.data = values", "compute with a new value, such as x + step")
        if not self.is_leaf:
            raise ValueError("only the data of a leaf can be assigned; this Tensor is the result of an operation")
        if isinstance(values, Tensor) and values._node is not None:
            raise LostGradientError(
                "x.data = values takes constants, and these values are a Tensor that requires a gradient; write "
                "x.data = values.detach()"
            )
        values = array_of(values._array if isinstance(values, Tensor) else values)
        if values.shape != self.shape:
            raise ValueError(f"data of shape {self.shape} cannot be replaced by data of shape {values.shape}")
        if self._node is None and values is not self._array:
            # Graphs that used this constant hold its array, and nothing would tell them of a change.
            self._array = copy_of(self._array)
        if not np.can_cast(values.dtype, self.dtype, "same_kind"):
            raise TypeError(f"data of dtype {self.dtype} cannot be replaced by data of dtype {values.dtype}")
        # Marked before anything changes: an interrupt between the two leaves no graph that takes new values for old.
        self._mark_changed()
        if isinstance(self._array, StandIn):
            # Nobody can write to it; what is assigned takes its place.
            self._array = values.astype(self.dtype)
        else:
            np.copyto(self._writable(), values, casting="same_kind")

    def _mark_changed(self, array: Any = None) -> None:
        """Tell graphs recorded before now that the array of this leaf has new values."""
        node = self._node
        if node is not None:
            fresh = Node(None, (), (), NO_PARAMS, self._array if array is None else array)
            # As old as before, so that a pass looks as far back as graphs that hold the old one.
            fresh.order, fresh.grad = node.order, node.grad
            if node.hooks:
                fresh.hooks, fresh.special = node.hooks, node.special
            if self._name is not None:
                fresh.name = self._name
            # One right after the other, without a call between them, in which Ctrl-C could come.
            node.changed = True
            self._node = fresh

    @property
    def grad(self) -> Tensor | Any:  # Any for None, about which a type checker would ask after every pass
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

        Examples:
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

    def _is_array(self) -> bool:
        """Whether this stands for an array, possibly 0-d, rather than for one of NumPy's scalars."""
        node = self._node
        is_leaf = node is not None and node.op is None and not node.is_variable
        return type(self._array) is np.ndarray or is_leaf

    def numpy(self) -> NDArray[Any]:
        """The values as a plain array, which shares memory with this Tensor.

        Writing to the array of a leaf changes the leaf, as writing to `data` does: between two passes only, because a
        pass through what was computed before would take the new values for the old ones, and cannot notice.
        """
        return self.data

    def detach(self) -> Tensor:
        """The same values as a constant, sharing memory until it requires a gradient itself."""
        array, node = self._array, self._node
        if node is not None and node.op is None:
            array = self.data
        if node is None or node.op is None or type(array) is not np.ndarray:
            constant = Tensor._wrap(array)
        else:
            # A graph may hold the array of a result.
            constant = Tensor._wrap(read_only(array))
        if type(array) is np.ndarray:
            make_relatives(constant, self)
        return constant

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set whether a gradient with respect to this leaf is wanted, and return the Tensor itself.

        Raises:
            TypeError: for a Tensor of integers or booleans.
            ValueError: for the result of an operation, which cannot stop requiring one; see `detach`.
        """
        if not requires_grad:
            self._refuse_for_variables("x.requires_grad_(False)", "write x.detach() where a constant is meant")
        if not self.is_leaf:
            if not requires_grad:
                raise ValueError("the result of an operation cannot stop requiring a gradient; use .detach()")
        elif not requires_grad:
            if self._node is not None:
                self._node.changed = True
                self._node, self._array = None, array_of(self._array)
                # Somebody may have looked at the data of the leaf; nobody has counted.
                hand_out(self)
        elif self._node is None:
            # Graphs that used this Tensor as a constant keep its array; optimisers will write to the new one.
            self._array = copy_of(self._array)
            self._node = self._new_leaf()
            note_gradient(self)
        return self

    def _new_leaf(self) -> Node:
        if self.dtype.kind != "f":
            raise TypeError(
                f"only floating-point Tensors can require a gradient, not {self.dtype}: write 3.0 for 3, or give dtype="
            )
        if self._array.ndim == 0 and not isinstance(self._array, StandIn):
            # Arithmetic of NumPy's scalars takes a tenth of the time of that of 0-d arrays; see `data`.
            self._array = self._array[()]
        return leaf(self._array, self._name)

    def retain_grad(self) -> None:
        """Ask for the gradient of a result to be deposited in its ``.grad`` as well, by later passes."""
        if self._node is None:
            raise RuntimeError("retain_grad(): this Tensor does not require a gradient")
        self._node.keeps_grad = self._node.special = True

    def backward(self, seed: Data | None = None, retain_graph: bool = False, create_graph: bool = False) -> None:
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
            TypeError: without `create_graph` in a function that a transform, such as `minigrad.grad`, differentiates,
                where this Tensor depends on its argument: the gradients would be constants, unless `no_grad` says so.
        """
        if not create_graph:
            refuse_constants("backward()", self, seed)
        deposit(cotangents([self], [seed], retain_graph or create_graph, create_graph, None), create_graph)

    def __copy__(self) -> Tensor:
        # A function that is differentiated may copy its arguments; the copies depend on them.
        return self.copy() if depends_on_a_variable(self._node) else _rebuilt(*self.__reduce__()[1])

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        if depends_on_a_variable(self._node):
            self._refuse_for_variables("pickling x", "pickle x.detach() where a constant is meant")
        if not self.is_leaf:
            raise TypeError("the result of an operation cannot be copied or pickled with its graph; .detach() it first")
        if self.grad is not None and self.grad._node is not None:
            raise TypeError(
                "a Tensor cannot be copied or pickled with the graph of its gradient, which was made with "
                "create_graph=True; call .zero_grad() first"
            )
        return _rebuilt, (self._array, self.requires_grad, self._name, self.grad)

    def __init_subclass__(cls) -> None:
        raise TypeError("Tensor is not meant to be subclassed; operations are added with mg.primitive")


def _rebuilt(data: Any, requires_grad: bool, name: str | None, grad: Tensor | None) -> Tensor:
    """A leaf again, from what `Tensor.__reduce__` kept of it."""
    tensor = Tensor(data, requires_grad, name=name)
    if isinstance(data, np.generic):
        # A scalar stays one, to which ``t += y`` gives a new value.
        tensor._array = data
    if grad is not None:
        # A copy as well: what is done to one gradient must not happen to the other.
        tensor.grad = Tensor(grad)
    return tensor
