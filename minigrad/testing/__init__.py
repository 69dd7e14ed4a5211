"""Is this derivative right, and if it is wrong, why?"""

from minigrad.testing.check_backward import check_backward as check_backward
from minigrad.testing.compare_backward import compare_backward as compare_backward
from minigrad.testing.derivatives import Derivative as Derivative
from minigrad.testing.derivatives import numerical_jacobian as numerical_jacobian
from minigrad.testing.derivatives import numerical_jvp as numerical_jvp
from minigrad.testing.derivatives import numerical_vjp as numerical_vjp
from minigrad.testing.diagnosis import diagnose as diagnose
from minigrad.testing.gradcheck import gradcheck as gradcheck
from minigrad.testing.gradcheck import gradgradcheck as gradgradcheck
from minigrad.testing.gradcheck import jvpcheck as jvpcheck
from minigrad.testing.result import Finding as Finding
from minigrad.testing.result import GradcheckError as GradcheckError
from minigrad.testing.result import GradcheckResult as GradcheckResult

__all__ = [
    *("gradcheck", "gradgradcheck", "jvpcheck", "check_backward", "compare_backward", "diagnose"),
    *("numerical_vjp", "numerical_jvp", "numerical_jacobian", "Derivative"),
    *("GradcheckResult", "GradcheckError", "Finding"),
]
