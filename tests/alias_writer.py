"""Which random programs of aliases, views and updates in place are there?

A program is written statement by statement. Each is run with NumPy at once, so that it is known which arrays there are.
"""

import re
import warnings
from collections import ChainMap, deque
from dataclasses import dataclass, field
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
        helpers = {name: body.strip() for name, body in HELPERS.items()}
        text = "\n".join((*self.statements, *self.terms))
        while True:  # helpers may need others
            needed = [body for name, body in helpers.items() if re.search(rf"\b{name}\b", text) and body not in text]
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
    if isinstance(value, (list, deque)):
        return [(f"{name}[{position}]", each) for position, each in enumerate(value)]
    if isinstance(value, (dict, ChainMap)) or hasattr(value, "keys"):
        return [(f"{name}['k']", value["k"])] if "k" in value else []
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
