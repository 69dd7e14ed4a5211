"""Do random programs of aliases, views and updates in place mean with Tensors what they mean with arrays?

`python tests/alias_programs.py 5000` writes so many, and prints how many were right, refused and wrong.
"""

import collections
import re
import sys
import traceback
import warnings
from collections import ChainMap
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
from alias_statements import (
    CONSTANTS,
    EXPRESSIONS,
    HELPERS,
    HOLDERS,
    METHODS,
    NUMBERS,
    OPERANDS,
    OPERATORS,
    REFILLS,
    START,
    UPDATES,
    VIEWS,
    WRITES,
)

import minigrad as mg

IMPORTS = """
import contextlib, copy, functools, itertools, operator, types
from collections import ChainMap, defaultdict, deque, namedtuple
from types import SimpleNamespace
import numpy as np
"""
NAMESPACE: dict = {}
exec(IMPORTS, NAMESPACE)  # what programs may use; the text is ours
INPUTS = {
    "vector": np.array([0.3, 1.2, 0.7]),
    "matrix": np.array([[0.3, 1.2, 0.7], [-0.4, 0.9, 0.2], [0.6, -0.8, 1.1]]),
    "number": np.float64(0.7),
    "0-d": np.array(0.6),
}
LARGEST = 1e4
HOLE = re.compile(r"<(\w+)>")


@dataclass(frozen=True)
class Program:
    """A function of one array, as statements and the terms of its result."""

    start: object
    statements: tuple[str, ...]
    terms: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        text = "\n".join((*self.statements, *self.terms))
        while True:  # helpers may need others
            needed = [body for name, body in HELPERS.items() if re.search(rf"\b{name}\b", text) and body not in text]
            if not needed:
                break
            text = "\n".join((*needed, text))
        result = " + ".join(["total", *self.terms])
        body = f"total = 0.0\n{text[: len(text) - len(chr(10).join(self.terms))]}\nreturn {result}"
        return "def program(p, const):\n" + "\n".join(f"    {line}" if line else "" for line in body.split("\n"))

    def compiled(self):
        scope: dict = {}
        exec(compile(self.source, "<program>", "exec"), dict(NAMESPACE), scope)
        return scope["program"]


@dataclass
class Writer:
    """Writes a program, statement by statement, and runs each with NumPy to know which arrays there are."""

    random: Random
    start: object
    statements: list[str] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.rerun()

    def rerun(self) -> None:
        self.scope = {**NAMESPACE, "const": np.array, "p": self.start.copy(), "total": 0.0}
        for statement in self.statements:
            self.run(statement)

    def run(self, statement: str) -> None:
        for name, body in HELPERS.items():
            if name not in self.scope:
                exec(body, self.scope)
        exec(statement.replace("nonlocal", "global"), self.scope)

    def places(self) -> dict[str, object]:
        """Where there are arrays of floats that a gradient may flow to, and constants of any kind."""
        found = {}
        for name, value in self.scope.items():
            if name[0] in "qc" and name[1:].isdigit():
                for place, array in _within(name, value):
                    if isinstance(array, (np.ndarray, np.generic)):
                        found[place] = array
        return found

    def add(self, template: str) -> bool:
        """Fill a template and keep it; whether the program goes on."""
        self.found = self.places()
        self.chosen: dict[str, str] = {}
        statement = self.fill(template)
        try:
            self.run(statement)
            fine = all(np.all(np.abs(array.astype(float)) < LARGEST) for array in self.places().values())
            fine = fine and np.ndim(self.scope["total"]) == 0 and abs(self.scope["total"]) < LARGEST
        except Exception as error:
            if self.random.random() < 0.02 and not isinstance(error, SyntaxError):
                self.statements.append(statement)
                return False
            fine = False
        if fine:
            self.statements.append(statement)
        else:
            self.rerun()
        return True

    def fill(self, template: str) -> str:
        return HOLE.sub(lambda match: self.hole(match[1]), template)

    def hole(self, kind: str) -> str:
        if kind in ("view", "x", "fit", "cfit"):
            table = {"view": VIEWS, "x": EXPRESSIONS, "fit": OPERANDS, "cfit": [*NUMBERS, "<c>", "<c> * 0.5"]}[kind]
            kept, self.chosen = self.chosen, {"c": self.chosen.get("c", "")} if kind == "cfit" else {}
            text = self.fill(self.random.choice(table))
            self.chosen = kept
            return text
        if kind in ("op", "iop", "k"):
            return self.random.choice({"op": OPERATORS, "iop": METHODS, "k": NUMBERS}[kind])
        if kind not in self.chosen:
            self.chosen[kind] = self.choice(kind)
        return self.chosen[kind]

    def choice(self, kind: str) -> str:
        if kind in ("new", "cnew"):
            self.count += 1
            return f"{'c' if kind == 'cnew' else 'q'}{self.count}"
        if kind in ("p", "total"):
            return kind
        if kind == "c":
            return self.random.choice([place for place in self.found if place[0] == "c"] or ["np.ones(3)"])
        axes = {"v": 1, "m": 2}.get(kind, 0)
        names = [place for place, array in self.found.items() if place[0] == "q" and array.ndim >= axes]
        if kind == "name":
            names = [name for name in names if name.isidentifier()]
        if kind == "m":
            names = [name for name in names if self.found[name].ndim == 2]
        # The variable itself is not to be written to, which is worth a try now and then.
        return self.random.choice(names) if names and self.random.random() > 0.01 else "p"


def _within(name, value):
    if isinstance(value, (list, collections.deque)):
        return [(f"{name}[{position}]", each) for position, each in enumerate(value)]
    if isinstance(value, (dict, ChainMap)) or hasattr(value, "keys"):
        return [(f"{name}['k']", value["k"])]
    if hasattr(value, "_fields"):
        return [(f"{name}.{each}", getattr(value, each)) for each in value._fields]
    return [(f"{name}.v", value.v)] if hasattr(value, "v") else [(name, value)]


def write(seed: int) -> Program:
    """The program with a number."""
    random = Random(seed)
    writer = Writer(random, random.choices(list(INPUTS.values()), (5, 3, 1, 1))[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        going = writer.add(random.choice(START)) and writer.add(random.choice(CONSTANTS[:6]))
        for _ in range(random.randint(2, 9) if going else 0):
            table = random.choices((HOLDERS, UPDATES, REFILLS, CONSTANTS, WRITES), (45, 40, 10, 5, 2))[0]
            if not writer.add(random.choice(table)):
                break
        found = writer.places()
    kept = [place for place, array in found.items() if array.dtype.kind == "f"]
    terms = [f"np.sum({place}) * {random.choice(NUMBERS)}" for place in random.sample(kept, min(4, len(kept)))]
    return Program(writer.start, tuple(writer.statements), tuple(terms))


def numpy_value(function, start):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(start.copy(), np.array)


def slope(function, start, direction):
    """The derivative along a direction and how far it is to be trusted: differences of fourth order."""

    def central(h):
        one, two = (
            numpy_value(function, start + k * h * direction) - numpy_value(function, start - k * h * direction)
            for k in (1, 2)
        )
        return (8.0 * one - two) / (12.0 * h)

    coarse, fine = central(2e-4), central(1e-4)
    return fine, abs(coarse - fine)


# The ways in which a program is run with Tensors: each gives a value, and a gradient or None.
def eager(function, start):
    leaf = mg.Tensor(start, requires_grad=True)
    out = function(leaf, mg.Tensor)
    if not isinstance(out, mg.Tensor) or not out.requires_grad:
        return out.data if isinstance(out, mg.Tensor) else out, np.zeros(np.shape(start))
    value = out.numpy().copy()
    out.backward()
    return value, np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.data


def transformed(function, start):
    return mg.value_and_grad(lambda p: function(p, mg.Tensor))(start)


def of_arrays(function, start):
    return transformed(lambda p, _: function(p, np.array), start)


def constant(function, start):
    out = function(mg.Tensor(start), mg.Tensor)
    return out.data if isinstance(out, mg.Tensor) else out, None


WAYS = {"eager": eager, "transformed": transformed, "of arrays": of_arrays, "constant": constant}
REFUSALS = re.compile(r"write|mg\.|Tensor|no gradient|in place|require|changed|operand|shape|read-only|cast|array")


def judge(program: Program, ways=WAYS) -> dict[str, str]:
    """For each way: "right", "refused: ..." or "wrong: ..."; nothing where the differences of NumPy are not clear."""
    function, start = program.compiled(), program.start
    try:
        expected = numpy_value(function, start)
        failure = None
    except Exception as error:
        expected, failure = None, error
    direction = np.cos(np.arange(1.0, 1.0 + np.size(start))).reshape(np.shape(start))
    if failure is None:
        derivative, doubt = slope(function, start, direction)
        if not doubt <= 3e-8 * (1.0 + abs(derivative)):
            return {}
    found = {}
    for name, way in ways.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value, gradient = way(function, start.copy())
        except Exception as error:
            known = isinstance(error, (TypeError, ValueError, RuntimeError)) and REFUSALS.search(str(error))
            if known or failure is not None:
                found[name] = f"refused: {str(error)[:100]}"
            else:
                trace = "".join(traceback.format_exception(error)[-3:])
                found[name] = f"wrong: an error that explains nothing\n{trace}"
            continue
        if failure is not None:
            found[name] = f"wrong: {value}, where NumPy raises {failure!r}"
        elif not np.array_equal(value, expected):
            found[name] = f"wrong: {value!r}, where NumPy gives {expected!r}"
        elif gradient is not None and np.shape(gradient) != np.shape(start):
            found[name] = f"wrong: a gradient of shape {np.shape(gradient)}"
        elif gradient is not None and abs(np.sum(gradient * direction) - derivative) > 1e-6 * (1.0 + abs(derivative)):
            found[name] = f"wrong: slope {np.sum(gradient * direction)}, where NumPy's is {derivative}"
        else:
            found[name] = "right"
    return found


def is_wrong(program: Program, ways=WAYS) -> bool:
    try:
        return any(verdict.startswith("wrong") for verdict in judge(program, ways).values())
    except (NameError, AttributeError, SyntaxError, KeyError, IndexError):
        return False


def shrunk(program: Program, ways=WAYS) -> Program:
    """A program with fewer statements and terms that is wrong too."""
    for what in ("terms", "statements"):
        position = len(getattr(program, what))
        while position:
            position -= 1
            parts = getattr(program, what)
            smaller = replace(program, **{what: parts[:position] + parts[position + 1 :]})
            if is_wrong(smaller, ways):
                program = smaller
    return program


def verdict(found: dict[str, str]) -> str:
    """One word for all ways: wrong if one is, refused if one is, and right if all are."""
    kinds = {text.split(":")[0] for text in found.values()}
    return next((kind for kind in ("wrong", "refused", "right") if kind in kinds), "unclear")


def survey(seeds, ways=WAYS):
    """How many programs get each verdict, which ones are wrong, and why others are refused."""
    counts: collections.Counter = collections.Counter()
    wrong, reasons = [], collections.Counter()
    for seed in seeds:
        program = write(seed)
        found = judge(program, ways)
        counts[verdict(found)] += 1
        for way, text in found.items():
            counts[way, text.split(":")[0]] += 1
            if text.startswith("refused"):
                reasons[text[:75]] += 1
        if verdict(found) == "wrong":
            wrong.append(seed)
    return counts, wrong, reasons


def explained(seed: int) -> str:
    """The shortest form of a wrong program, and what was wrong with it."""
    program = shrunk(write(seed))
    found = "\n".join(f"# {way}: {text}" for way, text in judge(program).items())
    return f"# program {seed}, p = {program.start!r}\n{program.source}\n{found}\n"


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    totals, bad, why = survey(range(first, first + number))
    for one in bad[:10]:
        print(explained(one))
    for reason, times in why.most_common(12):
        print(f"{times:6} {reason}")
    print({key: totals[key] for key in ("right", "refused", "wrong", "unclear")})
    print({" ".join(key): count for key, count in sorted(totals.items(), key=str) if isinstance(key, tuple)})
    print("wrong:", bad)
