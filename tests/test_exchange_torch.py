"""Are arrays of a state_dict found by their names in PyTorch, and is what does not fit named, without PyTorch?"""

import subprocess
import sys

import numpy as np
import pytest
from safetensors import numpy as safetensors

import minigrad as mg
from minigrad import nn
from minigrad.exchange import from_torch_state, to_torch_state

RNG = np.random.default_rng(0)


def model():
    return nn.Sequential(nn.Conv(1, 2, 3), nn.BatchNorm(2), nn.Flatten(), nn.Dense(32, 3))


def test_names_and_shapes():
    assert {name: (array.shape, str(array.dtype)) for name, array in to_torch_state(model()).items()} == {
        "0.weight": ((2, 1, 3, 3), "float32"),
        "0.bias": ((2,), "float32"),
        "1.weight": ((2,), "float32"),
        "1.bias": ((2,), "float32"),
        "1.running_mean": ((2,), "float32"),
        "1.running_var": ((2,), "float32"),
        "1.num_batches_tracked": ((), "int64"),
        "3.weight": ((3, 32), "float32"),
        "3.bias": ((3,), "float32"),
    }


def test_layers_of_recurrent_layers_alone_are_one_module():
    stack = nn.Sequential(nn.GRU(3, 4), nn.GRU(4, 4))
    assert list(to_torch_state(stack))[::4] == ["weight_ih_l0", "weight_ih_l1"]
    mixed = nn.Sequential(nn.GRU(3, 4), nn.GRU(4, 5))
    assert list(to_torch_state(mixed))[::4] == ["0.weight_ih_l0", "1.weight_ih_l0"]
    assert next(iter(to_torch_state(nn.Sequential(nn.GRU(3, 4), nn.Tanh())))) == "0.weight_ih_l0"


def test_two_biases_are_added():
    layer = nn.RNN(2, 3)
    state = to_torch_state(layer)
    state["bias_ih_l0"], state["bias_hh_l0"] = np.arange(3.0), np.full(3, 10.0)
    from_torch_state(layer, state)
    np.testing.assert_array_equal(layer.forwards.bias.numpy(), [10.0, 11.0, 12.0])
    np.testing.assert_array_equal(to_torch_state(layer)["bias_hh_l0"], 0.0)


def test_layers_of_the_users_own():
    class Scaled(nn.Layer):
        def __init__(self):
            self.factor = mg.Tensor(np.ones((2, 3)), requires_grad=True)
            self.parts = {"a": nn.Residual(nn.Dense(3, 3), nn.Identity())}

    class Own(nn.Dense):
        pass

    assert list(to_torch_state(Scaled())) == ["factor", "parts.a.inner.weight", "parts.a.inner.bias"]
    assert to_torch_state(Own(2, 3))["weight"].shape == (3, 2)


def test_what_a_subclass_holds_beside_the_layer_it_is():
    class Scaled(nn.Dense):
        def __init__(self):
            super().__init__(2, 3)
            self.scale = mg.Tensor(np.ones(3), requires_grad=True)
            self.inner = nn.BatchNorm(3)

    layer = Scaled()
    state = to_torch_state(layer)
    assert list(state)[:4] == ["weight", "bias", "scale", "inner.weight"]
    from_torch_state(layer, {**state, "scale": np.full(3, 2.0)})
    np.testing.assert_array_equal(layer.scale.numpy(), 2.0)
    for make in (lambda: nn.LSTM(2, 3, both_directions=True), lambda: nn.MultiHeadAttention(4, 2), model):
        own = make()
        given = to_torch_state(own)
        assert not [name for name in given if "forwards" in name or "query" in name or "scale" in name]


def test_two_biases_of_half_precision_are_added_in_that_of_the_model():
    layer = nn.RNN(2, 3)
    state = to_torch_state(layer)
    state["bias_ih_l0"], state["bias_hh_l0"] = np.full(3, 1.0, np.float16), np.full(3, 0.0001, np.float16)
    from_torch_state(layer, state)
    np.testing.assert_allclose(layer.forwards.bias.numpy(), 1.0001, rtol=1e-6)


def test_names_that_differ():
    first, second = model(), model()
    names = {"0": "features.conv", "3": "head", "3.bias": "offset", "1.running_mean": "norm.mean"}
    state = to_torch_state(first, names)
    assert {"features.conv.weight", "head.weight", "offset", "norm.mean", "1.running_var"} < state.keys()
    from_torch_state(second, state, names)
    for name, array in first.state_dict().items():
        np.testing.assert_array_equal(second.state_dict()[name], array)
    assert list(to_torch_state(nn.Dense(2, 2), {"": "module"})) == ["module.weight", "module.bias"]
    with pytest.raises(KeyError, match=r"names has '4', with which no name begins; they are 0.weight, 0.bias"):
        to_torch_state(first, {"4": "x"})
    with pytest.raises(ValueError, match=r"two arrays would be called 0.weight, 0.weight and 3.weight"):
        to_torch_state(first, {"3": "0"})


def test_a_file_of_safetensors(tmp_path):
    first, second = model(), model()
    safetensors.save_file(to_torch_state(first), tmp_path / "model.safetensors")
    state = safetensors.load_file(tmp_path / "model.safetensors")
    del state["1.num_batches_tracked"]  # older files lack it
    from_torch_state(second, state)
    np.testing.assert_array_equal(second[3].weight.numpy(), first[3].weight.numpy())


def test_copies_are_given():
    layer = nn.Dense(2, 2)
    state = to_torch_state(layer)
    state["bias"][...] = 5.0
    assert np.all(layer.bias.numpy() == 0.0)
    from_torch_state(layer, state)
    state["bias"][...] = 6.0
    assert np.all(layer.bias.numpy() == 5.0)


def test_what_does_not_fit_is_named_and_nothing_is_written():
    layer = nn.Sequential(nn.Dense(3, 2), nn.LSTM(2, 2))
    before, good = layer.state_dict(), to_torch_state(layer)
    wrong = [
        ({**good, "0.weight": np.ones((3, 2))}, ValueError,
         r"0.weight has shape \(3, 2\) in the state; Dense\(3, 2\) here needs \(2, 3\)"),
        ({**good, "1.bias_hh_l0": np.ones(4)}, ValueError, r"\(4,\) in the state; LSTM\(2, 2\) here needs \(8,\)"),
        ({name: array for name, array in good.items() if name != "0.bias"} | {"0.biases": np.ones(2)}, KeyError,
         r"does not fit Sequential: missing 0.bias; unexpected 0.biases \(did you mean 0.bias\?\); where names differ"),
        ({**good, "1.weight_hr_l0": np.ones((1, 2))}, KeyError, "unexpected 1.weight_hr_l0"),
        ({**good, "0.bias": np.array(["a", "b"])}, TypeError, "0.bias holds <U1, not real numbers"),
        ({**good, "0.bias": [[1.0], [1.0, 2.0]]}, TypeError, "0.bias gives no array"),
        ([1, 2], TypeError, r"takes a state_dict, not a list; write module.state_dict\(\)"),
    ]  # fmt: skip
    for state, kind, message in wrong:
        with pytest.raises(kind, match=message):
            from_torch_state(layer, state)
    for name, array in before.items():
        np.testing.assert_array_equal(layer.state_dict()[name], array)
    for use in (lambda: from_torch_state(np.ones(2), good), lambda: to_torch_state("model")):
        with pytest.raises(TypeError, match=r"torch_state takes an nn.Layer, not a \w+"):
            use()


def test_dtypes_are_those_of_the_model():
    layer = nn.Dense(2, 2)
    from_torch_state(layer, {"weight": np.ones((2, 2), np.float16), "bias": np.ones(2)})
    assert layer.weight.dtype == layer.bias.dtype == np.float32


def test_torch_is_not_imported():
    code = (
        "import sys, minigrad as mg; mg.exchange.to_torch_state(mg.nn.Dense(2, 2)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
