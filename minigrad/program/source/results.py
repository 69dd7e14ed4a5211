"""How are results returned: in the structure that the function and its arguments have, as arrays of their own?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.engine.pytrees import is_dataclass, leaves, mapped, parts
from minigrad.engine.stand_ins import is_self_contained
from minigrad.program import ir
from minigrad.program.errors import ProgramError
from minigrad.program.inputs import is_array, is_holder
from minigrad.program.ir import Instruction, Var
from minigrad.program.program_like import ProgramLike
from minigrad.program.repeats.loop import Loop, plus_at
from minigrad.program.source.expressions import argument
from minigrad.program.source.functions import METHODS
from minigrad.program.source.scope import Scope
from minigrad.program.source.text import ATOM, Text

# What gives the array that it is given, or a part of it, and no part of any other.
_VIEWS = {
    np.transpose, np.swapaxes, np.matrix_transpose, np.reshape, np.squeeze, np.expand_dims, np.moveaxis, np.rollaxis,
    np.ravel, np.diagonal, np.flip, np.fliplr, np.flipud, np.rot90, np.real, np.imag, np.asarray, np.split,
    np.array_split, np.hsplit, np.vsplit, np.dsplit, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.diag, np.unstack,
    np.permute_dims, np.linalg.diagonal, np.linalg.matrix_transpose, np.trim_zeros, ir.pick,
}  # fmt: skip
# What gives an array, or several, that share no memory with others: also where there is nothing to do.
_NEW = {
    *METHODS, ir.astype, plus_at, np.arange, np.argsort, np.bincount, np.clip, np.concatenate, np.convolve, np.copy,
    np.correlate, np.cross, np.cumprod, np.dot, np.eye, np.full, np.full_like, np.inner, np.kron,
    np.linalg.cholesky, np.linalg.det, np.linalg.eigh, np.linalg.inv, np.linalg.lstsq, np.linalg.pinv, np.linalg.qr,
    np.linalg.slogdet, np.linalg.solve, np.linalg.svd, np.linspace, np.median, np.nonzero, np.ones, np.ones_like,
    np.outer, np.pad, np.quantile, np.repeat, np.roll, np.searchsorted, np.sort, np.stack, np.take,
    np.take_along_axis, np.tensordot, np.tile, np.trace, np.tril, np.triu, np.vdot, np.where, np.zeros,
    np.zeros_like,
}  # fmt: skip

# What gives a scalar where others give an array of no axes.
_SCALARS = {
    *METHODS, np.trace, np.linalg.det, np.linalg.norm, np.vdot, np.dot, np.inner, np.median, np.quantile, np.ptp,
    np.average, np.nansum, np.nanmean, np.nanmax, np.nanmin, np.nanvar, np.nanstd, np.nanprod, np.linalg.vecdot,
    np.linalg.trace,
}  # fmt: skip


def is_new(instruction: Instruction) -> bool:
    """Whether a call gives an array that shares no memory with what it is given, whatever that is."""
    function = instruction.function
    if function is ir.item:
        return any(_is_advanced(part) for part in ir.atoms(instruction.args[1]))
    is_scipys = (getattr(function, "__module__", None) or "").startswith("scipy.")
    return isinstance(function, np.ufunc) or function in _NEW or is_scipys or is_self_contained(function)


def is_view(instruction: Instruction) -> bool:
    """Whether a call gives a part of its first argument, if it gives no array of its own."""
    return instruction.function in _VIEWS or (instruction.function is ir.item and not is_new(instruction))


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
        self._returned: set[Var] = set()
        self._of_step: dict[tuple[Var, Var, int], Var] = {}
        # Values of which it is known whether they are copied.
        self._settled: set[Var] = set()

    def text(self) -> str:
        """What stands after ``return``."""
        value = self._tree(self.program.result)
        gradients = list(self._gradients())
        if gradients:
            return ", ".join([value, *gradients])
        is_tuple = type(self.program.result) is tuple and len(self.program.result) > 1
        return value[1:-1] if is_tuple else value

    def _value(self, part: Any) -> str:
        if part is None:
            return "None"
        if type(part) is not Var:
            constant = argument(part, self.scope)
            return f"{constant.text}.copy()" if isinstance(part, np.ndarray) and constant.is_name else constant.text
        text = self.scope.texts[part]
        if part.shape == ():
            made = self.scope.made.get(part)
            if made is None:
                # An array of no axes can be written to; NumPy's scalars, and Python's, have no such index.
                return f"np.array({text.text})[()]"
            return f"{text.within(ATOM)}[()]" if _is_array(made, self.scope.made) else text.text
        return f"{text.within(ATOM)}.copy()" if part not in self._settled and self._is_shared(part) else text.text

    def _is_shared(self, var: Var) -> bool:
        """Whether a result would share memory with an argument, or with another result, or cannot be written to."""
        owner, is_own = self._owner(var)
        if not is_own or owner in self._returned:
            return True
        self._returned.add(owner)
        return False

    def _owner(self, var: Var) -> tuple[Var, bool]:
        """The value whose memory a value shows, and whether that is a new array."""
        made = self.scope.made
        while (instruction := made.get(var)) is not None:
            if not is_view(instruction) or type(instruction.args[0]) is not Var:
                return var, is_new(instruction)
            whole = made.get(instruction.args[0]) if instruction.function is ir.pick else None
            if whole is None:
                var = instruction.args[0]
            elif isinstance(whole.function, Loop):
                result = whole.function.results[instruction.args[1]]
                inside, is_own = self._owner(result.inside)
                # Each step makes an array of its own, of which the loop may give several views.
                return self._of_step.setdefault((instruction.args[0], inside, result.step), var), is_own
            elif is_new(whole):
                # Several results at once are several arrays.
                return var, True
            else:
                var = instruction.args[0]
        return var, False

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
        if whole is not None:
            shared = [part.shape != () and self._is_shared(part) for part in tree]
            return f"[each.copy() for each in {whole}]" if any(shared) else whole
        if len(tree) < 3:
            return None
        columns = [[leaf for _, leaf in leaves(item)] for item in tree]
        rows = list(zip(*columns, strict=False))
        names = [self.scope.whole_list(row) for row in rows]
        if len({len(column) for column in columns}) > 1 or any(name is None for name in names):
            return None
        index = self.scope.names.first_free(["k", "t", "step"])
        scope = self.scope.child()
        inner = Results(self.program, scope, self.arguments)
        for column, name in zip(zip(*columns, strict=True), names, strict=True):
            shared = [self._is_shared(leaf) for leaf in column if type(leaf) is Var and leaf.shape != ()]
            scope.texts[column[0]] = Text(f"{name}[{index}]{'.copy()' if any(shared) else ''}")
            inner._settled.add(column[0])
        one = inner._tree(tree[0])
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
