"""Print the backward passes of a network and of an LSTM cell as NumPy code, prove them right, and time them."""

# ruff: noqa: N803 -- matrices have the names that they have on paper

from __future__ import annotations

import argparse
import inspect
import timeit
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import losses, testing

Function = Callable[..., Any]


def network(W1: Any, b1: Any, W2: Any, b2: Any, x: Any, y: Any) -> Any:
    """The loss of two dense layers with tanh, as in the reference network."""
    z1 = x @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    p = np.tanh(z2)
    return losses.mse(p, y)


def lstm_cell(W: Any, U: Any, b: Any, x: Any, h: Any, c: Any) -> Any:
    """One step of a long short-term memory, and a number that depends on all of it."""
    n = h.shape[1]
    z = x @ W + h @ U + b
    i, f, o = mg.sigmoid(z[:, :n]), mg.sigmoid(z[:, n : 2 * n]), mg.sigmoid(z[:, 3 * n :])
    g = np.tanh(z[:, 2 * n : 3 * n])
    c_new = f * c + i * g
    h_new = o * np.tanh(c_new)
    return (h_new**2).sum() + c_new.sum()


def eager(function: Function, arrays: Sequence[Any], wrt: Sequence[str]) -> Callable[[], Any]:
    """The same value and gradients by a Tensor's backward pass."""

    names = list(inspect.signature(function).parameters)

    def call() -> Any:
        given = [mg.Tensor(array, requires_grad=name in wrt) for name, array in zip(names, arrays, strict=True)]
        loss = function(*given)
        loss.backward()
        return loss

    return call


def derive(function: Function, arrays: Sequence[Any], wrt: Sequence[str]) -> bool:
    """Print what minigrad derives, check it, and time it; whether the check passed."""
    source = mg.numpy_source(function, *arrays, wrt=wrt)
    print(source)
    names: dict[str, Any] = {}
    exec(source, names)
    written = names[f"{function.__name__}_and_gradients"]
    report = testing.check_backward(written, inputs=tuple(arrays), wrt=list(wrt), raise_exception=False)
    print(report)
    tape = eager(function, arrays, wrt)
    rounds = [(timeit.timeit(lambda: written(*arrays), number=50), timeit.timeit(tape, number=50)) for _ in range(20)]
    by_source, by_tape = (min(each) / 50 * 1e6 for each in zip(*rounds, strict=True))
    print(f"the code above takes {by_source:.0f} us, the tape {by_tape:.0f} us: {by_source / by_tape:.2f} of it\n")
    return bool(report.verdict == "pass")


def main(argv: Sequence[str] | None = None) -> bool:
    """Derive both, and return whether both passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (default 0)")
    rng = np.random.default_rng(parser.parse_args(argv).seed)

    def drawn(*shapes: tuple[int, ...]) -> list[Any]:
        return [rng.standard_normal(shape) for shape in shapes]

    passed = derive(network, drawn((5, 7), (7,), (7, 3), (3,), (11, 5), (11, 3)), ["W1", "b1", "W2", "b2"])
    return derive(lstm_cell, drawn((3, 16), (4, 16), (16,), (5, 3), (5, 4), (5, 4)), ["W", "U", "b"]) and passed


if __name__ == "__main__":
    main()
