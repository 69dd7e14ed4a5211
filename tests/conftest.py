"""How do the tests run?"""

import os

# Each worker of pytest-xdist has a processor; threads of its own would wait for those of the others.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from minigrad.engine import graph, registry

pytest_plugins = ["pytester"]

# In continuous integration, hypothesis tries the same examples every time.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_addoption(parser):
    """How often checks are repeated with other random numbers."""
    parser.addoption("--seeds", type=int, default=2, help="random inputs per case of a check (default 2)")


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
