"""Do a model and the same model in PyTorch compute the same, with weights that went there or came from there?"""

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import nn
from minigrad.exchange import from_torch_state, to_torch_state

there = torch.nn


def first(module, x):
    return module(x)[0]


def last(module, x):
    return module(x)[0][:, -1]


class Classifier(there.Module):
    def __init__(self):
        super().__init__()
        self.embedding = there.Embedding(7, 6)
        self.blocks = there.ModuleList([there.MultiheadAttention(6, 2, batch_first=True) for _ in range(2)])
        self.norm = there.LayerNorm(6)
        self.memory = there.LSTM(6, 4, num_layers=2, batch_first=True)
        self.head = there.Sequential(there.Linear(4, 5), there.Tanh(), there.Linear(5, 2))

    def forward(self, x):
        x = self.embedding(x)
        for block in self.blocks:
            x = x + block(x, x, x)[0]
        return self.head(self.memory(self.norm(x))[0][:, -1])


class OwnClassifier(nn.Layer):
    def __init__(self):
        self.embedding = nn.Embedding(7, 6)
        self.blocks = [nn.MultiHeadAttention(6, 2) for _ in range(2)]
        self.norm = nn.LayerNorm(6)
        self.memory = nn.Sequential(nn.LSTM(6, 4), nn.LSTM(4, 4, "last"))
        self.head = nn.Sequential(nn.Dense(4, 5), nn.Tanh(), nn.Dense(5, 2))

    def forward(self, x):
        x = self.embedding(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(self.memory(self.norm(x)))


def recurrent(theirs, ours):
    """One direction, two directions, and two layers of both without biases."""
    name = ours.__name__
    return {
        name: (lambda: theirs(3, 4, batch_first=True), lambda: ours(3, 4, "last"), (2, 5, 3), last),
        f"{name} both ways": (
            lambda: theirs(3, 4, bidirectional=True, batch_first=True),
            lambda: ours(3, 4, both_directions=True),
            (2, 5, 3),
            first,
        ),
        f"{name} twice": (
            lambda: theirs(3, 4, 2, bidirectional=True, batch_first=True, bias=False),
            lambda: nn.Sequential(*[ours(size, 4, both_directions=True, bias=False) for size in (3, 8)]),
            (2, 5, 3),
            first,
        ),
    }


MODELS = {
    "perceptron": (
        lambda: there.Sequential(there.Linear(4, 5), there.ReLU(), there.Linear(5, 2, bias=False)),
        lambda: nn.Sequential(nn.Dense(4, 5), nn.ReLU(), nn.Dense(5, 2, bias=False)),
        (6, 4),
        None,
    ),
    "convolutional": (
        lambda: there.Sequential(
            *(there.Conv2d(2, 4, 3, padding=1, groups=2), there.BatchNorm2d(4), there.ReLU(), there.MaxPool2d(2)),
            *(there.ConvTranspose2d(4, 3, 3, stride=2), there.Flatten(), there.Linear(147, 3)),
        ),
        lambda: nn.Sequential(
            *(nn.Conv(2, 4, 3, padding=1, groups=2), nn.BatchNorm(4), nn.ReLU(), nn.MaxPool(2)),
            *(nn.ConvTranspose(4, 3, 3, stride=2), nn.Flatten(), nn.Dense(147, 3)),
        ),
        (5, 2, 6, 6),
        None,
    ),
    "convolutional along sequences": (
        lambda: there.Sequential(there.Conv1d(2, 4, 3, dilation=2), there.BatchNorm1d(4, affine=False)),
        lambda: nn.Sequential(nn.Conv1d(2, 4, 3, dilation=2), nn.BatchNorm(4, affine=False)),
        (5, 2, 9),
        None,
    ),
    **recurrent(there.RNN, nn.RNN),
    **recurrent(there.GRU, nn.GRU),
    **recurrent(there.LSTM, nn.LSTM),
    "attention": (
        lambda: there.MultiheadAttention(6, 2, batch_first=True),
        lambda: nn.MultiHeadAttention(6, 2),
        (2, 5, 6),
        lambda module, x: module(x, x, x)[0],
    ),
    "attention without biases": (
        lambda: there.MultiheadAttention(6, 2, batch_first=True, bias=False),
        lambda: nn.MultiHeadAttention(6, 2, bias=False),
        (2, 5, 6),
        lambda module, x: module(x, x, x)[0],
    ),
    "norms": (
        lambda: there.Sequential(there.LayerNorm((3, 4)), there.GroupNorm(3, 6), there.RMSNorm(4, eps=1e-5)),
        lambda: nn.Sequential(nn.LayerNorm((3, 4)), nn.GroupNorm(3, 6), nn.RMSNorm(4)),
        (2, 6, 3, 4),
        None,
    ),
    "classifier": (Classifier, OwnClassifier, (4, 5), None),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_goes_both_ways(name):
    make_theirs, make_ours, shape, call = MODELS[name]
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    theirs, ours = make_theirs().eval(), make_ours().eval()
    for values in theirs.state_dict().values():
        if values.is_floating_point():
            values.add_(0.2 * torch.rand_like(values))
    x = rng.integers(0, 7, shape) if name == "classifier" else rng.normal(size=shape).astype(np.float32)

    def assert_same():
        with torch.no_grad():
            expected = (call or (lambda module, x: module(x)))(theirs, torch.tensor(x)).numpy()
        np.testing.assert_allclose(mg.predict(ours, x), expected, rtol=0, atol=1e-6 * max(1.0, np.abs(expected).max()))

    from_torch_state(ours, theirs.state_dict())
    assert_same()
    for tensor in ours.parameters() + ours.states():
        tensor.data = tensor.numpy() + 0.1 * rng.random(tensor.shape, np.float32)
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in to_torch_state(ours).items()})
    assert_same()
    again = make_ours()
    from_torch_state(again, to_torch_state(ours))
    for name, array in ours.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], array)


def test_parameters_that_require_a_gradient_are_read():
    theirs, ours = there.Linear(3, 2), nn.Dense(3, 2)
    from_torch_state(ours, dict(theirs.named_parameters()))
    np.testing.assert_array_equal(ours.weight.numpy(), theirs.weight.detach().numpy().T)


def test_what_gives_no_array():
    state = {name: values.bfloat16() for name, values in there.Linear(3, 2).state_dict().items()}
    with pytest.raises(TypeError, match=r"weight gives no array \(.*BFloat16.*\); write .*value.float\(\).cpu\(\)"):
        from_torch_state(nn.Dense(3, 2), state)
