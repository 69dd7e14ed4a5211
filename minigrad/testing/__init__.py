"""Is this derivative right, and if it is wrong, why?"""

import contextlib
import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from minigrad.testing.check_backward import check_backward as check_backward
from minigrad.testing.checking.outcome import Finding as Finding
from minigrad.testing.checking.result import GradcheckError as GradcheckError
from minigrad.testing.checking.result import GradcheckResult as GradcheckResult
from minigrad.testing.compare_backward import compare_backward as compare_backward
from minigrad.testing.diagnosis import diagnose as diagnose
from minigrad.testing.gradcheck import gradcheck as gradcheck
from minigrad.testing.gradcheck import gradgradcheck as gradgradcheck
from minigrad.testing.gradcheck import jvpcheck as jvpcheck
from minigrad.testing.numerical.derivatives import Derivative as Derivative
from minigrad.testing.numerical.derivatives import numerical_jacobian as numerical_jacobian
from minigrad.testing.numerical.derivatives import numerical_jvp as numerical_jvp
from minigrad.testing.numerical.derivatives import numerical_vjp as numerical_vjp

if TYPE_CHECKING:
    from minigrad.testing import strategies as strategies
    from minigrad.testing.properties import grad_property as grad_property

__all__ = [
    *("gradcheck", "gradgradcheck", "jvpcheck", "check_backward", "compare_backward", "diagnose"),
    *("numerical_vjp", "numerical_jvp", "numerical_jacobian", "Derivative"),
    *("GradcheckResult", "GradcheckError", "Finding"),
]

# Without hypothesis, `from minigrad.testing import *` leaves these out; asking for one says what is missing.
with contextlib.suppress(ImportError):
    if importlib.util.find_spec("hypothesis") is not None:
        __all__ += ["grad_property", "strategies"]


def __getattr__(name: str) -> Any:
    if name == "strategies":
        return importlib.import_module("minigrad.testing.strategies")
    if name == "grad_property":
        return importlib.import_module("minigrad.testing.properties").grad_property
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
