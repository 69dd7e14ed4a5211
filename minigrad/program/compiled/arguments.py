"""What is a compiled function called with: which arrays may change, and what is a part of the code?"""

from __future__ import annotations

import array
import collections
import dataclasses
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from minigrad.engine.pytrees import OneValue, is_dataclass, leaves, mapped, parts
from minigrad.engine.recording import is_grad_enabled
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.program.compiled.methods import is_put_there, slots_of
from minigrad.program.compiled.watched import is_same
from minigrad.program.errors import ProgramError
from minigrad.program.inputs import is_array, is_holder
from minigrad.program.ir import Instruction, atoms

_FLOAT = np.dtype(np.float64)


@dataclass
class Call:
    """One call, taken apart.

    Attributes:
        key: is equal for two calls that may run the same code.
        examples: the arrays, Tensors, generators and numbers that may change, in order.
        values: the same as plain arrays, NumPy's scalars and generators.
        tree: the arguments and keyword arguments, with a `Place` for each of these.
        has_floats: whether some of them are floats of Python.
    """

    key: Hashable
    examples: list[Any]
    values: list[Any]
    tree: tuple[tuple[Any, ...], dict[str, Any]]
    has_floats: bool

    @property
    def plain_arguments(self) -> int:
        """How many arguments there are, where each is one array, or a number that may change; else -1."""
        args, kwargs = self.tree
        if kwargs or self.has_floats or not all(type(leaf) is Place for leaf in args):
            return -1
        return -1 if any(isinstance(example, Tensor) for example in self.examples) else len(args)

    @property
    def constants(self) -> list[Any]:
        """What the code may take for granted: other leaves, static fields, and the classes of what holds them."""
        constants = [leaf for _, leaf in leaves(self.tree) if type(leaf) is not Place]
        return [*constants, *_around_leaves(self.tree)]

    def applied(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function as one of what may change alone."""
        tree = self.tree

        def apply(*examples: Any) -> Any:
            args, kwargs = mapped(tree, lambda leaf: examples[leaf.position] if type(leaf) is Place else leaf)
            given = {**{f"argument {position + 1}": each for position, each in enumerate(args)}, **kwargs}
            holders = [found for name, each in given.items() for found in _holders(each, name)]
            before = [(path, held, _held_in(held)) for path, held in holders]
            result = function(*args, **kwargs)
            for path, held, items in before:
                _refuse_change(path, items, _held_in(held))
            return result

        apply.__name__ = getattr(function, "__name__", type(function).__name__)
        return apply


def _holders(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    """What arguments consist of that a function may change: lists, dicts, sets and objects, with their paths."""
    if isinstance(tree, (Tensor, StandIn, np.ndarray, np.generic, type, ModuleType)) or is_array(tree):
        return
    if isinstance(tree, tuple):
        inner = {f"[{position}]": item for position, item in enumerate(tree)}
    elif isinstance(tree, (dict, list)):
        yield path, tree
        inner = _held_in(tree)
    elif is_dataclass(tree):
        yield path, tree
        inner = {f".{name}": item for name, item in parts(tree).items()}
    else:
        if not is_holder(tree):
            yield path, tree
        return
    for name, item in inner.items():
        yield from _holders(item, f"{path}{name}")


def _held_in(holder: Any) -> dict[str, Any]:
    """The items of what can be changed, or its attributes."""
    if isinstance(holder, dict):
        return {f"[{key!r}]": item for key, item in holder.items()}
    if isinstance(holder, (list, *_CHANGED)):
        return {f"[{position}]": item for position, item in enumerate(holder)}
    kind = type(holder)
    found = {name: item for name, item in getattr(holder, "__dict__", {}).items() if not is_put_there(kind, name)}
    found |= {name: getattr(holder, name) for name in slots_of(kind) if hasattr(holder, name)}
    return {f".{name}": item for name, item in found.items()}


def _refuse_change(path: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raise where something else is held, or in another order; code would change copies, or nothing."""
    missing = object()
    changed = [name for name in before | after if not _is_kept(before.get(name, missing), after.get(name, missing))]
    if changed or list(before) != list(after):
        raise ProgramError(
            f"the function changes what it is given, {path}{changed[0] if changed else ''}, which compiled code would "
            "not do; return the new value instead, and keep it outside of the function"
        )


def _is_kept(before: Any, after: Any) -> bool:
    # Some holders make a number anew each time that they are asked for it.
    return before is after or (type(before) in (int, float) and is_same(after, before))


# What is no tree, and holds items that a function may change.
_CHANGED = (set, collections.deque, array.array, bytearray)


@dataclass(frozen=True)
class Place(OneValue):
    """Where one of the values that may change stands."""

    position: int


def taken_apart(args: Sequence[Any], kwargs: dict[str, Any], floats_may_change: bool = True) -> Call:
    """What a function is called with; `floats_may_change` says whether floats of Python do.

    Raises:
        ProgramError: for a Tensor that hangs on a graph, which the result would not.
    """
    tree = (tuple(args), dict(kwargs))
    found = [leaf for _, leaf in leaves(tree)]
    # A number of Python takes on the dtype of the array beside it, which no array does: among float32 it stays a part
    # of the code, and another number is compiled anew.
    floats_change = floats_may_change and all(_dtype(leaf) in (None, _FLOAT) for leaf in found)
    examples: list[Any] = []
    values: list[Any] = []
    keys: list[Hashable] = []

    def place(leaf: Any) -> Any:
        if not is_array(leaf) or (type(leaf) is float and not floats_change):
            keys.append(_constant_key(leaf))
            return leaf
        example, value, key = _taken(leaf)
        keys.append(key)
        examples.append(example)
        values.append(value)
        return Place(len(examples) - 1)

    tree = mapped(tree, place)
    has_floats = floats_change and any(type(leaf) is float for leaf in found)
    return Call((tuple(_structure(tree)), tuple(keys)), examples, values, tree, has_floats)


def has_narrow_floats(code: Sequence[Instruction]) -> bool:
    """Whether there are floats of fewer than 64 bits, beside which a number of Python is another than an array is."""
    return any(
        dtype is not None and dtype.kind in "fc" and dtype.itemsize < (8 if dtype.kind == "f" else 16)
        for each in code
        for dtype in (getattr(part, "dtype", None) for part in (each.out, *atoms((each.args, each.kwargs))))
        if isinstance(dtype, np.dtype)
    )


def _dtype(leaf: Any) -> np.dtype[Any] | None:
    dtype = getattr(leaf, "dtype", None)
    return dtype if isinstance(dtype, np.dtype) and dtype.kind in "fc" else None


def _taken(leaf: Any) -> tuple[Any, Any, Hashable]:
    """What the function is given when it is recorded, the value itself, and what tells it from other kinds."""
    if isinstance(leaf, np.random.Generator):
        return leaf, leaf, (np.random.Generator, type(leaf.bit_generator))
    if type(leaf) is float:
        value: Any = np.float64(leaf)
        return value, value, (float, (), _FLOAT)
    if not isinstance(leaf, Tensor):
        if isinstance(leaf, (np.ma.MaskedArray, np.matrix)):
            raise ProgramError(f"a {type(leaf).__name__} behaves unlike an array; convert it to one first")
        array = np.asarray(leaf)
        value = array if array.ndim else array[()]
        return value, value, (type(leaf) is np.ndarray, array.shape, array.dtype)
    array, node = leaf._array, leaf._node
    needs_gradient = node is not None and is_grad_enabled()
    if node is not None and needs_gradient and (node.op is not None or node.is_variable):
        raise ProgramError(
            f"{leaf!r:.60} hangs on a graph, through which nothing flows back from a compiled function, because that "
            "gives arrays; compile the whole computation, such as mg.compile(mg.value_and_grad(f)), or give "
            "x.detach() where a constant is meant"
        )
    example = leaf if needs_gradient else leaf.detach()
    return example, array, (Tensor, np.shape(array), array.dtype, needs_gradient)


def _constant_key(leaf: Any) -> Hashable:
    kind = type(leaf)
    if kind in (int, bool, str, bytes):
        return (kind, leaf)
    if kind in (float, complex):
        # It tells 0.0 from -0.0.
        return (kind, repr(leaf))
    if kind in (tuple, frozenset):
        return (kind, kind(map(_constant_key, leaf)))
    return (kind, id(leaf))


def _name_key(name: Any) -> Hashable:
    """The key of an item of a dict: 1, True, 1.0 and "1" differ."""
    if isinstance(name, (float, complex)):
        return (type(name), repr(name))
    if isinstance(name, (tuple, frozenset)):
        return (type(name), tuple(map(_name_key, name)))
    return (type(name), name)


def _structure(tree: Any) -> Iterator[Hashable]:
    """What differs for trees of different structure."""
    if isinstance(tree, dict):
        yield (type(tree), tuple(map(_name_key, tree)))
        for item in tree.values():
            yield from _structure(item)
    elif isinstance(tree, (list, tuple)):
        yield (type(tree), len(tree))
        for item in tree:
            yield from _structure(item)
    elif is_dataclass(tree):
        fields = parts(tree)
        yield (type(tree), tuple(fields), tuple(map(_constant_key, _static(tree))))
        for item in fields.values():
            yield from _structure(item)
    else:
        yield None if tree is None else 0


def _static(tree: Any) -> list[Any]:
    """What those fields of a dataclass hold that are no part of the tree."""
    fields = [field for field in dataclasses.fields(tree) if field.metadata.get("static")]
    return [getattr(tree, field.name, None) for field in fields]


def _around_leaves(tree: Any) -> Iterator[Any]:
    """The classes of lists, dicts and dataclasses, whose methods may be called, and what static fields hold."""
    inner: list[Any] = []
    if isinstance(tree, dict):
        inner = list(tree.values())
    elif isinstance(tree, (list, tuple)):
        inner = list(tree)
    elif is_dataclass(tree):
        inner = list(parts(tree).values())
        yield from _static(tree)
    else:
        return
    yield type(tree)
    for each in inner:
        yield from _around_leaves(each)
