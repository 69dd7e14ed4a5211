"""On which devices does the code of JAX run, and which part of each array lies where?"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from minigrad.program.errors import ProgramError
from minigrad.program.held import state_of
from minigrad.program.ir import Var
from minigrad.program.reachable import is_layer, reachable

_AXIS = "batch"


class Devices:
    """Where to compute.

    Args:
        count: how many devices share each batch; None for one device, without a word about it.
        shard: by a pattern of the names of parameters, such as ``"layers.0.*"``, the axis along which these are divided
            among the devices. All others are on every device.
        function: what is compiled; its layers say what parameters are called.

    Raises:
        ValueError: for more devices than there are, or fewer than one; and for axes that are no integers.
    """

    def __init__(self, count: int | None, shard: Mapping[str, int] | None, function: Callable[..., Any]) -> None:
        self.count = count
        self._shard, self._function = dict(shard or {}), function
        self._names: dict[int, str] = {}
        self._mesh: Mesh | None = None
        for axis in self._shard.values():
            if not isinstance(axis, int):
                raise ValueError(f"shard= gives an axis for each pattern of names, such as 0, not {axis!r}")
        if count is not None:
            if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                raise ValueError(f"devices= is an integer of at least 1, not {count!r}")
            if count > jax.device_count():
                raise ValueError(
                    f"devices={count}, and JAX knows {jax.device_count()} ({jax.default_backend()}); processors are "
                    "counted as one, unless XLA_FLAGS=--xla_force_host_platform_device_count=8 is in the environment"
                )
            self._mesh = Mesh(np.array(jax.devices()[:count]), (_AXIS,))

    def jitted(
        self,
        run: Callable[..., Any],
        inputs: Sequence[Var],
        batched: set[Var],
        owners: Mapping[Var, int],
        updated: Sequence[Var],
        others: tuple[int, int],
    ) -> Placed:
        """The function, compiled by JAX for these devices.

        Args:
            run: the code.
            inputs: what it takes.
            batched: those whose first axis is that of the batch.
            owners: of the other inputs, the identity of the Tensor or the memory that holds each.
            updated: the inputs whose new values are among the outputs.
            others: how many outputs come before these, and how many after.
        """
        if self._mesh is None:
            return Placed(jax.jit(run), inputs, {})
        places: dict[Var, NamedSharding] = {}
        self._names = _names_of(self._function)
        for pattern in self._shard:
            if not any(fnmatch.fnmatchcase(name, pattern) for name in self._names.values()):
                known = ", ".join(dict.fromkeys(self._names.values())) or "none; use the model inside of the function"
                raise ProgramError(f"shard= names {pattern!r}, which fits no parameter; there are: {known}")
        # As many devices as the batch can be divided among in equal parts: a last batch that is shorter takes fewer,
        # and is exactly what it would be on one.
        sizes = {var.sizes[0] for var in batched}
        is_divided = len(sizes) == 1 and next(iter(sizes)) % self.count == 0 and next(iter(sizes)) > 0  # type: ignore[operator]  # a number where there is a mesh
        for var in inputs:
            spec = PartitionSpec(_AXIS) if var in batched and is_divided else self._spec(owners.get(var, 0), var)
            places[var] = NamedSharding(self._mesh, spec)
        everywhere = NamedSharding(self._mesh, PartitionSpec())
        updates = [NamedSharding(self._mesh, self._spec(owners.get(var, 0), var)) for var in updated]
        before, after = others
        compiled = jax.jit(
            run,
            in_shardings=tuple([places[var] for var in inputs]),
            out_shardings=[*[everywhere] * before, *updates, *[everywhere] * after],
        )
        return Placed(compiled, inputs, places)

    def _spec(self, owner: int, var: Var) -> PartitionSpec:
        name = self._names.get(owner, "") if var.sizes else ""
        for pattern, axis in self._shard.items():
            if name and fnmatch.fnmatchcase(name, pattern):
                if not -len(var.sizes) <= axis < len(var.sizes):
                    raise ProgramError(f"shard= divides {name} along axis {axis}, and its shape is {var.sizes}")
                if var.sizes[axis] % self.count:  # type: ignore[operator]  # a number where there is a mesh
                    raise ProgramError(
                        f"shard= divides {name} of shape {var.sizes} along axis {axis}, which {self.count} devices "
                        "cannot share equally"
                    )
                return PartitionSpec(
                    *[_AXIS if axis % len(var.sizes) == each else None for each in range(len(var.sizes))]
                )
        return PartitionSpec()


class Placed:
    """A function that JAX compiles when it is called first, and where each input lies.

    Attributes:
        run: the function.
        inputs: what it takes.
    """

    def __init__(self, run: Any, inputs: Sequence[Var], places: Mapping[Var, NamedSharding]) -> None:
        self.run, self.inputs, self._places = run, list(inputs), places

    def __call__(self, known: Mapping[Var, Any]) -> list[Any]:
        """The outputs, for the values of all inputs."""
        found: list[Any] = self.run(*[self._given(known[var], self._places.get(var)) for var in self.inputs])
        return found

    def text(self) -> str:
        """What XLA runs in the end."""
        examples = [jax.ShapeDtypeStruct(var.sizes, var.dtype) for var in self.inputs]
        return str(self.run.lower(*examples).compile().as_text())

    @staticmethod
    def _given(value: Any, place: NamedSharding | None) -> Any:
        """An input as the code takes it: from another place it comes here first."""
        # Asked this way around, because looking for the class of an abstract one takes time.
        if type(value) is not np.ndarray and isinstance(value, jax.Array):
            sharding = value.sharding
            if sharding == place if place is not None else len(sharding.device_set) == 1:
                return value
            value = fetched(value)
        if place is None or jax.process_count() == 1:
            return value
        array = np.asarray(value)
        return jax.make_array_from_callback(array.shape, place, lambda index: array[index])


def fetched(value: Any) -> Any:
    """An output as an array of NumPy; of what several processes share, every process gets all."""
    if not isinstance(value, jax.Array) or value.is_fully_addressable:
        return np.asarray(value)
    if value.is_fully_replicated:
        return np.asarray(value.addressable_data(0))
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(value, tiled=True))


def _names_of(function: Callable[..., Any]) -> dict[int, str]:
    """What parameters are called, by their identity; and by that of what optimisers remember of them."""
    found: dict[int, str] = {}
    for _, thing in reachable(function, looks_into_objects=True):
        if is_layer(thing):
            found |= {id(tensor): path for path, tensor in thing.named_tensors()}
    for _, thing in reachable(function, looks_into_objects=True):
        for _, owner, held in state_of(thing):
            if id(owner) in found:
                found[id(held.holder)] = found[id(owner)]
    return found
