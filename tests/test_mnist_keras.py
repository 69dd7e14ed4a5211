"""Does MNIST come from Keras with an engine that is installed, and is it said what to do when it cannot?"""

import json
import os
import socket
import subprocess
import sys
import types

import pytest
from mnist_arrays import GOOD

from minigrad import data

ENGINES = ["jax", "torch", "tensorflow"]


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
    with pytest.raises(ImportError, match=r'jax, torch, tensorflow.*pip install "minigrad-numpy\[mnist\]"'):
        data.load_mnist()


def test_no_keras_names_the_extra(machine):
    machine("jax")
    with pytest.raises(ImportError, match=r'Keras.*not installed: pip install "minigrad-numpy\[mnist\]"'):
        data.load_mnist()


def test_broken_engine_is_named_and_the_environment_restored(machine):
    machine("keras", "jax", broken=["jax"])
    with pytest.raises(ImportError, match=r"its engine 'jax' \(jax is broken\).*minigrad-numpy\[mnist\]") as caught:
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
