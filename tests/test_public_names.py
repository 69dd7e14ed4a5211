"""Does `mg.` complete to what a user may call, and to nothing else?"""

import builtins
import inspect
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

import minigrad as mg
from minigrad import data, losses, nn, optim
from minigrad.engine.registry import operations
from minigrad.training import metrics
from minigrad.training.runs import checkpoint

MODULES = {"nn", "losses", "optim", "data", "metrics", "checkpoint", "exchange", "plot", "testing"}
PUBLIC = {name for name, operation in operations.items() if operation.builtin and operation.public}
HELPERS = sorted(name for name, operation in operations.items() if not operation.public)


def test_the_package_shows_what_a_user_may_call():
    shown = {name: getattr(mg, name) for name in dir(mg)}
    assert shown.pop("__version__")
    assert {name for name, value in shown.items() if inspect.ismodule(value)} == MODULES
    assert all(callable(value) for name, value in shown.items() if name not in MODULES)
    assert shown.keys() - MODULES == PUBLIC | {"compile"} | (set(mg.__all__) - MODULES)
    assert not any(name.startswith("_") for name in shown)


def test_a_star_import_takes_the_same_and_leaves_pythons_names_alone():
    assert {*mg.__all__} == set(dir(mg)) - set(dir(builtins)) - {"exchange", "plot", "testing", "__version__"}


@pytest.mark.parametrize(
    "module",
    [nn, losses, optim, data, metrics, checkpoint, mg.exchange, mg.plot, mg.testing],
    ids=lambda module: module.__name__,
)
def test_modules_show_what_they_export(module):
    assert sorted(dir(module)) == sorted(module.__all__)
    assert not any(inspect.ismodule(getattr(module, name)) for name in module.__all__ if name != "strategies")


def test_public_names_exist_and_are_documented():
    for name in dir(mg):
        assert name == "__version__" or getattr(mg, name).__doc__, name


def test_the_version_is_that_of_the_distribution():
    assert mg.__version__ == metadata.version("minigrad-numpy")


LATER = """
import sys
from importlib import metadata
import minigrad as mg

assert not {"minigrad.testing", "minigrad.plot", "minigrad.exchange", "hypothesis", "matplotlib"} & sys.modules.keys()
assert mg.exchange.to_onnx and mg.exchange is sys.modules["minigrad.exchange"]
assert mg.testing.gradcheck and mg.testing is sys.modules["minigrad.testing"]
assert mg.plot.history and mg.plot is sys.modules["minigrad.plot"]
assert not {"hypothesis", "matplotlib"} & sys.modules.keys()
assert not hasattr(mg, "testings")
"""


def test_what_few_programs_use_is_imported_when_it_is_asked_for():
    subprocess.run([sys.executable, "-c", LATER], check=True)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_operation_is_a_name(name):
    assert getattr(mg, name) is operations[name].function


@pytest.mark.parametrize("name", HELPERS)
def test_helpers_are_not_shown_to_users(name):
    x = mg.Tensor(1.0)
    assert name not in dir(mg)
    assert name not in dir(x)
    assert not hasattr(mg, name)
    assert not hasattr(x, name)
    assert operations[name].builtin
    assert not operations[name].overrides  # what NumPy's users know


def test_known_helpers_are_declared_as_such():
    assert {"keep_where", "contract", "to_windows", "label_cross_entropy", "matmul_with_bias", "getitem"} <= {*HELPERS}


# The methods of arrays that write to them or look into their memory, which a Tensor does not let anybody do.
REFUSED = {"byteswap", "data", "fill", "flat", "getfield", "itemset", "partition", "put", "resize", "setfield"}
REFUSED |= {"setflags", "sort", "strides", "tobytes", "tofile", "view", "ctypes", "base", "flags", "device"}
REFUSED |= {"dump", "dumps", "to_device"}
OWN = {"backward", "data", "detach", "grad", "is_leaf", "name", "named", "numpy", "requires_grad", "requires_grad_"}
OWN |= {"register_hook", "retain_grad", "zero_grad"}


def test_a_tensor_has_the_methods_of_arrays_and_the_functions_of_each_element():
    x = mg.Tensor(np.ones((2, 2)))
    shown = {name for name in dir(x) if not name.startswith("__")}
    of_arrays = {name for name in dir(np.ndarray) if not name.startswith("_")}
    elementwise = {name for name in PUBLIC if operations[name].elementwise and operations[name].is_method}
    assert shown == (of_arrays - REFUSED) | elementwise | OWN
    assert {"tanh", "relu", "gammaln"} <= elementwise
    for name in shown:
        getattr(x, name)


@pytest.mark.parametrize(
    "name", ["where", "stack", "softmax", "median", "maximum", "conv2d", "solve", "pad", "linspace"]
)
def test_other_operations_are_no_methods(name):
    assert not operations[name].is_method
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'; it is a function, mg\.{name}$"):
        getattr(mg.Tensor(1.0), name)


@pytest.mark.parametrize("name", ["thrice", "round"])  # arrays have one of them
def test_an_operation_of_the_users_own_is_no_method(name):
    thrice = mg.primitive(lambda g, out, x: g * 3.0, name=name)(lambda x: x * 3.0)
    x = mg.Tensor(2.0)
    assert thrice(x).item() == 6.0
    assert hasattr(x, name) == (name == "round")
    assert name == "thrice" or x.round() == 2.0
    assert not hasattr(mg, name)


def test_the_three_gradients_name_each_other():
    names = {"grad", "gradients", "gradient"}
    for name in names:
        for other in names - {name}:
            assert f"`minigrad.{other}`" in getattr(mg, name).__doc__
