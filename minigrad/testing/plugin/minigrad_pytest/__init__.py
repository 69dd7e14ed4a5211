"""How does pytest use the checks of `minigrad.testing`: a fixture, its marker, and the report of a failed assertion?

pytest imports this module whenever it starts, wherever minigrad is installed. A module inside of the package would
bring minigrad, NumPy and SciPy along, which takes a third of a second, and comes before coverage is measured and
warnings are turned into errors. So it is installed beside the package, and imports minigrad for the tests that use it.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from minigrad.testing import GradcheckResult

_MARKER = (
    "gradcheck(**options): options of the checks that the gradcheck fixture makes in this test, class or module, such "
    "as rtol=1e-6; a closer marker goes before one further away, an option of the call before both."
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


class Checks:
    """The checks of `minigrad.testing`, with options of their own for one test."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options

    def __call__(self, fn: Any, inputs: Any, **options: Any) -> GradcheckResult:
        """`minigrad.testing.gradcheck`."""
        __tracebackhide__ = True
        from minigrad.testing import gradcheck

        return gradcheck(fn, inputs, **self._completed(gradcheck, options))

    def gradgradcheck(self, fn: Any, inputs: Any, **options: Any) -> GradcheckResult:
        """`minigrad.testing.gradgradcheck`."""
        __tracebackhide__ = True
        from minigrad.testing import gradgradcheck

        return gradgradcheck(fn, inputs, **self._completed(gradgradcheck, options))

    def jvpcheck(self, fn: Any, inputs: Any, **options: Any) -> GradcheckResult:
        """`minigrad.testing.jvpcheck`."""
        __tracebackhide__ = True
        from minigrad.testing import jvpcheck

        return jvpcheck(fn, inputs, **self._completed(jvpcheck, options))

    def check_backward(self, forward: Any, backward: Any = None, inputs: Any = None, **options: Any) -> GradcheckResult:
        """`minigrad.testing.check_backward`."""
        __tracebackhide__ = True
        from minigrad.testing import check_backward

        return check_backward(forward, backward, inputs, **self._completed(check_backward, options))

    def compare_backward(self, fn: Any, grads: Mapping[str, Any], inputs: Any, **options: Any) -> GradcheckResult:
        """`minigrad.testing.compare_backward`, in which nothing is random."""
        __tracebackhide__ = True
        from minigrad.testing import compare_backward

        return compare_backward(fn, grads, inputs, **self._completed(compare_backward, options))

    def _completed(self, check: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """The options given, and for the others that this check has, those of the test."""
        known = _options_of(check)
        return {name: value for name, value in self._options.items() if name in known} | dict(given)

    def __repr__(self) -> str:
        # pytest shows it in `assert gradcheck(f, x)`, for what was called there.
        return "gradcheck"


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Checks:
    """The checks of minigrad.testing, with random numbers that belong to the test.

    gradcheck(fn, inputs, ...) is minigrad.testing.gradcheck, and gradgradcheck, jvpcheck, check_backward and
    compare_backward are its methods. The seed comes from the test's id: other numbers in every test, the same in every
    run. The marker @pytest.mark.gradcheck(rtol=1e-6, ...) sets options; those of a call go before it.
    """
    node = request.node
    # Not node.nodeid, to which pytest-xdist adds the group in which it runs a test.
    seed = zlib.crc32(f"{node.parent.nodeid}::{node.name}".encode())
    return Checks({"rng": seed} | _marked(node))


def _marked(node: pytest.Item) -> dict[str, Any]:
    """The options that markers set, the closest marker first.

    Raises:
        pytest.fail.Exception: for a marker with arguments that are not options.
    """
    from minigrad import testing
    from minigrad.testing.subjects.inputs import unknown_name

    checks = (testing.gradcheck, testing.check_backward, testing.compare_backward)
    known = sorted({name for check in checks for name in _options_of(check)})
    found: dict[str, Any] = {}
    for mark in node.iter_markers("gradcheck"):
        if mark.args:
            given = ", ".join(map(repr, mark.args))
            pytest.fail(
                f"@pytest.mark.gradcheck takes options by their names, such as rtol=1e-6; it was given {given}",
                pytrace=False,
            )
        for name in mark.kwargs:
            if name not in known:
                pytest.fail(f"@pytest.mark.gradcheck({name}=...): {unknown_name(name, known)}", pytrace=False)
        found = {**mark.kwargs, **found}
    return found


def _options_of(check: Callable[..., Any]) -> set[str]:
    """The options that a check has by name, those that it passes on included."""
    from minigrad.testing.checking.check import Options

    parameters = inspect.signature(check).parameters.values()
    names = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        names |= {field.name for field in dataclasses.fields(Options)}
    # The gradients of steps belong to one call.
    return names - {"steps"}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget what the test before asked about."""
    _asked().clear()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[Any]) -> None:
    """Add to a failed assertion the reports of the results that it is about."""
    if call.excinfo is None or not isinstance(call.excinfo.value, AssertionError):
        return
    said = str(call.excinfo.value)
    # Checks may have failed on purpose before. The assertion that failed says what it asked, by its repr; where pytest
    # did not rewrite it, it says nothing, and the last one is meant.
    asked = _asked()
    named = [result for result in asked if repr(result) in said] if said else asked[-1:]
    # Of several by the same name, again the last one is meant.
    for text in {repr(result): str(result) for result in named}.values():
        # The user may have shown it already; in the message of an assertion it is indented anew.
        if text.splitlines()[0] not in said:
            call.excinfo.value.add_note(text)


def _asked() -> list[Any]:
    # Whoever has a result has imported the module.
    module = sys.modules.get("minigrad.testing.checking.result")
    return [] if module is None else module.asked
