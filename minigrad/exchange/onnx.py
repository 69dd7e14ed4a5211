"""How is a model written as an ONNX file?"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.pytrees import leaves
from minigrad.engine.values import plain
from minigrad.nn.layer import Layer
from minigrad.nn.mode import call_in_mode
from minigrad.ops.nn.arguments import is_integer
from minigrad.program.build import program
from minigrad.program.errors import ProgramError
from minigrad.program.program import Program

if TYPE_CHECKING:
    from minigrad.program.to_onnx.model import ModelProto

# How many sizes of a batch are tried, and up to which one the model is compared with what was recorded.
_TRIES = 3
_COMPARED = 8
_SEVERAL = "mg.program(f, *examples, wrt=[]).to_onnx(path) writes functions of several arrays, and with several results"


def to_onnx(
    model: Layer,
    path: str | os.PathLike[str] | None = None,
    *,
    input_shape: tuple[int, ...],
    dtype: DTypeLike | None = None,
    input_name: str = "input",
    output_name: str = "output",
) -> ModelProto:
    """Write a model of one input and one output as an ONNX model, which other programs run.

    It is the model in evaluation mode, with the weights that it has now. The number of samples is free, and called
    ``batch``; so are other sizes, if the model takes any.

    Args:
        model: any layer; its mode stays as it is.
        path: a file to which the ONNX model is written, too.
        input_shape: of one sample, without the batch: ``(1, 28, 28)`` for MNIST's images.
        dtype: of the input; by default that of the parameters, or int64 for a model that takes whole numbers alone.
        input_name, output_name: of what goes in and comes out.

    Returns:
        the model, an ``onnx.ModelProto`` that ``onnx.checker`` has checked.

    Raises:
        ValueError: for another shape than the model takes, names that are empty or the same, and a model that fixes the
            number of samples, or changes its state in evaluation.
        TypeError: for what is no layer, or for a model that gives several arrays.
        ProgramError: for a call that has no counterpart in ONNX, with the line that it belongs to.
        ImportError: without onnx: ``pip install "minigrad-numpy[onnx]"``.

    Examples:
        >>> model = nn.Sequential(nn.Dense(4, 8, rng=0), nn.ReLU(), nn.Dense(8, 2, rng=1))
        >>> written = mg.exchange.to_onnx(model, input_shape=(4,))
        >>> [node.op_type for node in written.graph.node]
        ['MatMul', 'Add', 'Relu', 'MatMul', 'Add']
    """
    if not isinstance(model, Layer):
        raise TypeError(f"to_onnx takes an nn.Layer, not a {type(model).__name__}; {_SEVERAL}")
    if not isinstance(input_shape, (tuple, list)) or not all(is_integer(size) and size >= 1 for size in input_shape):
        raise ValueError(
            f"to_onnx: input_shape is the shape of one sample, a tuple of whole numbers such as (1, 28, 28) or (4,), "
            f"not {input_shape!r}; {_SEVERAL}"
        )
    if not input_name or not output_name or input_name == output_name:
        raise ValueError(f"to_onnx: the names {input_name!r} and {output_name!r} have to be two different ones")
    state = [(each, np.array(each.numpy())) for each in model.states()]
    try:
        return call_in_mode(
            model, False, lambda: _written(model, path, tuple(input_shape), dtype, input_name, output_name)
        )
    finally:
        for each, values in state:
            if not np.array_equal(each.numpy(), values, equal_nan=True):
                each.data = values


def _written(
    model: Layer,
    path: str | os.PathLike[str] | None,
    input_shape: tuple[int, ...],
    dtype: DTypeLike | None,
    input_name: str,
    output_name: str,
) -> ModelProto:
    sizes = {*input_shape, *(size for _, tensor in model.named_tensors() for size in tensor.shape)}
    # A batch that is as large as something else could be taken for it.
    batches = [count for count in range(3, 3 + 2 * len(sizes) + _TRIES) if count not in sizes][:_TRIES]
    for batch in batches:
        recorded = _recorded(model, (batch, *input_shape), dtype)
        taken = (input_name, output_name)
        recorded.inputs = [replace(each, name=input_name) if each.held is None else each for each in recorded.inputs]
        recorded.names = {var: name for var, name in recorded.names.items() if name not in taken}
        recorded.names |= dict.fromkeys(recorded.outputs, output_name)
        written = recorded.to_onnx()
        if written.graph.input[0].type.tensor_type.shape.dim[0].dim_param:
            break
    else:
        raise ValueError(
            "to_onnx: the model fixes the number of samples, which has to be free in the file; write len(x) for it in "
            "forward, and make no Python number of it"
        )
    _compare(model, recorded, (batch, *input_shape))
    if (found := written.graph.output[0].name) != output_name:
        raise ValueError(
            f"to_onnx: a weight is called {output_name!r}, so that the output is {found!r}; choose another"
        )
    for port in (*written.graph.input, *written.graph.output):
        for size in port.type.tensor_type.shape.dim:
            if size.dim_param == f"{input_name}_0":
                size.dim_param = "batch"
    if path is not None:
        from minigrad.program.to_onnx.model import write

        write(written, path)
    return written


def _compare(model: Layer, recorded: Program, shape: tuple[int, ...]) -> None:
    """Raise where a model does something else for another number of samples than for the one it was recorded with."""
    dtype = next(each.var.dtype for each in recorded.inputs if each.held is None)
    for count in range(1, _COMPARED + 1):
        # What may be looked up somewhere is 0, which all tables have.
        x = np.zeros((count, *shape[1:]), dtype)
        if x.dtype.kind == "f":
            x[...] = np.random.default_rng(count).normal(size=x.shape)
        expected = np.asarray(plain(model(x)))
        try:
            found = np.asarray(recorded(x))
        except ProgramError as error:
            raise ValueError(
                f"to_onnx: with {count} samples, {error}; the number of samples is free in the file"
            ) from error
        if found.shape != expected.shape or not np.allclose(found, expected, rtol=1e-3, atol=1e-5, equal_nan=True):
            raise ValueError(
                f"to_onnx: the model does something else for {count} samples than for {shape[0]}, and a file in ONNX "
                "has one way for all; choose by values, with np.where, or write a file for one number of samples by "
                "mg.program(model, example, wrt=[]).to_onnx(path)"
            )


def _recorded(model: Layer, shape: tuple[int, ...], dtype: DTypeLike | None) -> Program:
    floats = [tensor.dtype for _, tensor in model.named_tensors() if tensor.dtype.kind == "f"]
    kinds = [floats[0] if floats else np.float32, np.int64] if dtype is None else [dtype]
    example: Any = None
    before = [np.array(each.numpy()) for each in model.states()]
    for kind in kinds:
        example = np.zeros(shape, kind)
        try:
            out = model(example)
            break
        except TypeError:
            # Of whole numbers, which an embedding looks up.
            if kind is kinds[-1]:
                raise
    if not all(map(np.array_equal, before, [each.numpy() for each in model.states()])):
        raise ValueError(
            "to_onnx: the model changes its state in evaluation, and a file in ONNX remembers nothing; change it only "
            "where self.training, or take it as an argument and give it back; " + _SEVERAL
        )
    found = [leaf for _, leaf in leaves(out)]
    if len(found) != 1:
        raise TypeError(f"to_onnx: the model gives {len(found)} arrays, not one; {_SEVERAL}")
    return program(lambda x: model(x), example, wrt=[], name=type(model).__name__)
