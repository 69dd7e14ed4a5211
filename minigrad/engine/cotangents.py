"""How do Tensors get their gradients: one pass back through their graph, and deposits in ``.grad``.

Nothing is imported of Tensors, which call this: what is given shows what they are.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.engine.advice import LostGradientError
from minigrad.engine.backward import backpropagate
from minigrad.engine.graph import Node, active_traces, depends_on_a_variable
from minigrad.engine.recording import current_recording, is_grad_enabled, recorded_call
from minigrad.engine.stand_ins import array_of, one_like

_deposits = threading.RLock()


def _unlock() -> None:
    # A thread that does not exist in a forked process may have held it.
    global _deposits
    _deposits = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def deposit(found: dict[Node, Any], recorded: bool) -> None:
    """Add gradients to what their nodes have; with `recorded`, the sums are recorded, too."""
    try:
        # Deposits add to what is there, and several threads may do so. A signal can arrive before and after each call;
        # whatever happens, the first call on the way out gives the lock back.
        _deposits.acquire()
        for node, gradient in found.items():
            node.grad = gradient if node.grad is None else _added(node.grad, gradient, recorded)
    finally:
        try:  # noqa: SIM105  # contextlib.suppress would be a call before that one
            _deposits.release()
        except RuntimeError:
            # This thread does not have the lock: it was interrupted while it waited.
            pass


def _added(before: Any, gradient: Any, recorded: bool) -> Any:
    """The sum of two gradients of one leaf."""
    if not recorded and before._node is None:
        return before._wrap(array_of(before._array + gradient._array))
    return recorded_call(lambda: before + gradient)


def refuse_constants(what: str, output: Any, seed: Any) -> None:
    """Raise where a pass that is not recorded would hide from a transform what the gradients depend on.

    The transform would take them for constants, and give exact zeros. Inside `no_grad` constants are what is meant.
    """
    if not active_traces or not is_grad_enabled():
        return
    if any(depends_on_a_variable(getattr(given, "_node", None)) for given in (output, seed)):
        raise LostGradientError(
            f"{what} gives constants without create_graph=True, and here mg.grad, or a transform like it, "
            "differentiates the function that asks for them; give create_graph=True, or write `with mg.no_grad():` "
            "around it where constants are meant"
        )


def cotangents(
    outputs: Sequence[Any],
    seeds: Sequence[Any],
    keep_graph: bool,
    create_graph: bool,
    wanted: set[Node] | None,
) -> dict[Node, Any]:
    """The gradients of ``sum(seed * output)`` by node, in one pass; with `create_graph`, recorded themselves.

    Outputs are Tensors, and so are the gradients; a seed is a Tensor, an array, or None for 1.

    Raises:
        RuntimeError: for an output that depends on nothing that requires a gradient.
        ValueError: for a seed of another shape, or a missing one.
    """
    tensor = type(outputs[0])
    wrap = tensor._wrap
    observer = current_recording().observer
    if observer is not None:
        observer = observer.of_pass(wanted)

    def passed_back() -> dict[Node, Any]:
        return backpropagate(
            [_root(output, seed, create_graph) for output, seed in zip(outputs, seeds, strict=True)],
            wanted=wanted,
            keep_graph=keep_graph,
            lift=wrap if create_graph else None,
            observer=observer,
        )

    found = recorded_call(passed_back, observer) if create_graph else passed_back()
    for node, gradient in found.items():
        # A rule whose result is constant returns an array in a recorded pass, too.
        if type(gradient) is np.ndarray:
            found[node] = wrap(gradient)
        elif type(gradient) is not tensor:
            # What can be written to is an array, also where it is 0-d.
            found[node] = wrap(array_of(gradient))
    return found


def _root(output: Any, seed: Any, create_graph: bool) -> tuple[Node, Any]:
    """The node of an output, and its seed as it flows through the pass."""
    if output._node is None:
        raise RuntimeError(
            "cannot differentiate a Tensor that does not depend on any Tensor with requires_grad=True (or that was "
            "computed inside no_grad, or detached)"
        )
    start = _seed(output, seed)
    if create_graph:
        start = seed.astype(output.dtype) if type(seed) is type(output) else output._wrap(start)
    return output._node, start


def _seed(output: Any, seed: Any) -> Any:
    """The seed of a pass as an array of the shape and dtype of the output."""
    if seed is None:
        if output.size != 1:
            raise ValueError(
                f"a Tensor of shape {output.shape} needs a seed of that shape; only one of a single element does not"
            )
        return one_like(output._array)
    array = array_of(seed._array if type(seed) is type(output) else seed)
    if array.shape != output.shape:
        raise ValueError(f"the seed has shape {array.shape}; the output has shape {output.shape}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a seed holds real numbers, not {array.dtype}")
    return array.astype(output.dtype, copy=False)
