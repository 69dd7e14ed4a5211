"""How does a program become the text of a module: imports, constants, helpers, and the function?"""

from __future__ import annotations

import keyword
import re

from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction, Size, Var, atoms
from minigrad.program.program_like import ProgramLike
from minigrad.program.repeats.loop import flattened
from minigrad.program.repeats.tidy import tidied
from minigrad.program.simplify.passes import simplified
from minigrad.program.source.arguments import Arguments
from minigrad.program.source.block import Block
from minigrad.program.source.lines import Line
from minigrad.program.source.naming import HIDING
from minigrad.program.source.results import Results
from minigrad.program.source.scope import Scope
from minigrad.program.source.text import filled
from minigrad.program.source.trial import gives_the_same

WIDTH = 100
_INDENT = "    "


def source_of(program: ProgramLike, name: str | None = None, comments: bool = False) -> str:
    """A program as the source of a function of plain NumPy; see `Program.source`.

    It is run once on the arrays that the program was recorded with, and has to give what the program gives. Loops that
    do not are written out.

    Raises:
        ProgramError: for a name that is none in Python, and where no code could be written that gives the same.
    """
    has_gradients = any(gradient is not None for gradient in program.gradients)
    called = re.sub(r"\W+", "_", program.name).strip("_") or "function"
    called = ("function" if called == "lambda" else called) + ("_and_gradients" if has_gradients else "")
    called = name or (f"{called}_" if called in HIDING else called)
    if not called.isidentifier() or keyword.iskeyword(called):
        raise ProgramError(f"name={called!r} is no name of a function in Python")
    if called in HIDING:
        raise ProgramError(f"name={called!r} would hide what the code itself may call so; give another name")
    failure: Exception | None = None
    for shorter in (tidied, simplified):
        try:
            text = _written(shorter(program), called, comments)
        except ProgramError:
            raise
        except Exception as error:
            # The other way may do; an error that comes in both is told.
            failure = error
            continue
        if gives_the_same(text, called, program):
            return text
    raise ProgramError(
        f"the code of {called} does not give what the program gives; this is an error of minigrad"
    ) from failure


def _written(program: ProgramLike, called: str, comments: bool) -> str:
    """The text for a program that was made shorter."""
    code = flattened(program.code)
    scope = Scope(program, code)
    scope.names.reserve([called])
    arguments = Arguments(program, scope, _used(program, code))
    scope.name_sizes({size: word for size, word in program.size_names.items() if size in _sizes(code)})
    lines = Block(program.code, scope, program.outputs, WIDTH - len(_INDENT)).write()
    returned = f"return {Results(program, scope, arguments.trees).text()}"
    if len(returned) > WIDTH - len(_INDENT):
        returned = filled("return (", returned.removeprefix("return "), ")", WIDTH - len(_INDENT))
    body = [*arguments.lines, *arguments.assertions(), *scope.sizes.assignments()]
    body += _laid_out(lines, scope, comments)
    text = "\n".join(
        [filled(f"def {called}(", ", ".join(arguments.parameters), "):", WIDTH)]
        + [f"{_INDENT}{line}" if line else "" for part in [*body, returned] for line in part.split("\n")]
    )
    above = [*([chr(10).join(scope.constants.lines)] if scope.constants.lines else []), *scope.helpers.definitions]
    whole = "\n\n\n".join([*above, text])
    imports = _imports(whole)
    gap = "\n\n" if scope.constants.lines else "\n\n\n"
    return "\n".join(imports) + (gap if imports else "") + whole + "\n"


def _laid_out(lines: list[Line], scope: Scope, comments: bool) -> list[str]:
    """The lines with an empty one before the pass back, and with comments."""
    found: list[str] = []
    phase = "forward"
    for line in lines:
        if line.instruction is not None and line.instruction.phase != phase:
            if found and phase == "forward":
                found.append("")
            phase = line.instruction.phase
        found.append(
            f"{line.text}  # {_comment(line.instruction, scope)}" if comments and line.instruction else line.text
        )
    return found


def _comment(instruction: Instruction, scope: Scope) -> str:
    shape = instruction.out.shape
    sides = "" if shape is None else " x ".join(scope.sizes.text(size).text for size in shape) or "scalar"
    return ", ".join(filter(None, [sides, str(instruction.where or "")]))


def _imports(text: str) -> list[str]:
    found = ["import numpy as np"] if re.search(r"\bnp\.", text) else []
    modules = [module for module in ("signal", "special") if re.search(rf"(?<![\w.]){module}\.", text)]
    return found + ([f"from scipy import {', '.join(modules)}"] if modules else [])


def _used(program: ProgramLike, code: list[Instruction]) -> set[Var]:
    """The values that something needs, be it their size."""
    found = set(program.outputs)
    for instruction in code:
        found.update(instruction.uses())
        found.update(instruction.measures())
    return found


def _sizes(code: list[Instruction]) -> set[Size]:
    """Every size in some instructions, and in their shapes."""
    found: set[Size] = set()

    def add(size: Size) -> None:
        found.add(size)
        for part in size.parts:
            if isinstance(part, Size):
                add(part)

    for instruction in code:
        for part in atoms((instruction.args, instruction.kwargs)):
            if isinstance(part, Size):
                add(part)
    return found
