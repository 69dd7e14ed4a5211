"""Is somebody who confuses two things told what to write?"""

import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
LABELS = np.arange(12) % 2
SCORES = np.zeros((4, 3))


@pytest.mark.parametrize("loss", [losses.mse, losses.mae, losses.huber, losses.bce, losses.bce_with_logits])
def test_target_that_lacks_the_last_axis_or_has_one_too_many_is_reshaped_by_what_is_written(loss):
    column, row = np.full((4, 1), 0.5), np.full(4, 0.5)
    with pytest.raises(ValueError, match=r"must be the same: write target\[\.\.\., None\]$"):
        loss(column, row)
    with pytest.raises(ValueError, match=r"must be the same: write target\[\.\.\., 0\]$"):
        loss(row, column)
    assert loss(column, row[..., None]) == loss(row, column[..., 0])
    with pytest.raises(ValueError, match=r"must be the same$"):
        loss(column, np.full(3, 0.5))


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (SCORES, [1, 2, 3, 1], "write target - 1$"),
        (SCORES[:, :2], [-1, 1, 1, -1], r"write \(target \+ 1\) // 2$"),
        (SCORES, [0, 2, -100, -100], r"-100 stands for no label, write cross_entropy\(..., ignore_index=-100\)$"),
        (SCORES[:, :1], [0, 1, 1, 0], r"write bce_with_logits\(logits, target\[\.\.\., None\]\)$"),
        (SCORES, [-2, -1, 0, 1], "go from -2 to 1$"),
        (SCORES, [0, 1, 2, 7], "go from 0 to 7$"),
    ],
)
def test_labels_out_of_range_come_with_what_they_may_have_meant(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        losses.cross_entropy(scores, np.array(labels))


def test_accuracy_of_labels_that_stand_for_nothing_names_the_metric_that_leaves_them_out():
    with pytest.raises(ValueError, match=r"give mg\.metrics\.Accuracy\(ignore_index=-1\)$"):
        mg.accuracy(SCORES, np.array([0, 1, 2, -1]))


def test_softmax_and_sigmoid_before_a_loss_that_applies_them_are_told_in_the_line_of_the_user():
    logits = mg.Tensor(SCORES, requires_grad=True)
    with pytest.warns(UserWarning, match="softmax itself; leave it out") as seen:
        losses.cross_entropy(mg.softmax(logits), np.array([0, 1, 2, 0]))
    assert seen[0].filename == __file__
    with pytest.warns(UserWarning, match=r"sigmoid itself.*write losses\.bce\("):
        losses.bce_with_logits(mg.sigmoid(logits), SCORES)
    losses.cross_entropy(mg.log_softmax(logits), np.array([0, 1, 2, 0]))
    losses.bce_with_logits(mg.log_softmax(logits), SCORES)


@pytest.mark.parametrize("compiled", [False, True])
def test_training_of_a_model_that_ends_with_softmax_warns(compiled):
    model = nn.Sequential(nn.Dense(3, 2, rng=0), nn.Softmax())
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    data = mg.batches(X, LABELS, 6, shuffle=False)
    with pytest.warns(UserWarning, match="softmax itself"):
        mg.train(model, losses.cross_entropy, optimizer, data, epochs=1, progress=False, compile=compiled)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mg.train(model[:-1], losses.cross_entropy, optimizer, data, epochs=1, progress=False, compile=compiled)


def test_whole_numbers_that_make_a_model_compute_in_float64_are_named():
    model = nn.Dense(3, 2, rng=0)
    with pytest.warns(UserWarning, match="x is int64, which together with them gives float64") as seen:
        mg.train(
            model,
            losses.cross_entropy,
            optim.SGD(model.parameters(), lr=0.1),
            [(np.ones((4, 3), int), np.array([0, 1, 0, 1]))],
            epochs=1,
            progress=False,
        )
    assert seen[0].filename == __file__


@pytest.mark.parametrize(
    ("value", "sequences"), [(-1.5, [[1, 2], [3]]), (np.nan, [[1, 2], [3]]), (-1, [np.array([1], np.uint8)])]
)
def test_sequences_are_not_filled_up_with_another_number_than_the_given_one(value, sequences):
    with pytest.raises(ValueError, match=r"pad_sequences: the sequences hold .*, which has no "):
        mg.pad_sequences(sequences, value=value)
    rows, _ = mg.pad_sequences([np.asarray(each, float) for each in sequences], length=3, value=value)
    np.testing.assert_array_equal(rows[:, -1], value)


def test_value_to_fill_up_with_is_one_number():
    with pytest.raises(TypeError, match="value is one number, not 'pre'"):
        mg.pad_sequences([[1], [2, 3]], value="pre")


def test_best_model_cannot_replace_the_run():
    with pytest.raises(ValueError, match="needs a file of its own"):
        mg.Checkpoint("run.safetensors", best="./run.safetensors")


def test_generators_and_lists_of_pairs_are_told_how_they_become_batches():
    pairs = [(x, label) for x, label in zip(X, LABELS, strict=True)]
    with pytest.raises(TypeError, match=r"gone through only once; give the function.*read and not read\(\)"):
        mg.batches(iter(pairs), shuffle=False)
    with pytest.raises(TypeError, match=r"holds pairs \(x, y\).*lambda: iter\(pairs\)"):
        mg.batches(pairs)
    x, y = next(iter(mg.batches(lambda: iter(pairs), batch_size=12, shuffle=1000, rng=0)))
    assert x.shape == (12, 3)
    assert y.sum() == 6


@pytest.mark.parametrize("shape", [4, {"tokens": (4,)}, "4", (2.0,)])
def test_summary_says_what_the_shape_of_a_sample_is(shape):
    with pytest.raises(ValueError, match=r"summary: input_shape is the shape of one sample.*leave it out"):
        nn.Dense(4, 2, rng=0).summary(shape)


def test_options_of_minimize_are_given_by_name():
    with pytest.raises(TypeError, match="such as maxiter=100, and not options="):
        optim.minimize(lambda x: (x - 1.0) ** 2, 0.0, options={"maxiter": 100})


@pytest.mark.parametrize("found", [(1.0, 2.0), [1.0], {"losses": {"a": 1.0}}])
def test_step_that_gives_several_numbers_without_names_is_told_how(found):
    model = nn.Dense(3, 2, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(TypeError, match=r"the step gave a (tuple|list|dict); return the loss, or a dict of numbers"):
        mg.train_with(lambda x, y: found, model, optimizer, [(X, LABELS)], epochs=1, progress=False)


def test_function_among_layers_is_told_to_be_wrapped():
    with pytest.raises(TypeError, match=r"argument 1 is a ufunc, not a Layer; write nn\.Lambda\(\.\.\.\) around it"):
        nn.Sequential(nn.Dense(3, 2, rng=0), np.tanh)


def test_prediction_of_none_asks_for_what_forward_returns():
    with pytest.raises(TypeError, match=r"the logits is None.*; does the forward of the model return it\?$"):
        losses.cross_entropy(None, LABELS)
    with pytest.raises(TypeError, match=r"mse: the target is None; it has to be an array of real numbers$"):
        losses.mse(SCORES, None)


def test_frozen_model_has_no_parameters_for_an_optimizer():
    frozen = nn.Dense(3, 2, rng=0).requires_grad_(False)
    with pytest.raises(ValueError, match=r"there are no parameters.*are they arrays, or frozen\?"):
        optim.Adam(frozen.parameters())


def test_averages_among_callbacks_are_told_to_be_wrapped():
    model = nn.Dense(3, 2, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    averages = optim.EMA(model.parameters())
    with pytest.raises(TypeError, match=r"callbacks\[0\] is an EMA.*write mg\.AverageWeights\(ema\)"):
        mg.train(model, losses.cross_entropy, optimizer, [(X, LABELS)], epochs=1, callbacks=[averages])


def test_file_of_a_run_has_the_last_weights_and_not_those_that_early_stopping_put_back(tmp_path):
    model = nn.Dense(3, 2, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    stopping = mg.EarlyStopping(2)
    saver = mg.Checkpoint(tmp_path / "run.safetensors", best=tmp_path / "best.safetensors")
    mg.train(
        model,
        losses.cross_entropy,
        optimizer,
        [(X, LABELS)],
        epochs=9,
        validation=[(X, 1 - LABELS)],
        callbacks=[stopping, saver],
        progress=False,
    )
    assert stopping.best_epoch == 1
    for name, is_the_same in (("best", True), ("run", False)):
        loaded = nn.Dense(3, 2, rng=1)
        mg.checkpoint.load(tmp_path / f"{name}.safetensors", loaded)
        assert np.array_equal(loaded.weight.data, model.weight.data) == is_the_same
