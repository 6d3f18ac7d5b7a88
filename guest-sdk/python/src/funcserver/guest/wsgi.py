"""Answers requests with a WSGI app (PEP 3333)."""

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from types import TracebackType
from typing import Any
from urllib.parse import unquote_to_bytes

from funcserver.guest.context import Context
from funcserver.guest.http import HOP_BY_HOP, PIECE, Answer, Headers, Request, RequestBody

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType]

# Methods whose requests seldom have a body, and need not state its length.
BODILESS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


class FileWrapper:
    """`wsgi.file_wrapper`. Reads as much at once as the host takes, whatever size is asked for."""

    def __init__(self, file: Any, block_size: int = PIECE) -> None:
        self._file = file
        self.close = getattr(file, "close", lambda: None)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = self._file.read(PIECE)
        if not block:
            raise StopIteration
        return block


SERVER = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_SOFTWARE": "funcserver",
    "GATEWAY_INTERFACE": "CGI/1.1",
    "REMOTE_ADDR": "",
    "wsgi.version": (1, 0),
    "wsgi.multithread": False,
    # Other instances serve the same app.
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    # The input ends by itself, so an app may read it without a length.
    "wsgi.input_terminated": True,
    "wsgi.file_wrapper": FileWrapper,
}


def answer(app: App, request: Request, reply: Answer) -> None:
    """Each request has its own contextvars: what one sets, the next of the instance does not see."""
    copy_context().run(_answer, app, request, reply)


def _answer(app: App, request: Request, reply: Answer) -> None:
    response = _Response(reply, request.method == "HEAD")
    result = app(environ_of(request), response.start)
    try:
        for piece in result:
            if piece:
                response.write(piece)
        response.finish()
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


class _Response:
    """What an app has said of its answer. The head is sent with the first piece of the body, not before."""

    __slots__ = ("_reply", "_head_only", "_status", "_headers")

    def __init__(self, reply: Answer, head_only: bool) -> None:
        self._reply = reply
        self._head_only = head_only
        self._status: int | None = None
        self._headers: Headers = []

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """`start_response`."""
        if exc_info is not None:
            try:
                if self._reply.started:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                # Otherwise the traceback and this frame refer to each other.
                exc_info = None
        elif self._status is not None:
            raise RuntimeError("the app called start_response twice without exc_info")
        self._status = _code(status)
        self._headers = [
            (lower, value.encode("latin-1")) for name, value in headers if (lower := name.lower()) not in HOP_BY_HOP
        ]
        return self.write

    def write(self, piece: bytes) -> None:
        if not self._reply.started:
            self._start()
        if type(piece) is not bytes:
            raise TypeError(f"the app's body has a piece of type `{type(piece).__name__}`: pieces must be bytes")
        self._reply.write(piece)

    def finish(self) -> None:
        if not self._reply.started:
            self._start()
        self._reply.finish()

    def _start(self) -> None:
        if self._status is None:
            raise RuntimeError("the app returned a body and did not call start_response")
        self._reply.start(self._status, self._headers, self._head_only)


def _code(status: str) -> int:
    try:
        return int(status[:3])
    except (TypeError, ValueError):
        raise ValueError(f"the app's status is {status!r}: it must begin with three digits, as `200 OK` does") from None


def environ_of(request: Request) -> dict[str, Any]:
    environ: dict[str, Any] = SERVER.copy()
    path, query = request.path, request.query
    environ["REQUEST_METHOD"] = request.method
    environ["PATH_INFO"] = path if "%" not in path and path.isascii() else unquote_to_bytes(path).decode("latin-1")
    environ["QUERY_STRING"] = query
    environ["RAW_URI"] = environ["REQUEST_URI"] = f"{path}?{query}" if query else path
    environ["SERVER_NAME"], environ["SERVER_PORT"] = request.server
    environ["wsgi.url_scheme"] = request.scheme
    environ["wsgi.errors"] = sys.stderr
    _add_headers(environ, request.headers)
    client = environ.get("HTTP_X_FUNCSERVER_CLIENT")
    if client is not None:
        environ["REMOTE_ADDR"] = client
    context = environ.get("HTTP_X_AMZN_LAMBDA_CONTEXT")
    if context is not None:
        environ["aws.context"] = Context(context.encode("latin-1"))
    if "CONTENT_LENGTH" in environ or request.method in BODILESS:
        environ["wsgi.input"] = Input(request.body)
    else:
        # Django and others take a missing length for an empty body, so one that the client has not stated is counted.
        whole = read_all(request.body)
        environ["CONTENT_LENGTH"] = str(len(whole))
        environ["wsgi.input"] = io.BytesIO(whole)
    return environ


def _add_headers(environ: dict[str, Any], headers: Headers) -> None:
    for name, raw in headers:
        if "_" in name:
            # In the environ it could not be told from the name with hyphens, which a proxy may have set.
            continue
        value = raw.decode("latin-1")
        key = name.upper().replace("-", "_")
        if key != "CONTENT_TYPE" and key != "CONTENT_LENGTH":
            key = f"HTTP_{key}"
        earlier = environ.get(key)
        if earlier is not None:
            value = f"{earlier}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value


class Input:
    """`wsgi.input`: reads nothing before the app does."""

    __slots__ = ("_body", "_reader")

    def __init__(self, body: RequestBody) -> None:
        self._body = body
        self._reader: io.BufferedReader | None = None

    def read(self, size: int | None = -1) -> bytes:
        if self._reader is None and (size is None or size < 0):
            return read_all(self._body)
        return self._open().read(size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._open().readline(size)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return self._open().readlines(hint)

    def readinto(self, buffer: Any) -> int:
        return self._open().readinto(buffer)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._open())

    def _open(self) -> io.BufferedReader:
        if self._reader is None:
            self._reader = io.BufferedReader(_RawInput(self._body), PIECE)
        return self._reader


class _RawInput(io.RawIOBase):
    def __init__(self, body: RequestBody) -> None:
        self._body = body
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._rest or self._body.read()
        size = min(len(piece), len(buffer))
        if size == len(piece):
            buffer[:size] = piece
            self._rest = b""
        else:
            buffer[:size] = piece[:size]
            self._rest = piece[size:]
        return size

    def readall(self) -> bytes:
        rest, self._rest = self._rest, b""
        return rest + read_all(self._body)


def read_all(body: RequestBody) -> bytes:
    pieces = []
    while piece := body.read():
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
