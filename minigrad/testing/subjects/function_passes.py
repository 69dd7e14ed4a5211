"""How are the two passes run that somebody wrote as functions, and what goes in and out?"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.testing.subjects.base import function_name
from minigrad.testing.subjects.calling import Call, Role
from minigrad.testing.subjects.generators import Generators
from minigrad.testing.subjects.held import lent
from minigrad.testing.subjects.inputs import Inputs
from minigrad.testing.subjects.layer_parameters import Parameter
from minigrad.testing.subjects.outputs import Array, arrays_of, like, may_be_output
from minigrad.testing.subjects.reachable import is_library
from minigrad.testing.subjects.roles import Parameters


@dataclass
class Pass:
    """One forward pass.

    Attributes:
        given: the values of the leaves among the inputs.
        arguments: those of the function, made of these values.
        outputs: what it returned, one item for each output.
        cache: the other items.
    """

    given: list[Any]
    arguments: list[Any]
    outputs: list[Any]
    cache: list[Any]


class FunctionPasses:
    """A forward and a backward function, to be called as `call` says.

    Attributes:
        inputs: of the forward pass.
        call: how the backward pass is called, once that is known.
        owner: the object that both are methods of, or None.
        held: the parameters that it keeps; values for them follow those of the inputs.
        seed: for everything random, before each forward pass.
    """

    call: Call

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        inputs: Any,
        *,
        wrt: str | Sequence[str] | None = None,
        seed: int | None = None,
    ) -> None:
        self.forward, self.backward = forward, backward
        self.name, self.backward_name = function_name(forward), function_name(backward)
        self.owner = owner = getattr(forward, "__self__", None)
        self.inputs = Inputs(self.named(), inputs, configurations=True, wanted=wrt, may_be_empty=True)
        # An object may keep parameters when all inputs are integers.
        if not self.inputs.configured and (owner is None or is_library(owner)):
            self.inputs.see_that_there_are_leaves()
        self.held: list[Parameter] = []
        self.seed = seed
        self._generators = None if seed is None else Generators(forward, backward, inputs)

    # ---- what differs from form to form

    def named(self) -> Callable[..., Any]:
        """The function whose parameters are the inputs."""
        return self.forward

    def arguments(self) -> list[list[int]]:
        """For each argument the positions of the leaves in it; none for an array that a partial function has bound."""
        inputs = dict(zip(self.inputs.names, self.inputs.arguments, strict=True))
        if not isinstance(self.forward, functools.partial):
            return list(inputs.values())
        names = Parameters.of(self.forward.func).names
        bound = {**dict(zip(names, self.forward.args, strict=False)), **self.forward.keywords}
        arrays = [name for name in names if name not in inputs and isinstance(bound.get(name), np.ndarray)]
        others = [name for name in inputs if name not in names]
        ordered = [name for name in names if name in inputs or name in arrays]
        return [inputs.get(name, []) for name in [*ordered, *others]]

    def result(self, forward: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What the forward pass returns."""
        return forward(*args, **kwargs)

    def items(self, result: Any) -> tuple[list[Any], list[Any]]:
        """The outputs and the rest of what the forward pass returned."""
        items = list(result) if is_plain_tuple(result) else [result]
        return items[: self.call.outputs], items[self.call.outputs :]

    def returned(self, once: Pass, upstream: Sequence[Array]) -> Any:
        """What the backward pass returns."""
        above = self._above(once, upstream)

        def argument(role: Role) -> Any:
            known = {"upstream": above, "output": once.outputs, "input": once.arguments, "cache": once.cache}
            if role.kind == "part":
                return once.cache[0][role.position]
            whole = {"upstreams": above, "outputs": once.outputs, "caches": once.cache}
            return tuple(whole[role.kind]) if role.kind in whole else known[role.kind][role.position]

        keywords = {name: argument(role) for name, role in self.call.keywords}
        return self.backward(*[argument(role) for role in self.call.roles], **keywords)

    # ---- what all forms have in common

    def first_result(self, values: Sequence[Any]) -> tuple[Any, list[Any]]:
        """What the forward pass returns, and the arguments that it got."""
        self._set_generators()
        args, kwargs = self.inputs.filled([value.copy() for value in values])
        return self.result(self.forward, args, kwargs), [*args, *kwargs.values()]

    def passed(self, values: Sequence[Any], forward: Callable[..., Any] | None = None) -> Pass:
        """A forward pass with these values, which the function may write to."""
        self._set_generators()
        arguments: list[Any] = []

        def called(*args: Any, **kwargs: Any) -> Any:
            arguments.extend([*args, *kwargs.values()])
            return self.result(forward or self.forward, args, kwargs)

        given = list(values[: len(self.inputs.leaves)])
        return Pass(given, arguments, *self.items(self.inputs.call(called, given)))

    def arrays(self, once: Pass) -> list[Array]:
        """All outputs of a pass as arrays."""
        return [array for out in once.outputs for array in arrays_of(out, self.name)]

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """Copies of the outputs at these values."""
        with self.with_weights(values):
            return [np.array(array) for array in self.arrays(self.passed([value.copy() for value in values]))]

    @contextlib.contextmanager
    def with_weights(self, values: Sequence[Any]) -> Iterator[None]:
        """Have the last ones of these values in the object that keeps parameters."""
        with lent(self.owner, self.held, values[len(self.inputs.leaves) :]):
            yield

    def replace(self, once: Pass, position: int | None, old: Array, new: Array) -> None:
        """Let the backward pass find another array in the place of an operand; in the cache, where that is equal.

        Args:
            once: the forward pass that was made.
            position: of the operand among the leaves; None for the output.
            old: what was there.
            new: what is there instead.
        """
        if position is None:
            once.outputs[0] = new
        elif position < len(once.given):
            handed = once.given[position]
            once.arguments = [_exchanged(item, lambda held: held is handed, new) for item in once.arguments]
        else:
            self.held[position - len(once.given)].lend(self.owner, new)
        once.cache = [
            _exchanged(item, lambda held: isinstance(held, np.ndarray) and np.array_equal(held, old), new)
            for item in once.cache
        ]

    def _set_generators(self) -> None:
        if self._generators is not None and self.seed is not None:
            self._generators.set(self.seed)

    def _above(self, once: Pass, upstream: Sequence[Array]) -> list[Any]:
        """The upstream gradients in the structures of the outputs."""
        above, waiting = [], list(upstream)
        for out in once.outputs:
            count = len(arrays_of(out, self.name))
            above.append(like(out, waiting[:count]))
            waiting = waiting[count:]
        return above


def is_plain_tuple(result: Any) -> bool:
    """Whether a function returned several things; in a list only where some of them are no outputs."""
    if isinstance(result, list) and result:
        others = any(isinstance(item, (tuple, dict)) or not may_be_output(item) for item in result[1:])
        return may_be_output(result[0]) and others
    return isinstance(result, tuple) and not hasattr(result, "_fields") and len(result) > 0


def _exchanged(tree: Any, is_old: Callable[[Any], bool], new: Array) -> Any:
    """A structure in which some arrays are replaced by another wherever they occur."""
    if isinstance(tree, dict):
        return {key: _exchanged(item, is_old, new) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)) and not hasattr(tree, "_fields"):
        return type(tree)(_exchanged(item, is_old, new) for item in tree)
    return new if is_old(tree) else tree
