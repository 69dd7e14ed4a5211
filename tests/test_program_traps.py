"""Functions that do something else at other values or sizes: their programs are right there, or refuse."""

# ruff: noqa: N803 -- matrices have the names that they have on paper

import numpy as np
import pytest
from program_checks import assert_same, executed, uniform

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.program.errors import ProgramError


def by_the_tape(function, given):
    """The value, and the gradients by the arrays of floats."""
    tensors = [mg.Tensor(array, requires_grad=array.dtype.kind == "f") for array in given]
    out = function(*tensors)
    wanted = [tensor for tensor in tensors if tensor.requires_grad]
    return [out.numpy(), *(gradient.numpy() for gradient in mg.gradients(out, wanted))]


def chunks(x):
    total = 0.0
    for start in range(0, len(x), 128):
        total = total + (x[start : start + 128] ** 2).sum() ** 2
    return total


def ridge(X, y):
    rows, columns = X.shape
    if rows < columns:
        return (X.T @ np.linalg.solve(X @ X.T + np.eye(rows), y)).sum()
    return 2.0 * np.linalg.solve(X.T @ X + np.eye(columns), X.T @ y).sum()


@pytest.mark.parametrize(
    ("function", "example", "others"),
    [
        (lambda x: (x**2).sum() / min(x.shape), [uniform(7, 3)], [uniform(3, 7)]),
        (lambda x: (x**2).sum() / max(x.shape), [uniform(7, 3)], [uniform(3, 7)]),
        (lambda x: (x**2).sum() * (2.0 if x.shape[0] < x.shape[1] else 1.0), [uniform(7, 3)], [uniform(3, 7)]),
        (ridge, [uniform(7, 3), uniform(7)], [uniform(3, 7), uniform(3)]),
        (lambda x: (x[:, 3] ** 2).sum() * (5.0 if len(x) == 1 else 1.0), [uniform(7, 6)], [uniform(1, 6)]),
        (lambda x: (x**2).sum() / min(len(x), 128), [uniform(5)], [uniform(200)]),
        (lambda w, X: ((X[:128] @ w) ** 2).mean(), [uniform(3), uniform(7, 3)], [uniform(3), uniform(300, 3)]),
        (chunks, [uniform(7)], [uniform(200)]),
        (lambda x: (x**2).sum() / min(len(x), 32), [uniform(5, 4, 3)], [uniform(50, 4, 3)]),
        (lambda x: (x**2).sum() * (5.0 if len(x) > 20.0 else 1.0), [uniform(5)], [uniform(30)]),
        (lambda x: (x**2).sum() * (5.0 if len(x) in (8, 20) else 1.0), [uniform(5)], [uniform(20)]),
        (lambda x: (x[x > 0] ** 2).sum() / len(x[x > 0]), [np.arange(1.0, 6.0)], [np.array([1.0, -2, 3, -4, 5])]),
        (
            lambda w, X, m: ((X @ w)[m] ** 2).sum() / len(X[m]),
            [uniform(3), uniform(5, 3), np.ones(5, bool)],
            [uniform(3), uniform(5, 3), np.array([True, False, False, True, False])],
        ),
        (
            lambda x, y: (x**2).sum() / len(np.bincount(y)),
            [uniform(3), np.array([2, 2, 2])],
            [uniform(3), np.array([4, 4, 4])],
        ),
    ],
)
def test_right_or_refused(function, example, others):
    program = mg.program(function, *example, wrt=[n for n, array in enumerate(example) if array.dtype.kind == "f"])
    source = executed(program)
    assert_same(program(*example), by_the_tape(function, example))
    expected = by_the_tape(function, others)
    try:
        got = program(*others)
    except ProgramError:
        with pytest.raises((AssertionError, ValueError)):
            source(*others)
        return
    assert_same(got, expected)
    assert_same(source(*others), expected)


def test_a_learning_rate_that_has_changed():
    w = mg.Tensor(uniform(3), requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)

    def step(x):
        loss = ((x @ w) ** 2).mean()
        w.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    program = mg.program(step, uniform(5, 3))
    optimizer.lr = 0.01
    with pytest.raises(ProgramError, match=r"lr of SGD was 0\.1 when the program was recorded, and is 0\.01 now"):
        program(uniform(5, 3))


def test_a_layer_that_has_left_training():
    drop = nn.Dropout(0.5)
    program = mg.program(lambda x: (drop(x) ** 2).sum(), uniform(5))
    drop.eval()
    with pytest.raises(ProgramError, match="training of Dropout was True"):
        program(uniform(5))


def test_model_and_optimiser_as_arguments():
    model = nn.Dense(3, 2, dtype=np.float64, rng=0)
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step(model, optimizer, x, y):
        loss = losses.mse(model(x), y)
        for parameter in model.parameters():
            parameter.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    x, y = uniform(5, 3), uniform(5, 2)
    results = mg.program(step, model, optimizer, x, y)(model, optimizer, x, y)
    loss = step(model, optimizer, x, y)
    assert_same(results[:3], [loss.detach().numpy(), model.weight.data, model.bias.data])


@pytest.mark.parametrize("steps", [3, 4, 6, 7, 8, 11])
def test_printed_loops_whose_states_are_stacked(steps):
    def trajectory(x, v):
        states = [x]
        for _ in range(steps):
            v = v - 0.1 * np.sin(states[-1])
            states.append(states[-1] + 0.1 * v)
        return (np.stack(states) ** 2).sum()

    program = mg.program(trajectory, 1.0, 0.5)
    assert_same(executed(program)(0.3, -0.2), program(0.3, -0.2))


def test_printed_loops_of_runge_and_kutta():
    def runge_kutta(y, mu):
        def slope(y):
            return np.stack([y[1], mu * (1.0 - y[0] ** 2) * y[1] - y[0]])

        for _ in range(3):
            k1 = slope(y)
            k2 = slope(y + 0.05 * k1)
            k3 = slope(y + 0.05 * k2)
            y = y + 0.1 * (k1 + 4.0 * k2 + k3) / 6.0
        return (y**2).sum()

    program = mg.program(runge_kutta, np.array([1.0, 0.0]), 1.2)
    y = np.array([0.5, 0.7])
    assert_same(executed(program)(y, 0.9), program(y, 0.9))


def test_what_is_given_in_the_wrong_way():
    def function(x):
        return (x**2).sum()

    x = uniform(3)
    for call, message in [
        (lambda: mg.program(function(x)), r"mg\.program\(f, x, y\), not mg\.program\(f\(x, y\)\)"),
        (lambda: mg.program(function, x, wrt=[x]), r"not a ndarray: write wrt=\['x'\]"),
        (lambda: mg.numpy_source(function, x, name="my function"), "no name of a function in Python"),
    ]:
        with pytest.raises(ProgramError, match=message):
            call()
