"""What is a layer: an equation with parameters that can be listed, saved, restored and summarised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from reprlib import recursive_repr
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.graph import is_variable
from minigrad.engine.pytrees import OneValue
from minigrad.engine.recording import current_recording
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.nn.attributes import contents, refuse_hidden, refuse_results, written
from minigrad.nn.making import LayerClass, is_being_made
from minigrad.nn.state import load, saved
from minigrad.nn.substitution import in_dtype, with_parameters
from minigrad.nn.summary import page, table

Self = TypeVar("Self", bound="Layer")
P = ParamSpec("P")
R = TypeVar("R")
Given = TypeVar("Given", covariant=True)


class _Forward(Protocol[P, Given]):
    """What a layer is for type checkers where it is called: a call takes and gives what its `forward` does."""

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> Given: ...


class Layer(OneValue, metaclass=LayerClass):
    """Base of all layers and models.

    A subclass assigns its parameters (Tensors) and inner layers to attributes, alone or in lists, tuples and dicts,
    and writes the equation it computes as ``forward(x)``. It is called as ``layer(x)``. A parameter is a leaf, such as
    ``mg.Tensor(0.1 * values, requires_grad=True)``; results of operations may be remembered later, but are not trained.
    What else a layer remembers between calls is declared by `declare_state`, and changed by `update`.

    Attributes:
        training: whether layers such as Dropout behave as in training; see `train` and `eval`.

    Raises:
        TypeError: while it is made, for the result of an operation as an attribute, which no optimiser could train.

    Examples:
        >>> class Scale(nn.Layer):
        ...     def __init__(self, size):
        ...         self.factor = mg.Tensor(np.ones(size), requires_grad=True)
        ...     def forward(self, x):
        ...         return x * self.factor
        >>> model = nn.Sequential(Scale(3), nn.Tanh())
        >>> [name for name, _ in model.named_parameters()]
        ['layers.0.factor']
    """

    training: bool = True
    _state: frozenset[str] = frozenset()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The equation of this layer."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(x) method")

    def __call__(self: _Forward[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `forward`."""
        out = self.forward(*args, **kwargs)
        if (observer := current_recording().observer) is not None:
            observer.output(self, out)
        return out

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._state:
            raise AttributeError(
                f"{type(self).__name__}.{name} is state, which {type(self).__name__}.update({name}=...) changes"
            )
        if is_being_made(self):
            refuse_results(type(self).__name__, name, value)
        object.__setattr__(self, name, value)

    def declare_state(self, **arrays: Any) -> None:
        """Declare what this layer remembers between calls and is not trained, such as a running mean.

        Each array becomes an attribute, a Tensor that requires no gradient. `state_dict` saves it, `update` changes it.

        Args:
            arrays: their first values, by name.

        Raises:
            ValueError: for a name that the layer has already.

        Examples:
            >>> class Count(nn.Layer):
            ...     def __init__(self):
            ...         self.declare_state(calls=np.zeros(()))
            ...     def forward(self, x):
            ...         self.update(calls=self.calls + 1.0)
            ...         return x
            >>> layer = Count()
            >>> _ = layer(np.ones(3)), layer(np.ones(3))
            >>> layer.state_dict()
            {'calls': array(2.)}
        """
        for name in arrays:
            if hasattr(self, name):
                raise ValueError(f"declare_state: {type(self).__name__} has {name} already; choose another name")
        for name, array in arrays.items():
            object.__setattr__(self, name, Tensor(plain(array), name=f"{type(self).__name__}.{name}"))
        object.__setattr__(self, "_state", self._state | arrays.keys())

    def update(self, **values: Any) -> None:
        """Write new values into state; nothing flows back through them.

        Raises:
            AttributeError: for a name that was not declared.
            ValueError: for another shape.
            TypeError: for another kind of numbers.
        """
        for name in values:
            if name not in self._state:
                raise AttributeError(
                    f"update: {type(self).__name__} has no state {name!r}; declare it in __init__, by "
                    f"self.declare_state({name}=array)"
                )
        # All at once: some may be computed from others.
        arrays = {name: _own(plain(value)) for name, value in values.items()}
        for name, array in arrays.items():
            if np.shape(array) != getattr(self, name).shape:
                shape = getattr(self, name).shape
                raise ValueError(f"update: {name} has shape {shape}, and its new value {np.shape(array)}")
        for name, array in arrays.items():
            getattr(self, name).data = array

    @recursive_repr()
    def __repr__(self) -> str:
        return written(type(self).__name__, [f"{path}={layer!r}" for path, layer in self.named_children()])

    def _repr_html_(self) -> str:
        """What notebooks show: a table of the layers inside, each with its path and its number of parameters."""
        return page(self)

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every Tensor of this layer and its inner layers, with its path such as ``layers.0.weight``.

        Raises:
            TypeError: for layers or Tensors in a set, a dataclass or the like, where they are not found.
        """
        for name, value in vars(self).items():
            refuse_hidden(name, value)
            for path, item in contents(name, value):
                if isinstance(item, Layer):
                    for inner, tensor in item.named_tensors():
                        yield f"{path}.{inner}", tensor
                # A result that a layer keeps, such as its last output, is no parameter, unless a transform
                # differentiates by it.
                elif isinstance(item, Tensor) and (item.is_leaf or is_variable(item._node)):
                    yield path, item

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """The Tensors that require a gradient, each once, with their paths."""
        seen = set()
        for name, tensor in self.named_tensors():
            if tensor.requires_grad and tensor not in seen:
                seen.add(tensor)
                yield name, tensor

    def parameters(self) -> list[Tensor]:
        """The Tensors that require a gradient, each once: what an optimiser takes."""
        return [tensor for _, tensor in self.named_parameters()]

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Let every parameter here and in inner layers be trained, or be frozen; and return the layer itself.

        State, such as running means, stays what it is.
        """
        for name, value in vars(self).items():
            for _, item in contents(name, value):
                if isinstance(item, Tensor) and item.is_leaf and item.dtype.kind == "f" and name not in self._state:
                    item.requires_grad_(requires_grad)
        for layer in self.children():
            layer.requires_grad_(requires_grad)
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for tensor in self.parameters():
            tensor.zero_grad()

    def astype(self: Self, dtype: DTypeLike) -> Self:
        """A copy of this layer whose parameters and state have another floating dtype; what is no float stays so.

        Random generators are shared, so that a copy does not draw the numbers of the original once more.

        Raises:
            TypeError: for a dtype that is not floating.
        """
        return in_dtype(self, dtype)

    def call_with(self, parameters: Mapping[str, Any], /, *args: Any, **kwargs: Any) -> Any:
        """What this layer gives with other parameters, through which gradients flow; its own stay as they are.

        State, such as running means, is that of the layer, and is updated.

        Args:
            parameters: arrays or Tensors by their paths, as in ``dict(model.named_parameters())``. Those that are left
                out keep their values.
            args, kwargs: what the layer is called with.

        Raises:
            KeyError: for a path that is none of a Tensor of this layer.
            ValueError: for another shape, for state, and for two values of one Tensor that has two paths.

        Examples:
            >>> model = nn.Dense(2, 1, rng=0)
            >>> x, values = np.ones((3, 2)), {name: each.numpy() for name, each in model.named_parameters()}
            >>> slopes = mg.grad(lambda values: model.call_with(values, x).sum())(values)
            >>> slopes["weight"]
            array([[3.],
                   [3.]], dtype=float32)
        """
        return with_parameters(self, parameters)(*args, **kwargs)

    def apply(self: Self, function: Callable[[Layer], object]) -> Self:
        """Call a function with every inner layer, the innermost first, and with this one; return the layer itself.

        Examples:
            >>> model = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.1)))
            >>> _ = model.apply(lambda layer: setattr(layer, "rate", 0.3) if isinstance(layer, nn.Dropout) else None)
            >>> model
            Sequential(Dropout(0.3), Sequential(Dropout(0.3)))
        """
        for layer in self.children():
            layer.apply(function)
        function(self)
        return self

    def states(self) -> list[Tensor]:
        """What this layer and those inside of it have declared as state, each once."""
        own = [getattr(self, name) for name in sorted(self._state)]
        return list(dict.fromkeys([*own, *(state for layer in self.children() for state in layer.states())]))

    def named_children(self) -> Iterator[tuple[str, Layer]]:
        """The layers directly inside this one, with their paths such as ``layers.0``."""
        for name, value in vars(self).items():
            for path, item in contents(name, value):
                if isinstance(item, Layer):
                    yield path, item

    def children(self) -> Iterator[Layer]:
        """The layers directly inside this one."""
        return (layer for _, layer in self.named_children())

    def train(self: Self, mode: bool = True) -> Self:
        """Set training mode here and in all inner layers, and return the layer itself.

        Raises:
            TypeError: for a mode that is not True or False.
        """
        if not isinstance(mode, (bool, np.bool_)):
            raise TypeError(
                f"train(mode) takes True or False, not a {type(mode).__name__}; to fit a model to data write "
                "mg.train(model, loss, optimizer, data, epochs=...)"
            )
        self.training = bool(mode)
        for layer in self.children():
            layer.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Leave training mode here and in all inner layers, and return the layer itself."""
        return self.train(False)

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of all arrays by path, parameters that are frozen (``requires_grad_(False)``) included.

        Raises:
            ValueError: for two Tensors of one path, such as those of the keys 1 and "1" of a dict.
            TypeError: where a transform differentiates by one of them, of which a copy would be a constant.
        """
        return saved(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Write the arrays of a `state_dict` into this layer; nothing is written if any of them does not fit.

        Floating-point numbers take the dtype of the parameter that they are written to, float64 rounded to float32 for
        example, and integers become floating-point numbers; `checkpoint.load` wants exactly the dtypes that were saved.

        Raises:
            KeyError: for missing or unexpected names.
            ValueError: for an array of another shape, or two different arrays for one Tensor that has two names.
            TypeError: for an array of another kind than real numbers, no dict at all, or a Tensor that requires a
                gradient, as all do inside a transform; load ``.detach()`` of it where a constant is meant.
        """
        load(self, state)

    def summary(self, input_shape: tuple[int, ...] | None = None) -> str:
        """Print and return a table of the layers, the shapes they give, and their numbers of parameters.

        Args:
            input_shape: of one sample, without the batch; ``(1, 28, 28)`` for MNIST's images. Without it, or if the
                first layer does not say how many features it takes, shapes are left out.
        """
        text = table(self, input_shape)
        print(text)  # noqa: T201  # what the method is for
        return text


def _own(value: Any) -> Any:
    """A copy that does not change with what it was made of; of a stand-in there is no need for one."""
    return value if isinstance(value, StandIn) else np.array(value)
