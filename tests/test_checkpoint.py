"""Does a saved run go on bit for bit, and is a file never half written or half read?"""

import sys

import numpy as np
import pytest
import safetensors.numpy

import minigrad as mg
from minigrad import checkpoint, losses, nn, optim

X = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 3, size=50)

OPTIMIZERS = {
    "momentum": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda parameters: optim.Adam(parameters, lr=optim.cosine(0.05, steps=16, warmup=3)),
}


def plain(parameters):
    return optim.SGD(parameters, lr=0.1)


def fresh(seed, build=OPTIMIZERS["adam"], hidden=8):
    """A model, its optimiser, and the generator that shuffles its batches and drops its units."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Dense(4, hidden, rng=rng), nn.Tanh(), nn.Dropout(0.3, rng=rng), nn.Dense(hidden, 3, rng=rng)
    )
    return model, build(model.parameters()), rng


def train(model, optimizer, rng, epochs, history=None):
    pairs = mg.batches(X, LABELS, batch_size=16, rng=rng)
    return mg.train(model, losses.cross_entropy, optimizer, pairs, epochs=epochs, history=history)


def state(model, optimizer, rng):
    return model.state_dict(), optimizer.state_dict(), rng.bit_generator.state


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


@pytest.mark.parametrize("build", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_resumed_run_equals_one_that_was_never_interrupted(build, path):
    through = fresh(0, build)
    expected = train(*through, epochs=4)

    first = fresh(0, build)
    checkpoint.save(path, *first[:2], train(*first, epochs=2), first[2])
    resumed = fresh(99, build)
    history = train(*resumed, epochs=4, history=checkpoint.load(path, *resumed))
    np.testing.assert_equal(state(*resumed), state(*through))
    assert history["loss"] == expected["loss"]


def test_everything_comes_back_as_it_was(path):
    source = fresh(0)
    history = train(*source, epochs=1)
    history.records[0]["best"] = float("nan")
    for name in (path, str(path)):
        checkpoint.save(name, *source[:2], history, source[2])
        target = fresh(1)
        tensors = target[0].parameters()
        loaded = checkpoint.load(name, *target)
        np.testing.assert_equal(state(*target), state(*source))
        np.testing.assert_equal(loaded.records, history.records)
        assert list(map(id, target[0].parameters())) == list(map(id, tensors))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_generator_is_optional(path):
    source, target = fresh(0), fresh(1)
    train(*source, epochs=1)
    before = target[2].bit_generator.state
    checkpoint.save(path, *source[:2], mg.History(), source[2])
    assert len(checkpoint.load(path, *target[:2])) == 0
    assert target[2].bit_generator.state == before
    np.testing.assert_equal(state(*target)[:2], state(*source)[:2])


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64, np.random.PCG64DXSM])
def test_other_generators_are_restored_too(kind, path):
    model, optimizer, _ = fresh(0)
    rng, other = np.random.Generator(kind(0)), np.random.Generator(kind(1))
    rng.random(3)
    checkpoint.save(path, model, optimizer, mg.History(), rng)
    checkpoint.load(path, model, optimizer, other)
    np.testing.assert_array_equal(other.random(1000), rng.random(1000))


def test_arrays_of_any_layout_are_saved_as_they_are(path):
    class Odd(nn.Layer):
        def __init__(self, seed):
            values = np.random.default_rng(seed).normal(size=(3, 4))
            self.turned = mg.Tensor(values.T, requires_grad=True)
            self.frozen = mg.Tensor(values, dtype=np.float16)
            self.scalar = mg.Tensor(float(seed), requires_grad=True)
            self.count = mg.Tensor(seed)
            self.empty = mg.Tensor(np.zeros((0, 2)))

    source, target = Odd(0), Odd(1)
    checkpoint.save(path, source, plain(source.parameters()), mg.History())
    checkpoint.load(path, target, plain(target.parameters()))
    np.testing.assert_equal(target.state_dict(), source.state_dict())


def test_earlier_checkpoint_survives_a_failure(path, monkeypatch):
    source = fresh(0)
    checkpoint.save(path, *source[:2], mg.History([{"loss": 0.5}]))
    before = path.read_bytes()

    def disk_full(arrays, file, metadata):
        with open(file, "wb") as opened:
            opened.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(safetensors.numpy, "save_file", disk_full)
    train(*source, epochs=1)
    with pytest.raises(OSError, match="no space left"):
        checkpoint.save(path, *source[:2], mg.History())
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert checkpoint.load(path, *fresh(1)[:2])["loss"] == [0.5]


def test_missing_places(path):
    run = fresh(0)
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*run\.safetensors"):
        checkpoint.load(path, *run)
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        checkpoint.load(path.parent, *run)
    with pytest.raises(FileNotFoundError, match=r"there is no directory .*nowhere"):
        checkpoint.save(path.parent / "nowhere" / "run.safetensors", *run[:2], mg.History())


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 8, b"\xff" * 100, np.random.default_rng(0).bytes(1000), b"PK\x03\x04"]
)
def test_file_that_is_no_checkpoint(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"run\.safetensors is not a checkpoint of minigrad"):
        checkpoint.load(path, *fresh(0))


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"format": "minigrad checkpoint 99"}])
def test_file_of_another_program(metadata, path):
    run = fresh(0)
    safetensors.numpy.save_file({f"model.{name}": array for name, array in run[0].state_dict().items()}, path, metadata)
    before = state(*run)
    with pytest.raises(ValueError, match=r"run\.safetensors is not a checkpoint of minigrad"):
        checkpoint.load(path, *run)
    np.testing.assert_equal(state(*run), before)


class Renamed(nn.Layer):
    def __init__(self):
        self.layer = nn.Dense(4, 3, rng=0)


def another_generator():
    return (*fresh(1)[:2], np.random.Generator(np.random.MT19937(0)))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: fresh(1, hidden=9), ValueError, r"layers.0.weight has shape \(4, 9\); the state holds shape \(4, 8\)"),
        (lambda: fresh(1, plain), KeyError, r"same kind of SGD: .*unexpected.*square_sum"),
        (lambda: fresh(1, OPTIMIZERS["momentum"]), KeyError, r"same kind of SGD: missing \['momentum.0'"),
        (another_generator, ValueError, "state of a PCG64 generator; rng is a MT19937"),
    ],
)
def test_run_that_does_not_fit_is_left_as_it_was(build, error, message, path):
    source = fresh(0)
    checkpoint.save(path, *source[:2], train(*source, epochs=1), source[2])
    target = build()
    before = state(*target)
    with pytest.raises(error, match=message):
        checkpoint.load(path, *target)
    np.testing.assert_equal(state(*target), before)


def test_model_with_other_names(path):
    source, renamed = fresh(0), Renamed()
    checkpoint.save(path, *source[:2], mg.History())
    with pytest.raises(
        KeyError, match=r"does not fit Renamed: missing layer\.bias, layer\.weight; unexpected layers\.0"
    ):
        checkpoint.load(path, renamed, plain(renamed.parameters()))


def test_missing_generator(path):
    source, target = fresh(0), fresh(1)
    checkpoint.save(path, *source[:2], mg.History())
    before = state(*target)
    with pytest.raises(ValueError, match="saved without the state of a random generator"):
        checkpoint.load(path, *target)
    np.testing.assert_equal(state(*target), before)


def test_without_safetensors(path, monkeypatch):
    run = fresh(0)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"minigrad\[checkpoint\]"):
        checkpoint.save(path, *run[:2], mg.History())
    assert not list(path.parent.iterdir())
    with pytest.raises(ImportError, match=r"minigrad\[checkpoint\]"):
        checkpoint.load(path, *run)
