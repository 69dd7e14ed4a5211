"""Do repeated steps and layers become loops, in programs and in printed source, that give the same numbers?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.engine.pytrees import leaves, mapped
from minigrad.program.repeats import loops, with_loops
from minigrad.program.repeats.tidy import tidied


def drawn(shapes: Any, seed: int) -> Any:
    """Arrays of these shapes, in lists and dicts as the shapes are."""
    rng = np.random.default_rng(seed)
    if isinstance(shapes, dict):
        return {key: drawn(shape, seed + 7 * place) for place, (key, shape) in enumerate(shapes.items())}
    if isinstance(shapes, list):
        return [drawn(shape, seed + 31 * place) for place, shape in enumerate(shapes)]
    return rng.uniform(0.2, 0.9, shapes)


def by_the_tape(function: Callable[..., Any], arguments: Sequence[Any], with_gradients: bool) -> list[Any]:
    """The leaves of the value, and those of all gradients."""
    if not with_gradients:
        return [np.asarray(leaf) for _, leaf in leaves(function(*arguments))]
    tensors = [mapped(argument, lambda leaf: mg.Tensor(leaf, requires_grad=True)) for argument in arguments]
    value = function(*tensors)
    inputs = [leaf for tensor in tensors for _, leaf in leaves(tensor)]
    found = mg.gradients(value, inputs)
    zeros = [np.zeros(leaf.shape) for leaf in inputs]
    return [value.numpy(), *[zero if each is None else each.numpy() for each, zero in zip(found, zeros, strict=True)]]


def checked(function: Callable[..., Any], *shapes: Sequence[Any], wrt: Any = None) -> tuple[str, list[Any]]:
    """The source of a function, which was run at all of these shapes, and the loops of its program.

    The first shapes are those that it is recorded with.
    """
    program = mg.program(function, *drawn(list(shapes[0]), 1), wrt=wrt)
    looped = tidied(program)
    source = program.source()
    names: dict[str, Any] = {}
    exec(source, names)
    printed = next(names[line.split()[1].partition("(")[0]] for line in source.split("\n")[::-1] if line[:4] == "def ")
    for seed, sides in enumerate([shapes[0], *shapes]):
        arguments = drawn(list(sides), 100 + seed)
        expected = by_the_tape(function, arguments, wrt is None)
        before = [np.array(leaf) for _, leaf in leaves(arguments)]
        for run in (lambda *given: looped(*given), printed):
            got = [leaf for _, leaf in leaves(run(*arguments))]
            assert len(got) == len(expected)
            for value, other in zip(got, expected, strict=True):
                np.testing.assert_allclose(value, other, rtol=1e-9, atol=1e-12)
                assert np.shape(value) == np.shape(other)
        for leaf, (_, now) in zip(before, leaves(arguments), strict=True):
            np.testing.assert_array_equal(leaf, now)
    return source, list(loops(looped.code))


def lines(source: str) -> int:
    """How many lines say something."""
    return len([line for line in source.split("\n") if line.strip()])


def counts(found: Sequence[Any]) -> list[int]:
    return [loop.count for loop in found]


def lstm(steps: int) -> Callable[..., Any]:
    def lstm_of_steps(W: Any, U: Any, b: Any, x: Any, h: Any, c: Any) -> Any:
        n = h.shape[1]
        for t in range(steps):
            z = x[:, t] @ W + h @ U + b
            i, f = mg.sigmoid(z[:, :n]), mg.sigmoid(z[:, n : 2 * n])
            g, o = np.tanh(z[:, 2 * n : 3 * n]), mg.sigmoid(z[:, 3 * n :])
            c = f * c + i * g
            h = o * np.tanh(c)
        return np.sum(h**2)

    return lstm_of_steps


def lstm_shapes(batch: int, inputs: int, units: int, steps: int) -> list[Any]:
    return [
        (inputs, 4 * units),
        (units, 4 * units),
        (4 * units,),
        (batch, steps, inputs),
        (batch, units),
        (batch, units),
    ]


def test_an_lstm_of_ten_steps() -> None:
    source, found = checked(lstm(10), lstm_shapes(3, 5, 2, 10), lstm_shapes(2, 3, 7, 10))
    assert counts(found) == [10, 10]
    assert lines(source) <= 60
    assert "reversed(range(10))" in source
    assert "dW += " in source


def test_an_lstm_of_few_steps() -> None:
    steps = 4
    _, found = checked(lstm(steps), lstm_shapes(3, 5, 2, steps), lstm_shapes(2, 3, 5, steps))
    assert counts(found) == [steps, steps]


def test_an_lstm_of_two_steps_stays_unrolled() -> None:
    source, found = checked(lstm(2), lstm_shapes(3, 5, 4, 2), lstm_shapes(7, 3, 5, 2))
    assert not found
    assert "for " not in source


def test_an_lstm_that_starts_at_zero() -> None:
    def lstm_from_zero(W: Any, U: Any, b: Any, x: Any) -> Any:
        n = U.shape[0]
        h, c = np.zeros((x.shape[0], n)), np.zeros((x.shape[0], n))
        return lstm(x.shape[1])(W, U, b, x, h, c)

    source, found = checked(lstm_from_zero, lstm_shapes(3, 5, 2, 10)[:4], lstm_shapes(1, 3, 4, 10)[:4])
    assert counts(found) == [10, 10]
    assert lines(source) <= 60


def test_a_gru() -> None:
    def gru(W: Any, U: Any, V: Any, x: Any, h: Any) -> Any:
        n = h.shape[1]
        for t in range(7):
            a = x[:, t] @ W
            gates = mg.sigmoid(a[:, : 2 * n] + h @ U)
            z, r = gates[:, :n], gates[:, n:]
            h = z * h + (1.0 - z) * np.tanh(a[:, 2 * n :] + (r * h) @ V)
        return np.sum(h * h)

    def shapes(batch: int, inputs: int, n: int) -> list[Any]:
        return [(inputs, 3 * n), (n, 2 * n), (n, n), (batch, 7, inputs), (batch, n)]

    source, found = checked(gru, shapes(2, 5, 3), shapes(4, 5, 3))
    assert counts(found) == [7, 7]
    assert lines(source) <= 50


def test_an_elman_net_with_outputs_at_every_step() -> None:
    def elman(W: Any, U: Any, V: Any, xs: Any, ys: Any) -> Any:
        h, loss = np.zeros(U.shape[0]), 0.0
        for t in range(xs.shape[0]):
            h = np.tanh(xs[t] @ W + h @ U)
            loss = loss + np.sum((h @ V - ys[t]) ** 2)
        return loss / xs.shape[0]

    source, found = checked(elman, [(3, 5), (5, 5), (5, 2), (6, 3), (6, 2)], [(2, 4), (4, 4), (4, 3), (6, 2), (6, 3)])
    assert counts(found) == [6, 6]
    assert lines(source) <= 45


def test_outputs_of_every_step_are_stacked() -> None:
    def states(W: Any, U: Any, xs: Any) -> Any:
        h, all_states = np.zeros(U.shape[0]), []
        for t in range(5):
            h = np.tanh(xs[t] @ W + h @ U)
            all_states.append(h)
        return np.sum(np.stack(all_states) ** 3)

    _, found = checked(states, [(3, 4), (4, 4), (5, 3)], [(2, 3), (3, 3), (5, 2)])
    assert counts(found)[0] == 5
    assert len(found) == 2


def block(x: Any, p: Any) -> Any:
    def normalised(x: Any, g: Any, b: Any) -> Any:
        c = x - np.mean(x, axis=-1, keepdims=True)
        return g * c / np.sqrt(np.mean(c**2, axis=-1, keepdims=True) + 1e-5) + b

    n = normalised(x, p["g1"], p["b1"])
    q, k, v = n @ p["Wq"], n @ p["Wk"], n @ p["Wv"]
    e = np.exp(q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]))
    x = x + e / np.sum(e, axis=-1, keepdims=True) @ v @ p["Wo"]
    n = normalised(x, p["g2"], p["b2"])
    return x + np.tanh(n @ p["W1"] + p["c1"]) @ p["W2"] + p["c2"]


def transformer(layers: Any, x: Any) -> Any:
    for p in layers:
        x = block(x, p)
    return np.sum(x**2)


def block_shapes(D: int, H: int) -> dict[str, Any]:
    shapes: dict[str, Any] = dict.fromkeys(("g1", "b1", "g2", "b2", "c2"), (D,))
    return shapes | dict.fromkeys(("Wq", "Wk", "Wv", "Wo"), (D, D)) | {"W1": (D, H), "c1": (H,), "W2": (H, D)}


def test_six_transformer_blocks_are_at_most_twice_as_long_as_one() -> None:
    def shapes(blocks: int, batch: int, length: int, D: int, H: int) -> list[Any]:
        return [[block_shapes(D, H)] * blocks, (batch, length, D)]

    one, found = checked(transformer, shapes(1, 2, 5, 6, 7), shapes(1, 3, 2, 4, 5))
    assert not found
    six, found = checked(transformer, shapes(6, 2, 5, 6, 7), shapes(6, 3, 2, 4, 5))
    assert counts(found) == [6, 6]
    assert lines(six) <= 2 * lines(one)


def mlp(Ws: Any, bs: Any, x: Any) -> Any:
    for W, b in zip(Ws, bs, strict=True):
        x = np.tanh(x @ W + b)
    return np.sum(x**2)


def test_eight_equal_layers() -> None:
    source, found = checked(mlp, [[(5, 5)] * 8, [(5,)] * 8, (3, 5)], [[(2, 2)] * 8, [(2,)] * 8, (7, 2)])
    assert counts(found) == [8, 8]
    assert lines(source) <= 30


def test_layers_of_other_widths() -> None:
    first = [[(5, 7), (7, 3), (3, 4), (4, 2)], [(7,), (3,), (4,), (2,)], (3, 5)]
    second = [[(2, 3), (3, 5), (5, 2), (2, 6)], [(3,), (5,), (2,), (6,)], (4, 2)]
    _, found = checked(mlp, first, second)
    assert counts(found) == [4, 4]


def logistic(w: Any, X: Any, y: Any) -> Any:
    p = mg.sigmoid(X @ w)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


def test_a_hessian() -> None:
    def hessian(w: Any, X: Any, y: Any) -> Any:
        return mg.hessian(logistic)(w, X, y)

    source, found = checked(hessian, [(5,), (7, 5), (7,)], [(5,), (3, 5), (3,)], wrt=[])
    assert counts(found) == [5]
    assert "np.zeros(5)" in source
    assert lines(source) <= 35


def test_gradient_descent() -> None:
    def descended(w: Any, X: Any, y: Any) -> Any:
        for _ in range(10):
            w = w - 0.1 * mg.grad(logistic)(w, X, y)
        return w

    source, found = checked(descended, [(3,), (7, 3), (7,)], [(2,), (5, 2), (5,)], wrt=[])
    assert counts(found) == [10]
    assert lines(source) <= 25


def test_a_learning_rate_that_falls() -> None:
    def descended(w: Any, X: Any, y: Any) -> Any:
        for step in range(6):
            w = w - 0.5 / (step + 1) * (X.T @ (X @ w - y))
        return w

    _, found = checked(descended, [(3,), (7, 3), (7,)], [(2,), (5, 2), (5,)], wrt=[])
    assert counts(found) == [6]


def test_newton_iterations() -> None:
    def root(x: Any, a: Any) -> Any:
        for _ in range(8):
            x = x - (x * x - a) / (2.0 * x)
        return np.sum(x)

    _, found = checked(root, [(3,), (3,)], [(5,), (5,)])
    assert counts(found) == [8, 8]


def test_a_kalman_filter_over_time() -> None:
    def filtered(F: Any, Q: Any, r: Any, m: Any, P: Any, ys: Any) -> Any:
        loss = 0.0
        for t in range(6):
            m = F @ m
            P = F @ P @ F.T + Q
            s = P[0, 0] + r
            k = P[:, 0] / s
            e = ys[t] - m[0]
            m = m + k * e
            P = P - k[:, None] * P[0]
            loss = loss + np.log(s) + e * e / s
        return loss

    def shapes(n: int) -> list[Any]:
        return [(n, n), (n, n), (), (n,), (n, n), (6,)]

    _, found = checked(filtered, shapes(2), shapes(3))
    assert max(counts(found)) == 6
    assert len(found) >= 2


def test_loops_inside_loops() -> None:
    def descended(w: Any, xs: Any) -> Any:
        def loss(w: Any) -> Any:
            h = np.zeros(w.shape[0])
            for t in range(5):
                h = np.tanh(xs[t] + w @ h)
            return np.sum(h * h)

        for _ in range(4):
            w = w - 0.1 * mg.grad(loss)(w)
        return w

    source, found = checked(descended, [(3, 3), (5, 3)], [(2, 2), (5, 2)], wrt=[])
    assert counts(found)[0] == 4
    assert counts(found)[1:] == [5, 5]
    assert lines(source) <= 35


def test_steps_that_differ_in_one_constant_keep_it() -> None:
    def nearly(x: Any, W: Any) -> Any:
        for factor in (0.5, 0.5, 0.25, 0.5, 0.5):
            x = np.tanh(x @ W) * factor
        return np.sum(x)

    checked(nearly, [(3, 4), (4, 4)], [(2, 5), (5, 5)])


def test_steps_that_differ_in_one_function_are_not_merged() -> None:
    def nearly(x: Any, W: Any) -> Any:
        for step in range(7):
            x = np.cos(x @ W) if step == 3 else np.sin(x @ W)
        return np.sum(x)

    _, found = checked(nearly, [(3, 4), (4, 4)], [(2, 5), (5, 5)])
    assert max(counts(found), default=0) < 7


def test_steps_that_use_another_value_are_not_merged() -> None:
    def nearly(x: Any, W: Any, V: Any) -> Any:
        for step in range(8):
            x = np.tanh(x @ (V if step in (2, 5) else W))
        return np.sum(x)

    checked(nearly, [(3, 4), (4, 4), (4, 4)], [(2, 5), (5, 5), (5, 5)])


def test_a_sum_that_starts_with_an_input_leaves_that_alone() -> None:
    def summed(start: Any, xs: Any) -> Any:
        for t in range(5):
            start = start + np.tanh(xs[t])
        return np.sum(start**2)

    _, found = checked(summed, [(3,), (5, 3)], [(2,), (5, 2)])
    assert counts(found)[0] == 5


def test_a_recurrence_that_looks_two_steps_back() -> None:
    def fibonacci(a: Any, b: Any, w: Any) -> Any:
        for _ in range(7):
            a, b = b, np.tanh(w * a + b)
        return np.sum(b)

    checked(fibonacci, [(3,), (3,), (3,)], [(5,), (5,), (5,)])


def test_three_names_that_the_user_gave_stay() -> None:
    def projected(n: Any, Wq: Any, Wk: Any, Wv: Any) -> Any:
        q = np.tanh(n @ Wq) * 2.0
        k = np.tanh(n @ Wk) * 2.0
        v = np.tanh(n @ Wv) * 2.0
        return np.sum(q @ k.T @ v)

    source, found = checked(projected, [(3, 4), (4, 5), (4, 5), (4, 5)], [(2, 3), (3, 2), (3, 2), (3, 2)])
    assert not found
    assert "    q = " in source


def test_random_numbers_are_drawn_in_their_order() -> None:
    def walked(rng: Any, x: Any) -> Any:
        for _ in range(5):
            x = np.tanh(x) + rng.normal(size=x.shape)
        return x

    program = mg.program(walked, np.random.default_rng(0), np.ones(3), wrt=[])
    looped = with_loops(program)
    x = np.arange(4.0)
    np.testing.assert_allclose(looped(np.random.default_rng(3), x), walked(np.random.default_rng(3), x))


def test_a_branch_inside_a_loop_is_still_guarded() -> None:
    def stepped(x: Any, W: Any) -> Any:
        for _ in range(5):
            if np.sum(x) < 0.0:
                x = -x
            x = np.tanh(W @ x)
        return np.sum(x)

    program = mg.program(stepped, np.ones(3), np.ones((3, 3)))
    looped = tidied(program)
    with pytest.raises(mg.ProgramError, match="goes on by a value"):
        looped(-np.ones(3), np.ones((3, 3)))
    names: dict[str, Any] = {}
    exec(program.source(), names)
    with pytest.raises(ValueError, match="recorded for the case"):
        names["stepped_and_gradients"](-np.ones(3), np.ones((3, 3)))


def test_printed_loops_please_ruff() -> None:
    source = mg.numpy_source(lstm(10), *drawn(lstm_shapes(3, 5, 2, 10), 1))
    source += mg.numpy_source(mlp, *drawn([[(5, 5)] * 8, [(5,)] * 8, (3, 5)], 1)).split("\n", 1)[1]
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,B,I", "--ignore", "E501", "-"]
    try:
        result = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    except OSError:
        pytest.fail("ruff is not there")
    assert "No module named ruff" in result.stderr or result.returncode == 0, result.stdout + result.stderr


_UNARY = [np.tanh, np.sin, lambda v: v * v, lambda v: 0.5 * v, lambda v: mg.sigmoid(v), lambda v: np.exp(-v)]
_BINARY = [np.add, np.multiply, np.subtract, lambda u, v: u / (1.0 + v * v), np.maximum]


@st.composite
def recurrences(draw: st.DrawFn) -> Callable[..., Any]:
    """A function of states, weights and a sequence, which does the same in each step."""
    carried = draw(st.integers(1, 3))
    steps = draw(st.integers(2, 6))
    size = draw(st.integers(1, 5))
    calls = [
        (
            draw(st.integers(0, len(_UNARY) - 1)),
            draw(st.integers(0, len(_BINARY) - 1)),
            draw(st.integers(0, 20)),
            draw(st.integers(0, 20)),
        )
        for _ in range(size)
    ]
    after = [draw(st.integers(0, 20)) for _ in range(carried)]
    sums = draw(st.booleans())
    uses_zeros = draw(st.booleans())
    odd = draw(st.integers(-1, steps))
    backwards = draw(st.booleans())

    def recurrence(w: Any, xs: Any, h: Any) -> Any:
        states = [h] + [np.zeros(h.shape) if uses_zeros else np.sin(h + k) for k in range(1, carried)]
        total = 0.0
        for t in range(steps):
            place = steps - 1 - t if backwards else t
            values = [*states, xs[place], w, w * xs[place]]
            for unary, binary, first, second in calls:
                values.append(_BINARY[binary](_UNARY[unary](values[first % len(values)]), values[second % len(values)]))
            values = values[::-1]
            states = [values[place % size] if place % 3 else values[place % len(values)] for place in after]
            if sums:
                total = total + np.sum(states[0])
            if t == odd:
                states[0] = np.cos(states[0])
        return total + sum(np.sum(np.tanh(state)) for state in states)

    return recurrence


@settings(max_examples=10, deadline=None)
@given(recurrences())
def test_random_recurrences(recurrence: Callable[..., Any]) -> None:
    shapes = [(3,), (6, 3), (3,)]
    tensors = [mg.Tensor(value, requires_grad=True) for value in drawn(shapes, 1)]
    assume(isinstance(recurrence(*tensors), mg.Tensor))
    checked(recurrence, shapes, [(5,), (6, 5), (5,)])
