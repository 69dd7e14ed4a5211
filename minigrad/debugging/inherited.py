"""Who is to blame for a bad number that was there before any operation?"""

from __future__ import annotations

import numpy as np

from minigrad.debugging.causes import Cause
from minigrad.debugging.growth import Leaves
from minigrad.debugging.numbers import described, is_numeric
from minigrad.debugging.origins import origin
from minigrad.debugging.places import users_name
from minigrad.debugging.report import Report, report
from minigrad.debugging.scenes import Note
from minigrad.engine.graph import Node


def given_bad_numbers(node: Node, leaves: Leaves) -> Report:
    """What is said of a result that is not finite because something that no operation made was not."""
    first, position, told, leaf = origin(node)
    op, note = first.op, first.seen
    assert op is not None
    place = note.place if type(note) is Note else None
    kind = "NaN" if np.isnan(node.out).any() else "an infinity"
    array = first.args[position] if position is not None else None
    numbers = [f"it: {described(array)}"] if is_numeric(array) else []
    if told == "a constant" and type(array) is np.ndarray and (name := users_name(array)):
        told = f"the constant {name!r}"
    what = "a parameter" if position is None else f"argument {position}"
    happened = f"{op.name} was given {kind} as {what}, which is {told.rstrip(',')}"
    if leaf is not None and leaves.was_finite(leaf):
        cause = leaves.grown([leaf]) or Cause(
            "learning rate too high",
            f"{told} held finite numbers in an earlier pass, so that an update has made {kind} of them",
            "make the learning rate smaller, by a factor of 10 to begin with; or bound the gradients with max_norm= "
            "in the optimiser",
        )
    else:
        cause = Cause(
            "bad input",
            f"{told} held {kind} before any operation: none is to blame",
            "look where these numbers come from: np.argwhere(~np.isfinite(x)) lists the places; leave them out, or "
            "choose with mg.where before computing"
            if kind == "NaN"
            else "if it is a mask, a masked place was chosen after all, as by a label: look at the labels, or mask "
            "with a large number such as -1e9",
        )
    return report(happened, numbers, cause, op.name, place)
