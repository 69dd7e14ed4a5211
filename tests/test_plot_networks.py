"""Do pictures of a network show what is in it, and leave it as it was?"""

import random
import time

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import minigrad as mg
from minigrad import losses, nn, plot
from minigrad.plot.figures import CLASSES


class Drawing(nn.Layer):
    """Adds noise from generators of every kind, in evaluation too."""

    def __init__(self):
        self.sources = {"old": np.random.RandomState(0), "python": [random.Random(0), np.random.default_rng(0)]}

    def forward(self, x):
        python, new = self.sources["python"]
        return x + self.sources["old"].normal() + python.random() + new.normal()


class Noisy(nn.Layer):
    """Counts its calls and adds noise, in evaluation too."""

    def __init__(self, rng):
        self.rng = rng
        self.declare_state(calls=np.zeros(()))

    def forward(self, x):
        self.update(calls=self.calls + 1.0)
        return x + self.rng.normal(0.0, 0.01, np.shape(x))


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    layers = [nn.Dense(2, 6, rng=rng), nn.BatchNorm(6), nn.Tanh(), Noisy(rng), nn.Dropout(0.5, rng=3)]
    return nn.Sequential(*layers, nn.Dense(6, 3, rng=rng))


X = np.random.default_rng(1).normal(size=(40, 2)).astype(np.float32)
Y = np.random.default_rng(2).integers(0, 3, 40)
PICTURES = {
    "decision_boundary": lambda model: plot.decision_boundary(model, X, Y),
    "hidden_pca": lambda model: plot.hidden_pca(model, X, Y, "layers.2"),
    "loss_surface": lambda model: plot.loss_surface(model, losses.cross_entropy, [(X, Y)], points=3, rng=0),
    "distributions": plot.distributions,
    "gradients": lambda model: plot.distributions(model, of="gradients"),
    "filters": lambda model: plot.filters(model, shape=(1, 2)),
}


def everything(model):
    """What a picture may not change."""
    generators = [model.layers[3].rng, model.layers[4].rng]
    return {
        "modes": [layer.training for layer in (model, *model.layers)],
        "arrays": {name: array.tobytes() for name, array in model.state_dict().items()},
        "gradients": [parameter.grad.numpy().tobytes() for parameter in model.parameters()],
        "generators": [generator.bit_generator.state for generator in generators],
    }


@pytest.mark.parametrize("name", PICTURES)
def test_a_model_is_as_it_was_before_the_picture(name, model):
    losses.cross_entropy(model(X), Y).backward()
    model.layers[2].eval()
    before, tensors = everything(model), dict(model.named_tensors())
    figure = PICTURES[name](model)
    assert everything(model) == before
    assert all(tensors[path] is tensor for path, tensor in model.named_tensors())
    figure.draw_without_rendering()
    assert all(ax.get_title() or figure.get_suptitle() for ax in figure.axes[:1])


def test_generators_of_every_kind_stand_where_they_stood():
    model, fresh = nn.Sequential(Drawing(), nn.Dense(2, 3, rng=0)), Drawing()
    plot.decision_boundary(model, X, Y)
    np.testing.assert_array_equal(model.layers[0](X), fresh(X))


def test_a_model_is_as_it_was_also_after_an_error(model):
    losses.cross_entropy(model(X), Y).backward()
    before = everything(model)
    calls = []

    def loss(prediction, y):
        calls.append(prediction)
        if len(calls) == 5:
            raise RuntimeError("broken loss")
        return losses.cross_entropy(prediction, y)

    with pytest.raises(RuntimeError, match="broken loss"):
        plot.loss_surface(model, loss, [(X, Y)], points=3)
    with pytest.raises(ValueError, match="labels go from 0 to 2"):
        plot.decision_boundary(model, X, Y + 1)
    assert everything(model) == before


def test_a_decision_boundary_lies_where_the_class_changes():
    model = nn.Dense(2, 2, rng=0)
    model.load_state_dict({"weight": np.array([[-1.0, 1.0], [0.0, 0.0]]), "bias": np.array([0.5, -0.5])})
    x, y = np.array([[-1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), np.array([0, 1, 1])
    figure = plot.decision_boundary(model, x, y, names=["no", "yes"])
    ax = figure.axes[0]
    ground = ax.images[0].get_array()
    left, right, low, high = ax.images[0].get_extent()
    assert left < -1.0 < 2.0 < right
    assert low < 0.0 < 3.0 < high
    # Which of the two colours a place has, the hue tells.
    column = int((0.4 - left) / (right - left) * ground.shape[1])
    blue, orange = (np.array(to_rgb(CLASSES[label])) for label in (0, 1))
    assert ((1 - ground[:, column - 3]) @ (1 - blue) > (1 - ground[:, column - 3]) @ (1 - orange)).all()
    assert ((1 - ground[:, column + 6]) @ (1 - orange) > (1 - ground[:, column + 6]) @ (1 - blue)).all()
    for line in ax.collections[0].get_paths():
        np.testing.assert_allclose(line.vertices[:, 0], 0.5, atol=1e-6)
    drawn = {
        each.get_label(): each.get_offsets().tolist() for each in ax.collections if each.get_label() in ("no", "yes")
    }
    assert drawn == {"no": x[:1].tolist(), "yes": x[1:].tolist()}
    assert figure.axes[1].get_ylabel() == "probability of the predicted class"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("feature 0", "feature 1")


@pytest.mark.parametrize("last", [nn.Softmax(), nn.LogSoftmax(), nn.Identity()])
def test_a_decision_boundary_is_the_same_for_scores_and_probabilities(last):
    model = nn.Dense(2, 3, rng=0)
    grounds = [
        plot.decision_boundary(each, X, Y).axes[0].images[0].get_array() for each in (model, nn.Sequential(model, last))
    ]
    assert np.mean(np.abs(grounds[0] - grounds[1]) > 1e-6) < 1e-3


def test_a_decision_boundary_of_one_output_one_class_and_one_sample():
    model = nn.Sequential(nn.Dense(2, 1, rng=0), nn.Sigmoid())
    figure = plot.decision_boundary(model, X[:1], Y[:1] * 0)
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["0"]
    with pytest.raises(ValueError, match=r"nn\.Sequential\(model, nn\.Sigmoid\(\)\)"):
        plot.decision_boundary(model.layers[0], X, Y * 0)


def test_a_picture_of_a_hidden_layer_has_its_principal_components(model):
    figure = plot.hidden_pca(model, X, Y, "layers.2", names=["a", "b", "c"])
    (ax,) = figure.axes
    hidden = mg.predict(model[:3], X).astype(np.float64)
    centred = hidden - hidden.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    drawn = np.concatenate([each.get_offsets() for each in ax.collections])
    expected = u[:, :2] * s[:2]
    np.testing.assert_allclose(np.sort(np.abs(drawn), axis=0), np.sort(np.abs(expected), axis=0), atol=1e-6)
    share = 100 * s**2 / np.sum(s**2)
    assert ax.get_xlabel() == f"first principal component ({share[0]:.1f}% of the variance)"
    assert ax.get_ylabel() == f"second principal component ({share[1]:.1f}%)"
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]


def test_more_numbers_than_samples_have_the_same_principal_components():
    x = np.random.default_rng(0).normal(size=(7, 5))
    wide = nn.Sequential(nn.Dense(5, 30, rng=0), nn.Identity())
    (ax,) = plot.hidden_pca(wide, x, np.arange(7), "layers.0").axes
    hidden = mg.predict(wide, x)
    sizes = np.linalg.svd(hidden - hidden.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(ax.collections[0].get_offsets(), axis=0), sizes[:2], rtol=1e-5)


def test_names_of_classes_do_not_stand_on_each_other():
    x = np.random.default_rng(0).normal(size=(200, 2))
    figure = plot.hidden_pca(nn.Sequential(nn.Identity()), x, np.arange(200) % 10, "layers.0")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 10
    assert not any(first.overlaps(second) for i, first in enumerate(boxes) for second in boxes[:i])


def test_names_of_very_many_classes_take_no_minute():
    rng, start = np.random.default_rng(0), time.perf_counter()
    plot.hidden_pca(nn.Sequential(nn.Dense(2, 6, rng=0)), rng.normal(size=(600, 2)), np.arange(600), "layers.0")
    assert time.perf_counter() - start < 30.0


def test_kernels_stand_in_a_grid():
    conv = nn.Conv(2, 5, (3, 2), rng=0)
    (ax,) = plot.filters(nn.Sequential(nn.Sequential(nn.ReLU(), conv))).axes
    whole, kernels = ax.images[0].get_array(), conv.weight.numpy().astype(float)
    assert np.isin(kernels, whole.compressed()).all()
    assert whole.compressed().size == kernels.size
    np.testing.assert_allclose(whole[:3, :2], kernels[0, 0])
    np.testing.assert_allclose(whole[:3, 3:5], kernels[0, 1])
    limit = np.abs(kernels).max()
    np.testing.assert_allclose(ax.images[0].get_clim(), (-limit, limit))
    assert ax.get_title() == "Conv(2, 5, (3, 2))\n5 kernels, 3 by 2, 2 channels"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("channel", "kernel")


def test_weights_of_units_are_images():
    dense = nn.Dense(12, 4, rng=0)
    for shape in ((3, 4), (1, 3, 4)):
        (ax,) = plot.filters(nn.Sequential(nn.Flatten(), dense), shape=shape).axes
        whole = ax.images[0].get_array()
        np.testing.assert_allclose(whole[:3, :4], dense.weight.numpy()[:, 0].reshape(3, 4))
        np.testing.assert_allclose(whole[4:, 5:], dense.weight.numpy()[:, 3].reshape(3, 4))
        assert [label.get_text() for label in ax.get_yticklabels()] == ["0\N{EN DASH}1", "2\N{EN DASH}3"]


def test_distributions_have_a_row_for_each_parameter(model):
    figure = plot.distributions(model)
    (ax,) = figure.axes
    paths = [name for name, _ in model.named_parameters()]
    assert [label.get_text() for label in ax.get_yticklabels()] == paths
    assert len(ax.patches) == len(paths)
    weight = model.layers[0].weight.numpy().astype(float)
    assert ax.texts[0].get_text().replace("\N{MINUS SIGN}", "-") == f"{weight.mean():.2g} ± {weight.std():.2g}"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("value", "parameter")


def test_gradients_of_no_size_or_none_or_nan_are_told():
    model = nn.Sequential(nn.Dense(2, 3, rng=0), nn.ReLU(), nn.Dense(3, 2, rng=0), nn.Dense(2, 2, rng=0))
    model.layers[0].weight.data[...] = 0.0
    model.layers[0].bias.data[...] = -1.0
    losses.cross_entropy(model[:3](X[:, :2]), Y % 2).backward()
    model.layers[2].bias.grad.data[0] = np.nan
    model.layers[2].bias.grad.data[1] = 1e-3
    (ax,) = plot.distributions(model, of="gradients").axes
    notes = [text.get_text().replace("\N{MINUS SIGN}", "-") for text in ax.texts]
    assert notes[:2] == ["all are 0", "all are 0"]
    assert notes[2] == "all are 0"
    assert notes[3] == "1.0e-03, 1 not finite"
    assert notes[4:] == ["no gradient", "no gradient", "root mean square"]
    frozen = nn.Dense(3, 2, rng=0)
    frozen.weight.data[...] = np.nan
    assert plot.distributions(frozen).axes[0].texts[0].get_text() == "6 not finite"


class Weights(nn.Layer):
    """Gives its parameters themselves."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.matrix = mg.Tensor(rng.normal(size=(3, 4)) * 5.0, requires_grad=True)
        self.kernels = mg.Tensor(rng.normal(size=(2, 3, 2, 2)) * 0.1, requires_grad=True)
        self.bias = mg.Tensor(np.ones(4), requires_grad=True)

    def forward(self, x):
        return self.matrix, self.kernels, self.bias


def test_directions_are_as_long_as_each_filter():
    seen, model = [], Weights()

    def loss(prediction, y):
        seen.append([each.numpy() for each in prediction])
        return float(len(seen))

    figure = plot.loss_surface(model, loss, [(np.ones(2), None)], directions=1, size=0.5, points=3, rng=7)
    (matrix, kernels, bias), here, (other, *_) = seen
    for own, found in zip((model.matrix, model.kernels, model.bias), here, strict=True):
        np.testing.assert_array_equal(own.numpy(), found)
    moved = matrix - here[0]
    np.testing.assert_allclose(np.linalg.norm(moved, axis=0), 0.5 * np.linalg.norm(here[0], axis=0))
    np.testing.assert_allclose(other - here[0], -moved)
    lengths = [np.linalg.norm(each.reshape(2, -1), axis=1) for each in (kernels - here[1], here[1])]
    np.testing.assert_allclose(lengths[0], 0.5 * lengths[1])
    np.testing.assert_array_equal(bias, here[2])
    assert figure.axes[0].lines[0].get_ydata().tolist() == [1.0, 2.0, 3.0]
    assert figure.axes[0].get_title() == "Loss around the parameters\n2 samples"


def test_a_loss_surface_is_the_mean_over_all_samples():
    model = nn.Dense(2, 3, rng=0)
    whole, parts = [(X, Y)], mg.batches(X, Y, 7, rng=0)
    shown = [
        plot.loss_surface(model, losses.cross_entropy, data, directions=1, points=5, rng=0).axes[0].lines[0].get_ydata()
        for data in (whole, parts)
    ]
    np.testing.assert_allclose(*shown, rtol=1e-5)
    assert shown[0][2] == pytest.approx(mg.evaluate(model, losses.cross_entropy, whole)["loss"])
    figure = plot.loss_surface(model, losses.cross_entropy, whole, points=5, rng=0)
    assert figure.axes[0].get_xlabel() == "direction 1 (norms of the filters)"
    assert figure.axes[0].child_axes[0].get_ylabel().startswith("loss")


@pytest.mark.parametrize("size", [2, np.int64(2), np.float32(2.0)])
def test_a_size_may_be_any_real_number(size):
    (ax, *_) = plot.loss_surface(nn.Dense(2, 3, rng=0), losses.cross_entropy, [(X, Y)], 1, size, 3, rng=0).axes
    assert ax.lines[0].get_xdata().tolist() == [-2.0, 0.0, 2.0]


@pytest.mark.parametrize("directions", [1, 2])
def test_points_without_a_finite_loss_are_left_out(directions):
    calls = []

    def loss(prediction, y):
        calls.append(prediction)
        return np.inf if len(calls) == 1 else 10.0 ** len(calls)

    figure = plot.loss_surface(nn.Dense(2, 3, rng=0), loss, [(X, Y)], directions, points=3)
    assert figure.axes[0].get_title() == "Loss around the parameters\n40 samples, 1 point not finite"
    assert len(calls) == 3**directions
    figure.draw_without_rendering()
    plot.loss_surface(nn.Dense(2, 3, rng=0), lambda prediction, y: 2.0, [(X, Y)], directions, points=3)


def test_a_layer_that_is_called_twice_has_no_single_output():
    inner = nn.Dense(2, 2, rng=0)
    with pytest.raises(ValueError, match=r"layers\.0 is called 2 times"):
        plot.hidden_pca(nn.Sequential(inner, inner), X, Y, "layers.0")


def test_more_than_ten_classes_differ_by_their_markers():
    x = np.random.default_rng(0).normal(size=(60, 2))
    (ax,) = plot.hidden_pca(nn.Sequential(nn.Identity()), x, np.arange(60) % 12, "layers.0").axes
    assert [len(each.get_offsets()) for each in ax.collections] == [50, 10]
