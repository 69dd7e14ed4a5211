"""The text of a program says for each instruction what it gives, of which shape, by which call, and for which line."""

import re

import numpy as np
import program_examples
import pytest
from program_examples import network_program, normal, two_layer_program

import minigrad as mg
from minigrad import nn


def line_of(text, name):
    """The one line that says how a value is made."""
    found = [line for line in text.splitlines() if line.split() and line.split()[0] == name]
    assert len(found) == 1, found
    return found[0]


def test_each_instruction_has_one_line():
    program = two_layer_program()
    body = program.text().split("\nforward\n")[1].split("\nreturns")[0]
    lines = [line for line in body.splitlines() if line.startswith("  ")]
    assert len(lines) == len(program.code)


def test_no_two_values_share_a_name():
    program = two_layer_program()
    body = program.text().split("\nforward\n")[1].split("\nreturns")[0]
    names = [line.split()[0] for line in body.splitlines() if line.startswith("  ")]
    names += [each.name for each in program.inputs]
    assert len(set(names)) == len(names)


def test_values_have_the_names_of_the_user_and_gradients_theirs():
    text = two_layer_program().text()
    assert "np.tanh(z1)" in line_of(text, "a1")
    assert "(x.shape[0], w1.shape[1])" in line_of(text, "dz1")
    assert "gradients dw1, db1, dw2, db2" in text


def test_sizes_are_named_and_not_numbers():
    text = two_layer_program().text()
    assert "(x.shape[0], w1.shape[1])" in line_of(text, "z1")
    assert "(x.shape[0], w1.shape[0])" in line_of(text, "x")
    assert "requires y.shape[0] == x.shape[0]" in text


def test_sizes_have_the_names_of_the_user():
    text = mg.program(scaled, normal(3, 5)).text()
    assert "(x.shape[0], n)" in text
    assert "/ n" in text


def scaled(x):
    n = x.shape[1]
    return (x / n).sum()


def test_lines_of_the_user():
    text = two_layer_program().text()
    code = program_examples.two_layers.__code__
    assert f"# program_examples.py:{code.co_firstlineno + 2}" in line_of(text, "a1")
    # What goes back through a line belongs to it.
    assert f"# program_examples.py:{code.co_firstlineno + 2}" in line_of(text, "dz1")


def test_phases_have_headings_in_order():
    lines = two_layer_program().text().splitlines()
    assert [line for line in lines if line in ("forward", "backward")] == ["forward", "backward"]


def test_dtypes_other_than_float64_are_told():
    text = mg.program(lambda x: mg.sum(x * (x > 0.0)), np.ones(3, np.float32)).text()
    assert "float32" in line_of(text, "x")
    assert re.search(r"bool +x > ", text)
    assert "float64" not in two_layer_program().text().replace("dtype=np.float64", "")


def test_layers_are_told():
    text = network_program(4, 5, 2).text()
    assert text.count("in Sequential / layers.0 Dense") > 3
    assert "W2" in text


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (lambda x: x[1:, None, ..., 0], "x[1:, None, ..., 0]"),
        (lambda x: x[::2, 1], "x[::2, 1]"),
        (lambda x: -x, "-x"),
        (lambda x: x - 3.0, "x - 3.0"),
        (lambda x: (-2.0) ** x, "(-2.0) ** x"),
        (lambda x: np.sum(x, axis=1, keepdims=True), "np.sum(x, axis=1, keepdims=True)"),
        (lambda x: np.linalg.inv(x @ x.T + np.eye(3)), "np.linalg.inv("),
        (lambda x: mg.sigmoid(x), "special.expit(x)"),
        (lambda x: x * np.array([1.0, 2.0, 3.0]), "x * np.array([1.0, 2.0, 3.0])"),
        (lambda x: x * np.arange(9.0).reshape(3, 3) ** 2, "x * <3x3 constants of float64>"),
        (lambda x: x.astype(np.float32), "x.astype(np.float32)"),
    ],
)
def test_calls_are_written_as_in_numpy(function, line):
    assert line in mg.program(function, np.ones((3, 3)), wrt=[]).text()


def test_a_branch_on_a_value_is_told():
    def shrunk(x):
        return (x * 2.0).sum() if x.sum() > 0.0 else x.sum()

    assert re.search(r"^ +assert v\d+ == True +# test_program_text.py", mg.program(shrunk, np.ones(3)).text(), re.M)


def test_layers_are_found_in_lists_dicts_and_one_another():
    class Block(nn.Layer):
        def __init__(self):
            self.parts = {"inner": [nn.Tanh()]}

        def forward(self, x):
            return self.parts["inner"][0](x) + x

    class Model(nn.Layer):
        def __init__(self):
            self.block = Block()

        def forward(self, x):
            return nn.Sigmoid()(self.block(x) * 2.0)

    model = Model()
    text = mg.program(lambda x: model(x).sum(), normal(3)).text()
    assert re.search(r"np\.tanh\(x\) .* in Model / block Block / parts\.inner\.0 Tanh$", text, re.M)
    assert re.search(r"\+ x .* in Model / block Block$", text, re.M)
    assert re.search(r"\* 2\.0 .* in Model$", text, re.M)
    # A layer that is made on the way lies nowhere.
    assert re.search(r"special\.expit\(.* in Model / Sigmoid$", text, re.M)
    # What goes back through a layer belongs to it.
    backward = text.split("\nbackward\n")[1]
    assert "in Model / block Block / parts.inner.0 Tanh" in backward


def test_a_program_inside_a_layer_belongs_to_no_layer_outside():
    class Inspecting(nn.Layer):
        def forward(self, x):
            return mg.program(np.tanh, x, wrt=[]).text()

    assert " in " not in Inspecting()(normal(3)).split("forward")[1]


def executed_lines(program, *arguments):
    """What the lines of the text compute, taken as they stand."""
    names = {"np": np} | {each.name: value for each, value in zip(program.inputs, arguments, strict=True)}
    calls = re.findall(r"^  (\w+)  +\S.*?  (\S.*?)(?: +#.*)?$", program.text(), re.MULTILINE)
    for name, call in calls:
        if name not in names:
            names[name] = eval(call, names)
    return names


def attention(x, w):
    scores = (x @ w) @ (x @ w).T / np.sqrt(w.shape[1])
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return ((weights @ x) ** 2).mean() + x.mean() - (x / (x.shape[0] + x.shape[1])).sum()


@pytest.mark.parametrize("sizes", [(5, 3, 4), (2, 7, 3)])
def test_the_lines_of_the_text_compute_what_the_program_computes(sizes):
    """Also where an operator stands beside a size that is itself a product or a sum."""
    n, d, k = sizes
    program = mg.program(attention, np.ones((5, 3)), np.ones((3, 4)))
    x, w = np.random.default_rng(0).standard_normal((n, d)), np.random.default_rng(1).standard_normal((d, k))
    names = executed_lines(program, x, w)
    assert re.search(r"/ \(.*\.shape\[0\] \* .*\.shape\[1\]\)", program.text())
    _, dx, dw = program(x, w)
    np.testing.assert_allclose(names["dx"], dx, rtol=1e-12)
    np.testing.assert_allclose(names["dw"], dw, rtol=1e-12)
