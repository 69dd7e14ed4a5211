"""When is a choice between a value and zero a product with the mask?"""

from __future__ import annotations

import numpy as np

from minigrad.program.ir import Instruction, Var
from minigrad.program.simplify.identities import is_exactly
from minigrad.program.simplify.sweep import Sweep, instruction_like


def product_with_a_mask(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.where(mask, x @ y, 0.0)`` becomes ``(x @ y) * mask``, which takes a quarter of the time.

    They differ where the value is infinite, or no number. A product of matrices is that where numbers overflow, but
    what is divided by zero is not turned from zero into NaN so.
    """
    if call.kwargs or len(call.args) != 3 or not is_exactly(call.args[2], 0):
        return None
    mask, value, _ = call.args
    if type(mask) is not Var or mask.dtype != np.dtype(bool) or sweep.own(value, np.matmul) is None:
        return None
    if value.shape != call.out.shape or value.dtype != call.out.dtype:
        return None
    return instruction_like(call, np.multiply, value, mask)
