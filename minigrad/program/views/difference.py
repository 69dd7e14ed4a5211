"""In what do two programs differ, first of all?"""

from __future__ import annotations

from typing import Any

from minigrad.program.program_like import ProgramLike
from minigrad.program.views.labels import Labels
from minigrad.program.views.plain import comparable

# What a program computes; names of values, lines of code and layers tell people about it.
_OF_INPUTS = ("name", "dtype", "shape", "wanted")
_OF_CALLS = ("phase", "function", "args", "kwargs", "dtype", "shape")


def difference(program: ProgramLike, other: ProgramLike) -> str:
    """The first difference in inputs, calls, constants, sizes and results, with the user's line; "" without any."""
    first, second = comparable(program), comparable(other)
    own, theirs = Labels(program), Labels(other)
    if _differ(first["arguments"], second["arguments"]):
        return f"arguments: {_told(first['arguments'])} and {_told(second['arguments'])}"
    if len(first["inputs"]) != len(second["inputs"]):
        return f"{len(first['inputs'])} and {len(second['inputs'])} inputs"
    for one, two in zip(first["inputs"], second["inputs"], strict=True):
        for key in _OF_INPUTS:
            if _differ(one[key], two[key]):
                return f"input {one['name']}: {key} {one[key]} and {two[key]}"
    for position, (one, two) in enumerate(zip(first["code"], second["code"], strict=False)):
        if any(_differ(one[key], two[key]) for key in _OF_CALLS):
            mine, its = program.code[position], other.code[position]
            place = " ".join(dict.fromkeys(str(each.where) for each in (mine, its) if each.where is not None))
            texts = [
                f"{labels.value(each.out)} = {labels.call(each)}, {each.phase}, {each.out.dtype} "
                f"{labels.shape(each.out.shape)}"
                for labels, each in ((own, mine), (theirs, its))
            ]
            if texts[0] == texts[1]:
                texts = [
                    str({key: each[key] for key in _OF_CALLS if _differ(one[key], two[key])}) for each in (one, two)
                ]
            return f"instruction {position + 1}{' at ' + place if place else ''}: {texts[0]} and {texts[1]}"
    if len(first["code"]) != len(second["code"]):
        longer, labels = (program, own) if len(first["code"]) > len(second["code"]) else (other, theirs)
        extra = longer.code[min(len(first["code"]), len(second["code"]))]
        place = "" if extra.where is None else f" at {extra.where}"
        return (
            f"{len(first['code'])} and {len(second['code'])} instructions; one of them goes on{place} with "
            f"{labels.call(extra)}"
        )
    for key in ("result", "gradients", "guards"):
        if _differ(first[key], second[key]):
            return f"{key}: {_told(first[key])} and {_told(second[key])}"
    return ""


def _differ(one: Any, two: Any) -> bool:
    """Whether two parts differ, also as 2 and 2.0 do; keyword arguments have no order."""
    if isinstance(one, dict) and isinstance(two, dict):
        one, two = sorted(one.items()), sorted(two.items())
    return repr(one) != repr(two)


def _told(part: Any) -> str:
    text = str(part)
    return text if len(text) < 200 else text[:196] + " ..."
