"""The functions of scipy.special, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad.ops.define import declared_in

if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
