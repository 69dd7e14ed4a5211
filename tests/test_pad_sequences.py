"""Do sequences of different lengths become an array with a mask?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn


@given(st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=5), st.integers(0, 3))
def test_rows_have_the_sequences_and_the_mask_says_where(sequences, more):
    longest = max(map(len, sequences))
    rows, mask = mg.pad_sequences(sequences, longest + more, value=-1)
    assert rows.shape == mask.shape == (len(sequences), longest + more)
    assert [row[each].tolist() for row, each in zip(rows, mask, strict=True)] == sequences
    assert (rows[~mask] == -1).all()


def test_other_axes_and_dtypes_are_kept():
    sequences = [np.ones((2, 3), np.float32), mg.Tensor(np.ones((4, 3), np.float32)), np.zeros((0, 3), np.float32)]
    rows, mask = mg.pad_sequences(sequences)
    assert (rows.shape, rows.dtype) == ((3, 4, 3), np.float32)
    assert mask.sum(axis=1).tolist() == [2, 4, 0]
    assert mg.pad_sequences([[1, 2], []])[0].dtype == np.int64


def test_a_recurrent_layer_sees_the_sequences_alone():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, 2)) for length in (5, 2, 3)]
    layer = nn.LSTM(2, 4, dtype=np.float64, rng=0)
    rows, mask = mg.pad_sequences(sequences, value=7.0)
    out = layer(rows, mask=mask)
    for number, sequence in enumerate(sequences):
        np.testing.assert_allclose(out.data[number, : len(sequence)], layer(sequence[None]).data[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("sequences", "length", "error", "message"),
    [
        ([], None, ValueError, "there are no sequences"),
        ([[1, 2, 3]], 2, ValueError, r"longest sequence has 3 elements; cut it first, as in \[sequence\[:2\]"),
        ([np.ones((2, 3)), np.ones((2, 4))], None, ValueError, r"\(2, 3\), and sequence 1 \(2, 4\)"),
        ([1, 2], None, ValueError, r"shape \(T, ...\)"),
        ([[1, 2]], 2.5, TypeError, "length is a whole number, not 2.5"),
        (["ab"], None, TypeError, "sequence 0 holds <U2, not numbers"),
    ],
)
def test_what_cannot_be_padded_is_refused(sequences, length, error, message):
    with pytest.raises(error, match=message):
        mg.pad_sequences(sequences, length)
