"""Do imports go one way, and does the package need NumPy and SciPy alone?"""

import subprocess
import sys
from pathlib import Path

import import_rules
import pytest
from import_rules import Package

import minigrad as mg


@pytest.fixture(scope="module")
def sources():
    """The package, which takes seconds to read."""
    return Package(Path(mg.__file__).parent)


@pytest.mark.parametrize("check", import_rules.CHECKS, ids=lambda check: check.__name__)
def test_the_package_keeps_the_rule(check, sources):
    assert check(sources) == []


# A package of two or three files that breaks one rule, and what the check says of it.
BROKEN = [
    (import_rules.relative_imports, {"nn/dense.py": "from .layer import Layer"}, "nn/dense.py imports with 1 dots"),
    (import_rules.against_the_ranks, {"engine/graph.py": "from minigrad.ops import sums"}, "imports minigrad.ops"),
    (import_rules.against_the_ranks, {"engine/graph.py": "import minigrad.nn.layer"}, "imports minigrad.nn.layer"),
    (import_rules.against_the_ranks, {"ops/sums.py": "import minigrad as mg"}, "ops/sums.py imports minigrad"),
    (import_rules.against_the_ranks, {"nn/dense.py": "from minigrad import losses"}, "imports minigrad.losses"),
    (import_rules.against_the_ranks, {"nn/dense.py": "def f():\n    import minigrad.optim"}, "imports minigrad.optim"),
    (import_rules.against_the_ranks, {"training/loop.py": "from minigrad import testing"}, "imports minigrad.testing"),
    (import_rules.against_the_ranks, {"__init__.py": "from minigrad import testing"}, "imports minigrad.testing"),
    (import_rules.against_the_ranks, {"extras/more.py": ""}, "extras/more.py has no place"),
    (import_rules.around_the_kernels, {"engine/graph.py": "import minigrad.kernels.masked"}, "engine/graph.py imports"),
    (import_rules.around_the_kernels, {"nn/dense.py": "from minigrad.kernels import masked"}, "nn/dense.py imports"),
    (import_rules.around_the_kernels, {"kernels/masked.py": "from minigrad.engine.graph import Node"}, "is a kernel"),
    (
        import_rules.circles,
        {"nn/a.py": "import minigrad.nn.b", "nn/b.py": "from minigrad.nn import a"},
        "nn/a.py is on a",
    ),
    (
        import_rules.circles,
        {
            "nn/a.py": "import minigrad.nn.b",
            "nn/b.py": "import minigrad.nn.c",
            "nn/c.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from minigrad.nn.a import A",
        },
        "nn/c.py is on a",
    ),
    (import_rules.out_of_place, {"testing/gradcheck.py": "from hypothesis import given"}, "imports hypothesis"),
    (import_rules.out_of_place, {"testing/strategies/lattice.py": "import hypothesis.extra"}, "hypothesis.extra"),
    (import_rules.out_of_place, {"nn/dense.py": "import keras"}, "keras, which belongs to data.py and exchange"),
    (import_rules.without_a_first_line, {"nn/dense.py": "import math\n"}, "does not begin with a docstring"),
]


@pytest.mark.parametrize(("check", "files", "message"), BROKEN)
def test_a_broken_rule_is_noticed(tmp_path, check, files, message):
    others = {
        "losses/__init__.py": "",
        "ops/sums.py": "",
        "kernels/masked.py": "",
        "optim/__init__.py": "",
        "testing/__init__.py": "",
    }
    for name, text in (others | files).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert any(message in broken for broken in check(Package(tmp_path)))


def test_what_only_type_checkers_see_of_the_tools_for_testing_is_no_import(tmp_path):
    lines = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from minigrad import testing\n"
    (tmp_path / "__init__.py").write_text(lines)
    (tmp_path / "testing.py").write_text("")
    assert import_rules.against_the_ranks(Package(tmp_path)) == []


ONLY_NUMPY_AND_SCIPY = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {
            *("keras", "jax", "torch", "tensorflow", "sklearn", "tqdm", "safetensors", "hypothesis", "pytest", "onnx"),
            "matplotlib",
        }:
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, Absent())
import minigrad
from minigrad import exchange, testing
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
    line = 'testing.strategies and testing.grad_property need hypothesis: pip install "minigrad-numpy[tests]"\n'
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
