"""What does a compiled function do when it is called: run code that is there, or record a new kind of call?"""

from __future__ import annotations

import functools
import gc
import threading
import warnings
from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any, Literal

import numpy as np

from minigrad.engine.pytrees import mapped
from minigrad.engine.recording import PLAIN, current_recording, is_grad_enabled, latest_recording
from minigrad.engine.tensor import Tensor
from minigrad.program.compiled.arguments import Call, has_narrow_floats, taken_apart
from minigrad.program.compiled.entry import Entry
from minigrad.program.compiled.tracing import traced
from minigrad.program.compiled.turns import RECORDING
from minigrad.program.compiled.writing import MISS
from minigrad.program.errors import ProgramError
from minigrad.program.recorder import Recorder

Engine = Literal["numpy", "jax"]


class Compiled:
    """A function that runs as compiled code; `minigrad.compile` makes it.

    Attributes:
        function: the function itself.
        engine: what runs the code.
        cached: the code for each kind of call that there was, the latest first. Each has ``source``, the code as text;
            ``instructions``, how many calls of NumPy it makes; and ``kept_bytes``, the memory that it keeps.
    """

    def __init__(
        self, function: Callable[..., Any], engine: Engine, copies: bool, fallback: bool, limit: int, devices: Any
    ) -> None:
        self.function, self.engine = function, engine
        # Of the engine "jax", which says where to compute.
        self._devices = devices
        self._copies, self._fallback, self._limit = copies, fallback, limit
        self._entries: list[Any] = []
        # Calls that cannot be compiled, by their key; kept, so that nothing in them takes the identity of another.
        self._refused: dict[Any, Call] = {}
        self._lock, self._updating = threading.RLock(), threading.Lock()
        # Whether a number of Python is an input: not where it may stand beside float32, whose dtype it takes on.
        self._floats_may_change = True
        self._has_told = self._has_dropped = False
        functools.update_wrapper(self, function, updated=())

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"<compiled {name}, engine {self.engine!r}: {len(self._entries)} kinds of calls>"

    @property
    def cached(self) -> list[Any]:
        """The code for each kind of call."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget all code, and give its memory back."""
        with self._lock:
            self._entries = []
            self._refused.clear()

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """The method of an object, where the function was written in a class."""
        return self if owner is None else MethodType(self, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function gives, with arrays in the places of Tensors.

        Raises:
            ProgramError: where the function cannot be compiled, with the line that prevents it.
        """
        recording = latest_recording()
        if recording is not PLAIN and (observer := current_recording().observer) is not None:
            # Somebody looks at every step. Who records them records those of the function among others.
            is_recorded = isinstance(observer, Recorder)
            return self.function(*args, **kwargs) if is_recorded else self._eagerly(args, kwargs)
        if not kwargs:
            for entry in self._entries:
                if len(args) == entry.plain_arguments and not (entry.is_differentiable and is_grad_enabled()):
                    found = self._run(entry, args)
                    if found is not MISS:
                        return found
        return self._taken_apart(args, kwargs)

    @staticmethod
    def _run(entry: Any, values: Any) -> Any:
        try:
            return entry(*values)
        except Exception as error:
            place = entry.place(error)
            if place is not None:
                error.add_note(f"in compiled code for {place}")
            raise

    def _taken_apart(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call: Call | None = None
        try:
            call = taken_apart(args, kwargs, self._floats_may_change)
            if call.key in self._refused:
                return self._eagerly(args, kwargs)
            found = self._again(call)
            if found is not MISS:
                return found
            with self._lock:
                found = self._again(call)
                if found is not MISS:
                    return found
                with RECORDING:
                    entry = self._compiled(call)
            if entry is None:
                return self._taken_apart(args, kwargs)
            self._check(entry)
        except ProgramError as error:
            if not self._fallback:
                raise
            if call is not None:
                self._refused[call.key] = call
            if not self._has_told:
                self._has_told = True
                warnings.warn(f"not compiled, and called as it is: {error}", RuntimeWarning, stacklevel=3)
            return self._eagerly(args, kwargs)
        found = self._run(entry, call.values)
        # Inside a transform, of whose variables it is none, or where something changes all the time.
        return self._eagerly(args, kwargs) if found is MISS else found

    def _again(self, call: Call) -> Any:
        for entry in self._entries:
            if entry.key == call.key:
                self._check(entry)
                found = self._run(entry, call.values)
                if found is not MISS:
                    return found
        return MISS

    def _check(self, entry: Any) -> None:
        """Refuse to detach a result silently."""
        if entry.is_differentiable and is_grad_enabled():
            raise ProgramError(_DIFFERENTIABLE.format(name=getattr(self.function, "__name__", "f")))

    def _compiled(self, call: Call) -> Any:
        was_collecting = gc.isenabled()
        # It would look through the whole recording again and again.
        gc.disable()
        try:
            entry = self._made(call)
        except ProgramError:
            raise
        except Exception as error:
            if self._fallback:
                raise ProgramError(str(error)) from error
            raise
        finally:
            if was_collecting:
                gc.enable()
        if entry is None:
            return None
        if len(self._entries) >= self._limit and not self._has_dropped:
            self._has_dropped = True
            warnings.warn(
                f"{self!r} forgets the oldest kind of call, because limit={self._limit}; what differs in each call, "
                "such as a number beside float32 arrays, is best given as an array",
                RuntimeWarning,
                stacklevel=4,
            )
        self._entries = [entry, *self._entries][: self._limit]
        return entry

    def _made(self, call: Call) -> Any:
        """The code for one kind of call; None where its numbers have to be parts of the code."""
        trace = traced(self.function, call, takes_kernels=self.engine == "numpy")
        if call.has_floats and has_narrow_floats(trace.code):
            self._floats_may_change = False
            return None
        if self.engine == "numpy":
            return Entry(trace, call, self._copies, self._updating)
        from minigrad.program.to_jax.entry import JaxEntry

        return JaxEntry(trace, call, self._devices, self._updating)

    def _eagerly(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return mapped(self.function(*args, **kwargs), self._as_array)

    def _as_array(self, leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        node = leaf._node
        if node is not None and is_grad_enabled() and (node.parents is not None or node.is_variable):
            raise ProgramError(_DIFFERENTIABLE.format(name=getattr(self.function, "__name__", "f")))
        return np.array(leaf._array)[()]


_DIFFERENTIABLE = (
    "what {name} returns depends on Tensors that require a gradient, and a compiled function gives arrays, through "
    "which nothing flows back; write `with mg.no_grad():` around the call where constants are meant, or compile the "
    "whole: mg.compile(mg.value_and_grad({name})), or a function that calls loss.backward() and optimizer.step()"
)


def compile(  # noqa: A001  # `from minigrad import *` leaves Python's own alone
    function: Callable[..., Any] | None = None,
    /,
    *,
    engine: Engine = "numpy",
    copy: bool = True,
    fallback: bool = False,
    limit: int = 16,
    devices: int | None = None,
    shard: Mapping[str, int] | None = None,
) -> Any:
    """Make a function run as compiled code: it is recorded at its first call, and then runs without Tensors.

    What it computes stays the same: a value, the gradients of a transform, or a whole training step. A kind of call is
    compiled once: the structure, shapes and dtypes of the arguments, numbers that are no floats, settings of layers.

    Args:
        function: of arrays, Tensors, numbers, generators, layers, and lists, tuples, dicts and dataclasses of them. It
            may use Tensors, layers and optimisers that it is not given, and change them by ``optimizer.step()``.
        engine: "numpy": the same bits as the function itself, but for a few cases that the page on compiling lists,
            where the last digit may differ. Or "jax" (extra `jax`): by XLA, on its processors or graphics cards, the
            same to rounding; what a step changes stays there until somebody looks at it.
        copy: whether results are the caller's own; otherwise they hold only until the next call.
        fallback: whether a function that cannot be compiled is called as it is, with one warning.
        limit: how many kinds of calls are kept.
        devices: of the engine "jax", how many devices share each batch: all arrays among the arguments are divided
            along their first axis. A batch that is no multiple of it is computed on one.
        shard: by patterns of the names of parameters, such as ``{"layers.0.*": 1}``, the axis along which these are
            divided among the devices, too. All other parameters are on every device.

    Returns:
        A function that gives arrays, in the structure of what `function` returns. After a step, ``.grad`` of the
        parameters is None. Called without a function, a decorator.

    Raises:
        ValueError: for another engine, a limit below 1, or more devices than there are.
        TypeError: for what cannot be called.
        ImportError: for the engine "jax" where JAX is not installed.

    Examples:
        >>> @mg.compile
        ... def slope(x):
        ...     return mg.grad(lambda x: np.sum(np.tanh(x)))(x)
        >>> slope(np.zeros(3))
        array([1., 1., 1.])
    """
    if engine not in ("numpy", "jax"):
        raise ValueError(f"compile: engine is 'numpy' or 'jax', not {engine!r}")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise ValueError(f"compile: limit is an integer of at least 1, not {limit!r}")
    if engine == "numpy" and (devices is not None or shard is not None):
        raise ValueError("compile: devices= and shard= are for engine='jax'; NumPy computes on one processor")
    if shard is not None and devices is None:
        raise ValueError("compile: shard= divides parameters among devices; say among how many, by devices=")
    if function is None:
        settings = {"engine": engine, "copy": copy, "fallback": fallback, "limit": limit}
        return lambda inner: compile(inner, **settings, devices=devices, shard=shard)  # type: ignore[arg-type]  # as they came
    if not callable(function):
        raise TypeError(f"compile takes a function, not a {type(function).__name__}: write mg.compile(f), not f(x)")
    where = None
    if engine == "jax":
        from minigrad.program.to_jax.devices import Devices

        where = Devices(devices, shard, function)
    return Compiled(function, engine, copy, fallback, limit, where)
