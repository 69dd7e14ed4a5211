"""How are results returned: in the structure that the function and its arguments have, as arrays of their own?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.engine.pytrees import is_dataclass, leaves, mapped, parts
from minigrad.program import ir
from minigrad.program.errors import ProgramError
from minigrad.program.inputs import is_array, is_holder
from minigrad.program.ir import Instruction, Var
from minigrad.program.program_like import ProgramLike
from minigrad.program.source.expressions import argument
from minigrad.program.source.functions import METHODS
from minigrad.program.source.scope import Scope
from minigrad.program.source.text import ATOM, Text

# What may give a part of the array that it is given, or that array itself.
_VIEWS = {
    np.transpose, np.swapaxes, np.matrix_transpose, np.reshape, np.broadcast_to, np.squeeze, np.expand_dims,
    np.moveaxis, np.rollaxis, np.ravel, np.diagonal, np.flip, np.fliplr, np.flipud, np.rot90, np.real, np.imag,
    np.asarray, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit, np.broadcast_arrays, np.atleast_1d,
    np.atleast_2d, np.atleast_3d, np.diag, np.unstack, np.permute_dims, np.linalg.diagonal,
    np.linalg.matrix_transpose, np.positive, np.trim_zeros, np.lib.stride_tricks.sliding_window_view,
    np.lib.stride_tricks.as_strided, ir.pick,
}  # fmt: skip

# What gives a scalar where others give an array of no axes.
_SCALARS = {
    *METHODS, np.trace, np.linalg.det, np.linalg.norm, np.vdot, np.dot, np.inner, np.median, np.quantile, np.ptp,
    np.average, np.nansum, np.nanmean, np.nanmax, np.nanmin, np.nanvar, np.nanstd, np.nanprod, np.linalg.vecdot,
    np.linalg.trace,
}  # fmt: skip


def is_view(instruction: Instruction) -> bool:
    """Whether a call may give an array that shares memory with what it is given."""
    if instruction.function is ir.item:
        return not any(_is_advanced(part) for part in ir.atoms(instruction.args[1]))
    return instruction.function in _VIEWS


def _is_array(instruction: Instruction, made: Mapping[Var, Instruction]) -> bool:
    """Whether what has no axes may be an array, and not a scalar."""
    if instruction.function is ir.item:
        return any(part is Ellipsis for part in ir.atoms(instruction.args[1]))
    if instruction.function is ir.pick:
        whole = made.get(instruction.args[0])
        return whole is not None and is_view(whole)
    return not (isinstance(instruction.function, np.ufunc) or instruction.function in _SCALARS)


def _is_advanced(part: Any) -> bool:
    return (isinstance(part, np.ndarray) and part.ndim > 0) or (type(part) is Var and part.shape != ())


class Results:
    """What a program returns.

    Args:
        program: the program.
        scope: what stands for its values, when all are computed.
        access: how to come to each of its arguments that is a tree.
    """

    def __init__(self, program: ProgramLike, scope: Scope, arguments: Mapping[int, str]) -> None:
        self.program, self.scope, self.arguments = program, scope, arguments

    def text(self) -> str:
        """What stands after ``return``."""
        gradients = list(self._gradients())
        value = self._tree(self.program.result)
        if gradients:
            return ", ".join([value, *gradients])
        is_tuple = type(self.program.result) is tuple and len(self.program.result) > 1
        return value[1:-1] if is_tuple else value

    def _value(self, part: Any) -> str:
        if part is None:
            return "None"
        if type(part) is not Var:
            return argument(part, self.scope).text
        text = self.scope.texts[part]
        if part.shape == () and part in self.scope.made and _is_array(self.scope.made[part], self.scope.made):
            return f"{text.within(ATOM)}[()]"
        return f"{text.within(ATOM)}.copy()" if part.shape != () and self._shares(part) else text.text

    def _shares(self, var: Var) -> bool:
        """Whether a value may be a part of an input, or cannot be written to."""
        while (instruction := self.scope.made.get(var)) is not None:
            if instruction.function is np.broadcast_to:
                return True
            if not is_view(instruction) or type(instruction.args[0]) is not Var:
                return False
            var = instruction.args[0]
        return True

    def _gradients(self) -> Iterator[str]:
        """For each argument that has gradients, these in its structure; then those of closed-over Tensors."""
        program = self.program
        pairs = list(zip(program.inputs, program.gradients, strict=True))
        for position, example in enumerate(program.examples):
            own = [gradient for each, gradient in pairs if each.argument == position]
            if not any(gradient is not None for gradient in own):
                continue
            if any(is_holder(leaf) for _, leaf in leaves(example)):
                yield from [self._value(gradient) for gradient in own if gradient is not None]
                continue
            yield self._tree(_filled(example, own))
        yield from [self._value(gradient) for each, gradient in pairs if each.argument is None and gradient is not None]

    def _tree(self, tree: Any) -> str:
        if isinstance(tree, dict):
            items = [f"{argument(key, self.scope).text}: {self._tree(item)}" for key, item in tree.items()]
            return "{" + ", ".join(items) + "}"
        if isinstance(tree, tuple) and hasattr(tree, "_fields"):
            return self._made(tree, dict(zip(tree._fields, map(self._tree, tree), strict=True)))
        if isinstance(tree, list) and (whole := self._comprehension(tree)) is not None:
            return whole
        if isinstance(tree, tuple):
            inside = ", ".join(self._tree(item) for item in tree)
            return f"({inside},)" if len(tree) == 1 else f"({inside})"
        if isinstance(tree, list):
            return f"[{', '.join(self._tree(item) for item in tree)}]"
        if is_dataclass(tree):
            return self._made(tree, {name: self._tree(part) for name, part in parts(tree).items()})
        return self._value(tree)

    def _comprehension(self, tree: list[Any]) -> str | None:
        """A list of what a loop gave in each step."""
        whole = self.scope.whole_list(tree)
        if whole is not None or len(tree) < 3:
            return whole
        columns = [[leaf for _, leaf in leaves(item)] for item in tree]
        rows = list(zip(*columns, strict=False))
        names = [self.scope.whole_list(row) for row in rows]
        if len({len(column) for column in columns}) > 1 or any(name is None for name in names):
            return None
        index = self.scope.names.first_free(["k", "t", "step"])
        scope = self.scope.child()
        for leaf, name in zip(columns[0], names, strict=True):
            scope.texts[leaf] = Text(f"{name}[{index}]")
        one = Results(self.program, scope, self.arguments)._tree(tree[0])
        return f"[{one} for {index} in range({len(tree)})]"

    def _made(self, tree: Any, fields: Mapping[str, str]) -> str:
        """A dataclass or named tuple like one among the arguments, whose class needs no import then."""
        for position, example in enumerate(self.program.examples):
            for path, inner in _objects(self.arguments.get(position, ""), example):
                if type(inner) is type(tree):
                    static = {
                        name: f"{path}.{name}"
                        for name in getattr(tree, "__dataclass_fields__", {})
                        if name not in fields and tree.__dataclass_fields__[name].init
                    }
                    given = ", ".join(f"{name}={text}" for name, text in {**fields, **static}.items())
                    return f"type({path})({given})"
        if isinstance(tree, tuple):
            return f"({', '.join(fields.values())})"
        raise ProgramError(
            f"the function returns a {type(tree).__name__}, which source that imports nothing cannot make; return a "
            "dict or a tuple"
        )


def _filled(example: Any, values: Sequence[Any]) -> Any:
    """An argument with other values in the places of its arrays, and None in those of anything else."""
    remaining = iter(values)
    return mapped(example, lambda leaf: next(remaining) if is_array(leaf) else None)


def _objects(path: str, tree: Any) -> Iterator[tuple[str, Any]]:
    """Dataclasses and named tuples in an argument, and how to come to them."""
    from minigrad.program.source.arguments import steps

    if is_dataclass(tree) or (isinstance(tree, tuple) and hasattr(tree, "_fields")):
        yield path, tree
    for step, inner in steps(tree):
        yield from _objects(f"{path}{step}", inner)
