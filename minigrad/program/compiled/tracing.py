"""What does one call of a function compute, at these shapes, dtypes and settings?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import CellType
from typing import Any, cast

import numpy as np

from minigrad.engine.pytrees import leaves
from minigrad.program.build import closed_over
from minigrad.program.compiled.arguments import Call
from minigrad.program.compiled.arguments import Place as Argument
from minigrad.program.compiled.watching import Watched, watched
from minigrad.program.errors import ProgramError, by_chance
from minigrad.program.first_call import explaining
from minigrad.program.held import HeldGradient, HeldRate, HeldTensor, HeldVariable, state_of
from minigrad.program.inputs import Inputs, Slot
from minigrad.program.ir import Instruction, Place, Var, mapped_atoms
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
    applied = call.applied(function)
    constants = [leaf for _, leaf in leaves(call.tree)]
    watches = watched(function, constants)
    slots = closed_over(applied)
    slots += _variables(watches, slots)
    slots += [Slot(rate.read(), "lr", None, "", rate) for rate in map(HeldRate, _optimizers(applied))]
    for slot in slots:
        if isinstance(slot.held, HeldTensor) and slot.held.tensor._node is not None and slot.held.tensor._node.hooks:
            raise ProgramError(
                f"somebody looks at the gradients of {slot.name} by x.register_hook(f), which compiled code would not "
                "call; remove the hook, or leave mg.compile out while you look"
            )
    inputs = Inputs(applied, call.examples, [], slots)
    values = [slot.value for slot in inputs.slots]
    used = [*constants, *call.examples, *(each.value for each in watches), *(each for _, each in reachable(function))]
    with without_unseen_chance(str(applied.__name__), used):
        with explaining(inputs.arguments, call.examples):
            first = Recording(inputs, values, takes_kernels, True)
        _check_gradients(inputs, first)
        second, adds = _recorded_again(applied, call, slots, inputs, first, takes_kernels)
    for each in watches:
        if not each.holds():
            raise ProgramError(
                f"the function changes {each.name} while it runs, which compiled code would not do; pass it as an "
                "argument, return its new value, or change it outside of the function"
            )
    return _trace(inputs, first, second, adds, watches)


def _as_given(call: Call) -> Iterator[Any]:
    """What may change, with numbers of Python and arrays without axes as such, for what asks for their types."""
    for (_, leaf), key in zip(leaves(call.tree), cast("Any", call.key)[1], strict=True):
        if type(leaf) is Argument:
            example = call.examples[leaf.position]
            yield float(example) if key[0] is float else np.asarray(example) if key[0] is True else example


def _variables(watches: Sequence[Watched], known: Sequence[Slot]) -> list[Slot]:
    """The generators in variables of functions, each once; those of layers are known."""
    seen = {id(slot.held.read()) for slot in known if slot.held is not None}
    found = []
    for each in watches:
        if isinstance(each.value, np.random.Generator) and id(each.value) not in seen:
            if not isinstance(each.holder, (CellType, dict)):
                continue
            seen.add(id(each.value))
            found.append(Slot(each.value, each.name, None, "", HeldVariable(each.holder, each.key)))
    return found


def _optimizers(function: Callable[..., Any]) -> Iterator[Any]:
    """The optimisers that a function may use, each once."""
    seen: set[int] = set()
    for _, thing in reachable(function):
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


def _recorded_again(
    function: Callable[..., Any],
    call: Call,
    slots: Sequence[Slot],
    inputs: Inputs,
    first: Recording,
    takes_kernels: bool,
) -> tuple[Recording, bool]:
    """The same call again, and whether it would add to gradients that are there before.

    It must be the same, also where a gradient is left from the call before.
    """
    held = [
        slot.held
        for position, slot in enumerate(inputs.slots)
        if isinstance(slot.held, HeldTensor) and slot.requires_grad and position in first.updates
    ]
    extra = [Slot(each.read(), "grad", None, "", each) for each in (HeldGradient(one.tensor) for one in held)]
    again = Inputs(function, call.examples, [], [*slots, *extra])
    second = Recording(again, [slot.value for slot in again.slots], takes_kernels, True)
    if any(second.deposited) != any(first.deposited):
        raise by_chance(_last(first))
    theirs = set(second.inputs_made[len(inputs.slots) :])
    adds = any(var in theirs for instruction in second.code for var in values_in(instruction))
    if adds:
        if any(first.deposited):
            raise ProgramError(
                "the function adds to the gradients of the call before; call optimizer.zero_grad() before "
                "loss.backward()"
            )
        # They are cleared at the end; where some are there at the beginning, the function would add to them.
        again = Inputs(function, call.examples, [], slots)
        second = Recording(again, [slot.value for slot in again.slots], takes_kernels, True)
    ours = dict(zip(first.inputs_made, second.inputs_made, strict=False))
    if len(first.code) != len(second.code):
        raise by_chance(_last(first))
    for mine, other in zip(first.code, second.code, strict=True):
        ours[mine.out] = other.out
        if mine.function != other.function or not (
            _alike(mine.args, other.args, ours) and _alike(mine.kwargs, other.kwargs, ours)
        ):
            raise by_chance(mine.where)
    if not _alike(_plain(first.returned), _plain(second.returned), ours):
        raise by_chance(_last(first))
    return second, adds


def _plain(tree: Any) -> Any:
    return [leaf for _, leaf in leaves(tree)]


def _last(recording: Recording) -> Place | None:
    """The line of the last step."""
    return recording.code[-1].where if recording.code else None


def _alike(mine: Any, other: Any, ours: dict[Var, Var]) -> bool:
    kind = type(mine)
    if kind is not type(other):
        return False
    if kind is Var:
        return ours.get(mine) is other
    if kind is tuple or kind is list:
        return len(mine) == len(other) and all(_alike(a, b, ours) for a, b in zip(mine, other, strict=True))
    if kind is dict:
        return mine.keys() == other.keys() and all(_alike(mine[key], other[key], ours) for key in mine)
    if kind is slice:
        return all(_alike(getattr(mine, each), getattr(other, each), ours) for each in ("start", "stop", "step"))
    if kind is np.ndarray:
        if mine is other:
            return True
        if mine.dtype != other.dtype or mine.shape != other.shape:
            return False
        return bool(np.array_equal(mine, other, equal_nan=mine.dtype.kind in "fc"))
    if kind is float or isinstance(mine, np.floating):
        return bool(mine == other) or (mine != mine and other != other)
    try:
        return bool(mine == other)
    except (TypeError, ValueError):
        return mine is other


def _trace(inputs: Inputs, first: Recording, second: Recording, adds: bool, watches: list[Watched]) -> Trace:
    code, arrays = _with_outside_arrays(first, second)
    given = [var for slot, var in zip(inputs.slots, first.inputs_made, strict=True) if slot.held is None]
    updates = [(inputs.slots[position].held, new) for position, new in first.updates.items()]
    used = {var for each in code for var in values_in(each)}
    used |= {leaf for leaf in (*_plain(first.returned), *(new for _, new in updates)) if isinstance(leaf, Var)}
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
        code=code,
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
        watches=watches,
    )


def _with_outside_arrays(first: Recording, second: Recording) -> tuple[list[Instruction], list[tuple[Var, Any]]]:
    """The code with inputs in the places of arrays that live on between calls, and these arrays.

    An array that is the same object in both recordings was there before; others are made anew by every call.
    """
    outside = {
        id(copy): array for key, (array, copy) in first._constants.items() if key in second._constants and array.size
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
