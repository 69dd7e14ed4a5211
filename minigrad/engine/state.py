"""Can this be the state that something is saved to, or restored from?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minigrad.engine.advice import LostGradientError
from minigrad.engine.graph import is_variable
from minigrad.engine.tensor import Tensor


def check_state(function: str, state: Any) -> None:
    """Raise for what holds no constants by name.

    Raises:
        TypeError: for what is no dict, or holds results that depend on something: a transform's variables above all.
            The parameters of another model may be loaded, as values.
    """
    if not isinstance(state, Mapping):
        raise TypeError(
            f"{function}: the state is a {type(state).__name__}; give a dict of arrays, such as state_dict() returns"
        )
    for name, value in state.items():
        node = value._node if isinstance(value, Tensor) else None
        if node is not None and (node.op is not None or node.is_variable):
            raise LostGradientError(
                f"{function}: {name!r} is a Tensor through which gradients flow, as all do inside mg.grad and its "
                "like, and what is loaded from it would be a constant. For the gradients of a model's parameters write "
                "mg.gradients(loss(model), model.parameters()), or write the model as a function of its parameters; "
                "where a constant is meant, .detach()"
            )


def refuse_variables(function: str, tensors: Mapping[str, Tensor], instead: str) -> None:
    """Raise where a transform differentiates by one of these Tensors, which would be read or written as a constant.

    Raises:
        TypeError: with its name, and what to write instead.
    """
    for name, tensor in tensors.items():
        if is_variable(tensor._node):
            raise LostGradientError(
                f"{function}: {name!r} is a Tensor through which gradients flow, because mg.grad, or a transform like "
                f"it, differentiates by it, and its values alone would be a constant; {instead}; where a constant is "
                "meant, .detach()"
            )
