"""What has to hold for the ONNX model of a program: a runtime computes with it what the program computes."""

import numpy as np
import onnxruntime
from program_checks import at_other_sizes

import minigrad as mg

WITHIN = {np.dtype(np.float32): 1e-6, np.dtype(np.float64): 1e-12}
OPTIONS = onnxruntime.SessionOptions()
# One thread, and no word about what it does not know: that is an error anyway.
OPTIONS.intra_op_num_threads = OPTIONS.inter_op_num_threads = 1
OPTIONS.log_severity_level = 4


class UnknownToTheRuntime(Exception):  # noqa: N818  # the model may still be right
    """A node is valid, but this runtime has no code for its dtype."""


def session_of(model):
    """What runs a model."""
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), OPTIONS, providers=["CPUExecutionProvider"])
    except Exception as error:
        if "NOT_IMPLEMENTED" in str(error):
            raise UnknownToTheRuntime(str(error)) from None
        raise


def feeds(program, arrays):
    """Arrays by the names of the inputs."""
    given = [each for each in program.inputs if each.held is None]
    return {each.name: array for each, array in zip(given, arrays, strict=True)}


def assert_close(got, expected):
    """Equal to the last digits of the largest element; of the same dtype and shape."""
    assert len(got) == len(expected)
    for value, other in zip(got, map(np.asarray, expected), strict=True):
        assert (value.dtype, value.shape) == (other.dtype, other.shape)
        within = WITHIN.get(other.dtype, 0.0)
        reach = np.max(np.abs(other), initial=1.0, where=np.isfinite(other)) if within else 1.0
        np.testing.assert_allclose(value, other, rtol=within, atol=within * reach)


def values_of(program, arrays):
    """The leaves of the result, as arrays; what layers hold stays as it is."""
    held = [each.held.read() for each in program.inputs if each.held is not None]
    return program.of_arrays([*arrays, *held])


def agreed(program, arrays, salt=0):
    """The model of a program, after it has given the same at these arrays and at other sizes."""
    model = program.to_onnx()
    session = session_of(model)
    assert_close(session.run(None, feeds(program, arrays)), values_of(program, arrays))
    if any(each.held is not None for each in program.inputs):
        return model
    others = at_other_sizes(program, arrays, np.random.default_rng(salt), lambda size, position: size + 1 + position)
    if others is not None:
        try:
            expected = values_of(program, others)
        except mg.ProgramError:
            # The function itself does not take such sizes.
            return model
        assert_close(session.run(None, feeds(program, others)), expected)
    return model


def check(function, *arrays):
    """As `agreed`, for a function; in float32 where the runtime knows no float64."""
    try:
        return agreed(mg.program(function, *arrays, wrt=[]), arrays)
    except UnknownToTheRuntime:
        arrays = [array.astype(np.float32) if array.dtype == np.float64 else array for array in arrays]
        return agreed(mg.program(function, *arrays, wrt=[]), arrays)
