"""What was seen: of every gradient, of what is wrong, and of the whole check?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal

# What the note of a gradient begins with whose terms cancel.
ZERO = "0 up to rounding"

Verdict = Literal["pass", "fail", "inconclusive"]


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
        leaves: the names of all that are wrong for this one reason, `leaf` first.
    """

    leaf: str
    rule: str
    text: str
    fix: str = ""
    where: str = ""
    confidence: float = 1.0
    leaves: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Also where the name was replaced, and the names are those of before.
        if self.leaf not in self.leaves:
            object.__setattr__(self, "leaves", (self.leaf,))


def merged(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, each reason once: those of one rule that say the same, or point to the same place, are one."""
    found: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = (finding.rule, finding.where or finding.text)
        if finding.rule == "unexplained":
            key = (finding.rule, finding.leaf)
        before = found.get(key)
        found[key] = finding if before is None else replace(before, leaves=(*before.leaves, *finding.leaves))
    return list(found.values())


@dataclass(frozen=True, eq=False)
class LeafResult:
    """What was seen of the gradient of one leaf. Results are equal where all fields are; NaN equals NaN.

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

    def __eq__(self, other: object) -> bool:
        # The method of a dataclass says so up to Python 3.12 and no longer after it.
        if not isinstance(other, LeafResult):
            return NotImplemented
        pairs = [(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)]
        return all(mine == theirs or (mine != mine and theirs != theirs) for mine, theirs in pairs)

    def __hash__(self) -> int:
        return hash((self.name, self.shape, self.verdict, self.checked, self.wrong))


@dataclass(frozen=True)
class Outcome:
    """What a report tells; `GradcheckResult` describes the attributes."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    leaves: tuple[LeafResult, ...]
    evaluations: int
    seed: int | None
    subject: str
    check: str = "gradcheck"
    notes: tuple[str, ...] = field(default=())
    options: str = ""
    warnings: tuple[Finding, ...] = ()

    @property
    def resolution(self) -> float:
        """The smallest relative error that would have been seen in every leaf; NaN where nothing was compared."""
        known = [leaf.resolution for leaf in self.leaves if leaf.resolution == leaf.resolution]
        return max(known, default=float("nan"))
