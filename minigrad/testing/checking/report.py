"""How is the result of a check told in at most fifteen lines?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from minigrad.testing.checking.outcome import Finding, LeafResult, Outcome

_LINES, _LEAVES, _FINDINGS, _WIDTH, _VALUE = 15, 6, 3, 160, 60
_HEADS = {"pass": "passed", "fail": "FAILED", "inconclusive": "INCONCLUSIVE"}
_ORDER = {"fail": 0, "inconclusive": 1, "pass": 2}


def report(result: Outcome) -> str:
    """The whole report; never more than fifteen lines."""
    told = [_explained(finding) for finding in result.findings[:_FINDINGS]]
    # The head and the last line are always there; what the findings leave is for the leaves, wrong ones first.
    room = _LINES - 2 - len(result.notes[:1])
    shown = max(2, min(_LEAVES + 1, room - sum(map(len, told))))
    leaves = sorted(result.leaves, key=lambda leaf: _ORDER[leaf.verdict])
    count = len(leaves) if len(leaves) <= shown else shown - 1
    names = [f"{leaf.name} {leaf.shape}" for leaf in leaves[:count]]
    width = min(max(map(len, names), default=0), 40)
    lines = [f"{result.check} {_HEADS[result.verdict]}  {result.subject}{_counted(result)}"]
    lines += [f"  {name:<{width}}  {_told(leaf)}" for name, leaf in zip(names, leaves, strict=False)]
    if len(leaves) > count:
        lines.append(f"  and {len(leaves) - count} more: {_tally(leaves[count:])}")
    for explanation in told:
        lines += explanation[: max(0, room + 1 - len(lines))]
    lines += [f"  note: {note}" for note in result.notes[:1]]
    lines.append(f"  resolution: {_seen(result)}     again: {result.check}({result.subject}, ...{_seeded(result)})")
    return "\n".join(line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..." for line in lines)


def shown(inputs: Mapping[str, Any]) -> str:
    """Inputs in one line: their values while those are short, else their shapes."""
    texts = [f"{name}={_brief(value)}" for name, value in inputs.items()]
    line = ", ".join(texts)
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."


def _brief(value: Any) -> str:
    text = re.sub(r"\s+", " ", repr(value))
    if len(text) <= _VALUE:
        return text
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(_brief, value))})"
    return f"{type(value).__name__} of shape {value.shape}" if hasattr(value, "shape") else f"{text[: _VALUE - 3]}..."


def _counted(result: Outcome) -> str:
    total = len(result.leaves)
    wrong = sum(leaf.verdict == "fail" for leaf in result.leaves)
    unsure = sum(leaf.verdict == "inconclusive" for leaf in result.leaves)
    noun = "gradient" if total == 1 else "gradients"
    if wrong:
        return f": {wrong} of {total} {noun} wrong"
    if result.verdict == "fail":
        return f": {len(result.findings)} {'finding' if len(result.findings) == 1 else 'findings'}"
    return f": {unsure} of {total} {noun} not resolved" if unsure else f": {total} {noun} right"


def _told(leaf: LeafResult) -> str:
    kinks = f", {leaf.kinks} at a kink, inside the one-sided slopes" if leaf.kinks else ""
    what = "directions" if leaf.directions else "elements"
    note = f"; {leaf.note}" if leaf.note else ""
    if leaf.verdict == "fail":
        if leaf.index is None:
            return f"WRONG  {leaf.note}" if not leaf.wrong else f"WRONG  {leaf.wrong} of {leaf.checked} {what}{note}"
        place = ", ".join(map(str, leaf.index))
        return (
            f"WRONG  {leaf.wrong} of {leaf.checked} {what}, worst at [{place}]: got {leaf.got:.6g}, "
            f"expected {leaf.expected:.6g}{note}"
        )
    if leaf.verdict == "inconclusive":
        return f"?      {leaf.note}"
    return f"ok     largest relative error {leaf.error:.1g} (reference good to {leaf.bar:.1g}){kinks}{note}"


def _tally(leaves: list[LeafResult]) -> str:
    counts = {name: sum(leaf.verdict == name for leaf in leaves) for name in _ORDER}
    words = {"fail": "wrong", "inconclusive": "not resolved", "pass": "ok"}
    return ", ".join(f"{count} {words[name]}" for name, count in counts.items() if count)


def _explained(finding: Finding) -> list[str]:
    lines = [f"  why: {finding.leaf}: {finding.text}  [{finding.rule}]"]
    if finding.fix:
        lines.append(f"  fix: {finding.fix}")
    if finding.where:
        lines.append(f"  where: {finding.where}")
    return lines


def _seen(result: Outcome) -> str:
    if result.resolution != result.resolution:
        return "nothing was compared"
    if result.resolution == float("inf"):
        return "no error would have been seen"
    return f"an error of {result.resolution:.1g} would have been seen"


def _seeded(result: Outcome) -> str:
    parts = [result.options, "" if result.seed is None else f"rng={result.seed}"]
    return "".join(f", {part}" for part in parts if part)
