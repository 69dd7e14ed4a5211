"""How is a subject checked: in which order, at which points, with which upstream gradients?"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from minigrad.testing.checking.existence import resolved
from minigrad.testing.checking.hints import hint
from minigrad.testing.checking.invariants import misbehaviour, precision_lost, read_claim
from minigrad.testing.checking.leaf import USEFUL, Examination, Mode
from minigrad.testing.checking.outcome import Finding, LeafResult, Verdict, merged
from minigrad.testing.checking.result import GradcheckError, GradcheckResult
from minigrad.testing.checking.rounding import Rounding
from minigrad.testing.checking.side_effects import kept_buffers, side_effects
from minigrad.testing.checking.start import given_upstream, promoted, settled, upstream_like
from minigrad.testing.diagnosis import explain
from minigrad.testing.diagnosis.clipping import clipped_itself
from minigrad.testing.diagnosis.evidence import evidence_of
from minigrad.testing.numerical.reference import Point
from minigrad.testing.subjects.base import Subject
from minigrad.testing.subjects.inputs import Leaf, is_below, nearby, unknown_name

# What is computed from an array that was written to looks like that.
_VAGUE = ("unexplained", "operand.replaced", "factor.extra", "support.axis")
# What single precision can be asked for.
RTOL = {8: 0.0, 4: 1e-4, 2: 2e-2}


@dataclass(frozen=True)
class Options:
    """What the public checks have in common; `gradcheck` describes each.

    Raises:
        ValueError: for a value that means nothing.
    """

    rtol: float = 1e-8
    mode: Mode = "auto"
    directions: int = 3
    grad_output: Any = None
    kinks: Literal["report", "refuse"] = "report"
    wrt: str | Sequence[str] | None = None
    rng: int | np.random.Generator = 0
    raise_exception: bool = True
    strict: bool = False

    @classmethod
    def named(cls, options: Mapping[str, Any], others: Sequence[str] = ()) -> Options:
        """The options that a user gave by name; `others` are the names of those that a check has besides.

        Raises:
            TypeError: for a name that there is not.
        """
        known = [each.name for each in fields(cls)]
        for name in options:
            if name in ("atol", "eps", "tol"):
                raise TypeError(
                    f"there is no option {name!r}: steps and tolerances follow from the function, rtol is the relative "
                    "error allowed beyond them, and an absolute one would hide errors in small gradients"
                )
            if name not in known:
                raise TypeError(f"options: {unknown_name(name, [*others, *known])}")
        return cls(**options)

    def __post_init__(self) -> None:
        if not isinstance(self.rng, (int, np.integer, np.random.Generator)) or isinstance(self.rng, bool):
            raise TypeError(f"rng is an integer or a numpy.random.Generator, not {self.rng!r}")
        if self.mode not in ("auto", "dense", "projected"):
            raise ValueError(f"mode is 'auto', 'dense' or 'projected', not {self.mode!r}")
        if self.kinks not in ("report", "refuse"):
            raise ValueError(f"kinks is 'report' or 'refuse', not {self.kinks!r}")
        if isinstance(self.directions, bool) or not isinstance(self.directions, int) or self.directions < 1:
            raise ValueError(f"directions is an integer of at least 1, not {self.directions!r}")
        if not 0 <= self.rtol < 1:
            raise ValueError(f"rtol is at least 0 and below 1, not {self.rtol!r}")

    def generator(self) -> np.random.Generator:
        """The source of everything random in the check."""
        return np.random.default_rng(self.rng)

    def delivered(self, result: GradcheckResult) -> GradcheckResult:
        """The result; or, where it is not ok and `raise_exception`, an error."""
        __tracebackhide__ = True
        if self.raise_exception and result.verdict != "pass":
            raise GradcheckError(result)
        return result


def check(subject: Subject, options: Options, title: str, chosen: Sequence[int]) -> GradcheckResult:
    """Check the claimed gradients of some leaves of a subject."""
    rng = options.generator()
    given = subject.leaves
    # The very first call is made elsewhere, so that what a layer keeps of its first input shows.
    elsewhere = subject.first
    if elsewhere is None:
        elsewhere = [nearby(leaf, rng) if i in chosen else leaf.value for i, leaf in enumerate(given)]
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            subject.vector(elsewhere)
    itemsize = promoted(subject)
    values = [leaf.value for leaf in subject.leaves]
    elsewhere = [first.astype(value.dtype, copy=False) for first, value in zip(elsewhere, values, strict=True)]
    outputs = settled(subject, values)
    upstream = given_upstream(options.grad_output, outputs) or upstream_like(outputs, rng)
    del outputs
    result = _Result(subject, options, title, [given[i] for i in chosen])
    overwritten = side_effects(subject, forward=True)
    if overwritten:
        # What is computed from inputs that are no longer there says nothing about the gradients.
        return result.of([], overwritten)
    point = Point(subject, upstream, itemsize)
    # Elsewhere once more, so that what is one call behind shows, too.
    with contextlib.suppress(Exception), np.errstate(all="ignore"):
        subject.vector(elsewhere)
    try:
        raw = subject.claimed(values, upstream)
    except np.linalg.LinAlgError as error:
        # The pass itself says that there is no derivative here.
        reason = f"the backward pass stopped: {error}"
        unknown = [LeafResult(given[i].name, given[i].value.shape, "inconclusive", note=reason) for i in chosen]
        return result.of([replace(leaf, resolution=float("nan")) for leaf in unknown], [])
    exact = [leaf.value.dtype == np.float64 for leaf in given]
    claims = [read_claim(*each) for each in zip(subject.leaves, raw, exact, strict=True)]
    rounding = Rounding(point, upstream, [claim.value for claim in claims], USEFUL[itemsize] ** 2)
    findings = misbehaviour(subject, values, upstream, claims, rounding)
    # With other numbers, so that a buffer that was returned holds those now.
    subject.claimed(values, [2.0 * g for g in upstream])
    warnings = side_effects(subject, forward=False) + kept_buffers(subject, raw, claims)
    del raw
    if subject.complaint:
        fix = "return one for each input, in their order, None for one without a derivative"
        findings.append(Finding(subject.name, "structure.count", subject.complaint, fix))
    lost = precision_lost(point, chosen) if itemsize == 8 and all(exact) else []
    examination = Examination(point, rounding, options.mode, options.directions, options.kinks == "report", rng)
    rtols = [
        max(options.rtol, RTOL[min(itemsize, claim.itemsize)] if not is_exact else 0.0)
        for claim, is_exact in zip(claims, exact, strict=True)
    ]
    seen = [examination.of(position, claims[position], rtols[position]) for position in chosen]
    seen, chaotic = resolved(point, chosen, claims, seen, examination.useful, rounding)
    if chaotic:
        lost = []
    findings += lost
    told = {(finding.leaf, finding.rule.split(".")[0]) for finding in findings}
    for position, each in zip(chosen, seen, strict=True):
        claim, name = claims[position], each.result.name
        if each.result.verdict != "fail":
            continue
        if claim.problem is not None:
            findings.append(claim.problem)
        if not claim.diagnosable or lost or (name, "state") in told:
            continue
        evidence = evidence_of(point, position, claim.value, each.reference, upstream, elsewhere, each.places)
        if (name, "upstream") in told:
            findings = [clipped_itself(evidence) or f if _is_nonlinear(f, name) else f for f in findings]
            continue
        cause = explain(evidence)
        if claim.problem is None:
            findings.append(cause)
        elif cause.rule != "unexplained":
            findings[-1] = cause
    return result.of([each.result for each in seen], findings, warnings)


def _is_nonlinear(finding: Finding, leaf: str) -> bool:
    return finding.leaf == leaf and finding.rule == "upstream.nonlinear"


@dataclass(frozen=True)
class _Result:
    """What is told of a check, whichever way it ends."""

    subject: Subject
    options: Options
    title: str
    given: Sequence[Leaf]

    def of(
        self, leaves: Sequence[LeafResult], findings: Sequence[Finding], warnings: Sequence[Finding] = ()
    ) -> GradcheckResult:
        """The result, with what was not checked, and what a reader should know."""
        subject, options = self.subject, self.options
        leaves = [*leaves, *(_unchecked(subject, options) if leaves or not findings else [])]
        findings, warnings = _weighed(leaves, findings, warnings, options.strict)
        notes = list(subject.remarks)
        notes += [] if subject.matches_dtypes else ["checked in float64, at the same values"]
        hidden = hint([leaf for leaf in self.given if not leaf.name.startswith("grad_output")])
        notes += [] if hidden is None else [hidden]
        return GradcheckResult(
            _verdict(leaves, findings),
            tuple(merged(sorted(findings, key=lambda finding: finding.rule == "unexplained"))),
            tuple(leaves),
            subject.evaluations,
            options.rng if isinstance(options.rng, int) else None,
            subject.name,
            self.title,
            tuple(notes),
            warnings=tuple(merged(warnings)),
        )


def _weighed(
    leaves: Sequence[LeafResult], findings: Sequence[Finding], warnings: Sequence[Finding], strict: bool
) -> tuple[list[Finding], list[Finding]]:
    """Findings and warnings: side effects count where the user is strict, or where they explain wrong numbers."""
    if strict:
        return [*warnings, *findings], []
    vague = all(finding.rule in _VAGUE for finding in findings)
    causes = [warning for warning in warnings if warning.rule.startswith("mutation.")]
    if vague and causes and any(leaf.verdict == "fail" for leaf in leaves):
        explained = [finding for finding in findings if finding.rule != "unexplained"]
        return [*causes, *explained], [warning for warning in warnings if warning not in causes]
    return list(findings), list(warnings)


def _unchecked(subject: Subject, options: Options) -> list[LeafResult]:
    """What has a derivative that nobody looked at, unless `wrt` leaves it out."""
    wanted = [options.wrt] if isinstance(options.wrt, str) else options.wrt
    return [
        LeafResult(name, shape, "inconclusive", resolution=float("inf"), note=reason)
        for name, (shape, reason) in subject.unchecked.items()
        if wanted is None or any(is_below(name, each) for each in wanted)
    ]


def _verdict(leaves: Sequence[LeafResult], findings: Sequence[Finding]) -> Verdict:
    if findings or any(leaf.verdict == "fail" for leaf in leaves):
        return "fail"
    return "inconclusive" if any(leaf.verdict == "inconclusive" for leaf in leaves) else "pass"
