"""A user's program, of which type checkers know every type; it also runs."""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from minigrad import losses, nn, optim

Array = NDArray[Any]
Truth = NDArray[np.bool]

array = np.ones((2, 2))
single = array.astype(np.float32)
x = mg.Tensor([[0.5, -1.0], [2.0, 0.0]], requires_grad=True)
w = mg.Tensor(np.ones((2, 2)), requires_grad=True)

# Tensors for Tensors, arrays for arrays.
assert_type(mg.tanh(x), mg.Tensor)
assert_type(mg.tanh(array), Array)
assert_type(mg.tanh([1, 2]), Array)
assert_type(mg.where(array > 0, x, 0.0), mg.Tensor)
assert_type(mg.where(array > 0, array, 0.0), Array)
assert_type(mg.clip(array, 0.0, x), mg.Tensor)
assert_type(mg.sum(x, axis=0), mg.Tensor)
assert_type(mg.average(array, weights=w), mg.Tensor)
assert_type(mg.concatenate([x, w], axis=1), mg.Tensor)
assert_type(mg.stack([array, array]), Array)
assert_type(mg.stack([x, array]), mg.Tensor)
assert_type(mg.split(x, 2), list[mg.Tensor])
assert_type(mg.einsum("ij,jk->ik", array, w), mg.Tensor)
assert_type(mg.slogdet(x + array).logabsdet, mg.Tensor)
assert_type(mg.svd(array, compute_uv=False), Array)

# Methods and operators, with arrays on either side.
assert_type(x.tanh(), mg.Tensor)
assert_type(x.sum(axis=0), mg.Tensor)
assert_type(x.reshape(2, -1).T, mg.Tensor)
assert_type(x.argmax(), np.intp)
assert_type(x + 1, mg.Tensor)
assert_type(1 + x, mg.Tensor)
assert_type(x @ w, mg.Tensor)
assert_type(np.float64(2.0) * x, mg.Tensor)
residuals: mg.Tensor = array @ w - 2.0 * single * x
assert_type(x > 0, Truth)
assert_type(array < x, Truth)
assert_type(x[0], mg.Tensor)
assert_type(x[:, [0, 1]], mg.Tensor)
assert_type(x[array > 0], mg.Tensor)
assert_type([row * 2.0 for row in x], list[mg.Tensor])
assert_type(x.data, Array)
x.tanh().sum().backward()
w.grad = array
w.data -= 0.1 * w.grad.data
y = x * 1.0
y += array
assert_type(y, mg.Tensor)

# NumPy's own stubs take a Tensor, and say Any of what comes out, or call it an array.
print(np.maximum(x, 0.0), np.exp(x), np.stack([x, x]), np.where(array > 0, x, 0.0), np.dot(x, w), np.max(x), np.std(x))
np.sum(x).backward()
np.sum((array @ w - array) ** 2).backward()
print(1.0 - np.sum(x), x / np.sum(x), np.mean(x) * x, np.median(x) > 0, np.linalg.norm(x), np.allclose(x, array))


class Twice(nn.Layer):
    """A layer of the user's own."""

    def __init__(self) -> None:
        self.dense = nn.Dense(2, 2, rng=0)

    def forward(self, x: mg.Tensor, factor: float = 2.0) -> mg.Tensor:
        return self.dense(x) * factor


model = nn.Sequential(nn.Dense(2, 16, rng=0), nn.Tanh(), nn.Dense(16, 2, rng=1))
assert_type(model(x), mg.Tensor)
assert_type(model(array), mg.Tensor)
assert_type(nn.ReLU()(x), mg.Tensor)
assert_type(nn.ReLU()(array), Array)
assert_type(Twice()(x, factor=3.0), mg.Tensor)
assert_type(losses.mse(model(x), array), mg.Tensor)
assert_type(losses.mse(array, model(x)), mg.Tensor)
assert_type(losses.cross_entropy(model(array), [0, 1]), mg.Tensor)
assert_type(losses.mse(array, array), np.floating[Any])
assert_type(losses.mse(array, array, reduction="none", weights=[0.5, 1]), Array)
assert_type(losses.mse(model(x), array, reduction="none", weights=array > 0), mg.Tensor)
assert_type(losses.huber(array, array, delta=2.0, reduction="sum"), np.floating[Any])
assert_type(losses.cross_entropy(array, [0, 1], class_weights=[1.0, 2.0], label_smoothing=0.1), np.floating[Any])
assert_type(losses.nll(mg.log_softmax(array), [0, 1], ignore_index=-1, reduction="none"), Array)
assert_type(losses.kl(mg.log_softmax(array), mg.softmax(x)), mg.Tensor)
assert_type(losses.gaussian_nll(array, array, log_variance=x), mg.Tensor)
assert_type(losses.gaussian_nll(array, array, log_variance=array), np.floating[Any])
assert_type(losses.class_weights([0, 1]), Array)

optimizer = optim.Adam(model.parameters(), lr=0.01)
optimizer.zero_grad()
losses.mse(model(array), array).backward()
optimizer.step()
batches = mg.batches(array, np.array([0, 1]), batch_size=2, rng=0, dtype=np.float32)
history = mg.train(model, losses.cross_entropy, optimizer, batches, epochs=2, progress=False)
steps: int = len(
    mg.batches({"x": array}, batch_size=2, weights=[0.5, 0.5], dtype=np.float32, transform=lambda x, rng: x)
)
streamed = mg.batches(lambda: iter([(array[0], 1)]), batch_size=2, shuffle=False, dtype=np.float32)


class Stop(mg.Callback):
    def on_step_end(self, run: mg.Run) -> None:
        if run.values["loss"] < 0.0:
            run.stop()


mg.train(
    model,
    losses.cross_entropy,
    optimizer,
    streamed,
    epochs=1,
    metrics=[mg.accuracy, mg.metrics.F1()],
    callbacks=[Stop(), lambda history: len(history) > 3, mg.EarlyStopping(2, monitor="loss")],
    progress=False,
)
mg.train(model, losses.cross_entropy, optimizer, lambda: iter(list(batches)), epochs=1, progress=False)
found = mg.find_learning_rate(model, losses.cross_entropy, optimizer, batches)
assert_type(found.suggestion, float)
assert_type(min(history["loss"]), float)
assert_type(history[-1]["loss"], float)
model.load_state_dict(model.state_dict())


def energy(position: Array) -> Any:
    return np.sum(position**2)


def derivatives(position: NDArray[np.float32]) -> None:
    assert_type(mg.grad(energy)(position), NDArray[np.float32])
    assert_type(mg.value_and_grad(energy)(position), tuple[Any, NDArray[np.float32]])
    assert_type(mg.hessian(energy)(position), NDArray[np.float32])
    assert_type(mg.hvp(energy, position, position), NDArray[np.float32])


derivatives(single)
assert_type(mg.grad(np.tanh)(0.0), float)
assert_type(mg.grad(mg.grad(np.sin))(1.0), float)
assert_type(mg.grad(energy)(x), mg.Tensor)
assert_type(mg.value_and_grad(np.sin)(1.0), tuple[Any, float])
value, pullback = mg.vjp(lambda p, q: p * q, 2.0, 3.0)
assert_type(pullback(1.0), tuple[float, float])
(slope,) = mg.gradients(mg.sum(x**3), [x], create_graph=True)
assert_type(slope.sum(), mg.Tensor | Any)
with mg.no_grad():
    print(model(array))
print(mg.testing.gradcheck(mg.tanh, array).verdict, mg.__version__)
