"""An equivalent, shorter program, as a careful person would write it."""

from __future__ import annotations

from minigrad.program.simplify.passes import simplified as simplified
