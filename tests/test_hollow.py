"""Is nothing kept that no rule reads, and everything that one does?"""

import numpy as np
import pytest
from operation_checks import CASES, Call, rng_for

import minigrad as mg
from minigrad.engine import residuals
from minigrad.engine.blocks import recording
from minigrad.engine.graph import ancestors


def computed_from(tensors, call):
    """The operation on computed values, which a graph alone keeps alive."""
    return call(*[mg.positive(tensor) for tensor in tensors])


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_rules_read_no_value_that_is_left_out(operation, example, monkeypatch):
    """What is left out is NaN, so reading it would show; of first and second derivatives."""
    monkeypatch.setattr(residuals, "WORTH_REPLACING", 0)
    call = Call(operation, example, rng_for(operation, 5))
    found = []
    for in_full in (True, False):
        tensors = call.tensors()
        if in_full:
            with recording(complete=True):
                out = computed_from(tensors, call)
        else:
            out = computed_from(tensors, call)
        first = mg.gradients(out, tensors, seed=np.cos(np.arange(out.size)).reshape(out.shape), create_graph=True)
        squares = sum((g * g).sum() for g in first if g is not None)
        second = mg.gradients(squares, tensors) if squares.requires_grad else []
        found.append([g.data for g in (*first, *second) if g is not None])
    for whole, lean in zip(*found, strict=True):
        np.testing.assert_array_equal(lean, whole)


def is_hollow(array):
    return isinstance(array, np.ndarray) and array.size > 1 and not any(array.strides)


def kept_of(out):
    """The names of the operations before a result whose results are kept, and the number of arguments that are not."""
    nodes = [node for node in ancestors([out._node]) if node.op is not None]
    return (
        {node.op.name for node in nodes if not is_hollow(node.out)},
        sum(is_hollow(arg) for node in nodes for arg in node.args),
    )


def test_a_graph_keeps_what_its_rules_read():
    x = mg.Tensor(np.linspace(-1.0, 1.0, 1000), requires_grad=True)
    y = mg.tanh(mg.relu(x + 1.0) * 2.0).sum()
    kept, left_out = kept_of(y)
    assert kept == {"relu", "tanh", "sum"}
    assert left_out == 4  # of relu, multiply, tanh and sum; x itself is the user's
    np.testing.assert_array_equal(
        mg.gradients(y, [x])[0].data, 2.0 * (1.0 - np.tanh(2.0 * np.maximum(x.data + 1.0, 0.0)) ** 2) * (x.data > -1.0)
    )


def test_constants_stay_so_that_the_graph_could_be_run_again():
    x, constant = mg.Tensor(np.ones(1000), requires_grad=True), np.arange(1000.0)
    assert (x + constant)._node.args[1] is constant


def test_small_arrays_and_those_of_operations_that_do_not_tell_are_kept():
    small, large = mg.Tensor(np.ones(10), requires_grad=True), mg.Tensor(np.ones(1000), requires_grad=True)
    assert kept_of(mg.sin(small + 1.0))[1] == 0

    @mg.primitive(lambda g, out, x: g)
    def untold(x):
        return x + 0.0

    assert kept_of(untold(mg.positive(large))) == ({"untold"}, 0)


def test_what_was_recorded_in_full_is_all_there():
    x = mg.Tensor(np.ones(1000), requires_grad=True)
    with recording(complete=True):
        y = mg.relu(x + 1.0) * 2.0
    assert kept_of(y) == ({"add", "relu", "multiply"}, 0)


@pytest.mark.parametrize("reads", ["x", [], ["x", "out"], ["z"], ["x z"]])
def test_reads_that_do_not_fit_are_refused(reads):
    with pytest.raises(TypeError, match="reads="):

        @mg.primitive(lambda g, out, x: g, reads=reads)
        def refused(x):
            return x
