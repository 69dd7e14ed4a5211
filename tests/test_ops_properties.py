"""Do operations stay right whatever the shapes, axes, indices and values that hypothesis thinks of?"""

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import signal

import minigrad as mg
from minigrad.engine.examples import Sample
from minigrad.engine.registry import operations
from minigrad.ops.elementwise.where import keep_where
from minigrad.testing import gradcheck
from minigrad.testing.strategies.hypothesis import arrays, broadcastable_arrays, matmul_arrays, shapes

ELEMENTWISE = [name for name, operation in operations.items() if operation.builtin and operation.elementwise]
SHAPES = shapes(0, 3, min_side=0, max_side=3)


def check_gradients(function, *inputs):
    """Every gradient of a function of Tensors has to pass, but in an empty array there is nothing to be seen."""
    out = function(*[mg.Tensor(array, requires_grad=True) for array in inputs])
    np.testing.assert_array_equal(out.data, function(*inputs))
    result = gradcheck(function, inputs, raise_exception=all(array.size for array in inputs))
    assert result.verdict != "fail"
    assert all(leaf.verdict == "pass" or 0 in leaf.shape for leaf in result.leaves), result


@pytest.mark.parametrize("name", ELEMENTWISE)
@examples(12, thoroughly=40)
@given(data=st.data())
def test_elementwise_operations_broadcast(name, data):
    """Any shapes that broadcast against each other, 0-d and empty ones included, and any values of the domain."""
    operation = operations[name]
    example = operation.examples[0]
    domains = [part for part in (example if isinstance(example, tuple) else (example,)) if isinstance(part, Sample)]
    # The middle of a domain may be 0, where many operations have a kink.
    parts = data.draw(broadcastable_arrays(len(domains), SHAPES, low=0.0, high=1.0, gap=0.025, avoid=(0.5,)))
    inputs = [domain.low + part * (domain.high - domain.low) for part, domain in zip(parts, domains, strict=True)]
    check_gradients(operation.function, *inputs)


@given(parts=broadcastable_arrays(3, SHAPES))
def test_where_broadcasts_its_condition_too(parts):
    condition, x, y = parts[0] > 0, *parts[1:]
    check_gradients(lambda x, y: mg.where(condition, x, y), x, y)


@given(parts=broadcastable_arrays(2, SHAPES))
def test_keep_where_broadcasts_its_mask_too(parts):
    mask, x = parts[0] > 0, parts[1]
    np.testing.assert_array_equal(keep_where(x, mask), np.where(mask, x, 0.0))
    check_gradients(lambda x: keep_where(x, mask), x)


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "max", "min", "prod", "logsumexp"])
@given(data=st.data())
def test_reductions_over_any_axes(name, data):
    x = data.draw(arrays(shapes(0, 3, max_side=3)))
    shape = x.shape
    axes = st.integers(-len(shape), len(shape) - 1)
    chosen = data.draw(st.none() | axes | hnp.valid_tuple_axes(len(shape)) if shape else st.none())
    # The deviation of a single element is 0 and has a kink there; conventions are tested elsewhere.
    keepdims = data.draw(st.booleans())
    function = operations[name].function
    expected = getattr(np, name, None)
    if expected is not None:
        found = function(x, axis=chosen, keepdims=keepdims)
        np.testing.assert_allclose(found, expected(x, chosen, keepdims=keepdims), atol=1e-12)
    check_gradients(lambda x: function(x, axis=chosen, keepdims=keepdims), x)


@given(pair=matmul_arrays())
def test_matmul_of_any_ranks(pair):
    check_gradients(mg.matmul, *pair)


@given(data=st.data())
def test_indexing_in_every_way(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    index = data.draw(
        hnp.basic_indices(shape, allow_newaxis=True)
        | hnp.integer_array_indices(shape)
        | hnp.arrays(bool, shape)
        | hnp.arrays(np.int64, hnp.array_shapes(max_dims=2, max_side=3), elements=st.integers(0, shape[0] - 1))
    )
    x = data.draw(arrays(shape))
    check_gradients(lambda x: x[index], x)


@given(data=st.data())
def test_shapes_survive_the_way_there_and_back(data):
    x = data.draw(arrays(SHAPES))
    order = data.draw(st.permutations(range(x.ndim)))
    check_gradients(lambda x: np.transpose(x, order), x)
    check_gradients(lambda x: np.reshape(x, -1), x)
    check_gradients(lambda x: np.flip(x), x)
    check_gradients(lambda x: np.pad(x, 1), x)


@given(data=st.data())
def test_joining_and_splitting_undo_each_other(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    parts = []
    for length in lengths:
        sizes = list(shape)
        sizes[axis] = length
        parts.append(data.draw(arrays(tuple(sizes))))
    check_gradients(lambda *parts: np.concatenate(parts, axis=axis), *parts)
    joined = mg.Tensor(np.concatenate(parts, axis=axis), requires_grad=True)
    for part, again in zip(parts, np.split(joined, np.cumsum(lengths)[:-1].tolist(), axis=axis), strict=True):
        np.testing.assert_array_equal(again.data, part)


@given(data=st.data())
def test_planes_agree_with_scipy_in_every_mode_and_size(data):
    x, kernel = (data.draw(arrays(shapes(2, 2, max_side=4))) for _ in range(2))
    mode = data.draw(st.sampled_from(["full", "same", "valid"]))
    if mode == "valid" and not (
        np.all(np.greater_equal(x.shape, kernel.shape)) or np.all(np.greater_equal(kernel.shape, x.shape))
    ):
        return
    for function, truth in [(mg.correlate2d, signal.correlate2d), (mg.convolve2d, signal.convolve2d)]:
        np.testing.assert_array_equal(function(x, kernel, mode=mode), truth(x, kernel, mode))
        check_gradients(lambda x, k, function=function: function(x, k, mode=mode), x, kernel)


# Fewer examples than elsewhere, because each has many elements.
@examples(20, thoroughly=50)
@given(data=st.data())
def test_conv2d_is_a_sum_of_planes(data):
    samples, channels, count = (data.draw(st.integers(1, 2)) for _ in range(3))
    size = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)))
    stride = (data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2)))
    padding = (data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2)))
    image = tuple(data.draw(st.integers(max(k - 2 * p, 1), 5)) for k, p in zip(size, padding, strict=True))
    x = data.draw(arrays((samples, channels, *image)))
    kernels = data.draw(arrays((count, channels, *size)))
    around = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    planes = [
        [sum(signal.correlate2d(s, k, "valid") for s, k in zip(sample, kernel, strict=True)) for kernel in kernels]
        for sample in around
    ]
    expected = np.array(planes)[:, :, :: stride[0], :: stride[1]]
    np.testing.assert_allclose(mg.conv2d(x, kernels, stride, padding), expected, rtol=1e-12, atol=1e-12)
    check_gradients(lambda x, k: mg.conv2d(x, k, stride, padding), x, kernels)


@pytest.mark.parametrize("side", range(1, 8))
@pytest.mark.parametrize("taps", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_gives_one_result_for_every_stride(side, taps, stride):
    out = mg.conv2d(np.ones((1, 1, side, side)), np.ones((1, 1, taps, taps)), stride, "same")
    assert out.shape == (1, 1, -(-side // stride), -(-side // stride))
    if stride == 1 and taps % 2:
        expected = signal.correlate2d(np.ones((side, side)), np.ones((taps, taps)), "same")
        np.testing.assert_array_equal(out[0, 0], expected)


@pytest.mark.parametrize(("name", "of"), [("max_pool2d", np.max), ("avg_pool2d", np.mean)])
@given(data=st.data())
def test_pooling_takes_every_window(name, of, data):
    size = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)))
    stride = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)))
    image = tuple(data.draw(st.integers(k, 6)) for k in size)
    x = data.draw(arrays((1, 1, *image)))
    function = operations[name].function
    found = function(x, size, stride)
    rows = range(0, image[0] - size[0] + 1, stride[0])
    columns = range(0, image[1] - size[1] + 1, stride[1])
    expected = [[of(x[0, 0, i : i + size[0], j : j + size[1]]) for j in columns] for i in rows]
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-12)
    check_gradients(lambda x: function(x, size, stride), x)


def linear_program(seed):
    """A random composition of operations, as a function of two arrays of shape (2, 3)."""
    rng = np.random.default_rng(seed)
    unary = [
        np.tanh,
        np.sin,
        mg.sigmoid,
        mg.softplus,
        mg.gelu,
        lambda v: np.flip(v, 0),
        lambda v: v - np.mean(v, axis=1, keepdims=True),
    ]
    binary = [np.add, np.multiply, np.subtract, lambda a, b: a / (1.5 + np.square(b)), lambda a, b: mg.softmax(a) * b]
    steps = [(rng.integers(2), rng.integers(100), rng.integers(100), rng.integers(100)) for _ in range(8)]

    def program(x, y):
        values = [x, y]
        for kind, which, first, second in steps:
            a, b = values[first % len(values)], values[second % len(values)]
            values.append(unary[which % len(unary)](a) if kind else binary[which % len(binary)](a, b))
        # The product keeps a gradient from being 0 but for rounding, which no difference of values can tell from 0.
        return values[-1] + values[-2] + x * y / 4

    return program


@given(seed=st.integers(0, 10_000), x=arrays((2, 3)), y=arrays((2, 3)))
def test_random_compositions(seed, x, y):
    check_gradients(linear_program(seed), x, y)
