"""Why is this gradient wrong? Rules are tried in order; each recognises one mistake by its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minigrad.testing.checking.invariants import read_claim
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis import (
    arrangement,
    broadcasting,
    clipping,
    constants,
    decay,
    folded_slips,
    form,
    formulas,
    jacobian,
    labels,
    operands,
    operations,
    paths,
    pooling,
    samples,
    slips,
    slopes,
    values,
)
from minigrad.testing.diagnosis.evidence import Array, Evidence, named_sizes
from minigrad.testing.subjects.inputs import Leaf

Rule = Callable[[Evidence], Finding | None]


def in_whole(rule: Rule) -> Rule:
    """The rule, with one operation for each function that the user wrote out in several steps, if there is one."""
    return lambda evidence: None if evidence.folded is None else rule(evidence.folded)


# The more specific first: a rule further down would find an explanation for what belongs to one above, too.
RULES: list[Rule] = [
    form.outside_of_kink,
    form.zero,
    broadcasting.axis_lost,
    form.not_summed,
    broadcasting.outer,
    form.outer_claim,
    form.summed_too_often,
    form.transposed,
    arrangement.rearranged,
    form.reshaped,
    clipping.clipped,
    decay.weight_decay,
    operands.epsilon_left_out,
    constants.rounded,
    constants.epsilon_in_excess,
    form.constant_ratio,
    form.flipped,
    form.shifted,
    arrangement.blocks_exchanged,
    values.low_precision,
    labels.labels,
    labels.picked_shifted,
    pooling.pooled,
    in_whole(broadcasting.keepdims_left_out),
    broadcasting.keepdims_left_out,
    samples.row_missing,
    samples.samples_missing,
    in_whole(folded_slips.whole_mistake),
    paths.path_missing,
    paths.paths_missing,
    paths.path_scaled,
    arrangement.rearranged_on_the_way,
    in_whole(slips.local_mistake),
    slips.local_mistake,
    form.exchanged,
    arrangement.blocks_exchanged_on_the_way,
    formulas.other_formula,
    values.known_factor,
    in_whole(slopes.other_slope),
    slopes.other_slope,
    values.complement,
    values.operand,
    values.stale,
    slopes.summed_product,
    paths.path_rescaled,
    operands.part_skipped,
    operands.other_step,
    in_whole(operands.wrong_operand),
    operands.wrong_operand,
    slopes.flipped_quotient,
    values.known_term,
    values.nearly_right,
    jacobian.forwards,
    slopes.wrong_end,
    jacobian.diagonal,
    jacobian.overwritten,
    jacobian.support,
]


def explain(evidence: Evidence) -> Finding:
    """The first explanation that fits, or a finding with the rule ``unexplained``."""
    with np.errstate(all="ignore"):
        if evidence.suspect is not None:
            # The gradient is minigrad's own: what is wrong is a rule, or the function hides a part from it.
            culprit = operations.wrong_rule(evidence.suspect)
            if culprit is None:
                return operations.detached(evidence)
            return operations.blamed(evidence, culprit, explain(culprit.evidence))
        tape = evidence.tape
        if tape is not None and tape.cause is not None:
            # One mistake spoils several leaves more often than several mistakes one each.
            number, name, where = tape.cause
            found = RULES[number](evidence)
            if found is not None and (found.rule, found.where) == (name, where):
                return found
        for number, rule in enumerate(RULES):
            found = rule(evidence)
            if found is not None:
                if tape is not None and found.where:
                    tape.cause = number, found.rule, found.where
                return found
    return evidence.finding("unexplained", "no known mistake gives these numbers", confidence=0.0)


def diagnose(
    actual: Any,
    reference: Any,
    *,
    tensors: Mapping[str, Any] | None = None,
    dims: Mapping[str, int] | None = None,
    backward: Callable[..., Any] | None = None,
) -> list[Finding]:
    """Why does one gradient differ from another, wherever they come from?

    Args:
        actual: the gradient in question; anything that ``np.asarray`` takes, such as arrays of PyTorch or JAX.
        reference: what it should be.
        tensors: other arrays of the computation by name: inputs, outputs, weights, the upstream gradient.
        dims: sizes that a wrong factor may come from, by name; ``"batch"`` names the batch. Those of the arrays by
            default.
        backward: ``backward(**tensors)`` gives the gradient in question; it is called with one of them replaced.

    Returns:
        At most one finding, its rule ``unexplained`` where nothing fits; none where the two agree, to 1e-10 of the
        largest element, or 1e-4 if one of them is in single precision.

    Raises:
        TypeError: for gradients that are not arrays of real numbers.
        ValueError: for a reference that is not finite.

    Examples:
        >>> truth = np.linspace(1, 2, 21).reshape(7, 3)
        >>> [finding.rule for finding in testing.diagnose(truth / 7, truth, dims={"batch": 7})]
        ['scale.batch']
    """
    arrays = [np.asarray(actual), np.asarray(reference)]
    if any(array.dtype.kind not in "biuf" for array in arrays):
        raise TypeError(f"gradients are arrays of real numbers, not {arrays[0].dtype} and {arrays[1].dtype}")
    single = any(array.dtype.kind == "f" and array.dtype.itemsize < 8 for array in arrays)
    truth = arrays[1].astype(np.float64)
    if not np.isfinite(truth).all():
        raise ValueError("the reference is not finite, so there is nothing to compare with")
    read = read_claim(Leaf("gradient", truth), arrays[0], exact=False)
    if read.problem is not None and not read.diagnosable:
        return [read.problem]
    claim = read.value
    known = {name: np.asarray(array, dtype=np.float64) for name, array in (tensors or {}).items()}
    # Sums in another order differ by this much, and it is no mistake.
    error = (5e-6 if single else 5e-12) * float(np.max(np.abs(truth), initial=0.0))
    if Evidence.close(claim, truth, 20 * error):
        return []
    shapes = {name: array.shape for name, array in known.items()} | {"the gradient": truth.shape}

    def recalled(name: str, array: Array) -> Array | None:
        return None if backward is None or name not in known else np.asarray(backward(**{**known, name: array}))

    sizes = named_sizes(shapes, ()) if dims is None else dims
    return [explain(Evidence("gradient", claim, truth, error, known, sizes, recalled=recalled))]
