"""Is no more read of a file than the batches that are asked for?"""

import mmap
import tracemalloc

import h5py
import jax
import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.training.batching import reading

SAMPLES, SIZE = 4000, 512


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of 8 MB in each format, and its labels."""
    folder = tmp_path_factory.mktemp("files")
    x = np.random.default_rng(0).random((SAMPLES, SIZE), dtype=np.float32)
    np.save(folder / "x.npy", x)
    raw = np.memmap(folder / "x.dat", np.float32, "w+", offset=24, shape=x.shape)
    raw[:] = x
    raw.flush()
    with h5py.File(folder / "x.h5", "w") as file:
        file.create_dataset("x", data=x, chunks=(16, SIZE))
    with h5py.File(folder / "x.h5") as file:
        yield {
            "npy": np.load(folder / "x.npy", mmap_mode="r"),
            "memmap": np.memmap(folder / "x.dat", np.float32, "r", offset=24, shape=x.shape),
            "h5": file["x"],
            "memory": x,
        }


class Counted:
    """Like an array of zarr or h5py: it notes which rows are read, and takes increasing ones only."""

    def __init__(self, values):
        self.values, self.read = values, []
        self.shape, self.dtype = values.shape, values.dtype

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        chosen = np.arange(len(self.values))[index]
        if np.any(np.diff(chosen) < 1):
            raise TypeError("indices must be increasing")
        self.read += chosen.tolist()
        return self.values[index]


@pytest.mark.parametrize("kind", ["npy", "memmap", "h5"])
@pytest.mark.parametrize("options", [{"rng": 0}, {"shuffle": False}, {"weights": np.ones(SAMPLES), "rng": 0}], ids=repr)
def test_files_give_the_batches_that_memory_gives_and_nothing_large_is_made(files, kind, options):
    labels = np.arange(SAMPLES)
    expected = mg.batches(files["memory"], labels, 32, **options)
    found = mg.batches(files[kind], labels, 32, **options)
    tracemalloc.start()
    for (x, y), (own, labels) in zip(found, expected, strict=True):
        assert np.array_equal(x, own)
        assert np.array_equal(y, labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A batch has 64 KiB, the file 8 MB.
    assert peak < 1_000_000


def test_only_the_rows_of_a_batch_are_read():
    x, y = Counted(np.arange(100.0).reshape(50, 2)), np.arange(50)
    data = mg.batches({"x": x, "y": y}, y, 8, rng=0)
    x.read.clear()
    inputs, labels = next(iter(data))
    assert sorted(labels.tolist()) == x.read
    np.testing.assert_array_equal(inputs["x"][:, 0], 2.0 * labels)
    x.read.clear()
    rest = [labels for _, labels in data.starting_at(3)]
    assert sorted(x.read) == sorted(np.concatenate(rest).tolist())
    assert len(x.read) == 50 - 3 * 8
    # The same sample twice in one batch is read once.
    data = mg.batches(x, y, 50, rng=0, weights=(y < 3))
    x.read.clear()
    ((inputs, labels),) = data
    assert x.read == [0, 1, 2]
    np.testing.assert_array_equal(inputs[:, 0], 2.0 * labels)


class Announced(mmap.mmap):
    """A mapped file that notes what the system is told of it."""

    def madvise(self, option, start, length):
        self.told.append((option, start, length))
        return super().madvise(option, start, length)


def test_the_system_is_told_which_pages_are_read(tmp_path, monkeypatch):
    page = mmap.PAGESIZE
    monkeypatch.setattr(reading, "_SMALL", 64 * page)
    (tmp_path / "x").write_bytes(bytes(64 * page))
    with open(tmp_path / "x", "rb") as file:
        mapping = Announced(file.fileno(), 0, access=mmap.ACCESS_READ)
    mapping.told = []
    x = np.frombuffer(mapping, np.uint8).reshape(128, page // 2)[::-1]
    reading.rows(x, np.array([127 - 20, 127 - 3, 127 - 100, 127 - 2, 127 - 21]))
    will = mmap.MADV_WILLNEED
    assert mapping.told == [(will, page, page), (will, 10 * page, page), (will, 50 * page, page // 2)]
    mapping.told.clear()
    # Neither what is read in order nor columns are rows that lie apart; and a small file is read as a whole soon.
    reading.rows(x, slice(0, 5))
    reading.rows(x.T, np.array([1, 2]))
    reading.rows(x[1:], np.array([1, 2]))
    assert mapping.told == []


def test_a_model_is_trained_and_used_from_a_file(files):
    labels = np.arange(SAMPLES) % 2
    histories = []
    for kind in ("memory", "npy", "h5"):
        model = nn.Dense(SIZE, 2, rng=0)
        data = mg.batches(files[kind], labels, 500, rng=1)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        history = mg.train(model, losses.cross_entropy, optimizer, data, epochs=2, progress=False)
        histories.append((history["loss"], mg.predict(model, files[kind], 1000).sum()))
    assert histories[0] == histories[1] == histories[2]


class Lazy(Counted):
    def __getitem__(self, index):
        return self.answer


def answering(answer):
    lazy = Lazy(np.arange(6.0).reshape(3, 2))
    lazy.answer = answer
    return lambda: mg.batches(lazy, np.arange(3), 2)


class OnlySlices(Counted):
    def __getitem__(self, index):
        if not isinstance(index, slice):
            raise IndexError("slices only")
        return super().__getitem__(index)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: mg.batches(OnlySlices(np.ones((9, 2)))),
            TypeError,
            r"rows \[0, 8\] of a .*\.OnlySlices cannot be read",
        ),
        (
            answering(np.ones((3, 2))),
            TypeError,
            r"of shape \(3, 2\) and float64 gave, for the 2 rows \[0, 2\], a ndarray",
        ),
        (answering(np.ones((2, 2), np.float32)), TypeError, r"of shape \(2, 2\) and float32; give an object"),
        (answering(None), TypeError, "a NoneType of shape"),
        (answering(np.ma.masked_array(np.ones((2, 2)), True)), ValueError, "is a masked array with missing numbers"),
        (lambda: mg.batches(Counted(np.array(["a", "b"]))), TypeError, "is an array of numbers, not of <U1"),
        (lambda: mg.batches(Counted(np.ones((0, 2)))), ValueError, r"there are no samples \(shape \(0, 2\)\)"),
        (lambda: mg.batches(Counted(np.ones(()))), ValueError, "x holds samples along its first axis"),
        (lambda: mg.batches(Counted(np.ones(3)), np.ones(2)), ValueError, "3 samples but 2 targets"),
    ],
)
def test_what_cannot_be_read_row_by_row_says_so_at_once(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert str(caught.value).startswith("batches: ")


def test_several_files_are_several_inputs(files):
    for x, y in mg.batches((files["h5"], files["npy"]), files["memmap"], 100, rng=0):
        np.testing.assert_array_equal(x[0], x[1])
        np.testing.assert_array_equal(x[0], y)


class Labelled(Counted):
    """Like a column of pandas, whose brackets take labels and not positions."""

    iloc = None

    def __getitem__(self, index):
        raise KeyError(index)

    def __array__(self, dtype=None, copy=None):
        return self.values


def test_arrays_of_other_libraries_are_taken_as_they_are():
    ((found, _),) = mg.batches(Labelled(np.arange(3.0)), np.arange(3), 3, shuffle=False)
    np.testing.assert_array_equal(found, np.arange(3.0))
    x = jax.numpy.arange(6.0).reshape(3, 2)
    assert not reading.is_stored(x)
    ((found, _),) = mg.batches(x, np.arange(3), 3, shuffle=False)
    np.testing.assert_array_equal(found, np.arange(6.0).reshape(3, 2))
