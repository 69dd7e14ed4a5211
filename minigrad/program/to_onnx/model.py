"""How does a graph become a model of the package onnx?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.program.to_onnx.graph import Graph, Node

if TYPE_CHECKING:
    from onnx import ModelProto as ModelProto

# Operators of this version are known to every runtime of the last years.
OPSET = 18
# The version of the file that belongs to it.
_FILE_VERSION = 8

# The name of a tensor, its dtype, and its sizes: numbers, names of sizes that are free, None for others.
Port = tuple[str, np.dtype[Any], Sequence[int | str | None]]


def import_onnx() -> Any:
    """The package onnx.

    Raises:
        ImportError: without it.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError('to_onnx needs onnx: pip install "minigrad-numpy[onnx]"') from error
    return onnx


def needed(nodes: Sequence[Node], wanted: Sequence[str]) -> list[Node]:
    """The nodes that something wanted is computed from."""
    used, kept = set(wanted), []
    for node in reversed(nodes):
        if used & set(node.gives):
            used.update(node.takes)
            kept.append(node)
    return kept[::-1]


def model_of(
    graph: Graph, name: str, takes: Sequence[Port], gives: Sequence[Port], names: Mapping[str, str]
) -> ModelProto:
    """The checked model.

    Args:
        graph: its nodes and constants.
        name: of the graph.
        takes, gives: the tensors that go in and come out, by the names they have in the model.
        names: what tensors of the graph are called in the model, where it is something else.
    """
    onnx = import_onnx()
    called = {**names}
    ends = {each: own for own, each in names.items()}
    nodes = needed(graph.nodes, [ends.get(port[0], port[0]) for port in gives])
    used = {each for node in nodes for each in node.takes}
    written = onnx.helper.make_graph(
        [
            onnx.helper.make_node(
                node.kind,
                [called.get(each, each) for each in node.takes],
                [called.get(each, each) for each in node.gives],
                **{key: _setting(onnx, value) for key, value in node.settings.items()},
            )
            for node in nodes
        ],
        name,
        [_port(onnx, port) for port in takes],
        [_port(onnx, port) for port in gives],
        [
            onnx.numpy_helper.from_array(array, called.get(own, own))
            for own, array in graph.constants.items()
            if own in used
        ],
    )
    model: ModelProto = onnx.helper.make_model(
        written,
        producer_name="minigrad",
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=_FILE_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def write(model: ModelProto, path: str | os.PathLike[str]) -> None:
    """Write a model to a file."""
    import_onnx().save(model, os.fspath(path))


def _setting(onnx: Any, value: Any) -> Any:
    return onnx.helper.np_dtype_to_tensor_dtype(value) if isinstance(value, np.dtype) else value


def _port(onnx: Any, port: Port) -> Any:
    name, dtype, sizes = port
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(dtype), list(sizes))
