"""Does `mg.` complete to what a user may call, and to nothing else?"""

import builtins

import pytest

import minigrad as mg
from minigrad.engine.registry import operations


def test_every_public_operation_is_a_name_and_a_method():
    for name, operation in operations.items():
        if operation.builtin and operation.public:
            assert getattr(mg, name) is operation.function
            assert (name in mg.__all__) != hasattr(builtins, name)
            if name not in {"choose", "compress", "partition", "resize", "sort"}:  # as arrays have them
                assert hasattr(mg.Tensor(1.0), name) == operation.is_method


HELPERS = [name for name, operation in operations.items() if not operation.public]


@pytest.mark.parametrize("name", HELPERS)
def test_helpers_are_not_shown_to_users(name):
    for module in (mg, mg.ops):
        assert name not in dir(module)
        assert name not in module.__all__
    x = mg.Tensor(1.0)
    assert name not in dir(x)
    assert not hasattr(x, name)
    assert operations[name].builtin
    assert not operations[name].overrides  # what NumPy's users know


def test_known_helpers_are_declared_as_such():
    assert {"keep_where", "tall_qr", "to_windows", "label_cross_entropy", "matmul_with_bias", "getitem"} <= {*HELPERS}


def test_what_does_not_begin_with_an_array_is_no_method():
    for name in ("where", "concatenate", "stack", "einsum", "select", "apply_along_axis"):
        assert not operations[name].is_method
    assert all(operations[name].is_method for name in ("tanh", "sum", "median", "clip"))


def test_public_names_exist_and_are_documented():
    for name in mg.__all__:
        assert getattr(mg, name).__doc__, name
