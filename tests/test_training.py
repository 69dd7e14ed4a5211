"""Does training learn, measure what it says, and refuse what cannot be meant?"""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import losses, nn, optim

X = np.random.default_rng(0).normal(size=(50, 2))
LABELS = (X[:, 0] * X[:, 1] > 0).astype(int)
Y = X @ np.array([[1.0], [-2.0]])
# Five samples in batches of two: the last one counts half.
UNEVEN = [(X[:2], Y[:2]), (X[2:4], Y[2:4]), (X[4:5], Y[4:5])]


def linear(lr=0.1, momentum=0.0):
    model = nn.Dense(2, 1, dtype=np.float64, rng=0)
    return model, optim.SGD(model.parameters(), lr=lr, momentum=momentum)


def train(model, optimizer, data=UNEVEN, loss=losses.mse, **options):
    return mg.train(model, loss, optimizer, data, **({"epochs": 1} | options))


def largest_error(prediction, target):
    return np.max(np.abs(prediction - target))


def test_a_small_problem_is_learned():
    rng = np.random.default_rng(1)
    model = nn.Sequential(nn.Dense(2, 16, rng=rng), nn.Tanh(), nn.Dense(16, 2, rng=rng))
    pairs = mg.batches(X.astype(np.float32), LABELS, batch_size=10, rng=rng)
    history = mg.train(
        model, losses.cross_entropy, optim.Adam(model.parameters(), lr=0.05), pairs, epochs=30, metrics=[mg.accuracy]
    )
    assert len(history) == len(history["loss"]) == 30
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert history["accuracy"][-1] > 0.95
    assert mg.evaluate(model, losses.cross_entropy, pairs, [mg.accuracy])["accuracy"] > 0.95
    assert not history.interrupted


def test_training_takes_the_steps_that_one_would_write_by_hand():
    model, optimizer = linear(momentum=0.9)
    train(model, optimizer, epochs=3)
    other, steps = linear(momentum=0.9)
    for x, y in UNEVEN * 3:
        steps.zero_grad()
        losses.mse(other(x), y).backward()
        steps.step()
    assert optimizer.steps == 9
    np.testing.assert_array_equal(model.weight.data, other.weight.data)
    np.testing.assert_array_equal(model.bias.data, other.bias.data)


def test_history_has_the_means_over_all_samples():
    model, optimizer = linear()
    seen = []

    def loss(prediction, y):
        value = losses.mse(prediction, y)
        seen.append((len(y), value.item(), largest_error(prediction.data, y)))
        return value

    start = time.perf_counter()
    history = train(model, optimizer, loss=loss, metrics=[largest_error], epochs=2)
    assert 0.0 < sum(history["seconds"]) <= time.perf_counter() - start
    for record, steps in zip(history, (seen[:3], seen[3:]), strict=True):
        assert record["loss"] == pytest.approx(sum(n * value for n, value, _ in steps) / 5, rel=1e-14)
        assert record["largest_error"] == pytest.approx(sum(n * error for n, _, error in steps) / 5, rel=1e-14)
    assert history.names() == ["loss", "largest_error", "seconds"]


def test_validation_is_measured_after_each_epoch():
    model, optimizer = linear()
    expected = []

    def note(history):
        expected.append((losses.mse(mg.predict(model, X), Y), largest_error(mg.predict(model, X), Y)))

    history = train(model, optimizer, epochs=2, validation=[(X, Y)], metrics=[largest_error], callbacks=[note])
    assert history["validation_loss"] == pytest.approx([loss for loss, _ in expected], rel=1e-14)
    assert history["validation_largest_error"] == pytest.approx([error for _, error in expected], rel=1e-14)
    assert history["loss"] != history["validation_loss"]


def test_samples_are_counted_where_predictions_are_no_array():
    class Both(nn.Layer):
        def __init__(self):
            self.dense = linear()[0]

        def forward(self, x):
            return self.dense(x), x

    evaluated = mg.evaluate(Both(), lambda prediction, y: losses.mse(prediction[0], y), UNEVEN)
    assert evaluated["loss"] == pytest.approx(losses.mse(linear()[0](X[:5]).data, Y[:5]), rel=1e-14)


def test_evaluate_gives_the_means_over_all_samples_and_records_nothing():
    model, optimizer = linear()
    before = optimizer.state_dict(), model.state_dict()
    graphs = []

    def loss(prediction, y):
        graphs.append(prediction.requires_grad or mg.is_grad_enabled())
        return losses.mse(prediction, y)

    found = mg.evaluate(model, loss, UNEVEN, metrics=[largest_error])
    assert list(found) == ["loss", "largest_error"]
    assert found["loss"] == pytest.approx(losses.mse(model(X[:5]).data, Y[:5]), rel=1e-14)
    assert graphs == [False] * 3
    assert all(parameter.grad is None for parameter in model.parameters())
    np.testing.assert_equal((optimizer.state_dict(), model.state_dict()), before)
    # What need not be differentiated may be any number.
    assert mg.evaluate(model, lambda prediction, y: 2, UNEVEN) == {"loss": 2.0}


def modes(model):
    return [layer.training for layer in (model, *model)]


@pytest.mark.parametrize("training", [True, False])
def test_every_layer_gets_its_mode_back(training):
    model = nn.Sequential(linear()[0], nn.Dropout(0.5, rng=0), nn.Dropout(0.5, rng=0)).train(training)
    model[2].train(not training)
    before, during = modes(model), []

    def loss(prediction, y):
        during.append(modes(model))
        return losses.mse(prediction, y)

    optimizer = optim.SGD(model.parameters(), lr=0.1)
    # A callback that forgets to go back to training mode must not end it.
    train(model, optimizer, loss=loss, epochs=2, validation=UNEVEN[:1], callbacks=[lambda history: model.eval()])
    assert during == ([[True] * 4] * 3 + [[False] * 4]) * 2
    assert modes(model) == before
    for use in (lambda: mg.evaluate(model, losses.mse, UNEVEN), lambda: mg.predict(model, X)):
        use()
        assert modes(model) == before

    def broken(prediction, y):
        raise ZeroDivisionError

    for use in (lambda: train(model, optimizer, loss=broken), lambda: mg.evaluate(model, broken, UNEVEN)):
        with pytest.raises(ZeroDivisionError):
            use()
        assert modes(model) == before


def test_predict_does_not_depend_on_the_batch_size():
    model = nn.Sequential(linear()[0], nn.Dropout(0.5, rng=0))
    expected = X @ model[0].weight.data
    for batch_size in (None, 1, 7, np.int64(25), 50, 1000):
        for x in (X, mg.Tensor(X, requires_grad=True), X.tolist()):
            found = mg.predict(model, x, batch_size)
            assert type(found) is np.ndarray
            np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert mg.predict(model, X[:0]).shape == mg.predict(model, X[:0], batch_size=3).shape == (0, 1)


def test_callbacks_are_called_after_each_epoch_and_may_end_training():
    model, optimizer = linear()
    lengths = []
    # Only True ends it, not whatever else a callback happens to return.
    callbacks = [lambda history: lengths.append(len(history)), len, lambda history: "yes"]
    train(model, optimizer, epochs=3, callbacks=callbacks)
    assert lengths == [1, 2, 3]
    for answer in (True, np.True_):
        history = train(model, optimizer, epochs=5, callbacks=[lambda h, a=answer: a if len(h) == 2 else not a, len])
        assert len(history) == 2
        assert not history.interrupted


def test_training_continues_a_history():
    model, optimizer = linear()
    history = train(model, optimizer, epochs=2)
    first = list(history["loss"])
    again = train(model, optimizer, epochs=5, history=history)
    assert again is history
    assert len(history) == 5
    assert history["loss"][:2] == first
    assert optimizer.steps == 15
    # The number of epochs is the total, which is reached.
    assert len(train(model, optimizer, epochs=5, history=history)) == 5
    assert optimizer.steps == 15


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("call", "epoch", "step", "text"), [(1, 1, 1, "first step"), (2, 1, 2, None), (4, 2, 1, None), (6, 2, 3, None)]
)
def test_training_stops_at_a_loss_that_is_not_finite(bad, call, epoch, step, text):
    model, optimizer = linear(momentum=0.9)
    states, seen = [], []

    def loss(prediction, y):
        states.append((model.state_dict(), optimizer.state_dict()))
        value = losses.mse(prediction, y) * (bad if len(states) == call else 1.0)
        seen.append(value.item())
        return value

    with pytest.raises(mg.NonFiniteLossError, match=f"{bad} in epoch {epoch}, step {step};") as caught:
        train(model, optimizer, loss=loss, epochs=3)
    error = caught.value
    assert (error.epoch, error.step, len(error.history)) == (epoch, step, epoch - 1)
    assert error.last_finite_loss == (seen[-2] if call > 1 else None)
    assert (text or f"last finite loss was {seen[-2]:.6g}") in str(error)
    np.testing.assert_equal((model.state_dict(), optimizer.state_dict()), states[-1])
    assert optimizer.steps == call - 1


def used_up():
    yield from UNEVEN


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs.*0"),
        ({"epochs": -3}, ValueError, "epochs.*-3"),
        ({"epochs": 2.0}, ValueError, "epochs.*2.0"),
        ({"epochs": True}, ValueError, "epochs.*True"),
        ({"data": []}, ValueError, "epoch 1: the data gave no batches"),
        ({"data": used_up(), "epochs": 2}, ValueError, "epoch 2: the data gave no batches.*generator is used up"),
        ({"validation": []}, ValueError, "evaluate: the data gave no batches"),
        ({"data": X}, TypeError, r"pairs \(x, y\).*an array of shape \(2,\)"),
        ({"data": [X, Y]}, TypeError, r"data is two arrays.*write \[\(x, y\)\]"),
        ({"validation": (X, Y)}, TypeError, r"validation is two arrays.*write \[\(x, y\)\]"),
        ({"data": [mg.Tensor(X)]}, TypeError, r"pairs \(x, y\).*an array of shape \(50, 2\)"),
        ({"data": [(X, Y, Y)]}, TypeError, r"pairs \(x, y\).*a tuple"),
        ({"data": [{"x": X, "y": Y}]}, TypeError, r"pairs \(x, y\).*a dict"),
        ({"data": [(1.0, 2.0)]}, TypeError, "samples along the first axis.*1.0"),
        ({"data": [(X[:0], Y[:0])]}, ValueError, r"no samples \(shape \(0, 2\)\)"),
        ({"loss": lambda p, y: p - y}, ValueError, r"the loss <lambda> gave shape \(2, 1\).* single number"),
        ({"loss": lambda p, y: None}, ValueError, "the loss <lambda> gave None"),
        ({"loss": lambda p, y: losses.mse(p, y).item()}, TypeError, "gave a float.*no gradient.*item"),
        ({"loss": lambda p, y: losses.mse(p.numpy(), y)}, TypeError, "gave a float64.*no gradient"),
        ({"metrics": [lambda p, y: 0.0, lambda p, y: 1.0]}, ValueError, r"names, which must differ.*<lambda>"),
    ],
)
def test_training_refuses_what_cannot_be_meant(options, error, message):
    model, optimizer = linear()
    with pytest.raises(error, match=message):
        train(model, optimizer, **options)
    assert model.training


def test_evaluate_and_predict_refuse_what_cannot_be_meant():
    model, _ = linear()
    with pytest.raises(ValueError, match="evaluate: the data gave no batches"):
        mg.evaluate(model, losses.mse, [])
    with pytest.raises(ValueError, match=r"the loss <lambda> gave shape \(2, 1\)"):
        mg.evaluate(model, lambda p, y: p - y, UNEVEN)
    with pytest.raises(TypeError, match=r"pairs \(x, y\)"):
        mg.evaluate(model, losses.mse, [X])
    for batch_size, error in [(0, ValueError), (-2, ValueError), (2.0, TypeError), (True, TypeError), ("4", TypeError)]:
        with pytest.raises(error, match=f"batch size .* not {batch_size!r}"):
            mg.predict(model, X, batch_size)
        with pytest.raises(error, match=f"batch size .* not {batch_size!r}"):
            mg.batches(X, Y, batch_size)


def test_training_works_in_a_thread():
    results = []
    model, optimizer = linear()
    with mg.no_grad():
        thread = threading.Thread(target=lambda: results.append(train(model, optimizer, epochs=2)))
        thread.start()
        thread.join()
    assert len(results[0]) == 2
    assert optimizer.steps == 6


@given(st.integers(1, 30), st.integers(1, 35), st.booleans())
def test_every_sample_is_in_one_batch_with_its_target(samples, batch_size, shuffle):
    x = np.arange(samples)
    pairs = mg.batches(x, x * 10, batch_size, shuffle, rng=samples)
    for _ in range(2):
        parts = list(pairs)
        assert len(parts) == len(pairs)
        assert [len(part) for part, _ in parts[:-1]] == [batch_size] * (len(parts) - 1)
        seen = np.concatenate([part for part, _ in parts])
        np.testing.assert_array_equal(np.sort(seen), x)
        np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), seen * 10)
        assert shuffle or (seen == x).all()


def orders(pairs, count):
    return [[x.item() for x, _ in pairs] for _ in range(count)]


def test_every_iteration_has_an_order_of_its_own_that_the_seed_decides():
    x = np.arange(20)
    first = orders(mg.batches(x, x, 1, rng=3), 3)
    assert len({tuple(order) for order in [*first, x.tolist()]}) == 4
    assert orders(mg.batches(x, x, 1, rng=np.random.default_rng(3)), 3) == first
    assert orders(mg.batches(x, x, 1, rng=4), 3) != first
    assert orders(mg.batches(x, x, 1), 3) != orders(mg.batches(x, x, 1), 3)
    rng = np.random.default_rng(3)
    state = rng.bit_generator.state
    assert orders(mg.batches(x, x, 1, shuffle=False, rng=rng), 2) == [x.tolist()] * 2
    assert rng.bit_generator.state == state


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, Y[:49], r"50 samples but 49 targets \(shapes \(50, 2\) and \(49, 1\)\)"),
        (X[:0], Y[:0], r"no samples \(shape \(0, 2\)\)"),
        ([], [], "no samples"),
        (1.0, Y, r"first axis; got shapes \(\) and \(50, 1\)"),
        (X, 1, r"first axis; got shapes \(50, 2\) and \(\)"),
    ],
)
def test_batches_of_nothing_are_refused(x, y, message):
    with pytest.raises(ValueError, match=f"batches: .*{message}"):
        mg.batches(x, y, batch_size=2)


def test_batches_take_tensors_and_lists():
    (pair,) = mg.batches(mg.Tensor([[1.0], [2.0]], requires_grad=True), [3, 4], 5, shuffle=False)
    np.testing.assert_array_equal(pair[0], [[1.0], [2.0]])
    np.testing.assert_array_equal(pair[1], [3, 4])


def test_history_is_read_by_name_and_by_epoch():
    records = [{"loss": 0.5, "seconds": 1.25}, {"loss": 1.25e-07, "accuracy": 1.0, "seconds": 0.0}]
    history = mg.History(records)
    assert history["loss"] == [0.5, 1.25e-07]
    assert history["accuracy"] == [1.0]
    assert history[-1] == records[1]
    assert list(history) == records
    assert len(history) == 2
    assert repr(history).startswith("<History of 2 epochs: loss ")
    assert str(history).splitlines() == [
        "epoch      loss  seconds  accuracy",
        "    1       0.5     1.25          ",
        "    2  1.25e-07        0         1",
    ]
    with pytest.raises(KeyError, match="'los' was not recorded; there is loss, seconds, accuracy"):
        history["los"]
    with pytest.raises(KeyError, match="there is nothing"):
        mg.History()["loss"]
    history.records[0]["loss"] = 7.0
    assert records[0]["loss"] == 0.5


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [2.0, 1.0]], [1, 1, 1, 0], 0.75),
        ([[0.1, 0.9], [0.8, 0.2]], [[0, 1], [1, 0]], 1.0),
        ([[0.1, 0.9, 0.0]], [2], 0.0),
        ([0.5, 0.4, 0.9, 0.2], [1, 0, 0, 0], 0.75),
        ([[0.5], [0.4]], [[1], [1]], 0.5),
        ([0.75, 0.25], [True, False], 1.0),
    ],
)
def test_accuracy_is_the_share_of_right_answers(prediction, target, expected):
    assert mg.accuracy(prediction, target) == expected
    assert mg.accuracy(mg.Tensor(prediction, requires_grad=True), mg.Tensor(target)) == expected


@pytest.mark.parametrize(
    ("prediction", "target"), [((4, 3), (3,)), ((4, 3), (4, 2)), ((4, 1), (4,)), ((4,), (4, 1)), ((4, 3), ()), ((), ())]
)
def test_accuracy_refuses_shapes_that_do_not_belong_together(prediction, target):
    with pytest.raises(ValueError, match=r"accuracy: predictions of shape .* and targets of shape"):
        mg.accuracy(np.zeros(prediction), np.zeros(target, int))
    with pytest.raises(ValueError, match=r"accuracy: there are no samples \(shape \(0, 3\)\)"):
        mg.accuracy(np.zeros((0, 3)), np.zeros(0, int))


class Product(nn.Layer):
    """A model with two inputs, given one after the other or by name."""

    def __init__(self):
        self.weight = mg.Tensor(np.ones((2, 1)), requires_grad=True)

    def forward(self, x):
        a, b = (x["a"], x["b"]) if isinstance(x, dict) else x
        return (a * b) @ self.weight


A, B = X[:5], X[5:10]
FORMS = [lambda a, b: (a, b), lambda a, b: {"a": a, "b": b}, lambda a, b: (mg.Tensor(a), mg.Tensor(b))]


@pytest.mark.parametrize("form", FORMS)
def test_several_inputs_count_by_their_samples(form):
    uneven = [(form(A[part], B[part]), Y[:5][part]) for part in (slice(0, 4), slice(4, 5))]
    model = Product()
    expected = losses.mse((A * B) @ np.ones((2, 1)), Y[:5])
    assert mg.evaluate(model, losses.mse, uneven)["loss"] == pytest.approx(expected, rel=1e-13)
    for batch_size in (None, 2, 5):
        found = mg.predict(model, form(A, B), batch_size)
        np.testing.assert_allclose(found, (A * B) @ np.ones((2, 1)), rtol=1e-13)
    # A rate of nearly nothing, so that both steps see the same parameters.
    optimizer = optim.SGD(model.parameters(), lr=1e-300)
    history = mg.train(model, losses.mse, optimizer, uneven, epochs=1, validation=uneven)
    assert history["loss"] == history["validation_loss"] == pytest.approx([expected], rel=1e-13)


@pytest.mark.parametrize("form", FORMS[:2])
def test_batches_of_several_inputs_keep_samples_together(form):
    x = np.arange(7)
    pairs = mg.batches(form(x, x * 10), (x * 100, x * 1000), batch_size=3, rng=0)
    assert len(pairs) == 3
    seen = []
    for inputs, targets in pairs:
        a, b = inputs.values() if isinstance(inputs, dict) else inputs
        np.testing.assert_array_equal(b, a * 10)
        np.testing.assert_array_equal(targets[0], a * 100)
        np.testing.assert_array_equal(targets[1], a * 1000)
        seen += a.tolist()
    assert sorted(seen) == x.tolist()


def test_an_optimiser_of_a_part_of_the_model_is_one_of_the_model():
    model = nn.Sequential(nn.Dense(2, 2, dtype=np.float64, rng=0), nn.Dense(2, 1, dtype=np.float64, rng=1))
    before = model[0].weight.data.copy()
    train(model, optim.SGD(model[1].parameters(), lr=0.1))
    np.testing.assert_array_equal(model[0].weight.data, before)
    # A loss may have parameters of its own, too.
    scale = mg.Tensor(1.0, requires_grad=True)
    train(model, optim.SGD([*model.parameters(), scale], lr=0.1), loss=lambda p, y: losses.mse(p * scale, y))


@pytest.mark.parametrize("name", ["loss", "seconds", "validation_loss", "validation_other"])
def test_metrics_do_not_hide_what_is_recorded(name):
    def metric(prediction, y):
        return 0.0

    def other(prediction, y):
        return 0.0

    metric.__name__ = name
    model, optimizer = linear()
    with pytest.raises(ValueError, match=f"train: metrics are recorded under their names.*{name}"):
        train(model, optimizer, metrics=[metric, other])


def test_labels_may_be_scored_by_one_hot_rows_and_by_shares():
    scores = np.array([[0.1, 0.9], [0.8, 0.2]])
    assert mg.accuracy(scores, np.array([[0.25, 0.75], [0.25, 0.75]])) == 0.5
    assert mg.accuracy(np.array([0.0, 1.0]), np.array([0.25, 0.75])) == 1.0


class Twice(nn.Layer):
    """Gives two results."""

    def __init__(self, form):
        self.dense, self.form = linear()[0], form

    def forward(self, x):
        return self.form(self.dense(x), 2.0 * x)


@pytest.mark.parametrize(
    "form",
    [lambda a, b: (a, b), lambda a, b: {"a": a, "b": b}, lambda a, b: [a, {"b": b}]],
    ids=["tuple", "dict", "both"],
)
def test_several_results_are_predicted_as_they_are_given(form):
    expected = form(X @ linear()[0].weight.data, 2.0 * X)
    for batch_size in (None, 7, 50):
        found = mg.predict(Twice(form), X, batch_size)
        assert type(found) is type(expected)
        flat = [*found.values()] if isinstance(found, dict) else found
        np.testing.assert_allclose(flat[0], X @ linear()[0].weight.data, rtol=1e-13)
    with pytest.raises(ValueError, match=r"gave shape \(\) for 3 samples"):
        mg.predict(Twice(lambda a, b: (a, np.sum(b))), X, 3)
    with pytest.raises(TypeError, match="gave a str; it has to give an array or Tensor, or several"):
        mg.predict(Twice(lambda a, b: (a, "b")), X)


def test_random_numbers_of_float64_in_a_model_of_float32_are_told():
    class Noisy(nn.Layer):
        def __init__(self):
            self.dense, self.rng = nn.Dense(2, 1, rng=0), np.random.default_rng(0)

        def forward(self, x):
            return self.dense(x) + self.rng.standard_normal((len(x), 1))

    model = Noisy()
    data = [(X.astype(np.float32), Y.astype(np.float32))]
    with pytest.warns(
        UserWarning, match=r"something in the model is float64, such as random numbers.*dtype=np\.float32"
    ):
        train(model, optim.SGD(model.parameters(), lr=0.1), data)


def test_a_metric_that_is_no_mean_is_right_over_all_samples():
    model, _ = linear()
    metrics = [mg.metrics.R2(), mg.metrics.mae]
    found = mg.evaluate(model, losses.mse, UNEVEN, metrics)
    whole = mg.metrics.R2()(model(X[:5]), Y[:5])
    assert found["r2"] == pytest.approx(whole, rel=1e-12)
    assert list(found) == ["loss", "r2", "mae"]
    parts = [mg.metrics.R2()(model(x), y) for x, y in UNEVEN]
    assert not np.isclose(np.mean(parts), whole)
    history = train(model, optim.SGD(model.parameters(), lr=1e-300), metrics=metrics, validation=UNEVEN)
    assert history["r2"] == history["validation_r2"] == pytest.approx([whole], rel=1e-12)
