"""Are callbacks told what happens when it happens, can they end a training, and is nothing lost where they fail?"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim

X = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0]], np.float32)
PAIRS = [(X[:2], Y[:2]), (X[2:4], Y[2:4]), (X[4:], Y[4:])]


def linear():
    model = nn.Dense(2, 1, rng=0)
    return model, optim.SGD(model.parameters(), lr=0.1)


def train(callbacks=(), made=None, data=PAIRS, loss=losses.mse, **options):
    model, optimizer = made or linear()
    return mg.train(model, loss, optimizer, data, callbacks=callbacks, **({"epochs": 2, "progress": False} | options))


class Noting(mg.Callback):
    """Notes every moment; does something at one of them."""

    def __init__(self, at=None, what=None):
        self.moments, self.at, self.what = [], at, what

    def _note(self, name, run):
        self.moments.append((name, run.epoch, run.step, run.steps, len(run.history)))
        if self.at == (name, run.epoch, run.step):
            self.what(run)

    def on_begin(self, run):
        self._note("begin", run)

    def on_epoch_begin(self, run):
        self._note("epoch begin", run)

    def on_step_begin(self, run):
        self._note("step begin", run)

    def on_step_end(self, run):
        self._note("step end", run)

    def on_epoch_end(self, run):
        self._note("epoch end", run)

    def on_end(self, run):
        self._note("end", run)


def fail(run):
    raise ZeroDivisionError("of mine")


def test_every_moment_is_told_in_its_order():
    noting = Noting()
    train([noting])
    assert noting.moments == [
        ("begin", 1, 0, 0, 0),
        ("epoch begin", 1, 0, 0, 0),
        ("step begin", 1, 0, 0, 0),
        ("step end", 1, 1, 1, 0),
        ("step begin", 1, 1, 1, 0),
        ("step end", 1, 2, 2, 0),
        ("step begin", 1, 2, 2, 0),
        ("step end", 1, 3, 3, 0),
        ("epoch end", 1, 3, 3, 1),
        ("epoch begin", 2, 0, 3, 1),
        ("step begin", 2, 0, 3, 1),
        ("step end", 2, 1, 4, 1),
        ("step begin", 2, 1, 4, 1),
        ("step end", 2, 2, 5, 1),
        ("step begin", 2, 2, 5, 1),
        ("step end", 2, 3, 6, 1),
        ("epoch end", 2, 3, 6, 2),
        ("end", 2, 3, 6, 2),
    ]


def test_a_callback_sees_the_model_the_optimiser_and_the_means_until_now():
    made, seen = linear(), []

    class Looking(mg.Callback):
        def on_step_end(self, run):
            assert (run.model, run.optimizer, run.optimizers, run.epochs) == (*made, made[1:], 2)
            seen.append(dict(run.values))

    history = train([Looking()], made, metrics=[mg.metrics.mae])
    assert seen[2]["loss"] == history["loss"][0]
    assert seen[0]["loss"] != seen[1]["loss"]


@pytest.mark.parametrize(
    ("at", "steps", "epochs"),
    [
        (("begin", 1, 0), 0, 0),
        (("step end", 1, 2), 2, 0),
        (("step end", 2, 1), 4, 1),
        (("epoch end", 1, 3), 3, 1),
    ],
)
def test_a_callback_can_stop_the_training_after_a_step_or_an_epoch(at, steps, epochs):
    made = linear()
    noting = Noting(at, lambda run: run.stop())
    history = train([noting], made)
    assert (made[1].steps, len(history), history.interrupted) == (steps, epochs, False)
    assert noting.moments[-1][0] == "end"


@pytest.mark.parametrize("at", [("step begin", 2, 1), ("step end", 2, 2), ("epoch end", 2, 3), ("epoch begin", 2, 0)])
def test_an_error_of_a_callback_says_where_it_came_from_and_loses_nothing(at):
    made, ended = linear(), Noting()
    with pytest.raises(ZeroDivisionError, match="of mine") as caught:
        train([Noting(at, fail), ended], made, epochs=3)
    moment = at[0].replace(" ", "_")
    notes = "\n".join(caught.value.__notes__)
    assert f"this came from the callback Noting.on_{moment}." in notes
    assert f"in epoch {at[1]}, after {at[2]} of its steps" in notes
    history = caught.value.history
    assert len(history) == made[1].steps // 3
    assert ended.moments[-1][0] == "end"
    # And on it goes.
    assert len(train([], made, history=history, epochs=4)) == 4


def test_an_error_of_a_function_names_it():
    def my_function(history):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        train([my_function])
    assert "minigrad: this came from the callback my_function." in caught.value.__notes__
    assert len(caught.value.history) == 1


def test_an_error_of_a_metric_or_the_data_keeps_what_was_learned():
    def my_metric(prediction, target):
        raise KeyError("of mine")

    def broken():
        yield PAIRS[0]
        raise OSError("no file")

    made = linear()
    with pytest.raises(KeyError) as caught:
        train([], made, metrics=[my_metric])
    assert caught.value.__notes__[0] == "minigrad: this came from the metric my_metric."
    assert made[1].steps == 1
    with pytest.raises(OSError, match="no file") as caught:
        train([], made, data=broken)
    assert len(caught.value.history) == 0
    assert made[1].steps == 2


def test_all_are_told_of_the_end_and_of_what_it_was():
    errors = []

    class Ending(mg.Callback):
        def on_end(self, run):
            errors.append(run.error)
            raise ValueError("at the end")

    with pytest.raises(ValueError, match="at the end"):
        train([Ending(), Ending()])
    assert errors == [None, None]
    # What came first is what is told.
    with pytest.raises(ZeroDivisionError) as caught:
        train([Ending(), Noting(("step end", 1, 1), fail)])
    assert "minigrad: then came ValueError: at the end" in caught.value.__notes__
    assert isinstance(errors[-1], ZeroDivisionError)
    # Nobody sees Ctrl-C as an error, so that it can tell nothing.
    errors.clear()
    with pytest.raises(ValueError, match="at the end"):
        train([Ending(), Noting(("step end", 1, 1), lambda run: (_ for _ in ()).throw(KeyboardInterrupt))])
    assert isinstance(errors[0], KeyboardInterrupt)


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        ([mg.EarlyStopping], r"callbacks\[0\] is the class EarlyStopping; make one: EarlyStopping\(\.\.\.\)"),
        ([3], r"callbacks\[0\] is a int, not a function such as print"),
        (mg.EarlyStopping(3), r"callbacks is a EarlyStopping; give a list"),
    ],
)
def test_what_is_no_callback_is_refused(callbacks, message):
    with pytest.raises(TypeError, match=message):
        train(callbacks)


def test_early_stopping_says_before_the_first_step_what_it_can_watch():
    made = linear()
    with pytest.raises(ValueError, match="no 'validation_loss' in the history; give validation= to train, or choose"):
        train([mg.EarlyStopping(2)], made)
    assert made[1].steps == 0
    # Callbacks may record something, too, and what a step of one's own will give is not known before.
    with pytest.raises(ValueError, match=r"no 'los' in the history; choose monitor= among loss, r2\n"):
        train([mg.EarlyStopping(2, monitor="los")], made, metrics=[mg.metrics.R2()])
    model, optimizer = linear()
    with pytest.raises(ValueError, match=r"no 'validation_loss' in the history.* among penalty\n"):
        mg.train_with(
            lambda x, y: {"penalty": 1.0},
            model,
            optimizer,
            PAIRS,
            epochs=1,
            callbacks=[mg.EarlyStopping(2)],
            progress=False,
        )
    for wrong in ({"patience": 0}, {"patience": 1.5}, {"patience": 2, "least_change": -1.0}):
        with pytest.raises(ValueError, match="EarlyStopping: "):
            mg.EarlyStopping(**wrong)


def values_of(history, monitor="loss"):
    """A history that is told one epoch after the other."""
    for count in range(1, len(history) + 1):
        yield mg.History([{monitor: value} for value in history[:count]])


@pytest.mark.parametrize(
    ("values", "options", "stopped", "best"),
    [
        ([3.0, 2.0, 1.0, 1.5, 1.2, 0.5], {"patience": 2}, 5, 3),
        ([3.0, 2.0, 1.0, 1.5, 0.5, 1.2], {"patience": 2}, None, 5),
        ([0.1, 0.5, 0.4, 0.45], {"patience": 2, "larger_is_better": True}, 4, 2),
        ([3.0, 2.9, 2.85, 2.8], {"patience": 2, "least_change": 0.15}, 3, 1),
        ([3.0, np.nan, np.nan, 2.0], {"patience": 2}, 3, 1),
        ([np.nan, np.nan], {"patience": 2}, 2, 0),
    ],
)
def test_patience_counts_epochs_without_a_gain(values, options, stopped, best):
    model = linear()[0]
    stopping = mg.EarlyStopping(monitor="loss", **options)
    run = type("Run", (), {"model": model, "stop": lambda self: ends.append(len(self.history))})()
    ends = []
    for run.history in values_of(values):
        stopping.on_epoch_end(run)
        if ends:
            break
    assert (ends or [None])[0] == stopped
    assert stopping.best_epoch == best


def test_a_model_of_float32_is_told_once_of_float64():
    model, optimizer = linear()
    data = [(X.astype(np.float64), Y.astype(np.float64))] * 3
    with pytest.warns(UserWarning, match=r"parameters are float32, and x is float64.*dtype=np.float32") as caught:
        train([], (model, optimizer), data)
    assert len(caught) == 1
    double = nn.Dense(2, 1, dtype=np.float64, rng=0)
    train([], (double, optim.SGD(double.parameters(), lr=0.1)), data)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("accumulate", [2, 3, 4, 100])
def test_the_gradients_of_parts_are_those_of_the_batch(accumulate, compiled):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 3)), rng.integers(0, 2, 10)
    pairs = [(x, y), (x[:7], y[:7])]

    def run(**options):
        model = nn.Sequential(
            nn.Dense(3, 4, dtype=np.float64, rng=0), nn.Tanh(), nn.Dense(4, 2, dtype=np.float64, rng=1)
        )
        optimizer = optim.Adam(model.parameters(), lr=0.1)
        history = mg.train(
            model, losses.cross_entropy, optimizer, pairs, epochs=2, metrics=[mg.accuracy], progress=False, **options
        )
        return model.state_dict(), history["loss"], history["accuracy"], optimizer.steps

    whole, parts = run(), run(accumulate=accumulate, compile=compiled)
    assert whole[3] == parts[3] == 4
    np.testing.assert_allclose(parts[1], whole[1], rtol=1e-12)
    assert whole[2] == parts[2]
    for name, array in whole[0].items():
        np.testing.assert_allclose(parts[0][name], array, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_parts_are_counted(wrong):
    with pytest.raises(ValueError, match="accumulate is an integer of at least 1"):
        train(accumulate=wrong)


def test_parts_of_a_batch_have_as_many_targets():
    with pytest.raises(ValueError, match="divides each batch along the first axis; this one has 4 samples and 8 tar"):
        train(data=[(X[:4], np.zeros((8, 1), np.float32))], accumulate=2)


def test_two_networks_train_against_each_other():
    rng = np.random.default_rng(0)

    class Pair(nn.Layer):
        def __init__(self):
            self.generator = nn.Sequential(nn.Dense(2, 8, rng=rng), nn.Tanh(), nn.Dense(8, 1, rng=rng))
            self.critic = nn.Sequential(nn.Dense(1, 8, rng=rng), nn.Tanh(), nn.Dense(8, 1, rng=rng))

    model = Pair()
    makes = optim.Adam(model.generator.parameters(), lr=0.01)
    judges = optim.Adam(model.critic.parameters(), lr=0.01)
    points = rng.normal(3.0, 0.1, (64, 1)).astype(np.float32)

    def step(x, y):
        noise = rng.normal(size=(len(x), 2)).astype(np.float32)
        made = model.generator(noise)
        judged = losses.bce_with_logits(model.critic(x), np.ones((len(x), 1))) + losses.bce_with_logits(
            model.critic(made.detach()), np.zeros((len(x), 1))
        )
        judges.zero_grad()
        judged.backward()
        judges.step()
        fooled = losses.bce_with_logits(model.critic(made), np.ones((len(x), 1)))
        makes.zero_grad()
        fooled.backward()
        makes.step()
        return {"critic": judged, "generator": fooled}

    pairs = [(points[:32], points[:32]), (points[32:], points[32:])]
    history = mg.train_with(step, model, [makes, judges], pairs, epochs=60, progress=False)
    assert history.names() == ["critic", "generator", "seconds"]
    assert makes.steps == judges.steps == 120
    assert model.generator(np.zeros((1, 2), np.float32)).item() > 1.0


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"step": 3}, TypeError, "the step is a int; give a function"),
        ({"step": lambda x, y: None}, TypeError, "the step gave None; return the loss"),
        ({"step": lambda x, y: {"seconds": 1.0}}, TypeError, "named 'seconds'; names are strings, and seconds are"),
        ({"step": lambda x, y: {0: 1.0}}, TypeError, "named 0; names are strings"),
        ({"step": lambda x, y: {"a": np.ones(2)}}, ValueError, r"'a' of .* gave shape \(2,\)"),
        (
            {"step": lambda x, y: np.nan},
            mg.NonFiniteLossError,
            "the loss is nan in epoch 1, step 1.*that step left them",
        ),
        ({"step": lambda x, y: {"a": np.inf}}, mg.NonFiniteLossError, "'a' is inf in epoch 1"),
        ({"optimizers": []}, ValueError, "there is no optimizer"),
        ({"optimizers": ["adam"]}, TypeError, "the optimizer is the string 'adam'"),
        ({"epochs": 0}, ValueError, "epochs"),
        ({"model": 3}, TypeError, "the model is a int"),
        ({"data": [X]}, TypeError, "data are pairs"),
    ],
)
def test_a_wrong_call_of_train_with_says_what_to_write(change, error, message):
    model, optimizer = linear()
    arguments = {"step": lambda x, y: 0.0, "model": model, "optimizers": optimizer, "data": PAIRS, "epochs": 1} | change
    with pytest.raises(error, match=message):
        mg.train_with(**arguments, progress=False)
