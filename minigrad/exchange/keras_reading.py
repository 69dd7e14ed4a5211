"""Where does the model that is made from one of Keras stand: what are its layers so far, and how do its values lie?"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad import nn
from minigrad.engine.tensor import Tensor
from minigrad.exchange.keras_chain import Step, Unsupported, array_of
from minigrad.exchange.layers import ACTIVATIONS, channels_first, channels_last

# What treats every feature alike, or has a vector with a number for each.
_EACH_FEATURE = {"Activation", "BatchNormalization", "Dropout", "ELU", "Identity", "LeakyReLU", "ReLU", "Rescaling"}


class Reading:
    """The layers that were made so far.

    Images are (N, H, W, C) in Keras and (N, C, H, W) here, all else lies as in Keras, at both ends of a model. Between
    them a value may lie in either way, so that as few axes as possible are moved.

    Attributes:
        layers: in order.
        is_first: whether the last axis of Keras is the second one here.
        order: where a feature of a flat value here is in Keras's; None where all are at the same place.
        step: the call that is being looked at.
        rest: the calls after it.
        rng: of dropout.
    """

    def __init__(self, steps: Sequence[Step], rng: np.random.Generator) -> None:
        self.layers: list[nn.Layer] = []
        self.is_first = bool(steps) and len(steps[0].before) == 3
        self.order: NDArray[Any] | None = None
        self.step = steps[0]
        self.rest = steps
        self.rng = rng

    def add(self, layer: nn.Layer) -> None:
        """One more layer."""
        self.layers.append(layer)

    def first(self) -> None:
        """Let the channels be the second axis, for what comes next."""
        self._let(True, self.step.before)

    def last(self) -> None:
        """Let the axes be those of Keras, for what comes next."""
        self._let(False, self.step.before)

    def end(self) -> None:
        """Give images with channels first, and all else as Keras does."""
        self._let(len(self.step.after) == 3, self.step.after)

    def _let(self, is_first: bool, shape: Sequence[int | None]) -> None:
        if self.is_first != is_first and len(shape) > 1:
            self.add(nn.Lambda(channels_first if is_first else channels_last))
        self.is_first = is_first

    def is_moved(self, shape: Sequence[int | None]) -> bool:
        """Whether values of a shape lie otherwise than in Keras."""
        return self.is_first and len(shape) > 1

    def axis(self, axis: int) -> int:
        """An axis of the value that comes in, as it is counted here, from the end if it is the last."""
        rank = len(self.step.before) + 1
        axis %= rank
        if not self.is_moved(self.step.before) or axis == 0:
            return -1 if axis == rank - 1 else axis
        return 1 if axis == rank - 1 else axis + 1

    def flatten(self) -> None:
        """Put the elements of a sample in a row, in the order of Keras or with an `order` for the next Dense."""
        shape = self.step.before
        if self.is_moved(shape):
            follows = next((step.kind for step in self.rest if step.kind not in _EACH_FEATURE), "")
            if follows == "Dense" and None not in shape:
                places = np.arange(math.prod(shape)).reshape(shape)  # type: ignore[arg-type]  # no None is left
                order = np.moveaxis(places, -1, 0).ravel()
                self.order = None if np.array_equal(order, np.arange(order.size)) else order
                self.is_first = False
            else:
                self.last()
        self.is_first = False
        self.add(nn.Flatten())

    def feature_vector(self, values: NDArray[Any]) -> NDArray[Any]:
        """A number for each feature, or the rows of a matrix, in the order that the features have here."""
        return values if self.order is None else values[self.order]

    def activation(self, function: Any) -> None:
        """What a layer does last, on values that lie as they do now."""
        if function is None:
            return
        if hasattr(function, "compute_dtype"):
            raise Unsupported(f"its activation is the layer {function.name!r}; let that follow as a layer of its own")
        name = getattr(function, "__name__", repr(function))
        if function is sys.modules["keras"].ops.gelu:
            raise Unsupported(
                "gelu of keras.ops is an approximation by default; set layer.activation = keras.activations.gelu for "
                "the exact one, or convert the model with activation=None there, and put nn.Lambda(f) after that layer"
            )
        if not is_of_keras(function):
            raise Unsupported(
                f"its activation {name} is a function of yours; convert the model with activation=None there, and put "
                "nn.Lambda(f), with f a function of NumPy, after that layer"
            )
        if name == "linear":
            return
        rank = len(self.step.after) + 1
        axis = 1 if self.is_moved(self.step.after) else -1
        made: dict[str, Callable[[], nn.Layer]] = {
            "relu": nn.ReLU,
            "tanh": nn.Tanh,
            "sigmoid": nn.Sigmoid,
            "softplus": nn.Softplus,
            "gelu": nn.GELU,
            "leaky_relu": lambda: nn.LeakyReLU(0.2),
            "softmax": lambda: nn.Softmax(axis),
            "log_softmax": lambda: nn.LogSoftmax(axis),
        }
        if name in ("softmax", "log_softmax") and rank < 2:
            raise Unsupported(f"its {name} is of a single axis")
        if name in made:
            self.add(made[name]())
        elif name in ACTIVATIONS:
            self.add(nn.Lambda(ACTIVATIONS[name]))
        else:
            raise Unsupported(
                f"its activation {name} is none of {', '.join(sorted([*made, *ACTIVATIONS]))}; convert the model with "
                "activation=None there, and put nn.Lambda(f) after that layer"
            )


def is_of_keras(function: Any) -> bool:
    """Whether a function is the one that Keras has under its name, and no other one that is called so."""
    keras, name = sys.modules["keras"], getattr(function, "__name__", "")
    # keras.ops.gelu is an approximation by default, and keras.activations.gelu is exact.
    places = [keras.activations] if name == "gelu" else [keras.activations, keras.ops]
    return any(getattr(place, name, None) is function for place in places)


def put(tensor: Tensor | None, values: NDArray[Any], variable: Any, layer: Any) -> None:
    """Write values of Keras into a parameter, and freeze it if it is frozen there."""
    assert tensor is not None
    tensor.data = np.array(values, tensor.dtype)
    if not (layer.trainable and variable.trainable):
        tensor.requires_grad_(False)


def given(values: NDArray[Any]) -> Any:
    """An initialiser that gives these very values, and draws none."""
    return lambda *_: values


def weight_and_bias(made: Any, layer: Any, kernel: NDArray[Any], variable: Any) -> None:
    """Write what Dense and convolutions have."""
    put(made.weight, kernel, variable, layer)
    if made.bias is not None:
        put(made.bias, array_of(layer.bias), layer.bias, layer)
