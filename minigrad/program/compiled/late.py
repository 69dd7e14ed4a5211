"""Does a function look at a parameter by another name after it was updated, where it would see the new values?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.program.compiled.lifetimes import is_view
from minigrad.program.compiled.tracing import Trace
from minigrad.program.errors import ProgramError
from minigrad.program.held import HeldTensor, HeldVariable
from minigrad.program.ir import Var
from minigrad.program.simplify.keys import values_in


def refuse_late_looks(trace: Trace, updates: Sequence[tuple[Any, Any]]) -> None:
    """Refuse code that uses an array which should have new values already.

    Args:
        trace: what was recorded.
        updates: those of its updates that are written at the end.

    Raises:
        ProgramError: with the line.
    """
    makers = {each.out: place for place, each in enumerate(trace.code)}
    for held, new in updates:
        # A constant is given another array, so that those who have the old one keep it.
        if not isinstance(held, HeldTensor) or held.tensor._node is None or type(new) is not Var or new not in makers:
            continue
        names = _names_of(trace, held)
        for place, each in enumerate(trace.code):
            if values_in(each) and values_in(each)[0] in names and is_view(each):
                names.add(each.out)
            elif place > makers[new] and not names.isdisjoint(values_in(each)):
                raise ProgramError(
                    f"{each.where}: an array that shares memory with a parameter is used after the parameter was "
                    "updated; take w.data anew there, or write w.data.copy() before where the old values are meant"
                )


def _names_of(trace: Trace, held: HeldTensor) -> set[Var]:
    """The inputs that are the array of a Tensor, or share its memory."""
    array = np.asarray(held.tensor._here())
    return {
        var
        for var, each in trace.held
        if each is held or (isinstance(each, HeldVariable) and np.may_share_memory(np.asarray(each.read()), array))
    }
