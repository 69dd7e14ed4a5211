"""Does the quick part of the suite touch every area?"""

from pathlib import Path
from types import SimpleNamespace

import quick

import minigrad as mg

HERE = Path(__file__).parent


def test_every_area_has_a_quick_test():
    for area, files in quick.AREAS.items():
        for name in files:
            assert "def test_" in (HERE / name).read_text(), f"{area}: {name} has no tests"


def test_every_room_of_the_package_is_an_area():
    rooms = {path.parent.name for path in Path(mg.__file__).parent.glob("*/__init__.py")}
    # Kernels are run by the operations that they belong to.
    assert rooms - {"kernels"} <= quick.AREAS.keys()


def test_the_first_of_so_many_tests_of_a_file_is_quick():
    items = [SimpleNamespace(path=HERE / name) for name in ["test_ops.py", "test_forms.py"] for _ in range(100)]
    found = list(quick.among(items))
    assert found == [items[0], items[quick.ONE_IN["test_ops.py"]]]
