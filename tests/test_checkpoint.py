"""Does a saved run go on bit for bit, and is a file never half written or half read?"""

import errno
import json
import os
import re
import stat
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

import minigrad as mg
from minigrad import checkpoint, losses, nn, optim
from minigrad.training.runs import checkpoint_file

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


def left(path):
    """The names of all files beside a checkpoint, hidden ones too."""
    return [file.name for file in path.parent.iterdir()]


@pytest.fixture
def old(path):
    """A checkpoint that is there already, and its bytes."""
    checkpoint.save(path, *fresh(0)[:2], mg.History([{"loss": 0.5}]))
    return path.read_bytes()


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_earlier_checkpoint_survives_a_full_disk(call, path, old, monkeypatch):
    source = fresh(0)
    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match=r"could not be written \(No space left.*unchanged.*run\.safetensors") as caught:
        checkpoint.save(path, *source[:2])
    monkeypatch.undo()
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == old
    assert left(path) == [path.name]
    assert checkpoint.load(path, *fresh(1)[:2])["loss"] == [0.5]


LIMITED = """
import resource, sys
import minigrad as mg
from minigrad import checkpoint, nn

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    checkpoint.save(sys.argv[1], nn.Dense(100, 100))
except OSError as error:
    print(error)
"""


def test_earlier_checkpoint_survives_a_write_that_the_system_cuts_off(path, old):
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", LIMITED, path], capture_output=True, text=True, check=True)
    assert re.search(r"could not be written \(File too large\); what was there before is unchanged", done.stdout)
    assert path.read_bytes() == old
    assert left(path) == [path.name]


def test_read_only_directory_is_named(path, old, monkeypatch):
    def refuse(name, mode):
        raise PermissionError(errno.EACCES, "Permission denied", name)

    monkeypatch.setattr(checkpoint_file, "open", refuse, raising=False)
    with pytest.raises(PermissionError, match=r"could not be written \(Permission denied\).*run\.safetensors"):
        checkpoint.save(path, fresh(0)[0])
    assert path.read_bytes() == old


def test_read_only_file_is_kept(path, old, monkeypatch):
    monkeypatch.setattr(os, "access", lambda name, mode: False)
    with pytest.raises(PermissionError, match="the file there is read-only"):
        checkpoint.save(path, fresh(0)[0])
    assert path.read_bytes() == old
    assert left(path) == [path.name]


def test_ctrl_c_leaves_the_earlier_checkpoint_and_nothing_else(path, old, monkeypatch):
    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(path, fresh(0)[0])
    assert path.read_bytes() == old
    assert left(path) == [path.name]


def test_everything_is_on_the_disk_before_the_old_one_is_replaced(path, old, monkeypatch):
    done = []

    def noted(name):
        own = getattr(os, name)

        def call(*args):
            done.append((name, stat.S_ISDIR(os.fstat(args[0]).st_mode) if name == "fsync" else None))
            return own(*args)

        monkeypatch.setattr(os, name, call)

    noted("fsync")
    noted("replace")
    checkpoint.save(path, fresh(0)[0])
    assert done[:2] == [("fsync", False), ("replace", None)]
    assert done[2:] in ([("fsync", True)], [])


def test_two_savers_do_not_disturb_each_other(path, monkeypatch):
    names, own = [], os.replace
    monkeypatch.setattr(os, "replace", lambda part, place: (names.append(part), own(part, place)))
    for _ in range(2):
        checkpoint.save(path, fresh(0)[0])
    assert len(set(names)) == 2
    assert {os.path.dirname(name) for name in names} == {str(path.parent)}


def test_links_are_followed_and_permissions_kept(path, old):
    real, link = path.parent / "elsewhere" / "real", path.parent / "link"
    real.parent.mkdir()
    link.symlink_to(real)
    checkpoint.save(link, fresh(0)[0])
    assert link.is_symlink()
    assert left(real) == ["real"]
    os.chmod(real, 0o640)
    checkpoint.save(link, fresh(1)[0])
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    target = fresh(2)[0]
    checkpoint.load(link, target)
    np.testing.assert_equal(target.state_dict(), fresh(1)[0].state_dict())


def test_missing_places(path):
    run = fresh(0)
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*run\.safetensors"):
        checkpoint.load(path, *run)
    with pytest.raises(FileNotFoundError, match=r"there is no directory .*nowhere"):
        checkpoint.save(path.parent / "nowhere" / "run.safetensors", *run[:2], mg.History())


def test_directories_and_devices_are_refused(path):
    pipe = path.parent / "pipe"
    os.mkfifo(pipe)
    path.symlink_to("/dev/null")
    for place, message in ((path.parent, "is a directory"), (path, "is a device"), (pipe, "is a device")):
        for use in (checkpoint.save, checkpoint.load):
            with pytest.raises(ValueError, match=f"{place} {message}"):
                use(place, fresh(0)[0])
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_model_alone(path):
    source, target = fresh(0), fresh(1)
    checkpoint.save(path, source[0])
    before = target[1].state_dict()
    assert len(checkpoint.load(path, target[0])) == 0
    np.testing.assert_equal(target[0].state_dict(), source[0].state_dict())
    with pytest.raises(ValueError, match=r"run\.safetensors was saved without an optimiser; write load\(path, model\)"):
        checkpoint.load(path, *target[:2])
    np.testing.assert_equal(target[1].state_dict(), before)
    # And the model of a whole run, for use.
    checkpoint.save(path, *source[:2], mg.History([{"loss": 1.0}]), source[2])
    assert checkpoint.load(path, target[0])["loss"] == [1.0]


def test_model_without_arrays(path):
    checkpoint.save(path, nn.Sequential(nn.Tanh()))
    checkpoint.load(path, nn.Sequential(nn.Tanh()))
    with pytest.raises(KeyError, match=r"run\.safetensors: .*missing bias, weight"):
        checkpoint.load(path, nn.Dense(2, 2))


@pytest.mark.parametrize(("saved", "wanted"), [(np.float64, np.float32), (np.float32, np.float64)])
def test_dtypes_are_exact(saved, wanted, path):
    source, target = nn.Dense(2, 2, dtype=saved, rng=0), nn.Dense(2, 2, dtype=wanted, rng=1)
    checkpoint.save(path, source)
    before = target.state_dict()
    with pytest.raises(TypeError, match=r"run\.safetensors: (weight|bias) has dtype float\d\d; the state holds float"):
        checkpoint.load(path, target)
    np.testing.assert_equal(target.state_dict(), before)


def test_dtypes_that_no_file_can_hold(path):
    if np.dtype(np.longdouble) == np.float64:
        return
    with pytest.raises(TypeError, match=r"model\.weight has dtype .*, which a checkpoint cannot hold"):
        checkpoint.save(path, nn.Dense(2, 2, dtype=np.longdouble))
    assert left(path) == []


def test_foreign_byte_order(path):
    def model(values):
        layer = nn.Layer()
        layer.values = mg.Tensor(np.array(values, ">f4"))
        return layer

    target = model([0.0, 0.0])
    checkpoint.save(path, model([1.0, 2.5]))
    checkpoint.load(path, target)
    np.testing.assert_array_equal(target.values.data, [1.0, 2.5])


def test_other_programs_can_read_it(path):
    source = fresh(0)
    checkpoint.save(path, source[0])
    found = safetensors.numpy.load_file(path)
    np.testing.assert_equal(found, {f"model.{name}": array for name, array in source[0].state_dict().items()})


def test_files_of_the_version_before(path):
    source, target = fresh(0), fresh(1)
    train(*source, epochs=1)
    arrays = {f"model.{name}": array for name, array in source[0].state_dict().items()}
    arrays |= {f"optimizer.{name}": array for name, array in source[1].state_dict().items()}
    words = {
        "format": "minigrad checkpoint 1",
        "history": json.dumps([{"loss": 0.5}]),
        "rng": json.dumps(source[2].bit_generator.state),
    }
    safetensors.numpy.save_file(arrays, path, words)
    assert checkpoint.load(path, *target)["loss"] == [0.5]
    np.testing.assert_equal(state(*target), state(*source))
    # What says it is older cannot have lost its checksum.
    safetensors.numpy.save_file(arrays, path, words | {"checksum": "0" * 64})
    with pytest.raises(ValueError, match="its format is 'minigrad checkpoint 1', but it holds"):
        checkpoint.load(path, *target)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None,), "model is a NoneType; give one such as nn.Sequential"),
        ((nn.Dense,), "model is a class; give one"),
        (({"weight": np.ones(2)},), "model is a dict"),
        ((nn.Tanh(), optim.SGD), "optimizer is a .*; give one such as optim.Adam"),
        ((nn.Tanh(), mg.History()), "optimizer is a History"),
    ],
)
def test_wrong_arguments(arguments, message, path):
    for name in ("save", "load"):
        with pytest.raises(TypeError, match=f"{name}: {message}"):
            getattr(checkpoint, name)(path, *arguments)
    assert left(path) == []


def test_wrong_arguments_of_one_of_them(path):
    with pytest.raises(TypeError, match=r"save: history is a list; give what mg\.train returned"):
        checkpoint.save(path, nn.Tanh(), None, [{"loss": 1.0}])
    for rng in (0, np.random.RandomState(0)):
        with pytest.raises(TypeError, match=r"save: rng is a .*; give one such as np\.random\.default_rng"):
            checkpoint.save(path, nn.Tanh(), rng=rng)
    history = mg.History([{"loss": 1.0}])
    history.records[0]["best"] = "epoch 1"
    with pytest.raises(TypeError, match="'best' in record 0 is 'epoch 1', not a number"):
        checkpoint.save(path, nn.Tanh(), history=history)
    assert left(path) == []


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
        (lambda: fresh(1, plain), KeyError, r"state is not that of SGD .*unexpected.*sum"),
        (lambda: fresh(1, OPTIMIZERS["momentum"]), KeyError, r"state is not that of SGD .*: missing momentum.0"),
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
    with pytest.raises(ImportError, match=r"minigrad-numpy\[checkpoint\]"):
        checkpoint.save(path, *run[:2], mg.History())
    assert not list(path.parent.iterdir())
    with pytest.raises(ImportError, match=r"minigrad-numpy\[checkpoint\]"):
        checkpoint.load(path, *run)
