"""How does a list of NumPy calls become a function of JAX arrays?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minigrad.ops.manipulation.padding import padded_from
from minigrad.ops.manipulation.updates import index_along_axis, is_last
from minigrad.ops.nn.windows import max_pool2d_gradient, windows_of
from minigrad.program import ir
from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction, Size, Var, atoms, mapped_atoms
from minigrad.program.to_jax.chance import Keys, check_draw, drawn
from minigrad.program.to_jax.precision import cast, held_as
from minigrad.program.to_jax.rules import BY_NUMPY, RULES, Made, given, name_of, refusal

# Of their first argument they need shape and dtype alone.
_OF_SHAPES = {
    np.ones_like,
    np.zeros_like,
    np.full_like,
    np.empty_like,
    np.shape,
    is_last,
    index_along_axis,
    padded_from,
}
_COMPARING = {np.equal, np.not_equal, max_pool2d_gradient}
# What gives elements of its first argument in another arrangement.
_MOVING = {
    *(np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.ravel, np.broadcast_to),
    *(ir.item, windows_of),
}
# Larger constants of equal elements are made by JAX, and not kept in what it compiles.
_LARGE = 1000


def lowered(code: Sequence[Instruction], inputs: Sequence[Var], outputs: Sequence[Any]) -> Callable[..., list[Any]]:
    """The code as a function of JAX arrays, which `jax.jit`, `jax.vmap`, `jax.grad` and others can take.

    What depends on sizes alone is computed by NumPy when JAX looks at the function, and is a constant then. What NumPy
    finds in values and JAX cannot, such as a singular matrix or an index out of bounds, becomes NaN.

    Args:
        code: the instructions.
        inputs: the values that are given. One whose dtype is that of objects is a generator of random numbers; JAX
            wants a key in its place, as ``jax.random.key(0)`` makes it.
        outputs: the values that are asked for, and constants.

    Returns:
        A function that takes one array for each input, and gives a list of one array for each output.

    Raises:
        ProgramError: for a call that has no counterpart in JAX, with its name and line; and for values of 64 bits
            where JAX has only 32.
    """
    code = needed(code, outputs)
    constants = constant_values(code)
    compared = compared_values(code)
    _check_dtypes(code, inputs, constants)
    for instruction in code:
        if instruction.out not in constants:
            _check(instruction, constants)

    def function(*arrays: Any) -> list[Any]:
        _check_dtypes(code, inputs, constants)
        if len(arrays) != len(inputs):
            raise ProgramError(f"{len(inputs)} arrays are needed, not {len(arrays)}")
        run = _Run(constants, compared, dict(zip(inputs, arrays, strict=True)))
        # Graphics cards would round what they multiply.
        with jax.default_matmul_precision("highest"):
            for instruction in code:
                run.step(instruction)
        return [run.output(part) for part in outputs]

    return function


def needed(code: Sequence[Instruction], outputs: Sequence[Any]) -> list[Instruction]:
    """The calls that the outputs depend on; and branches, draws and shapes by which the function goes on."""
    wanted = {part for part in outputs if type(part) is Var}
    wanted.update(dim.var for part in outputs if type(part) is Size for dim in part.dims())
    found: list[Instruction] = []
    for instruction in reversed(code):
        if instruction.out in wanted or instruction.function in (ir.guard, ir.draw, ir.sized):
            wanted.update((*instruction.uses(), *instruction.measures()))
            found.append(instruction)
    return found[::-1]


def constant_values(code: Sequence[Instruction]) -> set[Var]:
    """The values that depend on sizes alone."""
    found: set[Var] = set()
    for instruction in code:
        args = instruction.args[1:] if instruction.function in _OF_SHAPES else instruction.args
        needed = [part for part in atoms((args, instruction.kwargs)) if isinstance(part, Var)]
        if all(var in found for var in needed) and instruction.function is not ir.draw:
            found.add(instruction.out)
    return found


def _true_now(given: dict[Var, Any]) -> Any:
    """What is true, and XLA cannot know: a number has no more than 64 bits. None without a number.

    It is asked of the smallest input, which is most likely on every device.
    """
    arrays = [array for var, array in given.items() if var.dtype is not None and var.dtype.kind != "O"]
    found = min((jnp.asarray(array) for array in arrays if np.size(array)), key=np.size, default=None)
    if found is None:
        return None
    first = jnp.ravel(found)[0]
    width = jnp.uint64 if first.dtype.itemsize == 8 else jnp.uint32
    bits = jax.lax.bitcast_convert_type(first, width) if first.dtype.itemsize in (4, 8) else first.astype(width)
    return jax.lax.population_count(bits) <= 64


def compared_values(code: Sequence[Instruction]) -> set[Var]:
    """The values that some are equal to, such as those of which a maximum was taken, and the maximum.

    XLA may compute a value once for each of its uses, with other last digits, and then an element is not the largest.
    """
    makers = {each.out: each for each in code}
    found: set[Var] = set()
    for each in code:
        if each.function in _COMPARING:
            for var in each.uses():
                # The elements of a part are computed where those of the whole are.
                while var in makers and makers[var].function in _MOVING and makers[var].uses():
                    var = makers[var].uses()[0]
                found.add(var)
    return found


def _check(instruction: Instruction, constants: set[Var]) -> None:
    """Refuse what has no counterpart in JAX."""
    function = instruction.function
    if function in (ir.pick, ir.sized):
        # What cannot have another shape than it had is refused where it is computed.
        return
    if function is ir.guard:
        raise refusal(
            instruction,
            "the function goes on by a value here, which JAX does not know yet when it looks at the function; write "
            "np.where(condition, x, y) in the place of the branch",
        )
    if function is ir.draw:
        check_draw(instruction)
        return
    rule = RULES.get(function)
    if rule is None:
        raise refusal(instruction, f"{name_of(function)} has no counterpart in JAX")
    rule.check(instruction, constants)


def _check_dtypes(code: Sequence[Instruction], inputs: Sequence[Var], constants: set[Var]) -> None:
    """Refuse dtypes that JAX does not have, or not now."""
    for number, var in enumerate(inputs):
        if var.dtype is not None and var.dtype.kind != "O":
            held_as(var.dtype, f"input {number + 1}")
    for instruction in code:
        if instruction.out.dtype is not None and instruction.out not in constants:
            place = "" if instruction.where is None else f"{instruction.where}: "
            held_as(instruction.out.dtype, f"{place}what {name_of(instruction.function)} gives")


class _Run:
    """The values of one call.

    Args:
        constants: the values that depend on sizes alone.
        compared: those that are computed once, whatever XLA would rather do.
        given: the arrays of the inputs.
    """

    def __init__(self, constants: set[Var], compared: set[Var], given: dict[Var, Any]) -> None:
        self.constants, self.compared = constants, compared
        self.keys = Keys()
        self.shapes: dict[Var, tuple[int, ...]] = {}
        self.values: dict[Var, Any] = {}
        self._is_true = _true_now(given)
        for number, (var, array) in enumerate(given.items()):
            if var.dtype is not None and var.dtype.kind == "O":
                self.keys.begin(var, array)
            else:
                self._set(var, _checked(array, var, f"input {number + 1}"))

    def step(self, instruction: Instruction) -> None:
        """Make one call."""
        out = instruction.out
        if instruction.function is ir.sized:
            return
        try:
            result = self._constant(instruction) if out in self.constants else self._computed(instruction)
        except ProgramError as error:
            raise (error if BY_NUMPY in str(error) else refusal(instruction, str(error))) from None
        except (TypeError, ValueError, IndexError, NotImplementedError) as error:
            where = name_of(instruction.function)
            raise refusal(instruction, f"{where} cannot be computed by JAX for these arrays: {error}") from error
        # A constant is an array of NumPy's, of which others are computed.
        is_once = out in self.compared and out not in self.constants
        self._set(out, self._once(result) if is_once else result)

    def _once(self, result: Any) -> Any:
        """A value that XLA computes once: what a branch gives is not computed again for each of its uses.

        An optimization barrier would say so, too, but is taken away before the uses are put together.
        """
        if self._is_true is None:
            return result
        return jax.lax.cond(self._is_true, lambda value: value, lambda value: jnp.zeros_like(value), result)

    def output(self, part: Any) -> Any:
        """A result as an array of JAX."""
        if type(part) is Var:
            value = self.values[part]
            return cast(value, value.dtype if part.dtype is None else part.dtype)
        array = np.asarray(part.value(self.shapes) if type(part) is Size else part)
        return cast(array, array.dtype)

    def _set(self, var: Var, value: Any) -> None:
        self.values[var] = value
        if var.shape is not None:
            self.shapes[var] = np.shape(value)

    def _constant(self, instruction: Instruction) -> Any:
        """What NumPy gives; of values that are not constants there is but the shape."""
        found = instruction.function(
            *mapped_atoms(instruction.args, self._shape_of_value), **mapped_atoms(instruction.kwargs, self._size)
        )
        if instruction.out.shape is not None and not isinstance(found, (np.ndarray, np.generic)):
            return np.asarray(found)[()]
        return found

    def _computed(self, instruction: Instruction) -> Any:
        args = mapped_atoms(instruction.args, self._value)
        kwargs = given(mapped_atoms(instruction.kwargs, self._value))
        out = instruction.out
        made = Made(out.dtype, lambda: tuple(mapped_atoms(out.shape, self._size)))
        if instruction.function is ir.pick:
            result = args[0][args[1]]
            if result is None:
                raise ValueError(f"whether there is result {args[1] + 1} of the call before depends on values")
        elif instruction.function is ir.draw:
            result = drawn(made, self.keys.next(instruction.args[0]), *args[1:], **kwargs)
        else:
            result = RULES[instruction.function].compute(made, *args, **kwargs)
        return result if out.dtype is None else cast(result, out.dtype)

    def _size(self, part: Any) -> Any:
        if type(part) is Var:
            return self.values[part]
        return part.value(self.shapes) if type(part) is Size else part

    def _shape_of_value(self, part: Any) -> Any:
        if type(part) is Var and part not in self.constants:
            return np.broadcast_to(np.zeros((), part.dtype), self.shapes[part])
        return self._size(part)

    def _value(self, part: Any) -> Any:
        if type(part) is Var and part.dtype is not None and part.dtype.kind == "O":
            return None
        if type(part) is Var and part in self.constants:
            return _without_copies(self.values[part])
        return self._size(part)


def _checked(array: Any, var: Var, name: str) -> Any:
    """An array as an input is to be."""
    assert var.dtype is not None
    assert var.shape is not None
    if not isinstance(array, (bool, int, float)):
        found, wanted = np.dtype(array.dtype), held_as(var.dtype)
        if found not in (wanted, var.dtype):
            raise ProgramError(f"{name} has dtype {found}; the program was recorded for {var.dtype}")
    if np.ndim(array) != len(var.shape):
        raise ProgramError(f"{name} has shape {np.shape(array)}; the program was recorded for {len(var.shape)} axes")
    return cast(array, var.dtype)


def _without_copies(value: Any) -> Any:
    """A large constant of equal elements, made anew by JAX; others as they are."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fc" or math.prod(value.shape) <= _LARGE:
        return value
    first = value.flat[0]
    return jnp.full(value.shape, first, held_as(value.dtype)) if (value == first).all() else value
