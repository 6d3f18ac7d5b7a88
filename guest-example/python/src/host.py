"""Reads requests from the host, and sends responses to it."""

from functools import cache, cached_property

from componentize_py_types import Err, Ok
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.types import (
    Fields,
    IncomingRequest,
    Method,
    Method_Other,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
    Scheme,
    Scheme_Other,
)

from web import Headers, Request, Response

# The most that one call may read, and the most that `blocking-write-and-flush` takes.
READ_SIZE = 65_536
WRITE_SIZE = 4_096


class Incoming(Request):
    """A request from the host. Each part costs one call of the host, made on first use."""

    def __init__(self, request: IncomingRequest) -> None:
        self.request = request

    @cached_property
    def method(self) -> str:
        return method_name(self.request.method())

    @cached_property
    def path_with_query(self) -> str:
        return self.request.path_with_query() or "/"

    @cached_property
    def scheme(self) -> str | None:
        scheme = self.request.scheme()
        return scheme and scheme_name(scheme)

    @cached_property
    def authority(self) -> str | None:
        return self.request.authority()

    @cached_property
    def headers(self) -> Headers:
        return self.request.headers().entries()

    @cached_property
    def body(self) -> bytes:
        """Raises `Err` if it breaks off."""
        return read_body(self.request)


def send(response: Response, out: ResponseOutparam) -> None:
    """First status and headers, then the body. The host sets its length."""
    outgoing = OutgoingResponse(Fields.from_list(response.headers))
    if response.status != 200:
        outgoing.set_status_code(response.status)
    body = outgoing.body()
    ResponseOutparam.set(out, Ok(outgoing))
    with body.write() as stream:
        for start in range(0, len(response.body), WRITE_SIZE):
            stream.blocking_write_and_flush(response.body[start : start + WRITE_SIZE])
    OutgoingBody.finish(body, None)


def read_body(request: IncomingRequest) -> bytes:
    chunks = []
    with request.consume() as body, body.stream() as stream:
        while True:
            try:
                chunks.append(stream.blocking_read(READ_SIZE))
            except Err as error:
                if isinstance(error.value, StreamError_Closed):
                    return b"".join(chunks)
                raise


def method_name(method: Method) -> str:
    return method.value if isinstance(method, Method_Other) else case_name(type(method)).upper()


def scheme_name(scheme: Scheme) -> str:
    return scheme.value if isinstance(scheme, Scheme_Other) else case_name(type(scheme)).lower()


@cache
def case_name(case: type) -> str:
    """`Get` of `Method_Get`: each case of a variant has a class."""
    return case.__name__.rpartition("_")[2]
