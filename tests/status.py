"""What did the suite find of every operation? ``python tests/status.py`` writes it to docs/operations.md."""

import ast
import itertools
import re
import sys
from functools import cache
from pathlib import Path

import operation_checks

from minigrad.engine import advice as unsupported
from minigrad.engine.registry import numpy_name, operations, overrides

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "operations.md"
COLUMNS = {
    "first order": operation_checks.first_derivative,
    "second order": operation_checks.second_derivative,
    "jvp": operation_checks.directional_derivative,
    "float32": operation_checks.float32_is_kept,
}

# The chapters of the page, in the order of NumPy's reference: for each file of minigrad/ops a heading.
CHAPTERS = {
    "Array creation and manipulation": {
        "manipulation.creation": "Array creation",
        "manipulation.dtypes": "Copies and dtypes",
        "manipulation.shape": "Changing the shape",
        "manipulation.axes": "Exchanging axes",
        "manipulation.joining": "Joining arrays",
        "manipulation.splitting": "Splitting arrays",
        "manipulation.tiling": "Repeating elements, and sliding windows",
        "manipulation.resizing": "Inserting and removing elements",
        "manipulation.rearranging": "Flipping and rolling",
        "manipulation.padding": "Padding",
    },
    "Indexing": {
        "manipulation.indexing": "Choosing elements by index",
        "manipulation.diagonals": "Diagonals and triangles",
        "elementwise.where": "Choosing between two arrays",
        "elementwise.selection": "Choosing between many arrays",
        "manipulation.updates": "Updates that return a new array",
        "reductions.along_axes": "Applying a function along axes",
    },
    "Linear algebra": {
        "linalg.products": "Products of matrices",
        "linalg.tensor_products": "Products of vectors and tensors",
        "linalg.einsum": "Einsum",
        "linalg.factorizations": "Cholesky and QR",
        "linalg.svd": "Singular values",
        "linalg.eigh": "Eigenvalues of symmetric matrices",
        "linalg.norms": "Norms and condition numbers",
        "linalg.det": "Determinants",
        "linalg.matrices": "Powers, traces and diagonals of matrices",
        "linalg.solve": "Linear systems and inverses",
        "linalg.lstsq": "Least squares and pseudo-inverses",
    },
    "Mathematical functions": {
        "elementwise.trigonometric": "Trigonometric functions",
        "elementwise.hyperbolic": "Hyperbolic functions",
        "reductions.sums": "Sums, products and means",
        "reductions.cumulative": "Cumulative sums and products",
        "signal.differences": "Differences, gradients and areas",
        "elementwise.exponential": "Exponentials and logarithms",
        "elementwise.floating_point": "Signs, exponents and real parts",
        "elementwise.arithmetic": "Arithmetic, powers and roots",
        "elementwise.remainders": "Remainders",
        "elementwise.extrema": "Maximum, minimum and clip",
        "signal.correlation": "Convolution and correlation",
        "signal.interpolation": "Interpolation",
        "signal.polynomials": "Polynomials",
    },
    "Sorting and statistics": {
        "manipulation.sorting": "Sorting",
        "reductions.extrema": "Largest and smallest elements",
        "reductions.quantiles": "Medians and quantiles",
        "reductions.variance": "Variances and standard deviations",
        "reductions.covariance": "Averages, covariances and correlations",
        "reductions.nan": "Reductions that leave NaN out",
        "reductions.histograms": "Counts",
    },
    "Special functions": {
        "special.bessel": "Bessel functions",
        "special.gamma": "Gamma and beta functions",
        "special.errors": "Error functions",
        "special.exponential": "Exponential integrals",
        "special.distributions": "Normal and logistic distribution",
        "special.information": "Entropies and robust errors",
        "special.boxcox": "Box-Cox transformation",
    },
    "Neural networks": {
        "nn.activations": "Activations",
        "nn.softmax": "Softmax",
        "nn.conv2d": "Convolution of images",
        "nn.pooling": "Pooling",
    },
}
CONSTANT = "Functions that give plain arrays"
REFUSED = "Functions that are refused"
METHODS = "Methods"

HEAD = """# Operations

{functions} functions of NumPy and SciPy have a gradient that is verified to first and second order.

Each name in the first column leads to the line where the operation is declared: its rule stands there. The other
columns say what the test suite found. Every operation is checked on the examples of its declaration.

| column | what is checked |
| --- | --- |
| first order | The gradient, against differences of values of sixth order, which come with a bar for their error. |
| second order | The gradient of the gradient, in the same way. |
| jvp | The Jacobian times a vector, against a vector times the Jacobian. |
| float32 | Whether float32 in gives float32 out, for the value and for both gradients. |
| 0-d, empty | Whether such arrays are among the examples. "refused" means that NumPy or minigrad raises an error. |

`python tests/status.py` writes this page, and a test keeps it current.
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
    return "yes" if all(passes(check, operation, example) for example in examples_of(operation)) else "NO"


def examples_of(operation):
    """The examples that are checked: all of them where the page is written."""
    return operation.examples


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
    """The line of each name that a file declares."""
    lines = {}
    for statement in ast.parse(Path(sys.modules[module].__file__).read_text()).body:
        if isinstance(statement, ast.FunctionDef):
            # A decorator is part of the declaration, and most rules stand in one.
            lines[statement.name] = min([statement.lineno, *(each.lineno for each in statement.decorator_list)])
        elif isinstance(statement, ast.Assign):
            parts = [part for target in statement.targets for part in ast.walk(target)]
            lines |= {part.id: statement.lineno for part in parts if isinstance(part, ast.Name)}
    return lines


def line_of(module, name):
    """Where a file declares an operation: the file, relative to this page, and the line."""
    if name not in lines_of(module):
        raise LookupError(f"{module} does not declare {name} in a line of its own")
    path = Path(sys.modules[module].__file__).relative_to(ROOT)
    return f"../{path.as_posix()}#L{lines_of(module)[name]}"


def link_to(heading):
    """A link to a heading, in the way that GitHub and the site name their anchors."""
    return f"[{heading}](#{re.sub(r'[^a-z0-9 -]', '', heading.lower()).replace(' ', '-')})"


def contents():
    """The table of contents: a line for each chapter, with its sections."""
    lines = [f"- {link_to(chapter)}: {', '.join(map(link_to, files.values()))}" for chapter, files in CHAPTERS.items()]
    return [*lines, *(f"- {link_to(heading)}" for heading in (CONSTANT, REFUSED, METHODS)), ""]


def page():
    """The text of docs/operations.md."""
    found = rows()
    unknown = {module for module, *_ in found} - {
        f"minigrad.ops.{file}" for file in itertools.chain(*CHAPTERS.values())
    }
    if unknown:
        raise LookupError(f"tests/status.py has no heading in CHAPTERS for {sorted(unknown)}")
    lines = [HEAD.format(functions=len(verified_functions(found))), *contents()]
    for chapter, files in CHAPTERS.items():
        lines += [f"## {chapter}", ""]
        for file, heading in files.items():
            lines += [f"### {heading}", ""]
            lines += [
                f"| `mg.` | stands for | {' | '.join(COLUMNS)} | 0-d | empty |",
                "| --- " * (4 + len(COLUMNS)) + "|",
            ]
            for module, name, functions, cells in found:
                if module == f"minigrad.ops.{file}":
                    stands = ", ".join(f"`{function}`" for function in functions) or "-"
                    lines.append(f"| [`{name}`]({line_of(module, name)}) | {stands} | {' | '.join(cells)} |")
            lines.append("")
    differentiated = {function for operation in operations.values() for function in operation.overrides}
    constants = sorted({numpy_name(function) for function in overrides if function not in differentiated})
    constants = [name for name in constants if "." in name]  # others are not public
    lines += [f"## {CONSTANT}", "", "Their derivative is 0, or does not exist.", ""]
    lines += [", ".join(f"`{name}`" for name in constants) + ".", ""]
    lines += [f"## {REFUSED}", "", "Each has another form that works.", "", "| refused | instead |", "| --- | --- |"]
    for call, instead, note in dict.fromkeys(unsupported.INSTEAD.values()):
        lines.append(f"| `{call}` | `{instead}`{note and ', '}{note} |")
    lines += ["", TAIL]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
