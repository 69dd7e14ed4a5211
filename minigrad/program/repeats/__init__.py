"""The loops that a flat list of instructions was recorded from."""

from __future__ import annotations

from minigrad.program.repeats.find import with_loops as with_loops
from minigrad.program.repeats.loop import Carried as Carried
from minigrad.program.repeats.loop import Loop as Loop
from minigrad.program.repeats.loop import Result as Result
from minigrad.program.repeats.loop import loops as loops
