"""How does a function become a program?

It is recorded several times, with other values and other sizes of what it is given; what the recordings share is the
program. Then the program is run at the examples, and has to give what the function itself gives there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.engine.pytrees import leaves, mapped
from minigrad.engine.tensor import Tensor
from minigrad.program.alignment import Aligned, DisagreementError
from minigrad.program.by_the_tape import by_the_tape, difference
from minigrad.program.choice_of_sizes import Choice, SizeClass, symbols_of
from minigrad.program.errors import ProgramError, by_chance
from minigrad.program.first_call import check_examples, check_result, explaining
from minigrad.program.fresh_inputs import Kind
from minigrad.program.held import HeldTensor, settings_of
from minigrad.program.inputs import Inputs, Slot, Wanted, is_array, slots_of_layer, slots_of_state
from minigrad.program.ir import Dim, Guard, Input, Size, Var, guard
from minigrad.program.least_sizes import least_sizes
from minigrad.program.probes import LARGEST_PROBE, LONG
from minigrad.program.program import Program
from minigrad.program.reachable import is_layer, reachable
from minigrad.program.record import Recording
from minigrad.program.unseen_chance import without_unseen_chance

_ROUNDS = (0, 1, 2, 3)


def program(function: Callable[..., Any], *examples: Any, wrt: Wanted = None, name: str | None = None) -> Program:
    """Record a function, and its gradients where it returns one number, as a program of NumPy calls.

    Args:
        function: is called several times, with Tensors and recorded values in the places of arrays.
        examples: what it is called with: arrays, Tensors, numbers, layers, and lists, tuples, dicts and dataclasses of
            them. Their values and sizes are examples, their structure, dtypes and numbers of axes are not; what is no
            array, Tensor or float is part of the program.
        wrt: the arguments whose gradients are wanted, by name or position; by default the Tensors that require one,
            also those of layers and those that the function uses without being given them, or every array of floats
            where there is none. ``wrt=[]`` gives the value alone.
        name: what the program is called; the function's own name by default.

    Returns:
        A `Program`, which runs on arguments of other values and, where the function takes them, other sizes.

    Raises:
        ProgramError: where the function cannot be written as a program, with the line that prevents it: a number that
            is computed from values and leaves NumPy, a branch that would go another way, chance.

    Examples:
        >>> run = mg.program(lambda w, x: np.sum(np.tanh(x @ w)), np.ones(3), np.ones((5, 3)))
        >>> value, dw, dx = run(np.zeros(3), np.ones((2, 3)))
        >>> dw
        array([2., 2., 2.])
    """
    check_examples(function, examples)
    called = name or str(getattr(function, "__name__", type(function).__name__))
    used = [each for _, each in (*leaves(examples), *reachable(function))]
    with without_unseen_chance(called, used):
        return _recorded(function, examples, wrt, called)


def _recorded(function: Callable[..., Any], examples: Sequence[Any], wrt: Wanted, called: str) -> Program:
    closed = closed_over(function)
    inputs = Inputs(function, examples, wrt, closed)
    with explaining(inputs.arguments, examples):
        first = Recording(inputs, [slot.value for slot in inputs.slots])
    if closed:
        used = {part for each in first.code for part in each.uses()} | set(first.updates_made)
        needed = [
            slot
            for slot, var in zip(inputs.slots, first.inputs_made, strict=True)
            if slot.argument is None and var in used
        ]
        inputs = Inputs(function, examples, wrt, needed)
        first = Recording(inputs, [slot.value for slot in inputs.slots])
    first.refuse_strangers()
    if not first.updates:
        check_result(function, first.returned)
    arrays = [slot.value for slot in inputs.slots]
    choice = Choice(inputs.slots, first.code, lambda values: Recording(inputs, values))
    expected = by_the_tape(inputs, arrays, first.updates)
    refusal: ProgramError | None = None
    for classes in _proposals(choice):
        try:
            aligned = _attempt(choice, classes)
        except DisagreementError as error:
            if not classes:
                raise _refused(inputs, choice, error) from None
            continue
        # The values of an example may be so special, such as zeros, that they hide mistakes.
        drawn = choice.arrays(classes, _ROUNDS[0]) if sum(array.size for array in arrays) <= LARGEST_PROBE else None
        found = _made(function, called, inputs, aligned, choice, [arrays] if drawn is None else [arrays, drawn])
        try:
            refusal = difference(found, arrays, expected)
        except ProgramError as error:
            refusal = error
        if refusal is None:
            least = least_sizes(found, inputs, choice, classes, first)
            if least is not None:
                found.guards += least
                return found
    raise refusal or ProgramError(f"{called} cannot be recorded: it gives other results when it is called again")


def _proposals(choice: Choice) -> Iterator[Sequence[SizeClass]]:
    """Classes of axes that might change, the most first; those that no class holds stay as they are."""
    classes = choice.classes
    if classes:
        yield classes
        # What the function is called with in one case alone tells which sizes its calls depend on.
        kept: list[SizeClass] = []
        followers = [each for each in classes if each.rule is not None]
        for each in classes:
            for chosen in ([*kept, each], [*kept, each, *followers]) if each.rule is None else ():
                try:
                    _attempt(choice, chosen)
                except (DisagreementError, KeyError):
                    continue
                kept = chosen
                break
        if kept and kept != classes:
            yield kept
        # An axis of size one may be there to be repeated, or to be taken away.
        longer = [each for each in kept if each.size > 1]
        if longer and longer != kept:
            yield longer
        for each in longer:
            if len(longer) > 1 and each.rule is None:
                yield [each]
    yield []


def closed_over(function: Callable[..., Any], looks_into_objects: bool = False) -> list[Slot]:
    """What the function may use without being given it: Tensors that require a gradient, and what layers hold.

    With `looks_into_objects`, attributes of other objects are looked at, too, and Tensors that require none.
    """
    found: dict[Any, Slot] = {}
    for name, thing in reachable(function, looks_into_objects):
        slots: list[Slot] = []
        if isinstance(thing, Tensor) and (thing.requires_grad or looks_into_objects) and thing.is_leaf:
            own = thing.name if thing.name and thing.name.isidentifier() else name
            slots = [Slot(thing, own, None, "", HeldTensor(thing))]
        elif is_layer(thing):
            slots = slots_of_layer(thing, None)
        else:
            slots = slots_of_state(thing, None)
        for slot in slots:
            held = slot.held
            assert held is not None
            found.setdefault(held.key, slot)
    return list(found.values())


# The kinds of values that recordings are made with: the more they differ, the more is noticed.
_VALUES: tuple[tuple[Kind, ...], ...] = (
    ("mild", "bold", "bold", "wilder"),
    ("mild", "bold", "bold", "wild"),
    ("mild", "bold", "bold", "bold"),
    ("mild", "mild", "mild", "mild"),
)


def _attempt(choice: Choice, classes: Sequence[SizeClass]) -> Aligned:
    """What recordings have in common whose values differ as much as the function allows."""
    errors: list[DisagreementError] = []
    for kinds in _VALUES:
        try:
            aligned = _recorded_again(choice, classes, kinds)
        except DisagreementError as error:
            if error.what != "calls":
                raise
            errors.append(error)
            continue
        # Other calls are all right where the function raised, or where a guard tells of them.
        is_guarded = any(instruction.function is guard for instruction in aligned.code)
        for earlier in errors:
            if not (earlier.raised or is_guarded):
                raise earlier
        return aligned
    raise errors[-1]


def _recorded_again(choice: Choice, classes: Sequence[SizeClass], kinds: Sequence[Kind]) -> Aligned:
    recordings = []
    rounds = _ROUNDS if len(choice.first_code) <= LONG else (_ROUNDS[0], *_ROUNDS[2:])
    for round_ in rounds:
        try:
            recordings.append(choice.recording(classes, round_, kinds[round_]))
        except ProgramError:
            raise
        except Exception as error:
            raise DisagreementError("calls", None, f"{type(error).__name__}: {error}", raised=True) from error
    return Aligned(recordings, symbols_of(classes, choice, rounds))


def _refused(inputs: Inputs, choice: Choice, error: DisagreementError) -> ProgramError:
    """Why several recordings at the same sizes differ."""
    place = "" if error.where is None else f"{error.where}: "
    if error.what == "count":
        return ProgramError(
            f"{place}how many elements there are depends on values, and it was {error.detail} in every recording; give "
            "an example with more elements, some of which are chosen and some are not"
        )
    values = choice.arrays([], 0)
    try:
        Aligned([Recording(inputs, values), Recording(inputs, values)], {})
    except DisagreementError:
        return by_chance(error.where, f" ({error.detail})")
    if error.what == "calls":
        return ProgramError(
            f"{place}which functions are called depends on the values of the inputs ({error.detail}); write "
            "np.where(condition, x, y) in the place of a branch, and a fixed number of steps in that of a loop that "
            "looks at values"
        )
    return ProgramError(
        f"{place}a constant here was computed from the values of the inputs outside the program ({error.detail}); "
        "compute it from them with functions of NumPy inside the function"
    )


def _made(
    function: Callable[..., Any],
    name: str,
    inputs: Inputs,
    aligned: Aligned,
    choice: Choice,
    samples: Sequence[Sequence[Any]],
) -> Program:
    first = aligned.recordings[0]
    made: list[Input] = []
    guards: list[Guard] = []
    for slot, var in zip(inputs.slots, first.inputs_made, strict=True):
        own = aligned.var[var]
        made.append(Input(own, slot.name, slot.argument, slot.path, slot.wanted, slot.held, slot.value.shape))
        assert own.shape is not None
        for axis, (size, example) in enumerate(zip(own.shape, slot.value.shape, strict=True)):
            if not isinstance(size, Size):
                guards.append(Guard(Dim(own, axis), example, "the recording depends on this size; record it again"))
            elif size.parts[0] != Dim(own, axis):
                position, other = next((n, each) for n, each in enumerate(made) if each.var is size.parts[0].var)
                axes = (position, size.parts[0].axis), (len(made) - 1, axis)
                why = f"it is the size of axis {size.parts[0].axis} of {other.name}"
                is_checked = position != axes[1][0] and choice.belong_together(*axes)
                guards.append(Guard(Dim(own, axis), size, why, not is_checked))
    names = {aligned.var[var]: called for var, called in first.names.items() if var in aligned.var}
    for position, update in aligned.updates.items():
        if isinstance(update, Var):
            names.setdefault(update, f"new_{inputs.slots[position].name}")
    gradient_of = {
        aligned.var[gradient]: aligned.var[value]
        for gradient, value in first.gradient_of.items()
        if gradient in aligned.var and value in aligned.var
    }
    return Program(
        name=name,
        arguments=inputs.arguments,
        inputs=made,
        code=aligned.code,
        result=(aligned.returned, *aligned.updates.values()) if aligned.updates else aligned.returned,
        gradients=aligned.gradients,
        names=names,
        size_names=aligned.size_names,
        gradient_of=gradient_of,
        guards=guards,
        examples=[mapped(example, _kept) for example in inputs.examples],
        function=function,
        settings=[
            each for thing in (*leaves(list(inputs.examples)), *reachable(function)) for each in settings_of(thing[1])
        ],
        samples=samples,
    )


def _kept(leaf_: Any) -> Any:
    """What stands in the examples that a program keeps: no memory for arrays."""
    if is_layer(leaf_) or not is_array(leaf_):
        return leaf_
    return np.float64(0.0)
