"""How is an operation called on its examples, and what has to hold for each of them?"""

import zlib

import effort
import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.examples import arguments
from minigrad.engine.graph import ancestors
from minigrad.engine.registry import operations
from minigrad.testing import gradcheck, gradgradcheck

BUILTIN = {name: operation for name, operation in operations.items() if operation.builtin}
CASES = [
    pytest.param(operation, example, id=f"{name}-{number}")
    for name, operation in BUILTIN.items()
    for number, example in enumerate(operation.examples)
]


def rng_for(operation, salt=0):
    return np.random.default_rng([zlib.crc32(operation.name.encode()), salt])


def joined(parts):
    """The real numbers among several results in one array."""
    return mg.concatenate([mg.reshape(part, -1) for part in parts if np.result_type(part).kind == "f"])


class Call:
    """One call of an operation, as a function of its floating-point arrays alone."""

    def __init__(self, operation, example, rng, dtype=np.float64):
        self.operation = operation
        self.__name__ = operation.name  # what a report calls it
        self.args, self.params = arguments(example, rng)
        self.params = {key: dtype if key == "dtype" else value for key, value in self.params.items()}
        self.arrays = []
        for part in self.args:
            for item in part if isinstance(part, list) else [part]:
                if isinstance(item, np.ndarray) and item.dtype == np.float64:
                    self.arrays.append(item.astype(dtype))

    def __call__(self, *arrays):
        remaining = iter(arrays)

        def fill(part):
            if isinstance(part, list) and part and isinstance(part[0], np.ndarray):
                return [fill(item) for item in part]
            return next(remaining) if isinstance(part, np.ndarray) and part.dtype == np.float64 else part

        result = self.operation.function(*[fill(part) for part in self.args], **self.params)
        # The parts of a split or a decomposition, joined again, so that every case has one result.
        return joined(result) if isinstance(result, (list, tuple)) else result

    def tensors(self):
        return [mg.Tensor(array, requires_grad=True) for array in self.arrays]


def check(checker, operation, example, salt=0, **options):
    """Every derivative of one call has to pass; of an empty array there is none, so that nothing can be seen of it."""
    rng = rng_for(operation, salt)
    call = Call(operation, example, rng)
    is_seen = all(array.size for array in call.arrays)
    result = checker(call, tuple(call.arrays), rng=rng, raise_exception=is_seen, **options)
    assert result.verdict != "fail"
    assert all(leaf.verdict == "pass" or 0 in leaf.shape for leaf in result.leaves), result


# What an array of each kind looks like, and the shapes of those of that kind in the place of another.
KINDS = {
    "0-d": (lambda array: array.ndim == 0, [lambda shape: ()]),
    "empty": (lambda array: array.size == 0, [lambda shape: (0, *shape[1:]), lambda shape: (*shape[:-1], 0)]),
}


def drawn(operation, example):
    return Call(operation, example, rng_for(operation))


def reaches(operation, kind):
    """Whether an example has an array of a kind; the property tests draw all kinds for elementwise operations."""
    is_one, _ = KINDS[kind]
    calls = [drawn(operation, example) for example in operation.examples]
    return operation.elementwise or any(is_one(array) for call in calls for array in call.arrays)


def verified(checked, operation, example):
    """Run a check, but only once for every example: the table of docs/operations.md is made of the same results."""
    key = checked.__name__, operation.name, id(example)
    if key not in OUTCOMES:
        try:
            OUTCOMES[key] = checked(operation, example)
        except Exception as error:
            OUTCOMES[key] = error
    if OUTCOMES[key] is not None:
        raise OUTCOMES[key]


OUTCOMES = {}


def first_derivative(operation, example):
    check(gradcheck, operation, example, salt=1)


def second_derivative(operation, example):
    """The derivatives of the gradients with respect to the arguments and to the upstream gradient.

    At the first example they are compared element by element, at others along a direction through all elements.
    """
    if any(getattr(part, "straight", False) for part in (example if isinstance(example, tuple) else [example])):
        call = drawn(operation, example)
        tensors = call.tensors()
        first = mg.gradients(call(*tensors), tensors, create_graph=True)
        second = mg.gradients(sum((g * g).sum() for g in first), tensors)
        assert max(np.abs(g.data).max() for g in second) < 1e-14
    else:
        by_elements = effort.thorough or example is operation.examples[0]
        check(gradgradcheck, operation, example, salt=2, mode="dense" if by_elements else "projected", directions=1)


def directional_derivative(operation, example):
    """<u, J v> from a pass forward equals <J^T u, v> from a pass back, which is checked against values above."""
    rng = rng_for(operation, 4)
    call = Call(operation, example, rng)
    tangents = tuple(rng.uniform(0.5, 1.5, array.shape) for array in call.arrays)
    out, pushed = mg.jvp(call, tuple(call.arrays), tangents)
    upstream = rng.uniform(0.5, 1.5, np.shape(out))
    pulled = mg.vjp(call, *call.arrays)[1](upstream)
    terms = [np.sum(g * v) for g, v in zip(pulled, tangents, strict=True)]
    assert (np.shape(pushed), pushed.dtype) == (np.shape(out), out.dtype)
    np.testing.assert_allclose(
        np.sum(upstream * pushed), np.sum(terms), rtol=1e-9, atol=1e-12 + 1e-9 * np.abs(terms).max()
    )


def is_double(operation):
    """Whether NumPy computes it in float64 whatever it is given: of its ufunc there is nothing for float32."""
    ufuncs = [function for function in operation.overrides if isinstance(function, np.ufunc)]
    return not all(any(types.startswith("f") for types in ufunc.types) for ufunc in ufuncs)


def float32_is_kept(operation, example):
    """The value, the gradients and the second derivatives are float32, and close to those in float64."""
    results = {}
    for dtype in (np.float32, np.float64):
        call = Call(operation, example, rng_for(operation, 3), dtype)
        tensors = call.tensors()
        out = call(*tensors)
        first = mg.gradients(out, tensors, seed=np.ones(out.shape), create_graph=True)
        squares = sum((g * g).sum() for g in first if g is not None)
        # What a rule returns is cast if it has to be; here every step has to keep the precision by itself.
        steps = ancestors([squares._node]) if squares.requires_grad else []
        assert {node.out.dtype for node in steps} <= {np.dtype(dtype)}
        second = mg.gradients(squares, tensors) if squares.requires_grad else []
        results[dtype] = [out, squares, *(g for g in (*first, *second) if g is not None)]
        assert {result.dtype for result in results[dtype]} == {np.dtype(dtype)}
    for low, high in zip(results[np.float32], results[np.float64], strict=True):
        np.testing.assert_allclose(low.data, high.data, rtol=2e-4, atol=2e-4)
