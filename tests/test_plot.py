"""Do pictures of training, predictions and gradients show the numbers that they were given?"""

import math
import subprocess
import sys

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim, plot, testing
from minigrad.plot.figures import text_colour

NAN = math.nan
RUN = [
    {"loss": 0.9, "accuracy": 0.5, "seconds": 1.0, "validation_loss": 0.8, "validation_accuracy": 0.6},
    {"loss": 0.5, "accuracy": 0.7, "seconds": 1.5, "validation_loss": 0.6, "validation_accuracy": 0.8},
    {"loss": 0.2, "accuracy": 0.9, "seconds": 1.2, "validation_loss": 0.7, "validation_accuracy": 0.7},
]


def lines(ax):
    """What is drawn, by the words of its legend."""
    return {line.get_label(): line.get_ydata() for line in ax.lines}


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_learning_curves_have_axes_for_each_quantity_and_the_best_epoch():
    figure = plot.history(mg.History(RUN))
    loss, accuracy = figure.axes
    assert (loss.get_ylabel(), accuracy.get_ylabel(), loss.get_xlabel()) == ("loss", "accuracy", "epoch")
    assert figure.get_suptitle() == "Learning curves of 3 epochs"
    np.testing.assert_array_equal(lines(loss)["training"], [0.9, 0.5, 0.2])
    np.testing.assert_array_equal(lines(accuracy)["validation"], [0.6, 0.8, 0.7])
    for ax in figure.axes:
        (best,) = [line for line in ax.lines if line.get_label() == "lowest validation loss: epoch 2"]
        assert list(best.get_xdata()) == [2, 2]
    colours = [to_rgb(line.get_color()) for line in loss.lines[:2]]
    assert sum(colours[0]) > sum(colours[1])  # the same hue, lighter


def test_learning_curves_of_chosen_quantities_are_drawn_where_asked():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot.history(RUN, ["seconds"], ax=right) is figure
    assert (right.get_ylabel(), right.get_title(), list(left.lines)) == ("time (s)", "Learning curves of 3 epochs", [])
    inner = Figure()
    assert plot.history(RUN, ["loss"], ax=inner.subfigures(1, 2)[0].subplots()) is inner
    assert len(plot.history([{f"metric {i}": 1.0 for i in range(7)}]).axes) == 7


def test_learning_curves_have_gaps_where_there_is_no_number():
    run = [{"loss": 1.0}, {"loss": NAN, "validation_loss": math.inf}, {"loss": np.float32(0.5), "validation_loss": 2.0}]
    (ax,) = plot.history(run).axes
    shown = lines(ax)
    np.testing.assert_array_equal(shown["training"], [1.0, NAN, 0.5])
    np.testing.assert_array_equal(shown["validation"], [NAN, NAN, 2.0])
    (strange,) = [line for line in ax.lines if line.get_label() == "NaN or infinite"]
    assert list(strange.get_xdata()) == [2]
    assert "lowest validation loss: epoch 3" in shown


@pytest.mark.parametrize("run", [RUN[:1], [{"loss": NAN}] * 3, [{"validation_loss": 1.0}], [{"score": 1}]])
def test_learning_curves_of_little_can_be_drawn(run):
    figure = plot.history(run)
    figure.draw_without_rendering()
    losses_are_known = any(math.isfinite(value) for name, value in run[0].items() if "loss" in name)
    assert ("lowest" in " ".join(lines(figure.axes[0]))) == losses_are_known


def test_a_schedule_is_drawn_from_the_first_step_on():
    (ax,) = plot.schedule(optim.cosine(1.0, steps=6, warmup=2), 7).axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1 / 3, 2 / 3, 1.0, 0.853553, 0.5, 0.146447, 0.0], rtol=1e-5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("steps taken", "learning rate")


def test_a_schedule_of_an_optimizer_has_the_steps_that_it_has_taken():
    model = nn.Dense(2, 1, rng=0)
    for rate, drawn in ((0.1, [0.1] * 5), (optim.step_decay(1.0, 2, 0.5), [1.0, 1.0, 0.5, 0.5, 0.25])):
        optimizer = optim.SGD(model.parameters(), lr=rate)
        assert len(plot.schedule(optimizer, 5).axes[0].lines) == 1
        for _ in range(3):
            optimizer.zero_grad()
            model(np.ones((1, 2), np.float32)).sum().backward()
            optimizer.step()
        (ax,) = plot.schedule(optimizer, 5).axes
        assert ax.lines[0].get_ydata().tolist() == drawn
        assert ax.lines[1].get_label() == "now: 3 steps taken"
        assert optimizer.steps == 3


@examples(4, 40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_a_confusion_matrix_counts_every_sample_once(pairs):
    predicted, truth = np.array(pairs).T
    names = ["a", "b", "c", "d"]
    (ax,) = plot.confusion_matrix(predicted, truth, names).axes
    counts = ax.images[0].get_array()
    assert counts.shape == (4, 4)
    for row in range(4):
        for column in range(4):
            count = sum(pair == (column, row) for pair in pairs)
            assert counts.filled(0)[row, column] == count
            assert counts.mask[row, column] == (count == 0)
    assert sorted(words(ax)) == sorted(f"{count}" for count in counts.compressed().astype(int))
    rows = plot.confusion_matrix(predicted, truth, names, normalize="target").axes[0].images[0].get_array().filled(0)
    np.testing.assert_allclose(rows.sum(axis=1), 100.0 * np.isin(range(4), truth))
    columns = plot.confusion_matrix(predicted, truth, names, "prediction").axes[0].images[0].get_array().filled(0)
    np.testing.assert_allclose(columns.sum(axis=0), 100.0 * np.isin(range(4), predicted))


SCORES = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0], [0.0, 1.0, 5.0], [4.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        (SCORES, [0, 1, 2, 1]),
        (mg.Tensor(SCORES), mg.Tensor([0, 1, 2, 1])),
        (SCORES, np.eye(3)[[0, 1, 2, 1]]),
        (np.array([0, 1, 2, 0]), np.array([0, 1, 2, 1])),
    ],
)
def test_a_confusion_matrix_takes_scores_labels_and_one_hot_rows(prediction, target):
    (ax,) = plot.confusion_matrix(prediction, target).axes
    assert ax.images[0].get_array().filled(0).tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert ax.get_title() == "Confusion matrix\n75.0% of 4 samples right"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert ax.child_axes[0].get_ylabel() == "samples"


def test_a_confusion_matrix_of_probabilities_of_two_classes():
    for shape in (-1,), (-1, 1):
        prediction, target = np.array([0.5, 0.2, 0.9]).reshape(shape), np.array([1.0, 1.0, 1.0]).reshape(shape)
        (ax,) = plot.confusion_matrix(prediction, target).axes
        assert ax.images[0].get_array().filled(0).tolist() == [[0, 0], [1, 2]]
    assert plot.confusion_matrix(np.array([0]), np.array([0])).axes[0].images[0].get_array().shape == (1, 1)


def test_numbers_in_cells_are_readable_on_their_ground_or_left_out():
    labels = np.arange(120)
    assert words(plot.confusion_matrix(labels, labels).axes[0]) == []
    assert (text_colour((1, 1, 1)), text_colour((0, 0, 0.4)), text_colour((1, 1, 0))) == ("black", "white", "black")
    (ax,) = plot.confusion_matrix(np.repeat([0, 1], [1000, 1]), np.repeat([0, 1], [1000, 1])).axes
    assert {text.get_text(): text.get_color() for text in ax.texts} == {"1,000": "white", "1": "black"}


def test_mistakes_are_shown_from_the_most_certain_on():
    chances = np.array([[0.9, 0.1], [0.3, 0.7], [0.05, 0.95], [0.6, 0.4]])
    images = np.arange(4.0)[:, None, None, None] * np.ones((1, 1, 2, 2))
    figure = plot.mistakes(images, chances, np.array([1, 1, 0, 1]), count=2, names=["cat", "dog"])
    assert figure.get_suptitle() == "The 2 most certain of 3 mistakes, among 4 samples"
    shown = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in shown] == [
        "predicted dog (95.0%)\ntrue cat, index 2",
        "predicted cat (90.0%)\ntrue dog, index 0",
    ]
    assert [ax.images[0].get_array().max() for ax in shown] == [2.0, 0.0]
    assert {ax.images[0].get_clim() for ax in shown} == {(0.0, 2.0)}
    logits = np.log(chances) + 7.0
    again = plot.mistakes(images[:, 0], logits, np.array([1, 1, 0, 1]), count=2, names=["cat", "dog"])
    assert [ax.get_title() for ax in again.axes] == [ax.get_title() for ax in figure.axes]
    one = plot.mistakes(images, chances[:, 1:], np.array([1, 1, 0, 1]), count=2, names=["cat", "dog"])
    assert [ax.get_title() for ax in one.axes] == [ax.get_title() for ax in figure.axes]


def test_mistakes_of_colour_images_and_of_a_model_without_any():
    images = np.random.default_rng(0).random((2, 3, 4, 5))
    (ax,) = plot.mistakes(images, np.eye(2), np.array([0, 0])).axes
    np.testing.assert_array_equal(ax.images[0].get_array(), np.moveaxis(images[1], 0, -1))
    assert ax.get_title().startswith("predicted 1 (100%)")
    figure = plot.mistakes(images, np.eye(2), np.array([0, 1]))
    assert (figure.axes, figure.get_suptitle()) == ([], "No mistakes among 2 samples")


def test_probability_of_nearly_1_is_not_called_certain():
    (ax,) = plot.mistakes(np.zeros((1, 1, 2, 2)), np.array([[30.0, 0.0]]), np.array([1])).axes
    assert "(>99.9%)" in ax.get_title()


def test_a_gradient_check_shows_where_a_gradient_is_wrong():
    w, b = np.arange(6.0).reshape(2, 3), np.ones(3)
    numerical = testing.numerical_vjp(lambda w, b: np.sum(3.0 * np.sin(w) + b), (w, b))
    wrong = 3.0 * np.cos(w)
    wrong[1] *= 1.5
    figure = plot.gradient_check({"w": wrong, "b": np.full(3, 2.0)}, numerical)
    panels = [ax for ax in figure.axes if ax.images]
    assert [ax.get_ylabel() for ax in panels] == ["w\nrow", "", "", "b", "", ""]
    np.testing.assert_array_equal(panels[0].images[0].get_array(), wrong)
    np.testing.assert_array_equal(panels[1].images[0].get_array(), numerical.value[0])
    assert panels[0].images[0].get_clim() == panels[1].images[0].get_clim()
    difference = panels[2].images[0].get_array()
    np.testing.assert_allclose(difference[1], 0.5 * np.abs(np.cos(w[1])) / np.cos(0.0), atol=1e-9)
    assert difference[0].max() < 1e-9
    assert figure.get_suptitle() == "Gradient check: the largest difference is 4.9e-01 of the largest element"


def test_a_kink_is_marked_and_no_difference():
    x = np.array([0.0, 1.0, -1.0])
    numerical = testing.numerical_vjp(lambda x: np.maximum(x, 0.0), x, np.ones(3))
    figure = plot.gradient_check(np.array([0.0, 1.0, 0.0]), numerical)
    assert figure.axes[2].lines[0].get_xdata().tolist() == [0]
    assert "(without 1 kink)" in figure.get_suptitle()
    both = testing.numerical_vjp(lambda x, y: np.sum(np.maximum(x, 0.0) + y), (x, x))
    with pytest.raises(ValueError, match=r"kinks in 'x'.*names=\['W', 'b'\]"):
        plot.gradient_check((x, x), both)
    figure = plot.gradient_check((x, x), both, names=["x", "y"])
    assert [len(ax.lines) for ax in figure.axes[2:6:3]] == [2, 0]


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 3, 4, 5)])
def test_a_gradient_check_draws_arrays_of_any_shape(shape):
    values = np.random.default_rng(0).normal(size=shape)
    figure = plot.gradient_check(values, values)
    assert figure.axes[2].images[0].get_array().size == values.size
    assert "0.0e+00" in figure.get_suptitle()
    values = np.array([1.0, NAN])
    assert plot.gradient_check(values, values).get_suptitle().endswith("is NaN")


def test_a_gradient_check_compares_what_has_the_same_key():
    a, b = np.ones((2, 2)), np.full((2, 2), 3.0)
    figure = plot.gradient_check({"W": a, "V": b}, {"V": b, "W": a})
    assert figure.get_suptitle() == "Gradient check: the largest difference is 0.0e+00 of the largest element"


def test_notebooks_show_a_figure_that_pyplot_does_not_know():
    shown, _ = DisplayFormatter().format(plot.history(RUN))
    assert shown["image/png"].startswith(b"\x89PNG")


SCRIPT = """
import sys
import matplotlib
import minigrad as mg

# To look at the backend imports pyplot.
before = {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}
figure = mg.plot.confusion_matrix([0, 1], [0, 1])
figure.savefig(sys.argv[1])
assert "matplotlib.pyplot" not in sys.modules
assert all(matplotlib.rcParams[name] == value for name, value in before.items())
from matplotlib import pyplot
mg.plot.history([{"loss": 1.0}])
assert pyplot.get_fignums() == []
"""


def test_pictures_leave_pyplot_alone(tmp_path):
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "drawn.svg")], check=True)
    assert (tmp_path / "drawn.svg").read_text().startswith("<?xml")


WITHOUT = """
import sys
import numpy as np

sys.modules["matplotlib"] = None
import minigrad as mg
from minigrad import losses, nn, optim

model, x, y = nn.Sequential(nn.Dense(2, 4), nn.Tanh(), nn.Dense(4, 2)), np.ones((3, 2), np.float32), np.array([0, 1, 0])
calls = {
    "history": lambda f: f([{"loss": 1.0}]),
    "schedule": lambda f: f(optim.cosine(1.0, 5), 5),
    "learning_rate_search": lambda f: f(mg.RateSearch(x[0], x[0], x[0], 0.1)),
    "confusion_matrix": lambda f: f(y, y),
    "mistakes": lambda f: f(np.ones((3, 1, 2, 2)), np.eye(3), y),
    "decision_boundary": lambda f: f(model, x, y),
    "filters": lambda f: f(model, shape=(1, 2)),
    "distributions": lambda f: f(model),
    "hidden_pca": lambda f: f(model, np.eye(3, 2), y, "layers.1"),
    "loss_surface": lambda f: f(model, losses.cross_entropy, [(x, y)], points=3),
    "gradient_check": lambda f: f(x, x),
}
assert set(calls) == set(mg.plot.__all__)
for name, call in calls.items():
    try:
        call(getattr(mg.plot, name))
    except ImportError as error:
        assert str(error) == f'plot.{name} needs Matplotlib: pip install "minigrad-numpy[plot]"', error
    else:
        raise AssertionError(name)
"""


def test_without_matplotlib_every_picture_names_the_extra():
    subprocess.run([sys.executable, "-c", WITHOUT], check=True)
