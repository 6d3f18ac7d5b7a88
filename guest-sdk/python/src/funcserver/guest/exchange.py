"""One outgoing request of `wasi:http` with its response. Nothing here waits: what is not there yet is None."""

from collections.abc import Callable
from typing import NamedTuple

from componentize_py_types import Err
from wit_world.imports import outgoing_handler, types
from wit_world.imports.poll import Pollable
from wit_world.imports.streams import InputStream, OutputStream, StreamError_Closed
from wit_world.imports.types import (
    FutureIncomingResponse,
    IncomingBody,
    IncomingResponse,
    Method,
    OutgoingBody,
    OutgoingRequest,
    RequestOptions,
)

from funcserver.guest import call_errors
from funcserver.guest.call_errors import CallFailed
from funcserver.guest.http import PIECE, Headers, count_written, fields_of, write_some

NANOSECONDS = 1_000_000_000
LONGEST_TIMEOUT = 86_400.0
MARGIN = 0.1

# False while the component is made: there is no host then, and a call of it would end the build without a sentence.
_host_is_there = False


def host_is_there() -> None:
    """An instance has begun."""
    global _host_is_there
    _host_is_there = True


def is_host_there() -> bool:
    return _host_is_there


class Target(NamedTuple):
    """The server of a connection. The host connects to it, and does TLS if the scheme is `https`."""

    scheme: str
    authority: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class Head(NamedTuple):
    """What a client says of a request before its body."""

    method: str
    path: str
    headers: Headers


class Exchange:
    """The host has the request as soon as this is made."""

    def __init__(self, target: Target, head: Head, connect_timeout: float | None) -> None:
        if not _host_is_there:
            raise CallFailed(call_errors.at_build(target), connecting=True)
        self.target = target
        self._response: IncomingResponse | None = None
        self._incoming: IncomingBody | None = None
        self._read: InputStream | None = None
        self._write: OutputStream | None = None
        self._future: FutureIncomingResponse | None = None
        request = request_of(target, head)
        self._body: OutgoingBody | None = request.body()
        try:
            self._future = outgoing_handler.handle(request, options_of(connect_timeout))
        except Err as error:
            self.close()
            raise call_errors.of(error.value, target) from None

    def write_some(self, piece: bytes) -> int:
        """Writes what the host takes now, and returns how much. If it takes no more at all, the rest is dropped: the
        response, or the error in its place, says why."""
        if self._body is None:
            return len(piece)
        if self._write is None:
            self._write = self._body.write()
        try:
            taken = write_some(self._write, piece, 0)
        except Err:
            self._drop_body()
            return len(piece)
        count_written(taken)
        return taken

    def finish(self) -> None:
        """The end of the request's body."""
        body, self._body = self._body, None
        if body is None:
            return
        self._drop_write()
        try:
            OutgoingBody.finish(body, None)
        except Err as error:
            raise call_errors.of(error.value, self.target) from None

    def writable(self) -> Pollable | None:
        """Ready when `write_some` is to be tried again."""
        return self._write.subscribe() if self._write is not None else None

    def head(self) -> tuple[int, Headers] | None:
        """Status and headers of the response, once."""
        if self._future is None:
            return None
        result = self._future.get()
        if result is None:
            return None
        self._future.__exit__(None, None, None)
        self._future = None
        answer = result.value
        if isinstance(answer, Err):
            raise call_errors.of(answer.value, self.target)
        self._response = response = answer.value
        with response.headers() as fields:
            headers = fields.entries()
        self._incoming = response.consume()
        self._read = self._incoming.stream()
        return response.status(), headers

    def read(self, size: int) -> bytes | None:
        """The piece of the response's body that is there. Empty at the end, None if the next is still to come."""
        assert self._read is not None, "the head comes first"
        try:
            return self._read.read(min(size, PIECE)) or None
        except Err as error:
            if isinstance(error.value, StreamError_Closed):
                return b""
            with error.value.value as reason:
                code = types.http_error_code(reason)
            raise call_errors.of_body(code, self.target) from None

    def readable(self) -> Pollable:
        """Ready when `head` or `read` is to be tried again."""
        waited = self._future or self._read
        assert waited is not None
        return waited.subscribe()

    def close(self) -> None:
        """Gives the host its handles back, children first, as it wants. No pollable of this may be in use."""
        self._drop_write()
        self._drop_body()
        for held in (self._read, self._incoming, self._response, self._future):
            if held is not None:
                held.__exit__(None, None, None)
        self._read = self._incoming = self._response = self._future = None

    def _drop_write(self) -> None:
        if self._write is not None:
            self._write.__exit__(None, None, None)
            self._write = None

    def _drop_body(self) -> None:
        self._drop_write()
        if self._body is not None:
            self._body.__exit__(None, None, None)
            self._body = None


def request_of(target: Target, head: Head) -> OutgoingRequest:
    request = OutgoingRequest(fields_of(head.headers, "request"))
    setters: list[tuple[Callable[..., None], object]] = [
        (request.set_method, method_of(head.method)),
        (request.set_scheme, types.Scheme_Https() if target.scheme == "https" else types.Scheme_Http()),
        (request.set_authority, target.authority),
        (request.set_path_with_query, head.path),
    ]
    for setter, value in setters:
        try:
            setter(value)
        except Err:
            raise CallFailed(
                OSError(f"the request {head.method} {target}{head.path} cannot be sent: it is malformed"),
                connecting=False,
            ) from None
    return request


def method_of(name: str) -> Method:
    case = getattr(types, f"Method_{name.capitalize()}", None) if name.isupper() else None
    return case() if case is not None and name != "OTHER" else types.Method_Other(name)


def options_of(connect_timeout: float | None) -> RequestOptions | None:
    """The other timeouts are the caller's own: it waits no longer than it wants.

    Its limit for a response is often the same as that for connecting, and counts from the same moment here. The host
    has a little less time, so that its error comes first, which tells them apart.
    """
    if connect_timeout is None:
        return None
    options = RequestOptions()
    seconds = min(connect_timeout, LONGEST_TIMEOUT)
    options.set_connect_timeout(max(1, int((seconds - min(MARGIN, seconds / 10)) * NANOSECONDS)))
    return options
