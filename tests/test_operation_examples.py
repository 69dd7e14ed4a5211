"""Has every operation examples, away from kinks, and of scalars and empty arrays where these have a meaning?"""

from dataclasses import replace

import numpy as np
import pytest
from operation_checks import BUILTIN, KINDS, drawn, reaches

import minigrad as mg
from minigrad.engine.examples import Sample, reals


@pytest.mark.parametrize("name", BUILTIN)
def test_operation_declares_examples(name):
    assert BUILTIN[name].examples, f"{name} has no example inputs, so nothing checks its derivatives"
    assert BUILTIN[name].function.__doc__


def reshaped(part, change):
    """An example with arrays of other shapes in the place of its own; those of 0-d arrays stay."""
    if isinstance(part, (list, tuple)):
        return type(part)([reshaped(item, change) for item in part])
    if not isinstance(part, Sample):
        return part
    return Sample(change(part.shape) if part.shape else (), part.low, part.high)


def refuses(operation, example):
    """Whether NumPy has no such value, or the operation says so itself; warnings are refusals, too."""
    for function in operation.overrides:
        try:
            drawn(replace(operation, function=function), example)(*drawn(operation, example).arrays)
        except Exception:
            return True
    call = drawn(operation, example)
    try:
        tensors = call.tensors()
        out = call(*tensors)
        mg.gradients(out, tensors, seed=np.ones(out.shape))
    except Exception as error:
        return not operation.overrides or operation.name in str(error)
    return False


def test_what_numpy_takes_is_no_refusal():
    assert not refuses(BUILTIN["sum"], reals())
    assert not refuses(BUILTIN["mean"], (reals(0, 3), {"axis": 1}))
    assert refuses(BUILTIN["mean"], (reals(3, 0), {"axis": 1}))  # a mean of nothing, with a warning
    assert refuses(BUILTIN["matmul"], (reals(), reals()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name, operation in BUILTIN.items() if not operation.elementwise])
def test_examples_reach_scalars_and_empty_arrays_where_these_have_a_meaning(name, kind):
    operation = BUILTIN[name]
    if not reaches(operation, kind):
        full = [each for each in operation.examples if all(array.size for array in drawn(operation, each).arrays)]
        is_one, changes = KINDS[kind]
        changed = [reshaped(example, change) for example in full for change in changes]
        changed = [each for each in changed if any(is_one(array) for array in drawn(operation, each).arrays)]
        assert changed
        for example in changed:
            assert refuses(operation, example), f"give {name} an example such as {example}"


def test_samples_are_distinct_and_away_from_kinks():
    rng = np.random.default_rng(0)
    first, second = (Sample((4, 5), -2.0, 2.0).draw(rng, argument) for argument in (0, 1))
    values = np.sort(np.concatenate([first.ravel(), second.ravel(), [0.0]]))
    assert np.diff(values).min() > 0.04
