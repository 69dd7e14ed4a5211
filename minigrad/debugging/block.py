"""How is a stretch of a program watched for the first number that goes bad?"""

from __future__ import annotations

from minigrad.engine.blocks import recording


class debug(recording):  # noqa: N801  # called like a function
    """Find the line where a number went bad: watch all that is recorded inside a `with` block.

    The first operation whose value, or whose gradient in a pass back, turned from finite to NaN or infinity raises,
    with the line of your code that called it, its numbers, the usual cause, and what to write instead. What was NaN
    before any operation is named, too. An infinity that was given, such as a mask of -inf, is taken as meant, until
    something makes NaN of it; so is a gradient that is not finite and is left out on the way, as by `mg.where`.

    Arrays that were written to between their use and the pass back are named as well, of any size and however few of
    their elements have changed.

    It takes time and memory: every value is kept and looked at. Outside of the block it costs nothing. NumPy may warn
    before the error comes; where warnings are errors, write ``with np.errstate(all="ignore"), mg.debug():``.

    Raises:
        NotFiniteError: where a number went bad.
        RuntimeError: where an array has changed.

    Examples:
        >>> x = mg.Tensor([4.0, 0.0], requires_grad=True, name="x")
        >>> with np.errstate(all="ignore"), mg.debug():
        ...     try:
        ...         mg.sqrt(x).sum().backward()
        ...     except mg.NotFiniteError as error:
        ...         print(error.operation, error.cause, sep=": ")
        sqrt: sqrt at 0
    """

    def __init__(self) -> None:
        # Most programs do without it, and need not wait for it.
        from minigrad.debugging.watcher import Watcher

        super().__init__(complete=True, observer=Watcher())
