"""Requests and answers of `wasi:http`, as both adapters use them."""

from componentize_py_types import Err, Ok
from wit_world.imports.streams import InputStream, OutputStream, StreamError_Closed
from wit_world.imports.types import (
    Fields,
    HeaderError_Forbidden,
    IncomingBody,
    IncomingRequest,
    Method,
    Method_Other,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
    Scheme,
    Scheme_Other,
)

# The most that the host hands out in one read, and takes in one write.
PIECE = 65_536
# The most that `blocking-write-and-flush` takes.
SMALL = 4_096

HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
PORTS = {"http": "80", "https": "443"}

# componentize-py 0.25.1 never frees what a handler has written. An instance that wrote this much is not used again.
MOST_WRITTEN = 32 * 1024 * 1024

Headers = list[tuple[str, bytes]]

_written = 0
# Bodies that are left open on purpose: dropping one would break it off.
_open: list[OutgoingBody] = []


class Request:
    """The head of a request. `headers` are in the order of arrival, with names in lower case."""

    __slots__ = ("method", "path", "query", "scheme", "authority", "headers", "body")

    def __init__(self, incoming: IncomingRequest) -> None:
        self.method = _method(incoming.method())
        self.path, _, self.query = (incoming.path_with_query() or "/").partition("?")
        self.scheme = _scheme(incoming.scheme())
        self.authority = incoming.authority() or ""
        self.headers: Headers = incoming.headers().entries()
        self.body = RequestBody(incoming)

    @property
    def server(self) -> tuple[str, str]:
        """The server's name and port, as the client wrote them or as the scheme implies."""
        name, colon, port = self.authority.rpartition(":")
        if colon and port.isdecimal():
            return name, port
        return self.authority.removesuffix(":") or "localhost", PORTS.get(self.scheme, "80")


class RequestBody:
    """The body of a request. It costs no call of the host until it is read."""

    __slots__ = ("_incoming", "_body", "_stream", "ended")

    def __init__(self, incoming: IncomingRequest) -> None:
        self._incoming = incoming
        self._body: IncomingBody | None = None
        self._stream: InputStream | None = None
        self.ended = False

    def read(self) -> bytes:
        """The next piece. Waits for it; empty at the end. Raises OSError if the body breaks off."""
        if self.ended:
            return b""
        stream = self._stream or self.open()
        try:
            return stream.blocking_read(PIECE)
        except Err as error:
            return self._end(error)

    def read_available(self) -> bytes | None:
        """The piece that is there now, or None if the next is still to come; otherwise as `read`."""
        if self.ended:
            return b""
        stream = self._stream or self.open()
        try:
            return stream.read(PIECE) or None
        except Err as error:
            return self._end(error)

    def open(self) -> InputStream:
        if self._stream is None:
            self._body = self._incoming.consume()
            self._stream = self._body.stream()
        return self._stream

    def close(self) -> None:
        """Gives the host its handles back, which an instance that serves many requests would run out of."""
        self.ended = True
        if self._stream is not None:
            self._stream.__exit__(None, None, None)
            self._stream = None
        if self._body is not None:
            self._body.__exit__(None, None, None)
            self._body = None

    def _end(self, error: Err) -> bytes:
        self.close()
        if isinstance(error.value, StreamError_Closed):
            return b""
        raise OSError("the request's body broke off before its end") from error


class Answer:
    """The answer to one request: its head, then the pieces of its body, then its end.

    An answer that is dropped before its end is broken off, and the client gets an error.
    """

    __slots__ = ("_out", "_body", "_stream", "_bodiless", "started", "finished")

    def __init__(self, out: ResponseOutparam) -> None:
        self._out = out
        self._body: OutgoingBody | None = None
        self._stream: OutputStream | None = None
        self._bodiless = False
        self.started = False
        self.finished = False

    def start(self, status: int, headers: Headers, head_only: bool = False) -> None:
        """Sends status and headers. Names are in lower case. `head_only` says that the request was HEAD."""
        outgoing = OutgoingResponse(fields_of(headers, "answer"))
        if status != 200:
            try:
                outgoing.set_status_code(status)
            except Err as error:
                raise ValueError(f"the answer's status is {status}: it must be from 200 to 599") from error
        self._body = outgoing.body()
        ResponseOutparam.set(self._out, Ok(outgoing))
        self.started = True
        self._bodiless = head_only or status == 204 or status == 304

    def write(self, piece: bytes) -> None:
        """Writes a piece of the body, and waits until the host has taken it."""
        if self._bodiless or not piece:
            return
        count_written(len(piece))
        stream = self._stream or self.open()
        try:
            if len(piece) <= SMALL:
                stream.blocking_write_and_flush(piece)
                return
            taken = 0
            while taken < len(piece):
                taken = write_some(stream, piece, taken) or _wait(stream, taken)
            stream.blocking_flush()
        except Err as error:
            raise _broken(error) from error

    def write_some(self, piece: bytes, taken: int) -> int:
        """Writes of a piece, of which `taken` bytes are written, what the host takes now. Returns the new `taken`."""
        if self._bodiless:
            return len(piece)
        if not taken:
            count_written(len(piece))
        try:
            return write_some(self._stream or self.open(), piece, taken) or taken
        except Err as error:
            raise _broken(error) from error

    def flush(self) -> None:
        if self._stream is not None:
            try:
                self._stream.flush()
            except Err as error:
                raise _broken(error) from error

    def open(self) -> OutputStream:
        if self._stream is None:
            assert self._body is not None, "the body is written after the head"
            self._stream = self._body.write()
        return self._stream

    def finish(self) -> None:
        """Ends the body. The host sends the answer now, and the handler may go on.

        After too much is written, the body stays open. It is complete when the handler returns, and the host replaces
        the instance.
        """
        self._close_stream()
        body, self._body = self._body, None
        self.finished = True
        if _written > MOST_WRITTEN:
            _open.append(body)
            return
        try:
            OutgoingBody.finish(body, None)
        except Err as error:
            raise OSError("the host refused the answer's body: its length differs from its content-length") from error

    def fail(self) -> None:
        """Ends an answer whose app failed: 500 if nothing is sent yet, otherwise the body breaks off."""
        if self.finished:
            return
        if self.started:
            self._close_stream()
            if self._body is not None:
                self._body.__exit__(None, None, None)
                self._body = None
            return
        self.start(500, [("content-type", b"text/plain; charset=utf-8")])
        self._bodiless = False
        self.write(b"Internal Server Error\n")
        self.finish()

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.__exit__(None, None, None)
            self._stream = None


def count_written(size: int) -> None:
    """Bytes that were handed to the host."""
    global _written
    _written += size


def write_some(stream: OutputStream, piece: bytes, taken: int) -> int:
    """Writes what the host takes without waiting. Returns how much of the piece is written, 0 if nothing was."""
    permitted = stream.check_write()
    if not permitted:
        return 0
    if taken == 0 and len(piece) <= permitted:
        stream.write(piece)
        return len(piece)
    stream.write(piece[taken : taken + permitted])
    return min(taken + permitted, len(piece))


def _wait(stream: OutputStream, taken: int) -> int:
    with stream.subscribe() as ready:
        ready.block()
    return taken


def _broken(error: Err) -> OSError:
    broken = OSError("the answer cannot be written: its receiver is gone, or the body exceeds its content-length")
    broken.__cause__ = error
    return broken


def fields_of(headers: Headers, of: str) -> Fields:
    try:
        return Fields.from_list(headers)
    except Err:
        pass
    # Found one by one only now, because each append is a call of the host.
    fields = Fields()
    for name, value in headers:
        try:
            fields.append(name, value)
        except Err as error:
            if isinstance(error.value, HeaderError_Forbidden):
                continue
            raise ValueError(f"the {of}'s header {name!r} cannot be sent: {value!r}") from error
    return fields


def _method(method: Method) -> str:
    return method.value if isinstance(method, Method_Other) else _case(type(method)).upper()


def _scheme(scheme: Scheme | None) -> str:
    if scheme is None:
        return "https"
    return scheme.value if isinstance(scheme, Scheme_Other) else _case(type(scheme)).lower()


_cases: dict[type, str] = {}


def _case(case: type) -> str:
    """`Get` of `Method_Get`: each case of a variant has a class."""
    name = _cases.get(case)
    if name is None:
        name = _cases[case] = case.__name__.rpartition("_")[2]
    return name
