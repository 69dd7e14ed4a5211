"""What is said where a function cannot be called with its examples, or gives nothing that a program could give?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from typing import Any

from minigrad.engine.pytrees import leaves
from minigrad.program.errors import ProgramError
from minigrad.program.inputs import is_array, is_holder


def check_examples(function: Callable[..., Any], examples: Sequence[Any]) -> None:
    """Refuse a call that the function would refuse.

    Raises:
        ProgramError: for what is no function, and for more or fewer examples than it takes.
    """
    if not callable(function):
        raise ProgramError(
            "a function comes first, and then what it is called with: mg.program(f, x, y), not mg.program(f(x, y)); "
            f"this is a {type(function).__name__}"
        )
    try:
        signature = inspect.signature(function)
    except ValueError:
        # Some functions of C have none.
        return
    try:
        signature.bind(*examples)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise ProgramError(
            f"{name}{signature} cannot be called with {len(examples)} examples: {error}; give one for each argument, "
            "in order, after the function; what it takes by keyword alone, give with functools.partial"
        ) from None


@contextmanager
def explaining(arguments: Sequence[str], examples: Sequence[Any]) -> Iterator[None]:
    """A block in which the function is called for the first time; its errors tell what it was given."""
    try:
        yield
    except ProgramError:
        raise
    except Exception as error:
        plain = [
            (name, example)
            for name, example in zip(arguments, examples, strict=False)
            if not any(is_array(leaf) or is_holder(leaf) for _, leaf in leaves([example]))
            or (isinstance(example, (list, tuple)) and all(isinstance(part, (int, float)) for part in example))
        ]
        for name, example in plain:
            dtype = getattr(example, "dtype", None)
            given = f"a {type(example).__name__}" if dtype is None else f"an array of dtype {dtype}"
            error.add_note(f"{name} was given as {given}; for an array of the program give one of numbers")
        raise


def check_result(function: Callable[..., Any], result: Any) -> None:
    """Refuse a function that returns no number, and changes nothing.

    Raises:
        ProgramError: for such a result.
    """
    found = [leaf for _, leaf in leaves([result])]
    name = getattr(function, "__name__", type(function).__name__)
    strange = next((leaf for leaf in found if isinstance(leaf, (Iterator, Set))), None)
    if strange is not None:
        raise ProgramError(
            f"{name} returns a {type(strange).__name__}, which has no order or is not computed yet; return a list"
        )
    if all(leaf is None or isinstance(leaf, str) for leaf in found):
        raise ProgramError(
            f"{name} returns {result!r}; a program is what a function returns, so return the arrays that it computes"
        )
