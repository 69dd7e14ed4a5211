"""Do operations say in plain NumPy what they compute, and do their kernels give the same?"""

import ast
import builtins
import dis
import inspect
import sys
from pathlib import Path

import numpy as np
import pytest
from operation_checks import BUILTIN, Call, rng_for
from program_checks import assert_same, by_the_tape

import minigrad as mg
from minigrad import ops
from minigrad.engine.stand_ins import is_self_contained

FILES = sorted(Path(inspect.getfile(ops)).parent.rglob("*.py"))
WRITING = {"empty", "empty_like", "put_along_axis", "copyto", "put", "place", "putmask", "fill_diagonal"}
COPYING = {"array", "asarray", "ascontiguousarray"}
# What rules and forwards call the arrays that they are given.
ARRAYS = {"g", "out", "x", "y"}


def called(node):
    """The name of a function that is called, without the modules before it."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def names_in(node):
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def for_arrays(tree):
    """What arrays alone get to see: kernels, what only these call, and self-contained functions; lambdas as well."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    given = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given += [word.value for word in node.keywords if word.arg in ("kernel", "overwriting")]
            given += node.args[1:2] if called(node) == "with_kernel" else []
        elif isinstance(node, ast.FunctionDef) and "self_contained" in names_in(ast.List(node.decorator_list)):
            given.append(node)
    found = {functions.get(each.id) if isinstance(each, ast.Name) else each for each in given} - {None}
    while True:
        inside = set().union(*[ast.walk(each) for each in found], given)
        others = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in inside}
        helpers = {functions[name] for name in functions if name.startswith("_") and name not in others} - found
        if not helpers:
            return inside
        found |= helpers


def complaint(node):
    """What a person would not write, or what cannot be done to a recorded value."""
    if isinstance(node, ast.AugAssign) and names_in(node.target) & ARRAYS:
        return "an array is changed in place"
    if isinstance(node, ast.Compare) and "type(" in ast.unparse(node) and "ndarray" in ast.unparse(node):
        return "the type of an array decides"
    if not isinstance(node, ast.Call):
        return None
    of_array = bool(node.args) and isinstance(node.args[0], ast.Name) and node.args[0].id in ARRAYS
    name, of_numpy = called(node), ast.unparse(node.func).startswith("np.")
    if of_numpy and name in WRITING:
        return f"np.{name} is for writing to memory"
    if any(word.arg == "out" for word in node.keywords):
        return "out= writes to memory"
    if of_array and of_numpy and name in COPYING:
        return f"np.{name} makes an array of an argument"
    if of_array and name in {"float", "int", "bool"}:
        return f"{name}() makes a number of an array"
    return None


def complaints(source):
    """What is said of the lines of a file."""
    tree = ast.parse(source)
    skipped = for_arrays(tree)
    found = [(node, complaint(node)) for node in ast.walk(tree) if node not in skipped]
    return [f"line {node.lineno}: {message}" for node, message in found if message]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_operations_are_plain_numpy(path):
    assert complaints(path.read_text()) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("y = np.empty(3)", "np.empty is for writing"),
        ("np.add(x, 1, out=x)", "out= writes"),
        ("x += 1", "changed in place"),
        ("x[0] *= 2", "changed in place"),
        ("x = np.asarray(x)", "makes an array"),
        ("return float(x)", "makes a number"),
        ("return x if type(x) is np.ndarray else 0", "the type of an array"),
    ],
)
def test_what_a_recorded_value_cannot_do_is_noticed(line, message):
    assert message in complaints(f"def f(x):\n    {line}")[0]
    assert complaints(f"@table.primitive(rule, kernel=fast)\ndef f(x): ...\ndef fast(x):\n    {line}") == []
    assert complaints(f"@self_contained\ndef f(x):\n    {line}") == []
    assert complaints(f"def helper(x):\n    {line}\nf = with_kernel(g, fast)\ndef fast(x):\n    return helper(x)") != []
    assert complaints(f"def _help(x):\n    {line}\nf = with_kernel(g, fast)\ndef fast(x):\n    return _help(x)") == []


SELF_CONTAINED = {
    function.__name__: function
    for name, module in list(sys.modules.items())
    if name.startswith("minigrad.ops")
    for function in vars(module).values()
    if is_self_contained(function)
}


def globals_of(code):
    """The names that a function takes from around it, also within comprehensions."""
    own = {each.argval for each in dis.get_instructions(code) if each.opname in ("LOAD_GLOBAL", "LOAD_DEREF")}
    inner = [globals_of(each) for each in code.co_consts if inspect.iscode(each)]
    return own.union(*inner) - set(code.co_varnames) - set(code.co_cellvars)


@pytest.mark.parametrize("name", SELF_CONTAINED)
def test_a_self_contained_function_can_stand_alone(name):
    used = globals_of(inspect.unwrap(SELF_CONTAINED[name]).__code__)
    assert used - {"np", "special", "signal", *dir(builtins), *SELF_CONTAINED} == set()


WITH_KERNELS = [
    name
    for name, operation in BUILTIN.items()
    if operation.primitive is not None and operation.primitive.forward is not operation.primitive.meaning
]


def compare(got, expected, dtype):
    if isinstance(got, tuple):
        for one, other in zip(got, expected, strict=True):
            compare(one, other, dtype)
        return
    assert (np.shape(got), np.result_type(got)) == (np.shape(expected), np.result_type(expected))
    tolerance = 1e3 * np.finfo(dtype).eps
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", WITH_KERNELS)
def test_a_kernel_gives_what_the_operation_means(name, monkeypatch):
    operation = BUILTIN[name]
    primitive = operation.primitive
    kernel, compared = primitive.forward, []

    def both(*arrays, **params):
        got = kernel(*arrays, **params)
        compare(got, primitive.meaning(*arrays, **params), dtype)
        compared.append(arrays)
        return got

    monkeypatch.setattr(primitive, "forward", both)
    monkeypatch.setattr(primitive, "operator", both)
    for example in operation.examples:
        for dtype in (np.float64, np.float32):
            call = Call(operation, example, rng_for(operation), dtype)
            call(*call.arrays)
            out = call(*call.tensors())
            if out.dtype.kind == "f":
                mg.gradients(np.sum(out * out), call.tensors())
    assert compared


# Operations whose rules have kernels, or branch on values inside of one.
ON_TIES = [
    *("max", "min", "ptp", "nanmax", "nanmin", "sort", "partition", "median", "quantile", "percentile"),
    *("nanmedian", "nanquantile", "prod", "cumprod"),
]


@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")
@pytest.mark.parametrize("name", ON_TIES)
def test_programs_go_through_ties_and_nan_as_the_tape_does(name):
    operation = BUILTIN[name]

    def number(*arrays):
        out = call(*arrays)
        # Equal elements have unequal gradients, and none is NaN.
        return np.sum(out * np.arange(1.0, 1.0 + out.size).reshape(out.shape))

    for example in operation.examples[:3]:
        call = Call(operation, example, rng_for(operation))
        if not call.arrays[0].size:
            continue
        program = mg.program(number, *call.arrays, wrt=list(range(len(call.arrays))))
        rounded = [np.round(array) for array in call.arrays]
        with_nan = [np.where(np.arange(array.size).reshape(array.shape) % 3 == 1, np.nan, array) for array in rounded]
        equal = [np.ones_like(array) for array in call.arrays]
        for arrays in (rounded, with_nan, equal):
            with np.errstate(invalid="ignore"):
                assert_same(program(*arrays), by_the_tape(number, arrays))
