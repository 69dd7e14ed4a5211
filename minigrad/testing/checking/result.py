"""What did a check find: the verdict, leaf by leaf, the findings, and how much it could have seen?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from minigrad.testing.checking.report import report, shown

Verdict = Literal["pass", "fail", "inconclusive"]

# The last results that turned out not to be ok when somebody asked; pytest shows them with an assertion that failed.
asked: list[GradcheckResult] = []


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and if possible why.

    Attributes:
        leaf: the name, as the user wrote it, of what is wrong.
        rule: the stable id of the explanation, such as ``scale.batch``; ``unexplained`` where there is none.
        confidence: between 0 and 1.
        text: what was observed.
        fix: what to change.
        where: the step or operation to look at, where that is known.
    """

    leaf: str
    rule: str
    text: str
    fix: str = ""
    where: str = ""
    confidence: float = 1.0


@dataclass(frozen=True)
class LeafResult:
    """What was seen of the gradient of one leaf.

    Attributes:
        name, shape: of the leaf.
        verdict: of this leaf.
        checked: how many elements, or random directions, were compared.
        wrong: how many of them differ.
        directions: whether these were directions.
        index, got, expected: the worst element.
        error: the largest difference, relative to the largest element of the gradient.
        bar: how well the reference is known, relative to the same.
        kinks: how many derivatives were one-sided and lay in between.
        resolution: the smallest error that would have been seen, relative to the same.
        note: anything else.
    """

    name: str
    shape: tuple[int, ...]
    verdict: Verdict
    checked: int = 0
    wrong: int = 0
    directions: bool = False
    index: tuple[int, ...] | None = None
    got: float = float("nan")
    expected: float = float("nan")
    error: float = 0.0
    bar: float = 0.0
    kinks: int = 0
    resolution: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class GradcheckResult:
    """The outcome of a check. It is true if and only if the verdict is *pass*; as text, it is the report.

    Attributes:
        verdict: ``"pass"``, ``"fail"``, or ``"inconclusive"`` where nothing is wrong that can be seen, but too little
            can be.
        findings: what is wrong, and why, most important first.
        leaves: one result for each gradient that was checked.
        resolution: the smallest error, relative to the largest element of its gradient, that would have been seen in
            every leaf.
        evaluations: how often the function was called.
        seed: gives the same check again as ``rng=seed``; None where a generator was passed.
        subject, check: the names of the function and of the check, for the report.
        options: what else the call needs to be made again, such as ``order=3``.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    leaves: tuple[LeafResult, ...]
    evaluations: int
    seed: int | None
    subject: str
    check: str = "gradcheck"
    notes: tuple[str, ...] = field(default=())
    options: str = ""

    @property
    def ok(self) -> bool:
        """Whether the verdict is *pass*."""
        if self.verdict != "pass":
            asked.append(self)
            del asked[:-10]
        return self.verdict == "pass"

    @property
    def resolution(self) -> float:
        """The smallest relative error that would have been seen in every leaf; NaN where nothing was compared."""
        known = [leaf.resolution for leaf in self.leaves if leaf.resolution == leaf.resolution]
        return max(known, default=float("nan"))

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return report(self)

    def __repr__(self) -> str:
        return f"<{self.check} {self.verdict}: {self.subject}>"


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
