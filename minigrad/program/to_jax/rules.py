"""Which function of JAX stands for one of NumPy, and with which arguments does it stand for it exactly?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction, Var, atoms
from minigrad.program.source.functions import public_name
from minigrad.program.to_jax.precision import cast

# How each refusal ends.
BY_NUMPY = 'NumPy runs it: engine="numpy", or the program itself'


@dataclass(frozen=True)
class Made:
    """What a call gives when NumPy makes it.

    Attributes:
        dtype: of the result; None where there are several.
        shape: gives the shape that the result was recorded with, at the sizes of now.
    """

    dtype: np.dtype[Any] | None
    shape: Callable[[], tuple[int, ...]]

    def of(self, value: Any) -> Any:
        """A value in the dtype of the result, in which NumPy computes it."""
        return jnp.asarray(value) if self.dtype is None else cast(value, self.dtype)


@dataclass(frozen=True)
class Rule:
    """How a function of NumPy is computed by JAX.

    Attributes:
        compute: takes a `Made`, and then what the function of NumPy takes, by the same names. What it does not name is
            refused.
        only: for arguments that JAX lacks, the values with which nothing is lost when they are left out.
        fixed: the arguments that have to be known when JAX looks at the program, such as repetitions.
    """

    compute: Callable[..., Any]
    only: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    fixed: Sequence[str] = ()

    def check(self, instruction: Instruction, constants: set[Var]) -> None:
        """Refuse a call that this rule does not know.

        Raises:
            ProgramError: what is wrong with it.
        """
        name = name_of(instruction.function)
        try:
            bound = inspect.signature(self.compute).bind(None, *instruction.args, **given(instruction.kwargs))
        except TypeError as error:
            raise refusal(instruction, f"{name} is called here in a way that has no counterpart in JAX: {error}") from (
                None
            )
        for key, value in bound.arguments.items():
            if key in self.only and not any(_is(value, known) for known in self.only[key]):
                raise refusal(instruction, f"{name} with {key}={value!r} has no counterpart in JAX")
            if key in self.fixed and any(type(part) is Var and part not in constants for part in atoms((value,))):
                raise refusal(
                    instruction, f"{name} takes {key} from values here, so that its size depends on them; JAX cannot"
                )


# By the function of NumPy.
RULES: dict[Any, Rule] = {}


def lowers(
    *functions: Any, only: Mapping[str, Sequence[Any]] | None = None, fixed: str = ""
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare what computes these functions of NumPy; the arguments are those of a `Rule`."""

    def declare(compute: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            RULES[function] = Rule(compute, only or {}, fixed.split())
        return compute

    return declare


def same(function: Any, names: str, counterpart: Callable[..., Any], fixed: str = "") -> None:
    """Declare that JAX has a function which is called alike.

    Args:
        function: of NumPy.
        names: the arguments that both take, the array first; those with "?" may be left out.
        counterpart: of JAX.
        fixed: as in a `Rule`.
    """
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [
        inspect.Parameter(name.rstrip("?"), kind, default=None if name.endswith("?") else inspect.Parameter.empty)
        for name in ["made", *names.split()]
    ]
    first = parameters[1].name
    signature = inspect.Signature(parameters)

    def compute(*args: Any, **kwargs: Any) -> Any:
        found = signature.bind(*args, **kwargs).arguments
        del found["made"]
        return counterpart(jnp.asarray(found.pop(first)), **found)

    compute.__signature__ = signature  # type: ignore[attr-defined]  # `inspect.signature` reads it
    RULES[function] = Rule(compute, {}, fixed.split())


def given(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments that say something."""
    return {key: value for key, value in kwargs.items() if value is not np._NoValue}


def name_of(function: Any) -> str:
    """What a function is called in messages."""
    return public_name(function) or str(getattr(function, "__name__", type(function).__name__))


def refusal(instruction: Instruction, why: str) -> ProgramError:
    """The error for a call that JAX cannot make, with its line."""
    place = "" if instruction.where is None else f"{instruction.where}: "
    return ProgramError(f"{place}{why}; {BY_NUMPY}")


def _is(value: Any, known: Any) -> bool:
    return value is known or (type(value) is type(known) and isinstance(value, (str, int, float)) and value == known)
