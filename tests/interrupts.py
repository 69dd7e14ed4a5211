"""How can a program be interrupted at every point where Python looks for signals?

A trace function that is written in C says that Ctrl-C was pressed, just before an instruction runs. Python itself then
raises KeyboardInterrupt where it looks next: after a call, at a jump back, at the start of a function. A trace function
that raised would raise in places, too, where no signal can ever arrive, and not between a call and what follows it.
"""

import ctypes
import dis
import functools
import signal
import sys
from pathlib import Path

import minigrad

HOME = str(Path(minigrad.__file__).parent)
# These neither look for signals nor run code that does.
_QUIET = (
    "LOAD_FAST",
    "LOAD_CONST",
    "LOAD_GLOBAL",
    "LOAD_DEREF",
    "STORE_FAST",
    "STORE_DEREF",
    "POP_TOP",
    "COPY",
    "SWAP",
)
_QUIET += ("NOP", "CACHE", "JUMP_FORWARD", "POP_JUMP", "PUSH_NULL", "PRECALL", "KW_NAMES", "BUILD_", "MAKE_", "IS_OP")
_QUIET += (
    "PUSH_EXC",
    "POP_EXCEPT",
    "RERAISE",
    "EXTENDED_ARG",
    "UNPACK",
    "LOAD_SMALL",
    "COPY_FREE",
    "MAKE_CELL",
    "NOT_TAKEN",
)

_press = ctypes.pythonapi.PyErr_SetInterrupt  # as if Ctrl-C had been pressed
_press.argtypes = [ctypes.py_object] * 3
_press.restype = None
_nothing = ctypes.pythonapi.PyErr_Occurred
_nothing.argtypes = [ctypes.py_object] * 3
_nothing.restype = None


@functools.cache
def _loud(code):
    """The offsets of the instructions of a function at which, or in which, Python may look for signals."""
    return {each.offset for each in dis.get_instructions(code) if not each.opname.startswith(_QUIET)}


class Tracer:
    """Counts the instructions of minigrad, and of functions marked as `traced`, that a program runs.

    Args:
        press_after: the number of an instruction; Ctrl-C is pressed before the next one of the same call. None only
            notes where that makes a difference.
        times: how often the program is interrupted: with 2, again as soon as Python looks once more.
    """

    def __init__(self, press_after=None, times=1):
        self.press_after, self.times = press_after, times
        self.count = self.interrupts = 0
        self.before, self.points = {}, []
        self.place = ()
        # Kept, as the prompt and notebooks keep it: nothing may wait until the functions it shows are gone.
        self.error = None

    def call(self, frame, event, arg):
        code = frame.f_code
        if not (code.co_filename.startswith(HOME) or code.co_name in TRACED):
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self.instruction(frame, "opcode", arg)

    def instruction(self, frame, event, arg):
        if event != "opcode":
            return self.instruction
        number, self.count = self.count, self.count + 1
        if self.press_after is None:
            if frame in self.before and frame.f_lasti in _loud(frame.f_code):
                self.points.append((self.before[frame], frame.f_code, frame.f_lasti))
            self.before[frame] = number
        if number != self.press_after:
            return self.instruction
        # Python must not look for signals in this very object, when it goes on in one of the callers or somewhere else.
        sys.settrace(_nothing)
        caller = frame.f_back
        while caller is not None:
            if caller.f_trace is not None:
                caller.f_trace = _press
            caller = caller.f_back
        return _press

    def interrupted(self, number, frame):
        self.interrupts += 1
        if self.interrupts >= self.times:
            sys.settrace(None)
        while frame is not None and len(self.place) < 5 * self.interrupts:
            self.place += ((frame.f_code, frame.f_lasti),)
            frame = frame.f_back
        raise KeyboardInterrupt

    def run(self, function):
        """Whether a program was interrupted; other errors pass."""
        handler = signal.signal(signal.SIGINT, self.interrupted)
        # An interrupt that arrives in a method __del__, or while a generator is closed, has no other place to go.
        hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None
        try:
            try:
                sys.settrace(self.call)
                function()
            finally:
                sys.settrace(None)
                # What was pressed at the end arrives here.
                len(str(handler))
        except KeyboardInterrupt as error:
            self.error = error
            return True
        finally:
            signal.signal(signal.SIGINT, handler)
            sys.unraisablehook = hook
        return False


TRACED: set = set()


def traced(function):
    """A function outside minigrad whose instructions count as well."""
    TRACED.add(function.__code__.co_name)
    return function


def points_of(prepare, most=None):
    """The numbers of instructions at which a program is worth interrupting: each of its places the first and last time.

    Args:
        prepare: makes the program, which is run three times; the first time fills caches.
        most: so many of them, evenly spread.
    """
    prepare()[0]()
    # From CPython 3.12 on, the instructions of a function are traced from its second call on.
    for tracer in (Tracer(), Tracer()):
        tracer.run(prepare()[0])
    first = {(code, place): number for number, code, place in reversed(tracer.points)}
    last = {(code, place): number for number, code, place in tracer.points}
    points = sorted({*first.values(), *last.values()})
    return points if most is None or len(points) <= most else points[:: len(points) // most + 1]


def interrupt(prepare, points=None, times=1, most=None):
    """Run a program again and again, each time interrupted at another point.

    Args:
        prepare: makes a program: a function, and one that checks that all is well afterwards.
        points: where; wherever it makes a difference by default.
        times: how often each run is interrupted.
        most: the most points.

    Returns:
        In how many places the program was interrupted.
    """
    places = set()
    for point in points or points_of(prepare, most):
        function, check = prepare()
        tracer = Tracer(point, times)
        tracer.run(function)
        # Instructions that do not look for signals lead to the same place as the one after them.
        if tracer.place and tracer.place not in places:
            places.add(tracer.place)
            try:
                check()
            except BaseException as error:
                error.add_note(f"after an interrupt at point {point}; innermost first, the places of each:")
                for code, offset in tracer.place:
                    line = next((line for start, end, line in code.co_lines() if start <= offset < end), 0)
                    error.add_note(f"  line {line} of {code.co_qualname}")
                raise
    return len(places)
