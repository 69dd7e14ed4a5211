"""What does a function give, what are its gradients, and what has it changed, when it is called with these values?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.engine.cotangents import cotangents
from minigrad.engine.graph import Node
from minigrad.engine.pytrees import leaves
from minigrad.engine.recording import recorded_call
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.program.errors import ProgramError
from minigrad.program.held import Held, HeldEntry, HeldRate, HeldTensor, HeldVariable
from minigrad.program.inputs import Inputs, Wanted


@dataclass
class Outcome:
    """One call of a function.

    Attributes:
        result: what it returned.
        gradients: for each slot its gradient, a Tensor, or None where nothing depends on it; None without gradients.
        updates: for each slot that holds something else now, what it holds.
        nodes: for each slot its node; None for what requires no gradient.
    """

    result: Any
    gradients: list[Any] | None
    updates: dict[int, Any]
    nodes: list[Node | None]


@contextmanager
def outcome(
    inputs: Inputs,
    values: Sequence[Any],
    updated: Collection[int] | None = None,
    watched: AbstractContextManager[Any] | None = None,
    backwards: AbstractContextManager[Any] | None = None,
) -> Iterator[Outcome]:
    """Call the function with a value for each slot; layers and closed-over Tensors hold them inside the block.

    Args:
        inputs: what the function takes.
        values: arrays, generators and recorded values.
        updated: the slots that the function writes to; found by looking, for recorded values.
        watched: is entered around the call, `backwards` around the pass back.
    """
    with inputs.filled(values) as (arguments, nodes):
        with watched or nullcontext():
            result = recorded_call(lambda: _called(inputs.function, arguments))
        _refuse_new_rates(inputs, values)
        _refuse_new_variables(inputs, values)
        updates = {
            position: slot.held.read()
            for position, (slot, value) in enumerate(zip(inputs.slots, values, strict=True))
            if slot.held is not None and (_is_replaced(slot.held, value) if updated is None else position in updated)
        }
        with backwards or nullcontext():
            found = None if updates else _gradients(result, inputs, nodes)
        yield Outcome(result, found, updates, nodes)


def _refuse_new_rates(inputs: Inputs, values: Sequence[Any]) -> None:
    for slot, value in zip(inputs.slots, values, strict=True):
        if isinstance(slot.held, HeldRate) and slot.held.optimizer._lr is not value:
            raise ProgramError(
                "the function sets the learning rate of its optimizer, which compiled code would not do; give a "
                "schedule, such as lr=optim.cosine(0.1, steps), or set optimizer.lr outside of the function"
            )


def _refuse_new_variables(inputs: Inputs, values: Sequence[Any]) -> None:
    for slot, value in zip(inputs.slots, values, strict=True):
        if isinstance(slot.held, HeldVariable) and slot.held.read() is not value:
            raise ProgramError(
                f"the function changes {slot.name} while it runs, which compiled code would not do; pass it as an "
                "argument, and return its new value"
            )


def _is_replaced(held: Held, value: Any) -> bool:
    """Whether something else is held than the recorded value that was put there."""
    return isinstance(held, (HeldTensor, HeldEntry)) and held.read() is not value


def _called(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """What a function returns. NumPy may wrap the error of a recorded value in one that does not tell."""
    try:
        return function(*arguments)
    except ProgramError:
        raise
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ProgramError):
                raise ProgramError(str(cause)) from error
            cause = cause.__cause__ or cause.__context__
        raise


def _gradients(result: Any, inputs: Inputs, nodes: Sequence[Node | None]) -> list[Any] | None:
    wanted = {node for slot, node in zip(inputs.slots, nodes, strict=True) if slot.wanted and node is not None}
    outputs = [value for _, value in leaves(result)]
    if not wanted or not _is_differentiated(outputs, inputs.wrt):
        return None
    found: dict[Node, Any] = {}
    if isinstance(outputs[0], Tensor) and outputs[0]._node is not None:
        found = cotangents(outputs, [None], keep_graph=True, create_graph=False, wanted=wanted)
    return [None if node is None else found.get(node) for node in nodes]


def _is_differentiated(outputs: Sequence[Any], wrt: Wanted) -> bool:
    """Whether gradients belong to what a function returned, given as its leaves: where it is one number.

    Raises:
        ProgramError: where gradients were asked for by name or position, and it is more than one number.
    """
    # To NumPy, other objects may be names of dtypes.
    is_one = len(outputs) == 1 and isinstance(outputs[0], (float, np.generic, np.ndarray, Tensor, StandIn))
    is_number = is_one and np.shape(outputs[0]) == () and np.result_type(outputs[0]).kind == "f"
    if wrt is None:
        node = outputs[0]._node if is_number and isinstance(outputs[0], Tensor) else None
        # The function may have gone back through its graph itself.
        return node is not None and node.parents is not None
    asked = isinstance(wrt, (str, int)) or len(wrt) > 0
    if asked and not is_number:
        raise ProgramError(
            "wrt= asks for gradients, and the function does not return one number; sum its results, or use mg.jacobian "
            "inside it and give wrt=[]"
        )
    return asked
