"""A connection of HTTP/1.1 whose other end is the host.

HTTP libraries write requests and read responses as bytes, and do the rest on top of that: redirects, cookies,
decompression, pools, exceptions. So they all work unchanged on something that takes a request's bytes, and hands out a
response's. The host's own connections are others: a library's connection here costs nothing, and never goes stale.
"""

import time
from collections.abc import Callable
from http import HTTPStatus

from wit_world.imports.poll import Pollable

from funcserver.guest.call_errors import CallFailed
from funcserver.guest.exchange import Exchange, Head, Target
from funcserver.guest.http import HOP_BY_HOP, PIECE, PORTS, Headers

PHRASES = {int(status): status.phrase.encode() for status in HTTPStatus}
END_OF_HEAD = b"\r\n\r\n"
# Longer than any head that a server takes.
LONGEST_HEAD = 1_048_576
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# The host sets the first, and the last is answered here.
NOT_SENT = HOP_BY_HOP | {"host", "expect"}
PROXY = (
    "a proxy cannot be used in a component, because the host opens the connections: unset HTTP_PROXY, HTTPS_PROXY and"
    " ALL_PROXY, and the library's own setting"
)


def proxy_refused() -> CallFailed:
    return CallFailed(OSError(PROXY), connecting=True)


def authority_of(scheme: str, host: str, port: int) -> str:
    """`example.com` or `example.com:8080`, in ASCII."""
    if not host.isascii():
        host = host.encode("idna").decode()
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return host if str(port) == PORTS[scheme] else f"{host}:{port}"


class Wire:
    """Takes requests one after the other. Nothing waits: callers wait with `writable` and `readable`.

    What fails raises CallFailed.
    """

    def __init__(self, host: str, port: int, scheme: str = "http", connect_timeout: float | None = None) -> None:
        self.host = host
        self.port = port
        self.scheme = scheme
        self.connect_timeout = connect_timeout
        self.is_closed = False
        self._begun = 0.0
        self._exchange: Exchange | None = None
        # One whose response is received, but the host has not said yet that it is at its end.
        self._ending: Exchange | None = None
        self._request = _Request(self._begin)
        self._to_send = memoryview(b"")
        self._received = bytearray()
        # How the end of the response's body is told. None before the response's head.
        self._framing: str | None = None
        # Bytes of a response's body to come, if the head says so.
        self._left = 0
        self._is_head = False

    @property
    def target(self) -> Target:
        return Target(self.scheme, authority_of(self.scheme, self.host, self.port))

    def send(self, data: bytes) -> bool:
        """Takes the bytes. False if some are still to be written: wait for `writable`, and send no bytes."""
        try:
            if data:
                rest = self._to_send
                self._to_send = memoryview(rest.tobytes() + data if rest else bytes(data))
            while self._to_send:
                if not self._send_on():
                    return False
        except BaseException:
            self.close()
            raise
        return True

    def writable(self) -> Pollable | None:
        return self._exchange.writable() if self._exchange is not None and self._to_send else None

    def receive(self, size: int) -> bytes | None:
        """Bytes of the response. None if they are still to come. Empty at the end, or if there was no request."""
        try:
            if not self._received and not self._receive_on(size):
                return None
        except BaseException:
            self.close()
            raise
        piece = bytes(self._received[:size])
        del self._received[:size]
        return piece

    def readable(self) -> Pollable | None:
        """None if nothing can come, because no request is under way."""
        return self._exchange.readable() if self._exchange is not None else None

    def is_idle(self) -> bool:
        """Whether no response is under way."""
        return self._exchange is None and not self._received

    def connect_deadline(self) -> float | None:
        """Until when the host may connect, if there is a limit and no response yet."""
        if self.connect_timeout is None or self._exchange is None or self._framing is not None:
            return None
        return self._begun + self.connect_timeout

    def is_waiting(self) -> bool:
        """Whether only the host knows if there is something to receive."""
        return self._exchange is not None and not self._received

    def close(self) -> None:
        self.is_closed = True
        self._to_send = memoryview(b"")
        self._close_exchange()

    def __del__(self) -> None:
        self._close_exchange()

    def _send_on(self) -> bool:
        """Takes a step with what is to be sent. False if the host takes no more now."""
        request = self._request
        if request.left:
            piece = self._to_send[: min(request.left, PIECE)]
            taken = self._exchange.write_some(piece.tobytes()) if self._exchange is not None else len(piece)
            if not taken:
                return False
            request.left -= taken
        else:
            taken = request.take(self._to_send[:PIECE].tobytes())
        self._to_send = self._to_send[taken:]
        if request.is_complete():
            request.reset()
            if self._exchange is not None:
                self._exchange.finish()
        return True

    def _begin(self, head: Head, host: str, expects: bool) -> None:
        self._close_exchange()
        if self.is_closed:
            raise CallFailed(ConnectionResetError("the connection is closed"), connecting=False)
        target = self.target
        if host and not is_same(host, target):
            raise CallFailed(
                OSError(
                    f"the request to {target} has the header `host: {host}`: in a component the host sets this header,"
                    " to the server that it connects to"
                ),
                connecting=False,
            )
        self._is_head = head.method == "HEAD"
        self._framing = None
        self._begun = time.monotonic()
        self._exchange = Exchange(target, head, self.connect_timeout)
        # The host hands out nothing that comes before the response.
        self._received[:] = CONTINUE if expects else b""

    def _receive_on(self, size: int) -> bool:
        """Puts more into `_received`, or nothing at the end. False if it is still to come."""
        exchange = self._exchange
        if exchange is None:
            return True
        if self._framing is None:
            return self._receive_head(exchange)
        piece = self._read(exchange, size)
        if piece is None:
            return False
        if self._framing == "chunked":
            self._received += b"%x\r\n%b\r\n" % (len(piece), piece) if piece or not self.is_closed else b""
        else:
            self._received += piece
        if not piece:
            self._close_exchange()
        return True

    def _receive_head(self, exchange: Exchange) -> bool:
        try:
            head = exchange.head()
        except CallFailed as failure:
            self._end_early(failure)
            return True
        if head is not None:
            self._take_head(*head)
        return head is not None

    def _end_early(self, failure: CallFailed) -> None:
        """A client that gets less than it waits for says so in its own way. Other failures are raised."""
        if not isinstance(failure.error, ConnectionResetError):
            raise failure
        self.close()

    def _read(self, exchange: Exchange, size: int) -> bytes | None:
        try:
            piece = exchange.read(PIECE if self._framing == "chunked" else size)
            if piece and self._framing == "sized":
                self._left -= len(piece)
                if not self._left:
                    # A client that counts does not read on to the end, where the host gets its connection back.
                    self._exchange, self._ending = None, exchange
                    if self._end(exchange):
                        self._close_exchange()
            return piece
        except CallFailed as failure:
            self._end_early(failure)
            return b""

    def _take_head(self, status: int, headers: Headers) -> None:
        lines = [b"HTTP/1.1 %d %b" % (status, PHRASES.get(status, b""))]
        length = None
        for name, value in headers:
            lower = name.lower()
            if lower not in HOP_BY_HOP:
                lines.append(b"%b: %b" % (name.encode("latin-1"), value))
                if lower == "content-length":
                    length = int(value)
        if self._is_head or status in (204, 304):
            self._framing = "none"
        elif length is not None:
            self._framing, self._left = "sized", length
        elif self._request.version == "HTTP/1.0":
            self._framing = "closed"
            lines.append(b"connection: close")
        else:
            self._framing = "chunked"
            lines.append(b"transfer-encoding: chunked")
        self._received += b"\r\n".join(lines) + END_OF_HEAD
        if self._framing == "none" or length == 0:
            self._close_exchange()

    def _end(self, exchange: Exchange) -> bool:
        """Whether the host has handed out the end of a response of which all is received."""
        try:
            return exchange.read(1) is not None
        except CallFailed:
            return True

    def _close_exchange(self) -> None:
        if self._ending is not None:
            self._end(self._ending)
            self._ending.close()
            self._ending = None
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close()


class _Request:
    """Follows the bytes of requests: heads, and where bodies end."""

    def __init__(self, begin: Callable[[Head, str, bool], None]) -> None:
        self.version = "HTTP/1.1"
        self._begin = begin
        self.reset()

    def reset(self) -> None:
        self._part = b""
        self._state = "head"
        self.left = 0
        """Bytes of the body to come before anything else."""

    def is_complete(self) -> bool:
        return self._state == "end" and not self.left

    def take(self, data: bytes) -> int:
        """Takes what is not the body itself, up to the end of a head or of a line. Returns how much it took."""
        before = len(self._part)
        joined = self._part + data
        text, end, _ = joined.partition(END_OF_HEAD if self._state == "head" else b"\r\n")
        if not end:
            if len(joined) > LONGEST_HEAD:
                raise CallFailed(OSError("the request's head is too long"), connecting=False)
            self._part = joined
            return len(data)
        self._part = b""
        if self._state == "head":
            self._take_head(text)
        elif self._state == "size":
            self.left = int(text.partition(b";")[0], 16)
            self._state = "after" if self.left else "trailers"
        elif self._state == "after":
            self._state = "size"
        elif not text:
            # The line after the last trailer. The trailers themselves are not sent.
            self._state = "end"
        return len(text) + len(end) - before

    def _take_head(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, self.version = first.split(" ", 2)
        if method == "CONNECT" or (path[:1] != "/" and "://" in path):
            raise proxy_refused()
        headers: Headers = []
        expects = chunked = False
        host, length = "", 0
        for line in lines:
            name, _, value = line.partition(":")
            lower, value = name.strip().lower(), value.strip(" \t")
            if lower == "transfer-encoding":
                chunked = value.lower() == "chunked"
            elif lower == "content-length":
                length = int(value)
            elif lower == "host":
                host = value
            elif lower == "expect":
                expects = value.lower() == "100-continue"
            if lower not in NOT_SENT:
                headers.append((lower, value.encode("latin-1")))
        self._begin(Head(method, path, headers), host, expects)
        self.left = 0 if chunked else length
        self._state = "size" if chunked else "end"


def is_same(host: str, target: Target) -> bool:
    """Whether a header `host` names that server."""
    default = ":" + PORTS[target.scheme]
    names = [name.lower().removesuffix(default).removesuffix(".") for name in (host, target.authority)]
    return names[0] == names[1]
