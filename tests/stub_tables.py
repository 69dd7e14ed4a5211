"""What do the signatures of operations leave open, of which tests/stubs.py writes the types?"""

EITHER = "Tensor | Numbers"

# The types of parameters that are declared as Any but are not differentiated; of one operation, or of all.
TYPES = {
    "UPLO": 'Literal["L", "U"]',
    "condition": EITHER,
    "condlist": "Numbers | Sequence[Numbers]",
    "constant_values": "Numbers | None",
    "end_values": "Numbers | None",
    "fweights": "Numbers | None",
    "index": "Index",
    "indices": EITHER,
    "initial": "float | None",
    "kind": "str | None",
    "mode": "str",
    "obj": "Index",
    "optimize": "bool | str",
    "ord": 'float | Literal["fro", "nuc"] | None',
    "cond p": 'float | Literal["fro", "nuc"] | None',
    "pad_width": "Numbers",
    "q": "Numbers",
    "rcond": "Numbers | None",
    "reflect_type": "str | None",
    "repeats": "int | Sequence[int] | Array",
    "reps": "Shape",
    "rtol": "Numbers | None",
    "shift": "Shape",
    "squeeze axis": "Axes",
    "stat_length": "Numbers | None",
    "where": "Numbers",
    "heaviside x": EITHER,
    "full_like x": EITHER,
    "bincount x": EITHER,
    "ldexp y": EITHER,
    "n": "Numbers",
    "v": "Numbers",
    "piecewise args": "Any",
    "piecewise kw": "Any",
    "apply_along_axis args": "Any",
    "apply_along_axis kwargs": "Any",
    "tensordot axes": "int | Sequence[int] | Sequence[Sequence[int]]",
    "piecewise funclist": "Sequence[Callable[..., Any] | float]",
}

# Parameters that may be Tensors and then give one, of which no example is checked by itself.
TENSORS = {"clip": ["a_min", "a_max", "min", "max"], "interp": ["left", "right"], "polyfit": ["w"]}

# What operations give that give several things, or more than one kind: parameters that have to be given with a type,
# and the result, where T is a Tensor or an array.
RESULTS = {
    "average": [({}, "T"), ({"returned": "Literal[True]"}, "tuple[T, Any]")],
    "divmod": [({}, "tuple[Array, T]")],
    "frexp": [({}, "tuple[T, Array]")],
    "gradient": [({"axis": "int"}, "T"), ({}, "Any")],  # a tuple for several axes
    "linspace": [({}, "T"), ({"retstep": "Literal[True]"}, "tuple[T, T]")],
    "lstsq": [({}, "tuple[T, Any, int, T]")],
    "modf": [({}, "tuple[T, Array]")],
    "qr": [({}, "QR[T]"), ({"mode": 'Literal["r"]'}, "T")],
    "slogdet": [({}, "Slogdet[T]")],
    "eigh": [({}, "Eigh[T]")],
    "svd": [({}, "SVD[T]"), ({"compute_uv": "Literal[False]"}, "T")],
}
DEFAULTS = {"returned": "Literal[False]", "retstep": "Literal[False]", "compute_uv": "Literal[True]"}
DEFAULTS["mode"] = 'Literal["reduced", "complete"]'

# Operations whose arrays are in lists, and whatever else does not follow from a signature.
_LISTED = "Sequence[{}] | Sequence[Sequence[{}]]"
WRITTEN = {
    name: [
        ("(x: Tensor, /)", "Tensor"),
        ("(x: Numbers, /)", "Array"),
        (f"(x: {EITHER}, y: {EITHER}, /, *more: {EITHER})", "tuple[Any, ...]"),
    ]
    for name in ("atleast_1d", "atleast_2d", "atleast_3d")
} | {
    "block": [
        (f"(arrays: {_LISTED.format('Numbers', 'Numbers')})", "Array"),
        (f"(arrays: {_LISTED.format(EITHER, EITHER)})", "Tensor"),
    ],
    "choose": [
        ('(a: Numbers, choices: Numbers, mode: Literal["raise", "wrap", "clip"] = "raise")', "Array"),
        (
            f'(a: {EITHER}, choices: Tensor | Sequence[{EITHER}], mode: Literal["raise", "wrap", "clip"] = "raise")',
            "Tensor",
        ),
    ],
    "einsum": [
        ("(subscripts: str | Numbers, /, *operands: Numbers, optimize: bool | str = False)", "Array"),
        (f"(subscripts: str | {EITHER}, /, *operands: {EITHER}, optimize: bool | str = False)", "Tensor"),
    ],
    "select": [
        ("(condlist: Sequence[Numbers], choicelist: Sequence[Numbers], default: Numbers = 0)", "Array"),
        (f"(condlist: Sequence[{EITHER}], choicelist: Sequence[{EITHER}], default: {EITHER} = 0)", "Tensor"),
    ],
}


OPERATIONS_HEAD = '''"""The types of the operations. Written by tests/stubs.py from their declarations; do not edit."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

from numpy.typing import DTypeLike

from minigrad.engine.annotations import Array, Axes, Index, Numbers, Shape
from minigrad.engine.tensor import Tensor
from minigrad.ops.nn.arguments import Padding, Pair
from minigrad.ops.linalg.det import Slogdet
from minigrad.ops.linalg.eigh import Eigh
from minigrad.ops.linalg.factorizations import QR
from minigrad.ops.linalg.svd import SVD
from minigrad.ops.signal.correlation import Mode

'''


# The operators of a Tensor; the text is what stands after the name. In comparisons and steps no gradient flows.
_ARITHMETIC = ("add", "sub", "mul", "truediv", "pow", "matmul", "mod")
_NUMBER = "(self, other: Self | Numbers, /)"
_TRUTH = f"{_NUMBER} -> NDArray[np.bool]"
OPERATORS = (
    {f"__{prefix}{name}__": f"{_NUMBER} -> Self" for name in _ARITHMETIC for prefix in ("", "r", "i")}
    | {
        f"__{prefix}{name}__": f"{_NUMBER} -> Array"
        for name in ("and", "or", "xor", "lshift", "rshift")
        for prefix in ("", "r")
    }
    | {f"__{name}__": _TRUTH for name in ("lt", "le", "gt", "ge")}
    | {f"__{name}__": "(self) -> Self" for name in ("neg", "pos", "abs")}
    | {
        "__floordiv__": f"{_NUMBER} -> Array",
        "__rfloordiv__": f"{_NUMBER} -> Array",
        "__ifloordiv__": f"{_NUMBER} -> Array",
        "__divmod__": f"{_NUMBER} -> tuple[Array, Self]",
        "__rdivmod__": f"{_NUMBER} -> tuple[Array, Self]",
        "__eq__": "(self, other: object, /) -> NDArray[np.bool]",
        "__ne__": "(self, other: object, /) -> NDArray[np.bool]",
        "__hash__": "(self) -> int",
        "__invert__": "(self) -> Array",
        "__getitem__": "(self, index: Index) -> Self",
        "__iter__": "(self) -> Iterator[Self]",
        "__len__": "(self) -> int",
        "__contains__": "(self, value: object) -> bool",
    }
)
# What a class has for Python's sake, and the assignment that always raises: a type checker refuses it so.
UNTYPED = {"__setitem__", "__getattr__", "__dir__", "__init_subclass__", "__module__", "__doc__", "__slots__"}

_SUMMED = "(self, axis: Axes = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False, *, "
_SPREAD = (
    "(self, axis: Axes = None, dtype: DTypeLike | None = None, out: None = None, ddof: float = 0, *, "
    "keepdims: bool = False, where: Numbers = True, correction: float | None = None) -> Self"
)
_EXTREME = (
    "(self, axis: Axes = None, out: None = None, keepdims: bool = False, *, initial: float | None = None, "
    "where: Numbers = True) -> Self"
)
# The methods that operators.py writes by hand.
METHODS = {
    "sum": f"{_SUMMED}initial: float | None = None, where: Numbers = True) -> Self",
    "prod": f"{_SUMMED}initial: float | None = None, where: Numbers = True) -> Self",
    "mean": f"{_SUMMED}where: Numbers = True) -> Self",
    "var": _SPREAD,
    "std": _SPREAD,
    "max": _EXTREME,
    "min": _EXTREME,
    "reshape": '(self, *shape: Shape, order: Literal["C", "F"] = "C") -> Self',
    "ravel": '(self, order: Literal["C", "F"] = "C") -> Self',
    "flatten": '(self, order: Literal["C", "F"] = "C") -> Self',
    "transpose": "(self, *axes: Shape | None) -> Self",
    "compress": "(self, condition: Self | Numbers, axis: int | None = None) -> Self",
    "conj": "(self) -> Self",
    "conjugate": "(self) -> Self",
    "copy": '(self, order: Literal["K", "A", "C", "F"] = "C") -> Self',
}
PROPERTIES = {
    "shape": "tuple[int, ...]",
    "ndim": "int",
    "size": "int",
    "dtype": "np.dtype[Any]",
    "real": "Self",
    "imag": "Array",
    "itemsize": "int",
    "nbytes": "int",
    "mT": "Self",
    "T": "Self",
}

# Methods of arrays whose results have no gradient; `choose` and `conj` have one.
_WHOLE = "keepdims: Literal[False] = False"
_TRUTHS = [
    (f"(self, axis: None = None, out: None = None, {_WHOLE}, *, where: Numbers = True)", "np.bool"),
    ("(self, axis: Axes = None, out: None = None, keepdims: bool = False, *, where: Numbers = True)", "Array"),
]
_POSITIONS = [
    ("(self, axis: None = None, out: None = None, *, keepdims: Literal[False] = False)", "np.intp"),
    ("(self, axis: int | None = None, out: None = None, *, keepdims: bool = False)", "Array"),
]
CONSTANT = {
    "all": _TRUTHS,
    "any": _TRUTHS,
    "argmax": _POSITIONS,
    "argmin": _POSITIONS,
    "argpartition": [("(self, kth: int | Sequence[int], axis: int | None = -1)", "NDArray[np.intp]")],
    "argsort": [("(self, axis: int | None = -1, kind: str | None = None)", "NDArray[np.intp]")],
    "choose": [
        (
            '(self, choices: Self | Sequence[Self | Numbers], mode: Literal["raise", "wrap", "clip"] = "raise")',
            "Self",
        )
    ],
    "nonzero": [("(self)", "tuple[NDArray[np.intp], ...]")],
    "round": [("(self, decimals: int = 0)", "Array")],
    "searchsorted": [
        ('(self, v: Numbers, side: Literal["left", "right"] = "left", sorter: Array | None = None)', "Any"),
    ],
}

_OF_ELEMENTS = [f"__{prefix}{name}__" for name in _ARITHMETIC for prefix in ("", "r")]
_OF_ELEMENTS += ["__lt__", "__le__", "__gt__", "__ge__"]

METHODS_HEAD = """\
\"\"\"The types of the operators and methods of a Tensor. Written by tests/stubs.py; do not edit.\"\"\"

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.annotations import Array, Axes, Index, Numbers, Shape

# NumPy's stubs take a Tensor for an array of objects, of which they know nothing: what comes out is Any, mostly. If it
# were an array of numbers, `array @ tensor` would be one, too. Some functions refuse objects; minigrad's own are typed.
class Element(np.object_):  # type: ignore[misc]  # NumPy declares it final, because nobody makes one
    def __getattr__(self, name: str) -> Any: ...
    def __float__(self) -> float: ...
    def __neg__(self) -> Any: ...
"""
METHODS_HEAD += "".join(f"    def {name}(self, other: Any, /) -> Any: ...\n" for name in _OF_ELEMENTS)
METHODS_HEAD += """
class ArrayLike:
    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Element]: ...
"""
