"""How does the function take its inputs: which parameters has it, what is unpacked, and what is checked?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minigrad.engine.pytrees import is_dataclass, parts
from minigrad.program.inputs import is_array, is_holder
from minigrad.program.ir import Dim, Input, Size, Var, atoms
from minigrad.program.program_like import ProgramLike
from minigrad.program.repeats.loop import Loop, flattened
from minigrad.program.source.elements import element
from minigrad.program.source.functions import public_name
from minigrad.program.source.scope import Scope
from minigrad.program.source.sizes import measured
from minigrad.program.source.text import quoted


def steps(tree: Any) -> Iterator[tuple[str, Any]]:
    """What a list, tuple, dict or dataclass holds, and how each part is written."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield f"[{quoted(key) if isinstance(key, str) else repr(key)}]", item
    elif isinstance(tree, (list, tuple)):
        for position, item in enumerate(tree):
            yield f"[{position}]", item
    elif is_dataclass(tree):
        for name, item in parts(tree).items():
            yield f".{name}", item


class Arguments:
    """The parameters of a function that is printed.

    Attributes:
        parameters: their names.
        trees: what an argument that is no array itself is called, by position.
        lines: what is unpacked and checked before anything is computed.
    """

    def __init__(self, program: ProgramLike, scope: Scope, used: set[Var]) -> None:
        self.program, self.scope, self.used = program, scope, used
        self.stepwise = looked_up_alone(program)
        self.parameters: list[str] = []
        self.trees: dict[int, str] = {}
        self.lines: list[str] = []
        self._unpacked: list[tuple[str, str]] = []
        for position, example in enumerate(program.examples):
            own = [each for each in program.inputs if each.argument == position]
            self._take(position, example, own)
        for each in program.inputs:
            if each.argument is None:
                self.parameters.append(scope.introduce_input(each.var, each.name))
        self._unpack()

    def _take(self, position: int, example: Any, own: list[Input]) -> None:
        if any(is_holder(leaf) for _, leaf in _leaves("", example)):
            self.parameters += [self.scope.introduce_input(each.var, each.name) for each in own]
            return
        if is_array(example):
            self.parameters.append(self.scope.introduce_input(own[0].var, own[0].name))
            return
        name = self.scope.names.users(self.program.arguments[position])
        found = list(_leaves(name, example))
        if not own and any(_text(leaf) is None for _, leaf in found):
            # Nothing could tell whether another object is given here, so nothing is taken.
            return
        self.parameters.append(name)
        self.trees[position] = name
        remaining = iter(own)
        self.lines += [f"assert len({path}) == {length}" for path, length in _lengths(name, example)]
        for path, leaf in found:
            if is_array(leaf):
                each = next(remaining)
                place = element(path)
                if place is not None:
                    self.scope.elements.setdefault(each.var, []).append(place)
                if each.var in self.stepwise and place is not None:
                    self.scope.set_name(each.var, path)
                elif each.var in self.used:
                    self._unpacked.append((self.scope.introduce_input(each.var, each.name), path))
            elif (text := _text(leaf)) is not None and (leaf is not None or path == name):
                test = "is not" if leaf is None or callable(leaf) or isinstance(leaf, bool) else "!="
                self.lines += [
                    f"if {path} {test} {text}:",
                    f"    raise ValueError({quoted(f'{path} has to be {text}')})",
                ]

    def _unpack(self) -> None:
        """As many names on a line as fit."""
        left: list[str] = []
        right: list[str] = []
        found: list[str] = []
        for name, path in self._unpacked:
            whole = f"{', '.join([*left, name])} = {', '.join([*right, path])}"
            if left and (len(whole) > 96 or _root(path) != _root(right[0])):
                found.append(f"{', '.join(left)} = {', '.join(right)}")
                left, right = [], []
            left.append(name)
            right.append(path)
        if left:
            found.append(f"{', '.join(left)} = {', '.join(right)}")
        self.lines += found

    def assertions(self) -> list[str]:
        """The sizes that have to be what they were when the program was recorded."""
        fixed: dict[Var, dict[int, int]] = {}
        for guard in self.program.guards:
            if not (isinstance(guard.size, Size) or guard.is_least) and guard.dim.var in self.scope.texts:
                fixed.setdefault(guard.dim.var, {})[guard.dim.axis] = guard.size
        found = []
        for var, sizes in fixed.items():
            name = self.scope.texts[var].text
            if len(sizes) == len(var.shape or ()):
                found.append(f"assert {name}.shape == {tuple(sizes[axis] for axis in sorted(sizes))}")
            else:
                tests = [f"{measured(name, axis)} == {size}" for axis, size in sorted(sizes.items())]
                found.append(f"assert {' and '.join(tests)}")
        return found + list(self._ties())

    def _ties(self) -> Iterator[str]:
        """The least sizes, and axes that have to be of one size, though the calls may not fail where they are not."""
        for guard in self.program.guards:
            is_tie = isinstance(guard.size, Size) and guard.size.operator == "dim" and guard.is_written
            if not (is_tie or guard.is_least) or guard.dim.var not in self.scope.texts:
                continue
            size = self._measured(guard.dim)
            if guard.is_least:
                yield f"assert {size} >= {guard.size}"
            elif isinstance(guard.size, Size) and guard.size.parts[0].var in self.scope.texts:
                yield f"assert {size} == {self._measured(guard.size.parts[0])}"

    def _measured(self, dim: Dim) -> str:
        return measured(self.scope.texts[dim.var].text, dim.axis)


def looked_up_alone(program: ProgramLike) -> set[Var]:
    """The inputs that loops look up in lists step by step, and that nothing else needs."""
    stepwise: set[Var] = set()
    others: set[Var] = set(program.outputs)
    for instruction in flattened(program.code):
        parts: Any = (instruction.args, instruction.kwargs)
        if isinstance(instruction.function, Loop):
            parts = (instruction.args[0], *instruction.args[2:])
            stepwise.update(part for part in atoms(instruction.args[1]) if type(part) is Var)
        others.update(part for part in atoms(parts) if type(part) is Var)
    return stepwise - others


def _root(path: str) -> str:
    return path.replace(".", "[").partition("[")[0]


def _leaves(path: str, tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, (dict, list, tuple)) or is_dataclass(tree):
        for step, item in steps(tree):
            yield from _leaves(f"{path}{step}", item)
    else:
        yield path, tree


def _lengths(path: str, tree: Any, is_whole: bool = True) -> Iterator[tuple[str, int]]:
    """How long lists have to be. A tuple in something else is taken for one thing, such as weights and a bias."""
    if type(tree) is list or (type(tree) is tuple and is_whole):
        yield path, len(tree)
    for step, item in steps(tree):
        yield from _lengths(f"{path}{step}", item, False)


def _text(leaf: Any) -> str | None:
    """A value that was part of the program, as it is compared; None for what cannot be written."""
    if is_array(leaf):
        return ""
    if isinstance(leaf, str):
        return quoted(leaf)
    if leaf is None or type(leaf) in (bool, int, bytes):
        return repr(leaf)
    return public_name(leaf) if callable(leaf) else None
