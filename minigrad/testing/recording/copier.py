"""What do those who copy objects and libraries ask of the recorder that sends them?"""

from __future__ import annotations

from typing import Any, Protocol

from minigrad.testing.recording.log import Log


class Copier(Protocol):
    """Knows what stands in the place of what."""

    log: Log

    def of(self, value: Any) -> Any:
        """What stands in the place of a value that recorded code refers to."""

    def keep(self, value: Any, made: Any) -> None:
        """A copy is known before it is filled, because values may hold each other."""
