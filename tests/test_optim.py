"""Does every optimiser follow its equation, in place, and go on bit for bit when it is resumed?"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim
from minigrad.optim import arithmetic

SHAPES = [(3, 4), (5,), (), (2, 0)]


def sgd(w, g, t, memory, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    g = g + weight_decay * w
    memory["b"] = g if t == 1 else momentum * memory["b"] + g
    return w - lr * (g + momentum * memory["b"] if nesterov else memory["b"])


def adam(w, g, t, memory, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    w = (1 - lr * weight_decay) * w
    memory["m"] = betas[0] * memory.get("m", 0) + (1 - betas[0]) * g
    memory["v"] = betas[1] * memory.get("v", 0) + (1 - betas[1]) * g**2
    corrected_m, corrected_v = memory["m"] / (1 - betas[0] ** t), memory["v"] / (1 - betas[1] ** t)
    return w - lr * corrected_m / (np.sqrt(corrected_v) + eps)


def adamw(w, g, t, memory, weight_decay=0.01, **settings):
    return adam(w, g, t, memory, weight_decay=weight_decay, **settings)


def rmsprop(w, g, t, memory, lr=1e-2, decay=0.9, eps=1e-8, momentum=0.0):
    memory["v"] = decay * memory.get("v", 0) + (1 - decay) * g**2
    memory["u"] = momentum * memory.get("u", 0) + g / (np.sqrt(memory["v"]) + eps)
    return w - lr * memory["u"]


RULES = [
    (optim.SGD, sgd, {"lr": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "weight_decay": 0.3}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.8, "nesterov": True}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.3}),
    (optim.Adam, adam, {}),
    (optim.Adam, adam, {"lr": 0.1, "betas": (0.5, 0.7), "eps": 0.2}),
    (optim.AdamW, adamw, {}),
    (optim.AdamW, adamw, {"lr": 0.1, "betas": (0.0, 0.7), "eps": 0.2, "weight_decay": 0.5}),
    (optim.RMSprop, rmsprop, {}),
    (optim.RMSprop, rmsprop, {"lr": 0.1, "decay": 0.6, "eps": 0.2, "momentum": 0.9}),
]
every_rule = pytest.mark.parametrize(("kind", "equation", "settings"), RULES)


def tensors(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [
        mg.Tensor(rng.normal(size=shape), requires_grad=True, dtype=dtype, name=f"w{position}")
        for position, shape in enumerate(SHAPES)
    ]


def give_gradients(parameters, step):
    """Gradients that depend on the values and the step alone, as those of a resumed run would."""
    for position, parameter in enumerate(parameters):
        noise = np.random.default_rng([step, position]).normal(size=parameter.shape)
        parameter.grad = mg.Tensor(parameter.data + noise, dtype=parameter.dtype)


def run(optimizer, parameters, steps):
    for step in steps:
        give_gradients(parameters, step)
        optimizer.step()


@every_rule
def test_follows_its_equation(kind, equation, settings):
    parameters = tensors()
    optimizer = kind(parameters, **settings)
    expected = [parameter.data.copy() for parameter in parameters]
    memories = [{} for _ in parameters]
    for t in range(1, 8):
        give_gradients(parameters, t)
        gradients = [parameter.grad.data.copy() for parameter in parameters]
        optimizer.step()
        for position, parameter in enumerate(parameters):
            expected[position] = equation(expected[position], gradients[position], t, memories[position], **settings)
            np.testing.assert_allclose(parameter.data, expected[position], rtol=1e-12, atol=1e-14)
            np.testing.assert_array_equal(parameter.grad.data, gradients[position])


@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layout_in_memory_does_not_matter(kind, equation, settings, dtype):
    """Parameters and gradients by rows, by columns and as views all take the same steps."""
    start, gradient = np.random.default_rng(0).normal(size=(2, 4, 6)).astype(dtype)
    layouts = [np.ascontiguousarray, np.asfortranarray, lambda array: np.repeat(array, 2, axis=1)[:, ::2]]
    results = []
    for by_values in layouts:
        for by_gradient in layouts:
            parameter = mg.Tensor(np.zeros((4, 6)), requires_grad=True, dtype=dtype)
            parameter._array = by_values(start.copy())
            optimizer = kind([parameter], **settings)
            for _ in range(3):
                parameter.grad = mg.Tensor._wrap(by_gradient(gradient))
                optimizer.step()
            results.append(parameter.data)
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=0, atol=16 * np.finfo(dtype).eps)


@every_rule
def test_read_only_parameters_are_refused(kind, equation, settings):
    parameter = mg.Tensor(np.ones(3), requires_grad=True)
    optimizer = kind([parameter], **settings)
    parameter.grad = np.ones(3)
    parameter.data.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        optimizer.step()
    np.testing.assert_array_equal(parameter.data, np.ones(3))


def test_long_arrays_are_added_in_parts(monkeypatch):
    monkeypatch.setattr(arithmetic, "_MOST", 7)
    for dtype in (np.float32, np.float64):
        array = np.arange(24, dtype=dtype).reshape(4, 6)
        total = np.ones_like(array)
        arithmetic.in_one_go(*arithmetic.adding(total, -0.5, array, np.empty_like(array)))
        np.testing.assert_array_equal(total, 1.0 - 0.5 * array)
        arithmetic.in_one_go(*arithmetic.adding(total, -2.0, total, np.empty_like(array)))
        np.testing.assert_array_equal(total, 0.5 * array - 1.0)


@every_rule
def test_writes_in_place_and_keeps_dtypes(kind, equation, settings):
    for dtype in [np.float16, np.float32, np.float64]:
        parameters = tensors(dtype)
        arrays = [parameter.data for parameter in parameters]
        before = [array.copy() for array in arrays]
        optimizer = kind(parameters, **settings, max_norm=1.0)
        optimizer.lr = np.float64(0.1)
        run(optimizer, parameters, range(3))
        for parameter, array, old in zip(parameters, arrays, before, strict=True):
            assert parameter.data is array
            assert array.dtype == parameter.grad.dtype == dtype
            assert array.size == 0 or not np.array_equal(array, old)
        precision = np.float64 if dtype == np.float64 else np.float32
        assert {array.dtype for key, array in optimizer.state_dict().items() if "mom" in key} <= {np.dtype(precision)}


@every_rule
def test_resumed_run_continues_bit_for_bit(kind, equation, settings, tmp_path):
    settings = settings | {"lr": optim.cosine(0.1, steps=8, warmup=3)}
    through = tensors(np.float32)
    run(kind(through, **settings), through, range(8))

    first = tensors(np.float32)
    optimizer = kind(first, **settings)
    run(optimizer, first, range(4))
    np.savez(tmp_path / "state.npz", **optimizer.state_dict())
    second = [mg.Tensor(parameter.data, requires_grad=True) for parameter in first]
    resumed = kind(second, **settings)
    with np.load(tmp_path / "state.npz") as state:
        resumed.load_state_dict(state)
    assert resumed.steps == 4
    run(resumed, second, range(4, 8))
    for one, other in zip(through, second, strict=True):
        assert one.data.tobytes() == other.data.tobytes()


@every_rule
def test_parameter_without_gradient_is_skipped(kind, equation, settings):
    late, other = tensors()[:2]
    optimizer = kind([late, other], **settings)
    before = late.data.copy()
    for _ in range(3):
        other.grad = np.ones(5)
        optimizer.step()
    np.testing.assert_array_equal(late.data, before)
    assert not any(array.any() for key, array in optimizer.state_dict().items() if key.endswith(".0"))
    # Its first update is a first update, whatever the others went through.
    late.grad = np.full((3, 4), 2.0)
    optimizer.step()
    np.testing.assert_allclose(late.data, equation(before, np.full((3, 4), 2.0), 1, {}, **settings), rtol=1e-12)


@every_rule
def test_graph_from_before_a_step_is_refused(kind, equation, settings):
    parameter = mg.Tensor([1.0, 2.0], requires_grad=True, name="weights")
    optimizer = kind([parameter], **settings)
    (parameter * parameter).sum().backward()
    stale = (parameter * parameter).sum()
    optimizer.step()
    np.testing.assert_array_equal(parameter.grad.data, [2.0, 4.0])
    with pytest.raises(RuntimeError, match="weights"):
        stale.backward()
    optimizer.zero_grad()
    (parameter * parameter).sum().backward()
    np.testing.assert_array_equal(parameter.grad.data, 2 * parameter.data)


def test_half_precision_does_not_underflow():
    for kind in [optim.Adam, optim.RMSprop]:
        parameter = mg.Tensor([1.0, 1.0], requires_grad=True, dtype=np.float16)
        parameter.grad = np.array([0.0, 1e-5])
        kind([parameter], lr=0.25).step()
        assert parameter.data[0] == 1.0
        assert 0.0 < parameter.data[1] < 0.76


@every_rule
def test_training_lowers_a_loss(kind, equation, settings):
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=(50, 3)), mg.Tensor(np.zeros(3), requires_grad=True)
    optimizer = kind([w], **(settings | {"lr": optim.cosine(0.05, steps=60, warmup=5)}), max_norm=5.0)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = np.square(x @ w - x @ np.array([1.0, -2.0, 0.5])).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
