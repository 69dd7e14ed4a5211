"""Which of the ways in which a backward pass could be called is the one that is meant?"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.testing.subjects.calling import Call, Situation, calls
from minigrad.testing.subjects.function_passes import FunctionPasses, is_plain_tuple
from minigrad.testing.subjects.outputs import arrays_of, described, is_scalar, may_be_output
from minigrad.testing.subjects.roles import Parameters

_FORMS = (
    "backward(g, out, *inputs); backward(g, cache) where forward returns (out, cache); or backward(*inputs) for a loss "
    "and for the derivative of an elementwise function"
)


def chosen_call(passes: FunctionPasses, style: str, values: Sequence[Any]) -> Call:
    """How the backward pass is called.

    Raises:
        TypeError: where it does not take what it would be given, or that cannot be told.
    """
    result, handed = passes.first_result(values)
    items = list(result) if is_plain_tuple(result) else [result]
    if style == "cache" and len(items) < 2:
        raise TypeError(f"{passes.name} returned {described(result)}, not a pair (out, cache), as style='cache' asks")
    arrays_of(items[0], passes.name)

    def is_cache(item: Any) -> bool:
        # A tuple, and what the forward pass hands on as it got it, is no output.
        handed_on = any(item is each for each in handed)
        return item is None or isinstance(item, tuple) or handed_on or not may_be_output(item)

    most = next((i for i, item in enumerate(items) if i and is_cache(item)), len(items))
    parameters = Parameters.of(passes.backward)
    situation = Situation(
        len(items) if is_plain_tuple(result) else 0,
        most,
        len(items[-1]) if isinstance(items[-1], (tuple, list, dict)) else 0,
        tuple(passes.inputs.names),
        parameters,
        is_scalar(items[0]),
    )
    ranked = calls(situation, style if style in ("args", "cache", "loss") else "auto")
    groups = ranked if style == "auto" else ranked[:1]
    # A way that raises is not the one that is meant, if there is another that does not.
    running = next((some for group in groups if (some := _those_that_run(passes, group, values))), None)
    found = running or next(iter(groups), [])
    if not found and style in ("args", "cache"):
        call = "backward(g, cache)" if style == "cache" else "backward(g, out, *inputs)"
        raise TypeError(f"the backward pass takes {parameters.text}; with style={style!r} it is called as {call}")
    if len(found) != 1:
        raise TypeError(_doubt(passes, parameters, found))
    return found[0]


def _those_that_run(passes: FunctionPasses, found: Sequence[Call], values: Sequence[Any]) -> list[Call]:
    running = []
    for passes.call in found:
        with contextlib.suppress(Exception):
            once = passes.passed([value.copy() for value in values])
            passes.returned(once, [np.ones_like(array) for array in passes.arrays(once)])
            running.append(passes.call)
    return running


def _doubt(passes: FunctionPasses, parameters: Parameters, found: Sequence[Call]) -> str:
    names = passes.inputs.names
    ways = " or ".join(call.told(passes.backward_name, names) for call in found[:2])
    doubt = f" is to be called: {ways}?" if found else f" goes with {passes.name}({', '.join(names)})."
    return (
        f"the backward pass takes {parameters.text}; it cannot be told how {passes.backward_name}{doubt} These are "
        f"understood: {_FORMS}. Name the parameters after the inputs, and the upstream gradient g, grad or dout; or "
        f"write it out: lambda g, out, {', '.join(names)}: {passes.backward_name}(...)"
    )
