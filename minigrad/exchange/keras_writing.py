"""How are the layers of a model put together as a model of Keras, and given their weights?"""

from __future__ import annotations

import math
import operator
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad import nn
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import shape_of
from minigrad.exchange.keras_chain import Unsupported
from minigrad.exchange.layers import ACTIVATIONS, FrozenBatchNorm, Rescaling
from minigrad.nn.mode import call_evaluating
from minigrad.ops.nn.arguments import is_integer

Writer = Callable[["Writing", Any], None]
WRITERS: dict[type[nn.Layer], Writer] = {}
# What treats every feature alike, or has a vector with a number for each.
_EACH_FEATURE = (
    *(nn.ReLU, nn.LeakyReLU, nn.GELU, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.Dropout, nn.Identity),
    *(nn.BatchNorm, FrozenBatchNorm, Rescaling),
)


def writes(*kinds: type[nn.Layer]) -> Callable[[Writer], Writer]:
    """Put a function into the table, for layers of these classes."""

    def put_in(function: Writer) -> Writer:
        WRITERS.update(dict.fromkeys(kinds, function))
        return function

    return put_in


@dataclass(frozen=True)
class Weight:
    """What a variable of Keras is to be set to: the layer, the path of the variable in it, and the values."""

    layer: Any
    path: str
    values: NDArray[Any]
    is_trained: bool


class Writing:
    """The layers of Keras that were made so far.

    Attributes:
        keras: the package.
        layers: in order.
        weights: what their variables will be set to.
        is_moved: whether the second axis here is the last one in Keras.
        order: where a feature of a flat value in Keras is here; None where all are at the same place.
        before: the shape of the value that comes in, as it is here, with a batch of 1.
        rest: the layers after the one that is being looked at.
        taken: the layer after it, where the two are one in Keras.
    """

    def __init__(self, keras: Any, dtype: str, shape: Sequence[int]) -> None:
        self.keras = keras
        self.dtype = dtype
        self.layers: list[Any] = []
        self.weights: list[Weight] = []
        self.is_moved = len(shape) == 3
        self.order: NDArray[Any] | None = None
        self.before: tuple[int, ...] = (1, *shape)
        self.rest: Sequence[nn.Layer] = ()
        self.taken: nn.Layer | None = None

    def add(self, kind: str, *args: Any, **settings: Any) -> Any:
        """One more layer of Keras, by the name of its class."""
        if not hasattr(self.keras.layers, kind):
            raise Unsupported(f"Keras {self.keras.__version__} has no {kind}; install a newer one")
        made = getattr(self.keras.layers, kind)(*args, **settings, dtype=self.dtype)
        self.layers.append(made)
        return made

    def weight(self, layer: Any, path: str, tensor: Tensor, change: Callable[[Any], Any] = np.asarray) -> None:
        """Note what a variable of a layer will be."""
        self.weights.append(Weight(layer, path, change(tensor.detach().numpy()), tensor.requires_grad))

    def moved(self) -> None:
        """Let the second axis here be the last one in Keras, for what comes next."""
        self._let(True, self.before)

    def unmoved(self) -> None:
        """Let the axes be the same, for what comes next."""
        self._let(False, self.before)

    def _let(self, is_moved: bool, shape: Sequence[int]) -> None:
        rank = len(shape) - 1
        if self.is_moved != is_moved and rank > 1:
            self.add("Permute", (*range(2, rank + 1), 1) if is_moved else (rank, *range(1, rank)))
        self.is_moved = is_moved

    def end(self, shape: Sequence[int]) -> None:
        """Give images with channels last, and all else as here."""
        self._let(len(shape) == 4, shape)

    def axis(self, axis: int) -> int:
        """An axis of the value that comes in, as it is counted in Keras, from the end if it is the last there."""
        rank = len(self.before)
        axis %= rank
        if self.is_moved and rank > 2 and axis > 0:
            axis = rank - 1 if axis == 1 else axis - 1
        return -1 if axis == rank - 1 else axis

    def flatten(self) -> None:
        """Put the elements of a sample in a row, in the order that they have here or with an `order`."""
        if self.is_moved and len(self.before) > 2:
            follows = next((layer for layer in self.rest if not self._is_each_feature(layer)), None)
            if type(follows) is nn.Dense:
                places = np.arange(math.prod(self.before)).reshape(self.before[1:])
                order = np.moveaxis(places, 0, -1).ravel()
                self.order = None if np.array_equal(order, np.arange(order.size)) else order
                self.is_moved = False
            else:
                self.unmoved()
        self.is_moved = False
        self.add("Flatten")

    def _is_each_feature(self, layer: nn.Layer) -> bool:
        if isinstance(layer, nn.Lambda):
            return layer.function in ACTIVATIONS.values()
        return isinstance(layer, _EACH_FEATURE)

    def feature_vector(self, values: Any) -> Any:
        """A number for each feature, or the rows of a matrix, in the order that features have in Keras."""
        return np.asarray(values) if self.order is None else values[self.order]


def leaves(path: str, layer: nn.Layer) -> Iterator[tuple[str, nn.Layer]]:
    """The layers that are applied one after the other, with their paths."""
    if type(layer) is nn.Sequential:
        for name, inner in layer.named_children():
            yield from leaves(f"{path}.{name}" if path else name, inner)
    else:
        yield path, layer


def written(model: nn.Layer, input_shape: tuple[int, ...]) -> Any:
    """See `minigrad.exchange.keras.to_keras`."""
    import keras

    if not isinstance(input_shape, (tuple, list)) or not all(is_integer(size) and size >= 1 for size in input_shape):
        raise ValueError(
            f"to_keras: input_shape is the shape of one sample, a tuple of whole numbers such as (1, 28, 28) or (4,), "
            f"not {input_shape!r}"
        )
    chain = list(leaves("", model))
    for layer, count in Counter(layer for _, layer in chain).items():
        if count > 1 and any(True for _ in layer.named_tensors()):
            raise ValueError(f"to_keras: {layer!r} stands in the model {count} times; Keras would train it apart")
    _refuse_shared(dict(chain))
    dtype = _dtype_of(model, keras)
    writing = Writing(keras, dtype, input_shape)
    begins = next((layer for _, layer in chain if not isinstance(layer, (nn.Reshape, nn.Identity))), None)
    has_numbers = isinstance(begins, nn.Embedding)
    sample = np.zeros((1, *input_shape), np.int64 if has_numbers else dtype)
    call_evaluating(model, lambda: _write_all(writing, chain, sample))
    if not writing.layers:
        writing.add("Identity")
    shape = (*input_shape[1:], input_shape[0]) if len(input_shape) == 3 else tuple(input_shape)
    begin = keras.layers.Input(shape, dtype="int32" if has_numbers else dtype)
    made = keras.Sequential([begin, *writing.layers])
    _set(writing.weights)
    return made


def _refuse_shared(layers: dict[str, nn.Layer]) -> None:
    first: dict[Tensor, str] = {}
    for path, layer in layers.items():
        for name, tensor in layer.named_tensors():
            own = f"{path}.{name}" if path else name
            if (other := first.setdefault(tensor, own)) != own:
                raise ValueError(f"to_keras: {other} and {own} are one Tensor; Keras would train two apart")


def _write_all(writing: Writing, chain: list[tuple[str, nn.Layer]], sample: Any) -> None:
    for position, (path, layer) in enumerate(chain):
        name = f"to_keras: {path + ': ' if path else ''}{layer!r}"
        writing.rest = [inner for _, inner in chain[position + 1 :]]
        writing.before = shape_of(sample)
        try:
            sample = layer(sample)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{name}, which gets {writing.before}, the first of them 1 sample: {error}") from error
        if layer is writing.taken:
            writing.taken = None
            continue
        try:
            if type(layer) not in WRITERS:
                raise Unsupported(
                    "Keras has no layer that computes just this; convert what comes before it and after it, and put a "
                    "keras.layers.Layer of yours between the two"
                )
            WRITERS[type(layer)](writing, layer)
        except ValueError as refused:
            raise ValueError(f"{name}: {refused}") from refused
    writing.end(shape_of(sample))


def _dtype_of(model: nn.Layer, keras: Any) -> str:
    dtypes = {str(tensor.dtype) for _, tensor in model.named_tensors() if tensor.dtype.kind == "f"} or {"float32"}
    if len(dtypes) > 1 or not dtypes <= {"float32", "float64"}:
        raise ValueError(
            f"to_keras: the model has parameters of {' and '.join(sorted(dtypes))}; all have to be float32, or all "
            "float64: write to_keras(model.astype(np.float32), ...)"
        )
    (dtype,) = dtypes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = keras.ops.convert_to_numpy(keras.ops.zeros((), dtype)).dtype
    if found != dtype:
        raise ValueError(
            f"to_keras: the model is {dtype}, and Keras makes {found} of it on {keras.config.backend()}; write "
            'jax.config.update("jax_enable_x64", True) before, or to_keras(model.astype(np.float32), ...)'
        )
    return dtype


def _set(weights: Sequence[Weight]) -> None:
    """Write the values, and freeze what is frozen here: a whole layer where all of it is."""
    trained: dict[Any, list[bool]] = {}
    for weight in weights:
        variable = operator.attrgetter(weight.path)(weight.layer)
        # Where the memory of an array begins at the right place, JAX takes it as it is, and it would change with the
        # model.
        variable.assign(np.array(weight.values))
        if variable.trainable and not weight.is_trained:
            variable.trainable = False
        if "moving" not in weight.path:
            trained.setdefault(weight.layer, []).append(weight.is_trained)
    for layer, flags in trained.items():
        # For a BatchNormalization this would mean more: that it uses its running averages in training.
        if not any(flags) and type(layer).__name__ != "BatchNormalization":
            layer.trainable = False
