"""Which layers go through a sequence step by step, and remember what they have seen?"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.annotations import Numbers
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import as_array, plain, shape_of
from minigrad.nn.initializers import Initializer, Seed, initial, parameter
from minigrad.nn.layer import Layer
from minigrad.ops import sigmoid
from minigrad.ops.nn.arguments import is_integer

Returns = Literal["sequence", "last", "both"]


def uniform_by_state(
    shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Uniform on [-a, a] with a = 1 / sqrt(the size of the state), which is handed over as `fan_out`."""
    bound = 1.0 / math.sqrt(fan_out)
    return rng.uniform(-bound, bound, shape)


class Direction(Layer):
    """The weights of one direction: ``x @ weight + h @ recurrent + bias``, for all gates side by side."""

    def __init__(
        self, name: str, gates: int, sizes: tuple[int, int], biases: int, dtype: DTypeLike, init: Initializer, rng: Any
    ) -> None:
        features, size = sizes

        def made(shape: tuple[int, ...], what: str) -> Tensor:
            return parameter(initial(name, init, shape, shape[0], size, rng), dtype, f"{name}.{what}")

        self.weight = made((features, gates * size), "weight")
        self.recurrent = made((size, gates * size), "recurrent")
        self.bias = made((gates * size,), "bias") if biases else None
        # Of the GRU, whose gate stands between the product and the bias.
        self.recurrent_bias = made((gates * size,), "recurrent_bias") if biases == 2 else None


class _Recurrent(Layer):
    """What RNN, GRU and LSTM have in common; see there.

    Attributes:
        forwards, backwards: the weights of each direction; the second is None where there is one.
    """

    _gates = 1
    _biases = 1
    _states = 1

    def __init__(
        self,
        features: int,
        size: int,
        returns: Returns = "sequence",
        both_directions: bool = False,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
        rng: Seed = None,
        init: Initializer = uniform_by_state,
    ) -> None:
        name = f"{type(self).__name__}({features}, {size})"
        if not all(is_integer(each) and each >= 1 for each in (features, size)):
            raise ValueError(f"{type(self).__name__} needs sizes of at least 1, not {features!r} and {size!r}")
        if returns not in ("sequence", "last", "both"):
            raise ValueError(f"{name}: returns is 'sequence', 'last' or 'both', not {returns!r}")
        rng = np.random.default_rng(rng)
        self.features = features
        self.size = size
        self.returns = returns
        settings = (self._gates, (features, size), self._biases if bias else 0, dtype, init, rng)
        self.forwards = Direction(name, *settings)
        self.backwards = Direction(f"{name}.backwards", *settings) if both_directions else None

    def forward(self, x: Tensor | Numbers, state: Any = None, mask: Tensor | Numbers | None = None) -> Any:
        """The outputs of all steps, of the last one, or all of them with the state after the last.

        Args:
            x: sequences, of shape (N, T, features).
            state: to begin with, as it is returned; zeros by default.
            mask: booleans of shape (N, T), False where a sequence is filled up. There the state stays as it is, and the
                output is 0.
        """
        values: Any = as_array(x)
        shape = shape_of(values)
        if len(shape) != 3 or shape[-1] != self.features or shape[1] < 1:
            raise ValueError(f"{self!r} expects inputs of shape (N, T, {self.features}) with T at least 1; got {shape}")
        steps = self._steps(mask, shape)
        directions = [self.forwards] if self.backwards is None else [self.forwards, self.backwards]
        begins = self._begins(state, len(directions), shape[0])
        found = [
            self._run(weights, values, begin, steps, bool(place))
            for place, (weights, begin) in enumerate(zip(directions, begins, strict=True))
        ]
        if self.returns == "last":
            ends = [end[0] for _, end in found]
            return ends[0] if len(ends) == 1 else np.concatenate(ends, axis=-1)
        outputs = [np.stack(each, axis=1) for each, _ in found]
        sequence = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=-1)
        return sequence if self.returns == "sequence" else (sequence, self._as_state([end for _, end in found]))

    def _steps(self, mask: Any, shape: tuple[int, ...]) -> Any:
        if mask is None:
            return None
        given: Any = as_array(plain(mask))
        if given.dtype != np.bool_ or shape_of(given) != shape[:2]:
            raise ValueError(
                f"{self!r}: a mask is made of booleans of shape {shape[:2]}, True where there is a step; got "
                f"{given.dtype} of shape {shape_of(given)}"
            )
        return given

    def _begins(self, state: Any, directions: int, count: int) -> list[tuple[Any, ...]]:
        """For each direction, the parts of the state to begin with."""
        if state is None:
            zeros = np.zeros((count, self.size), self.forwards.weight.dtype)
            return [(zeros,) * self._states] * directions
        parts = state if directions == 2 else (state,)
        found = [part if self._states > 1 else (part,) for part in parts]
        shapes = [tuple(shape_of(each) for each in part) for part in found]
        if len(found) != directions or any(each != ((count, self.size),) * self._states for each in shapes):
            raise ValueError(f"{self!r}: a state is what is returned with returns='both'; got shapes {shapes}")
        return found

    def _as_state(self, ends: list[tuple[Any, ...]]) -> Any:
        parts = [end if self._states > 1 else end[0] for end in ends]
        return parts[0] if len(parts) == 1 else tuple(parts)

    def _run(
        self, weights: Direction, x: Any, state: tuple[Any, ...], mask: Any, is_reversed: bool
    ) -> tuple[list[Any], tuple[Any, ...]]:
        """The outputs of one direction, in the order of time, and its state at the end."""
        # One product for all steps.
        inputs = x @ weights.weight if weights.bias is None else x @ weights.weight + weights.bias
        outputs: list[Any] = []
        length = shape_of(x)[1]
        for step in reversed(range(length)) if is_reversed else range(length):
            new = self._step(inputs[:, step], state, weights)
            if mask is None:
                state = new
                outputs.append(state[0])
            else:
                is_there = mask[:, step, np.newaxis]
                state = tuple(np.where(is_there, after, before) for after, before in zip(new, state, strict=True))
                outputs.append(np.where(is_there, new[0], 0.0))
        return (outputs[::-1] if is_reversed else outputs), state

    def _step(self, inputs: Any, state: tuple[Any, ...], weights: Direction) -> tuple[Any, ...]:
        """The state after a step, from ``x @ weight + bias`` and the state before."""
        raise NotImplementedError

    def _gate(self, values: Any, number: int) -> Any:
        return values[:, number * self.size : (number + 1) * self.size]

    def __repr__(self) -> str:
        parts = [str(self.features), str(self.size)]
        parts += [f"returns={self.returns!r}"] if self.returns != "sequence" else []
        parts += ["both_directions=True"] if self.backwards is not None else []
        parts += ["bias=False"] if self.forwards.bias is None else []
        return f"{type(self).__name__}({', '.join(parts)})"


class RNN(_Recurrent):
    """h' = tanh(x W + h U + b): (N, T, features) gives (N, T, size).

    Elman (1990), "Finding structure in time", doi:10.1207/s15516709cog1402_1.

    Args:
        features: of x.
        size: of the state h, which is also the output.
        returns: "sequence" for the outputs of all steps, "last" for that of the last step, (N, size), or "both" for all
            outputs and the state after the last step, with which a later call may go on.
        both_directions: whether a second layer goes through the sequences from their ends; outputs stand side by side,
            so that there are 2 * size of them, and a state is a pair.
        bias: whether to add one.
        dtype: of the parameters, float32 by default.
        rng: a seed or generator for the initial weights.
        init: an initialiser of `minigrad.nn.initializers`, also of the biases; uniform on [-1, 1] / sqrt(size) by
            default.

    Attributes:
        forwards, backwards: for each direction the `weight` W, the `recurrent` weight U and the `bias` b, of shapes
            (features, size), (size, size) and (size,).

    Raises:
        ValueError: for sizes below 1 or another `returns`; when called, for inputs, states or masks of another shape.
    """

    def _step(self, inputs: Any, state: tuple[Any, ...], weights: Direction) -> tuple[Any, ...]:
        (h,) = state
        return (np.tanh(inputs + h @ weights.recurrent),)


class GRU(_Recurrent):
    """A state with gates for what is forgotten: (N, T, features) gives (N, T, size).

    r, z = sigmoid of two gates, n = tanh(x W_n + b_n + r * (h U_n + c_n)), h' = (1 - z) * n + z * h. Cho et al. (2014),
    arXiv:1406.1078, with the gate r after the product, as PyTorch and Keras have it.

    Args:
        features, size, returns, both_directions, bias, dtype, rng, init: as of `RNN`.

    Attributes:
        forwards, backwards: for each direction `weight`, `recurrent`, `bias` and `recurrent_bias` (c), with the gates
            r, z, n side by side: shapes (features, 3 * size), (size, 3 * size) and (3 * size,).

    Raises:
        ValueError: as `RNN`.
    """

    _gates = 3
    _biases = 2

    def _step(self, inputs: Any, state: tuple[Any, ...], weights: Direction) -> tuple[Any, ...]:
        (h,) = state
        again = h @ weights.recurrent
        if weights.recurrent_bias is not None:
            again = again + weights.recurrent_bias
        r, z = (sigmoid(self._gate(inputs, number) + self._gate(again, number)) for number in range(2))
        n = np.tanh(self._gate(inputs, 2) + r * self._gate(again, 2))
        return (n + z * (h - n),)


class LSTM(_Recurrent):
    """A state and a long memory beside it: (N, T, features) gives (N, T, size).

    i, f, o = sigmoid of three gates, g = tanh(x W_g + h U_g + b_g), c' = f * c + i * g, h' = o * tanh(c'). Hochreiter
    and Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735, with the forget gate of Gers, Schmidhuber and Cummins
    (2000).

    Args:
        features, size, returns, both_directions, bias, dtype, rng, init: as of `RNN`; a state is a pair (h, c).

    Attributes:
        forwards, backwards: for each direction `weight`, `recurrent` and `bias`, with the gates i, f, g, o side by
            side: shapes (features, 4 * size), (size, 4 * size) and (4 * size,).

    Raises:
        ValueError: as `RNN`.
    """

    _gates = 4
    _states = 2

    def _step(self, inputs: Any, state: tuple[Any, ...], weights: Direction) -> tuple[Any, ...]:
        h, c = state
        z = inputs + h @ weights.recurrent
        i, f, o = (sigmoid(self._gate(z, number)) for number in (0, 1, 3))
        c = f * c + i * np.tanh(self._gate(z, 2))
        return o * np.tanh(c), c
