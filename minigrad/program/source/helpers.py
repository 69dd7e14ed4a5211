"""How are functions printed that were declared self-contained: as they stand, without what needs an import?"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from minigrad.engine.stand_ins import is_self_contained
from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction
from minigrad.program.source.functions import PLACING

_MODULES = {"np", "special", "signal"}


class Helpers:
    """The self-contained functions that some instructions call, and those that these call.

    Attributes:
        names: what each is called.
        lines: the definitions, those that are called first.
    """

    def __init__(self, code: Sequence[Instruction]) -> None:
        self.names: dict[Callable[..., Any], str] = {}
        self.definitions: list[str] = []
        for instruction in code:
            if is_self_contained(instruction.function) and instruction.function not in PLACING:
                self._add(instruction.function)

    def _add(self, function: Callable[..., Any]) -> None:
        if function in self.names:
            return
        plain = inspect.unwrap(function)
        name = plain.__name__
        if name in self.names.values():
            raise ProgramError(f"two self-contained functions are called {name}; rename one of them")
        self.names[function] = name
        try:
            tree, text = _definition(plain)
        except (OSError, TypeError, SyntaxError) as error:
            raise ProgramError(f"the source of {name} cannot be read: {error}; define it in a file") from None
        for other in sorted(_outer_names(tree)):
            value = plain.__globals__.get(other)
            if is_self_contained(value):
                self._add(value)
            elif other not in _MODULES:
                raise ProgramError(
                    f"{name} is declared self-contained and uses {other}; give it as an argument, or write it inside"
                )
        self.definitions.append(text)


def _definition(function: Callable[..., Any]) -> tuple[ast.FunctionDef, str]:
    """A function as it stands, without decorators and annotations."""
    source = textwrap.dedent(inspect.getsource(function))
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.FunctionDef)
    lines = source.splitlines()
    body = tree.body
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            # What stands between the name and its value.
            first, last = node.target, node.value
            assert first.end_lineno == last.lineno
            row = lines[last.lineno - 1].encode()
            lines[last.lineno - 1] = (row[: first.end_col_offset] + b" = " + row[last.col_offset :]).decode()
    if ast.get_docstring(tree) and "minigrad" in (ast.get_docstring(tree) or ""):
        body = body[1:]
    head = f"def {tree.name}({ast.unparse(tree.args)}):"
    return tree, "\n".join([head, *lines[body[0].lineno - 1 : tree.end_lineno]])


def _outer_names(tree: ast.FunctionDef) -> Iterator[str]:
    """The names that a function takes from outside."""
    inner = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    inner |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    inner |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node is not tree}
    annotations = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) for part in ast.walk(node.annotation)
    }
    values = [tree.args, *tree.body]
    for node in (each for value in values for each in ast.walk(value)):
        if (
            isinstance(node, ast.Name)
            and id(node) not in annotations
            and node.id not in inner
            and not hasattr(builtins, node.id)
        ):
            yield node.id
