"""Which layers does a model of Keras apply one after the other, and is each of them what it seems to be?"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What Keras adds to a loss, or does to weights after a step.
_TERMS = (
    *("kernel", "bias", "recurrent", "depthwise", "pointwise", "embeddings", "gamma", "beta"),
    *("activity", "scale"),
)
BETWEEN = (
    "convert what comes before it and after it as models of their own, keras.Model(inputs, outputs), and put a layer "
    "of yours between the two"
)
WITHOUT_MASK = (
    "set mask_zero = False, or leave Masking out, and build the model anew with its weights; then write a layer whose "
    "forward calls lstm(embedding(x), mask=x != 0)"
)


class Unsupported(ValueError):  # noqa: N818  # told as a ValueError by whoever knows the name of the layer
    """What a layer does cannot be said exactly on the other side, and why."""


@dataclass(frozen=True)
class Step:
    """A call of a layer in a chain.

    Attributes:
        layer: of Keras.
        before, after: the shapes of a sample as Keras has them, with None for sizes that are free.
    """

    layer: Any
    before: tuple[int | None, ...]
    after: tuple[int | None, ...]

    @property
    def kind(self) -> str:
        """The name of the class, where it is one of Keras."""
        return type(self.layer).__name__ if type(self.layer).__module__.startswith("keras.") else ""


def name_of(layer: Any) -> str:
    """How a layer is called in a message."""
    return f"layer {layer.name!r} ({type(layer).__name__})"


def steps_of(model: Any) -> list[Step]:
    """The calls from the input to the output, those in models inside of the model included.

    Raises:
        TypeError: for what is no model of Keras.
        ValueError: for a model that is not built, has no graph, or is no chain.
    """
    steps = _steps(model)
    for layer, count in Counter(step.layer for step in steps).items():
        if count > 1 and layer.weights:
            raise ValueError(
                f"from_keras: {name_of(layer)} is called {count} times; write a layer whose forward calls one layer as "
                "often, and convert the parts of the model"
            )
    return steps


def _steps(model: Any) -> list[Step]:
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(model, keras.Model):
        raise TypeError(f"from_keras takes a keras.Model or the path of a .keras file, not a {type(model).__name__}")
    if isinstance(model, keras.Sequential) and not model.built:
        raise ValueError(
            f"from_keras: the model {model.name!r} is not built, so that its layers have no weights; call "
            "model.build(shape), or begin it with keras.layers.Input(shape)"
        )
    # A subclass may have a graph, too, and do something else with what it gives.
    has_own = any(not getattr(type(model), name).__module__.startswith("keras.") for name in ("call", "__call__"))
    if has_own or not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise ValueError(
            f"from_keras: {type(model).__name__} is a class with a call of its own, into which nobody can look; write "
            "it as an nn.Layer with the same forward, and convert the layers in it, each as a keras.Sequential"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"from_keras: the model {model.name!r} has {len(model.inputs)} inputs and {len(model.outputs)} outputs, "
            f"and a chain has one of each; convert its parts, and call them in a layer of yours"
        )
    found: list[Step] = []
    tensor = model.outputs[0]
    while True:
        operation, place, _ = tensor._keras_history
        node = operation._inbound_nodes[place]
        if not node.input_tensors:
            return found[::-1]
        _check_call(operation, node)
        before = node.input_tensors[0]
        if isinstance(operation, keras.Model):
            found += _steps(operation)[::-1]
        else:
            found.append(Step(operation, tuple(before.shape[1:]), tuple(tensor.shape[1:])))
        tensor = before


def _check_call(operation: Any, node: Any) -> None:
    """Refuse what no chain has: branches, and calls that say more than what the layer is applied to."""
    name = name_of(operation)
    if node.arguments.kwargs.get("mask") is not None:
        raise ValueError(f"from_keras: {name} gets a mask from a layer before it; {WITHOUT_MASK}")
    if len(node.input_tensors) != 1 or len(node.output_tensors) != 1:
        raise ValueError(
            f"from_keras: {name} has {len(node.input_tensors)} inputs and {len(node.output_tensors)} outputs, and "
            f"layers of a chain have one of each; {BETWEEN}"
        )
    more = [repr(each) for each in node.arguments.args[1:] if each is not None]
    # Keras notes training=False itself, and fit and predict say another.
    more += [
        f"{key}={value!r}" for key, value in node.arguments.kwargs.items() if value is not None and value is not False
    ]
    if more:
        raise ValueError(f"from_keras: {name} is called with {', '.join(more)}; call it with its input alone")


def check_layer(layer: Any) -> np.dtype[Any]:
    """The dtype that a layer computes in.

    Raises:
        Unsupported: for what is set on a layer and would be lost.
    """
    for term in _TERMS:
        for kind, instead in (("regularizer", ", and add the term to the loss here"), ("constraint", "")):
            if getattr(layer, f"{term}_{kind}", None) is not None:
                raise Unsupported(f"its {term}_{kind} would be lost; set it to None{instead}")
    if getattr(layer, "quantization_mode", None) is not None or getattr(layer, "lora_enabled", False):
        raise Unsupported("its weights are quantised or have LoRA; convert a model without them")
    if getattr(layer, "data_format", "channels_last") == "channels_first":
        raise Unsupported(
            'it has data_format="channels_first"; build the model with "channels_last" and the same weights, which '
            "have the same shapes"
        )
    computes, holds = layer.compute_dtype, layer.variable_dtype
    if computes != holds or computes not in ("float32", "float64"):
        raise Unsupported(
            f"it computes in {computes} with weights in {holds}; both have to be float32, or both float64: build the "
            "model under that policy, and give it the weights by set_weights(model.get_weights())"
        )
    found: np.dtype[Any] = np.dtype(computes)
    return found


def array_of(variable: Any) -> NDArray[Any]:
    """The values of a variable of Keras, in the dtype that it says it has: JAX may hold others."""
    return np.array(sys.modules["keras"].ops.convert_to_numpy(variable.value), variable.dtype)
