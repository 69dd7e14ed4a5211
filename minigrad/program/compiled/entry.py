"""How does one recorded call run again: is it the same kind of call, and what does it give?"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from minigrad.engine.pytrees import is_dataclass, leaves, replaced
from minigrad.program import ir
from minigrad.program.compiled.arguments import Call
from minigrad.program.compiled.checks import checks, place_of
from minigrad.program.compiled.folding import folded
from minigrad.program.compiled.late import refuse_late_looks
from minigrad.program.compiled.lifetimes import gives_own_memory
from minigrad.program.compiled.scalars import FUNCTIONS, are_floats, in_float64, in_floats
from minigrad.program.compiled.tracing import HeldArray, Trace
from minigrad.program.compiled.turns import RUNNING
from minigrad.program.compiled.updating import in_place, stops_after_updates, writer_to
from minigrad.program.compiled.writing import FILE, MISS, Lines, defined
from minigrad.program.held import HeldAttribute, HeldEntry, HeldRate, HeldTensor, HeldVariable
from minigrad.program.ir import Var
from minigrad.program.simplify.keys import values_in


class Entry:
    """Code for calls of one kind.

    Args:
        trace: one of them, recorded.
        call: its arguments.
        copies: whether results are the caller's own.
        updating: is held by calls that change parameters, which happen one after the other.

    Attributes:
        key: of the calls that may run it.
        source: the code as text.
        instructions: how many calls of functions it makes.
        recorded: how many were recorded.
        kept_bytes: the memory that is kept between calls, for each thread that runs at the same time.
        plain_arguments: as of `Call`.
        is_differentiable: whether the result depends on what requires a gradient.
    """

    def __init__(self, trace: Trace, call: Call, copies: bool, updating: AbstractContextManager[Any]) -> None:
        writing = _Writing(trace, copies)
        self.key, self.source = call.key, writing.source
        # Kept, so that no constant among the arguments gives its identity away.
        self._tree = call.tree
        self.plain_arguments = call.plain_arguments
        self.is_differentiable = trace.is_differentiable
        self.instructions, self.recorded = writing.count, len(trace.code)
        self.kept_bytes = sum(int(np.prod(shape)) * dtype.itemsize for _, shape, dtype in writing.lines.buffers)
        self._first_line, self._places = writing.first_line, writing.lines.places
        self._make = writing.make
        self._spare: deque[Callable[..., Any]] = deque([self._make()])
        self._updating = updating if trace.updates else nullcontext()
        self._reads_nothing = not trace.held and not trace.watches

    def __call__(self, *values: Any) -> Any:
        """What the function gives for these arrays, or MISS."""
        try:
            run = self._spare.pop()
        except IndexError:
            # Other threads are running it, or it is called by itself.
            run = self._make()
        try:
            if self._reads_nothing:
                return run(*values)
            with RUNNING, self._updating:
                return run(*values)
        finally:
            self._spare.append(run)

    def place(self, error: BaseException) -> ir.Place | None:
        """The line of the user's code in which an error was raised."""
        trace, line = error.__traceback__, 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == FILE:
                line = trace.tb_lineno
            trace = trace.tb_next
        position = line - self._first_line
        return self._places[position].where if line and 0 <= position < len(self._places) else None


class _Writing:
    """The source of the code for one kind of call, and what it refers to."""

    def __init__(self, trace: Trace, copies: bool) -> None:
        self._trace = trace
        self._names = {var: f"a{position}" for position, var in enumerate(trace.given)}
        self._names |= {var: f"h{position}" for position, (var, _) in enumerate(trace.held)}
        changed = {id(held) for held, _ in trace.updates}
        self._changed = {var for var, held in trace.held if id(held) in changed}
        returned = [leaf for _, leaf in leaves(trace.returned)]
        # An argument may share memory with what is updated.
        may_change = set(self._names) if trace.updates else set()
        outputs = [*returned, *(new for _, new in trace.updates)]
        code, outputs = folded(trace.code, outputs, may_change, trace.layouts)
        is_in_floats = not trace.updates and not trace.held and are_floats(code, trace.given, outputs)
        if not stops_after_updates(code):
            code, outputs = in_place(code, outputs, self._changed)
        pairs = zip(trace.updates, outputs[len(returned) :], strict=True)
        refuse_late_looks(trace, [pair for pair, new in pairs if type(new) is not Var or new not in self._changed])
        self.count = len(code)
        self.lines = Lines(code, outputs, copies, trace.layouts, self._names)
        self._views = {each.out for each in code if not gives_own_memory(each)}
        self._returned: set[Var] = set()
        self._is_read = {var for each in code for var in values_in(each)}
        self._is_read |= {out for out in outputs if type(out) is Var}
        returned, news = outputs[: len(returned)], outputs[len(returned) :]
        results = self._results(iter(returned), trace.returned, copies)
        before = [*checks(trace, self.lines, "_array", trace.layouts), *self._reads()]
        after = [*self._writes(news), *self._tells(code), f"return {results}"]
        self._text(before, after, in_floats(code, self._names) if is_in_floats else None)

    def _name(self, thing: Any) -> str:
        return self.lines.name(thing)

    def _reads(self) -> Iterator[str]:
        """What is kept elsewhere."""
        for position, (var, held) in enumerate(self._trace.held):
            name = f"h{position}"
            if isinstance(held, HeldTensor):
                # What is written to is an array, where a scalar would do otherwise.
                is_written = var in self._changed and var.shape == ()
                yield f"{name} = {self._name(held.tensor)}.{'_writable()' if is_written else '_array'}"
            elif var not in self._is_read:
                continue
            elif isinstance(held, HeldEntry):
                yield f"{name} = {self._name(held.holder)}[{held.entry!r}]{'[()]' if var.shape == () else ''}"
            elif isinstance(held, HeldAttribute):
                yield f"{name} = {self._name(held.owner)}.{held.attribute}"
            elif isinstance(held, HeldVariable):
                is_number = var.shape == () and var.dtype is not None and not var.dtype.hasobject
                yield f"{name} = {place_of(held, self.lines)}{'[()]' if is_number else ''}"
            elif isinstance(held, HeldRate):
                yield f"{name} = {self._name(held.read)}()"
            else:
                assert isinstance(held, HeldArray)
                yield f"{name} = {self._name(held.array)}"

    def _writes(self, news: list[Any]) -> Iterator[str]:
        """Put new values where they are kept, and leave no gradients of before."""
        for (held, _), new in zip(self._trace.updates, news, strict=True):
            if type(new) is Var and new in self._changed:
                if isinstance(held, HeldTensor):
                    yield f"{self._name(held.tensor._mark_changed)}()"
            else:
                yield f"{self._name(writer_to(held))}({self.lines.text(new)})"
        for tensor in self._trace.cleared:
            yield f"{self._name(tensor)}._node.grad = None"

    def _tells(self, code: Sequence[ir.Instruction]) -> Iterator[str]:
        """Tell of overflows and the like in updates, once everything is written."""
        for each in code:
            tell = getattr(each.function, "tell", None) if getattr(each.function, "is_in_place", False) else None
            if tell is not None:
                yield f"if v{each.out.number}: {self._name(tell)}(v{each.out.number})"

    def _results(self, values: Iterator[Any], tree: Any, copies: bool) -> str:
        """What is returned, in the structure of what the function returned."""
        if tree is None:
            return "None"
        if is_dataclass(tree) or hasattr(tree, "_fields") or (isinstance(tree, dict) and type(tree) is not dict):
            count = len(list(leaves(tree)))
            return (
                f"{self._name(_rebuilt(tree))}([{', '.join(self._result(next(values), copies) for _ in range(count))}])"
            )
        if isinstance(tree, dict):
            items = [f"{self.lines.text(key)}: {self._results(values, item, copies)}" for key, item in tree.items()]
            return f"{{{', '.join(items)}}}"
        if isinstance(tree, (list, tuple)):
            parts = [self._results(values, item, copies) for item in tree]
            text = ", ".join(parts) + ("," if isinstance(tree, tuple) and len(parts) == 1 else "")
            return f"({text})" if isinstance(tree, tuple) else f"[{text}]"
        return self._result(next(values), copies)

    def _result(self, value: Any, copies: bool) -> str:
        text = self.lines.text(value)
        if type(value) is not Var:
            return f"{text}.copy()" if isinstance(value, np.ndarray) else text
        roots = self.lines.roots(value)
        is_somebodys = any(root in self._names or root in self._returned for root in roots)
        self._returned |= roots
        if copies and is_somebodys:
            return f"{self._name(_own)}({text})"
        # A view may be one of a constant.
        return f"{self._name(_writable)}({text})" if value in self._views else text

    def _text(self, before: list[str], after: list[str], floats: list[str] | None) -> None:
        """Put everything together."""
        args = ", ".join(f"a{position}" for position in range(len(self._trace.given)))
        kept = [
            f"{name} = {self._name(np.empty)}({shape}, {self._name(dtype)})"
            for name, shape, dtype in self.lines.buffers
        ]
        names = self.lines.environment | {"MISS": MISS}
        self.first_line = 3 + len(kept) + len(before)
        self.source = _function(args, kept, [*before, *self.lines.lines, *after])
        if floats is None:
            self.make = defined(self.source, "make", names)
            return
        tried = [f"{name} = float({name})" for name in self._names.values()]
        results = [line.replace("return ", "return in_float64(", 1) + ")" for line in after]
        exact, self.source = self.source, _function(args, kept, [*before, *tried, *floats, *results])
        quick = defined(self.source, "make", names | FUNCTIONS | {"in_float64": in_float64})
        self.make = lambda: _with_second_try(quick(), lambda: defined(exact, "make", names)())


def _function(args: str, first: list[str], lines: list[str]) -> str:
    """The source of a function that makes the function."""
    inside = [*first, f"def run({args}):", *[f"    {line}" for line in lines], "return run"]
    return "\n".join(["def make():", *[f"    {line}" for line in inside], ""])


def _with_second_try(quick: Callable[..., Any], make_exact: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """Numbers of Python, and NumPy's where those raise: for overflows, and outside of where a function is defined."""
    made: list[Callable[..., Any]] = []

    def run(*values: Any) -> Any:
        try:
            return quick(*values)
        except (ArithmeticError, ValueError):
            if not made:
                made.append(make_exact())
            return made[0](*values)

    return run


def _own(value: Any) -> Any:
    """A result that shares no memory with what is kept or was passed in."""
    return value.copy() if isinstance(value, np.ndarray) else value


def _writable(value: Any) -> Any:
    return value if not isinstance(value, np.ndarray) or value.flags.writeable else value.copy()


def _rebuilt(tree: Any) -> Callable[[list[Any]], Any]:
    return lambda values: replaced(tree, values)
