"""One recording: the function is called on recorded values, and its gradients are computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from types import CodeType
from typing import Any

import numpy as np

from minigrad.engine.blocks import recording
from minigrad.engine.graph import Node, next_order
from minigrad.engine.pytrees import leaves, mapped
from minigrad.engine.stand_ins import going_on
from minigrad.engine.tensor import Tensor
from minigrad.program.calling import outcome
from minigrad.program.errors import ProgramError
from minigrad.program.held import HeldTensor
from minigrad.program.inputs import Inputs
from minigrad.program.ir import Var
from minigrad.program.recorded import Recorded
from minigrad.program.recorder import Recorder


class Recording(Recorder):
    """A function called once.

    Args:
        inputs: what it takes.
        values: the arrays to call it with, one for each slot of the inputs.
        takes_kernels, makes_checks: as for `Recorder`.

    Attributes:
        inputs_made: the value of the program for each slot.
        returned: what the function returned, with values of the program in the places of arrays.
        gradients: for each slot, the value of its gradient; None where none is asked for.
        updates: for each slot that holds another value after the call, that value.
        updates_made: the inputs that these take the place of.
        codes: the user's functions that were called.
        strangers: leaves that require a gradient and were met without being an input.
        deposited: for each slot, whether the call has left a gradient in its ``.grad``.
        is_differentiable: whether what the function returned still hangs on its graph.
    """

    def __init__(
        self, inputs: Inputs, values: Sequence[Any], takes_kernels: bool = False, makes_checks: bool = False
    ) -> None:
        super().__init__(takes_kernels, makes_checks)
        self.deposited: list[bool] = []
        self.is_differentiable = False
        self.strangers: list[Node] = []
        self.codes: set[CodeType] = set()
        self.gradients: list[Var | None] = [None] * len(inputs.slots)
        self.updates: dict[int, Any] = {}
        self.updates_made: list[Var] = []
        self.returned: Any = None
        self._first_order = next_order()
        made = [self.input(value, slot.name, slot.kind) for slot, value in zip(inputs.slots, values, strict=True)]
        self.inputs_made: list[Var] = [recorded.variable for recorded in made]
        self.of_tensors = {
            recorded.variable
            for slot, recorded in zip(inputs.slots, made, strict=True)
            if isinstance(slot.held, HeldTensor)
        }
        watcher = nullcontext(self.watched()) if takes_kernels else self.watched()
        try:
            with (
                going_on(self),
                recording(True, observer=self),
                np.errstate(all="ignore"),
                outcome(inputs, made, None, watcher, self.during("backward")) as found,
            ):
                self.refuse_what_was_caught()
                self.codes = self.watched().codes
                for slot, recorded in zip(inputs.slots, made, strict=True):
                    if isinstance(slot.held, HeldTensor) and slot.held.read() is recorded:
                        # It would lack what was added to it.
                        self._reference(recorded)
                self.deposited = [
                    # An optimiser has given it another node.
                    (held := slot.held.tensor._node if isinstance(slot.held, HeldTensor) else node) is not None
                    and held.grad is not None
                    for slot, node in zip(inputs.slots, found.nodes, strict=True)
                ]
                self.is_differentiable = any(
                    isinstance(value, Tensor) and value._node is not None and value._node.parents is not None
                    for _, value in leaves(found.result)
                )
                self.returned = mapped(found.result, self._output)
                self.updates = {position: self._output(value) for position, value in found.updates.items()}
                self.updates_made = [self.inputs_made[position] for position in self.updates]
                if found.gradients is not None:
                    with self.during("backward"):
                        self.gradients = [
                            self._gradient(gradient, recorded) if slot.wanted else None
                            for slot, gradient, recorded in zip(inputs.slots, found.gradients, made, strict=True)
                        ]
        finally:
            self.is_over = True

    def _gradient(self, found: Any, like: Any) -> Var:
        """The value of a gradient; zeros where nothing depends on the input."""
        array = found._array if isinstance(found, Tensor) else found
        if array is None:
            array = self.emit(np.zeros_like, (like,), {})
        if not isinstance(array, Recorded):
            # A rule gave a constant.
            array = (
                self.emit(np.full_like, (like, array), {}) if np.ndim(array) == 0 else self.emit(np.copy, (array,), {})
            )
        made: Recorded = array
        self.gradient_of.setdefault(made.variable, like.variable)
        return made.variable

    def _output(self, value: Any) -> Any:
        """A result of the function as a value of the program, or the constant that it is."""
        array = value._array if isinstance(value, Tensor) else value
        if isinstance(array, Recorded):
            reference: Var = self._reference(array)
            return reference
        return array

    def refuse_strangers(self) -> None:
        """Raise for a leaf that requires a gradient and is no input.

        Raises:
            ProgramError: with its name.
        """
        if self.strangers:
            raise ProgramError(
                f"the function uses {self.strangers[0].describe()}, which requires a gradient and is not among its "
                "arguments; pass it as an argument"
            )

    def result(self, node: Any) -> None:
        """Look for leaves that are no inputs, and were there before."""
        for parent in node.parents:
            is_leaf = parent is not None and parent.op is None and not isinstance(parent.out, Recorded)
            if is_leaf and parent.order < self._first_order and parent not in self.strangers:
                self.strangers.append(parent)
