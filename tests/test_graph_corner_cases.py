"""Do mistakes with leaves, graphs, threads and modes that once passed in silence stay found?"""

import asyncio
import gc
import sys
import threading

import numpy as np
import pytest
from leaves import leaf

import minigrad as mg
from minigrad import optim


def test_recorded_gradients_are_not_shared_between_leaves_or_with_the_seed():
    x, y, seed = leaf([1.0, 1.0]), leaf([2.0, 2.0]), np.array([3.0, 4.0])
    (x + y).backward(seed, create_graph=True)
    optim.clip_by_norm([x, y], 1.0)
    np.testing.assert_array_equal(seed, [3.0, 4.0])
    expected = np.array([3.0, 4.0]) / np.sqrt(50.0)
    np.testing.assert_allclose([x.grad.data, y.grad.data], [expected, expected])
    z = leaf([1.0, 1.0])
    z.sum().backward(create_graph=True)
    optim.clip_by_norm([z], 0.1)
    for tensor in (x, y, z):
        tensor.zero_grad()


def test_frozen_parameter_that_is_trained_again_keeps_old_graphs_right():
    weights = leaf([1.0, 2.0]).requires_grad_(False)
    other = leaf([3.0, 4.0])
    loss = (weights * other).sum()
    weights.requires_grad_()
    weights.grad = np.ones(2)
    optim.SGD([weights], lr=0.5).step()
    loss.backward()
    np.testing.assert_array_equal(other.grad.data, [1.0, 2.0])


def test_freezing_between_forward_and_backward_raises():
    weights = leaf([1.0, 2.0], name="weights")
    loss = (weights * weights).sum()
    weights.requires_grad_(False)
    weights.requires_grad_()
    with pytest.raises(RuntimeError, match="'weights' was updated after it was used"):
        loss.backward()


def test_assigning_to_a_constant_leaves_recorded_graphs_alone():
    x, constant = leaf([1.0, 2.0]), mg.Tensor([3.0, 4.0])
    loss = (x * constant).sum()
    constant.data = [30.0, 40.0]
    loss.backward()
    np.testing.assert_array_equal(x.grad.data, [3.0, 4.0])


def test_detached_twin_that_is_trained_does_not_change_the_original():
    x = leaf([1.0, 2.0])
    twin = x.detach().requires_grad_()
    loss = (x * x).sum()
    twin.data = [5.0, 5.0]
    loss.backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0])


def test_copying_a_tensor_that_requires_a_gradient_is_no_silent_detach():
    with pytest.raises(TypeError, match=r"\.detach\(\)"):
        mg.Tensor(leaf([1.0]))
    with pytest.raises(TypeError, match="copyto"):
        np.full_like(np.array([1.0, 2.0]), leaf(1.0))


def test_no_grad_holds_for_the_body_of_what_runs_in_steps_and_for_nothing_between():
    @mg.no_grad
    def generator():
        got = yield mg.is_grad_enabled()
        try:
            yield got, mg.is_grad_enabled()
        except KeyError:
            yield "caught", mg.is_grad_enabled()
        return mg.is_grad_enabled()

    steps = generator()
    assert next(steps) is False
    assert mg.is_grad_enabled()
    assert steps.send("sent") == ("sent", False)
    assert steps.throw(KeyError()) == ("caught", False)
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value is False
    assert mg.is_grad_enabled()

    @mg.no_grad()
    async def coroutine():
        await asyncio.sleep(0)
        return mg.is_grad_enabled()

    @mg.no_grad
    async def async_generator():
        yield mg.is_grad_enabled()
        await asyncio.sleep(0)
        yield mg.is_grad_enabled()

    async def collected():
        return [(inside, mg.is_grad_enabled()) async for inside in async_generator()], await coroutine()

    assert asyncio.run(collected()) == ([(False, True), (False, True)], False)


def test_leaving_a_block_takes_away_what_it_has_set_and_nothing_else():
    def generator():
        with mg.no_grad():
            yield

    outer, inner = generator(), generator()
    next(outer), next(inner)
    outer.close()
    assert not mg.is_grad_enabled()
    inner.close()
    assert mg.is_grad_enabled()

    left_inside = generator()
    next(left_inside)
    mg.grad(lambda x: (left_inside.close(), x * x)[1])(1.0)
    assert mg.is_grad_enabled()
    with mg.no_grad():
        left_inside = generator()
        next(left_inside)
        left_inside.close()
        assert not mg.is_grad_enabled()
    assert mg.is_grad_enabled()


def test_threads_lose_no_gradients():
    weights = leaf(np.ones(20))
    shared = mg.tanh(weights * 0.5)

    def work():
        for _ in range(100):
            mg.tanh(weights * 0.5).sum().backward()
            (shared * shared).sum().backward(retain_graph=True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    slope = 0.5 * (1 - np.tanh(0.5) ** 2)
    np.testing.assert_allclose(weights.grad.data, 400 * (slope + 2 * np.tanh(0.5) * slope))


def test_a_detached_leaf_without_axes_shares_its_memory():
    x = mg.Tensor(2.0, requires_grad=True)
    constant = x.detach()
    x.data[...] = 5.0
    assert constant.item() == 5.0


def test_pass_can_be_split_at_an_interior_result():
    x = leaf([1.0, 2.0])
    middle = x * x
    loss = (middle * 3.0).sum()
    (upper,) = mg.gradients(loss, [middle])
    middle.backward(upper)
    np.testing.assert_array_equal(x.grad.data, [6.0, 12.0])


def test_recorded_passes_leave_no_cycles_with_gradients():
    gc.collect()
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        (slope,) = mg.gradients((x**3).sum(), [x], create_graph=True)
        mg.gradients(slope.sum(), [x])
        del x, slope
        assert gc.collect() == 0
    finally:
        gc.enable()
