"""Does a training that was ended anywhere go on as if nothing had been, and does it say where it cannot?"""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from runs import EPOCHS, LABELS, Counting, X, parts, trained

import minigrad as mg
from minigrad import checkpoint, losses, nn, optim
from minigrad.training.runs import checkpoint_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def saver(path, **options):
    return mg.Checkpoint(path, resume=True, every_minutes=None, **options)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("step", range(1, 3 * EPOCHS + 1))
def test_a_run_that_is_broken_off_after_any_step_goes_on_bit_for_bit(path, step, compiled):
    counting = Counting()
    whole = trained([counting], compile=compiled)
    assert counting.seen.tolist() == [3 * EPOCHS, EPOCHS]
    with pytest.raises(ZeroDivisionError):
        trained([saver(path), Counting(step, ZeroDivisionError())], compile=compiled)
    counting = Counting()
    np.testing.assert_equal(trained([saver(path), counting], compile=compiled), whole)
    assert counting.seen.tolist() == [3 * EPOCHS, EPOCHS]
    # And once more, where nothing is left to be done.
    np.testing.assert_equal(trained([saver(path), Counting()], compile=compiled), whole)


def test_the_skipped_samples_of_batches_are_not_read(path):
    class Rows:
        """An array that says which rows were read."""

        shape, dtype, ndim, read = X.shape, X.dtype, 2, []

        def __len__(self):
            return len(X)

        def __getitem__(self, rows):
            self.read.append(np.arange(len(X))[rows])
            return X[rows]

    def run(callbacks):
        model, optimizer, data = parts(noisy=False)
        data.x = Rows()
        return trained(callbacks, (model, optimizer, data))

    whole = run([])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(5, ZeroDivisionError())])
    Rows.read.clear()
    np.testing.assert_equal(run([saver(path), Counting()]), whole)
    assert len(Rows.read) == 1 + 2 * 3


def test_an_epoch_that_was_broken_off_in_its_validation_is_not_trained_again(path):
    calls = []

    def metric(prediction, target):
        # The fourth call is that of the first validation.
        calls.append(None)
        if len(calls) == 4:
            raise ZeroDivisionError("division of nothing")
        return float(prediction.mean())

    with pytest.raises(ZeroDivisionError) as caught:
        trained([saver(path)], metrics=[metric])
    assert any("the metric metric" in note for note in caught.value.__notes__)
    assert len(caught.value.history) == 0
    np.testing.assert_equal(trained([saver(path)], metrics=[metric])[:2], trained([])[:2])


def test_a_save_within_an_epoch_comes_after_so_many_steps_or_minutes(path, monkeypatch):
    places = []

    class Watching(mg.Callback):
        def on_step_begin(self, run):
            places.append((run.epoch, run.step, os.path.exists(path)))
            if os.path.exists(path):
                os.remove(path)

    trained([mg.Checkpoint(path, every_steps=2, every_minutes=None, every_epochs=2), Watching()])
    assert [(epoch, step) for epoch, step, saved in places if saved] == [(1, 2), (2, 2), (3, 0), (3, 2), (4, 2)]
    places.clear()
    trained([mg.Checkpoint(path, every_minutes=1e-9), Watching()])
    assert [saved for *_, saved in places[1:]] == [True] * 11


def test_a_run_may_be_taken_up_from_one_file_and_saved_to_another(path, tmp_path):
    whole = trained([])
    with pytest.raises(ZeroDivisionError):
        trained([mg.Checkpoint(path), Counting(5, ZeroDivisionError())])
    before, other = path.read_bytes(), tmp_path / "other.safetensors"
    np.testing.assert_equal(trained([mg.Checkpoint(other, resume=path), Counting()]), whole)
    assert path.read_bytes() == before
    assert other.exists()
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*none"):
        trained([mg.Checkpoint(other, resume=tmp_path / "none")])


def test_the_best_model_is_kept_beside_the_last(path, tmp_path):
    best = tmp_path / "best.safetensors"
    model, optimizer, data = parts()
    states, losses_seen = [], []

    class Keeping(mg.Callback):
        def on_epoch_end(self, run):
            states.append(run.model.state_dict())
            losses_seen.append(run.history[-1]["accuracy"])

    trained(
        [mg.Checkpoint(path, best=best, monitor="accuracy", larger_is_better=True), Keeping()],
        (model, optimizer, data),
    )
    other, _, _ = parts()
    checkpoint.load(best, other)
    np.testing.assert_equal(other.state_dict(), states[int(np.argmax(losses_seen))])


def test_early_stopping_ends_puts_back_the_best_weights_and_is_taken_up(path):
    def run(callbacks):
        model, optimizer, data = parts()
        return trained(callbacks, (model, optimizer, data), epochs=40)

    def stopping():
        return mg.EarlyStopping(patience=2, monitor="validation_loss", least_change=1e-3)

    first = stopping()
    states = []
    whole = run([first, Keeping(states)])
    assert len(whole[2]) == first.best_epoch + 2 < 40
    assert first.best_value == whole[2][first.best_epoch - 1]["validation_loss"]
    np.testing.assert_equal(whole[0], states[first.best_epoch - 1])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), stopping(), Counting(7, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), stopping(), Counting()]), whole)
    # A run that was stopped stays so.
    np.testing.assert_equal(run([saver(path), stopping(), Counting()]), whole)


class Keeping(mg.Callback):
    """Keeps the weights of each epoch."""

    def __init__(self, states):
        self.states = states

    def on_epoch_end(self, run):
        self.states.append(run.model.state_dict())


def test_a_learning_rate_that_a_callback_changed_goes_on(path):
    def run(callbacks):
        model = nn.Dense(6, 2, rng=0)
        optimizer = optim.SGD(model.parameters(), lr=0.5)

        def halve(history):
            optimizer.lr = optimizer.lr / 2

        return trained([halve, *callbacks], (model, optimizer, mg.batches(X, LABELS, 16, rng=1)))

    whole = run([])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(8, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()]), whole)


def test_ctrl_c_is_saved_and_goes_on(path):
    whole = trained([])
    trained([saver(path), Counting(5, KeyboardInterrupt())])
    np.testing.assert_equal(trained([saver(path), Counting()]), whole)


def test_a_function_may_give_the_data(path):
    def run(callbacks):
        model, optimizer, data = parts()
        return trained(callbacks, (model, optimizer, lambda: iter(data)))

    whole = run([])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(8, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()]), whole)


def full(*args):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_told_and_the_training_goes_on(path, monkeypatch):
    whole = trained([])
    monkeypatch.setattr(checkpoint_file.os, "fsync", full)
    with pytest.warns(RuntimeWarning, match=r"run\.safetensors was not saved: .*No space") as caught:
        np.testing.assert_equal(trained([saver(path, every_epochs=3)]), whole)
    first, last = [str(warning.message) for warning in caught]
    assert first.endswith("the training goes on, and the next save tries again")
    assert last.endswith("this was the last save; the model is in memory, write it with checkpoint.save")
    assert not path.exists()
    assert list(path.parent.iterdir()) == []


def test_a_disk_that_has_room_again_is_written_to(path, monkeypatch):
    counts = []
    own = os.fsync

    def sometimes_full(file):
        counts.append(None)
        return full() if len(counts) == 3 else own(file)

    monkeypatch.setattr(checkpoint_file.os, "fsync", sometimes_full)
    with pytest.warns(RuntimeWarning, match="the next save tries again"):
        trained([saver(path)])
    np.testing.assert_equal(trained([saver(path)]), trained([]))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda folder: folder / "no" / "run", FileNotFoundError, "there is no folder .*no for"),
        (lambda folder: folder, IsADirectoryError, "is a folder; a checkpoint is a file"),
    ],
)
def test_a_path_that_cannot_be_written_to_is_told_before_the_training(tmp_path, make, error, message):
    model, optimizer, data = parts()
    with pytest.raises(error, match=message):
        trained([mg.Checkpoint(make(tmp_path))], (model, optimizer, data))
    assert optimizer.steps == 0


def test_a_read_only_folder_is_told_before_the_training(path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda name, mode: False)
    model, optimizer, data = parts()
    with pytest.raises(PermissionError, match="cannot be written to; give a path in a folder that can"):
        trained([mg.Checkpoint(path)], (model, optimizer, data))
    assert optimizer.steps == 0


def other_generators():
    model, optimizer, data = parts()
    data.more = np.random.default_rng(0)
    return model, optimizer, data


def other_batches():
    model, optimizer, _ = parts()
    return model, optimizer, mg.batches(X, LABELS, batch_size=9, rng=0)


@pytest.mark.parametrize(
    ("made", "options", "callbacks", "message"),
    [
        (other_generators, {}, [], "draws from 3 random generators; this one draws from 4"),
        (None, {"metrics": []}, [], r"with the metrics \['accuracy', 'f1'\], and these are \[\]; give the same"),
        (None, {}, [mg.EarlyStopping(3)], r"with the callbacks \['Checkpoint', 'Counting'\], and .*'EarlyStopping'"),
        (
            lambda: (nn.Dense(6, 2, rng=0), None, None),
            {},
            [],
            "does not fit Dense: missing bias, weight",
        ),
    ],
)
def test_another_run_is_refused_and_nothing_changes(path, made, options, callbacks, message):
    with pytest.raises(ZeroDivisionError):
        trained([saver(path), Counting(4, ZeroDivisionError())])
    model, optimizer, data = (made or parts)()
    if optimizer is None:
        optimizer, data = optim.Adam(model.parameters(), lr=optim.cosine(0.1, 5)), parts()[2]
    before = model.state_dict(), optimizer.state_dict()
    with pytest.raises((ValueError, KeyError), match=message):
        trained([saver(path), Counting(), *callbacks], (model, optimizer, data), **options)
    np.testing.assert_equal((model.state_dict(), optimizer.state_dict()), before)


def test_data_of_another_length_are_refused_in_the_middle_of_an_epoch(path):
    def made(size):
        model = nn.Dense(6, 2, rng=0)
        return model, optim.SGD(model.parameters(), lr=0.1), mg.batches(X, LABELS, size, rng=0)

    with pytest.raises(ZeroDivisionError):
        trained([saver(path), Counting(4, ZeroDivisionError())], made(16))
    with pytest.raises(ValueError, match="in the middle of an epoch of 3 batches, and these data have 5"):
        trained([saver(path), Counting()], made(9))


def test_each_way_to_load_names_the_other(path):
    model, optimizer, data = parts()
    trained([saver(path)], (model, optimizer, data))
    other, others, _ = parts()
    assert len(checkpoint.load(path, other, others)) == EPOCHS
    np.testing.assert_equal(other.state_dict(), model.state_dict())
    with pytest.raises(ValueError, match=r"saved by mg\.Checkpoint.*resume=True"):
        checkpoint.load(path, other, rng=np.random.default_rng(0))
    checkpoint.save(path, model, optimizer)
    with pytest.raises(ValueError, match=r"saved by checkpoint\.save, which keeps no place in a training"):
        trained([saver(path)], parts())


def test_a_damaged_file_is_told(path):
    trained([saver(path)])
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged: its checksum"):
        trained([saver(path)])


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
import runs
import minigrad as mg

class Killing(mg.Callback):
    def on_step_end(self, run):
        if run.steps == 5 and len(sys.argv) > 3:
            os.kill(os.getpid(), signal.SIGKILL)

model, optimizer, data = runs.parts()
runs.trained([mg.Checkpoint(sys.argv[1], every_steps=1, resume=True), Killing()], (model, optimizer, data))
print({name: array.tobytes().hex() for name, array in model.state_dict().items()})
"""


def test_a_process_that_is_killed_goes_on_bit_for_bit(tmp_path):
    def run(name, *more):
        arguments = [sys.executable, "-c", KILLED, str(tmp_path / name), str(Path(__file__).parent), *more]
        return subprocess.run(arguments, capture_output=True, text=True)

    whole, killed = run("whole"), run("killed", "kill")
    assert (whole.returncode, killed.returncode) == (0, -9), whole.stderr + killed.stderr
    resumed = run("killed")
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout == whole.stdout


def test_several_optimisers_are_saved_with_their_run(path):
    def run(callbacks):
        rng = np.random.default_rng(0)
        model = nn.Sequential(nn.Dense(6, 4, rng=rng), nn.Tanh(), nn.Dense(4, 2, rng=rng))
        several = [optim.Adam(model[0].parameters(), lr=0.01), optim.SGD(model[2].parameters(), lr=0.1, momentum=0.9)]

        def step(x, y):
            loss = losses.cross_entropy(model(x), y)
            for optimizer in several:
                optimizer.zero_grad()
            loss.backward()
            for optimizer in several:
                optimizer.step()
            return {"loss": loss, "largest": np.abs(model[0].weight.data).max()}

        data = mg.batches(X, LABELS, 16, rng=rng)
        history = mg.train_with(step, model, several, data, epochs=3, callbacks=callbacks, progress=False)
        kept = [optimizer.state_dict() for optimizer in several]
        return model.state_dict(), kept, history["loss"], history["largest"]

    whole = run([])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(4, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()]), whole)


def test_averages_of_weights_go_on_with_their_run(path):
    def run(callbacks):
        model, optimizer, data = parts()
        average = optim.EMA(model.parameters(), decay=0.9)
        left = trained([mg.AverageWeights(average), *callbacks], (model, optimizer, data))
        return left, average.state_dict()

    whole = run([])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(7, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()]), whole)
    with pytest.raises(TypeError, match=r"takes averages such as optim\.EMA\(model\.parameters\(\)\), not a float"):
        mg.AverageWeights(0.9)


@pytest.mark.parametrize(
    "made",
    [
        lambda plateau: {"lr": plateau},
        lambda plateau: {"lr": optim.warmup(optim.scaled(plateau, 0.5), 3)},
        lambda plateau: {"lr": 0.1, "groups": {optim.vectors: {"lr": plateau}}},
    ],
    ids=["alone", "in others", "of a group"],
)
def test_a_schedule_that_remembers_goes_on(path, made):
    def run(callbacks):
        model = nn.Dense(6, 2, rng=0)
        plateau = optim.Plateau(0.5, factor=0.5, patience=0, threshold=0.1)
        optimizer = optim.SGD(model.parameters(), **made(plateau))

        def tell(history):
            plateau.tell(history[-1]["loss"])

        left = trained([tell, *callbacks], (model, optimizer, mg.batches(X, LABELS, 16, rng=1)))
        return left, plateau.lr

    whole = run([])
    assert whole[1] < 0.5
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(11, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()]), whole)
    with pytest.raises(ValueError, match="other kinds of learning rates"):
        trained(
            [lambda history: None, saver(path), Counting()],
            (model := nn.Dense(6, 2, rng=0), optim.SGD(model.parameters(), lr=0.1), mg.batches(X, LABELS, 16, rng=1)),
        )


def test_a_run_that_early_stopping_has_ended_goes_on_with_more_patience(path):
    def run(patience, callbacks=()):
        stopping = mg.EarlyStopping(patience, least_change=1e-3)
        return trained([stopping, *callbacks], parts(), epochs=40), stopping.best_epoch

    whole, best = run(6)
    first, _ = run(2, [saver(path)])
    assert len(first[2]) < len(whole[2]) == best + 6
    np.testing.assert_equal(run(6, [saver(path)]), (whole, best))
    # Another callback that has ended it is not overruled.
    path.unlink()
    trained([mg.EarlyStopping(6), Counting(last_step=4), saver(path)])
    assert len(trained([mg.EarlyStopping(9), Counting(), saver(path)])[2]) == 1
