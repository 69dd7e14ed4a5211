"""What is the NumPy code of a function and its gradients?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.program.build import program
from minigrad.program.inputs import Wanted
from minigrad.program.source.writer import source_of


def numpy_source(
    function: Callable[..., Any],
    *examples: Any,
    wrt: Wanted = None,
    name: str | None = None,
    comments: bool = False,
) -> str:
    """The NumPy source of a function and of its gradients, as a person would have derived them.

    Args:
        function: is recorded, as `minigrad.program` does.
        examples: what it is called with; their values and sizes are examples.
        wrt: the arguments whose gradients are wanted, as in `minigrad.program`.
        name: what the printed function is called; the function's own name and ``_and_gradients`` by default.
        comments: write beside each line the shape of its value and the line of the function that it comes from.

    Returns:
        The text of a module with one function of plain NumPy, and SciPy where it has to be. The function takes arrays
        where the examples have arrays or Tensors; for a layer it takes one array for each of its Tensors, and one for
        each Tensor that the function uses without being given it. It returns the value, and one gradient for each
        argument that has some: an array for an array, a dict for a dict. Sizes are those of the arrays that it is
        given.

    Raises:
        ProgramError: where the function cannot be recorded, or calls a function that has no public name.

    Examples:
        >>> def loss(w, x, y):
        ...     p = np.tanh(x @ w)
        ...     return np.mean((p - y) ** 2)
        >>> print(mg.numpy_source(loss, np.ones(3), np.ones((5, 3)), np.ones(5), wrt="w"), end="")
        import numpy as np
        <BLANKLINE>
        <BLANKLINE>
        def loss_and_gradients(w, x, y):
            p = np.tanh(x @ w)
            residual = p - y
            loss = (residual**2).mean()
        <BLANKLINE>
            dw = x.T @ (2.0 / len(x) * residual * (1.0 - p**2))
            return loss, dw
    """
    return source_of(program(function, *examples, wrt=wrt), name, comments)
