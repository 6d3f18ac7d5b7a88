"""Notices what an app reads of the environment, the clock and randomness while it is imported.

The component keeps what such a read gave at build, in every instance. Python tells of each call (`sys.monitoring`), so
no function has to be replaced.
"""

import _random
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

# What `random.random` and its like use. An app's own `Random(seed)` gives the same numbers on purpose.
SHARED_GENERATOR = random._inst  # type: ignore[attr-defined]

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
    """Whether the app's own code names the variable and has not set it: some library's wish is not worth a word."""


class Watch:
    """Collects reads between entering and leaving it."""

    def __init__(
        self, own: str, packages: str, standard_library: str, ignored: Iterable[str] = (), calls: bool = True
    ) -> None:
        self.own = own + "/"
        self.packages = packages + "/"
        self.libraries = (self.packages, standard_library + "/")
        self.ignored = tuple(ignored)
        """Files of libraries that read the clock or randomness for what does not last, such as a log record's time."""
        self.calls = calls
        """Whether to notice the clock and randomness too, and not just the environment."""
        self.reads: dict[tuple[str, str, str, int], Read] = {}
        self.functions = {
            posix.urandom: (RANDOMNESS, "os.urandom"),
            random.random: (RANDOMNESS, "random.random"),
            random.getrandbits: (RANDOMNESS, "random.getrandbits"),
            datetime.datetime.now: (CLOCK, "datetime.now"),
            datetime.datetime.utcnow: (CLOCK, "datetime.utcnow"),
            datetime.datetime.today: (CLOCK, "datetime.today"),
            datetime.date.today: (CLOCK, "date.today"),
            time.time: (CLOCK, "time.time"),
            time.time_ns: (CLOCK, "time.time_ns"),
        }
        self.of_shared_generator = {
            _random.Random.random: (RANDOMNESS, "random.random"),
            _random.Random.getrandbits: (RANDOMNESS, "random.getrandbits"),
        }
        self.without_argument = {
            time.localtime: (CLOCK, "time.localtime"),
            time.gmtime: (CLOCK, "time.gmtime"),
            time.ctime: (CLOCK, "time.ctime"),
        }

    def __enter__(self) -> "Watch":
        monitoring = sys.monitoring
        monitoring.use_tool_id(TOOL, "funcserver")
        monitoring.register_callback(TOOL, monitoring.events.CALL, self._called)
        monitoring.register_callback(TOOL, monitoring.events.PY_START, self._environment)
        for method in (type(os.environ).__getitem__, type(os.environ).__iter__):
            monitoring.set_local_events(TOOL, method.__code__, monitoring.events.PY_START)
        if self.calls:
            monitoring.set_events(TOOL, monitoring.events.CALL)
        return self

    def __exit__(self, *_: object) -> None:
        sys.monitoring.set_events(TOOL, 0)
        sys.monitoring.clear_tool_id(TOOL)
        sys.monitoring.free_tool_id(TOOL)

    def frozen(self, granted: Iterable[str]) -> list[Read]:
        """The reads of variables that will have another value."""
        names = set(granted)
        return [read for read in self.reads.values() if read.name in names or (read.kind == ENVIRONMENT and names)]

    def _called(self, code: CodeType, offset: int, function: Any, first: Any) -> None:
        try:
            found = self.functions.get(function)
            if found is None and first is sys.monitoring.MISSING:
                found = self.without_argument.get(function)
            elif found is None and first is SHARED_GENERATOR:
                found = self.of_shared_generator.get(function)
        except TypeError:
            return  # It has no hash.
        if found is not None:
            self._add(found[0], found[1] + "()", sys._getframe(1))

    def _environment(self, code: CodeType, offset: int) -> None:
        frame = sys._getframe(1)
        if code is type(os.environ).__iter__.__code__:
            self._add(ENVIRONMENT, "", frame)
        else:
            key = frame.f_locals.get("key")
            if isinstance(key, str):
                self._add(VARIABLE, key, frame, known=is_set(key) or is_setdefault(frame))

    def _add(self, kind: str, name: str, frame: FrameType | None, known: bool = False) -> None:
        if kind == CLOCK and frame is not None and frame.f_code.co_filename.startswith(self.packages):
            return  # A package that asks for the time measures itself, or counts the age of what it keeps.
        while frame is not None:
            code = frame.f_code
            file = code.co_filename
            if file.startswith(self.own):
                named = kind != VARIABLE or (name in code.co_consts and not known)
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


def is_set(variable: str) -> bool:
    """Whether a variable has a value while the component is made: then the app gave it, as nobody else does."""
    return os.environ.encodekey(variable) in os.environ._data  # type: ignore[attr-defined]


def is_setdefault(frame: FrameType) -> bool:
    """Whether the read is part of `os.environ.setdefault`, which looks before it sets."""
    caller = frame.f_back
    while caller is not None and caller.f_code.co_name in ("__contains__", "setdefault"):
        if caller.f_code.co_name == "setdefault":
            return True
        caller = caller.f_back
    return False
