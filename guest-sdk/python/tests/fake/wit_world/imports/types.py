"""wasi:http/types."""

import re
from dataclasses import dataclass
from typing import Any

from componentize_py_types import Err, Ok

from wit_world.imports.streams import InputStream, OutputStream

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
FORBIDDEN = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "host", "http2-settings"}


@dataclass
class HeaderError_InvalidSyntax:
    pass


@dataclass
class HeaderError_Forbidden:
    pass


class Method:
    pass


class Method_Other(Method):
    def __init__(self, value: str) -> None:
        self.value = value


class Method_Get(Method):
    pass


class Method_Head(Method):
    pass


class Method_Post(Method):
    pass


class Scheme:
    pass


class Scheme_Http(Scheme):
    pass


class Scheme_Https(Scheme):
    pass


class Scheme_Other(Scheme):
    def __init__(self, value: str) -> None:
        self.value = value


class Fields:
    def __init__(self) -> None:
        self.list: list[tuple[str, bytes]] = []

    @classmethod
    def from_list(cls, entries: list[tuple[str, bytes]]) -> "Fields":
        fields = cls()
        for name, value in entries:
            fields.append(name, value)
        return fields

    def append(self, name: str, value: bytes) -> None:
        assert type(name) is str and type(value) is bytes
        if name.lower() in FORBIDDEN:
            raise Err(HeaderError_Forbidden())
        if not TOKEN.fullmatch(name) or b"\n" in value or b"\r" in value:
            raise Err(HeaderError_InvalidSyntax())
        self.list.append((name, value))

    def entries(self) -> list[tuple[str, bytes]]:
        return list(self.list)


class IncomingBody:
    def __init__(self, stream: InputStream) -> None:
        self._stream = stream

    def stream(self) -> InputStream:
        return self._stream

    def __exit__(self, *error: object) -> None:
        assert self._stream.dropped, "a body that is dropped before its stream traps"


class IncomingRequest:
    """The request that a test makes. `consumed` says whether its body was asked for."""

    def __init__(
        self,
        method: str = "GET",
        path: str = "/",
        headers: list[tuple[str, bytes]] | None = None,
        body: list[bytes | None | Err] | None = None,
        scheme: Scheme | None = None,
        authority: str | None = "shop.example",
    ) -> None:
        self._method = method
        self._path = path
        self._fields = Fields()
        self._fields.list = headers or []
        self._stream = InputStream(body or [])
        self._scheme = scheme or Scheme_Https()
        self._authority = authority
        self.consumed = False

    def method(self) -> Method:
        known: dict[str, type[Method]] = {"GET": Method_Get, "HEAD": Method_Head, "POST": Method_Post}
        return known[self._method]() if self._method in known else Method_Other(self._method)

    def path_with_query(self) -> str:
        return self._path

    def scheme(self) -> Scheme:
        return self._scheme

    def authority(self) -> str | None:
        return self._authority

    def headers(self) -> Fields:
        return self._fields

    def consume(self) -> IncomingBody:
        assert not self.consumed
        self.consumed = True
        return IncomingBody(self._stream)


class OutgoingBody:
    def __init__(self, response: "OutgoingResponse") -> None:
        self.response = response

    def write(self) -> OutputStream:
        return self.response.stream

    @classmethod
    def finish(cls, body: "OutgoingBody", trailers: Any) -> None:
        body.response.end = "finished"
        stated = dict(body.response.headers).get("content-length")
        written = sum(map(len, body.response.pieces))
        if stated is not None and written and int(stated) != written:
            raise Err("HTTP-response-body-size")

    def __exit__(self, *error: object) -> None:
        assert self.response.end is None
        self.response.end = "broken"


class OutgoingResponse:
    """What the host got. `end` is None while the body is open."""

    # Settings of the next response's stream, for tests.
    stream_settings: dict[str, Any] = {}

    def __init__(self, fields: Fields) -> None:
        self.headers = fields.list
        self.status = 200
        self.pieces: list[bytes] = []
        self.end: str | None = None
        self.stream = OutputStream(self._take, **self.stream_settings)

    def set_status_code(self, status: int) -> None:
        if not 200 <= status < 600:
            raise Err(None)
        self.status = status

    def body(self) -> OutgoingBody:
        return OutgoingBody(self)

    def _take(self, piece: bytes) -> None:
        assert piece, "an empty write is a wasted call"
        self.pieces.append(piece)

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


class ResponseOutparam:
    """Where the answer goes. `response` is None until it is set."""

    def __init__(self) -> None:
        self.response: OutgoingResponse | None = None

    @classmethod
    def set(cls, param: "ResponseOutparam", result: Ok) -> None:
        assert param.response is None, "a response is set once"
        param.response = result.value
