"""Notices what an app reads of the environment, the clock and randomness while it is imported.

The component keeps what such a read gave at build, in every instance. Python tells of each call (`sys.monitoring`), so no
function has to be replaced.
"""

import datetime
import os
import posix
import random
import sys
import time
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any, NamedTuple

VARIABLE = "variable"
ENVIRONMENT = "environment"
CLOCK = "clock"
RANDOMNESS = "randomness"

# Any that is not one of the well-known ids of debuggers, coverage tools, profilers and optimisers.
TOOL = 4


class Read(NamedTuple):
    kind: str
    name: str
    """The variable, or the function that was called."""
    file: str
    line: int
    library: str
    """The module of a library that read it while it was itself imported. Empty if the app's own line caused it."""
    named: bool
    """Whether the app's own code names the variable, so that not just some library asks for it."""


class Watch:
    """Collects reads between entering and leaving it."""

    def __init__(self, own: str, libraries: Iterable[str], ignored: Iterable[str] = ()) -> None:
        self.own = own + "/"
        self.libraries = tuple(folder + "/" for folder in libraries)
        self.ignored = tuple(ignored)
        """Files of libraries that read the clock or randomness for what does not last, such as the time of a log record."""
        self.reads: dict[tuple[str, str, str, int], Read] = {}
        self.functions = {
            posix.urandom: RANDOMNESS,
            random._inst.random: RANDOMNESS,  # type: ignore[attr-defined]
            random._inst.getrandbits: RANDOMNESS,  # type: ignore[attr-defined]
            datetime.datetime.now: CLOCK,
            datetime.datetime.utcnow: CLOCK,
            datetime.datetime.today: CLOCK,
            datetime.date.today: CLOCK,
            time.time: CLOCK,
            time.time_ns: CLOCK,
            time.monotonic: CLOCK,
            time.monotonic_ns: CLOCK,
            time.perf_counter: CLOCK,
            time.perf_counter_ns: CLOCK,
        }
        self.without_argument = {time.localtime: CLOCK, time.gmtime: CLOCK, time.ctime: CLOCK}

    def __enter__(self) -> "Watch":
        monitoring = sys.monitoring
        monitoring.use_tool_id(TOOL, "funcserver")
        monitoring.register_callback(TOOL, monitoring.events.CALL, self._called)
        monitoring.register_callback(TOOL, monitoring.events.PY_START, self._environment)
        for method in (type(os.environ).__getitem__, type(os.environ).__iter__):
            monitoring.set_local_events(TOOL, method.__code__, monitoring.events.PY_START)
        monitoring.set_events(TOOL, monitoring.events.CALL)
        return self

    def __exit__(self, *_: object) -> None:
        sys.monitoring.set_events(TOOL, 0)
        sys.monitoring.clear_tool_id(TOOL)
        sys.monitoring.free_tool_id(TOOL)

    def _called(self, code: CodeType, offset: int, function: Any, first: Any) -> None:
        try:
            kind = self.functions.get(function)
            if kind is None and first is sys.monitoring.MISSING:
                kind = self.without_argument.get(function)
        except TypeError:
            return  # It has no hash.
        if kind is not None:
            self._add(kind, f"{function.__qualname__}()", sys._getframe(1))

    def _environment(self, code: CodeType, offset: int) -> None:
        frame = sys._getframe(1)
        if code is type(os.environ).__iter__.__code__:
            self._add(ENVIRONMENT, "", frame)
        else:
            key = frame.f_locals.get("key")
            if isinstance(key, str):
                self._add(VARIABLE, key, frame)

    def _add(self, kind: str, name: str, frame: FrameType | None) -> None:
        while frame is not None:
            code = frame.f_code
            file = code.co_filename
            if file.startswith(self.own):
                named = kind != VARIABLE or name in code.co_consts
                self._keep(Read(kind, name, file, frame.f_lineno, "", named))
                return
            if file.startswith(self.libraries):
                if code.co_name == "<module>":
                    module = frame.f_globals.get("__name__", file)
                    self._keep(Read(kind, name, file, frame.f_lineno, module, False))
                    return
                if kind in (CLOCK, RANDOMNESS) and file.endswith(self.ignored):
                    return
            frame = frame.f_back

    def _keep(self, read: Read) -> None:
        self.reads.setdefault((read.kind, read.name, read.file, read.line), read)
