"""Where do the images of handwritten digits come from?

`load_mnist` gives the whole of MNIST, from Keras (extra `mnist`) or from a file, which needs neither. `load_digits`
gives a small data set that comes with scikit-learn (extra `data`) and needs no network. Both return what
`keras.datasets.mnist.load_data` returns, `((x_train, y_train), (x_test, y_test))`, so a script can change from one to
the other without further changes.
"""

import importlib.util
import json
import os
import socket
import sys
import traceback
import zipfile
import zlib
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["MnistUnavailableError", "load_digits", "load_mnist"]


def __dir__() -> list[str]:
    return __all__


Images: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.integer[Any]]
Dataset: TypeAlias = tuple[tuple[Images, Labels], tuple[Images, Labels]]

_INSTALL_DIGITS = 'pip install "minigrad-numpy[data]"'

# Keras's numpy engine borrows its convolutions from jax.
_PACKAGE_OF_ENGINE = {
    "jax": "jax",
    "torch": "torch",
    "tensorflow": "tensorflow",
    "numpy": "jax",
    "openvino": "openvino",
}
_ENGINES_TO_TRY = ("jax", "torch", "tensorflow")

# Keras downloads without a time limit: behind a firewall that drops packets, each address of the server would be tried
# for minutes. The limit is for one wait, not for the whole download, so that a slow line is not cut off.
_SECONDS_OF_SILENCE = 15.0


# What zipfile and NumPy raise for an archive that is damaged, at whatever place.
_BROKEN = (ValueError, EOFError, OSError, RuntimeError, OverflowError, MemoryError, zipfile.BadZipFile, zlib.error)


class MnistUnavailableError(OSError):
    """MNIST is not in Keras's cache and could not be downloaded."""


def load_mnist(path: str | os.PathLike[str] | None = None) -> Dataset:
    """MNIST: 60,000 handwritten digits to train on and 10,000 to test on, in grey, 28 by 28.

    Without `path` the data come from Keras, which keeps them in ~/.keras/datasets (or $KERAS_HOME/datasets) and
    downloads them the first time, about 11 MB. Importing Keras needs one of its engines (Keras calls them backends).
    It is the one Keras already runs on, or that KERAS_BACKEND names, or else the first one installed of: the one in
    Keras's own settings file, jax, torch, tensorflow.

    With `path` they come from that file alone, and Keras is not needed. Do not copy such a file into Keras's cache
    instead: Keras wants its own archive there to the byte, and deletes any other when it cannot download.

    Args:
        path: an .npz file with arrays named x_train, y_train, x_test and y_test.

    Returns:
        `((x_train, y_train), (x_test, y_test))`: images of shape (N, H, W), uint8, 0 is background and 255 is ink;
        labels of shape (N,), integers (uint8 from Keras).

    Raises:
        FileNotFoundError: there is no file `path`.
        ValueError: `path` is not an .npz archive, lacks one of the arrays, or holds one of another shape or dtype; or
            KERAS_BACKEND names something that is not one of Keras's engines.
        ImportError: Keras is not installed, or none of its engines, or not the one that KERAS_BACKEND names.
        MnistUnavailableError: the data are not in Keras's cache and cannot be downloaded. It is an OSError.

    Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
    """
    return _from_keras() if path is None else _from_npz(path)


def load_digits() -> Dataset:
    """A small relative of MNIST: 1,797 handwritten digits in grey, 8 by 8, that come with scikit-learn.

    1,437 of them are for training and 360 for testing. The split is the same each time, and each digit has the same
    share of both parts. Grey values are stretched from 0..16 to 0..255, so that `x / 255` means the same as for MNIST.

    Returns:
        `((x_train, y_train), (x_test, y_test))`: images of shape (N, 8, 8), uint8, 0 is background and 255 is ink;
        labels of shape (N,), uint8.

    Raises:
        ImportError: scikit-learn is not installed.

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository.

    Examples:
        >>> (x_train, y_train), (x_test, y_test) = data.load_digits()
        >>> x_train.shape, x_test.shape, x_train.dtype
        ((1437, 8, 8), (360, 8, 8), dtype('uint8'))
        >>> np.bincount(y_test).tolist()
        [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]
    """
    try:
        import sklearn.datasets
        import sklearn.model_selection
    except ImportError as cause:
        raise ImportError(f"load_digits() needs scikit-learn, which cannot be imported: {_INSTALL_DIGITS}") from cause
    digits = sklearn.datasets.load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    x_train, x_test, y_train, y_test = sklearn.model_selection.train_test_split(
        images, labels, test_size=360, random_state=0, stratify=labels
    )
    return (x_train, y_train), (x_test, y_test)


def _from_npz(path: str | os.PathLike[str]) -> Dataset:
    names = ("x_train", "y_train", "x_test", "y_test")
    path = os.fspath(path)  # a number would be taken for a file that is open already
    # np.load leaves a file that it opened itself open when a broken archive stops it.
    with open(path, "rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("it is a single array, as np.save writes it")
            present = archive.files
            arrays = {name: np.asarray(archive[name]) for name in names if name in present}
        except _BROKEN as cause:
            # NumPy takes whatever it does not recognise for a pickle, and advises to load it unsafely.
            reason = "it holds something other than plain arrays" if "pickle" in str(cause) else cause
            raise ValueError(f"{os.fspath(path)!r} cannot be read as an .npz archive of arrays: {reason}") from cause
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ValueError(
            f"{os.fspath(path)!r} lacks {', '.join(missing)}; the arrays in it are: {', '.join(present) or 'none'}"
        )
    for images, labels in (names[:2], names[2:]):
        problem = _problem(images, arrays[images], labels, arrays[labels])
        if problem:
            raise ValueError(f"{os.fspath(path)!r} does not hold images and labels as MNIST does: {problem}")
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def _problem(images_name: str, images: NDArray[Any], labels_name: str, labels: NDArray[Any]) -> str | None:
    if images.ndim != 3:
        return f"{images_name} must have shape (N, H, W) and has shape {images.shape}"
    if images.dtype != np.uint8:
        return f"{images_name} must be uint8 and is {images.dtype}"
    if labels.ndim != 1:
        return f"{labels_name} must have shape (N,) and has shape {labels.shape}"
    if not np.issubdtype(labels.dtype, np.integer):
        return f"{labels_name} must be integers and is {labels.dtype}"
    if len(images) != len(labels):
        return f"{images_name} has {len(images)} images, but {labels_name} has {len(labels)} labels"
    return None


def _from_keras() -> Dataset:
    import_keras("load_mnist() without a path", "mnist")
    from keras.datasets import mnist

    limit = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS_OF_SILENCE if limit is None else limit)
    try:
        dataset: Dataset = mnist.load_data()
    except Exception as cause:  # Keras raises Exception itself, no subclass, when a download fails
        reason = "".join(traceback.format_exception_only(cause)).strip().splitlines()[-1]
        raise MnistUnavailableError(
            f"MNIST is neither in Keras's cache nor could it be downloaded ({reason}). Pass the path of an .npz file, "
            "load_mnist(path=...), or use load_digits(), which needs no network."
        ) from cause
    finally:
        socket.setdefaulttimeout(limit)
    return dataset


def import_keras(needed_by: str, extra: str) -> None:
    """Import Keras with an engine that is installed, if it is not imported yet.

    Args:
        needed_by: who needs it, for messages.
        extra: of this package, with which Keras and an engine are installed.

    Raises:
        ImportError: without Keras, or without the engine.
        ValueError: where KERAS_BACKEND names no engine.
    """
    if sys.modules.get("keras") is not None:
        return
    install = f'pip install "minigrad-numpy[{extra}]"'
    if not _is_installed("keras"):
        raise ImportError(f"{needed_by} needs Keras, which is not installed: {install}")
    # An engine that cannot work must not get as far as Keras, which may remember its name until Python is restarted.
    engine = _choose_engine(install)
    before = os.environ.get("KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = engine
    try:
        import keras  # noqa: F401 (for its effect: later imports of Keras find the one made here)
    except ImportError as cause:
        raise ImportError(
            f"Keras is installed but cannot be imported with its engine {engine!r} ({cause}). "
            f"To install Keras with jax: {install}"
        ) from cause
    finally:
        if before is None:
            del os.environ["KERAS_BACKEND"]
        else:
            os.environ["KERAS_BACKEND"] = before


def _choose_engine(install: str) -> str:
    wanted = os.environ.get("KERAS_BACKEND")
    if wanted:
        if wanted not in _PACKAGE_OF_ENGINE:
            raise ValueError(f"KERAS_BACKEND is {wanted!r}; Keras knows {', '.join(_PACKAGE_OF_ENGINE)}")
        package = _PACKAGE_OF_ENGINE[wanted]
        if not _is_installed(package):
            raise ImportError(
                f"KERAS_BACKEND is {wanted!r}, for which Keras needs {package}, which is not installed: "
                f"pip install {package}, or unset KERAS_BACKEND"
            )
        return wanted
    # Keras writes tensorflow into its settings unasked, so a name there need not be anybody's wish.
    for engine in (_engine_in_settings(), *_ENGINES_TO_TRY):
        if engine in _PACKAGE_OF_ENGINE and _is_installed(_PACKAGE_OF_ENGINE[engine]):
            return engine
    raise ImportError(
        f"Keras needs one of its engines, {', '.join(_ENGINES_TO_TRY)}, and none is installed: {install} installs jax"
    )


def _engine_in_settings() -> str:
    home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    try:
        settings = json.loads((home / "keras.json").read_text())
    except (OSError, ValueError):  # no settings, or broken ones, about which Keras has its own say
        return ""
    return str(settings.get("backend", "")) if isinstance(settings, dict) else ""


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
