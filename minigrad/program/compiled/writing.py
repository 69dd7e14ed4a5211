"""How does recorded code become a Python function: one line for each instruction, results in kept memory?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.compiled.expressions import expression
from minigrad.program.compiled.lifetimes import Lifetimes
from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.simplify.keys import values_in

# Smaller results are made anew, which takes no more time.
_WORTH_KEEPING = 1 << 10
# Larger arrays are given back as soon as nobody needs them.
_WORTH_DELETING = 1 << 16


# What a call gives that is of another kind.
MISS: Any = object()
# What tracebacks call the file of compiled code.
FILE = "<compiled by minigrad>"


def defined(source: str, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function of a name that some source defines.

    It finds things among its globals, so that no call has to hand them over.
    """
    namespace = dict(names)
    exec(compile(source, FILE, "exec"), namespace)
    found: Callable[..., Any] = namespace[name]
    return found


class Names:
    """What the lines of a function refer to.

    Attributes:
        environment: functions and constants by name.
    """

    def __init__(self) -> None:
        self.environment: dict[str, Any] = {}
        self._names: dict[Var, str] = {}
        self._known: dict[int, tuple[str, Any]] = {}

    def text(self, part: Any) -> str:
        """An argument as it is written."""
        kind = type(part)
        if kind is Var:
            return self._names[part]
        if kind is bool or kind is int or part is None or kind is str:
            return repr(part)
        if kind is float:
            return repr(part) if math.isfinite(part) else f"float({str(part)!r})"
        if kind is slice:
            bounds = ", ".join(self.text(each) for each in (part.start, part.stop, part.step))
            return f"slice({bounds})"
        if kind is tuple:
            return f"({', '.join(map(self.text, part))}{',' if len(part) == 1 else ''})"
        if kind is list:
            return f"[{', '.join(map(self.text, part))}]"
        assert kind is not Size, "code that is compiled has numbers for sizes"
        return self.name(part)

    def name(self, thing: Any) -> str:
        """The name under which the code finds a function or a constant."""
        if id(thing) not in self._known:
            known = f"c{len(self._known)}"
            # Kept, so that nothing else takes its identity.
            self._known[id(thing)] = known, thing
            self.environment[known] = thing
        return self._known[id(thing)][0]


class Lines(Names):
    """The lines of a function, and what they refer to.

    Args:
        code: the instructions.
        outputs: the values that are returned, of which none may lie in kept memory if `copies`.
        copies: whether results are nobody else's.
        layouts: the values whose array has its elements in one row, in the order of C.
        names: of the inputs.

    Attributes:
        lines: the code, without indentation.
        places: for each line, the instruction that it belongs to.
        buffers: the arrays that are kept between calls: name, shape and dtype.
    """

    def __init__(
        self,
        code: Sequence[Instruction],
        outputs: Sequence[Any],
        copies: bool,
        layouts: set[Var],
        names: dict[Var, str],
    ) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.places: list[Instruction] = []
        self.buffers: list[tuple[str, tuple[int, ...], np.dtype[Any]]] = []
        self._names = dict(names)
        self._inputs = set(names)
        self._layouts = layouts
        self._lifetimes = Lifetimes(code, outputs)
        self._given_away = set().union(*[self._lifetimes.roots(out) for out in outputs if type(out) is Var])
        if not copies:
            self._given_away = set()
        # The names under which the code holds a large array.
        self._dependent: dict[Var, list[str]] = {}
        # Which array a value lies in, and those that nobody needs now.
        self._rooms: dict[Var, str] = {}
        self._free: dict[Any, list[str]] = {}
        self._number = 0
        self._rewound = self._generators_before_a_check(code)
        for self._number, instruction in enumerate(code):
            self._write(instruction)

    def _write(self, instruction: Instruction) -> None:
        out = instruction.out
        self._names[out] = f"v{out.number}"
        before = len(self.lines)
        function = instruction.function
        if function is ir.guard:
            value, expected, _ = instruction.args
            self._leave_if(f"{type(expected).__name__}({self.text(value)}) != {expected!r}")
        elif function is ir.sized:
            value, shape = instruction.args
            text = self.text(value)
            # NumPy gives numbers of Python for some things that have no axes.
            if isinstance(shape, int):
                self._leave_if(f"len({text}) != {shape}")
            else:
                self._leave_if(f"{text}.shape != {shape}" if shape else f"{self.name(np.ndim)}({text})")
        else:
            if function is ir.draw and instruction.args[0] in self._rewound:
                generator = instruction.args[0]
                if self._rewound[generator] is None:
                    self._rewound[generator] = name = f"s{generator.number}"
                    self.lines.append(f"{name} = {self.text(generator)}.bit_generator.state")
            self.lines.append(f"{self._names[out]} = {expression(self, instruction)}")
        self._forget(instruction)
        self.places += [instruction] * (len(self.lines) - before)

    @staticmethod
    def _generators_before_a_check(code: Sequence[Instruction]) -> dict[Var, str | None]:
        """The generators that are drawn from before the code may be left, and the name of their state before."""
        last = max((place for place, each in enumerate(code) if each.function in (ir.guard, ir.sized)), default=-1)
        return {each.args[0]: None for each in code[: last + 1] if each.function is ir.draw}

    def _leave_if(self, condition: str) -> None:
        """Leave code that was made for another kind of call, as if nothing had been drawn."""
        pairs = [f"({self.text(each)}, {state})" for each, state in self._rewound.items() if state is not None]
        leave = f"{self.name(_rewound)}({', '.join(pairs)})" if pairs else "MISS"
        self.lines.append(f"if {condition}: return {leave}")

    def _forget(self, instruction: Instruction) -> None:
        """Give back the memory that nobody needs after an instruction."""
        out = instruction.out
        used = dict.fromkeys(root for var in (*values_in(instruction), out) for root in self._lifetimes.roots(var))
        for root in self._lifetimes.roots(out):
            if _bytes(root) >= _WORTH_DELETING:
                self._dependent.setdefault(root, []).append(self._names[out])
        for root in used:
            if not self._lifetimes.ends(root, self._number):
                continue
            room = self._rooms.pop(root, None)
            if room is not None:
                self._free.setdefault((root.shape, root.dtype), []).append(room)
            elif root not in self._inputs and (names := self._dependent.pop(root, None)):
                self.lines.append(f"del {', '.join(names)}")
                for others in self._dependent.values():
                    others[:] = [name for name in others if name not in names]

    def roots(self, var: Var) -> frozenset[Var]:
        """The values in whose memory this one may lie."""
        return self._lifetimes.roots(var)

    def room(self, instruction: Instruction) -> str | None:
        """The name of an array that the result may be written into; None where a new one is better."""
        out = instruction.out
        if out in self._given_away or out not in self._layouts or _bytes(out) < _WORTH_KEEPING:
            return None
        assert out.dtype is not None
        if out.dtype.kind not in "fiub" or out.dtype.hasobject:
            return None
        if _is_elementwise(instruction.function):
            for var in values_in(instruction):
                room = self._rooms.get(var)
                if (
                    room
                    and (var.shape, var.dtype) == (out.shape, out.dtype)
                    and self._lifetimes.ends(var, self._number)
                ):
                    del self._rooms[var]
                    self._rooms[out] = room
                    return room
        free = self._free.get((out.shape, out.dtype))
        if free:
            room = free.pop()
        else:
            room = f"b{len(self.buffers)}"
            self.buffers.append((room, out.sizes, out.dtype))
        self._rooms[out] = room
        return room


def _rewound(*states: tuple[np.random.Generator, Any]) -> Any:
    for generator, state in states:
        generator.bit_generator.state = state
    return MISS


def _is_elementwise(function: Callable[..., Any]) -> bool:
    return isinstance(function, np.ufunc) and function.signature is None


def _bytes(var: Var) -> int:
    if var.shape is None or var.dtype is None:
        return 0
    return math.prod(var.sizes) * var.dtype.itemsize
