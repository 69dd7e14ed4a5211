"""Do the loaders of digits give what they promise, and say what is wrong when they cannot?"""

import builtins
import json
import os
import socket
import struct
import subprocess
import sys
import types
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from minigrad import data

ENGINES = ["jax", "torch", "tensorflow"]
GOOD = {
    "x_train": np.arange(60, dtype=np.uint8).reshape(5, 4, 3),
    "y_train": np.array([0, 1, 2, 3, 9], np.uint8),
    "x_test": np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
    "y_test": np.array([7, 8], np.uint8),
}


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


# The digits that come with scikit-learn


def test_digits_look_like_mnist():
    (x_train, y_train), (x_test, y_test) = data.load_digits()
    assert (x_train.shape, y_train.shape) == ((1437, 8, 8), (1437,))
    assert (x_test.shape, y_test.shape) == ((360, 8, 8), (360,))
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert (x_train.min(), x_train.max()) == (0, 255)


def test_each_digit_appears_once_in_grey_from_0_to_255():
    original = sklearn.datasets.load_digits()
    expected = Counter(
        (np.rint(image * 255 / 16).tobytes(), label)
        for image, label in zip(original.images, original.target, strict=True)
    )
    found = Counter(
        (image.astype(float).tobytes(), label)
        for images, labels in data.load_digits()
        for image, label in zip(images, labels, strict=True)
    )
    assert found == expected
    assert set(found.values()) == {1}


def test_split_of_the_digits_is_the_same_each_time_and_stratified():
    first, second = data.load_digits(), data.load_digits()
    for ours, again in zip(first, second, strict=True):
        np.testing.assert_array_equal(ours[0], again[0])
        np.testing.assert_array_equal(ours[1], again[1])
    in_training, in_test = (np.bincount(labels, minlength=10) for _, labels in first)
    assert np.all(abs(in_test - (in_training + in_test) * 360 / 1797) < 1)


def test_digits_without_scikit_learn_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for name in [name for name in sys.modules if name.startswith("sklearn.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=r'scikit-learn.*pip install "minigrad\[data\]"'):
        data.load_digits()


# MNIST from a file


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


# MNIST from Keras: a stand-in for Keras, which takes seconds to import, tells what it was imported with


STAND_IN = """
import importlib, os
engine = os.environ.get("KERAS_BACKEND")
if engine in {"jax", "torch", "tensorflow"}:
    importlib.import_module(engine)
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Set up a machine that has these packages and no other engines; a broken one fails when it is imported."""

    def set_up(*packages, broken=(), settings=None):
        for name in packages:
            (tmp_path / "site" / name).mkdir(parents=True)
            code = f"raise ImportError('{name} is broken')" if name in broken else STAND_IN if name == "keras" else ""
            (tmp_path / "site" / name / "__init__.py").write_text(code)
        if "keras" in packages:
            (tmp_path / "site/keras/datasets").mkdir()
            (tmp_path / "site/keras/datasets/mnist.py").write_text("def load_data():\n    return 'the data'\n")
        if settings is not None:
            (tmp_path / "keras_home").mkdir()
            (tmp_path / "keras_home/keras.json").write_text(settings)
        sys.modules.update(dict.fromkeys(roots.difference(packages)))
        monkeypatch.syspath_prepend(tmp_path / "site")

    def ours():
        return [name for name in sys.modules if name.split(".")[0] in roots]

    roots = {"keras", "openvino", *ENGINES}
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras_home"))
    before = {name: sys.modules.pop(name) for name in ours()}
    yield set_up
    for name in ours():
        del sys.modules[name]
    sys.modules.update(before)


@pytest.mark.parametrize(
    ("packages", "wanted", "settings", "engine"),
    [
        (["jax", "torch", "tensorflow"], None, None, "jax"),
        (["torch", "tensorflow"], None, None, "torch"),
        (["tensorflow"], None, None, "tensorflow"),
        (["jax", "torch"], "", None, "jax"),
        (["jax", "torch"], "torch", None, "torch"),
        (["jax"], "numpy", None, "numpy"),
        (["openvino"], "openvino", None, "openvino"),
        (["jax", "torch"], None, '{"backend": "torch"}', "torch"),
        (["jax", "torch"], "jax", '{"backend": "torch"}', "jax"),
        (["jax", "torch"], None, '{"backend": "numpy"}', "numpy"),
        # Keras writes tensorflow into its settings by itself.
        (["torch"], None, '{"backend": "tensorflow"}', "torch"),
        (["torch"], None, '{"backend": "nonsense"}', "torch"),
        (["torch"], None, '{"backend": ["torch"]}', "torch"),
        (["torch"], None, "{}", "torch"),
        (["torch"], None, "[]", "torch"),
        (["torch"], None, "not JSON", "torch"),
    ],
)
def test_engine_that_keras_is_imported_with(machine, monkeypatch, packages, wanted, settings, engine):
    # To find out what is installed must not import it: every engine but the one to be chosen would fail.
    machine("keras", *packages, broken=set(packages) - {engine}, settings=settings)
    if wanted is not None:
        monkeypatch.setenv("KERAS_BACKEND", wanted)
    environment = dict(os.environ)
    assert data.load_mnist() == "the data"
    assert sys.modules["keras"].engine == engine
    assert dict(os.environ) == environment


def test_keras_settings_in_the_home_directory(machine, monkeypatch, tmp_path):
    machine("keras", "jax", "torch")
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras/keras.json").write_text('{"backend": "torch"}')
    data.load_mnist()
    assert sys.modules["keras"].engine == "torch"


@pytest.mark.parametrize(
    ("wanted", "package"),
    [("jax", "jax"), ("torch", "torch"), ("tensorflow", "tensorflow"), ("numpy", "jax"), ("openvino", "openvino")],
)
def test_engine_that_is_wanted_but_not_installed(machine, monkeypatch, wanted, package):
    machine("keras", *{"jax", "torch"} - {package})
    monkeypatch.setenv("KERAS_BACKEND", wanted)
    with pytest.raises(ImportError, match=rf"KERAS_BACKEND is '{wanted}'.*pip install {package}, or unset"):
        data.load_mnist()
    assert os.environ["KERAS_BACKEND"] == wanted


def test_unknown_engine_is_refused_with_the_known_ones(machine, monkeypatch):
    machine("keras", "jax")
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(ValueError, match=r"KERAS_BACKEND is 'theano'.*jax, torch, tensorflow, numpy, openvino"):
        data.load_mnist()
    # Keras would have remembered the name.
    assert "keras" not in sys.modules


def test_no_engine_names_what_to_install(machine):
    machine("keras")
    with pytest.raises(ImportError, match=r'jax, torch, tensorflow.*pip install "minigrad\[data\]"'):
        data.load_mnist()


def test_no_keras_names_the_extra(machine):
    machine("jax")
    with pytest.raises(ImportError, match=r'Keras.*not installed: pip install "minigrad\[data\]"'):
        data.load_mnist()


def test_broken_engine_is_named_and_the_environment_restored(machine):
    machine("keras", "jax", broken=["jax"])
    with pytest.raises(ImportError, match=r"its engine 'jax' \(jax is broken\).*minigrad\[data\]") as caught:
        data.load_mnist()
    assert isinstance(caught.value.__cause__, ImportError)
    assert "KERAS_BACKEND" not in os.environ


@pytest.fixture
def keras(machine, monkeypatch):
    """A Keras that is imported already, whatever KERAS_BACKEND says by now; give it a load_data."""
    machine()
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    module = types.SimpleNamespace(load_data=None)
    sys.modules.update({"keras": module, "keras.datasets": types.SimpleNamespace(mnist=module)})
    return module


def test_keras_imported_already_is_used_as_it_is(keras):
    expected = (GOOD["x_train"], GOOD["y_train"]), (GOOD["x_test"], GOOD["y_test"])
    keras.load_data = lambda: expected
    assert data.load_mnist() is expected
    assert os.environ["KERAS_BACKEND"] == "theano"


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (Exception("URL fetch failure on https://example.org: None -- no such host"), "None -- no such host)"),
        (TimeoutError("timed out"), "(TimeoutError: timed out)"),
        (ValueError("a file\nof another hash\n"), "(of another hash)"),
        (OSError(), "(OSError)"),
    ],
)
def test_mnist_that_keras_cannot_get(keras, cause, reason):
    def load_data():
        raise cause

    keras.load_data = load_data
    with pytest.raises(data.MnistUnavailableError) as caught:
        data.load_mnist()
    for words in ("cache", reason, "path=", "load_digits()"):
        assert words in str(caught.value)
    assert caught.value.__cause__ is cause
    assert isinstance(caught.value, OSError)


def test_interruption_by_the_user_stays_one(keras):
    def load_data():
        raise KeyboardInterrupt

    keras.load_data = load_data
    with pytest.raises(KeyboardInterrupt):
        data.load_mnist()
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize("own", [None, 3.0])
def test_download_waits_for_a_limited_time(keras, own):
    keras.load_data = socket.getdefaulttimeout
    socket.setdefaulttimeout(own)
    try:
        limit = data.load_mnist()
        assert limit == own if own else 1 <= limit <= 60
        assert socket.getdefaulttimeout() == own
    finally:
        socket.setdefaulttimeout(None)


# MNIST from Keras itself, cut off from the network


def load_mnist_apart(home, proxy, **environment):
    """What load_mnist() does twice in a process of its own, with an empty cache and a proxy that is of no help."""
    code = """
import json, os, sys
from minigrad import data
data._SECONDS_OF_SILENCE = 0.5
at_import = sorted({"keras", "jax", "sklearn"} & set(sys.modules))
before, errors = os.environ.get("KERAS_BACKEND"), []
for attempt in range(2):
    try:
        data.load_mnist()
    except data.MnistUnavailableError as error:
        errors.append([str(error), str(error.__cause__)])
import keras
after = os.environ.get("KERAS_BACKEND")
print("\\n" + json.dumps([at_import, errors, keras.config.backend(), before == after]))
"""
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and name != "KERAS_BACKEND"
    }
    surroundings |= {"KERAS_HOME": str(home), "http_proxy": proxy, "https_proxy": proxy} | environment
    finished = subprocess.run(
        [sys.executable, "-c", code], env=surroundings, capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


def test_real_keras_without_a_network(tmp_path):
    # Nothing listens on the port for discarding.
    at_import, errors, engine, restored = load_mnist_apart(tmp_path, "http://127.0.0.1:9")
    assert at_import == []
    assert len(errors) == 2
    for error, cause in errors:
        assert "URL fetch failure" in cause
        assert cause in error
        assert "load_digits()" in error
    assert engine == "jax"
    assert restored
    assert list((tmp_path / "datasets").iterdir()) == []


def test_real_keras_with_a_network_that_does_not_answer(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        _, errors, engine, restored = load_mnist_apart(tmp_path, proxy, KERAS_BACKEND="numpy")
    assert len(errors) == 2
    for error, _ in errors:
        assert "timed out" in error
    assert engine == "numpy"
    assert restored
    assert list((tmp_path / "datasets").iterdir()) == []
