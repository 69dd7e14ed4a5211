"""Do the digits that come with scikit-learn look like MNIST, the same each time?"""

import sys
from collections import Counter

import numpy as np
import pytest
import sklearn.datasets

from minigrad import data


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
    with pytest.raises(ImportError, match=r'scikit-learn.*pip install "minigrad-numpy\[data\]"'):
        data.load_digits()
