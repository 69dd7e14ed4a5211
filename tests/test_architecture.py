"""Do imports go one way, and does the package need NumPy and SciPy alone?"""

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad as mg
from minigrad.engine.registry import operations

PACKAGE = Path(mg.__file__).parent

# Each room may import from those above it.
ORDER = [
    ["engine"],
    ["kernels"],
    ["ops"],
    ["transforms", "losses", "nn", "optim", "data"],
    ["training"],
    ["__init__"],
    ["testing"],
]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
# What reuses memory counts references, and the engine asks it.
KNOWN = {("engine/backward.py", "kernels"), ("engine/aliasing.py", "kernels")}


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path):
    """The parts of minigrad that a file imports, type-checking imports left out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "minigrad":
            parts = node.module.split(".")[1:]
            yield from [parts[0]] if parts else [alias.name for alias in node.names]


def imported_packages(path):
    """The packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    own = room(path)
    for other in imported_rooms(path):
        assert other in RANK, f"{other} has no place in the order of imports"
        if (str(path.relative_to(PACKAGE)), other) not in KNOWN:
            assert other == own or RANK[other] < RANK[own], f"{own} imports {other}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_first_line_says_what_the_file_is_for(path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    assert path.read_text().startswith('"""')


ONLY_NUMPY_AND_SCIPY = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {"keras", "jax", "torch", "tensorflow", "sklearn", "tqdm", "safetensors", "hypothesis", "pytest"}:
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, Absent())
import minigrad
from minigrad import testing
print(minigrad.Tensor(1.0), testing.gradcheck(minigrad.tanh, 1.0).verdict)
print("scipy.signal" in sys.modules, "scipy.stats" in sys.modules)
"""


def test_package_imports_with_numpy_and_scipy_alone():
    done = subprocess.run([sys.executable, "-c", ONLY_NUMPY_AND_SCIPY], capture_output=True, text=True, check=True)
    assert done.stdout == "Tensor(1.) pass\nFalse False\n"


WITHOUT_HYPOTHESIS = """
import sys

sys.modules["hypothesis"] = None
from minigrad.testing import *
from minigrad import testing

assert "gradcheck" in globals()
assert "grad_property" not in testing.__all__
for name in ("strategies", "grad_property"):
    try:
        getattr(testing, name)
    except ImportError as error:
        print(error)
"""


def test_what_needs_hypothesis_says_so_when_it_is_asked_for():
    done = subprocess.run([sys.executable, "-c", WITHOUT_HYPOTHESIS], capture_output=True, text=True, check=True)
    line = 'testing.strategies and testing.grad_property need hypothesis: pip install "minigrad[tests]"\n'
    assert done.stdout == 2 * line


WITH_HYPOTHESIS = """
import sys
from minigrad import testing

assert "hypothesis" not in sys.modules
assert {"strategies", "grad_property"} <= set(dir(testing)) & set(testing.__all__)
from minigrad.testing import *

assert callable(grad_property) and grad_property is testing.grad_property
assert callable(strategies.arrays) and strategies is testing.strategies
assert not hasattr(testing, "grad_properties")
"""


def test_hypothesis_is_imported_when_it_is_asked_for():
    subprocess.run([sys.executable, "-c", WITH_HYPOTHESIS], check=True)


def test_one_file_imports_hypothesis():
    assert [path.name for path in PACKAGE.rglob("*.py") if "hypothesis" in imported_packages(path)] == ["hypothesis.py"]


def test_nothing_depends_on_the_tools_for_testing():
    for path in PACKAGE.rglob("*.py"):
        if room(path) != "testing":
            assert "testing" not in imported_rooms(path), path


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


def imported_files(path):
    """The files of minigrad that a file imports names from, type-checking imports included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "minigrad":
            base = PACKAGE.joinpath(*node.module.split(".")[1:])
            own = [base / f"{alias.name}.py" for alias in node.names]
            found = [file for file in own if file.is_file()]
            yield from found or [base.with_suffix(".py") if not base.is_dir() else base / "__init__.py"]


@pytest.mark.parametrize("place", ["nn", "training", "optim"])
def test_no_files_of_a_room_import_each_other_in_a_circle(place):
    files = sorted((PACKAGE / place).glob("*.py"))
    left = {file: {other for other in imported_files(file) if other in files} for file in files}
    while left:
        free = [file for file, others in left.items() if not others & left.keys()]
        assert free, f"a circle among {[file.name for file in left]}"
        for file in free:
            del left[file]
