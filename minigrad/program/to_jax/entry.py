"""How does one recorded call run again and again under XLA, with parameters that stay where it computes?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import numpy as np

from minigrad.engine.away import Memory
from minigrad.engine.pytrees import leaves, replaced
from minigrad.program import ir
from minigrad.program.compiled.arguments import Call
from minigrad.program.compiled.checks import checks
from minigrad.program.compiled.late import refuse_late_looks
from minigrad.program.compiled.tracing import Trace
from minigrad.program.compiled.turns import RUNNING
from minigrad.program.compiled.writing import MISS, Names, defined
from minigrad.program.errors import ProgramError
from minigrad.program.held import HeldEntry, HeldTensor
from minigrad.program.ir import Instruction, Var
from minigrad.program.run import Runner
from minigrad.program.simplify.keys import values_in
from minigrad.program.to_jax.devices import Devices, fetched
from minigrad.program.to_jax.lowering import lowered


class JaxEntry:
    """Code of JAX for calls of one kind.

    What a step changes stays on the devices, and comes back when somebody looks. Random numbers are drawn here, by the
    generator itself, so that they are those of any other engine.

    Args:
        trace: a call, recorded; its code has checks of values in it.
        call: its arguments.
        devices: where to compute.
        updating: as of `compiled.entry.Entry`.

    Attributes:
        key, plain_arguments, is_differentiable, instructions, recorded, kept_bytes: as of `compiled.entry.Entry`.
    """

    kept_bytes = 0

    def __init__(self, trace: Trace, call: Call, devices: Devices, updating: AbstractContextManager[Any]) -> None:
        _check_draws(trace)
        refuse_late_looks(trace, trace.updates)
        self.key, self.is_differentiable = call.key, trace.is_differentiable
        # Kept, so that no constant among the arguments gives its identity away.
        self._tree = call.tree
        self.plain_arguments = call.plain_arguments
        self._trace = trace
        self._check = _checking(trace)
        checking = [each for each in trace.code if each.function is ir.look]
        self._draws = [each for each in trace.code if each.function is ir.draw]
        code = [each for each in trace.code if each.function not in (ir.look, ir.draw)]
        self._here = self._host_updates(code)
        updates = [pair for pair in trace.updates if id(pair[0]) not in {id(held) for held, _ in self._here}]
        self._changed = [held for held, _ in updates]
        known = [*trace.given, *(var for var, _ in trace.held), *(each.out for each in self._draws)]
        self._before, self._after = _split(checking, set(known))
        looked_at = [var for each in self._after for var in values_in(each) if var not in known]
        self._looked_at = list(dict.fromkeys(looked_at))
        returned = [leaf for _, leaf in leaves(trace.returned)]
        self._counts = len(returned), len(updates)
        outputs = [*returned, *(new for _, new in updates), *self._looked_at]
        # Under this setting JAX has every dtype of NumPy's; what is float32 stays so.
        with jax.enable_x64(True):
            needed = {var for each in code for var in values_in(each)} | {out for out in outputs if type(out) is Var}
            inputs = [var for var in known if var in needed and not _is_generator(var)]
            run = lowered(code, inputs, outputs)
        self.instructions, self.recorded = len(code), len(trace.code)
        batched = {var for var in trace.given if var.shape}
        owners = {
            var: id(held.tensor if isinstance(held, HeldTensor) else held.holder)
            for var, held in trace.held
            if isinstance(held, (HeldTensor, HeldEntry))
        }
        inputs_of = {id(held): var for var, held in trace.held}
        updated = [inputs_of[id(held)] for held in self._changed]
        self._run = devices.jitted(run, inputs, batched, owners, updated, (len(returned), len(self._looked_at)))
        self._updating = updating if trace.updates else nullcontext()

    @property
    def source(self) -> str:
        """What XLA runs, as text."""
        with jax.enable_x64(True):
            return self._run.text()

    def _host_updates(self, code: Sequence[Instruction]) -> list[tuple[Any, Var]]:
        """Updates of numbers that are computed here, such as the count of steps: nobody has to wait for them."""
        host_code: list[Instruction] = []
        found = []
        small = {
            var for var, held in self._trace.held if isinstance(held, HeldEntry) and not isinstance(held.holder, Memory)
        }
        for held, new in self._trace.updates:
            if not isinstance(held, HeldEntry) or isinstance(held.holder, Memory) or type(new) is not Var:
                continue
            needed = _behind(code, new)
            if all(
                var in small or any(var is each.out for each in needed) for each in needed for var in values_in(each)
            ):
                host_code += needed
                found.append((held, new))
        self._small = [(var, held) for var, held in self._trace.held if var in small]
        self._run_here = Runner(host_code, list(small), [new for _, new in found])
        return found

    def __call__(self, *values: Any) -> Any:
        """What the function gives for these arrays, or MISS."""
        with RUNNING, self._updating, jax.enable_x64(True):
            return MISS if self._check(*values) is MISS else self._called(values)

    def _called(self, values: Sequence[Any]) -> Any:
        known: dict[Var, Any] = dict(zip(self._trace.given, values, strict=True))
        for var, held in self._trace.held:
            known[var] = _there(held)
        for each in self._draws:
            generator, method, *args = each.args
            known[each.out] = ir.draw(known[generator], method, *args, **each.kwargs)
        self._look(self._before, known)
        outputs = self._run(known)
        # Meanwhile, XLA computes.
        found = self._run_here({var: held.read()[()] for var, held in self._small}) if self._here else {}
        count, changed = self._counts
        returned, news, looked_at = outputs[:count], outputs[count : count + changed], outputs[count + changed :]
        self._look(self._after, known | dict(zip(self._looked_at, looked_at, strict=True)))
        for held, new in self._here:
            held.holder[held.entry].fill(found[new])
        for held, new in zip(self._changed, news, strict=True):
            if isinstance(held, HeldTensor):
                held.tensor._put_away(new, fetched)
            elif isinstance(held.holder, Memory):
                held.holder.put_away(held.entry, new, fetched)
            else:
                held.holder[held.entry][...] = fetched(new)
        for tensor in self._trace.cleared:
            if tensor._node is not None:
                tensor._node.grad = None
        given = [leaf if type(leaf) is not Var else None for _, leaf in leaves(self._trace.returned)]
        results = [
            _own(fetched(out)) if leaf is None or isinstance(leaf, np.ndarray) else leaf
            for leaf, out in zip(given, returned, strict=True)
        ]
        return replaced(self._trace.returned, results)

    def _look(self, checking: Sequence[Instruction], known: Mapping[Var, Any]) -> None:
        """Let the checks look at values that they know."""
        for each in checking:
            each.function(*[fetched(known[part]) if type(part) is Var else part for part in each.args])

    def place(self, error: BaseException) -> ir.Place | None:
        """The line of the user's code in which an error was raised, which XLA does not tell."""
        return None


def _checking(trace: Trace) -> Callable[..., Any]:
    """A function of the arguments that gives MISS where the code is not made for them."""
    names = Names()
    args = ", ".join(f"a{position}" for position in range(len(trace.given)))
    lines = [f"def check({args}):", *[f"    {line}" for line in checks(trace, names, "_here()")], "    return None", ""]
    return defined("\n".join(lines), "check", names.environment | {"MISS": MISS})


def _split(checking: Sequence[Instruction], known: set[Var]) -> tuple[list[Instruction], list[Instruction]]:
    """The checks of what is known before the code runs, and the others."""
    before = [each for each in checking if all(var in known for var in values_in(each))]
    return before, [each for each in checking if each not in before]


def _behind(code: Sequence[Instruction], wanted: Var) -> list[Instruction]:
    """The instructions that a value depends on."""
    needed = {wanted}
    found = []
    for each in reversed(code):
        if each.out in needed:
            found.append(each)
            needed.update(values_in(each))
    return found[::-1]


def _is_generator(var: Var) -> bool:
    return var.dtype is not None and var.dtype.hasobject


def _there(held: Any) -> Any:
    """The values of an input, where they are."""
    if isinstance(held, HeldTensor):
        try:
            return held.tensor._away.there
        except AttributeError:
            return held.tensor._array
    if isinstance(held, HeldEntry) and isinstance(held.holder, Memory) and held.entry in held.holder.away:
        return held.holder.away[held.entry].there
    value = held.read()
    return value[()] if isinstance(value, np.ndarray) and not value.ndim else value


def _own(value: Any) -> Any:
    return np.array(value) if np.ndim(value) else np.asarray(value)[()]


def _check_draws(trace: Trace) -> None:
    """Refuse random numbers that depend on what XLA computes.

    Raises:
        ProgramError: with the line.
    """
    held = {var for var, _ in trace.held} | set(trace.given)
    for each in trace.code:
        if each.function is ir.draw and not all(var in held and _is_generator(var) for var in values_in(each)):
            raise ProgramError(
                f"{each.where}: rng.{each.args[1]} is given values that are computed; under JAX random numbers are "
                "drawn before: write mean + std * rng.standard_normal(shape), for example"
            )
