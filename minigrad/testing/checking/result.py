"""Did a check pass, and how is that told to whoever asks?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minigrad.engine import html
from minigrad.testing.checking.outcome import Outcome
from minigrad.testing.checking.report import report, shown

# The last results that turned out not to be ok when somebody asked; pytest shows them with an assertion that failed.
asked: list[GradcheckResult] = []


class GradcheckResult(Outcome):
    """The outcome of a check. It is true if and only if the verdict is *pass*; as text, it is the report.

    Attributes:
        verdict: ``"pass"``, ``"fail"``, or ``"inconclusive"`` where nothing is wrong that can be seen, but too little
            can be.
        findings: what is wrong, and why, most important first.
        warnings: side effects of a pass whose numbers are right; with ``strict=True`` they are findings.
        leaves: one result for each gradient that was checked.
        resolution: the smallest error, relative to the largest element of its gradient, that would have been seen in
            every leaf.
        evaluations: how often the function was called.
        seed: gives the same check again as ``rng=seed``; None where a generator was passed.
        subject, check: the names of the function and of the check, for the report.
        notes: what else a reader should know: what was taken as a constant, where gradients were read from.
        options: what else the call needs to be made again, such as ``order=3``.
    """

    @property
    def ok(self) -> bool:
        """Whether the verdict is *pass*."""
        if self.verdict != "pass":
            asked.append(self)
            del asked[:-10]
        return self.verdict == "pass"

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return report(self)

    def __repr__(self) -> str:
        return f"<{self.check} {self.verdict}: {self.subject}>"

    def _repr_html_(self) -> str:
        """What notebooks show: the report, with a line in the colour of its verdict."""
        head, _, rest = report(self).partition("\n")
        return html.box(head, html.lines(rest), mark=html.GOOD if self.verdict == "pass" else html.ACCENT)


class GradcheckError(AssertionError):
    """A check did not pass; its text is the report.

    Attributes:
        result: the `GradcheckResult`.
        example: the smallest inputs that fail, by name, where `grad_property` looked for them; None elsewhere.
    """

    def __init__(self, result: GradcheckResult, before: str = "", example: Mapping[str, Any] | None = None) -> None:
        after = "" if example is None else f"\n  smallest example: {shown(example)}"
        super().__init__(f"{before}{result}{after}")
        self.result = result
        self.example = example
