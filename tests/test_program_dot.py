"""Graphviz draws a program: layers as boxes, shapes on edges, phases in colours, repeated blocks once."""

import re
import shutil
import subprocess

import mnist
import numpy as np
import pytest
from program_examples import convolutional, network_program, normal, squared_error, two_layer_program

import minigrad as mg

NODE = re.compile(r"^ *n(\d+) \[label=(\"(?:[^\"\\]|\\.)*\"), shape=(\w+), fillcolor=\"(#\w+)\"(.*)\];$")
EDGE = re.compile(r"^ *n(\d+) -> n(\d+) \[label=(\"(?:[^\"\\]|\\.)*\")(.*)\];$")


class Picture:
    """The nodes, edges and boxes of a text, each line of which has to be one of them."""

    def __init__(self, text):
        self.nodes, self.edges, self.boxes, depth = {}, [], {}, []
        lines = text.splitlines()
        assert re.fullmatch("digraph .* {", lines[0])
        assert lines[-1] == "}"
        for line in lines[1:-1]:
            if node := NODE.match(line):
                assert node[1] not in self.nodes
                self.nodes[node[1]] = (node[2], node[4], node[5])
                if depth:
                    self.boxes.setdefault(depth[-1], []).append(node[1])
            elif edge := EDGE.match(line):
                self.edges.append((edge[1], edge[2], edge[3], edge[4]))
            elif line.strip().startswith("subgraph"):
                depth.append("?")
            elif line.strip() == "}":
                depth.pop()
            elif title := re.match(r' *label="([^"]*)"; style=rounded', line):
                depth[-1] = title[1]
            else:
                assert re.match(r"  (graph|node|edge) \[.*\];$", line), line
        assert not depth
        assert {end for edge in self.edges for end in edge[:2]} <= self.nodes.keys()

    def titles(self, colour=None):
        return [title for title, filled, _ in self.nodes.values() if colour in (None, filled)]


def pictured(program):
    """The picture; Graphviz has to accept it where it is installed."""
    text = program.dot()
    if program_of_graphviz := shutil.which("dot"):
        done = subprocess.run([program_of_graphviz, "-Tplain"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        drawn = [line for line in done.stdout.splitlines() if line.startswith("node ")]
        assert len(drawn) == len(Picture(text).nodes)
    return Picture(text)


def test_every_value_is_a_node_and_every_use_an_edge():
    program = two_layer_program()
    picture = pictured(program)
    assert len(picture.nodes) == len(program.inputs) + len(program.code)
    uses = {(str(var.number), str(each.out.number)) for each in program.code for var in each.uses()}
    assert {edge[:2] for edge in picture.edges} == uses


def test_edges_have_shapes():
    picture = pictured(two_layer_program())
    numbers = {title: number for number, (title, _, _) in picture.nodes.items()}
    z1 = next(number for title, number in numbers.items() if title.startswith('"z1 = '))
    a1 = next(number for title, number in numbers.items() if title.startswith('"a1 = '))
    assert [label for source, target, label, _ in picture.edges if (source, target) == (z1, a1)] == [
        '"(x.shape[0], w1.shape[1])"'
    ]


def test_phases_have_colours_of_their_own_and_results_are_marked():
    program = two_layer_program()
    picture = pictured(program)
    phases = {str(each.out.number): each.phase for each in program.code}
    colours = {phase: {picture.nodes[n][1] for n in phases if phases[n] == phase} for phase in ("forward", "backward")}
    assert all(len(found) == 1 for found in colours.values())
    assert colours["forward"] != colours["backward"]
    marked = {number for number, (_, _, more) in picture.nodes.items() if "penwidth=3" in more}
    assert marked == {str(var.number) for var in program.outputs}


def test_layers_are_boxes():
    picture = pictured(network_program(4, 3, 2))
    assert [picture.nodes[number][0] for number in picture.boxes["layers.0 Dense"]] == [
        '"v7 = x @ W1"',
        '"v8 = v7 + b1"',
    ]
    assert len(picture.boxes["layers.0 Dense, backward"]) >= 3


@pytest.mark.parametrize("count", [3, 4, 6])
def test_equal_blocks_are_shown_once(count):
    program = network_program(*[5] * (count + 1))
    picture = pictured(program)
    assert f"x {count}" in {title for title in program.dot().split('"') if title.startswith("x ")}
    products = [title for title in picture.titles("#d6e6f7") if "@" in title]
    assert len(products) == 1
    last = program.inputs[2 * count - 2].name
    assert any(f"{last}\\n(5, 5)" in title for title in picture.titles())
    # From each block to the next one; in the pass back one block fewer is equal, because no gradient of x is wanted.
    assert sum("dashed" in style for *_, style in picture.edges) == (1 if count == 3 else 2)


def test_two_equal_blocks_and_unequal_ones_are_shown_as_they_are():
    for sizes in ((5, 5, 5), (7, 6, 5, 4, 3)):
        program = network_program(*sizes)
        products = [title for title in pictured(program).titles("#d6e6f7") if "@" in title]
        assert len(products) == len(sizes) - 1


def test_blocks_that_are_connected_in_other_ways_are_not_equal():
    def crossed(x):
        y = np.tanh(x)
        z = np.tanh(y)
        z = np.tanh(y) + z
        y = np.tanh(z)
        return np.tanh(y)

    text = mg.program(crossed, normal(3), wrt=[]).dot()
    assert '"x ' not in text


def test_every_block_has_to_be_connected_like_the_others():
    def steps(x, different):
        first = h = np.sin(x)
        for step in range(4):
            h = np.tanh(h) + (first if step == different else h)
        return h

    assert '"x 4"' in mg.program(lambda x: steps(x, None), normal(3), wrt=[]).dot()
    assert '"x ' not in mg.program(lambda x: steps(x, 2), normal(3), wrt=[]).dot()


def test_a_loop_is_shown_once():
    def steps(w, h):
        for _ in range(10):
            h = np.tanh(h @ w)
        return h.sum()

    picture = pictured(mg.program(steps, normal(4, 4), normal(3, 4)))
    assert sum("@" in title for title in picture.titles("#d6e6f7")) == 1


def test_text_with_quotes_is_accepted():
    def named(values):
        return values['a"b'].sum()

    program = mg.program(named, {'a"b': normal(3)}, name='quoted "name"\\')
    assert pictured(program).nodes


def test_the_dense_example():
    model = mnist.build(9, np.random.default_rng(0))
    picture = pictured(mg.program(squared_error, model, normal(2, 9), normal(2, 10)))
    assert {f"layers.{position} Dense" for position in (0, 2, 4)} <= picture.boxes.keys()


def test_the_convolutional_example():
    picture = pictured(convolutional()[0])
    kinds = ("0 Conv", "1 ReLU", "2 MaxPool", "3 Conv", "4 ReLU", "5 MaxPool", "6 Flatten", "7 Dense")
    assert [title for title in picture.boxes if "backward" not in title] == [f"layers.{kind}" for kind in kinds]
    assert {f"layers.{kind}, backward" for kind in kinds} <= picture.boxes.keys()
