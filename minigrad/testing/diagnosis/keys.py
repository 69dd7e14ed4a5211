"""Which result or input of a model does the key of a hand-written gradient mean?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minigrad.engine.graph import Node
from minigrad.testing.diagnosis.tape import Tape
from minigrad.testing.subjects.gradient_names import agreement
from minigrad.testing.subjects.inputs import Leaf, unknown_name


def step_nodes(tape: Tape, steps: Mapping[str, Any]) -> dict[str, Node]:
    """The nodes of named results by the keys of their gradients, in the order in which gradients reach them.

    Raises:
        ValueError: for a key that fits no name, or a name that is there twice.
    """
    named: dict[str, list[Node]] = {}
    for node in tape.nodes:
        if node.name is not None:
            named.setdefault(node.name, []).append(node)
    meant = {key: _meant(key, list(named), "steps") for key in steps}
    _refuse_doubles(meant, "steps")
    for name in meant.values():
        if len(named[name]) > 1:
            raise ValueError(f"two results of the model are named {name!r}")
    keys = {name: key for key, name in meant.items()}
    return {keys[name]: nodes[0] for name, nodes in named.items() if name in keys}


def leaf_nodes(tape: Tape, leaves: Sequence[Leaf], grads: Iterable[str]) -> dict[str, Node]:
    """The nodes of inputs by the keys of their gradients.

    Raises:
        ValueError: for a key that fits none, or several.
    """
    names = [leaf.name for leaf in leaves]
    meant = {key: _meant(key, names, "grads") for key in grads}
    _refuse_doubles(meant, "grads")
    found: dict[str, Node] = {}
    for key, name in meant.items():
        node = tape.leaves[names.index(name)]
        assert node is not None
        found[key] = node
    return found


def _meant(key: str, names: Sequence[str], what: str) -> str:
    """The name that a key means: itself, the end of a path, or the name of a gradient such as dW, grad_W or W.grad."""
    matching = [key] if key in names else [n for n in names if n.endswith((f".{key}", f"]{key}", f"[{key}]"))]
    if not matching:
        ranks = {name: agreement(key, name) for name in names}
        best = max(ranks.values(), default=0)
        matching = [name for name, rank in ranks.items() if best and rank == best]
    if len(matching) != 1:
        several = f"{what}: {key!r} may be any of {', '.join(map(repr, matching))}; give the whole name"
        raise ValueError(several if matching else f"{what}: {unknown_name(key, list(names))}")
    return matching[0]


def _refuse_doubles(meant: Mapping[str, str], what: str) -> None:
    for name in meant.values():
        keys = [key for key, other in meant.items() if other == name]
        if len(keys) > 1:
            raise ValueError(f"{what}: {' and '.join(map(repr, keys))} are both the gradient of {name!r}; give one")
