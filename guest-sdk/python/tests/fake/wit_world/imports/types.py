"""wasi:http/types."""

import re
from dataclasses import dataclass
from typing import Any

from componentize_py_types import Err, Ok

from wit_world.imports.poll import Pollable
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
    def __repr__(self) -> str:
        return type(self).__name__


class Method_Other(Method):
    def __init__(self, value: str) -> None:
        self.value = value


class Method_Get(Method):
    pass


class Method_Head(Method):
    pass


class Method_Post(Method):
    pass


class Method_Put(Method):
    pass


class Method_Delete(Method):
    pass


class Method_Options(Method):
    pass


class Method_Patch(Method):
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

    def __enter__(self) -> "Fields":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def entries(self) -> list[tuple[str, bytes]]:
        return list(self.list)


class IncomingBody:
    def __init__(self, stream: InputStream) -> None:
        self._stream = stream
        self.dropped = False

    def stream(self) -> InputStream:
        return self._stream

    def __exit__(self, *error: object) -> None:
        assert self._stream.dropped, "a body that is dropped before its stream traps"
        self.dropped = True


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


class ErrorCode:
    """Why a request failed. Some have a value, which no test wants."""

    value: object = None


def _codes() -> dict[str, type[ErrorCode]]:
    names = """
        DnsTimeout DnsError DestinationNotFound DestinationUnavailable DestinationIpProhibited
        DestinationIpUnroutable ConnectionRefused ConnectionTerminated ConnectionTimeout ConnectionReadTimeout
        ConnectionWriteTimeout ConnectionLimitReached TlsProtocolError TlsCertificateError TlsAlertReceived
        HttpRequestDenied HttpRequestLengthRequired HttpRequestBodySize HttpRequestMethodInvalid
        HttpRequestUriInvalid HttpRequestUriTooLong HttpRequestHeaderSectionSize HttpRequestHeaderSize
        HttpRequestTrailerSectionSize HttpRequestTrailerSize HttpResponseIncomplete
        HttpResponseHeaderSectionSize HttpResponseHeaderSize HttpResponseBodySize
        HttpResponseTrailerSectionSize HttpResponseTrailerSize HttpResponseTransferCoding
        HttpResponseContentCoding HttpResponseTimeout HttpUpgradeFailed HttpProtocolError LoopDetected
        ConfigurationError InternalError
    """
    return {f"ErrorCode_{name}": type(f"ErrorCode_{name}", (ErrorCode,), {}) for name in names.split()}


globals().update(_codes())


def http_error_code(error: Any) -> ErrorCode | None:
    return error.code


class RequestOptions:
    def __init__(self) -> None:
        self.connect_timeout_: int | None = None

    def set_connect_timeout(self, duration: int | None) -> None:
        self.connect_timeout_ = duration


class OutgoingRequest:
    """What the host got. `end` is None while the body is open. It is the response of its body, too."""

    # Settings of the next request's stream, for tests.
    stream_settings: dict[str, Any] = {}
    # Whether the next request is answered before its body is complete.
    early = False

    def __init__(self, fields: Fields) -> None:
        self.headers = fields.list
        self.method_: Method = Method_Get()
        self.scheme_: Scheme | None = None
        self.authority_: str | None = None
        self.path_: str | None = None
        self.pieces: list[bytes] = []
        self.end: str | None = None
        self.stream = OutputStream(self.pieces.append, **self.stream_settings)

    def set_method(self, method: Method) -> None:
        self.method_ = method

    def set_scheme(self, scheme: Scheme) -> None:
        self.scheme_ = scheme

    def set_authority(self, authority: str) -> None:
        if not authority.isascii():
            raise Err(None)
        self.authority_ = authority

    def set_path_with_query(self, path: str) -> None:
        if " " in path or not path.startswith("/"):
            raise Err(None)
        self.path_ = path

    def body(self) -> OutgoingBody:
        return OutgoingBody(self)

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


class IncomingResponse:
    def __init__(self, status: int, headers: list[tuple[str, bytes]], pieces: list[Any]) -> None:
        self._status = status
        self._fields = Fields()
        self._fields.list = headers
        self._body = IncomingBody(InputStream(list(pieces)))
        self.dropped = False

    def status(self) -> int:
        return self._status

    def headers(self) -> Fields:
        return self._fields

    def consume(self) -> IncomingBody:
        return self._body

    def __exit__(self, *error: object) -> None:
        assert self._body.dropped
        self.dropped = True


class FutureIncomingResponse:
    def __init__(self, call: Any) -> None:
        self._call = call
        self._taken = False

    def get(self) -> Ok | Err | None:
        assert not self._taken, "the response is handed out once"
        result = self._call.result()
        if result is None:
            return None
        self._taken = True
        return Ok(Err(result) if isinstance(result, ErrorCode) else Ok(result))

    def subscribe(self) -> Pollable:
        return Pollable(self._call.when())

    def __exit__(self, *error: object) -> None:
        pass
