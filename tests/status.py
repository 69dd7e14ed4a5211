"""What did the suite find of every operation? ``python tests/status.py`` writes it to docs/operations.md."""

import ast
import sys
from functools import cache
from pathlib import Path

import operation_checks

from minigrad.engine import advice as unsupported
from minigrad.engine.registry import numpy_name, operations, overrides

PAGE = Path(__file__).parent.parent / "docs" / "operations.md"
COLUMNS = {
    "first order": operation_checks.first_derivative,
    "second order": operation_checks.second_derivative,
    "jvp": operation_checks.directional_derivative,
    "float32": operation_checks.float32_is_kept,
}

HEAD = """# Operations

`python tests/status.py` makes this page from what the test suite finds; a test keeps it current. Every operation is
checked on the examples of its declaration: its value against NumPy's, its derivatives of first and second order against
differences of values (of sixth order, with a bar for their error), the product of its Jacobian and a vector against
that of a vector and its Jacobian, and whether float32 in gives float32 out, in the value and in both gradients. *0-d*
and *empty* say whether such arrays are among the examples, or refused: by NumPy, or here.

{functions} functions of NumPy and SciPy have a gradient that is verified to first and second order.
"""

TAIL = """Every other function of NumPy raises an error. It has the name of the function, which only those written in C
cannot tell, such as `np.array`. So do arguments that an operation does not have, such as `out=`, and complex numbers.

## Methods

A Tensor has the methods of `numpy.ndarray`, but for those that write to it, and the functions above that compute each
element of one array by itself, such as `x.tanh()`. `outer` of all operations above that are
ufuncs is supported, and `reduce` of `np.add`, `np.multiply`, `np.maximum`, `np.minimum` and `np.logaddexp`, and
`accumulate` of the first two. Methods of arrays do not take Tensors: `A @ x`, not `A.dot(x)`.
"""


def passes(check, operation, example):
    """Whether a check of the suite holds for one example."""
    try:
        operation_checks.verified(check, operation, example)
    except Exception:
        return False
    return True


def answer(check, operation):
    if check is operation_checks.float32_is_kept and operation_checks.is_double(operation):
        return "float64"
    return "yes" if all(passes(check, operation, example) for example in operation.examples) else "NO"


def rows():
    """For every public operation its table, its name, the functions it stands for, and what was found."""
    found = []
    for name, operation in sorted(operation_checks.BUILTIN.items()):
        if not operation.public:
            continue
        cells = [answer(check, operation) for check in COLUMNS.values()]
        # A test sees to it that what no example has is refused.
        cells += ["yes" if operation_checks.reaches(operation, kind) else "refused" for kind in operation_checks.KINDS]
        names = [numpy_name(function) for function in operation.overrides]
        functions = [each for each in names if "." in each]  # others are not public
        found.append((operation.function.__module__, name, functions, cells))
    return found


def verified_functions(found):
    """The functions of NumPy and SciPy whose gradient is verified to first and second order."""
    return sorted({function for *_, functions, cells in found if cells[:2] == ["yes", "yes"] for function in functions})


@cache
def lines_of(module):
    """Where the names of a file are declared."""
    found = {}
    for node in ast.parse(Path(sys.modules[module].__file__).read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node.decorator_list[0].lineno if node.decorator_list else node.lineno
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: node.lineno for target in targets if isinstance(target, ast.Name)}
    return found


def link(module, name):
    """The name of an operation, as a link to the place of its rules."""
    operation = operation_checks.BUILTIN[name]
    lines = lines_of(module)
    line = lines.get(name, lines.get(operation.function.__name__))
    assert line is not None, f"{name} is declared nowhere in {module}"
    return f"[`{name}`](../{module.replace('.', '/')}.py#L{line})"


def first_line(module):
    """What a file is for."""
    return sys.modules[module].__doc__.splitlines()[0].rstrip(".")


def page():
    """The text of docs/operations.md."""
    found = rows()
    lines = [HEAD.format(functions=len(verified_functions(found)))]
    chapter = None
    for module in sorted({module for module, *_ in found}):
        if chapter != (chapter := module.rpartition(".")[0]):
            lines += [f"## {first_line(chapter)}", ""]
        lines += [f"### {first_line(module)}", ""]
        lines += [f"| `mg.` | stands for | {' | '.join(COLUMNS)} | 0-d | empty |", "| --- " * (4 + len(COLUMNS)) + "|"]
        for home, name, functions, cells in found:
            if home == module:
                stands = ", ".join(f"`{function}`" for function in functions) or "-"
                lines.append(f"| {link(home, name)} | {stands} | {' | '.join(cells)} |")
        lines.append("")
    differentiated = {function for operation in operations.values() for function in operation.overrides}
    constants = sorted({numpy_name(function) for function in overrides if function not in differentiated})
    constants = [name for name in constants if "." in name]  # others are not public
    lines += ["", "## Functions that give plain arrays", "", "Their derivative is 0, or does not exist.", ""]
    lines += [", ".join(f"`{name}`" for name in constants) + ".", ""]
    lines += ["## Functions that are refused, and what to use instead", "", "| refused | instead |", "| --- | --- |"]
    for call, instead, note in dict.fromkeys(unsupported.INSTEAD.values()):
        lines.append(f"| `{call}` | `{instead}`{note and ', '}{note} |")
    lines += ["", TAIL]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
