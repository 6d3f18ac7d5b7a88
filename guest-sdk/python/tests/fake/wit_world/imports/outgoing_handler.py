"""wasi:http/outgoing-handler. `server` answers, as soon as a request is there with its whole body."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from componentize_py_types import Err

from wit_world.imports.types import (
    ErrorCode,
    FutureIncomingResponse,
    IncomingResponse,
    OutgoingRequest,
    RequestOptions,
)


@dataclass
class Reply:
    """`pieces` are those of `InputStream`. An early reply does not wait for the end of the request's body."""

    status: int = 200
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    pieces: list[Any] = field(default_factory=list)
    delay: float = 0.0
    early: bool = False


Server = Callable[[OutgoingRequest], Reply | ErrorCode]

server: Server | None = None
options_given: list[RequestOptions | None] = []
open_calls: list["Call"] = []


class Call:
    """A request that the host has."""

    def __init__(self, request: OutgoingRequest) -> None:
        self.request = request
        self.reply: Reply | ErrorCode | None = None
        self.due = 0.0

    def result(self) -> IncomingResponse | ErrorCode | None:
        """None while there is none."""
        if self.reply is None and (self.request.end == "finished" or self.request.early):
            assert server is not None
            self.reply = server(self.request)
            self.due = time.monotonic() + getattr(self.reply, "delay", 0.0)
        if self.reply is None or time.monotonic() < self.due:
            return None
        if isinstance(self.reply, Reply):
            return IncomingResponse(self.reply.status, self.reply.headers, self.reply.pieces)
        return self.reply

    def when(self) -> float:
        """From when on `result` may have one."""
        return self.due if self.reply is not None else time.monotonic() + 0.005


def handle(request: OutgoingRequest, options: RequestOptions | None) -> FutureIncomingResponse:
    options_given.append(options)
    if request.authority_ == "denied.at.once":
        from wit_world.imports.types import ErrorCode_HttpRequestDenied

        raise Err(ErrorCode_HttpRequestDenied())
    call = Call(request)
    open_calls.append(call)
    return FutureIncomingResponse(call)
