"""How is one call written: with an operator, as a method, or as a function?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.source.constants import dtype, number
from minigrad.program.source.functions import METHOD_KEYWORDS, METHODS, public_name, without_defaults
from minigrad.program.source.kinds import plain_numbers
from minigrad.program.source.scope import Scope
from minigrad.program.source.text import (
    AND,
    ATOM,
    COMPARISON,
    OR,
    POWER,
    PRODUCT,
    SHIFT,
    SUM,
    UNARY,
    XOR,
    Text,
    quoted,
)

OPERATORS: dict[Any, tuple[str, int]] = {
    np.add: ("+", SUM), np.subtract: ("-", SUM), np.multiply: ("*", PRODUCT), np.divide: ("/", PRODUCT),
    np.floor_divide: ("//", PRODUCT), np.remainder: ("%", PRODUCT), np.matmul: ("@", PRODUCT),
    np.power: ("**", POWER), np.equal: ("==", COMPARISON), np.not_equal: ("!=", COMPARISON),
    np.less: ("<", COMPARISON), np.less_equal: ("<=", COMPARISON), np.greater: (">", COMPARISON),
    np.greater_equal: (">=", COMPARISON), np.bitwise_and: ("&", AND), np.bitwise_or: ("|", OR),
    np.bitwise_xor: ("^", XOR), np.left_shift: ("<<", SHIFT), np.right_shift: (">>", SHIFT),
}  # fmt: skip
# The same for truth values.
_LOGICAL: dict[Any, Any] = {
    np.logical_and: np.bitwise_and,
    np.logical_or: np.bitwise_or,
    np.logical_xor: np.bitwise_xor,
}


def expression(instruction: Instruction, scope: Scope, weak: bool = False) -> Text:
    """One call, with what stands for its values.

    Args:
        instruction: the call.
        scope: what stands for values, sizes and functions.
        weak: whether the call is of numbers of Python alone, and may give one.

    Raises:
        ProgramError: for a function that has no public name.
    """
    return _Expression(instruction, scope, weak).text()


def argument(part: Any, scope: Scope) -> Text:
    """One argument of a call."""
    return _Expression(None, scope, False).part(part)


def index_text(index: Any, scope: Scope) -> str:
    """What stands between brackets."""
    return _Expression(None, scope, False).index(index)


class _Expression:
    def __init__(self, instruction: Instruction | None, scope: Scope, weak: bool) -> None:
        self.scope, self.weak = scope, weak
        if instruction is not None:
            self.instruction, self.function = instruction, instruction.function
            self.args, self.kwargs = plain_numbers(instruction), instruction.kwargs

    def text(self) -> Text:
        function, args = self.function, self.args
        special_form = _FORMS.get(function)
        if special_form is not None and (found := special_form(self)) is not None:
            return found
        if not self.kwargs and len(args) == 2:
            function = _LOGICAL.get(function, function) if all(_is_truth(part) for part in args) else function
            if function in OPERATORS and (self.weak or any(_is_numpys(part) for part in args)):
                return self._operator(*OPERATORS[function])
        if function in METHODS and (found := self._method()) is not None:
            return found
        return self._call()

    def _operator(self, symbol: str, level: int) -> Text:
        left, right = map(self.part, self.args)
        if level == POWER:
            return Text(f"{left.within(POWER + 1)}**{right.within(UNARY)}", POWER)
        if level == COMPARISON:
            if any(isinstance(part, (bool, np.bool)) for part in self.args):
                return self._call()
            return Text(f"{left.within(level + 1)} {symbol} {right.within(level + 1)}", level)
        return Text(f"{left.within(level)} {symbol} {right.within(level + 1)}", level)

    def _method(self) -> Text | None:
        """A call such as ``x.sum(axis=0)``."""
        args, kwargs = without_defaults(self.function, self.args, self.kwargs)
        if not self.is_array(args[0]) or len(args) > 2 or not kwargs.keys() <= METHOD_KEYWORDS:
            return None
        if len(args) == 2:
            kwargs = {METHODS[self.function]: args[1], **kwargs}
        return self.method(args[0], public_name(self.function).rpartition(".")[2], [], kwargs)  # type: ignore[union-attr]  # they have names

    def _call(self) -> Text:
        function = self.function
        name = self.scope.helpers.names.get(function) or public_name(function)
        if name is None:
            where = f"{self.instruction.where}: " if self.instruction.where else ""
            called = getattr(function, "__qualname__", None) or repr(function)
            raise ProgramError(
                f"{where}{called} has no public name in NumPy or SciPy, and cannot be printed; write it with functions "
                "that have one"
            )
        args, kwargs = without_defaults(function, self.args, self.kwargs)
        return Text(f"{name}({self.given(args, kwargs)})")

    def method(self, owner: Any, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Text:
        """A call of a method."""
        return Text(f"{self.part(owner).within(ATOM)}.{name}({self.given(args, kwargs)})")

    def given(self, args: Sequence[Any], kwargs: dict[str, Any]) -> str:
        """Arguments between parentheses."""
        words = [f"{key}={self.part(value).text}" for key, value in kwargs.items()]
        return ", ".join([self.part(part).text for part in args] + words)

    def is_array(self, part: Any) -> bool:
        """Whether a value has methods for sure; an input of no axes may be given as a number of Python."""
        return type(part) is Var and part.shape is not None and (part.shape != () or part in self.scope.made)

    def part(self, part: Any) -> Text:
        """One argument."""
        kind = type(part)
        if kind is Var:
            return self.scope.texts[part]
        if kind is Size:
            return self.scope.sizes.text(part)
        if isinstance(part, (bool, int, float, complex, np.generic)) and not isinstance(part, str):
            return number(part)
        if isinstance(part, str):
            return Text(quoted(part))
        if isinstance(part, np.ndarray):
            return self.scope.constants.text(part)
        if isinstance(part, slice):
            return Text(f"slice({self.given((part.start, part.stop, part.step)[: 3 if part.step else 2], {})})")
        if isinstance(part, (tuple, list)) and (found := self.scope.whole_list(part)) is not None:
            return Text(found, is_name=True)
        if isinstance(part, tuple):
            inside = ", ".join(self.part(each).text for each in part)
            return self.scope.sizes.shape(part) or Text(f"({inside},)" if len(part) == 1 else f"({inside})")
        if isinstance(part, list):
            return Text(f"[{', '.join(self.part(each).text for each in part)}]")
        if isinstance(part, dict):
            return Text(
                "{" + ", ".join(f"{self.part(key).text}: {self.part(each).text}" for key, each in part.items()) + "}"
            )
        if isinstance(part, np.dtype):
            return Text(dtype(part))
        if part is Ellipsis:
            return Text("...")
        if isinstance(part, type):
            return Text(part.__name__ if part in (bool, int, float, complex) else dtype(np.dtype(part)))
        if part is None:
            return Text("None")
        name = self.scope.helpers.names.get(part) or public_name(part)
        if name is None:
            where = f"{self.instruction.where}: " if self.instruction.where else ""
            raise ProgramError(f"{where}{part!r}, which is given to a function, cannot be printed")
        return Text(name)

    def index(self, index: Any) -> str:
        """What stands between brackets."""
        if isinstance(index, tuple) and index:
            inside = ", ".join(self._index_part(part) for part in index)
            return f"{inside}," if len(index) == 1 else inside
        return self._index_part(index)

    def _index_part(self, part: Any) -> str:
        if isinstance(part, slice):
            bounds = ["" if bound is None else self.part(bound).text for bound in (part.start, part.stop, part.step)]
            return ":".join(bounds[:2] if part.step is None else bounds)
        if isinstance(part, np.integer):
            return str(int(part))
        return self.part(part).text


def _is_truth(part: Any) -> bool:
    return type(part) is Var and part.dtype == np.dtype(bool)


def _is_numpys(part: Any) -> bool:
    return isinstance(part, (Var, np.ndarray, np.generic))


def _item(this: _Expression) -> Text:
    values, index = this.args
    return Text(f"{this.part(values).within(ATOM)}[{this.index(index)}]")


def _pick(this: _Expression) -> Text:
    return Text(f"{this.part(this.args[0]).within(ATOM)}[{this.args[1]}]")


def _astype(this: _Expression) -> Text | None:
    values, kind = this.args
    if not this.is_array(values):
        return Text(f"{dtype(np.dtype(kind))}({this.part(values).text})") if type(values) is Var else None
    return this.method(values, "astype", [np.dtype(kind)], {})


def _draw(this: _Expression) -> Text:
    generator, method, *args = this.args
    return this.method(generator, method, args, this.kwargs)


def _negative(this: _Expression) -> Text | None:
    if this.kwargs or len(this.args) != 1 or not (this.weak or _is_numpys(this.args[0])):
        return None
    text = this.part(this.args[0])
    if text.level == PRODUCT and this.instruction.out.dtype is not None and this.instruction.out.dtype.kind == "f":
        made = this.scope.made.get(this.args[0])
        # The sign of a product is that of its first factor; the remainder and the floor of a quotient are others.
        if made is not None and made.function in (np.multiply, np.divide) and not text.text.startswith("-"):
            return Text(f"-{text.text}", PRODUCT)
    return Text(f"-{text.within(UNARY)}", UNARY)


def _inverted(this: _Expression) -> Text | None:
    if this.kwargs or len(this.args) != 1 or not _is_truth(this.args[0]) or not this.is_array(this.args[0]):
        return None
    return Text(f"~{this.part(this.args[0]).within(UNARY)}", UNARY)


def _square(this: _Expression) -> Text | None:
    if this.kwargs or not this.is_array(this.args[0]):
        return None
    return Text(f"{this.part(this.args[0]).within(POWER + 1)}**2", POWER)


def _transposed(this: _Expression) -> Text | None:
    values, *axes = this.args
    if not this.is_array(values) or this.kwargs.keys() - {"axes"}:
        return None
    axes = axes or list(this.kwargs.values())
    if not axes or axes[0] is None:
        return (
            Text(f"{this.part(values).within(ATOM)}.T")
            if len(values.shape) == 2
            else this.method(values, "transpose", [], {})
        )
    order = axes[0] if isinstance(axes[0], (tuple, list)) else axes
    return this.method(values, "transpose", list(order), {})


def _matrices_transposed(this: _Expression) -> Text | None:
    values, *axes = this.args
    if not this.is_array(values) or this.kwargs:
        return None
    if not axes or {axis % len(values.shape) for axis in axes} == {len(values.shape) - 2, len(values.shape) - 1}:
        return Text(f"{this.part(values).within(ATOM)}.{'T' if len(values.shape) == 2 else 'mT'}")
    return this.method(values, "swapaxes", axes, {})


def _reshaped(this: _Expression) -> Text | None:
    args, kwargs = without_defaults(this.function, this.args, this.kwargs)
    shape = args[1] if len(args) == 2 else kwargs.pop("shape", kwargs.pop("newshape", None))
    if not this.is_array(args[0]) or shape is None or not kwargs.keys() <= {"order"}:
        return None
    whole = this.scope.sizes.shape(shape) if isinstance(shape, tuple) else None
    sizes = [shape] if whole is not None or not isinstance(shape, (tuple, list)) or not shape else list(shape)
    return this.method(args[0], "reshape", sizes, kwargs)


def _expanded(this: _Expression) -> Text | None:
    args, kwargs = without_defaults(this.function, this.args, this.kwargs)
    axis = args[1] if len(args) == 2 else kwargs.get("axis")
    if type(axis) is not int or not this.is_array(args[0]) or not -2 < axis < 2:
        return None
    index = {0: "None", 1: ":, None", -1: "..., None"}[axis]
    return Text(f"{this.part(args[0]).within(ATOM)}[{index}]")


_FORMS: dict[Any, Callable[[_Expression], Text | None]] = {
    ir.item: _item,
    ir.pick: _pick,
    ir.astype: _astype,
    ir.draw: _draw,
    np.negative: _negative,
    np.logical_not: _inverted,
    np.invert: _inverted,
    np.square: _square,
    np.transpose: _transposed,
    np.swapaxes: _matrices_transposed,
    np.matrix_transpose: _matrices_transposed,
    np.reshape: _reshaped,
    np.expand_dims: _expanded,
}
