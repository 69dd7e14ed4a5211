"""Are the arrays that a rule will read what they were when the operation used them?"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from minigrad.debugging.numbers import is_hollow
from minigrad.engine.graph import Node, values_read
from minigrad.engine.pytrees import leaves

# Up to so many bytes all of them are kept, which takes less time than a digest.
_KEPT = 4096

Fingerprints = dict[str, bytes]


def fingerprints(node: Node) -> Fingerprints:
    """What tells whether an array of a node has changed since, of every one that its rules read, by what it is."""
    return {name: _fingerprint(array) for name, array in _arrays_read(node).items()}


def changed_array(node: Node, before: Fingerprints) -> tuple[str, Any] | None:
    """An array of a node that is not what it was, and what it is; None if all are."""
    for name, array in _arrays_read(node).items():
        if name in before and _fingerprint(array) != before[name]:
            return name, array
    return None


def _arrays_read(node: Node) -> dict[str, Any]:
    assert node.op is not None
    read = values_read(node.op, node.parents or ())
    found = {}
    for position, array in enumerate(node.args):
        if read is None or position in read:
            parent = node.parents[position] if node.parents else None
            named = f" {parent.name!r}" if parent is not None and parent.name else ""
            found[f"argument {position}{named}"] = array
    if read is None or -1 in read:
        found["the result"] = node.out
    found |= {f"the parameter {path}": value for path, value in leaves(node.params)}
    return {name: array for name, array in found.items() if type(array) is np.ndarray and not is_hollow(array)}


def _fingerprint(array: Any) -> bytes:
    if array.nbytes <= _KEPT or array.dtype.hasobject:
        return array.tobytes()  # type: ignore[no-any-return]
    return hashlib.blake2b(np.ascontiguousarray(array).view(np.uint8).data, digest_size=16).digest()
