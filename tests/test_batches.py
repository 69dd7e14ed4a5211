"""Do batches hold what was asked for, in an order that can be taken up again, and no more than that?"""

from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg

X = np.arange(20.0).reshape(10, 2)
Y = np.arange(10)
NAN = float("nan")
Both = namedtuple("Both", "a b")


def listed(batches):
    return [tuple(part.tolist() for part in batch) for batch in batches]


def noisy(x, y, rng):
    return x + rng.normal(size=x.shape), y


def read():
    yield from zip(X, Y, strict=True)


@given(st.integers(1, 30), st.integers(1, 7), st.integers(0, 5))
def test_orders_are_those_of_the_generator(samples, size, seed):
    x = np.arange(samples)
    rng = np.random.default_rng(seed)
    pairs = mg.batches(x, -x, size, rng=seed)
    for _ in range(2):
        order = rng.permutation(samples)
        expected = [
            (order[at : at + size].tolist(), (-order[at : at + size]).tolist()) for at in range(0, samples, size)
        ]
        assert listed(pairs) == expected
    assert pairs.rng.bit_generator.state == rng.bit_generator.state


KINDS = {
    "arrays": lambda rng: mg.batches(X, Y, 3, rng=rng),
    "in order": lambda rng: mg.batches(X, Y, 3, False, rng, transform=noisy),
    "transformed": lambda rng: mg.batches(X, Y, 3, rng=rng, transform=noisy),
    "weighted": lambda rng: mg.batches(X, Y, 3, rng=rng, weights=Y, transform=noisy),
    "dropped": lambda rng: mg.batches(X, Y, 3, rng=rng, drop_last=True),
    "read": lambda rng: mg.batches(read, None, 3, 4, rng, transform=noisy),
    "read in order": lambda rng: mg.batches(read, None, 3, False, rng, transform=noisy),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [0, 1, 3])
def test_an_epoch_goes_on_where_it_was(kind, step):
    rng = np.random.default_rng(3)
    whole = KINDS[kind](rng)
    list(whole)  # an epoch before
    beginning = rng.bit_generator.state
    expected = listed(whole)
    after = rng.bit_generator.state
    # Another process, in which a model may draw from the same generator between two batches.
    again = np.random.default_rng(0)
    batches = KINDS[kind](again)
    again.bit_generator.state = beginning
    iterator = batches.starting_at(step)
    assert again.bit_generator.state == after
    found = []
    for batch in iterator:
        found += listed([batch])
        again.random()
    assert found == expected[step:]


@pytest.mark.parametrize("make", [KINDS["arrays"], KINDS["read"]])
def test_an_epoch_starts_at_one_of_its_batches(make):
    batches = make(0)
    assert list(batches.starting_at(4)) == []
    with pytest.raises(ValueError, match=r"4 batches (and|but|which)?.*cannot start at batch 5"):
        list(batches.starting_at(5))
    for step, error in [(-1, ValueError), (1.0, TypeError), (True, TypeError), (None, TypeError)]:
        with pytest.raises(error, match=f"starts at a batch, an integer from 0 on, not at {step}"):
            batches.starting_at(step)


def test_x_alone_and_several_arrays():
    assert [x.tolist() for x in mg.batches(Y, batch_size=4, shuffle=False)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert all(type(x) is dict for x in mg.batches({"a": X, "b": Y}))
    x = {"tokens": {"a": X, "b": (X, Y)}, "mask": Y > 3}
    for inputs, target in mg.batches(x, Both(Y, mg.Tensor(X)), 3, rng=0):
        assert type(target) is Both
        np.testing.assert_array_equal(inputs["tokens"]["a"], target.b)
        np.testing.assert_array_equal(inputs["tokens"]["b"][1], target.a)
        np.testing.assert_array_equal(inputs["mask"], target.a > 3)
    # A tuple of tuples of arrays is no array.
    (((a, b), c), _) = next(iter(mg.batches(((X, X), (Y, Y)), Y, 10))), None
    assert a[0].shape == (10, 2)
    assert b[0].shape == c.shape == (10,)


def test_the_last_batch_may_be_left_out():
    data = mg.batches(X, Y, 4, rng=0, drop_last=True)
    assert len(data) == len(list(data)) == 2
    assert {len(x) for x, _ in data} == {4}
    assert repr(data) == "<Batches of 10 samples: 2 of 4>"
    assert len(mg.batches(X, Y, 5, drop_last=True)) == 2
    assert [len(y) for _, y in mg.batches(read, batch_size=4, shuffle=False, drop_last=True)] == [4, 4]


def test_weights_are_how_often_samples_are_drawn():
    labels = np.repeat([0, 1, 2], [900, 90, 10])
    weights = (len(labels) / (3 * np.bincount(labels)))[labels]
    data = mg.batches(np.arange(1000), labels, 100, rng=0, weights=weights)
    assert len(data) == 10
    counts = sum(np.bincount(y, minlength=3) for _ in range(20) for _, y in data)
    assert counts.sum() == 20_000
    np.testing.assert_allclose(counts / 20_000, 1 / 3, atol=0.015)
    # As NumPy's generator chooses them.
    order = np.random.default_rng(7).choice(1000, 1000, p=weights / np.sum(weights))
    found = np.concatenate([x for x, _ in mg.batches(np.arange(1000), labels, 64, rng=7, weights=weights)])
    np.testing.assert_array_equal(found, order)
    # What has no weight is never drawn, at either end.
    drawn = {
        x for _ in range(50) for part, _ in mg.batches(Y, Y, 4, weights=[0, 0, 1, 3, 0, 1, 0, 1, 0, 0]) for x in part
    }
    assert drawn == {2, 3, 5, 7}


def test_a_transform_gets_each_batch_and_a_generator_of_its_own():
    seen = []

    def note(x, y, rng):
        seen.append((x.tolist(), y.tolist(), rng.random()))
        x *= 0.0
        return x, {"label": y}

    before = X.copy()
    for shuffle in (False, True):
        data = mg.batches(X, Y, 5, shuffle, rng=1, transform=note)
        for _ in range(2):
            for x, y in data:
                assert not x.any()
                assert list(y) == ["label"]
    # What it writes is not written to the data.
    np.testing.assert_array_equal(X, before)
    assert seen[0][:2] == (X[:5].tolist(), [0, 1, 2, 3, 4])
    assert len({number for *_, number in seen}) == 8
    doubled = mg.batches(X, Y, 5, transform=lambda x, y, rng: (np.tile(x, (2, 1)), np.tile(y, 2)))
    assert [len(x) for x, _ in doubled] == [10, 10]
    alone = mg.batches(Y, batch_size=5, shuffle=False, transform=lambda x, rng: {"x": x})
    assert [x["x"].tolist() for x in alone] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_floating_arrays_are_cast_and_integers_stay():
    def shares(x, y, rng):
        return {"pixels": x["pixels"] / 255, "scale": x["scale"]}, y

    x = {"pixels": np.arange(10, dtype=np.uint8), "scale": Y / 10}
    for transform, kind in ((None, np.uint8), (shares, np.float32)):
        for inputs, target in mg.batches(x, (Y, Y / 3), 4, dtype=np.float32, transform=transform):
            assert (inputs["pixels"].dtype, inputs["scale"].dtype) == (kind, np.float32)
            assert (target[0].dtype, target[1].dtype) == (np.int64, np.float32)
    assert next(iter(mg.batches(Y / 3)))[0].dtype == np.float64
    assert next(iter(mg.batches(X.astype(">f8"), dtype="float64"))).dtype.isnative


def test_samples_that_are_read_become_batches():
    assert listed(mg.batches(read, batch_size=4, shuffle=False)) == listed(mg.batches(X, Y, 4, False))
    data = mg.batches(read, batch_size=4, shuffle=3, rng=0)
    orders = [np.concatenate([y for _, y in data]).tolist() for _ in range(3)]
    assert len({*map(tuple, orders), tuple(Y)}) == 4
    assert all(sorted(order) == Y.tolist() for order in orders)
    # Each waits with two others: what is given at place i is one of the first i + 3.
    assert all(y < place + 3 for order in orders for place, y in enumerate(order))
    assert not hasattr(data, "__len__")
    assert repr(data) == "<StreamedBatches of up to 4 samples from read>"
    nested = mg.batches(lambda: ({"a": {"b": x}, "c": (x, y)} for x, y in read()), batch_size=5, shuffle=False)
    for place, batch in enumerate(nested):
        np.testing.assert_array_equal(batch["a"]["b"], X[5 * place : 5 * place + 5])
        np.testing.assert_array_equal(batch["c"][1], Y[5 * place : 5 * place + 5])


def transformed(*result):
    return lambda: list(mg.batches(X, Y, 5, transform=lambda x, y, rng: result[0] if len(result) == 1 else result))


def reading(*samples):
    return lambda: list(mg.batches(lambda: iter(samples), batch_size=2, shuffle=False))


def weighted(weights, **options):
    return lambda: mg.batches(X, Y, 5, weights=weights, **options)


RAGGED = [[1.0, 2.0], [3.0]]
MASKED = np.ma.masked_array([1.0, 2.0], [False, True])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mg.batches((X, Y)), TypeError, r"x is a tuple and there is no y.*write mg.batches\(x, y\).*a dict"),
        (lambda: mg.batches({}, Y), ValueError, "x is an empty dict"),
        (
            lambda: mg.batches({"a": X, "b": "text"}, Y),
            TypeError,
            r"batches: x\['b'\] is an array of numbers, not of <U",
        ),
        (lambda: mg.batches({"a": X, "b": 1.0}), ValueError, "batches: x holds samples along its first axis"),
        (lambda: mg.batches(np.array([X, None], object), Y), TypeError, "x is an array of numbers, not of object"),
        (lambda: mg.batches(RAGGED), ValueError, "batches: x is no array .* rows, mask = mg.pad_sequences"),
        (lambda: mg.batches(MASKED), ValueError, r"masked array with missing numbers; write x.filled\(0.0\)"),
        (lambda: mg.batches(X, Y, shuffle=1000), TypeError, "shuffle is True or False for arrays.*not 1000"),
        (lambda: mg.batches(X, Y, 11, drop_last=True), ValueError, "no batch: there are 10 samples for batches of 11"),
        (lambda: mg.batches(X, Y, drop_last=3), TypeError, "drop_last is True or False, not 3"),
        (lambda: mg.batches(X, Y, dtype=int), TypeError, "dtype is one of floating numbers, such as np.float32, not"),
        (lambda: mg.batches(X, Y, dtype="f33"), TypeError, "dtype is one of floating numbers.*not 'f33'"),
        (weighted(-Y), ValueError, "weights are finite numbers of at least 0; weight 1 is -1"),
        (weighted([NAN] * 10), ValueError, "weight 0 is nan"),
        (weighted([1.0] * 9 + [np.inf]), ValueError, "weight 9 is inf"),
        (weighted(Y[1:]), ValueError, r"weights have shape \(9,\); one number is needed for each of 10 samples"),
        (weighted(0 * Y), ValueError, "the sum of the weights is 0.0"),
        (weighted(["a"] * 10), TypeError, "weights are an array of numbers, not"),
        (weighted({"a": 1}), TypeError, "weights are an array of numbers, not"),
        (weighted(Y, shuffle=False), ValueError, "weights draw samples at random, which shuffle=False forbids"),
        (lambda: mg.batches(X, Y, transform=3), TypeError, r"transform is a function transform\(x, y, rng\), not 3"),
        (
            lambda: mg.batches(X, Y, transform=lambda x, y: (x, y)),
            TypeError,
            r"the transform is called as transform\(x, y, rng\), .*; <lambda> takes \(x, y\)",
        ),
        (
            lambda: mg.batches(X, transform=noisy),
            TypeError,
            r"called as transform\(x, rng\), .*; noisy takes \(x, y, rng",
        ),
        (transformed(X), TypeError, r"transform <lambda> gave a ndarray of shape \(10, 2\); it has to return the pair"),
        (transformed(X, Y, Y), TypeError, "gave a tuple of 3; it has to return the pair"),
        (transformed(None), TypeError, "gave None; it has to return the pair"),
        (
            transformed(X[:4], Y[:5]),
            ValueError,
            r"gave 4 samples but 5 targets.*it was given shapes \(5, 2\) and \(5,\)",
        ),
        (transformed(X[:0], Y[:0]), ValueError, r"x of the transform <lambda> has no samples .*\(0, 2\)"),
        (transformed("ab", Y), TypeError, "x of the transform <lambda> is an array of numbers, not of <U2"),
        (lambda: list(mg.batches(X, transform=lambda x, rng: (x, x))), TypeError, "for x alone it returns x"),
        (lambda: mg.batches(read), TypeError, "cannot be shuffled as a whole; write shuffle=False, or shuffle=1000"),
        (lambda: mg.batches(read, shuffle=0), TypeError, "cannot be shuffled as a whole.*not shuffle=0"),
        (lambda: mg.batches(read, Y), TypeError, r"x is a function; read\(\) has to give pairs \(x, y\) itself"),
        (lambda: mg.batches(read, shuffle=False, weights=Y), TypeError, "cannot be drawn by weights"),
        (
            lambda: mg.batches(np.ndarray, shuffle=False),
            TypeError,
            "x is the class ndarray; give arrays, or a function",
        ),
        (reading(), ValueError, r"<lambda>\(\) gave no samples; it is called for every epoch"),
        (reading((X, Y, Y)), TypeError, "sample 0 .* is a tuple of 3; give pairs"),
        (
            reading((X[0], 1), (X[0], 2.5)),
            ValueError,
            r"sample 1 has shape \(\) and float64 in y, sample 0 \(\) and int",
        ),
        (reading({"a": X}, {"a": X[1:]}), ValueError, r"sample 1 has shape \(9, 2\) and float64 in x\['a'\], sample 0"),
        (reading({"a": X}, {"b": X}), ValueError, "sample 1 has another form than sample 0, .* keys"),
        (reading((X, Y), X), ValueError, "sample 1 has another form than sample 0"),
        (reading("a"), TypeError, "sample 0 of <lambda>.* is an array of numbers, not of <U1"),
        (
            lambda: iter(mg.batches(lambda: None, shuffle=False)),
            TypeError,
            r"gave a NoneType; .* an iterator of samples",
        ),
        (
            lambda: list(mg.batches(read, None, 11, False, drop_last=True)),
            ValueError,
            "gave only 10 samples, and drop_last leaves no batch",
        ),
    ],
)
def test_what_cannot_be_meant_says_so(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert str(caught.value).startswith("batches: ")


def test_a_function_that_is_used_up_says_so():
    samples = read()
    data = mg.batches(lambda: samples, batch_size=3, shuffle=False)
    assert len(list(data)) == 4
    with pytest.raises(ValueError, match=r"gave no samples; .* has to give a new iterator each time"):
        list(data)
