"""How are layers put together: one after the other, around a shortcut, or from a function?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, overload

from minigrad.engine.annotations import Numbers
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import shape_of
from minigrad.nn.attributes import written
from minigrad.nn.layer import Layer
from minigrad.nn.stateless import Stateless


class Sequential(Layer):
    """Layers applied one after the other.

    Raises:
        TypeError: for an argument that is not a Layer.

    Examples:
        >>> model = nn.Sequential(nn.Dense(4, 3, rng=0), nn.Tanh(), nn.Dense(3, 2, rng=1))
        >>> model(np.ones((5, 4))).shape
        (5, 2)
    """

    def __init__(self, *layers: Layer) -> None:
        for position, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                if isinstance(layer, type):
                    raise TypeError(
                        f"Sequential: argument {position} is a class, not a Layer; write {layer.__name__}()"
                    )
                hint = "; pass layers one by one, not in a list" if isinstance(layer, (list, tuple)) else ""
                if callable(layer):
                    hint = "; write nn.Lambda(...) around it"
                raise TypeError(f"Sequential: argument {position} is a {type(layer).__name__}, not a Layer{hint}")
        self.layers = layers

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """x through every layer in order."""
        out: Any = x
        for layer in self.layers:
            out = layer(out)
        return out  # type: ignore[no-any-return]  # an array, where it has no parameters and is given one

    def __len__(self) -> int:
        return len(self.layers)

    @overload
    def __getitem__(self, position: int) -> Layer: ...
    @overload
    def __getitem__(self, position: slice) -> Sequential: ...
    def __getitem__(self, position: int | slice) -> Layer:
        """One of the layers, or several as a Sequential of the same layers."""
        if not isinstance(position, slice):
            return self.layers[position]
        found = Sequential(*self.layers[position])
        found.training = self.training
        return found

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __repr__(self) -> str:
        return written(type(self).__name__, [repr(layer) for layer in self.layers])


class Residual(Layer):
    """x + inner(x), with shortcut(x) in the place of x where one is given.

    He, Zhang, Ren and Sun (2016), "Deep residual learning for image recognition", arXiv:1512.03385, equations 1 and 2.

    Args:
        inner: what is added; it gives what has the shape of x, or of the shortcut.
        shortcut: such as a convolution of size 1, where shapes differ.

    Raises:
        TypeError: for what is not a Layer.
        ValueError: when called, where the two shapes differ.
    """

    def __init__(self, inner: Layer, shortcut: Layer | None = None) -> None:
        for each in (inner, shortcut):
            if not isinstance(each, Layer | None):
                raise TypeError(f"Residual takes a Layer, such as nn.Sequential(...), not a {type(each).__name__}")
        self.inner = inner
        self.shortcut = shortcut

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """x + inner(x)."""
        by, out = x if self.shortcut is None else self.shortcut(x), self.inner(x)
        if shape_of(by) != shape_of(out):
            raise ValueError(
                f"Residual: the inner layer gives {shape_of(out)} beside {shape_of(by)}; give shortcut= a layer that "
                "makes the second like the first"
            )
        return by + out  # type: ignore[no-any-return]  # an array, where neither has parameters


class Lambda(Stateless):
    """A function as a layer, for what has no parameters.

    Examples:
        >>> model = nn.Sequential(nn.Lambda(np.sin), nn.Dense(2, 1))
        >>> model
        Sequential(Lambda(sin), Dense(2, 1))
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        if not callable(function) or isinstance(function, Layer):
            raise TypeError(f"Lambda takes a function of x, not {function!r}")
        self.function = function

    def forward(self, x: Any) -> Any:
        """function(x)."""
        return self.function(x)

    def __repr__(self) -> str:
        return f"Lambda({getattr(self.function, '__name__', type(self.function).__name__)})"


class Identity(Stateless):
    """x itself."""

    def forward(self, x: Any) -> Any:
        """x."""
        return x
