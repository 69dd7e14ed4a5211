"""What is a layer: an equation with parameters that can be listed, saved, restored and summarised."""

from __future__ import annotations

from collections import UserDict, UserList, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from reprlib import recursive_repr
from types import MappingProxyType, SimpleNamespace
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.graph import is_variable
from minigrad.engine.pytrees import OneValue, is_dataclass
from minigrad.engine.recording import current_recording
from minigrad.engine.state import check_state, refuse_variables
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.nn.summary import page, table

Self = TypeVar("Self", bound="Layer")
P = ParamSpec("P")
R = TypeVar("R")
Given = TypeVar("Given", covariant=True)

# Of a line of text that shows a layer.
_WIDTH = 88


class _Forward(Protocol[P, Given]):
    """What a layer is for type checkers where it is called: a call takes and gives what its `forward` does."""

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> Given: ...


class Layer(OneValue):
    """Base of all layers and models.

    A subclass assigns its parameters (Tensors) and inner layers to attributes, alone or in lists, tuples and dicts,
    and writes the equation it computes as ``forward(x)``. It is called as ``layer(x)``. A parameter is a leaf, such as
    ``mg.Tensor(0.1 * values, requires_grad=True)``; results of operations may be remembered, but are not trained.

    Attributes:
        training: whether layers such as Dropout behave as in training; see `train` and `eval`.

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

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The equation of this layer."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(x) method")

    def __call__(self: _Forward[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `forward`."""
        out = self.forward(*args, **kwargs)
        if (observer := current_recording().observer) is not None:
            observer.output(self, out)
        return out

    @recursive_repr()
    def __repr__(self) -> str:
        return written(type(self).__name__, [f"{path}={layer!r}" for path, layer in self.named_sublayers()])

    def _repr_html_(self) -> str:
        """What notebooks show: a table of the layers inside, each with its path and its number of parameters."""
        return page(self)

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every Tensor of this layer and its inner layers, with its path such as ``layers.0.weight``.

        Raises:
            TypeError: for layers or Tensors in a set, a dataclass or the like, where they are not found.
        """
        for name, value in vars(self).items():
            _refuse_hidden(name, value)
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

    def named_sublayers(self) -> Iterator[tuple[str, Layer]]:
        """The layers directly inside this one, with their paths such as ``layers.0``."""
        for name, value in vars(self).items():
            for path, item in contents(name, value):
                if isinstance(item, Layer):
                    yield path, item

    def sublayers(self) -> Iterator[Layer]:
        """The layers directly inside this one."""
        return (layer for _, layer in self.named_sublayers())

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
        for layer in self.sublayers():
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
        own = self._by_path()
        refuse_variables("state_dict", own, "use the Tensor itself, as in dict(model.named_tensors())")
        return {name: np.array(tensor._array) for name, tensor in own.items()}

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
        check_state("load_state_dict", state)
        own = self._by_path()
        missing, unexpected = own.keys() - state.keys(), state.keys() - own.keys()
        if missing or unexpected:
            raise KeyError(_mismatch(type(self).__name__, sorted(missing), sorted(map(str, unexpected))))
        refuse_variables("load_state_dict", own, "compute with the new values themselves")
        # Copies, because the state may hold the very arrays that are written to.
        arrays = {name: np.array(plain(state[name])) for name in own}
        first: dict[Tensor, str] = {}
        for name, tensor in own.items():
            if arrays[name].shape != tensor.shape:
                raise ValueError(f"{name} has shape {tensor.shape}; the state holds shape {arrays[name].shape}")
            if not np.can_cast(arrays[name].dtype, tensor.dtype, "same_kind"):
                raise TypeError(f"{name} has dtype {tensor.dtype}; the state holds {arrays[name].dtype}")
            other = first.setdefault(tensor, name)
            if other != name and not np.array_equal(arrays[name], arrays[other], equal_nan=True):
                raise ValueError(f"{other} and {name} are one Tensor; the state holds different values for them")
        for name, tensor in own.items():
            tensor.data = arrays[name]

    def _by_path(self) -> dict[str, Tensor]:
        """Every Tensor by its path."""
        found: dict[str, Tensor] = {}
        for name, tensor in self.named_tensors():
            if found.setdefault(name, tensor) is not tensor:
                raise ValueError(f"two Tensors of {type(self).__name__} have the path {name}; rename one of them")
        return found

    def summary(self, input_shape: tuple[int, ...] | None = None) -> str:
        """Print and return a table of the layers, the shapes they give, and their numbers of parameters.

        Args:
            input_shape: of one sample, without the batch; ``(1, 28, 28)`` for MNIST's images. Without it, or if the
                first layer does not say how many features it takes, shapes are left out.
        """
        text = table(self, input_shape)
        print(text)  # noqa: T201  # what the method is for
        return text


def written(name: str, parts: list[str]) -> str:
    """A call as one writes it: in one line if that is short, else with a line for each argument."""
    line = f"{name}({', '.join(parts)})"
    if len(line) <= _WIDTH:
        return line
    indented = ",\n".join(parts).replace("\n", "\n    ")
    return f"{name}(\n    {indented},\n)"


def contents(path: str, value: object) -> Iterator[tuple[str, object]]:
    """What an attribute holds, alone or in lists, tuples and dicts, each with its path."""
    if isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from contents(f"{path}.{position}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from contents(f"{path}.{key}", item)
    else:
        yield path, value


def _refuse_hidden(name: str, value: object) -> None:
    """Raise for layers and parameters in containers and objects in which they are not found."""
    if any(isinstance(item, Layer) or (isinstance(item, Tensor) and item.is_leaf) for item in _hidden(value)):
        raise TypeError(
            f"the attribute {name} is a {type(value).__name__} of layers or parameters, which would not be trained; "
            "put them in a list, a tuple or a dict"
        )


def _hidden(value: Any) -> Iterable[object]:
    """What is held by a value that nobody looks into."""
    if isinstance(value, (set, frozenset, deque, UserList)):
        return value
    if isinstance(value, (MappingProxyType, UserDict)):
        return value.values()
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return value.ravel().tolist()
    if is_dataclass(value):
        return [getattr(value, each.name, None) for each in fields(value)]
    return vars(value).values() if isinstance(value, SimpleNamespace) else ()


def _mismatch(owner: str, missing: list[str], unexpected: list[str]) -> str:
    parts = [f"the state does not fit {owner}:"]
    if missing:
        parts.append(f"missing {', '.join(missing)};")
    for name in unexpected:
        close = get_close_matches(name, missing, n=1)
        parts.append(f"unexpected {name}{f' (did you mean {close[0]}?)' if close else ''};")
    return " ".join(parts).rstrip(";")
