"""Does a backward pass do what users of a tape expect?"""

import gc
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim


@pytest.fixture
def x():
    return mg.Tensor([1.0, 2.0, 3.0], requires_grad=True, name="x")


def test_gradients_accumulate_in_leaves_until_zeroed(x):
    (x * x).sum().backward()
    first = x.grad
    (x * 3.0).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [5.0, 7.0, 9.0])
    np.testing.assert_array_equal(first.data, [2.0, 4.0, 6.0])
    x.zero_grad()
    assert x.grad is None


def test_a_value_used_several_times_collects_all_its_gradients(x):
    y = x * 2.0
    (y * y + y * x + x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, 8 * x.data + 4 * x.data + 1)


def test_interior_gradients_are_kept_on_request_only(x):
    kept, passing = x * 2.0, x * 3.0
    kept.retain_grad()
    (kept * passing).sum().backward()
    assert passing.grad is None
    np.testing.assert_array_equal(kept.grad.data, 3 * x.data)
    with pytest.raises(RuntimeError, match="does not require"):
        mg.Tensor(1.0).retain_grad()


def test_second_pass_through_a_released_graph_raises(x):
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    np.testing.assert_array_equal(x.grad.data, 2 * x.data)


def test_retained_graph_can_be_differentiated_again(x):
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad.data, 4 * x.data)


def test_two_losses_that_share_a_part(x):
    shared = x * x
    first, second = shared.sum(), (shared * 2.0).sum()
    first.backward()
    with pytest.raises(RuntimeError, match="released by an earlier backward pass"):
        second.backward()
    np.testing.assert_array_equal(x.grad.data, 2 * x.data)
    x.zero_grad()
    shared = x * x
    first, second = shared.sum(), (shared * 2.0).sum()
    first.backward(retain_graph=True)
    second.backward()
    np.testing.assert_array_equal(x.grad.data, 6 * x.data)


def test_seeds_have_exactly_the_shape_of_the_output(x):
    with pytest.raises(ValueError, match=r"shape \(3,\) needs a seed"):
        (x * 2.0).backward()
    for seed in (1.0, np.ones((1, 3)), np.ones(2), [[1.0], [1.0], [1.0]]):
        with pytest.raises(ValueError, match=r"the output has shape \(3,\)"):
            (x * 2.0).backward(seed)
        with pytest.raises(ValueError, match=r"the output has shape \(3,\)"):
            mg.gradients(x * 2.0, [x], seed=seed, create_graph=True)
    with pytest.raises(TypeError, match="real numbers"):
        (x * 2.0).backward([1j, 0, 0])
    (x * 2.0).backward([1, 0, 2])
    np.testing.assert_array_equal(x.grad.data, [2.0, 0.0, 4.0])
    (x[:1] * 2.0).backward()


def test_backward_of_a_leaf_is_its_seed(x):
    seed = np.ones(3)
    x.backward(seed)
    seed[0] = 9.0
    np.testing.assert_array_equal(x.grad.data, [1.0, 1.0, 1.0])


def test_differentiating_a_constant_raises():
    with pytest.raises(RuntimeError, match="does not depend on any Tensor"):
        mg.Tensor(1.0).backward()
    with pytest.raises(RuntimeError, match="no_grad"):
        mg.gradients(mg.Tensor(1.0) * 2.0, [mg.Tensor(1.0, requires_grad=True)])


def test_gradients_lists_one_per_input_and_deposits_nothing(x):
    unused = mg.Tensor(1.0, requires_grad=True)
    middle = x * 2.0
    found = mg.gradients((middle * middle).sum(), [x, unused, middle, x])
    np.testing.assert_array_equal(found[0].data, 8 * x.data)
    assert found[1] is None
    np.testing.assert_array_equal(found[2].data, 4 * x.data)
    np.testing.assert_array_equal(found[3].data, found[0].data)
    assert x.grad is None
    assert not found[0].requires_grad


@pytest.mark.parametrize(
    ("error", "message", "inputs"),
    [
        (TypeError, "a list of Tensors: write mg.gradients", lambda x: x),
        (TypeError, r"inputs\[1\] is a float", lambda x: [x, 1.0]),
        (ValueError, r"inputs\[0\] does not require", lambda x: [mg.Tensor(1.0)]),
    ],
)
def test_gradients_names_the_input_that_is_wrong(x, error, message, inputs):
    with pytest.raises(error, match=message):
        mg.gradients(x.sum(), inputs(x))
    with pytest.raises(TypeError, match="the output is a float, not a Tensor"):
        mg.gradients(1.0, [x])


def test_rules_that_nobody_asked_for_are_not_evaluated(x):
    def forbidden(g, out, x, y):
        raise AssertionError("this gradient is not wanted")

    @mg.primitive(lambda g, out, x, y: g * y, forbidden, broadcasts=True)
    def picky_multiply(x, y):
        return x * y

    other = mg.Tensor([1.0, 1.0, 1.0], requires_grad=True)
    picky_multiply(x, np.ones(3)).sum().backward()
    assert mg.gradients(picky_multiply(x, other * 2.0).sum(), [x])[0].shape == (3,)
    with pytest.raises(AssertionError, match="not wanted") as caught:
        picky_multiply(x, other).sum().backward()
    assert "picky_multiply" in "".join(caught.value.__notes__)


def test_higher_derivatives(x):
    value = (x**4).sum()
    expected = [4 * x.data**3, 12 * x.data**2, 24 * x.data, np.full(3, 24.0)]
    for derivative in expected:
        (found,) = mg.gradients(value, [x], create_graph=True)
        np.testing.assert_allclose(found.data, derivative, rtol=1e-14)
        value = found.sum()


def test_backward_with_create_graph_deposits_a_gradient_that_can_be_differentiated(x):
    (x**3).sum().backward(create_graph=True)
    (slope,) = mg.gradients(x.grad.sum(), [x])
    np.testing.assert_allclose(slope.data, 6 * x.data)
    x.zero_grad()


def test_seed_can_be_differentiated_too(x):
    seed = mg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    (slope,) = mg.gradients(x**2, [x], seed=seed, create_graph=True)
    (found,) = mg.gradients(slope.sum(), [seed])
    np.testing.assert_array_equal(found.data, 2 * x.data)


def test_create_graph_works_inside_no_grad(x):
    y = (x**3).sum()
    with mg.no_grad():
        (slope,) = mg.gradients(y, [x], create_graph=True)
        assert slope.requires_grad
        assert not (x * 2.0).requires_grad


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradient_has_the_dtype_of_what_it_is_the_gradient_of(create_graph):
    narrow = mg.Tensor(np.ones(3, np.float32), requires_grad=True)
    wide = mg.Tensor(np.ones((2, 3)), requires_grad=True)
    (narrow * wide).sum().backward(create_graph=create_graph)
    assert (narrow.grad.dtype, narrow.grad.shape) == (np.float32, (3,))
    assert (wide.grad.dtype, wide.grad.shape) == (np.float64, (2, 3))
    narrow.zero_grad()
    wide.zero_grad()


def test_gradients_share_no_memory(x):
    y = mg.Tensor([1.0, 1.0, 1.0], requires_grad=True)
    seed = np.ones(3)
    (x + y).backward(seed)
    x.grad.data[0] = 100.0
    np.testing.assert_array_equal(y.grad.data, np.ones(3))
    np.testing.assert_array_equal(seed, np.ones(3))
    x.zero_grad()
    x.sum().backward()
    x.grad.data[0] = 100.0
    np.testing.assert_array_equal(x.grad.data, [100.0, 1.0, 1.0])


@pytest.mark.parametrize(
    "update",
    [
        lambda x: optim.SGD([x], lr=0.1).step(),
        lambda x: setattr(x, "data", np.zeros(3)),
        lambda x: x.__setattr__("data", x.data.__isub__(1.0)),
    ],
    ids=["optimizer.step", "assignment", "augmented assignment"],
)
def test_parameter_updated_between_forward_and_backward_raises_and_is_named(x, update):
    x.grad = np.ones(3)
    loss = (x * x).sum()
    update(x)
    with pytest.raises(RuntimeError, match=r"the Tensor 'x' was updated after it was used"):
        loss.backward()
    np.testing.assert_array_equal(x.grad.data, np.ones(3))
    x.zero_grad()
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, 2 * x.data)


def test_no_grad_records_nothing_and_nests(x):
    with mg.no_grad():
        assert not mg.is_grad_enabled()
        with mg.no_grad():
            assert not (x * 2.0).requires_grad
        assert not (x * 2.0).requires_grad
    assert (x * 2.0).requires_grad

    @mg.no_grad()
    def double(value):
        return value * 2.0

    assert not double(x).requires_grad
    assert mg.is_grad_enabled()


def test_no_grad_does_not_leak_into_another_thread_or_out_of_an_error(x):
    seen = []
    with mg.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2.0).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]
    with pytest.raises(ValueError, match="escape"), mg.no_grad():
        raise ValueError("escape")
    assert mg.is_grad_enabled()


def test_threads_can_differentiate_graphs_that_share_leaves():
    weights = mg.Tensor(np.ones(50), requires_grad=True)
    wrong = []

    def work(scale):
        for _ in range(200):
            (found,) = mg.gradients((weights * scale).sum(), [weights])
            if not np.array_equal(found.data, np.full(50, scale)):
                wrong.append(scale)

    threads = [threading.Thread(target=work, args=(float(scale),)) for scale in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("length", [100_000])
def test_long_chains_need_no_recursion(length):
    x = mg.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(length):
        y = y * 1.00001
    assert length > sys.getrecursionlimit()
    y.backward(retain_graph=True)
    assert x.grad.item() == pytest.approx(1.00001**length, rel=1e-8)
    del y


def test_deep_graph_is_freed_without_having_been_differentiated():
    x = mg.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + x
    last = weakref.ref(y)
    del y
    assert last() is None


def training_step(model, optimizer, x, y):
    optimizer.zero_grad()
    losses.cross_entropy(model(x), y).backward()
    optimizer.step()


def test_training_leaves_no_reference_cycles_and_does_not_grow():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Conv(1, 4, 3, rng=rng), nn.ReLU(), nn.MaxPool(2), nn.Flatten(), nn.Dense(36, 10, rng=rng))
    optimizer = optim.Adam(model.parameters())
    x, y = rng.random((64, 1, 8, 8), dtype=np.float32), rng.integers(0, 10, 64)
    training_step(model, optimizer, x, y)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        training_step(model, optimizer, x, y)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            training_step(model, optimizer, x, y)
        growth = tracemalloc.get_traced_memory()[0] - before
        assert gc.collect() == 0
        # Free lists of Python and NumPy still fill up a little; the arrays of a single step hold more than that.
        assert growth < 50_000
    finally:
        tracemalloc.stop()
        gc.enable()


def test_graph_is_released_as_the_pass_goes():
    """Arrays that later rules do not need are freed before the pass ends."""
    x = mg.Tensor(np.ones(1000), requires_grad=True)
    held = []

    def watch(g, out, x):
        held.append(middle() is not None)
        return g

    @mg.primitive(watch)
    def watching(x):
        return x.copy()

    y = watching(x) * 2.0
    array = y._array
    middle = weakref.ref(array)
    z = (y * y).sum()
    del y, array
    z.backward()
    assert held == [False]


def test_rule_that_returns_something_else_than_the_shape_of_its_argument_raises():
    def declare(name, rule):
        return mg.primitive(rule, name=name)(lambda x: x * 2.0)

    x = mg.Tensor(np.ones(3), requires_grad=True)
    for number, (error, message, rule) in enumerate(
        [
            (
                ValueError,
                r"for argument 0 returned shape \(1,\); the argument has shape \(3,\)",
                lambda g, out, x: g[:1],
            ),
            (ValueError, r"returned shape \(2, 3\)", lambda g, out, x: np.stack([g, g])),
            (TypeError, "returned NoneType, not an array .*return something", lambda g, out, x: None),
            (TypeError, "returned float", lambda g, out, x: 2.0),
            (TypeError, "returned dtype complex128", lambda g, out, x: g * 1j),
        ]
    ):
        with pytest.raises(error, match=f"the rule of wrong{number} {message}" if number == 0 else message):
            declare(f"wrong{number}", rule)(x).sum().backward()


def test_backward_with_create_graph_accumulates_inside_no_grad_too(x):
    y = (x**3).sum()
    with mg.no_grad():
        y.backward(create_graph=True)
        y.backward(create_graph=True)
    (slope,) = mg.gradients(x.grad.sum(), [x])
    np.testing.assert_allclose(slope.data, 12 * x.data)
    x.zero_grad()


def test_gradient_that_is_constant_is_a_tensor_in_a_recorded_pass_too(x):
    (slope,) = mg.gradients((x**0).sum(), [x], create_graph=True)
    assert isinstance(slope, mg.Tensor)
    np.testing.assert_array_equal(slope.data, np.zeros(3))
    (x**0).sum().backward(create_graph=True)
    assert isinstance(x.grad, mg.Tensor)
