"""May callbacks be used for a second training, and what do those that save say of what cannot be saved?"""

import numpy as np
import pytest
from runs import LABELS, Counting, X, parts, trained

import minigrad as mg
from minigrad import checkpoint, losses, nn, optim
from minigrad.training.runs import checkpoint_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def test_early_stopping_forgets_another_training_but_not_its_own():
    stopping = mg.EarlyStopping(2)
    trained([stopping], epochs=8)
    first = stopping.best_epoch, stopping.best_value
    # Another model, which is worse: the best epoch is one of its own, and so are its weights.
    model = nn.Dense(6, 2, rng=0)
    left = trained([stopping], (model, optim.SGD(model.parameters(), lr=1e-6), parts()[2]), epochs=3)
    assert stopping.best_value == min(record["validation_loss"] for record in left[2]) > first[1]
    # The same training goes on.
    model, optimizer, data = parts()
    stopping = mg.EarlyStopping(9)
    history = mg.train(
        model, losses.cross_entropy, optimizer, data, epochs=2, validation=[(X, LABELS)], callbacks=[stopping]
    )
    best = stopping.best_value
    mg.train(model, losses.cross_entropy, optimizer, [(X * np.float32(9), 1 - LABELS)], epochs=3, history=history,
             validation=[(X, LABELS)], callbacks=[stopping])  # fmt: skip
    assert stopping.best_value == min(best, history["validation_loss"][-1])


def test_a_saver_of_another_training_keeps_the_best_of_the_new_one(path, tmp_path):
    best = tmp_path / "best"
    saver = mg.Checkpoint(path, best=best)
    trained([saver], epochs=6)
    model = nn.Dense(6, 2, rng=0)
    trained([saver], (model, optim.SGD(model.parameters(), lr=1e-6), parts()[2]), epochs=2)
    checkpoint.load(best, nn.Dense(6, 2, rng=1))


def test_averages_of_another_model_are_refused():
    average = optim.EMA(nn.Dense(6, 2, rng=0).parameters())
    with pytest.raises(ValueError, match="of no parameter of this model, but of those of another one; make them with"):
        trained([mg.AverageWeights(average)])


def test_two_files_of_one_name_are_refused(path):
    with pytest.raises(ValueError, match=r"best= is the file of the run, .*; the best model needs a file of its own"):
        mg.Checkpoint(path, best=path.parent / "." / path.name)


def test_what_is_taken_up_is_a_file(path):
    with pytest.raises(TypeError, match="resume is True, False or the path of a file, not 3"):
        mg.Checkpoint(path, resume=3)


class Named(Counting):
    """Counts, and has a name, which no file of arrays can hold."""

    def state_dict(self):
        return super().state_dict() | {"name": np.array("me")}


def test_a_state_that_cannot_be_saved_is_told_after_the_first_step(path):
    made = parts()
    with pytest.raises(TypeError, match=r"run\.callbacks\.1\.name has dtype <U2, which a checkpoint cannot hold"):
        trained([mg.Checkpoint(path, every_epochs=4), Named()], made)
    assert made[1].steps == 1


def test_what_a_callback_adds_to_a_record_is_saved_as_a_number(path):
    class Adding(mg.Callback):
        def on_epoch_end(self, run):
            run.history[-1]["rate"] = np.float32(0.5)

    trained([mg.Checkpoint(path), Adding()])
    assert checkpoint.load(path, parts()[0])["rate"] == [0.5] * 4


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_a_best_model_that_could_not_be_written_is_not_the_best(path, tmp_path, monkeypatch, error):
    best, own, calls = tmp_path / "best", checkpoint_file.os.fsync, []

    def sometimes(file):
        calls.append(None)
        if len(calls) == 1:
            raise error
        own(file)

    monkeypatch.setattr(checkpoint_file.os, "fsync", sometimes)
    states = []

    class Falling(mg.Callback):
        def on_epoch_end(self, run):
            run.history[-1]["mark"] = [1.0, 3.0, 2.0][len(run.history) - 1]
            states.append(run.model.state_dict())

    with pytest.warns(RuntimeWarning, match="best was not saved: .*; the training goes on"):
        trained([mg.Checkpoint(path, best=best, monitor="mark"), Falling()], epochs=3)
    # The first one is the best, but nowhere; of the others it is the last.
    model = parts()[0]
    checkpoint.load(best, model)
    np.testing.assert_equal(model.state_dict(), states[2])


def test_a_metric_is_not_computed_anew_after_each_step_where_nobody_looks():
    calls = []

    class Watched(mg.metrics.F1):
        def value(self, statistics):
            calls.append(None)
            return super().value(statistics)

    trained([], metrics=[Watched()], epochs=1, validation=None)
    assert len(calls) == 1


def test_errors_of_several_callbacks_are_all_told():
    class Raising(mg.Callback):
        def __init__(self, word):
            self.word = word

        def on_step_end(self, run):
            raise ValueError(self.word)

    layer = nn.Dense(2, 1, rng=0)
    optimizer, data = optim.SGD(layer.parameters(), lr=0.1), [(np.ones((4, 2), np.float32), np.zeros((4, 1)))]
    callbacks = [Raising("first"), Raising("second")]
    with pytest.raises(ValueError, match="first") as caught:
        mg.train(layer, losses.mse, optimizer, data, epochs=1, callbacks=callbacks, progress=False)
    assert "minigrad: then came ValueError: second" in caught.value.__notes__


def test_an_error_that_is_raised_once_more_at_the_end_is_told_once():
    class Again(mg.Callback):
        def on_step_end(self, run):
            raise ValueError("no")

        def on_end(self, run):
            raise run.error

    layer = nn.Dense(2, 1, rng=0)
    optimizer, data = optim.SGD(layer.parameters(), lr=0.1), [(np.ones((4, 2), np.float32), np.zeros((4, 1)))]
    with pytest.raises(ValueError, match="no") as caught:
        mg.train(layer, losses.mse, optimizer, data, epochs=1, callbacks=[Again()], progress=False)
    assert not any("then came" in note for note in caught.value.__notes__)
