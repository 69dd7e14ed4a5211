"""Are the parameters of any layer found, saved, restored and summarised?"""

import re
from collections import deque

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim


def vector(*values, requires_grad=True, dtype=None):
    return mg.Tensor(values, requires_grad=requires_grad, dtype=dtype)


class Everything(nn.Layer):
    """Parameters and layers wherever the base class looks for them."""

    def __init__(self):
        self.scale = vector(1.0, 2.0)
        self.dense = nn.Dense(3, 2, rng=0)
        self.blocks = [nn.Dropout(0.5), (nn.Dense(2, 1, bias=False, rng=0), vector(3.0))]
        self.heads = {"left": nn.Sequential(nn.Tanh(), nn.Dropout(0.1)), "shift": vector(4.0)}
        self.constant = vector(5, requires_grad=False)
        self.size = 3


PATHS = ["scale", "dense.weight", "dense.bias", "blocks.1.0.weight", "blocks.1.1", "heads.shift"]


def test_parameters_are_found_with_their_paths():
    layer = Everything()
    named = dict(layer.named_parameters())
    assert list(named) == PATHS
    assert named["scale"] is layer.scale
    assert named["blocks.1.0.weight"] is layer.blocks[1][0].weight
    assert named["heads.shift"] is layer.heads["shift"]
    assert [id(tensor) for tensor in layer.parameters()] == [id(tensor) for tensor in named.values()]
    assert list(layer.state_dict()) == [*PATHS, "constant"]
    assert [name for name, _ in nn.Sequential(nn.Tanh(), nn.Sequential(nn.Dense(3, 2))).named_parameters()] == [
        "layers.1.layers.0.weight",
        "layers.1.layers.0.bias",
    ]


def test_shared_parameter_is_listed_once_and_gets_both_gradients():
    shared = nn.Dense(2, 2, bias=False, dtype=np.float64, rng=0)
    model = nn.Sequential(shared, nn.Dense(2, 2, bias=False, dtype=np.float64, rng=1), shared)
    model[1].weight = shared.weight
    assert model.parameters() == [shared.weight]
    x = np.array([[1.0, 2.0]])
    model(x).sum().backward()
    w, ones = shared.weight.data, np.ones((1, 2))
    expected = x.T @ ones @ (w @ w).T + (x @ w).T @ ones @ w.T + (x @ w @ w).T @ ones
    np.testing.assert_allclose(shared.weight.grad.data, expected, rtol=1e-12)


def test_frozen_parameter_is_saved_and_restored_but_not_trained():
    layer = nn.Dense(3, 2, rng=0)
    layer.weight.requires_grad_(False)
    assert [name for name, _ in layer.named_parameters()] == ["bias"]
    assert list(layer.state_dict()) == ["weight", "bias"]
    layer(np.ones((1, 3))).sum().backward()
    assert layer.weight.grad is None
    other = nn.Dense(3, 2, rng=1)
    layer.load_state_dict(other.state_dict())
    np.testing.assert_array_equal(layer.weight.data, other.weight.data)
    assert not layer.weight.requires_grad


def test_state_holds_copies():
    layer = nn.Dense(3, 2, rng=0)
    state = layer.state_dict()
    before = state["weight"].copy()
    layer.weight.data[...] = 7.0
    np.testing.assert_array_equal(state["weight"], before)
    layer.load_state_dict(state)
    state["weight"][...] = 9.0
    np.testing.assert_array_equal(layer.weight.data, before)


def test_loading_writes_into_the_same_tensors_in_their_dtype():
    layer = nn.Dense(2, 1, rng=0)
    tensor, array = layer.weight, layer.weight.data
    layer.load_state_dict({"weight": [[0.1], [2]], "bias": np.array([3.5])})
    assert layer.weight is tensor
    assert layer.weight.data is array
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, np.array([[0.1], [2.0]], np.float32))
    assert layer.bias.data == [3.5]
    layer.load_state_dict({"weight": np.array([[1], [0]], np.int8), "bias": vector(1.0, requires_grad=False)})
    np.testing.assert_array_equal(array, [[1.0], [0.0]])


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"bias": None}, KeyError, "does not fit Dense: missing bias"),
        ({"extra": np.ones(2)}, KeyError, "unexpected extra['\"]$"),
        ({"wieght": np.ones((3, 2)), "weight": None}, KeyError, r"unexpected wieght \(did you mean weight\?\)"),
        ({"bias": np.ones((2, 1))}, ValueError, r"bias has shape \(2,\); the state holds shape \(2, 1\)"),
        ({"bias": np.ones(1)}, ValueError, r"bias has shape \(2,\).*\(1,\)"),
        ({"bias": np.ones(2, complex)}, TypeError, "bias has dtype float32; the state holds complex128"),
        ({"bias": np.array(["1", "2"])}, TypeError, "bias has dtype float32; the state holds <U1"),
    ],
)
def test_state_that_does_not_fit_changes_nothing(changes, error, message):
    layer = nn.Dense(3, 2, rng=0)
    before = layer.state_dict()
    state = {name: array + 1.0 for name, array in before.items()} | changes
    state = {name: array for name, array in state.items() if array is not None}
    with pytest.raises(error, match=message):
        layer.load_state_dict(state)
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_integers_are_not_restored_from_fractions():
    layer = nn.Layer()
    layer.count = mg.Tensor(3)
    with pytest.raises(TypeError, match=r"count has dtype int64; the state holds float64"):
        layer.load_state_dict({"count": np.array(2.5)})
    layer.load_state_dict({"count": 4})
    assert layer.count.item() == 4


def test_graph_from_before_loading_is_refused():
    layer = nn.Dense(3, 2, rng=0)
    stale = layer(np.ones((1, 3))).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(RuntimeError, match=r"Dense\(3, 2\)\.\w+.* was updated"):
        stale.backward()
    layer(np.ones((1, 3))).sum().backward()


def test_modes_reach_every_layer():
    layer = Everything()
    inner = [layer, layer.dense, layer.blocks[0], layer.blocks[1][0], layer.heads["left"], *layer.heads["left"]]
    assert [each.training for each in inner] == [True] * 7
    assert layer.eval() is layer
    assert [each.training for each in inner] == [False] * 7
    assert layer.train() is layer
    assert [each.training for each in inner] == [True] * 7
    layer.train(False)
    assert [each.training for each in inner] == [False] * 7
    assert Everything().training


def test_layer_without_an_equation():
    with pytest.raises(NotImplementedError, match="Everything has no forward"):
        Everything()(np.ones(3))
    assert repr(Everything()).startswith("Everything(\n    dense=Dense(3, 2),\n    blocks.0=Dropout(0.5),\n")


def rows(text):
    """The cells of a summary's rows, without the rules between them."""
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if not set(line) <= {"-"}]


def test_summary_of_a_perceptron(capsys):
    model = nn.Sequential(nn.Dense(784, 40), nn.Tanh(), nn.Dense(40, 10, bias=False))
    text = model.summary()
    assert capsys.readouterr().out == text + "\n"
    assert rows(text) == [
        ["layer", "output shape", "parameters"],
        ["Sequential", "(N, 10)", "31,800"],
        ["layers.0: Dense(784, 40)", "(N, 40)", "31,400"],
        ["layers.1: Tanh()", "(N, 40)", "0"],
        ["layers.2: Dense(40, 10, bias=False)", "(N, 10)", "400"],
        ["31,800 parameters, 124.2 KiB"],
    ]
    assert model.summary((784,)) == text


def test_summary_of_a_convolutional_network():
    features = nn.Sequential(nn.Conv(1, 8, 3, stride=2, padding="same"), nn.ReLU(), nn.MaxPool(2), nn.Dropout(0.5))
    model = nn.Sequential(features, nn.Flatten(), nn.Dense(8 * 7 * 7, 10, dtype=np.float64))
    assert rows(model.summary((1, 28, 28))) == [
        ["layer", "output shape", "parameters"],
        ["Sequential", "(N, 10)", "4,010"],
        ["layers.0: Sequential", "(N, 8, 7, 7)", "80"],
        ["layers.0: Conv(1, 8, 3, stride=(2, 2), padding='same')", "(N, 8, 14, 14)", "80"],
        ["layers.1: ReLU()", "(N, 8, 14, 14)", "0"],
        ["layers.2: MaxPool(2)", "(N, 8, 7, 7)", "0"],
        ["layers.3: Dropout(0.5)", "(N, 8, 7, 7)", "0"],
        ["layers.1: Flatten()", "(N, 392)", "0"],
        ["layers.2: Dense(392, 10)", "(N, 10)", "3,930"],
        ["4,010 parameters, 31.0 KiB"],
    ]
    # Without the shape of a sample, a convolution cannot know its images.
    assert ["layers.2: Dense(392, 10)", "3,930"] in rows(model.summary())
    with pytest.raises(ValueError, match=r"Dense\(392, 10\) expects"):
        model.summary((1, 20, 20))


class Residual(nn.Layer):
    """A layer of the user's own, with a parameter of its own, and inner layers in another order than they are used."""

    def __init__(self):
        self.gain = vector(1.0, 2.0, 3.0)
        self.after = nn.Dense(5, 3)
        self.before = nn.Dense(3, 5)

    def forward(self, x):
        return x * self.gain + self.after(np.tanh(self.before(x)))


class Both(nn.Layer):
    def __init__(self):
        self.left, self.right = nn.Dense(3, 2), nn.Dense(3, 4)

    def forward(self, x):
        return self.left(x), self.right(x)


def test_summary_of_layers_of_the_users_own():
    assert rows(Residual().summary((3,))) == [
        ["layer", "output shape", "parameters"],
        ["Residual", "(N, 3)", "41"],
        ["after: Dense(5, 3)", "(N, 3)", "18"],
        ["before: Dense(3, 5)", "(N, 5)", "20"],
        ["41 parameters, 0.2 KiB"],
    ]
    # The first layer that is found is not the first that is applied, so its features are not those of a sample.
    assert ["after: Dense(5, 3)", "18"] in rows(Residual().summary())
    shown = rows(Both().summary())
    assert ["Both", "24"] in shown
    assert ["right: Dense(3, 4)", "(N, 4)", "16"] in shown
    tied = nn.Dense(3, 3)
    assert rows(nn.Sequential(tied, tied).summary())[1] == ["Sequential", "(N, 3)", "12"]
    assert rows(nn.Tanh().summary())[1] == ["Tanh()", "0"]


def test_summary_leaves_no_trace():
    model = nn.Sequential(nn.Dense(3, 4), nn.Dropout(0.5, rng=0), nn.Sequential(nn.Dropout(0.5, rng=0)))
    model[2].eval()
    states = [model[1].rng.bit_generator.state, model[2][0].rng.bit_generator.state]
    modes = [layer.training for layer in (model, *model, *model[2])]
    for shape in (None, (3,)):
        model.summary(shape)
    with pytest.raises(ValueError, match=r"Dense\(3, 4\)"):
        model.summary((5,))
    assert modes == [True, True, True, False, False]
    assert [layer.training for layer in (model, *model, *model[2])] == modes
    assert [model[1].rng.bit_generator.state, model[2][0].rng.bit_generator.state] == states
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model(np.ones((2, 3))).requires_grad


def test_loading_inside_a_transform_says_what_to_do():
    model = nn.Dense(2, 1, rng=0, dtype=np.float64)
    before, x = model.state_dict(), np.ones((3, 2))

    def loss(state):
        model.load_state_dict(state)
        return model(x).sum()

    for transform in (mg.grad, mg.value_and_grad, lambda f: lambda state: mg.vjp(f, state)):
        with pytest.raises(
            TypeError, match=r"load_state_dict: 'weight' is a Tensor through which gradients flow.*detach"
        ):
            transform(loss)(model.state_dict())
    np.testing.assert_equal(model.state_dict(), before)
    # What it says to write.
    weight, bias = mg.gradients(model(x).sum(), model.parameters())
    np.testing.assert_array_equal(weight.data, [[3.0], [3.0]])
    np.testing.assert_array_equal(bias.data, [3.0])


def test_no_state_holds_results_through_which_gradients_flow():
    source, target = nn.Dense(2, 1, rng=0), nn.Dense(2, 1, rng=1)
    state = {name: parameter * 1.0 for name, parameter in source.named_parameters()}
    with pytest.raises(TypeError, match=r"'weight' is a Tensor through which gradients flow.*\.detach\(\)"):
        target.load_state_dict(state)
    target.load_state_dict({name: tensor.detach() for name, tensor in state.items()})
    np.testing.assert_equal(target.state_dict(), source.state_dict())
    optimizer = optim.Adam(target.parameters())
    state = {name: mg.Tensor(array) for name, array in optimizer.state_dict().items()}
    optimizer.load_state_dict(state)
    state["sum.0"] = state["sum.0"].requires_grad_() * 1.0
    with pytest.raises(TypeError, match=r"'sum\.0' is a Tensor through which gradients flow"):
        optimizer.load_state_dict(state)


def test_one_tensor_under_two_names_gets_one_value():
    model = nn.Sequential(nn.Dense(2, 2, rng=0), nn.Dense(2, 2, rng=1))
    model[1].weight = model[0].weight
    state = model.state_dict()
    model.load_state_dict(state)
    state["layers.1.weight"] = state["layers.1.weight"] + 1.0
    with pytest.raises(ValueError, match=r"layers\.0\.weight and layers\.1\.weight are one Tensor"):
        model.load_state_dict(state)


def test_two_tensors_of_one_path_are_refused():
    layer = nn.Layer()
    layer.parts = {1: vector(1.0), "1": vector(2.0)}
    for use in (layer.state_dict, lambda: layer.load_state_dict({})):
        with pytest.raises(ValueError, match=r"two Tensors of Layer have the path parts\.1"):
            use()


@pytest.mark.parametrize("container", [set, frozenset, deque])
@pytest.mark.parametrize("inside", [lambda: nn.Dense(2, 2), lambda: vector(1.0)])
def test_parameters_that_would_not_be_found_are_refused(container, inside):
    layer = nn.Layer()
    layer.parts = container([inside()])
    with pytest.raises(TypeError, match=f"attribute parts is a {container.__name__} .* put them in a list"):
        nn.Sequential(layer).parameters()
    layer.parts = container([1, "a"])
    assert layer.parameters() == []
