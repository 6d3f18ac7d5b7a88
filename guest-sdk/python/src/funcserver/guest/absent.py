"""What CPython for WebAssembly lacks, and what an app can do instead."""

import concurrent
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any, NoReturn

from funcserver.guest import tls

# By the name of the module whose import fails, which may be the part in C of the one that was asked for.
ABSENT = {
    "_bz2": "bz2 is missing in a component: use gzip or zlib",
    "_ctypes": "ctypes is missing in a component, because there are no native libraries that it could call",
    "_curses": "curses is missing in a component, which has no terminal",
    "_dbm": "dbm.ndbm is missing in a component: use sqlite3",
    "_gdbm": "dbm.gnu is missing in a component: use sqlite3",
    "_lzma": "lzma is missing in a component: use gzip or zlib",
    "_posixshmem": "shared memory is missing in a component, which is a single process",
    "_posixsubprocess": "processes cannot be started in a component",
    "_tkinter": "tkinter is missing in a component, which has no screen",
    "_zstd": "compression.zstd is missing in a component: use gzip or zlib",
    "fcntl": "fcntl is missing in a component: its files belong to one request, so they need no locks",
    "grp": "grp is missing in a component, which has no users or groups",
    "mmap": "mmap is missing in a component: read the file instead",
    "pwd": "pwd is missing in a component, which has no users",
    "readline": "readline is missing in a component, which has no terminal",
    "resource": "resource is missing in a component: limits.memory and limits.timeout bound a request",
    "syslog": "syslog is missing in a component: write to the log with logging or print",
    "termios": "termios is missing in a component, which has no terminal",
}


def explain(error: BaseException) -> str | None:
    """Why an import failed, if it did because a component lacks the module."""
    return ABSENT.get(error.name or "") if isinstance(error, ImportError) else None


def install() -> None:
    """Libraries import these modules even if they do not use them, so there are stand-ins that can be set up."""
    if "ssl" not in sys.modules:
        sys.modules["ssl"] = tls.module()
    if importlib.util.find_spec("_interpreters") is None:
        sys.modules["concurrent.interpreters"] = concurrent.interpreters = _interpreters()
    if importlib.util.find_spec("_multiprocessing") is None:
        sys.modules["_multiprocessing"] = _multiprocessing()
    # Libraries such as platformdirs import them without a condition on any system but Windows.
    for name in ("getuid", "geteuid", "getgid", "getegid"):
        if not hasattr(os, name):
            setattr(os, name, _nobody)


def _nobody() -> int:
    """The number of a user and a group without rights."""
    return 65534


def _interpreters() -> ModuleType:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise InterpreterError("interpreters cannot be started in a component: run the work in the one that is there")

    class InterpreterError(Exception):
        """As in concurrent.interpreters."""

    class ExecutionFailed(InterpreterError):
        """As in concurrent.interpreters."""

    module = ModuleType("concurrent.interpreters", "A stand-in: a component has one interpreter.")
    module.__dict__.update(
        InterpreterError=InterpreterError, ExecutionFailed=ExecutionFailed, create=refuse, create_queue=refuse
    )
    return module


def _multiprocessing() -> ModuleType:
    """`multiprocessing.synchronize` can be imported with it, as ASGI servers do for their types."""

    class SemLock:
        """A lock that processes share."""

        SEM_VALUE_MAX = 2**31 - 1

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise OSError("locks between processes cannot be made in a component, which is a single process")

    module = ModuleType("_multiprocessing", "A stand-in: a component is a single process.")
    module.__dict__.update(SemLock=SemLock, sem_unlink=lambda name: None)
    return module
