"""How is the result of a check told in at most fifteen lines?"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.testing.checking.outcome import ZERO, Finding, LeafResult, Outcome

_LINES, _LEAVES, _FINDINGS, _NAMES = 15, 6, 3, 8
_WIDTH, _EXAMPLE, _VALUE = 112, 160, 60
_HEADS = {"pass": "passed", "fail": "FAILED", "inconclusive": "INCONCLUSIVE"}
_ORDER = {"fail": 0, "inconclusive": 1, "pass": 2}


def report(result: Outcome) -> str:
    """The whole report; leaves are left out where it would be longer than fifteen lines, and then further findings."""
    head = _wrapped(f"{result.check} {_HEADS[result.verdict]}  {result.subject}{_counted(result)}")
    last = [line for warning in result.warnings for line in _warned(warning)]
    last += [line for note in result.notes for line in _wrapped(f"  note: {note}")]
    seen = f"  resolution: {_seen(result)}"
    again = f"again: {result.check}({result.subject}, ...{_seeded(result)})"
    line = f"{seen}     {again}"
    last += [line] if len(line) <= _WIDTH else [*_wrapped(seen), *_wrapped(f"  {again}")]
    told = _findings(result, _LINES - len(head) - len(last) - min(2, len(result.leaves)))
    room = _LINES - len(head) - len(last) - len(told)
    return "\n".join([*head, *_leaves(result, room), *told, *last])


def _findings(result: Outcome, room: int) -> list[str]:
    """The reasons: the first one whole, further ones as far as there is room."""
    told = [_explained(finding) for finding in result.findings]
    lines: list[str] = []
    for number, explanation in enumerate(told):
        left = len(told) - number - 1
        if number and (number == _FINDINGS or len(lines) + len(explanation) + bool(left) > room):
            return [*lines, f"  and {left + 1} more {'reason' if left == 0 else 'reasons'}: see result.findings"]
        lines += explanation
    return lines


def _leaves(result: Outcome, room: int) -> list[str]:
    """What was seen of each gradient, wrong ones first; the last ones in one line where there is no room for all."""
    leaves = sorted(result.leaves, key=lambda leaf: _ORDER[leaf.verdict])
    names = [f"{leaf.name} {leaf.shape}" for leaf in leaves]
    width = min(max(map(len, names[: _LEAVES + 1]), default=0), 40)
    told = [
        _wrapped(f"  {name:<{width}}  {_told(leaf)}", " " * (width + 11))
        for name, leaf in zip(names, leaves, strict=True)
    ]
    if len(leaves) <= _LEAVES + 1 and sum(map(len, told)) <= max(room, len(leaves[:1])):
        return [line for lines in told for line in lines]
    shown: list[str] = []
    for number, lines in enumerate(told):
        if number and (number == _LEAVES or len(shown) + len(lines) + 1 > room):
            break
        shown += lines
    else:
        return shown
    return [*shown, f"  and {len(leaves) - number} more: {_tally(leaves[number:])}"]


def _wrapped(line: str, indent: str = " " * 8) -> list[str]:
    """A line as it is, or in several with an indent, so that it keeps its end."""
    if len(line) <= _WIDTH:
        return [line]
    margin = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(line.strip(), _WIDTH, initial_indent=margin, subsequent_indent=indent, break_on_hyphens=False)


def shown(inputs: Mapping[str, Any]) -> str:
    """Inputs in one line: their values while those are short, else their shapes."""
    line = ", ".join(f"{name}={_brief(value)}" for name, value in inputs.items())
    return line if len(line) <= _EXAMPLE else f"{line[: _EXAMPLE - 3]}..."


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
    if leaf.note.startswith(ZERO):
        return f"ok     {leaf.note}"
    return f"ok     largest relative error {leaf.error:.1g} (reference good to {leaf.bar:.1g}){kinks}{note}"


def _tally(leaves: list[LeafResult]) -> str:
    counts = {name: sum(leaf.verdict == name for leaf in leaves) for name in _ORDER}
    words = {"fail": "wrong", "inconclusive": "not resolved", "pass": "ok"}
    return ", ".join(f"{count} {words[name]}" for name, count in counts.items() if count)


def _explained(finding: Finding) -> list[str]:
    lines = _wrapped(f"  why: {_named(finding.leaves)}: {finding.text}  [{finding.rule}]")
    if finding.fix:
        lines += _wrapped(f"  fix: {finding.fix}")
    if finding.where:
        lines += _wrapped(f"  where: {finding.where}")
    return lines


def _warned(warning: Finding) -> list[str]:
    return _wrapped(f"  warning: {_named(warning.leaves)}: {warning.text}; {warning.fix}  [{warning.rule}]")


def _named(names: Sequence[str]) -> str:
    if len(names) > _NAMES:
        names = [*names[: _NAMES - 1], f"{len(names) - _NAMES + 1} more"]
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _seen(result: Outcome) -> str:
    if result.resolution != result.resolution:
        return "nothing was compared"
    if result.resolution == float("inf"):
        seen = [leaf.resolution for leaf in result.leaves if leaf.resolution < float("inf")]
        unseen = ", ".join(leaf.name for leaf in result.leaves if not leaf.resolution < float("inf"))
        told = f"an error of {max(seen):.1g} would have been seen, but none in {unseen}" if seen else ""
        return told or "no error would have been seen"
    return f"an error of {result.resolution:.1g} would have been seen"


def _seeded(result: Outcome) -> str:
    parts = [result.options, "" if result.seed is None else f"rng={result.seed}"]
    return "".join(f", {part}" for part in parts if part)
