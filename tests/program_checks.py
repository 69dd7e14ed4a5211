"""What has to hold for a program of a function: it gives what the tape gives, at other values and other sizes."""

import numpy as np

import minigrad as mg
from minigrad.program.fresh_inputs import resized
from minigrad.program.ir import Dim, Size
from minigrad.program.source.writer import source_of

RNG = np.random.default_rng(0)


def uniform(*shape):
    """Random numbers between -1 and 1."""
    return RNG.uniform(-1.0, 1.0, shape)


def by_the_tape(function, arrays):
    """The value of a function of arrays, and its gradients by all of them."""
    tensors = [mg.Tensor(array, requires_grad=True) for array in arrays]
    out = function(*tensors)
    if not (isinstance(out, mg.Tensor) and out.requires_grad):
        return [np.asarray(out), *(np.zeros(np.shape(array)) for array in arrays)]
    found = mg.gradients(out, tensors)
    return [out.numpy(), *(np.zeros(a.shape) if g is None else g.numpy() for g, a in zip(found, arrays, strict=True))]


def executed(program):
    """The function that the source of a program defines, and which needs nothing but NumPy and SciPy."""
    text = source_of(program, "written")
    assert "minigrad" not in text
    names = {}
    exec(text, names)
    return names["written"]


def assert_same(got, expected, tolerance=1e-12):
    """Equal to the last digits, which are those of the largest element."""
    assert len(got) == len(expected)
    for value, other in zip(got, expected, strict=True):
        assert np.shape(value) == np.shape(other)
        reach = np.max(np.abs(other), initial=1.0, where=np.isfinite(other))
        np.testing.assert_allclose(value, other, rtol=tolerance, atol=tolerance * reach)


def at_other_sizes(program, arrays, rng, change):
    """Arrays of sizes that the program allows, each free one changed by a function; None where none is free."""
    shapes = {each.var: list(array.shape) for each, array in zip(program.inputs, arrays, strict=True)}
    guarded = {guard.dim: guard for guard in program.guards}
    free = [
        Dim(each.var, axis)
        for each in program.inputs
        for axis in range(len(each.var.shape))
        if Dim(each.var, axis) not in guarded
    ]
    if not free:
        return None
    for position, dim in enumerate(free):
        shapes[dim.var][dim.axis] = change(shapes[dim.var][dim.axis], position)
    for dim, guard in guarded.items():
        known = {var: tuple(shape) for var, shape in shapes.items()}
        if isinstance(guard.size, Size):
            shapes[dim.var][dim.axis] = guard.size.value(known)
    return [resized(array, shapes[each.var], rng) for each, array in zip(program.inputs, arrays, strict=True)]
