"""What do people see of the objects that they have made, in a terminal and in a notebook?"""

import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim, testing


def seen(thing):
    """The text of what a notebook shows, which has to be HTML without mistakes."""
    return " ".join("".join(ElementTree.fromstring(thing._repr_html_()).itertext()).split())


def cells(thing):
    """The rows of its table."""
    table = ElementTree.fromstring(thing._repr_html_()).find("table")
    return [[cell.text or "" for cell in row] for row in table.iter("tr")]


@pytest.fixture
def model():
    return nn.Sequential(nn.Dense(2, 4, rng=0), nn.Tanh(), nn.Sequential(nn.Dense(4, 3, bias=False, rng=0), nn.ReLU()))


def test_a_tensor_tells_its_kind_its_values_and_its_gradient():
    x = mg.Tensor([[1.0, 2.0]], requires_grad=True, name="x")
    y = x * 2.0
    assert seen(x) == "Tensor x, shape (1, 2), float64, requires grad[[1., 2.]]"
    assert seen(y) == "Tensor, shape (1, 2), float64, from multiply[[2., 4.]]"
    y.sum().backward()
    assert seen(x).endswith("gradient[[2., 2.]]")
    assert seen(mg.Tensor(1, dtype=np.float32)) == "Tensor, 0-d, float321."


def test_a_large_tensor_is_shown_in_part():
    assert len(mg.Tensor(np.zeros((1000, 1000)))._repr_html_()) < 2000


def test_names_are_text_and_not_html():
    assert "Tensor <b>&, shape" in seen(mg.Tensor([1.0], name="<b>&"))


def test_a_tensor_inside_of_a_recording_can_be_looked_at():
    looked = []

    def f(x):
        looked.append(seen(x * 2.0))
        return (x * 2.0).sum()

    mg.program(f, np.ones(3))
    assert all(re.match(r"Tensor, shape \(\d+,\), float64, from multiply", text) for text in looked)


def test_a_gradient_inside_of_a_recording_can_be_looked_at(model):
    looked = []

    def f(model, x):
        loss = (model(x) ** 2).mean()
        loss.backward()
        looked.extend(seen(parameter) for parameter in model.parameters())
        return loss

    mg.program(f, model, np.ones((3, 2), np.float32))
    assert looked
    assert all("requires grad" in text and "gradient" in text for text in looked)


def test_a_model_is_written_as_the_call_that_makes_it(model):
    assert repr(model) == "Sequential(Dense(2, 4), Tanh(), Sequential(Dense(4, 3, bias=False), ReLU()))"
    twice = nn.Sequential(model, model)
    assert repr(twice) == (
        "Sequential(\n"
        "    Sequential(Dense(2, 4), Tanh(), Sequential(Dense(4, 3, bias=False), ReLU())),\n"
        "    Sequential(Dense(2, 4), Tanh(), Sequential(Dense(4, 3, bias=False), ReLU())),\n"
        ")"
    )


class Pair(nn.Layer):
    def __init__(self, first, others):
        self.first, self.others = first, others

    def forward(self, x):
        raise AssertionError("looking at a model does not call it")


def test_a_layer_of_ones_own_shows_its_attributes(model):
    pair = Pair(nn.Tanh(), [nn.Dense(2, 3, rng=0), nn.ReLU()])
    assert repr(pair) == "Pair(first=Tanh(), others.0=Dense(2, 3), others.1=ReLU())"
    assert repr(Pair(None, [])) == "Pair()"
    pair.first = pair
    assert repr(pair) == "Pair(first=..., others.0=Dense(2, 3), others.1=ReLU())"


def test_a_model_in_a_notebook_is_a_table_of_paths_and_parameters(model):
    pair = Pair(model, [nn.Dense(2, 3, rng=0)])
    assert cells(pair) == [
        ["", "layer", "parameters"],
        ["first", "Sequential", "24"],
        ["first.layers.0", "Dense(2, 4)", "12"],
        ["first.layers.1", "Tanh()", "0"],
        ["first.layers.2", "Sequential", "12"],
        ["first.layers.2.layers.0", "Dense(4, 3, bias=False)", "12"],
        ["first.layers.2.layers.1", "ReLU()", "0"],
        ["others.0", "Dense(2, 3)", "9"],
    ]
    paths = {path.rpartition(".")[0] for path, _ in pair.named_parameters()}
    assert paths <= {row[0] for row in cells(pair)}
    assert seen(pair).startswith("Pair, 33 parameters")
    assert "evaluating" in seen(pair.eval())
    assert seen(nn.Dense(2, 3, rng=0)) == "Dense, 9 parametersDense(2, 3)"


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (lambda p: optim.SGD(p, lr=0.1), "SGD(lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0)"),
        (lambda p: optim.Adam(p, max_norm=2), "Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, max_norm=2.0)"),
        (lambda p: optim.AdamW(p, lr=0.1), "AdamW(lr=0.1, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)"),
        (lambda p: optim.RMSprop(p), "RMSprop(lr=0.01, decay=0.9, eps=1e-08, momentum=0.0)"),
        (lambda p: optim.SGD(p, optim.cosine(0.5, 9), momentum=0.5), "SGD(lr=schedule, now 0.5, momentum=0.5, "),
        (lambda p: optim.SGD(p, lambda step: 1 // 0), "SGD(lr=schedule, momentum=0.0, "),
    ],
)
def test_an_optimiser_shows_its_settings_and_how_far_it_is(model, make, settings):
    optimizer = make(model.parameters())
    assert repr(optimizer).startswith(f"<{settings}")
    assert repr(optimizer).endswith("): 3 parameters of 24 numbers, 0 steps taken>")
    shown = dict(cells(optimizer)[1:])
    assert all(f"{name}={value}" in repr(optimizer) for name, value in shown.items())


def test_what_is_shown_can_be_given_again(model):
    """The settings are called as the arguments are, so that an optimiser can be made of them."""
    for kind in (optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop):
        shown = dict(cells(kind(model.parameters(), lr=0.25, max_norm=1.5))[1:])
        again = kind(model.parameters(), **{name: eval(value) for name, value in shown.items()})
        assert dict(cells(again)[1:]) == shown


def test_an_optimiser_inside_of_a_recording_can_be_looked_at(model):
    looked = []

    def step(optimizer, x):
        loss = (model(x) ** 2).mean()
        loss.backward()
        looked.append(repr(optimizer))
        optimizer.step()
        return loss

    optimizer = optim.Adam(model.parameters(), lr=0.1)
    mg.program(step, optimizer, np.ones((3, 2), np.float32))
    assert all(text.startswith("<Adam(lr=0.1, ") for text in looked)


def history_of(epochs):
    return mg.History([{"loss": 1.0 / (n + 1), "accuracy": 0.5, "seconds": 0.1 * n} for n in range(epochs)])


def test_a_history_tells_its_last_epoch_without_its_duration():
    assert repr(history_of(0)) == "<History of 0 epochs>"
    assert repr(history_of(1)) == "<History of 1 epoch: loss 1, accuracy 0.5>"
    assert repr(history_of(4)) == "<History of 4 epochs: loss 0.25, accuracy 0.5>"


@pytest.mark.parametrize("epochs", [0, 1, 11, 12, 1000])
def test_a_history_in_a_notebook_is_a_table_of_at_most_eleven_epochs(epochs):
    header, *rows = cells(history_of(epochs))
    assert header[0] == "epoch"
    numbers = [row[0] for row in rows]
    if epochs <= 11:
        assert numbers == [str(number) for number in range(1, epochs + 1)]
    else:
        assert numbers[:5] == list("12345")
        assert numbers[5] == "..."
        assert numbers[6:] == [str(number) for number in range(epochs - 4, epochs + 1)]


def test_batches_tell_how_many_they_are():
    assert repr(mg.batches(np.ones((10, 2)), np.ones(10), 4)) == "<Batches of 10 samples: 3 of up to 4>"


def test_a_program_in_a_notebook_is_its_code():
    program = mg.program(lambda x: np.sum(x * x), np.ones(3))
    assert " ".join(program.source().split()) in seen(program)

    def long(x):
        for _ in range(400):
            x = np.sin(x)
        return x.sum()

    assert "print(program.source())" in seen(mg.program(long, np.ones(3), wrt=[]))


def test_a_program_whose_code_is_refused_is_shown_as_calls(monkeypatch):
    program = mg.program(lambda x: np.sum(x * x), np.ones(3))

    def refused(*arguments):
        raise mg.ProgramError("no")

    monkeypatch.setattr(sys.modules["minigrad.program.views.notebook"], "source_of", refused)
    assert " ".join(program.text().split()) in seen(program)


def test_the_result_of_a_check_is_its_report_with_a_colour_for_its_verdict():
    def half(g, x):
        return 0.5 * g

    results = [
        testing.gradcheck(mg.tanh, np.ones(3)),
        testing.check_backward(np.sin, half, np.ones(3), raise_exception=False),
    ]
    colours = set()
    for result in results:
        assert seen(result).replace(" ", "") == "".join(str(result).split())
        colours.add(re.search(r"border-left:4px solid (#\w+)", result._repr_html_())[1])
    assert len(colours) == 2


def test_a_run_of_training_can_be_looked_at(model):
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(0.1, steps=4))
    data = mg.batches(np.ones((8, 2), np.float32), np.zeros(8, int), 4)
    history = mg.train(model, losses.cross_entropy, optimizer, data, epochs=2, progress=False)
    assert "4 steps taken" in seen(optimizer)
    assert "schedule, now 0" in seen(optimizer)
    assert len(cells(history)) == 3
