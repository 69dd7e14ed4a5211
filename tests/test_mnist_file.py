"""Is MNIST read from a file, and everything else in the place of it refused with its path?"""

import builtins
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from mnist_arrays import GOOD

from minigrad import data


def assert_same_arrays(dataset, arrays):
    (x_train, y_train), (x_test, y_test) = dataset
    for name, array in {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}.items():
        np.testing.assert_array_equal(array, arrays[name], strict=True)


@pytest.fixture
def write(tmp_path):
    """Write an archive like GOOD, with some arrays replaced, and those replaced by None left out."""

    def write(**changes):
        path = tmp_path / "mnist.npz"
        np.savez_compressed(path, **{name: array for name, array in (GOOD | changes).items() if array is not None})
        return path

    return write


@pytest.mark.parametrize("kind", [str, Path])
def test_mnist_from_a_file(write, kind):
    assert_same_arrays(data.load_mnist(kind(write())), GOOD)


def test_labels_may_be_any_integers(write):
    labels = GOOD["y_train"].astype(np.int64)
    assert_same_arrays(data.load_mnist(write(y_train=labels)), GOOD | {"y_train": labels})


def test_a_file_may_hold_more(write):
    assert_same_arrays(data.load_mnist(write(names=np.array(["zero", "one"]))), GOOD)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        data.load_mnist(tmp_path / "nowhere.npz")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"y_train": None, "x_test": None}, r"lacks y_train, x_test; .* are: x_train, y_test$"),
        (dict.fromkeys(GOOD), r"lacks x_train, y_train, x_test, y_test; .* are: none$"),
        ({"x_train": GOOD["x_train"].reshape(5, 12)}, r"x_train must have shape \(N, H, W\) .* \(5, 12\)"),
        ({"x_test": GOOD["x_test"][..., None]}, r"x_test must have shape \(N, H, W\) .* \(2, 4, 3, 1\)"),
        ({"y_train": np.eye(5, dtype=np.uint8)}, r"y_train must have shape \(N,\) .* \(5, 5\)"),
        ({"y_test": np.uint8(3)}, r"y_test must have shape \(N,\) .* \(\)"),
        ({"x_train": GOOD["x_train"] / 255}, r"x_train must be uint8 and is float64"),
        ({"x_test": GOOD["x_test"].astype(np.int8)}, r"x_test must be uint8 and is int8"),
        ({"y_train": GOOD["y_train"].astype(np.float32)}, r"y_train must be integers and is float32"),
        ({"y_test": np.array([True, False])}, r"y_test must be integers and is bool"),
        ({"y_train": GOOD["y_train"][:4]}, r"x_train has 5 images, but y_train has 4 labels"),
        ({"x_test": GOOD["x_test"][:1]}, r"x_test has 1 images, but y_test has 2 labels"),
        ({"y_test": np.array([7, 8], object)}, r"cannot be read .* other than plain arrays"),
    ],
)
def test_archive_of_other_arrays_is_refused(write, changes, words):
    path = write(**changes)
    with pytest.raises(ValueError, match=words) as caught:
        data.load_mnist(path)
    assert str(path) in str(caught.value)


def single_array(path):
    with path.open("wb") as file:
        np.save(file, GOOD["x_train"])


def damaged_archive(path):
    np.savez(path, **GOOD)
    contents = bytearray(path.read_bytes())
    contents[contents.index(GOOD["x_test"].tobytes())] ^= 1
    path.write_bytes(contents)


def damaged_compressed_archive(path):
    np.savez_compressed(path, **GOOD)
    contents = bytearray(path.read_bytes())
    length_of_name, length_of_extra = struct.unpack_from("<HH", contents, 26)
    # No compressed block starts with these bits.
    contents[30 + length_of_name + length_of_extra] = 0xFF
    path.write_bytes(contents)


def archive_of_texts(path):
    with zipfile.ZipFile(path, "w") as archive:
        for name in GOOD:
            archive.writestr(name, "some text")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("<html>404 Not Found</html>"),
        lambda path: path.write_bytes(b"PK\x03\x04 and no more"),
        single_array,
        damaged_archive,
        damaged_compressed_archive,
        archive_of_texts,
    ],
    ids=["empty", "text", "cut_off", "single_array", "damaged", "damaged_compressed", "texts"],
)
def test_file_that_is_no_archive_of_arrays_is_refused(tmp_path, spoil):
    path = tmp_path / "mnist.npz"
    spoil(path)
    with pytest.raises(ValueError, match="mnist") as caught:
        data.load_mnist(path)
    assert str(path) in str(caught.value)
    assert "unsafe" not in str(caught.value)


def test_any_damage_is_told_with_the_path(write):
    path = write()
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    refused = told_nothing = 0
    for _ in range(1000):
        content = bytearray(whole)
        content[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        path.write_bytes(content)
        try:
            found = data.load_mnist(path)
        except ValueError as error:
            refused += str(path) in str(error)
        else:
            # What an archive says of dates and the like may be damaged, too: its arrays have checksums.
            assert_same_arrays(found, GOOD)
            told_nothing += 1
    assert refused + told_nothing == 1000
    assert refused > 500


def test_a_path_is_no_number():
    with pytest.raises(TypeError, match="not int"):
        data.load_mnist(3)


@pytest.mark.parametrize("cut", [False, True])
def test_file_is_closed(write, monkeypatch, cut):
    path = write()
    if cut:
        path.write_bytes(path.read_bytes()[:100])
    opened, really_open = [], builtins.open

    def remember(*arguments, **options):
        opened.append(really_open(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(builtins, "open", remember)
    if cut:
        with pytest.raises(ValueError, match="cannot be read"):
            data.load_mnist(path)
    else:
        data.load_mnist(path)
    assert [file.closed for file in opened] == [True]
