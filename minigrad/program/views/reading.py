"""How is a program read from JSON, and what is said of a file that holds none?"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.errors import ProgramError
from minigrad.program.ir import Dim, Guard, Input, Instruction, Place, Size, Var
from minigrad.program.views.functions import class_of, function_of, type_of
from minigrad.program.views.plain import VERSION

_OPERATORS = {"+": 2, "-": 2, "*": 2, "/": 2, "//": 2, "sqrt": 1}


def read(text: str) -> dict[str, Any]:
    """What `Program` is made with.

    Raises:
        ProgramError: for text that is no program, with the place where it is damaged.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ProgramError(f"this is no JSON: {error}") from None
    if not isinstance(found, dict) or "minigrad_program" not in found:
        raise ProgramError('this is no program: the entry "minigrad_program" is missing')
    if found["minigrad_program"] != VERSION:
        raise ProgramError(
            f"the program was written in version {found['minigrad_program']} of the format, and version {VERSION} is "
            "read here; record the function again"
        )
    return _Reader(found).program()


class _Reader:
    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found
        self.values: list[Var] = []
        self.place = ""

    def program(self) -> dict[str, Any]:
        try:
            return self._program()
        except ProgramError as error:
            raise ProgramError(f"{self.place}: {error}") from None
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            missing = f"the entry {error} is missing" if isinstance(error, KeyError) else str(error)
            raise ProgramError(f"{self.place}: the program is damaged: {missing}") from None

    def _entry(self, key: str, kind: type = list) -> Any:
        self.place = key
        if key not in self.found:
            raise ProgramError("the entry is missing")
        return _a(kind, self.found[key])

    def _entries(self, key: str) -> Any:
        """The items of a list, with the place of each for messages."""
        for position, each in enumerate(self._entry(key)):
            self.place = f"{key}[{position}]"
            yield each
        self.place = key

    def _program(self) -> dict[str, Any]:
        name = self._entry("name", str)
        inputs = [self._input(each) for each in self._entries("inputs")]
        arguments, examples = self._arguments(inputs)
        code = [self._instruction(each) for each in self._entries("code")]
        self.place = "result"
        result = self.tree(self.found["result"])
        gradients = [None if each is None else self._value(each) for each in self._entries("gradients")]
        if len(gradients) != len(inputs):
            raise ProgramError(f"there are {len(gradients)} of them, and {len(inputs)} inputs")
        guards = [
            Guard(self._dim(number, axis), self._number(self.tree(size)), _a(str, why), _a(bool, told), _a(bool, least))
            for number, axis, size, why, told, least in self._entries("guards")
        ]
        names = {self._value(number): _a(str, called) for number, called in self._entries("names")}
        size_names = {_a(Size, self.tree(size)): _a(str, called) for size, called in self._entries("size_names")}
        gradient_of = {self._value(number): self._value(of) for number, of in self._entries("gradient_of")}
        return {
            "name": name,
            "arguments": arguments,
            "inputs": inputs,
            "code": code,
            "result": result,
            "gradients": gradients,
            "names": names,
            "size_names": size_names,
            "gradient_of": gradient_of,
            "guards": guards,
            "examples": examples,
        }

    def _input(self, found: dict[str, Any]) -> Input:
        var = self._made(found, len(self.values))
        example = tuple(_a(int, size) for size in found["example"])
        return Input(var, _a(str, found["name"]), None, "", _a(bool, found["wanted"]), None, example)

    def _arguments(self, inputs: list[Input]) -> tuple[list[str], list[Any]]:
        """The names of arguments and what stands for them; every input belongs to one of them."""
        names: list[str] = []
        examples: list[Any] = []
        numbers: list[int] = []

        def stands_for(number: int) -> Any:
            inputs[number].argument = len(names)
            numbers.append(number)
            return np.float64(0.0)

        for name, tree in self._entries("arguments"):
            examples.append(self.tree(tree, stands_for))
            names.append(_a(str, name))
        if numbers != list(range(len(inputs))):
            raise ProgramError(f"they hold the inputs {numbers} of {len(inputs)}")
        return names, examples

    def _instruction(self, found: dict[str, Any]) -> Instruction:
        function = function_of(_a(str, found["function"]))
        args = tuple(self.tree(arg) for arg in _a(list, found["args"]))
        kwargs = {name: self.tree(value) for name, value in _a(dict, found["kwargs"]).items()}
        if function is ir.draw:
            method = _a(str, args[1])
            if method.startswith("_") or not callable(getattr(np.random.Generator, method, None)):
                raise ProgramError(f"a generator has no method {method}")
        where = None if found["where"] is None else Place(_a(str, found["where"][0]), _a(int, found["where"][1]))
        scope = tuple(_a(str, name) for name in found["scope"])
        out = self._made(found, _a(int, found["out"]))
        return Instruction(function, args, kwargs, out, where, _a(str, found["phase"]), scope)

    def _made(self, found: dict[str, Any], number: int) -> Var:
        """The next value."""
        if number != len(self.values):
            raise ProgramError(f"it makes value {number}, and {len(self.values)} is the next one")
        kind = found["dtype"]
        dtype = None if kind is None else np.dtype(object) if kind == "generator" else _dtype(kind)
        var = Var(number + 1, None, dtype)
        self.values.append(var)
        if found["shape"] is not None:
            # A size may be one of the value itself, where it depends on other values.
            var.shape = tuple(self._number(self.tree(size)) for size in found["shape"])
        return var

    def _value(self, number: Any) -> Var:
        position: int = _a(int, number)
        if not 0 <= position < len(self.values):
            raise ProgramError(f"value {number} is used, and no instruction before makes it")
        return self.values[position]

    def _dim(self, number: Any, axis: Any) -> Dim:
        var = self._value(number)
        if not 0 <= _a(int, axis) < (len(var.shape) if var.shape is not None else axis + 1):
            raise ProgramError(f"value {number} has no axis {axis}")
        return Dim(var, axis)

    def _number(self, size: Any) -> Any:
        return size if isinstance(size, Size) else _a(int, size)

    def tree(self, part: Any, stands_for: Any = None) -> Any:
        """As it was written by `plain`; `stands_for` gives what stands in the place of an input."""
        if isinstance(part, list):
            return [self.tree(item, stands_for) for item in part]
        if not isinstance(part, dict):
            return part
        if len(part) != 1:
            raise ProgramError(f"one entry is expected, not {list(part)}")
        ((kind, inside),) = part.items()
        if kind == "input" and stands_for is not None:
            return stands_for(_a(int, inside))
        if kind in ("tuple", "slice"):
            items = [self.tree(item, stands_for) for item in _a(list, inside)]
            return tuple(items) if kind == "tuple" else slice(*items)
        if kind == "dict":
            return {self.tree(key): self.tree(item, stands_for) for key, item in inside}
        if kind == "named":
            return self._named(inside, stands_for)
        if kind not in _READ:
            raise ProgramError(f"nothing is known of {kind!r}")
        return _READ[kind](self, inside)

    def _named(self, inside: Any, stands_for: Any) -> Any:
        name, fields = inside
        kind: Any = class_of(_a(str, name))
        values = {_a(str, field): self.tree(value, stands_for) for field, value in fields}
        known = getattr(kind, "_fields", None) or kind.__dataclass_fields__
        if not values.keys() <= set(known):
            raise ProgramError(f"{name} has the fields {', '.join(known)}, not {', '.join(values)}")
        if hasattr(kind, "_fields"):
            return kind(**values)
        made = object.__new__(kind)
        for field, value in values.items():
            # As `__init__` of a frozen dataclass does it.
            object.__setattr__(made, field, value)
        return made

    def _size(self, inside: Any) -> Size:
        operator, *parts = _a(list, inside)
        if operator == "dim":
            return Size("dim", (self._dim(*parts),))
        if _OPERATORS.get(operator) != len(parts):
            raise ProgramError(f"a size cannot be computed by {operator!r} from {len(parts)} parts")
        return Size(operator, tuple(self.tree(each) for each in parts))


_READ: dict[str, Callable[[_Reader, Any], Any]] = {
    "value": _Reader._value,
    "size": _Reader._size,
    "float": lambda _, inside: float(inside),
    "complex": lambda _, inside: complex(float(inside[0]), float(inside[1])),
    "omitted": lambda _, inside: np._NoValue,
    "ellipsis": lambda _, inside: Ellipsis,
    "dtype": lambda _, inside: _dtype(inside),
    "type": lambda _, inside: type_of(_a(str, inside)),
    "scalar": lambda _, inside: np.frombuffer(bytes.fromhex(inside[1]), _dtype(inside[0]), 1)[0],
    "array": lambda _, inside: _array(*inside),
}


def _array(dtype: str, shape: list[int], inside: str) -> Any:
    array = np.frombuffer(base64.b64decode(inside, validate=True), _dtype(dtype)).reshape(shape)
    array.flags.writeable = False
    return array


def _dtype(text: Any) -> Any:
    dtype = np.dtype(_a(str, text))
    if dtype.kind not in "biufcUS":
        raise ProgramError(f"{text} is no dtype of numbers or text")
    return dtype


def _a(kind: type, value: Any) -> Any:
    """The value, which has to be of a type."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ProgramError(f"a {kind.__name__} is expected, not {value!r:.60}")
    return value
