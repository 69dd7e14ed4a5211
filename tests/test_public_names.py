"""Does `mg.` complete to what a user may call, and to nothing else?"""

import builtins

import minigrad as mg
from minigrad.engine.registry import operations


def test_every_operation_is_a_public_name_and_a_method():
    for name, operation in operations.items():
        if operation.builtin:
            assert getattr(mg, name) is operation.function
            assert (name in mg.__all__) != hasattr(builtins, name)
            if name not in {"choose", "compress", "partition", "resize", "sort"}:  # as arrays have them
                assert hasattr(mg.Tensor(1.0), name) == operation.is_method


def test_what_does_not_begin_with_an_array_is_no_method():
    for name in ("where", "concatenate", "stack", "einsum", "select", "apply_along_axis"):
        assert not operations[name].is_method
    assert all(operations[name].is_method for name in ("tanh", "sum", "median", "clip"))


def test_public_names_exist_and_are_documented():
    for name in mg.__all__:
        assert getattr(mg, name).__doc__, name
