"""The app's output, as records that the host understands: a line of JSON keeps its level and its fields."""

import json
import logging
import sys
import traceback
from types import TracebackType
from typing import Any

from funcserver.guest import absent

# The host cuts lines of 32 KiB. JSON may double the length of a traceback.
LONGEST = 12_000

# Attributes that every record has; others are what the app gave as `extra`.
OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
WRITTEN = "_funcserver_written"


def install() -> None:
    """Handlers that write to standard output or error write records; what no handler writes is written too."""
    for stream in (sys.stdout, sys.stderr):
        # A line that waits in a buffer would be logged with a later request, or never.
        stream.reconfigure(line_buffering=True)
    logging.StreamHandler.emit = _emit
    logging.basicConfig = _basic_config
    logging.getLogger().addHandler(_fallback)


def failure(error: BaseException, doing: str) -> None:
    """Writes one record of an exception that the app did not handle."""
    name = type(error).__qualname__
    _explain(error)
    summary = _summary(error)
    trace = "".join(traceback.format_exception(type(error), error, _of_app(error.__traceback__)))
    _write(sys.stderr, {"level": "ERROR", "message": _shortened(f"{doing} failed: {summary}\n{trace}"), "error": name})


def warning(message: str) -> None:
    _write(sys.stderr, {"level": "WARN", "message": message})


def _explain(error: BaseException | None) -> None:
    """Adds to an error, and to those that led to it, what the app can do instead of what a component lacks."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        note = absent.explain(error)
        if note is not None and note not in getattr(error, "__notes__", ()):
            error.add_note(note)
        error = error.__cause__ or error.__context__


def _summary(error: BaseException) -> str:
    """The exception's own line, without its notes."""
    described = traceback.TracebackException.from_exception(error)
    described.__notes__ = None
    return list(described.format_exception_only())[-1].strip()


def _of_app(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is the app's or a library's. The whole one if none is."""
    rest = trace
    while rest is not None and rest.tb_frame.f_globals.get("__name__", "").startswith(("funcserver.", "asyncio.")):
        rest = rest.tb_next
    return rest or trace


_own_emit = logging.StreamHandler.emit
_own_basic_config = logging.basicConfig


def _emit(self: logging.StreamHandler, record: logging.LogRecord) -> None:
    stream = self.stream
    # By equality, because frameworks have proxies for these streams.
    if not (stream == sys.stderr or stream == sys.stdout):
        _own_emit(self, record)
        return
    try:
        if record.exc_info:
            _explain(record.exc_info[1])
        _write(stream, _fields(record, self.format(record)))
        setattr(record, WRITTEN, True)
    except RecursionError:
        raise
    except Exception:
        self.handleError(record)


def _fields(record: logging.LogRecord, message: str) -> dict[str, Any] | str:
    if message.startswith("{") and message.endswith("}"):
        # A formatter for JSON has done it.
        return message
    fields = {"level": record.levelname, "message": _shortened(message), "logger": record.name}
    for name, value in vars(record).items():
        if name not in OWN_ATTRIBUTES and name not in fields and name != WRITTEN:
            fields[name] = value
    return fields


def _write(stream: Any, fields: dict[str, Any] | str) -> None:
    line = fields if isinstance(fields, str) else json.dumps(fields, default=str, ensure_ascii=False)
    stream.write(line + "\n")
    stream.flush()


def _shortened(message: str) -> str:
    """A long message without its middle: a traceback begins with the app and ends with the error."""
    if len(message) <= LONGEST:
        return message
    return f"{message[: LONGEST // 2]}\n… {len(message) - LONGEST} characters …\n{message[-LONGEST // 2 :]}"


class _Fallback(logging.StreamHandler):
    """Stands at the root. As Python without a configuration does, it writes what no other handler is there to write.

    Where the app has handlers, it still writes errors that none of them wrote: nobody can fix a 500 without its cause.
    """

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, WRITTEN) or self._is_followed():
            return
        if self._has_others(record) and record.levelno < logging.ERROR:
            return
        # The streams of now, which the app may have replaced.
        self.stream = sys.stderr
        super().emit(record)

    def _is_followed(self) -> bool:
        """Whether the root has another handler that writes, to which the record comes after this one."""
        handlers = logging.getLogger().handlers
        return any(handler is not self and isinstance(handler, logging.StreamHandler) for handler in handlers)

    def _has_others(self, record: logging.LogRecord) -> bool:
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return True
            logger = logger.parent if logger.propagate else None
        return False


_fallback = _Fallback()


def _basic_config(**settings: Any) -> None:
    """As in logging, for which a root with a handler would be one that is configured."""
    root = logging.getLogger()
    if root.handlers == [_fallback]:
        root.removeHandler(_fallback)
        _own_basic_config(**settings)
        root.addHandler(_fallback)
    else:
        _own_basic_config(**settings)
