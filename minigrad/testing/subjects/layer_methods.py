"""What are the two methods of this object called, the forward and the backward pass?"""

from __future__ import annotations

import contextlib
import inspect
from typing import Any

from minigrad.testing.subjects.inputs import unknown_name

# The usual names, the clearer ones first; an object with two of a kind has one for others to call, mostly the first.
_FORWARD = (
    "forward", "forward_pass", "forward_propagation", "forward_propagate", "forward_prop", "forwardprop", "fprop",
    "feedforward", "feed_forward", "fwd", "propagate_forward", "propagate", "activate", "activation", "compute",
    "predict", "loss", "__call__", "call", "apply", "function", "fn",
)  # fmt: skip
_BACKWARD = (
    "backward", "backward_pass", "backward_propagation", "backward_propagate", "backward_prop", "backwardprop",
    "backprop", "back_prop", "bprop", "backpropagate", "back_propagate", "backpropagation", "back_propagation",
    "feedback", "bwd", "propagate_backward", "gradient", "grad", "gradients", "derivative", "deriv", "prime",
    "backward_gradient", "input_gradient",
)  # fmt: skip
# These give the slope of each element, not what comes back from a gradient.
SLOPES = ("gradient", "grad", "derivative", "deriv", "prime")


def methods_of(layer: Any, methods: tuple[str, str] | None = None) -> tuple[str, str] | None:
    """The names of an object's forward and backward pass; None for an object that has none that is known.

    Args:
        layer: the object.
        methods: the names, where the user gives them.

    Raises:
        TypeError: for names that are not two strings, or that are not methods of the object.
    """
    if methods is not None:
        if not isinstance(methods, (tuple, list)) or len(methods) != 2 or not all(isinstance(m, str) for m in methods):
            raise TypeError(f'methods is a pair of names, such as ("forward_pass", "backprop"), not {methods!r}')
        for name in methods:
            if not callable(getattr(layer, name, None)):
                raise TypeError(
                    f"methods: {type(layer).__name__} has no such method; {unknown_name(name, _own(layer))}"
                )
        return methods[0], methods[1]
    if isinstance(layer, type):
        return None
    # A loss that averages in `calculate` what `forward` gives for each sample has the gradient of the average.
    forward = [name for name in ("calculate", *_FORWARD) if _is_method(layer, name)]
    backward = next((name for name in _BACKWARD if _is_method(layer, name)), None)
    if not forward or backward is None:
        return None
    asked = _required(layer, backward)
    # The gradient of a model's loss takes what the loss takes, data and labels.
    alike = [name for name in forward if len(asked) > 1 and _required(layer, name) == asked]
    return (alike or forward)[0], backward


def _required(layer: Any, name: str) -> list[str]:
    try:
        parameters = inspect.signature(getattr(layer, name)).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each.name for each in parameters if each.default is each.empty and each.kind not in kinds]


def refusal(layer: Any) -> TypeError:
    """What to say of an object whose methods are not known."""
    what = f"the class {layer.__name__} itself" if isinstance(layer, type) else f"an object of {type(layer).__name__}"
    names = ", ".join(_own(layer)) or "none"
    hint = "; make an object of it first" if isinstance(layer, type) else ""
    return TypeError(
        f"a layer has forward and backward methods, of these or similar names; {what} has these: {names}{hint}. "
        'Say which are meant: methods=("forward_pass", "backprop")'
    )


def _is_method(layer: Any, name: str) -> bool:
    if name == "__call__" and not callable(layer):
        return False
    found = getattr(layer, name, None)
    # An attribute that holds another layer is no method, even if that can be called.
    return callable(found) and hasattr(found, "__name__") and not isinstance(found, type)


def _own(layer: Any) -> list[str]:
    found = []
    for name in dir(layer):
        # A property may raise anything where the layer is not in use yet.
        with contextlib.suppress(Exception):
            if not name.startswith("_") and callable(getattr(layer, name)):
                found.append(name)
    return found + (["__call__"] if not isinstance(layer, type) and callable(layer) else [])
