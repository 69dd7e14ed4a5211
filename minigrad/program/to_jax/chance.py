"""What does JAX draw where NumPy draws from a generator? Other numbers of the same distribution, by a key."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction, Var
from minigrad.program.to_jax.precision import held_as
from minigrad.program.to_jax.rules import Made, refusal

_METHODS: dict[str, Callable[..., Any]] = {}


class Keys:
    """The keys of generators, of which each draw takes another one."""

    def __init__(self) -> None:
        self._keys: dict[Var, Any] = {}

    def begin(self, generator: Var, key: Any) -> None:
        """Take a key for a generator."""
        if isinstance(key, np.random.Generator) or not hasattr(key, "dtype"):
            raise ProgramError(
                "JAX draws random numbers by keys; give jax.random.key(0) in the place of a generator of NumPy's"
            )
        self._keys[generator] = key

    def next(self, generator: Var) -> Any:
        """A key for one draw."""
        self._keys[generator], key = jax.random.split(self._keys[generator])
        return key


def check_draw(instruction: Instruction) -> None:
    """Refuse a draw that JAX has no counterpart for.

    Raises:
        ProgramError: which one it is.
    """
    _, method, *args = instruction.args
    compute = _METHODS.get(method)
    if compute is None:
        raise refusal(
            instruction, f"rng.{method} has no counterpart here; those that have are {', '.join(sorted(_METHODS))}"
        )
    try:
        inspect.signature(compute).bind(None, None, *args, **instruction.kwargs)
    except TypeError as error:
        raise refusal(instruction, f"rng.{method} is called in a way that has no counterpart in JAX: {error}") from None


def drawn(made: Made, key: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    """Random numbers, by a key."""
    return _METHODS[method](made, key, *args, **kwargs)


def _drawing(compute: Callable[..., Any]) -> Callable[..., Any]:
    _METHODS[compute.__name__.strip("_")] = compute
    return compute


def _shape(size: Any, *parameters: Any) -> tuple[int, ...]:
    """How many numbers are drawn: as many as are asked for, or as many as there are parameters."""
    if size is None:
        return jnp.broadcast_shapes(*[jnp.shape(each) for each in parameters])
    return (int(size),) if np.ndim(size) == 0 else tuple(int(each) for each in size)


def _kind(made: Made) -> Any:
    assert made.dtype is not None
    return held_as(made.dtype)


@_drawing
def _random(made: Made, key: Any, size: Any = None, dtype: Any = None) -> Any:
    return jax.random.uniform(key, _shape(size), _kind(made))


@_drawing
def _uniform(made: Made, key: Any, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
    low, high = made.of(low), made.of(high)
    return low + (high - low) * jax.random.uniform(key, _shape(size, low, high), _kind(made))


@_drawing
def _standard_normal(made: Made, key: Any, size: Any = None, dtype: Any = None) -> Any:
    return jax.random.normal(key, _shape(size), _kind(made))


@_drawing
def _normal(made: Made, key: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
    loc, scale = made.of(loc), made.of(scale)
    return loc + scale * jax.random.normal(key, _shape(size, loc, scale), _kind(made))


@_drawing
def _standard_exponential(made: Made, key: Any, size: Any = None, dtype: Any = None, method: Any = "zig") -> Any:
    return jax.random.exponential(key, _shape(size), _kind(made))


@_drawing
def _exponential(made: Made, key: Any, scale: Any = 1.0, size: Any = None) -> Any:
    scale = made.of(scale)
    return scale * jax.random.exponential(key, _shape(size, scale), _kind(made))


@_drawing
def _integers(
    made: Made, key: Any, low: Any, high: Any = None, size: Any = None, dtype: Any = None, endpoint: bool = False
) -> Any:
    low, high = (0, low) if high is None else (low, high)
    low, high = made.of(low), made.of(high) + int(endpoint)
    return jax.random.randint(key, _shape(size, low, high), low, high, _kind(made))


@_drawing
def _permutation(made: Made, key: Any, x: Any, axis: int = 0) -> Any:
    return jax.random.permutation(key, x if isinstance(x, int) else jnp.asarray(x), axis)


@_drawing
def _choice(
    made: Made, key: Any, a: Any, size: Any = None, replace: bool = True, p: Any = None, axis: int = 0,
    shuffle: bool = True,
) -> Any:  # fmt: skip
    chances = None if p is None else jnp.asarray(p)
    return jax.random.choice(key, a if isinstance(a, int) else jnp.asarray(a), _shape(size), replace, chances, axis)


@_drawing
def _binomial(made: Made, key: Any, n: Any, p: Any, size: Any = None) -> Any:
    n, p = jnp.asarray(n, float), jnp.asarray(p, float)
    return jax.random.binomial(key, n, p, _shape(size, n, p))
