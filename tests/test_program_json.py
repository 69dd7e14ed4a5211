"""A program is written as JSON and read back: it is equal, and runs the same; what is damaged is refused."""

import json
import re
import sys
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from program_checks import assert_same
from program_examples import (
    network,
    normal,
    squared_error,
    two_layer_arguments,
    two_layer_program,
    two_layers,
)

import minigrad as mg
from minigrad.engine.stand_ins import self_contained
from minigrad.program.errors import ProgramError
from minigrad.program.program import Program


class Pair(NamedTuple):
    first: object
    second: object


@dataclass
class Parameters:
    weight: object
    bias: object


@self_contained
def doubled(x):
    y = np.zeros(x.shape)
    y += 2.0 * x
    return y


def round_trip(program):
    text = program.to_json()
    found = Program.from_json(text)
    assert program.difference(found) == ""
    assert found == program
    assert found.to_json() == text
    return found


def assert_bits(first, second):
    assert type(first) is type(second)
    if isinstance(first, (tuple, list)):
        for one, other in zip(first, second, strict=True):
            assert_bits(one, other)
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            assert_bits(first[key], second[key])
    elif isinstance(first, Parameters):
        assert_bits(vars(first), vars(second))
    elif isinstance(first, (np.ndarray, np.generic)):
        assert first.dtype == second.dtype
        assert first.shape == second.shape
        assert first.tobytes() == second.tobytes()
    else:
        assert first == second


def test_two_layers_at_another_batch_size():
    program = two_layer_program()
    arguments = two_layer_arguments(11)
    assert_bits(round_trip(program)(*arguments), program(*arguments))


# Each with examples and with what the program is tried on.
CASES = {
    "sizes as numbers": (lambda x: (x / len(x)).reshape(-1).mean(), [normal(4, 3)], [normal(6, 5)]),
    "slices": (lambda x: x[1:, ::2].sum() + x[-1, ...].sum(), [normal(4, 3)], [normal(4, 3)]),
    "masks": (lambda x: x[x > 0.0].sum(), [normal(9)], [normal(9)]),
    "an index": (lambda x, i: x[i, None].sum(), [normal(5, 3), np.array([1, 2])], [normal(5, 3), np.array([0, 4])]),
    "constants": (lambda x: (x * np.array([0.1, np.nan, -0.0])).sum(), [normal(3)], [normal(3)]),
    "a constant of another order": (
        lambda x: x @ np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        [normal(4, 2)],
        [normal(4, 2)],
    ),
    "infinities": (lambda x: np.where(x > 0.0, x, -np.inf), [normal(3)], [normal(3)]),
    "scalars of NumPy": (lambda x: x * np.float32(0.1), [np.ones(3, np.float32)], [np.full(3, 3, np.float32)]),
    "dtypes": (lambda x: x.astype(np.float32).sum(dtype=np.float64), [normal(3)], [normal(3)]),
    "integers": (lambda i: (i * 3) % 2, [np.arange(5, dtype=np.int16)], [np.arange(5, dtype=np.int16)]),
    "complex numbers": (lambda i: np.abs(i * (1.0 + 2.0j)), [np.arange(3)], [np.arange(3)]),
    "linear algebra": (lambda x: np.linalg.slogdet(x @ x.T + np.eye(3))[1], [normal(3, 3)], [normal(3, 3)]),
    "several results": (lambda x: np.linalg.eigh(x + x.T), [normal(3, 3)], [normal(3, 3)]),
    "special functions": (lambda x: mg.sigmoid(x).sum(), [normal(3)], [normal(3)]),
    "dicts": (lambda p: {"y": p["w"] * p["b"][0], "n": 3}, [{"w": normal(3), "b": [normal(3)]}],
              [{"w": normal(3), "b": [normal(3)]}]),
    "named tuples": (lambda p: Pair(p.first * 2.0, 3), [Pair(normal(3), None)], [Pair(normal(3), None)]),
    "dataclasses": (
        lambda p: (p.weight * p.bias).sum(),
        [Parameters(normal(3), normal(3))],
        [Parameters(normal(3), normal(3))],
    ),
    "static arguments": (lambda x, axis, mode: x.sum(axis=axis), [normal(3, 4), 1, "sum"], [normal(5, 4), 1, "sum"]),
    "a branch on a value": (lambda x: x.sum() if x.sum() > 0.0 else -x.sum(), [np.ones(3)], [np.full(3, 2.0)]),
    "floats": (lambda x, rate: x * rate, [normal(3), 0.1], [normal(3), 0.7]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_runs_the_same(name):
    function, examples, arguments = CASES[name]
    program = mg.program(function, *examples)
    assert_bits(round_trip(program)(*arguments), program(*arguments))


def test_self_contained_functions_are_found_by_module_and_name():
    program = mg.program(lambda x: doubled(x._array), mg.Tensor(normal(3)))
    text = program.to_json()
    assert '"test_program_json:doubled"' in text
    assert_bits(round_trip(program)(np.arange(3.0)), np.arange(0.0, 6.0, 2.0))
    with pytest.raises(ProgramError, match=r"code\[0\]: .*test_program_json:tripled does not exist here; import"):
        Program.from_json(text.replace("json:doubled", "json:tripled"))


def test_modules_are_not_imported_for_a_file():
    text = mg.program(lambda x: doubled(x._array), mg.Tensor(normal(3))).to_json()
    name = "this"
    sys.modules.pop(name, None)
    with pytest.raises(ProgramError, match="import this before the program is read"):
        Program.from_json(text.replace("test_program_json:doubled", "this:s"))
    assert name not in sys.modules


def test_a_self_contained_function_inside_another_is_refused():
    @self_contained
    def inner(x):
        return x + 1.0

    program = mg.program(lambda x: inner(x._array), mg.Tensor(normal(3)))
    with pytest.raises(ProgramError, match="define it at the top of a module"):
        program.to_json()


NOT_CALLED = [
    *("np.save", "np.load", "np.fromfile", "np.vectorize", "np.linalg.nothing", "np.linalg.linalg.os", "os.system"),
    *("np.os", "eval", "np.ndarray", ""),
]


@pytest.mark.parametrize("function", NOT_CALLED)
def test_functions_that_no_program_calls_are_refused(function):
    text = mg.program(np.tanh, normal(3)).to_json()
    with pytest.raises(ProgramError, match=r"code\[0\]"):
        Program.from_json(text.replace('"np.tanh"', json.dumps(function)))


def test_layers_become_arguments_in_their_place():
    model = network(4, 5, 2)
    program = mg.program(squared_error, model, normal(7, 4), normal(7, 2))
    found = round_trip(program)
    assert found.arguments == ["W1", "b1", "W2", "b2", "x", "y"]
    x, y = normal(3, 4), normal(3, 2)
    assert_bits(found(*[tensor.numpy() for tensor in model.parameters()], x, y), program(model, x, y))
    other = [normal(*tensor.shape) for tensor in model.parameters()]
    expected = mg.program(two_tanh_layers, *other, x, y, wrt=[0, 1, 2, 3])(*other, x, y)
    assert_same(found(*other, x, y), expected)


def two_tanh_layers(w1, b1, w2, b2, x, y):
    return ((np.tanh(np.tanh(x @ w1 + b1) @ w2 + b2) - y) ** 2).mean()


def test_closed_over_tensors_become_arguments_at_the_end():
    scale = mg.Tensor(normal(3), requires_grad=True, name="scale")
    program = mg.program(lambda x: (x * scale).sum(), normal(3))
    found = round_trip(program)
    assert found.arguments == ["x", "scale"]
    x = normal(3)
    assert_bits(found(x, scale.numpy()), program(x))


def test_generators_stay_arguments():
    def noisy(rng, x):
        return x + rng.normal(size=x.shape)

    program = mg.program(noisy, np.random.default_rng(0), normal(3), wrt=[])
    x = normal(3)
    first, second = (each(np.random.default_rng(5), x) for each in (program, round_trip(program)))
    assert_bits(first, second)
    with pytest.raises(ProgramError, match="a generator has no method __reduce__"):
        Program.from_json(program.to_json().replace('"normal"', '"__reduce__"'))


def test_sizes_are_checked_by_what_was_read():
    found = round_trip(two_layer_program())
    arguments = two_layer_arguments()
    with pytest.raises(ProgramError, match=r"axis 1 of x has size 7, and has to have 4"):
        found(*arguments[:4], normal(3, 7), arguments[5])


def test_names_and_lines_are_kept():
    program = two_layer_program()
    assert round_trip(program).text() == program.text()
    assert "/" not in program.to_json().replace('"/"', "")


def test_what_was_read_has_the_same_cost_and_picture():
    program = two_layer_program()
    found = round_trip(program)
    assert str(found.cost()) == str(program.cost())
    assert found.dot() == program.dot()


@pytest.mark.parametrize("static", [object(), {1, 2}, lambda x: x, b"bytes"])
def test_arguments_that_json_cannot_hold_are_refused(static):
    program = mg.program(lambda x, how: x.sum(), normal(3), static)
    with pytest.raises(ProgramError, match=r"the argument how holds a \w+, which JSON cannot hold"):
        program.to_json()
    # It is compared all the same.
    assert program == mg.program(lambda x, how: x.sum(), normal(3), static)


class TestComparison:
    def test_equal_however_often_it_is_recorded(self):
        again = mg.program(two_layers, *two_layer_arguments(6), wrt=["w1", "b1", "w2", "b2"])
        assert two_layer_program() == again
        assert hash(two_layer_program()) == hash(again)
        assert two_layer_program() != "a program"

    @pytest.mark.parametrize(
        ("first", "second", "said"),
        [
            (lambda x: np.tanh(x), lambda x: np.sin(x), r"instruction 1 at \S+: .*np\.tanh\(x\).* and .*np\.sin\(x\)"),
            (lambda x: x * 2.0, lambda x: x * 3.0, r"x \* 2\.0.* and .*x \* 3\.0"),
            (lambda x: x * 2.0, lambda x: x * 2, r"x \* 2\.0.* and .*x \* 2"),
            (lambda x: x * np.arange(60.0).reshape(20, 3), lambda x: x * np.ones((20, 3)), "instruction 1"),
            (lambda x: x / len(x), lambda x: x / x.shape[1], r"x\.shape\[0\].* and .*x\.shape\[1\]"),
            (lambda x: x + 1.0, lambda x: np.exp(x + 1.0), r"1 and 2 instructions; .*np\.exp"),
            (lambda x: (x + 1.0, x), lambda x: (x, x + 1.0), "result"),
            (lambda x: x.sum(), lambda y: y.sum(), "arguments"),
        ],
    )  # fmt: skip
    def test_differences_are_told(self, first, second, said):
        x = normal(20, 3)
        programs = [mg.program(each, x, wrt=[]) for each in (first, second)]
        assert programs[0] != programs[1]
        told = programs[0].difference(programs[1])
        assert re.search(said, told), told

    def test_dtypes_and_gradients(self):
        single = mg.program(np.tanh, np.ones(3, np.float32), wrt=[])
        assert "dtype <f4 and <f8" in single.difference(mg.program(np.tanh, np.ones(3), wrt=[]))
        arguments = two_layer_arguments()
        programs = [mg.program(two_layers, *arguments, wrt=wrt) for wrt in (["w1"], ["b1"])]
        assert "input w1: wanted True and False" in programs[0].difference(programs[1])


TWO_LAYERS = two_layer_program().to_json()


def damaged(change):
    found = json.loads(TWO_LAYERS)
    change(found)
    return json.dumps(found)


def put(path, value):
    def change(found):
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found.pop("minigrad_program"), "this is no program"),
        (put(["minigrad_program"], 99), "version 99 of the format"),
        (lambda found: found.pop("code"), "code: the entry is missing"),
        (put(["code"], 3), "code: a list is expected, not 3"),
        (lambda found: found["code"][2].pop("phase"), r"code\[2\]: .*'phase' is missing"),
        (lambda found: found["code"].pop(1), r"code\[1\]: value 7 is used, and no instruction"),
        (put(["code", 1, "out"], 9), r"code\[1\]: it makes value 9, and 7 is the next one"),
        (put(["code", 1, "args", 0], {"value": 7}), r"code\[1\]: value 7 is used, and no instruction before makes it"),
        (put(["code", 1, "args", 0], {"thing": 7}), r"code\[1\]: nothing is known of 'thing'"),
        (put(["code", 1, "args", 0], {"array": ["<f8", [3], "AAAA"]}), r"code\[1\]: .*damaged"),
        (put(["code", 1, "args", 0], {"array": ["O", [3], "AAAA"]}), r"code\[1\]: O is no dtype"),
        (put(["code", 1, "args", 0], {"size": ["dim", 0, 5]}), r"code\[1\]: value 0 has no axis 5"),
        (put(["code", 1, "args", 0], {"size": ["!", 0]}), r"code\[1\]: a size cannot be computed by '!'"),
        (put(["code", 1, "args", 0], {"type": "np.linalg"}), r"code\[1\]: np.linalg is no type"),
        (put(["code", 1, "args", 0], {"named": ["os:environ", []]}), r"code\[1\]: the class os:environ does not exist"),
        (put(["gradients"], []), "gradients: there are 0 of them, and 6 inputs"),
        (put(["gradients", 0], -1), r"gradients\[0\]: value -1 is used"),
        (put(["arguments"], [["x", {"input": 0}]]), "arguments: they hold the inputs"),
        (put(["arguments", 0, 1], {"input": 60}), r"arguments\[0\]: .*damaged"),
        (put(["inputs", 0, "dtype"], "nothing"), r"inputs\[0\]: .*damaged"),
        (put(["inputs", 0, "wanted"], 1), r"inputs\[0\]: a bool is expected, not 1"),
        (put(["guards", 0], [0, 0]), r"guards\[0\]: .*damaged"),
        (put(["result"], {"value": 3, "more": 4}), "result: one entry is expected"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused(change, said):
    with pytest.raises(ProgramError, match=said):
        Program.from_json(damaged(change))


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "3", '{"a": 1}', TWO_LAYERS[:500]])
def test_other_text_is_refused(text):
    with pytest.raises(ProgramError, match="this is no"):
        Program.from_json(text)
