"""What does a type checker know of the operations? ``python tests/stubs.py`` writes it into two stubs.

Operations are declared for Any, because the same code runs on arrays and on Tensors. Their stubs say what comes out:
Tensors for Tensors, arrays for arrays. They are made from the registry, and a test keeps them current.
"""

import functools
import inspect
import re
from pathlib import Path

import numpy as np
from stub_tables import (
    CONSTANT,
    DEFAULTS,
    EITHER,
    METHODS,
    METHODS_HEAD,
    OPERATIONS_HEAD,
    OPERATORS,
    PROPERTIES,
    RESULTS,
    TENSORS,
    TYPES,
    UNTYPED,
    WRITTEN,
)

import minigrad as mg
from minigrad.engine.operators import ArrayLike
from minigrad.engine.registry import operations

PACKAGE = Path(mg.__file__).parent
OPERATIONS_STUB = PACKAGE / "ops" / "__init__.pyi"
METHODS_STUB = PACKAGE / "engine" / "operators.pyi"

MIXED = "what may be Tensors and arrays may be arrays alone"
NOT_GIVEN = inspect.Parameter.empty


def has_sample(value):
    """Whether something in the example of an operation is drawn, so that its derivative is checked."""
    if isinstance(value, (list, tuple)):
        return any(map(has_sample, value))
    return hasattr(value, "draw")


def differentiated(operation):
    """The parameters of an operation that may be Tensors and then give a Tensor."""
    signature = inspect.signature(operation.function)
    found = set(TENSORS.get(operation.name, []))
    for example in operation.examples:
        args = example if isinstance(example, tuple) else (example,)
        args, named = (args[:-1], args[-1]) if isinstance(args[-1], dict) else (args, {})
        found |= {name for name, value in signature.bind(*args, **named).arguments.items() if has_sample(value)}
    return [name for name in signature.parameters if name in found]


class Signature:
    """The signature of an operation, of which overloads are written."""

    def __init__(self, operation):
        self.name = operation.name
        self.parameters = inspect.signature(operation.function).parameters
        self.result = inspect.signature(operation.function).return_annotation
        self.arrays = differentiated(operation)

    def type_of(self, name):
        """The type of a parameter that is not differentiated."""
        known = TYPES.get(f"{self.name} {name}") or TYPES.get(name)
        declared = self.parameters[name].annotation
        if declared != "Any":
            return TYPES.get(f"{self.name} {name}") or declared
        if known is None:
            raise LookupError(f"{self.name}: TYPES has to say what {name} is")
        return known

    def overloads(self):
        """Pairs of parameters in brackets and a result."""
        if self.name in WRITTEN:
            yield from WRITTEN[self.name]
            return
        results = RESULTS.get(self.name) or [({}, self.result.replace("Any", "T"))]
        for given, result in results:
            for kinds in self.kinds():
                out = "Tensor" if "Tensor" in kinds.values() else "Array"
                if len(kinds) == 1 and EITHER in kinds.values():
                    out = "Any" if "tuple" in result else "Tensor"
                for text in self.written(kinds, given):
                    yield text, re.sub(r"\bT\b", out, result)

    def of_a_tensor(self):
        """The overloads where the first argument is a Tensor."""
        for given, result in RESULTS.get(self.name) or [({}, self.result.replace("Any", "T"))]:
            for text in self.written(dict.fromkeys(self.arrays, EITHER) | {self.arrays[0]: "Tensor"}, given):
                yield text, re.sub(r"\bT\b", "Tensor", result)

    def kinds(self):
        """What the arrays are: for each a Tensor there, and no array before it; then arrays alone."""
        names = self.arrays
        if any(self.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL for name in names) and len(names) == 1:
            yield from ({names[0]: kind} for kind in ("Tensor", "Numbers", EITHER))
            return
        if len(names) == 1 and self.parameters[names[0]].annotation == "Sequence[Any]":
            yield from ({names[0]: kind} for kind in ("Tensor", "Numbers", EITHER))
            return
        for position, name in enumerate(names):
            yield (
                dict.fromkeys(names[:position], "Numbers")
                | {name: "Tensor"}
                | dict.fromkeys(names[position + 1 :], EITHER)
            )
        yield dict.fromkeys(names, "Numbers")

    def written(self, kinds, given):
        """The parameters in brackets; twice where one that has to be given follows others that need not be."""
        types = {}
        needed = set(given)
        for name, parameter in self.parameters.items():
            if name in kinds:
                types[name] = kinds[name]
                if kinds[name] == "Tensor" and parameter.default is not NOT_GIVEN:
                    needed.add(name)
                elif parameter.default is None:
                    types[name] += " | None"
                if parameter.annotation == "Sequence[Any]":
                    types[name] = f"Sequence[{types[name]}]"
            elif name in given:
                types[name] = given[name]
            elif name in DEFAULTS and self.name in RESULTS:
                types[name] = DEFAULTS[name]
            else:
                types[name] = self.type_of(name)
        optional = [
            name
            for name, parameter in self.parameters.items()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is not NOT_GIVEN
        ]
        last = max((optional.index(name) for name in needed if name in optional), default=-1)
        leading = optional[: last + 1]
        if set(leading) <= needed:
            return [self.bracket(types, needed, None)]
        first = next(name for name in leading if name in needed)
        return [self.bracket(types, needed, first), self.bracket(types, needed | set(leading), None)]

    def bracket(self, types, needed, first_by_name):
        """The parameters, from some of them on by name only."""
        parts = []
        starred = False
        for name, parameter in self.parameters.items():
            if name == first_by_name or (parameter.kind is parameter.KEYWORD_ONLY and not starred):
                starred = True
                parts.append("*")
            prefix = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
            starred = starred or prefix == "*"
            optional = parameter.default is not NOT_GIVEN and name not in needed
            parts.append(f"{prefix}{name}: {types[name]}" + (f" = {shown(parameter.default)}" if optional else ""))
        return f"({', '.join(parts)})"


def shown(default):
    return repr(default).replace("'", '"') if isinstance(default, (int, float, str, type(None))) else "..."


def definition(name, overloads, doc, indent=""):
    """The lines that define one name."""
    lines = []
    for position, (parameters, result) in enumerate(overloads):
        lines += [f"{indent}@overload"] if len(overloads) > 1 else []
        later = overloads[position + 1][1] if position + 1 < len(overloads) else ""
        ignored = f"  # type: ignore[overload-overlap]  # {MIXED}" if (result, later) == ("Array", "Tensor") else ""
        body = f'{ignored}\n{indent}    """{doc}"""' if position == 0 and doc else f" ...{ignored}"
        lines.append(f"{indent}def {name}{parameters} -> {result}:{body}")
    return lines


def first_line(function):
    return inspect.getdoc(function).splitlines()[0].replace("\\", "\\\\")


PUBLIC = {name: operation for name, operation in sorted(operations.items()) if operation.builtin and operation.public}


def operations_stub():
    """The text of minigrad/ops/__init__.pyi."""
    lines = []
    for name, operation in PUBLIC.items():
        lines += definition(name, list(Signature(operation).overloads()), first_line(operation.function))
    return OPERATIONS_HEAD + "\n".join(lines) + "\n"


def same_names(found, known, what):
    if found != known:
        raise LookupError(
            f"{what}: written down and not there {known - found}, there and not written down {found - known}"
        )


def methods_stub():
    """The text of minigrad/engine/operators.pyi."""
    own = {name: value for name, value in vars(ArrayLike).items() if callable(value) or isinstance(value, property)}
    special = {name for name in own if name.startswith("__")} - UNTYPED
    same_names({name for name in own if not name.startswith("_")}, METHODS.keys() | PROPERTIES.keys(), "METHODS")
    tensor = mg.Tensor(np.ones((1, 1)))
    found = [name for name, operation in PUBLIC.items() if operation.is_method and hasattr(tensor, name)]
    by_registry = [name for name in found if name not in METHODS.keys() | PROPERTIES.keys()]
    constant = {name for name in dir(tensor) if isinstance(getattr(tensor, name), functools.partial)}
    same_names(constant - {*by_registry, *METHODS}, CONSTANT.keys(), "CONSTANT")
    lines = []
    for name in sorted(special):
        ignored = "  # type: ignore[override]  # elementwise, as NumPy's" if name in ("__eq__", "__ne__") else ""
        lines.append(f"    def {name}{OPERATORS[name]}: ...{ignored}")
    for name, result in PROPERTIES.items():
        lines += ["    @property", f"    def {name}(self) -> {result}: ..."]
    for name, text in METHODS.items():
        lines.append(f'    def {name}{text}:\n        """{first_line(own[name])}"""')
    for name, overloads in CONSTANT.items():
        lines += definition(name, overloads, None, "    ")
    for name in by_registry:
        operation = PUBLIC[name]
        overloads = list(dict.fromkeys(map(as_method, Signature(operation).of_a_tensor())))
        lines += definition(name, overloads, first_line(operation.function), "    ")
    return METHODS_HEAD + "\n".join(lines) + "\n"


def as_method(overload):
    """An overload of an operation whose first argument is a Tensor, as a method of that Tensor."""
    parameters, result = overload
    rest = parameters[1:-1].partition(": Tensor")[2]
    return f"(self{rest})".replace("Tensor", "Self"), result.replace("Tensor", "Self")


if __name__ == "__main__":
    OPERATIONS_STUB.write_text(operations_stub())
    METHODS_STUB.write_text(methods_stub())
