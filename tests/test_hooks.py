"""What do functions see, and change, of a gradient that arrives at a Tensor?"""

import gc

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim


def leaf(*values, name=None):
    return mg.Tensor(list(values), requires_grad=True, name=name)


def backward(output, inputs):
    output.backward()
    return [x.grad for x in inputs]


def gradients(output, inputs):
    return mg.gradients(output, inputs)


def recorded_gradients(output, inputs):
    return mg.gradients(output, inputs, create_graph=True)


PASSES = [backward, gradients, recorded_gradients]


@pytest.mark.parametrize("go_back", PASSES)
def test_a_hook_sees_the_whole_gradient_once(go_back):
    x = leaf(1.0, 2.0, 3.0)
    seen = []
    x.register_hook(lambda gradient: seen.append(gradient.numpy()))
    (gradient,) = go_back((x * x + 2.0 * x + mg.exp(x)).sum(), [x])
    expected = 2.0 * x.numpy() + 2.0 + np.exp(x.numpy())
    assert len(seen) == 1
    np.testing.assert_allclose(seen[0], expected)
    np.testing.assert_allclose(gradient.numpy(), expected)


@pytest.mark.parametrize("go_back", PASSES)
def test_a_hook_of_a_result_replaces_what_flows_on(go_back):
    x = leaf(1.0, 2.0, 3.0)
    h = x * x
    h.register_hook(lambda gradient: np.clip(gradient, -1.0, 1.0))
    (gradient,) = go_back((h * mg.Tensor([5.0, 0.5, -5.0])).sum(), [x])
    np.testing.assert_allclose(gradient.numpy(), 2.0 * x.numpy() * [1.0, 0.5, -1.0])


@pytest.mark.parametrize("go_back", PASSES)
def test_a_replacement_at_a_leaf_is_what_is_delivered(go_back):
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    x.register_hook(lambda gradient: gradient * 10.0)
    by_x, by_y = go_back((x * y).sum(), [x, y])
    np.testing.assert_allclose(by_x.numpy(), [30.0, 40.0])
    np.testing.assert_allclose(by_y.numpy(), [1.0, 2.0])


def test_an_array_is_taken_as_a_replacement_too():
    x = leaf(1.0, 2.0)
    x.register_hook(lambda gradient: np.zeros(2))
    (x * x).sum().backward()
    assert x.grad.numpy().tolist() == [0.0, 0.0]


def test_hooks_are_called_in_the_order_of_registration_newest_result_first():
    x = leaf(1.0, 2.0)
    order = []

    def noting(name, factor):
        def hook(gradient):
            order.append((name, float(gradient.numpy()[0])))
            return gradient * factor

        return hook

    h = 2.0 * x
    k = 3.0 * h
    x.register_hook(noting("x first", 2.0))
    k.register_hook(noting("k", 1.0))
    x.register_hook(noting("x second", 1.0))
    h.register_hook(noting("h", 10.0))
    k.sum().backward()
    assert order == [("k", 1.0), ("h", 3.0), ("x first", 60.0), ("x second", 120.0)]
    assert x.grad.numpy().tolist() == [120.0, 120.0]


def test_a_removed_hook_is_called_no_more():
    x = leaf(1.0, 2.0)
    seen = []
    first = x.register_hook(lambda gradient: seen.append("first"))
    x.register_hook(lambda gradient: seen.append("second"))
    first.remove()
    first.remove()
    (x * x).sum().backward()
    assert seen == ["second"]


def test_a_hook_may_remove_itself():
    x = leaf(1.0, 2.0)
    seen = []

    def once(gradient):
        seen.append("once")
        handle.remove()

    handle = x.register_hook(once)
    x.register_hook(lambda gradient: seen.append("always"))
    for _ in range(2):
        (x * x).sum().backward()
    assert seen == ["once", "always", "always"]


def test_a_hook_of_a_parameter_stays_through_the_steps_of_an_optimiser():
    model = nn.Dense(3, 2, rng=np.random.default_rng(0))
    seen = []
    handle = model.weight.register_hook(lambda gradient: seen.append(gradient.shape))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for step in range(4):
        if step == 3:
            handle.remove()
        optimizer.zero_grad()
        (model(np.ones((5, 3))) ** 2).sum().backward()
        optimizer.step()
    assert seen == [(3, 2)] * 3


def test_what_a_hook_does_to_its_copy_reaches_nobody():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)

    def spoil(gradient):
        gradient.data[...] = np.nan

    s = x + y  # one array flows to both
    for tensor in (x, y, s):
        tensor.register_hook(spoil)
    (s * 2.0).sum().backward()
    assert x.grad.numpy().tolist() == y.grad.numpy().tolist() == [2.0, 2.0]


def test_what_a_hook_returned_may_be_changed_afterwards():
    x = leaf(1.0, 2.0)
    kept = np.ones(2)
    x.register_hook(lambda gradient: kept)
    (x * x).sum().backward()
    kept[...] = np.nan
    assert x.grad.numpy().tolist() == [1.0, 1.0]


def test_second_derivatives_go_through_a_hook():
    x = leaf(1.0, 2.0, 3.0)
    h = x**3
    h.register_hook(lambda gradient: gradient * x)
    (first,) = mg.gradients(h.sum(), [x], create_graph=True)
    np.testing.assert_allclose(first.numpy(), 3.0 * x.numpy() ** 3)
    (second,) = mg.gradients(first.sum(), [x])
    # The hook makes 3 x**3 of 3 x**2.
    np.testing.assert_allclose(second.numpy(), 9.0 * x.numpy() ** 2)


def test_numbers_have_hooks_too():
    x = mg.Tensor(3.0, requires_grad=True)
    shapes = []

    def double(gradient):
        shapes.append((type(gradient), gradient.shape))
        return 2.0 * gradient

    (x * x).register_hook(double)
    y = x * x
    y.register_hook(double)
    y.backward()
    assert shapes == [(mg.Tensor, ())]
    assert x.grad.numpy() == 12.0


def test_only_a_pass_that_reaches_the_tensor_calls_its_hook():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seen = []
    x.register_hook(seen.append)
    mg.gradients((x * y).sum(), [y])
    assert seen == []


def test_float32_stays_float32():
    x = mg.Tensor(np.ones(3, np.float32), requires_grad=True)
    x.register_hook(lambda gradient: gradient * 2.0)
    (x * x).sum().backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("go_back", PASSES)
@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (lambda g: g[:1], ValueError, r"a hook of the Tensor 'w' returned a gradient of shape \(1,\); .* shape \(2,\)"),
        (lambda g: g.sum(), ValueError, r"returned a gradient of shape \(\)"),
        (lambda g: g.astype(np.float32), TypeError, r"dtype float32; .* dtype float64: write .astype\(float64\)"),
        (lambda g: np.array([1, 2]), TypeError, "dtype int"),
        (lambda g: 2.0, TypeError, "returned a float; return None"),
        (lambda g: [1.0, 2.0], TypeError, "returned a list; return None"),
        (lambda g: np.ma.masked_less(np.ones(2), 0.0), TypeError, "returned a MaskedArray; return None"),
    ],
)
def test_a_replacement_that_does_not_fit_is_refused(go_back, answer, error, message):
    w = leaf(1.0, 2.0, name="w")
    w.register_hook(answer)
    with pytest.raises(error, match=message):
        go_back((w * w).sum(), [w])


def test_a_tensor_without_a_gradient_is_refused():
    with pytest.raises(RuntimeError, match="does not require a gradient, so none will arrive"):
        mg.Tensor([1.0]).register_hook(print)


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="takes a function of the gradient, not a float"):
        leaf(1.0).register_hook(2.0)


@pytest.mark.parametrize("what", [lambda x: x, lambda x: x * x], ids=["variable", "result"])
@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: mg.grad(f)(x),
        lambda f, x: mg.jvp(f, x, np.ones(2)),
        lambda f, x: mg.hessian(f)(x),
        lambda f, x: mg.jacobian(f)(x),
    ],
    ids=["grad", "jvp", "hessian", "jacobian"],
)
def test_what_a_transform_differentiates_by_is_refused(transform, what):
    def f(x):
        what(x).register_hook(lambda gradient: gradient * 2.0)
        return (x * x).sum()

    with pytest.raises(TypeError, match=r"register_hook\(\): .*mg.grad.*use mg.gradients"):
        transform(f, np.array([1.0, 2.0]))


def test_what_would_become_a_constant_in_a_transform_is_refused():
    w = leaf(1.0, 2.0)

    def f(x):
        handle = w.register_hook(lambda gradient: gradient * x)
        try:
            return (mg.gradients((w * w).sum(), [w])[0] * x).sum()
        finally:
            handle.remove()

    with pytest.raises(TypeError, match="would be a constant; give create_graph=True"):
        mg.grad(f)(np.array([1.0, 2.0]))


def test_the_same_with_a_recorded_pass_has_its_derivative():
    w = leaf(1.0, 2.0)

    def f(x):
        handle = w.register_hook(lambda gradient: gradient * x)
        try:
            return mg.gradients((w * w).sum(), [w], create_graph=True)[0].sum()
        finally:
            handle.remove()

    np.testing.assert_allclose(mg.grad(f)(np.array([1.0, 2.0])).numpy(), [2.0, 4.0])


def test_an_error_in_a_hook_arrives_at_the_caller():
    x = leaf(1.0)

    def fail(gradient):
        raise KeyError("mine")

    x.register_hook(fail)
    with pytest.raises(KeyError, match="mine"):
        (x * x).sum().backward()


def test_hooks_leave_no_cycle_behind():
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        for _ in range(3):
            h = x * x
            # The function knows the very Tensor that it hooks.
            handle = h.register_hook(lambda gradient, h=h: gradient * h.detach())
            x.register_hook(lambda gradient: gradient).remove()
            h.sum().backward()
            del h, handle
        assert gc.collect() == 0
    finally:
        gc.enable()
