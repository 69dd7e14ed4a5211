"""What does one call of a function compute, at these shapes, dtypes and settings?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from minigrad.engine.pytrees import leaves
from minigrad.program.build import closed_over
from minigrad.program.compiled.again import plain_leaves, recorded_again
from minigrad.program.compiled.arguments import Call
from minigrad.program.compiled.arguments import Place as Argument
from minigrad.program.compiled.around import tensors_in, unchanged, variables_in
from minigrad.program.compiled.shapes import with_checks
from minigrad.program.compiled.watched import Elements, Watched, is_read_only
from minigrad.program.compiled.watching import watched
from minigrad.program.errors import ProgramError
from minigrad.program.first_call import explaining
from minigrad.program.held import (
    HeldEntry,
    HeldRate,
    HeldTensor,
    HeldVariable,
    rates_of,
    state_of,
)
from minigrad.program.inputs import Inputs, Slot
from minigrad.program.ir import Instruction, Var, mapped_atoms
from minigrad.program.reachable import reachable
from minigrad.program.record import Recording
from minigrad.program.simplify.keys import values_in
from minigrad.program.unseen_chance import without_unseen_chance


@dataclass
class HeldArray:
    """An array that the function closes over, whose elements may change."""

    array: Any

    def read(self) -> Any:
        """The array."""
        return self.array


@dataclass
class Trace:
    """A recorded call.

    Attributes:
        code: the instructions; shapes are numbers.
        given: the values for what may change in the arguments, in order.
        held: the other inputs, and where each is kept.
        returned: what the function returned, with values in the places of arrays.
        updates: what is kept elsewhere after the call: where, and the new value.
        layouts: the values whose array had its elements in one row, in the order of C.
        is_differentiable: whether the result depends on what requires a gradient.
        cleared: the Tensors whose ``.grad`` the call leaves behind.
        expects_no_gradient: the Tensors to whose ``.grad`` the call would add.
        watches: what the code takes for granted.
    """

    code: list[Instruction]
    given: list[Var]
    held: list[tuple[Var, Any]]
    returned: Any
    updates: list[tuple[Any, Any]]
    layouts: set[Var]
    is_differentiable: bool
    cleared: list[Any]
    expects_no_gradient: list[Any]
    watches: list[Watched]


def traced(function: Callable[..., Any], call: Call, takes_kernels: bool) -> Trace:
    """Record a call, twice, so that what differs by chance is noticed.

    Raises:
        ProgramError: where the function cannot be recorded, with the line that prevents it.
    """
    call = replace(call, examples=list(_as_given(call)))
    watches = watched(function, call.constants)
    arrays = [each for each in watches if type(each.value) is np.ndarray and not is_read_only(each.value)]
    read = [each for each in arrays if each.value.dtype.kind in "biuf"]
    if read:
        try:
            return _traced(function, call, watches, arrays, read, takes_kernels)
        except Exception:
            # Something wants to know their elements, such as how often to repeat; so these are parts of the code.
            pass
    return _traced(function, call, watches, arrays, [], takes_kernels)


def _traced(
    function: Callable[..., Any],
    call: Call,
    watches: Sequence[Watched],
    arrays: Sequence[Watched],
    read: Sequence[Watched],
    takes_kernels: bool,
) -> Trace:
    """A recording with some of the arrays in variables as inputs, and the others as parts of the code."""
    applied = call.applied(function)
    slots = closed_over(applied, looks_into_objects=True)
    slots += tensors_in(watches, slots)
    variables = variables_in(watches, read, slots)
    held = {id(slot.held.read()) for slot in variables if slot.held is not None}
    watches = [*watches, *(Elements(each) for each in arrays if id(each.value) not in held)]
    slots += variables
    slots += [Slot(rate.read(), "lr", None, "", rate) for each in _optimizers(applied) for rate in rates_of(each)]
    for slot in slots:
        if isinstance(slot.held, HeldTensor) and slot.held.tensor._node is not None and slot.held.tensor._node.hooks:
            raise ProgramError(
                f"somebody looks at the gradients of {slot.name} by x.register_hook(f), which compiled code would not "
                "call; remove the hook, or leave mg.compile out while you look"
            )
    inputs = Inputs(applied, call.examples, [], slots)
    values = [slot.value for slot in inputs.slots]
    used = [
        *call.constants,
        *call.examples,
        *(each.value for each in watches),
        *(each for _, each in reachable(function)),
    ]
    with without_unseen_chance(str(applied.__name__), used), unchanged(watches):
        with explaining(inputs.arguments, call.examples):
            first = Recording(inputs, values, takes_kernels, True)
        _check_gradients(inputs, first)
        second, adds = recorded_again(applied, call, slots, inputs, first, takes_kernels)
    _check_rates(inputs, first)
    trace = _trace(inputs, first, second, adds, watches)
    # What is read in each call is looked at there.
    keys = {held.key for _, held in trace.held if isinstance(held, HeldVariable) and type(held.read()) is np.ndarray}
    trace.watches = [each for each in watches if (id(each.holder), each.key, ()) not in keys]
    return trace


def _check_rates(inputs: Inputs, recording: Recording) -> None:
    """Refuse several steps whose learning rates a schedule gives, because the code asks for one rate in each call."""
    rates = [slot.held for slot in inputs.slots if isinstance(slot.held, HeldRate)]
    scheduled = {id(each.optimizer._own) for each in rates if callable(each.optimizer._lr)}
    makers = {each.out: each for each in recording.code}
    for position, new in recording.updates.items():
        held, count, place = inputs.slots[position].held, 0, None
        while isinstance(held, HeldEntry) and held.entry == "steps" and new in makers:
            place = makers[new].where
            new, count = makers[new].args[0], count + 1
        if count > 1 and id(held.holder) in scheduled:  # type: ignore[union-attr]  # an entry
            raise ProgramError(
                f"{place}: the second step of an optimizer in one call would have the learning rate of the first, "
                "which a schedule gives; compile one step, and call it twice"
            )


def _as_given(call: Call) -> Iterator[Any]:
    """What may change, with numbers of Python and arrays without axes as such, for what asks for their types."""
    for (_, leaf), key in zip(leaves(call.tree), cast("Any", call.key)[1], strict=True):
        if type(leaf) is Argument:
            example = call.examples[leaf.position]
            yield float(example) if key[0] is float else np.asarray(example) if key[0] is True else example


def _optimizers(function: Callable[..., Any]) -> Iterator[Any]:
    """The optimisers that a function may use, each once."""
    seen: set[int] = set()
    for _, thing in reachable(function, looks_into_objects=True):
        if state_of(thing) and id(thing) not in seen:
            seen.add(id(thing))
            yield thing


def _check_gradients(inputs: Inputs, recording: Recording) -> None:
    """Refuse what leaves gradients for later: they live in memory that the next call uses again."""
    recording.refuse_strangers()
    for position, (slot, is_left) in enumerate(zip(inputs.slots, recording.deposited, strict=True)):
        if is_left and position not in recording.updates:
            raise ProgramError(
                f"the function leaves a gradient in {slot.name}.grad, which compiled code does not; call "
                "optimizer.step() inside of the function, or return the gradients, as mg.value_and_grad does"
            )


def _trace(inputs: Inputs, first: Recording, second: Recording, adds: bool, watches: Sequence[Watched]) -> Trace:
    code, arrays = _with_outside_arrays(first, second)
    given = [var for slot, var in zip(inputs.slots, first.inputs_made, strict=True) if slot.held is None]
    updates = [(inputs.slots[position].held, new) for position, new in first.updates.items()]
    used = {var for each in code for var in values_in(each)}
    used |= {leaf for leaf in (*plain_leaves(first.returned), *(new for _, new in updates)) if isinstance(leaf, Var)}
    changed = {id(held) for held, _ in updates}
    kept: list[tuple[Var, Any]] = [
        (var, slot.held)
        for slot, var in zip(inputs.slots, first.inputs_made, strict=True)
        if slot.held is not None and (var in used or id(slot.held) in changed)
    ]
    kept += [(var, HeldArray(array)) for var, array in arrays]
    tensors = [
        (slot.held.tensor, is_left)
        for slot, is_left in zip(inputs.slots, first.deposited, strict=True)
        if isinstance(slot.held, HeldTensor)
    ]
    return Trace(
        code=with_checks(code),
        given=given,
        held=kept,
        returned=first.returned,
        updates=updates,
        layouts={
            var
            for var, value in first.values.items()
            if not isinstance(value, np.ndarray) or (value.dtype != object and value.flags.c_contiguous)
        },
        is_differentiable=first.is_differentiable,
        cleared=[tensor for tensor, is_left in tensors if is_left],
        expects_no_gradient=[
            slot.held.tensor
            for position, slot in enumerate(inputs.slots)
            if adds and isinstance(slot.held, HeldTensor) and position in first.updates
        ],
        watches=list(watches),
    )


def _with_outside_arrays(first: Recording, second: Recording) -> tuple[list[Instruction], list[tuple[Var, Any]]]:
    """The code with inputs in the places of arrays that live on between calls, and these arrays.

    An array that is the same object in both recordings was there before; others are made anew by every call. One that
    nobody may write to is a constant.
    """
    outside = {
        id(copy): array
        for key, (array, copy) in first._constants.items()
        if key in second._constants and array.size and not is_read_only(array)
    }
    variables: dict[int, tuple[Var, Any]] = {}

    def replace(part: Any) -> Any:
        if type(part) is not np.ndarray or id(part) not in outside:
            return part
        if id(part) not in variables:
            array = outside[id(part)]
            variables[id(part)] = Var(first._number(), array.shape, array.dtype), array
        return variables[id(part)][0]

    if not outside:
        return first.code, []
    code = [
        Instruction(
            each.function,
            mapped_atoms(each.args, replace),
            mapped_atoms(each.kwargs, replace),
            each.out,
            each.where,
            each.phase,
        )
        for each in first.code
    ]
    return code, list(variables.values())
