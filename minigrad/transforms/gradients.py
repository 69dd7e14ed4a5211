"""What are the gradients of this Tensor with respect to those?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.engine.annotations import Data
from minigrad.engine.cotangents import cotangents, refuse_constants
from minigrad.engine.graph import Node
from minigrad.engine.tensor import Tensor

_USE = "write mg.gradients(y, [x]) for Tensors y and x"


def gradients(
    output: Tensor,
    inputs: Iterable[Tensor],
    seed: Data | None = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> list[Tensor | Any]:  # Any for None, which a type checker need not ask about where there is a gradient
    """The gradients of one output with respect to several inputs; nothing is deposited in ``.grad``.

    The Tensors are there already, as after ``backward()``. `minigrad.grad` differentiates a function, before it is
    called, and `minigrad.gradient` differences samples.

    Args:
        output: the Tensor to differentiate.
        inputs: leaves or results that require gradients; rules that lead to no input are not evaluated.
        seed: as in `Tensor.backward`.
        create_graph: record the pass itself, so that the gradients can be differentiated again.
        retain_graph: keep the graph for another pass; by default exactly if `create_graph`.

    Returns:
        One Tensor for each input, of its shape and dtype; None where the output does not depend on it.

    Raises:
        RuntimeError, ValueError: as `Tensor.backward`.
        TypeError: as `Tensor.backward`; also for an output or an input that is not a Tensor, and inputs that are not a
            list of them.

    Examples:
        >>> x = mg.Tensor(3.0, requires_grad=True)
        >>> (slope,) = mg.gradients(x ** 3, [x], create_graph=True)
        >>> mg.gradients(slope, [x])
        [Tensor(18.)]
    """
    if not isinstance(output, Tensor):
        raise TypeError(f"gradients: the output is a {type(output).__name__}, not a Tensor: {_USE}")
    if isinstance(inputs, (Tensor, str, dict)) or not isinstance(inputs, Iterable):
        raise TypeError(f"gradients: the inputs are a {type(inputs).__name__}, not a list of Tensors: {_USE}")
    nodes: list[Node] = []
    for position, tensor in enumerate(inputs):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"gradients: inputs[{position}] is a {type(tensor).__name__}, not a Tensor: {_USE}")
        if tensor._node is None:
            raise ValueError(
                f"gradients: inputs[{position}] does not require a gradient; make it with requires_grad=True"
            )
        nodes.append(tensor._node)
    if not create_graph:
        refuse_constants("mg.gradients(y, inputs)", output, seed)
    keep = create_graph if retain_graph is None else retain_graph
    collected = cotangents([output], [seed], keep, create_graph, set(nodes))
    return [collected.get(node) for node in nodes]
