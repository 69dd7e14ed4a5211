"""How do the tests run?"""

import os
from importlib.util import find_spec

# Each worker of pytest-xdist has a processor; threads of its own would wait for those of the others.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import effort
import pytest
import quick
from hypothesis import settings

from minigrad.engine import graph, registry

pytest_plugins = ["pytester"]

# In continuous integration, hypothesis tries the same examples every time.
is_fixed = bool(os.environ.get("CI"))
settings.register_profile("usual", deadline=None, derandomize=is_fixed, max_examples=40)
settings.register_profile("thorough", deadline=None, derandomize=is_fixed, max_examples=100)


def pytest_addoption(parser):
    """How much the checks try: with other random numbers, and of everything that has no end."""
    parser.addoption("--seeds", type=int, default=1, help="random inputs per case of a check (default 1)")
    parser.addoption("--thorough", action="store_true", help="more examples, and derivatives element by element")


def pytest_configure(config):
    """Say how much is tried, before files of tests are imported and ask."""
    effort.thorough = config.getoption("--thorough")
    settings.load_profile("thorough" if effort.thorough else "usual")


def pytest_ignore_collect(collection_path, config):
    """Which files are not even imported: those that need PyTorch where there is none, and those without quick tests.

    The second where only quick tests are asked for: to import files takes most of the time.
    """
    if collection_path.name.startswith("test_torch_") and find_spec("torch") is None:
        return True
    is_file_of_tests = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    if config.option.markexpr == "quick" and is_file_of_tests and collection_path.name not in quick.ONE_IN:
        return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the quick tests, before others are left out."""
    for item in quick.among(items):
        item.add_marker("quick")


@pytest.fixture(scope="session")
def seeds(request):
    """The seeds that a case of a check is tried with."""
    return range(request.config.getoption("--seeds"))


@pytest.fixture(autouse=True)
def _registry_as_before():
    """Operations that a test declares do not outlive it."""
    tables = registry.operations, registry.overrides
    before = [dict(table) for table in tables]
    yield
    for table, rows in zip(tables, before, strict=True):
        table.clear()
        table.update(rows)


@pytest.fixture
def visited(monkeypatch):
    """The numbers of nodes that the passes back of a test go through, one for each pass."""
    counts = []

    def counted(root, oldest=0):
        nodes = graph.ancestors(root, oldest)
        counts.append(len(nodes))
        return nodes

    monkeypatch.setattr("minigrad.engine.backward.ancestors", counted)
    return counts
