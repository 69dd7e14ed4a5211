"""How are operations being recorded, here and now?"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Changes: TypeAlias = "tuple[bool | None, bool | None, Observer | None]"


class Observer:
    """Sees what is computed while it is part of the `Recording`; a subclass says what it wants to see."""

    def result(self, node: Any) -> None:
        """A result was recorded; `node` says how it was made."""

    def cotangent(self, node: Any, gradient: Any) -> None:
        """The whole gradient of a result or leaf has arrived at its node in a pass back."""

    def output(self, layer: Any, out: Any) -> None:
        """A layer has returned something."""

    def of_pass(self, wanted: Collection[Any] | None) -> Observer:
        """Who sees one pass back, and what it records: this one, or one that keeps something for the pass.

        `wanted` are the nodes whose gradients are asked for, None for the leaves.
        """
        return self


@dataclass(frozen=True, slots=True)
class Recording:
    """How operations on Tensors are recorded in one thread and context.

    Attributes:
        enabled: whether results remember how they were made.
        complete: whether a graph keeps the values, too, that no rule reads: for tools that look at all of them.
        observer: sees every recorded result, every cotangent and every output of a layer.
        outer: the recording around this one, where a `with` block has set it.
        block: that block.
    """

    enabled: bool = True
    complete: bool = False
    observer: Observer | None = None
    outer: Recording | None = field(default=None, repr=False)
    block: Block | None = field(default=None, repr=False)


PLAIN = Recording()
_current: ContextVar[Recording] = ContextVar("minigrad_recording", default=PLAIN)
_place: ContextVar[None] = ContextVar("minigrad_place")

# These are single calls of C, in the middle of which no signal arrives. Code that sets a recording sets the one of
# before as the first thing in a `finally` block, and then calls `current_recording`.
latest_recording = _current.get
set_recording = _current.set
set_place = _place.set


def current_recording() -> Recording:
    """How operations are recorded here and now: the latest recording without blocks that were left meanwhile."""
    level = latest = latest_recording()
    while level.block is not None and level.outer is not None:
        if level.block.left:
            return _without_what_was_left(latest)
        level = level.outer
    return latest


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread and context."""
    return current_recording().enabled


class Block:
    """One time that a `with` block is entered and left.

    Leaving is a single assignment to `left`, so that Ctrl-C comes before it or after it. Then the recording is set,
    at once or, where Ctrl-C prevents that, when somebody asks for it.

    A context that was copied inside a block, as asyncio does for each task, keeps the mode it was copied in. A block
    that is left in another context than it was entered in, as by a generator that is closed in another thread, has
    ended for all of them.

    Attributes:
        changes: what the block sets.
        left: whether it was left.
        everywhere: whether it was left in another context.
        place: says which context the block was entered in; None before that.
        thread: and which thread.
    """

    left = everywhere = False
    place: Token[None] | None = None
    thread = 0

    def __init__(self, changes: Changes) -> None:
        self.changes = changes

    def within(self, outer: Recording) -> Recording:
        """The recording inside the block."""
        enabled, complete, observer = self.changes
        return Recording(
            outer.enabled if enabled is None else enabled,
            outer.complete if complete is None else complete,
            observer or outer.observer,
            outer,
            self,
        )

    def was_entered_here(self) -> bool:
        """Whether the block was entered in the current context, and not in one that this is a copy of.

        Nothing but a token tells a context from its copies: it can be used in its own alone, and once.
        """
        if self.place is None:
            return False
        try:
            _place.reset(self.place)
        except ValueError:
            return False
        except RuntimeError:
            # Used, and not replaced yet: Ctrl-C came between, or another thread is there now.
            if self.thread != get_ident():
                return False
        self.place = set_place(None)
        return True

    def take_away(self) -> None:
        """Set what is current after the block has been left."""
        latest = latest_recording()
        if not self.was_entered_here():
            self.everywhere = True
            self.place = None
        elif latest.block is self and latest.outer is not None:
            set_recording(latest.outer)
            self.place = None
            return
        current_recording()


def _without_what_was_left(latest: Recording) -> Recording:
    """Make the recording current that is left of another one, and return it."""
    kept: list[Block] = []
    level = latest
    while (block := level.block) is not None and (outer := level.outer) is not None:
        if not block.left:
            kept.append(block)
        elif not block.everywhere and not block.was_entered_here():
            # This context was copied inside the block.
            level = Recording(level.enabled, level.complete, level.observer)
            break
        level = outer
    for block in reversed(kept):
        level = block.within(level)
    set_recording(level)
    return level


def recorded_call(function: Callable[[], T], observer: Observer | None = None) -> T:
    """What a function gives that is called while operations are recorded, whatever the mode around it.

    Args:
        function: is called without arguments.
        observer: sees what is recorded; by default the one that is there.
    """
    before = current_recording()
    try:
        # A block that is left inside, by a generator, is found again and left here in the end.
        if not before.enabled or before.block is not None or observer is not None:
            set_recording(Recording(True, before.complete, observer or before.observer))
        return function()
    finally:
        set_recording(before)
        current_recording()
