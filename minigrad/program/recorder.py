"""How is every call of a function written down, once, as it is made?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import numpy as np

from minigrad.engine.recording import Observer
from minigrad.engine.tensor import Tensor
from minigrad.program import ir
from minigrad.program.caught import Settings, depends_on_values
from minigrad.program.errors import ELSEWHERE, KEPT, ProgramError
from minigrad.program.generator import RecordedGenerator
from minigrad.program.ir import Instruction, Place, Var, mapped_atoms
from minigrad.program.places import Watcher, users_place
from minigrad.program.recorded import Recorded
from minigrad.program.scopes import Scopes

_PLAIN = frozenset({int, float, bool, str, type(None), type(...), type, np.dtype})


class Recorder(Observer):
    """One recording: a list of instructions, and the values at the inputs that it was made with.

    Args:
        takes_kernels: whether the code will run on NumPy as it stands, and nobody will read it: kernels are written
            down as they are, and neither names nor layers are looked for.
        makes_checks: whether looks at values are written down, too, which raise where those are no good.

    Attributes:
        takes_kernels, makes_checks: the same.
        code: the instructions so far.
        values: what each value was.
        names: what values were called first in the user's functions, or by the name of a Tensor.
        numbers: integers of the user's functions by name, which may turn out to be sizes.
        gradient_of: for each gradient, the value that it belongs to.
        phase: in which part of the work the next instructions fall; see `Instruction`.
        is_over: whether nothing is written down any more.
    """

    def __init__(self, takes_kernels: bool = False, makes_checks: bool = False) -> None:
        self.takes_kernels, self.makes_checks = takes_kernels, makes_checks
        self.code: list[Instruction] = []
        self.values: dict[Var, Any] = {}
        self.names: dict[Var, str] = {}
        self.numbers: dict[str, int] = {}
        self.gradient_of: dict[Var, Var] = {}
        self.phase = "forward"
        self.is_over = False
        self._watcher = Watcher(self._note, self._has_news)
        self._number = itertools.count(1).__next__
        self._scopes = Scopes()
        # The line and the layers of each value; and those of the value whose rule is running in a pass back.
        self._origins: dict[Var, tuple[Place | None, tuple[str, ...]]] = {}
        self._origin: tuple[Place | None, tuple[str, ...]] | None = None
        self._looked_at = -1
        self._replaced: dict[Var, Place | None] = {}
        self._inputs: set[Var] = set()
        # Inputs that Tensors hold, which ``w.data -= x`` changes.
        self.of_tensors: set[Var] = set()
        self._settings, self._thread = Settings(), get_ident()
        # The first error that the function can have caught.
        self._swallowed: ProgramError | None = None
        # By identity, arrays that are constants of the program, and copies of them.
        self._constants: dict[int, tuple[Any, Any]] = {}

    def input(self, value: Any, name: str, kind: type | None = None) -> Recorded | RecordedGenerator:
        """The recorded value, or generator, that stands for an input; `kind` as for `Recorded`."""
        array = np.asarray(value)
        if array.dtype == object:
            variable = Var(self._number(), (), array.dtype)
            self.values[variable] = array
            self.names[variable] = name
            return RecordedGenerator(self, array.item(), variable)
        if array.flags.writeable:
            array = array.view()
            array.flags.writeable = False
        recorded = self._made(array if array.ndim else array[()])
        recorded.kind = kind
        self.names[recorded.variable] = name
        self._inputs.add(recorded.variable)
        return recorded

    def emit(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function and write the call down; the result, or each of its parts, as a recorded value."""
        if self.is_over or get_ident() != self._thread:
            self.check_going_on()
        values: list[Any] = []
        references: list[Any] = []
        for arg in args:
            kind = type(arg)
            if kind is Recorded and arg.recorder is self and not self._replaced:
                # What most arguments are, without a call.
                values.append(arg.value)
                references.append(arg.variable)
            elif kind in _PLAIN:
                values.append(arg)
                references.append(arg)
            else:
                values.append(self.concrete(arg))
                references.append(self._referred(arg))
        asked = self._settings.asked()
        if asked is not None:
            raise self.refusal(f"{asked} holds inside of the function, but not in a program; write it around the call")
        named = self.concrete(kwargs) if kwargs else kwargs
        try:
            result = function(*values, **named)
        except Exception as error:
            if depends_on_values(error, function, args):
                self._raised(str(getattr(function, "__name__", function)).lstrip("_"), error)
            raise
        return self._written(function, tuple(references), self._referred(kwargs) if kwargs else kwargs, result)

    def _written(self, function: Callable[..., Any], args: Any, kwargs: Any, result: Any) -> Any:
        origin = self._origin
        if self.takes_kernels:
            origin = (users_place(), ())
        elif not self._watcher.can_watch:
            self._watcher.look()
        if origin is None:
            # The first gradient of a pass back is nobody's line.
            origin = (None, ()) if self.phase == "backward" else (users_place(), self._scopes.now())
        where, scope = origin
        if isinstance(result, (tuple, list)):
            whole = Var(self._number(), None, None)
            self.code.append(Instruction(function, args, kwargs, whole, where, self.phase, scope))
            parts: list[Any] = [
                self._written(ir.pick, (whole, position), {}, part) if part is not None else None
                for position, part in enumerate(result)
            ]
            if hasattr(result, "_fields"):
                return type(result)(*parts)
            return type(result)(parts)
        if not isinstance(result, (np.ndarray, np.generic, bool, int, float)):
            raise self.refusal(
                f"{getattr(function, '__name__', function)} gives a {type(result).__name__}, not an array; compute "
                "with arrays alone inside a recorded function"
            )
        if not isinstance(result, (np.ndarray, np.generic)):
            result = np.asarray(result)[()]
        recorded = self._made(result)
        if not self.takes_kernels:
            self._origins[recorded.variable] = origin
        self.code.append(Instruction(function, args, kwargs, recorded.variable, where, self.phase, scope))
        return recorded

    def _made(self, value: Any) -> Recorded:
        var = Var(self._number(), np.shape(value), value.dtype)
        self.values[var] = value
        return Recorded(self, value, var)

    def concrete(self, tree: Any) -> Any:
        """Arguments with arrays in the places of recorded values."""
        return mapped_atoms(tree, _value)

    def _referred(self, tree: Any) -> Any:
        """Arguments with names of values in their places, and with copies of constant arrays."""
        return mapped_atoms(tree, self._reference)

    def _reference(self, part: Any) -> Any:
        if type(part) in _PLAIN:
            return part
        if isinstance(part, Tensor):
            part = part._array
        if isinstance(part, (Recorded, RecordedGenerator)):
            if part.recorder is not self:
                raise self.refusal(KEPT)
            if part.variable in self._replaced:
                raise self.refusal(
                    f"a value is used that was changed in place at {self._replaced[part.variable]}; "
                    "write y = y + x there"
                )
            return part.variable
        if type(part) is np.ndarray:
            return self._constant(part)
        return part

    def _constant(self, array: Any) -> Any:
        """A copy of a constant, the same one as long as it has not changed."""
        known = self._constants.get(id(array))
        if known is None or not _is_same(known[1], array):
            copy = array.copy()
            copy.flags.writeable = False
            known = self._constants[id(array)] = (array, copy)
        return known[1]

    def branch(self, recorded: Recorded, kind: type) -> Any:
        """The value by which the function goes on, with a guard that it is the same whenever the program runs."""
        self.check_going_on()
        value = kind(recorded.value)
        where = users_place()
        out = Var(self._number(), None, None)
        args = (self._reference(recorded), value, str(where))
        self.code.append(Instruction(ir.guard, args, {}, out, where, self.phase, self._scopes.now()))
        return value

    def replaced(self, old: Recorded, new: Any) -> Any:
        """The value of ``y += x``, after which y is not used any more."""
        if old.variable in self._inputs and old.variable not in self.of_tensors:
            raise self.refusal(
                "y += x changes an argument of the function in place, which a program does not; write y = y + x"
            )
        self._replaced[old.variable] = users_place()
        return new

    def check(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        """Write down a call that gives nothing, and raises for values that are no good."""
        if self.makes_checks:
            try:
                function(*self.concrete(args))
            except Exception as error:
                self._raised("a check of values", error)
                raise
            out = Var(self._number(), None, None)
            references = (function, *self._referred(args))
            self.code.append(Instruction(ir.look, references, {}, out, users_place(), self.phase, ()))

    def _raised(self, what: str, error: Exception) -> None:
        """Remember an error that the function may catch."""
        self._swallowed = self._swallowed or ProgramError(
            f"{self.here()}{what} raised {type(error).__name__}, and the function went on; whether it does depends on "
            "values: let the error out of the function and catch it around the call, or write np.where(condition, x, "
            "y) for values that are no good"
        )

    def refusal(self, message: str) -> ProgramError:
        """An error that tells what a program cannot do, with the line; it counts also where the function catches it."""
        error = ProgramError(self.here() + message)
        self._swallowed = self._swallowed or error
        return error

    def refuse_what_was_caught(self) -> None:
        """Raise where the function has returned, although a call in it raised.

        Raises:
            ProgramError: with the line of that call.
        """
        if self._swallowed is not None:
            raise self._swallowed

    def check_going_on(self) -> None:
        """Refuse values that the function left somewhere, and those that another thread has come upon.

        Raises:
            ProgramError: when the recording is over, or is that of another thread.
        """
        if self.is_over:
            raise ProgramError(self.here() + KEPT)
        if get_ident() != self._thread:
            raise ProgramError(self.here() + ELSEWHERE)

    def here(self) -> str:
        """The line of the user's code, as the beginning of a message."""
        place = users_place()
        return "" if place is None else f"{place}: "

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        """Let instructions fall into another phase."""
        before, self.phase = self.phase, phase
        try:
            yield
        finally:
            self.phase, self._origin = before, None

    # What the engine tells.

    def cotangent(self, node: Any, gradient: Any) -> None:
        """The gradient that belongs to a value."""
        if self.takes_kernels or not isinstance(node.out, Recorded):
            return
        array = gradient._array if isinstance(gradient, Tensor) else gradient
        of = node.out.variable
        made = array.variable if isinstance(array, Recorded) else None
        if made is not None:
            self.gradient_of.setdefault(made, of)
        if self.phase == "backward":
            # What a rule computes belongs to the line and the layers of what it goes back through.
            self._origin = self._origins.get(of) or (self._origins.get(made) if made is not None else None)

    # What the user's functions call their values.

    def watched(self) -> Watcher:
        """A block inside which names are found."""
        return self._watcher

    def _has_news(self) -> bool:
        if self._looked_at == len(self.code):
            return False
        self._looked_at = len(self.code)
        return True

    def _note(self, name: str, value: Any) -> None:
        if type(value) is int:
            self.numbers.setdefault(name, value)
            return
        if isinstance(value, Tensor):
            name = value._name or name
            value = value._array
        if type(value) is Recorded and value.recorder is self and name.isidentifier() and not name.startswith("_"):
            self.names.setdefault(value.variable, name)


def _value(part: Any) -> Any:
    if isinstance(part, Tensor):
        part = part._array
    return part.value if isinstance(part, (Recorded, RecordedGenerator)) else part


def _is_same(copy: Any, array: Any) -> bool:
    if copy.shape != array.shape or copy.dtype != array.dtype:
        return False
    return bool(np.array_equal(copy, array, equal_nan=copy.dtype.kind in "fc"))
