"""How is a subject checked: in which order, at which points, with which upstream gradients?"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.testing.checking.invariants import misbehaviour, precision_lost, read_claim
from minigrad.testing.checking.leaf import Examination, Mode
from minigrad.testing.checking.outcome import Finding, LeafResult, Verdict, merged
from minigrad.testing.checking.result import GradcheckError, GradcheckResult
from minigrad.testing.diagnosis import explain
from minigrad.testing.diagnosis.evidence import evidence_of
from minigrad.testing.numerical.reference import Point
from minigrad.testing.subjects.base import Array, Subject
from minigrad.testing.subjects.inputs import Leaf, nearby, unknown_name

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
    def named(cls, options: Mapping[str, Any]) -> Options:
        """The options that a user gave by name.

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
                raise TypeError(f"options: {unknown_name(name, known)}")
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


def upstream_like(outputs: Sequence[Array], rng: np.random.Generator) -> list[Array]:
    """Random gradients of outputs, of both signs and away from 0, so that nothing cancels or goes unseen."""
    return [
        np.asarray(rng.choice([-1.0, 1.0], size=out.shape) * rng.uniform(0.5, 1.5, size=out.shape)).astype(out.dtype)
        for out in outputs
    ]


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
    itemsize = _promoted(subject)
    values = [leaf.value for leaf in subject.leaves]
    elsewhere = [first.astype(value.dtype, copy=False) for first, value in zip(elsewhere, values, strict=True)]
    outputs = _settled(subject, values)
    upstream = _given_upstream(options.grad_output, outputs) or upstream_like(outputs, rng)
    del outputs
    point = Point(subject, upstream, itemsize)
    # Elsewhere once more, so that what is one call behind shows, too.
    with contextlib.suppress(Exception), np.errstate(all="ignore"):
        subject.vector(elsewhere)
    raw = subject.claimed(values, upstream)
    exact = [leaf.value.dtype == np.float64 for leaf in given]
    claims = [read_claim(*each) for each in zip(subject.leaves, raw, exact, strict=True)]
    findings = misbehaviour(subject, values, upstream, raw, claims)
    del raw
    if subject.complaint:
        fix = "return one for each input, in their order, None for one without a derivative"
        findings.append(Finding(subject.name, "structure.count", subject.complaint, fix))
    lost = precision_lost(point, chosen) if itemsize == 8 and all(exact) else []
    findings += lost
    examination = Examination(point, options.mode, options.directions, options.kinks == "report", rng)
    leaves: list[LeafResult] = []
    for position in chosen:
        claim = claims[position]
        rtol = max(options.rtol, RTOL[min(itemsize, claim.itemsize)] if not exact[position] else 0.0)
        seen = examination.of(position, claim, rtol)
        found = seen.result
        leaves.append(found)
        if found.verdict != "fail":
            continue
        if claim.problem is not None:
            findings.append(claim.problem)
        explained = any(f.leaf == found.name and f.rule.startswith(("upstream.", "state.")) for f in findings)
        if not claim.diagnosable or explained or lost:
            continue
        evidence = evidence_of(point, position, claim.value, seen.reference, upstream, elsewhere, seen.places)
        cause = explain(evidence)
        if claim.problem is None:
            findings.append(cause)
        elif cause.rule != "unexplained":
            findings[-1] = cause
    leaves += _unchecked(subject, options)
    notes: tuple[str, ...] = tuple(subject.remarks)
    notes += () if subject.matches_dtypes else ("checked in float64, at the same values",)
    return GradcheckResult(
        _verdict(leaves, findings),
        tuple(merged(_by_importance(findings))),
        tuple(leaves),
        subject.evaluations,
        options.rng if isinstance(options.rng, int) else None,
        subject.name,
        title,
        notes,
    )


def _unchecked(subject: Subject, options: Options) -> list[LeafResult]:
    """What has a derivative that nobody looked at, unless `wrt` leaves it out."""
    wanted = [options.wrt] if isinstance(options.wrt, str) else options.wrt
    return [
        LeafResult(name, shape, "inconclusive", resolution=float("inf"), note=reason)
        for name, (shape, reason) in subject.unchecked.items()
        if wanted is None or any(name == each or name.startswith((f"{each}.", f"{each}[")) for each in wanted)
    ]


def _verdict(leaves: Sequence[LeafResult], findings: Sequence[Finding]) -> Verdict:
    if findings or any(leaf.verdict == "fail" for leaf in leaves):
        return "fail"
    return "inconclusive" if any(leaf.verdict == "inconclusive" for leaf in leaves) else "pass"


def _by_importance(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.rule == "unexplained")


def _promoted(subject: Subject) -> int:
    """Check in float64 if the function lets itself: set the leaves; return the size of an output's element."""
    narrow = [leaf for leaf in subject.leaves if leaf.value.dtype.itemsize < 8]
    if narrow:
        before = subject.leaves
        wide = [Leaf(leaf.name, leaf.value.astype(np.float64), leaf.is_parameter) for leaf in before]
        if all(out.dtype == np.float64 for out in subject.outputs([leaf.value for leaf in wide])):
            subject.leaves = wide
            subject.matches_dtypes = False
            return 8
        return min(out.dtype.itemsize for out in subject.outputs([leaf.value for leaf in before]))
    return 8


def _settled(subject: Subject, values: Sequence[Array]) -> list[Array]:
    """The outputs, after seeing that they are finite and the same each time.

    Raises:
        ValueError: where they are not.
    """
    with np.errstate(all="ignore"):
        first = [np.array(out) for out in subject.outputs(values)]
    for out in first:
        if not np.isfinite(out).all():
            raise ValueError(f"{subject.name} is not finite at the inputs, so it has no gradient there: {_shown(out)}")
    again = subject.outputs(values)
    shapes = [[out.shape for out in outputs] for outputs in (first, again)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{subject.name} gives results of other shapes each time it is called with the same inputs: "
            f"{_listed(shapes[0])}, then {_listed(shapes[1])}"
        )
    if any(not np.array_equal(a, b) for a, b in zip(first, again, strict=True)):
        raise ValueError(
            f"{subject.name} gives another output each time it is called with the same inputs; seed its random "
            "numbers anew in every call (is a Dropout layer in training mode?)"
        )
    return first


def _shown(out: Array) -> str:
    bad = np.argwhere(~np.isfinite(out))[0]
    return f"output[{', '.join(map(str, bad))}] is {out[tuple(bad)]}"


def _given_upstream(given: Any, outputs: Sequence[Array]) -> list[Array] | None:
    if given is None:
        return None
    parts = list(given) if isinstance(given, (list, tuple)) else [given]
    arrays = [np.asarray(part.data if isinstance(part, Tensor) else part) for part in parts]
    shapes, wanted = [a.shape for a in arrays], [out.shape for out in outputs]
    if shapes != wanted:
        raise ValueError(f"grad_output has the shape of the output, {_listed(wanted)}, not {_listed(shapes)}")
    if any(array.dtype.kind not in "biuf" for array in arrays):
        raise ValueError("grad_output holds real numbers")
    return [array.astype(out.dtype) for array, out in zip(arrays, outputs, strict=True)]


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))
