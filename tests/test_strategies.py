"""Do the strategies give what they promise, quickly, and small when something fails?"""

import numpy as np
import pytest
from effort import examples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import find as hypothesis_find
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad import losses, testing
from minigrad.testing import strategies as public
from minigrad.testing.strategies import drawing
from minigrad.testing.strategies.hypothesis import arrays, broadcastable_arrays, matmul_arrays, shapes, telling_draws
from minigrad.testing.strategies.lattice import Lattice


def find(strategy, condition):
    """The simplest value, the same each time."""
    fixed = settings(max_examples=2000, derandomize=True, database=None, deadline=None)
    return hypothesis_find(strategy, condition, settings=fixed)


def find_any(strategy, condition):
    """Some value, which takes less time than the simplest one."""
    fixed = settings(max_examples=2000, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    return hypothesis_find(strategy, condition, settings=fixed)


def elements(*parts):
    return np.sort(np.concatenate([part.reshape(-1) for part in parts]))


@given(
    data=st.data(),
    shape=shapes(0, 3, min_side=0, max_side=5),
    low=st.floats(-3, 0.5),
    width=st.floats(0.5, 5),
    gap=st.sampled_from([0.5, 0.1, 0.03]),
    avoid=st.sampled_from([(), (0.0,), (0.0, 1.0, -1.0), (0.123,)]),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_arrays_are_different_in_range_and_away_from_kinks(data, shape, low, width, gap, avoid, dtype):
    x = data.draw(arrays(shape, low=low, high=low + width, gap=gap, avoid=avoid, dtype=dtype))
    assert x.shape == shape
    assert x.dtype == dtype
    rounding = 1e-5
    assert (x >= low - rounding).all()
    assert (x <= low + width + rounding).all()
    if x.size:
        # The gap that was asked for is kept unless it leaves too few numbers.
        fits = width / gap - 2 - 2 * len(avoid) >= x.size
        least = gap if fits else gap / 2 ** np.ceil(np.log2(gap * (x.size + 2 + 2 * len(avoid)) / width))
        assert np.diff(elements(x)).min(initial=np.inf) >= least * 0.999
        assert all(np.abs(x - kink).min() >= least / 2 * 0.999 for kink in avoid)


def test_arrays_stay_exact_decimal_fractions():
    assert Lattice().points(1)[:6].tolist() == [0.05, -0.05, 0.15, -0.15, 0.25, -0.25]
    assert len(Lattice().points(40)) == 40
    assert Lattice().points(41)[0] == 0.025
    assert Lattice(low=1.0, high=1.01).points(2).tolist() == [1.003125, 1.009375]


@pytest.mark.parametrize("shape", [(7, 5), (1000,), (200, 30)])
def test_arrays_of_any_size_pass_every_health_check(shape):
    seen = []

    @settings(max_examples=50, suppress_health_check=[], database=None)
    @given(x=arrays(shape))
    def draw(x):
        seen.append(x)

    draw()
    assert len({x.tobytes() for x in seen}) > 40
    for x in seen:
        assert len(np.unique(x)) == x.size
        assert (x < 0).any()


def test_arrays_take_a_shape_in_every_form():
    for shape in (3, (3,), [3], np.int64(3), st.just(3), st.just((3,)), hnp.array_shapes(max_dims=1)):
        assert find_any(arrays(shape), lambda x: True).ndim == 1
    assert find_any(arrays(()), lambda x: True).shape == ()
    assert find_any(arrays((0, 3)), lambda x: True).shape == (0, 3)


def test_what_fails_shrinks_to_simple_numbers():
    assert find(arrays(shapes()), lambda x: True).tolist() == [0.05]
    assert find(arrays(shapes()), lambda x: (x > 1).any()).tolist() == [1.05]
    assert find(arrays(shapes()), lambda x: (x < -1).any()).tolist() == [-1.05]
    # Large arrays have a seed in the place of many choices, and nonetheless are not taken for simpler.
    assert find(arrays(shapes()), lambda x: x.size > 3).size == 4
    assert find(arrays(st.integers(1, 500)), lambda x: x.size >= 150).size == 150


@given(x=arrays(shapes(max_side=5)))
@examples(100, thoroughly=300)
def test_relu_is_never_in_doubt_at_such_arrays(x):
    assert testing.gradcheck(mg.relu, x, kinks="refuse").verdict == "pass"


def test_relu_is_mostly_in_doubt_at_plain_floats():
    verdicts = []

    @settings(max_examples=50, phases=[Phase.generate], derandomize=True)
    @given(x=hnp.arrays(float, (7, 5), elements=st.floats(-10, 10)))
    def check(x):
        verdicts.append(testing.gradcheck(mg.relu, x, kinks="refuse", raise_exception=False).verdict)

    check()
    assert verdicts.count("inconclusive") > 25


@examples(15, thoroughly=30)
@given(x=arrays((7, 5)))
def test_maxima_are_never_in_doubt_at_such_arrays(x):
    assert testing.gradcheck(lambda x: np.max(x, axis=0), x, kinks="refuse").verdict == "pass"


@given(shape=shapes(2, 4, min_side=2, max_side=5), anything=shapes())
def test_shapes_keep_their_limits(shape, anything):
    assert 2 <= len(shape) <= 4
    assert set(shape) <= {2, 3, 4, 5}
    assert 1 <= len(anything) <= 3
    assert set(anything) <= set(range(1, 8))


@given(parts=broadcastable_arrays(3, shapes(0, 3, min_side=0, max_side=4), low=-1.0))
def test_broadcastable_arrays_broadcast_and_never_tie(parts):
    np.broadcast_shapes(*[part.shape for part in parts])
    assert len(np.unique(elements(*parts))) == sum(part.size for part in parts)
    assert all((part > -1).all() for part in parts)


@given(parts=broadcastable_arrays(2, (3, 2, 4)))
def test_broadcastable_arrays_broadcast_to_the_shape_that_was_asked_for(parts):
    assert np.broadcast(*parts).shape == (3, 2, 4)


def test_broadcastable_arrays_come_in_every_combination():
    for wanted in [((3, 1), (1, 3)), ((3,), (3, 3)), ((), (3, 3)), ((3, 3), (3, 3)), ((3, 3), (1,))]:
        found = find_any(
            broadcastable_arrays(2, (3, 3)), lambda pair, wanted=wanted: (pair[0].shape, pair[1].shape) == wanted
        )
        assert np.broadcast(*found).shape == (3, 3)


@given(pair=matmul_arrays())
def test_matmul_arrays_can_be_multiplied(pair):
    np.matmul(*pair)


def test_matmul_arrays_are_vectors_matrices_and_stacks():
    for x_dims, y_dims in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (1, 3), (3, 3), (4, 3)]:
        x, y = find_any(matmul_arrays(), lambda pair, dims=(x_dims, y_dims): (pair[0].ndim, pair[1].ndim) == dims)
        assert x.shape[-1] == y.shape[max(y.ndim - 2, 0)]


@given(pair=public.conv_arrays(dtype=np.float32))
def test_conv_arrays_fit(pair):
    images, kernels = pair
    assert images.dtype == kernels.dtype == np.float32
    assert images.shape[1] == kernels.shape[1]
    assert mg.conv2d(images, kernels).size > 0


@given(p=public.probabilities(shapes()), rows=public.probabilities(shapes(2, 3), axis=-1, dtype=np.float32))
def test_probabilities_are_probabilities(p, rows):
    assert 0.0 < p.min() <= p.max() < 1.0
    assert len(np.unique(p)) == p.size
    assert rows.dtype == np.float32
    assert rows.min() > 0.0
    np.testing.assert_allclose(rows.sum(axis=-1), 1.0, rtol=1e-6)


@examples(15, thoroughly=30)
@given(x=public.positive((7, 5)))
def test_positive_numbers_are_far_enough_from_0(x):
    for function in (np.log, np.sqrt, lambda x: 1 / x, lambda x: x**-3.0):
        assert testing.gradcheck(function, x).verdict == "pass"


@examples(15, thoroughly=30)
@given(z=public.extreme_logits((7, 5)), y=public.labels(7, 5))
def test_extreme_logits_hurt_only_losses_written_without_care(z, y):
    assert (np.abs(z) > 798).any()
    assert np.abs(z).min() > 0
    assert len(np.unique(z)) == z.size
    assert testing.gradcheck(losses.cross_entropy, (z, y)).verdict == "pass"
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="not finite"):
        testing.gradcheck(lambda z: np.log(1 + np.exp(np.abs(z))), z)


def test_extreme_logits_mix_large_and_moderate_numbers():
    mixed = find(public.extreme_logits(3), lambda z: (z < -700).any() and (z > 700).any() and (np.abs(z) < 2).any())
    assert mixed.shape == (3,)
    assert find(public.extreme_logits((0, 2)), lambda z: True).shape == (0, 2)


@given(
    y=public.labels(st.integers(0, 5), st.integers(1, 4)),
    t=public.one_hot(st.integers(0, 5), 3),
    index=public.indices_with_duplicates(st.integers(2, 6), 9),
    many=public.indices_with_duplicates(150, 7),
)
def test_integers_are_in_range(y, t, index, many):
    assert y.dtype == index.dtype == many.dtype == np.int64
    assert set(y) <= {0, 1, 2, 3}
    assert t.shape == (len(t), 3)
    assert set(t.flat) <= {0, 1}
    assert (t.sum(axis=1) == 1).all()
    assert (np.float16(1.0) * t).dtype == np.float16
    assert set(index) <= set(range(9))
    assert len(set(index)) < len(index)
    assert many.shape == (150,)
    assert set(many) <= set(range(7))


def test_every_label_and_every_place_of_a_duplicate_occurs():
    assert find(public.labels(2, 4), lambda y: y[0] == 3).tolist() == [3, 0]
    for first, second in [(0, 1), (0, 2), (1, 2)]:
        found = find(
            public.indices_with_duplicates(3, 4),
            lambda index, places=(first, second): index[places[0]] == index[places[1]] and len(set(index)) == 2,
        )
        assert found[first] == found[second]


def told(**strategies):
    draws = []
    telling_draws(strategies, draws.append)
    return draws


def test_telling_draws_have_sizes_that_differ():
    for draw in told(x=arrays(shapes()), pair=matmul_arrays(), images=public.conv_arrays()):
        assert all(side in (3, 5, 7) for side in draw["x"].shape)
        assert len(set(draw["x"].shape)) == draw["x"].ndim
        x, y = draw["pair"]
        assert np.matmul(x, y) is not None
        assert {side for part in draw["pair"] for side in part.shape[-2:]} <= {3, 5, 7}
        assert mg.conv2d(*draw["images"]).size > 0
        assert all(side >= 3 for part in draw["images"] for side in part.shape)
    assert any({*x.shape, *y.shape} == {3, 5, 7} for x, y in (draw["pair"] for draw in told(pair=matmul_arrays())))
    assert not drawing.telling.get()


def test_telling_draws_keep_to_the_limits_and_are_the_same_each_time():
    small = arrays(shapes(4, 4, min_side=2, max_side=4))
    for draw in told(x=small):
        assert draw["x"].ndim == 4
        assert set(draw["x"].shape) <= {3, 4}
    assert all(draw["x"].shape == (2, 1) for draw in told(x=arrays((2, 1))))
    assert all(max(draw["x"].shape) <= 2 for draw in told(x=arrays(shapes(max_side=2))))
    first, second = told(x=small), told(x=small)
    assert len(first) == 10
    assert all(np.array_equal(a["x"], b["x"]) for a, b in zip(first, second, strict=True))


def test_strategies_work_inside_others():
    assert list(HealthCheck)
    pair = st.tuples(arrays(2), st.lists(public.labels(1, 2), max_size=1)).filter(lambda pair: True)
    assert find(pair | st.nothing(), lambda pair: True)[0].tolist() == [0.05, -0.05]


@pytest.mark.parametrize(
    ("error", "message", "make"),
    [
        (ValueError, "a side of the shape is at least 0, not -1", lambda: arrays((2, -1))),
        (TypeError, "a side of the shape is an integer, or a strategy of integers, not 2.5", lambda: arrays(2.5)),
        (TypeError, "not True", lambda: arrays(True)),
        (ValueError, "low is below high: 2.0 is not below -2", lambda: arrays(3, low=2.0, high=-2.0)),
        (ValueError, "gap is above 0, not 0", lambda: arrays(3, gap=0)),
        (ValueError, "finite", lambda: arrays(3, high=np.inf)),
        (TypeError, "not int64: only those have derivatives", lambda: arrays(3, dtype=np.int64)),
        (TypeError, "unexpected keyword argument 'lo'", lambda: arrays(3, lo=0.0)),
        (ValueError, "no 2 numbers of float16", lambda: find(arrays(2, dtype=np.float16, gap=1e-3), lambda x: True)),
        (ValueError, "no 3000 numbers of float16", lambda: find(arrays(3000, dtype=np.float16), lambda x: True)),
        (ValueError, "a side of the shape is at least 0", lambda: find(arrays(st.just((2, -1))), lambda x: True)),
        (ValueError, "min_dims=3, max_dims=2", lambda: shapes(3, 2)),
        (ValueError, "min_side=-1", lambda: shapes(min_side=-1)),
        (ValueError, "count is at least 1, not 0", lambda: broadcastable_arrays(0)),
        (TypeError, "float16", lambda: public.extreme_logits(3, dtype=np.float16)),
        (TypeError, "int64", lambda: public.probabilities(3, axis=0, dtype=np.int64)),
        (ValueError, "axis 2", lambda: find(public.probabilities((2, 2), axis=2), lambda p: True)),
        (ValueError, "classes is at least 1, not 0", lambda: public.labels(3, 0)),
        (TypeError, "samples is an integer", lambda: public.one_hot(2.0, 3)),
        (ValueError, "count is at least 2, not 1", lambda: public.indices_with_duplicates(1, 5)),
        (ValueError, "size is at least 1", lambda: find(public.indices_with_duplicates(2, st.just(0)), lambda i: True)),
    ],
)
def test_wrong_use_is_explained(error, message, make):
    with pytest.raises(error, match=message):
        make()
