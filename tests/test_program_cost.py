"""What a program costs is what formulas say: operations, bytes moved, and bytes held."""

import numpy as np
import pytest
from program_examples import convolutional, network_program, normal, two_layer_arguments, two_layer_program

import minigrad as mg
from minigrad.program.errors import ProgramError


def flops(function, *examples):
    return mg.program(function, *examples, wrt=[]).cost().total.flops


def test_two_layers_by_hand():
    n, inside, hidden, out = 3, 4, 5, 2
    forward = two_layer_program().cost().phases["forward"]
    products = 2 * n * inside * hidden + 2 * n * hidden * out
    sums_and_tanh = 2 * n * hidden + 2 * n * out
    error = 3 * n * out
    assert forward.flops == products + sums_and_tanh + error
    assert forward.calls == 9


def test_other_sizes():
    costs = [two_layer_program().cost(*two_layer_arguments(batch)) for batch in (3, 6, 9)]
    assert costs[0] == two_layer_program().cost()
    counted = [cost.total.flops for cost in costs]
    # Linear in the number of samples.
    assert counted[2] - counted[1] == counted[1] - counted[0] > 0


def test_other_sizes_have_to_fit():
    with pytest.raises(ProgramError, match=r"axis 1 of x has size 7, and has to have 4"):
        two_layer_program().cost(*[*two_layer_arguments()[:4], normal(3, 7), normal(3, 2)])


@pytest.mark.parametrize(
    ("function", "shapes", "expected"),
    [
        (lambda x, y: x @ y, [(3, 4), (4, 5)], 2 * 3 * 4 * 5),
        (lambda x, y: x @ y, [(2, 3, 4), (2, 4, 5)], 2 * 2 * 3 * 4 * 5),
        (lambda x, y: x @ y, [(3, 4), (4,)], 2 * 3 * 4),
        (lambda x, y: x @ y, [(4,), (4,)], 2 * 4),
        (np.outer, [(3,), (4,)], 12),
        (np.dot, [(3, 4), (4, 5)], 2 * 3 * 4 * 5),
        (lambda x, y: np.tensordot(x, y, axes=1), [(2, 3, 4), (4, 5)], 2 * 2 * 3 * 4 * 5),
        (lambda x, y: np.einsum("bij,bjk->bik", x, y), [(2, 3, 4), (2, 4, 5)], 2 * 2 * 3 * 4 * 5),
        (lambda x, y: np.einsum("ij,ij->ij", x, y), [(3, 4), (3, 4)], 12),
        (np.linalg.solve, [(6, 6), (6, 2)], 2 / 3 * 6**3 + 2 * 6 * 6 * 2),
        (lambda x: np.linalg.inv(x), [(3, 3)], 2 * 3**3),
        (lambda x: np.exp(x) + np.tanh(x), [(3, 4)], 3 * 12),
        (lambda x, y: x + y, [(3, 1), (1, 4)], 12),
        (lambda x: np.sum(x, axis=0), [(3, 4)], 12),
        (lambda x: np.max(x, axis=1) + np.mean(x, axis=1), [(3, 4)], 12 + 12 + 3),
        (lambda x: np.where(x > 0.0, x, 0.0), [(3, 4)], 12),
        (lambda x: x.T[1:].reshape(-1), [(3, 4)], 0),
        (lambda x: np.concatenate([x, x]), [(3, 4)], 0),
    ],
)
def test_operations(function, shapes, expected):
    examples = [normal(*shape) + (4.0 * np.eye(*shape) if len(shape) == 2 else 0.0) for shape in shapes]
    assert flops(function, *examples) == pytest.approx(expected)


def test_arithmetic_of_integers_counts_nothing():
    assert flops(lambda i: (i * 2 + 1).sum(), np.arange(5)) == 0


def test_convolution_as_in_textbooks():
    cost = convolutional()[0].cost()
    # 16 kernels of one channel on 8 x 8 pixels and 32 of 16 channels on 4 x 4; each with its sum of the bias.
    first, second = 2 * 2 * 16 * 8 * 8 * 1 * 3 * 3, 2 * 2 * 32 * 4 * 4 * 16 * 3 * 3
    program = mg.program(lambda x, k: mg.conv2d(x, k), normal(2, 3, 7, 6), normal(4, 3, 3, 2), wrt=[])
    assert program.cost().total.flops == 2 * 2 * 4 * (5 * 5) * 3 * 3 * 2
    assert not cost.uncounted
    layers = cost.layers["Sequential / layers.0 Conv"], cost.layers["Sequential / layers.3 Conv"]
    # Back to the kernels it is as many again, and so it is to the images, where those depend on something.
    bias, sums = 2 * 16 * 8 * 8, 2 * 16 * 8 * 8
    assert layers[0].flops == 2 * first + bias + sums
    assert layers[1].flops == 3 * second + 2 * (2 * 32 * 4 * 4)


def test_transposed_and_grouped_convolution():
    def slopes(x, k):
        return mg.grad(lambda x: (mg.conv2d(x, k, groups=2, stride=2) ** 2).sum())(x)

    def values(x, k):
        return (mg.conv2d(x, k, groups=2, stride=2) ** 2).sum()

    x, k = normal(2, 4, 7, 7), normal(6, 2, 3, 3)
    elements = 2 * 6 * 3 * 3
    correlation = 2 * elements * 2 * 3 * 3
    assert mg.program(values, x, k, wrt=[]).cost().total.flops == correlation + 2 * elements
    both = mg.program(slopes, x, k, wrt=[])
    assert sorted(each.function.__name__ for each in both.code if "conv2d" in each.function.__name__) == [
        "conv2d",
        "conv2d_transpose",
    ]
    rest = both.cost().total.flops - 2 * correlation
    # What is computed for each element of the maps.
    assert rest % elements == 0
    assert 1 <= rest // elements <= 6


def test_bytes_moved():
    total = mg.program(lambda x, y: x.T * y, normal(3, 4), normal(4, 1), wrt=[]).cost().total
    assert (total.read, total.written) == ((12 + 4) * 8, 12 * 8)
    single = mg.program(lambda x: x + x, np.ones(3, np.float32), wrt=[]).cost().total
    assert (single.read, single.written) == (2 * 3 * 4, 3 * 4)


def test_picking_reads_what_it_gives():
    total = mg.program(lambda x, i: x[i], normal(100, 5), np.array([1, 2]), wrt=[]).cost().total
    assert (total.read, total.written) == (2 * 5 * 8 + 2 * 8, 2 * 5 * 8)


def test_bytes_held_at_the_peak():
    # x, and of a chain of values two at a time.
    chain = mg.program(lambda x: np.sin(np.exp(np.cos(np.tanh(x)))), normal(100), wrt=[])
    assert chain.cost().held == 3 * 800
    # All but the last are needed by the pass back, or are views.
    views = mg.program(lambda x: np.sin(x).T.reshape(-1)[:5] + 1.0, normal(100, 1), wrt=[])
    assert views.cost().held == 2 * 800 + 5 * 8
    # A value that a view shows is held as long as the view is.
    shown = mg.program(lambda x: np.cos(np.exp(np.sin(x)[:50])), normal(100), wrt=[])
    assert shown.cost().held == 800 + 800 + 400


def test_what_is_not_known_is_said_and_not_guessed():
    cost = mg.program(lambda x: np.sort(np.exp(x)), normal(5), wrt=[]).cost()
    assert cost.total.flops == 5
    assert sum(cost.uncounted.values()) >= 1
    assert "operations not counted: " in str(cost)
    assert not two_layer_program().cost().uncounted


def test_sizes_that_depend_on_values():
    program = mg.program(lambda x: np.exp(x[x > 0.0]), np.array([1.0, -1.0, 2.0]), wrt=[])
    with pytest.raises(
        ProgramError, match=r"test_program_cost.py:\d+: .* is known only when it runs; give the arguments"
    ):
        program.cost()
    x = np.array([1.0, -1.0, -1.0, 2.0, 3.0])
    assert program.cost(x).total.flops == 5 + 3


def test_parts_add_up_to_the_whole():
    cost = network_program(4, 5, 3).cost()
    for parts in (cost.phases, cost.layers, cost.lines):
        for name in ("calls", "flops", "read", "written"):
            assert sum(getattr(part, name) for part in parts.values()) == getattr(cost.total, name)
    assert cost.layers["Sequential / layers.0 Dense"].flops >= 2 * 7 * 4 * 5 * 2
    assert set(cost.phases) == {"forward", "backward"}


def test_the_table():
    text = str(network_program(4, 5, 3).cost())
    assert all(word in text for word in ("calls", "operations", "backward", "layers.2 Dense", "held at most"))
    assert max(map(len, text.splitlines())) < 100
