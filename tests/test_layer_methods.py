"""Can a layer be cut, converted, frozen, called with other parameters, and remember what it declares?"""

import abc
import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim


class Count(nn.Layer):
    """Counts its calls, and what it has seen."""

    def __init__(self):
        self.weight = mg.Tensor(np.ones(2), requires_grad=True)
        self.declare_state(calls=np.zeros(()), total=np.zeros(2))

    def forward(self, x):
        self.update(calls=self.calls + 1.0, total=self.total + np.sum(x, axis=0))
        return x * self.weight


def test_state_is_saved_and_changed_by_update_alone():
    layer = Count()
    layer(mg.Tensor(np.ones((3, 2)), requires_grad=True))
    layer(np.ones((1, 2)))
    assert layer.calls.item() == 2.0
    state = layer.state_dict()
    assert sorted(state) == ["calls", "total", "weight"]
    np.testing.assert_array_equal(state["total"], [4.0, 4.0])
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    other = Count()
    other.load_state_dict(state)
    assert other.calls.item() == 2.0
    with pytest.raises(AttributeError, match=r"Count\.calls is state, which Count\.update\(calls=\.\.\.\) changes"):
        layer.calls = np.zeros(())
    with pytest.raises(AttributeError, match=r"declare it in __init__, by self\.declare_state\(other=array\)"):
        layer.update(other=1.0)
    with pytest.raises(ValueError, match="shape"):
        layer.update(total=np.zeros(3))
    assert layer.calls.item() == 2.0


def test_state_is_no_parameter_when_a_layer_is_unfrozen():
    model = nn.Sequential(Count(), nn.BatchNorm(2, dtype=np.float64))
    model.requires_grad_(False)
    assert model.parameters() == []
    model.requires_grad_(True)
    assert [name for name, _ in model.named_parameters()] == ["layers.0.weight", "layers.1.scale", "layers.1.shift"]
    assert [each.name for each in model.states()] == [
        "Count.calls",
        "Count.total",
        "BatchNorm.mean",
        "BatchNorm.variance",
    ]
    twin = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    twin(np.ones((3, 2)))
    assert (twin[0].calls.item(), model[0].calls.item()) == (1.0, 0.0)


def test_arrays_that_are_not_saved_are_told():
    class Table(nn.Layer):
        def __init__(self):
            self.table = np.ones(3)
            self._made_anew = np.ones(3)

    with pytest.warns(UserWarning, match=r"Table\.table is an array, which state_dict\(\) leaves out; .*declare_state"):
        assert nn.Sequential(Table()).state_dict() == {}


def test_astype_is_a_copy_in_another_dtype():
    tied = nn.Dense(2, 2, rng=0)
    model = nn.Sequential(tied, nn.BatchNorm(2), tied)
    wide = model.astype(np.float64)
    assert {array.dtype for array in wide.state_dict().values()} == {np.dtype(np.float64)}
    assert wide[0] is wide[2]
    assert wide(np.ones((3, 2))).dtype == np.float64
    assert {array.dtype for array in model.state_dict().values()} == {np.dtype(np.float32)}
    for name, array in model.state_dict().items():
        if "mean" not in name and "variance" not in name:
            np.testing.assert_array_equal(wide.state_dict()[name], array)
    with pytest.raises(TypeError, match="a floating dtype, not int64"):
        model.astype(int)


def test_slices_of_sequential_share_their_layers():
    model = nn.Sequential(nn.Dense(2, 3, rng=0), nn.Tanh(), nn.Dense(3, 1, rng=1))
    assert isinstance(model[:2], nn.Sequential)
    assert [*model[1:]] == [model[1], model[2]]
    x = np.ones((4, 2), np.float32)
    np.testing.assert_array_equal(model[2](model[:2](x)).data, model(x).data)


def test_apply_and_zero_grad():
    model = nn.Sequential(nn.Dense(2, 3, rng=0), nn.Sequential(nn.Dropout(0.5)))
    seen = []
    assert model.apply(seen.append) is model
    assert seen == [model[0], model[1][0], model[1], model]
    model(np.ones((1, 2), np.float32)).sum().backward()
    assert all(each.grad is not None for each in model.parameters())
    model.zero_grad()
    assert all(each.grad is None for each in model.parameters())


def test_call_with_other_parameters():
    tied = nn.Dense(2, 2, rng=0, dtype=np.float64)
    model = nn.Sequential(tied, nn.Tanh(), tied, nn.BatchNorm(2, dtype=np.float64))
    x, y = np.random.default_rng(0).normal(size=(5, 2)), np.array([0, 1, 1, 0, 1])
    values = {name: each.numpy() for name, each in model.named_parameters()}

    def loss(values):
        return losses.cross_entropy(model.call_with(values, x), y)

    slopes = mg.grad(loss)(values)
    losses.cross_entropy(model(x), y).backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(slopes[name], parameter.grad.data, rtol=1e-12)
    before = {name: array.copy() for name, array in values.items()}
    loss({"layers.0.bias": np.ones(2)})
    for name, parameter in model.named_parameters():
        np.testing.assert_array_equal(parameter.data, before[name])
    assert mg.hessian(lambda bias: loss({"layers.0.bias": bias}))(np.ones(2)).shape == (2, 2)
    with pytest.raises(KeyError, match=r"unexpected layers\.0\.wieght"):
        model.call_with({"layers.0.wieght": np.ones(2)}, x)
    with pytest.raises(ValueError, match=r"layers\.0\.bias has shape"):
        model.call_with({"layers.0.bias": np.ones(3)}, x)


def test_gradients_of_each_example():
    model = nn.Dense(2, 3, rng=0, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(4, 2))
    values = {name: each.numpy() for name, each in model.named_parameters()}
    each = mg.jacobian(lambda values: (model.call_with(values, x) ** 2).sum(axis=1))(values)
    for number in range(4):
        model.zero_grad()
        (model(x[number : number + 1]) ** 2).sum().backward()
        np.testing.assert_allclose(each["weight"][number], model.weight.grad.data, rtol=1e-12)


def test_summary_shows_attributes_and_state(capsys):
    model = nn.Sequential(nn.Dense(2, 3), nn.BatchNorm(3))
    lines = [line.split() for line in model.summary().splitlines()]
    assert lines[0] == ["layer", "output", "shape", "parameters", "state"]
    assert lines[2] == ["Sequential", "(N,", "3)", "15", "6"]
    assert lines[4] == ["layers.1:", "BatchNorm(3)", "(N,", "3)", "6", "6"]


class Pair(nn.Layer):
    def __init__(self):
        self.weight = mg.Tensor(np.ones(2), requires_grad=True)
        self.declare_state(new=np.zeros(2), old=np.zeros(2))

    def forward(self, x):
        y = x * self.weight * (1.0 + self.old)
        self.update(new=np.mean(x, axis=0), old=self.new)
        return y


def test_all_state_is_updated_at_once():
    layer = Pair()
    for value in (1.0, 2.0):
        layer(np.full((3, 2), value))
    np.testing.assert_array_equal([layer.new.data, layer.old.data], [[2.0, 2.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="old has shape"):
        layer.update(new=np.zeros(2), old=np.zeros(3))
    np.testing.assert_array_equal(layer.new.data, 2.0)


@pytest.mark.parametrize("compile", [True, {"engine": "jax"}])
def test_state_may_be_used_and_updated_in_one_compiled_step(compile):
    if compile is not True:
        pytest.importorskip("jax")

    def run(compile):
        layer = Pair()
        optimizer = optim.SGD(layer.parameters(), lr=0.1)
        data = [(np.full((3, 2), value), np.zeros((3, 2))) for value in (1.0, 2.0, 3.0)]
        mg.train(layer, losses.mse, optimizer, data, epochs=2, progress=False, compile=compile)
        return layer.state_dict()

    compiled = run(compile)
    for name, array in run(False).items():
        np.testing.assert_allclose(compiled[name], array, rtol=1e-12)


def test_names_and_values_that_do_not_fit_are_told():
    class Bad(nn.Layer):
        def __init__(self):
            self.declare_state(training=np.zeros(2))

    with pytest.raises(ValueError, match="Bad has training already"):
        Bad()
    tied = nn.Dense(2, 2, rng=0)
    model = nn.Sequential(tied, tied, nn.BatchNorm(2))
    x = np.ones((3, 2), np.float32)
    with pytest.raises(ValueError, match=r"layers\.1\.weight is one Tensor with an earlier path"):
        model.call_with({"layers.0.weight": np.ones((2, 2)), "layers.1.weight": np.zeros((2, 2))}, x)
    with pytest.raises(ValueError, match=r"layers\.2\.mean is state"):
        model.call_with({"layers.2.mean": np.ones(2)}, x)


def test_layers_may_be_abstract_and_hold_whole_numbers():
    class Abstract(nn.Layer, abc.ABC):
        def __init__(self):
            self.places = mg.Tensor(np.arange(3))

    assert Abstract().requires_grad_(True).parameters() == []


def test_the_summary_of_a_model_that_takes_whole_numbers():
    model = nn.Sequential(nn.Embedding(5, 3), nn.GRU(3, 2, "last"), nn.Dense(2, 1))
    assert "(N, 7, 3)" in model.summary((7,))
    assert "Embedding(5, 3)" in model.summary()


def test_a_copy_in_another_dtype_shares_the_random_generators():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Dropout(0.5, rng=rng), nn.Sequential(nn.Dropout(0.5, rng=rng)))
    twin = model.astype(np.float64)
    assert twin is not model
    assert twin[0] is not model[0]
    assert twin[0].rng is twin[1][0].rng is rng
