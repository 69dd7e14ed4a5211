"""Which rules are tried at which function, and in which order?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.manipulation.indexing import added_at, placed_at
from minigrad.program import ir
from minigrad.program.simplify import (
    arguments,
    identities,
    joining,
    masks,
    matrices,
    numbers,
    placing,
    reductions,
    sharing,
    signs,
    views,
)
from minigrad.program.simplify.sweep import Rule

# At every elementwise function, before its own.
ELEMENTWISE: list[Rule] = [arguments.lean]

RULES: dict[Any, list[Rule]] = {
    np.positive: [identities.same],
    np.copy: [identities.same],
    ir.astype: [identities.same],
    np.broadcast_to: [identities.same, numbers.filled, arguments.repeated, signs.of_one],
    np.reshape: [identities.same, views.reshaped_twice, signs.of_one, views.axes_put_in],
    np.ravel: [identities.same, signs.of_one],
    np.squeeze: [identities.same, signs.of_one],
    np.conjugate: [identities.real],
    np.real: [identities.real],
    np.add: [identities.plus_zero, signs.of_a_sum, numbers.doubled, joining.side_by_side],
    np.subtract: [identities.minus_zero, signs.of_a_difference],
    np.multiply: [
        identities.times_one,
        numbers.number_first,
        numbers.negative_one,
        signs.of_a_product,
        reductions.mean_of_a_product,
        numbers.numbers_joined,
        numbers.square,
        sharing.of_a_product,
        sharing.into_a_sum,
        views.axis_later,
    ],
    np.divide: [
        identities.over_one,
        signs.of_a_product,
        reductions.mean_of_a_quotient,
        sharing.of_a_quotient,
        views.axis_later,
    ],
    np.power: [identities.over_one, numbers.whole_power],
    np.square: [numbers.squared],
    np.negative: [signs.of_a_negative, numbers.filled_negative],
    np.outer: [signs.of_a_product],
    np.matmul: [matrices.product_with_one_number, signs.of_a_product],
    np.transpose: [
        matrices.swap_named,
        matrices.swapped_twice,
        matrices.swap_of_a_row,
        matrices.swap_of_a_product,
        signs.of_one,
    ],
    np.swapaxes: [
        matrices.swap_named,
        matrices.swapped_twice,
        matrices.swap_of_a_row,
        matrices.swap_of_a_product,
        signs.of_one,
    ],
    np.expand_dims: [views.axis_added],
    added_at: [placing.index_named, placing.once],
    placed_at: [placing.index_named],
    np.moveaxis: [matrices.moved_nowhere],
    np.where: [masks.product_with_a_mask],
    ir.item: [
        identities.whole,
        views.index_named,
        views.axis_taken_away,
        views.part_of_a_stack,
        matrices.solved_for_a_column,
        signs.of_one,
    ],
    **{function: [reductions.axes_named] for function in reductions.REDUCTIONS},
}
RULES[np.sum] = [
    reductions.axes_named,
    reductions.over_no_axes,
    reductions.sum_of_zeros,
    reductions.sum_of_a_sum,
    signs.of_one,
]
RULES[np.var] = RULES[np.std] = [reductions.axes_named, reductions.about_a_known_mean]
RULES[np.mean] = [reductions.axes_named, reductions.over_no_axes, signs.of_one]

# Tried as well when equal calls have become one.
LATER: dict[Any, list[Rule]] = {ir.item: [views.axes_kept]}
