"""A small web framework: a request, a response, and routes by decorator."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Headers = list[tuple[str, bytes]]


class Request:
    """A request. `host.Incoming` reads its parts on first use."""

    method: str
    path_with_query: str
    scheme: str | None
    authority: str | None
    headers: Headers
    """In the order of arrival. A value need not be UTF-8."""
    body: bytes

    @property
    def path(self) -> str:
        return self.path_with_query.partition("?")[0]

    def header(self, name: str) -> bytes | None:
        """The first value of a header."""
        return next((value for own, value in self.headers if own.lower() == name.lower()), None)


@dataclass
class Response:
    """A complete response."""

    body: bytes
    status: int = 200
    headers: Headers = field(default_factory=list)

    @classmethod
    def of(cls, content_type: str, text: str, status: int = 200) -> "Response":
        return cls(text.encode(), status, [("content-type", content_type.encode())])

    @classmethod
    def html(cls, page: str) -> "Response":
        return cls.of("text/html; charset=utf-8", page)

    @classmethod
    def json(cls, value: Any) -> "Response":
        return cls.of("application/json", json.dumps(value, indent=2) + "\n")

    @classmethod
    def text(cls, text: str, status: int = 200) -> "Response":
        return cls.of("text/plain; charset=utf-8", text, status)


Handler = Callable[[Request], Response]


class Router:
    def __init__(self) -> None:
        self.routes: dict[str, dict[str, Handler]] = {}

    def get(self, path: str) -> Callable[[Handler], Handler]:
        return self.route("GET", path)

    def post(self, path: str) -> Callable[[Handler], Handler]:
        return self.route("POST", path)

    def route(self, method: str, path: str) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self.routes.setdefault(path, {})[method] = handler
            return handler

        return add

    def answer(self, request: Request) -> Response:
        """Routes a request. HEAD is answered as GET, without the body."""
        handlers = self.routes.get(request.path)
        if handlers is None:
            return Response.text("not found\n", 404)
        head = request.method == "HEAD"
        handler = handlers.get("GET" if head else request.method)
        response = handler(request) if handler else not_allowed(handlers)
        if head:
            response.body = b""
        return response


def not_allowed(handlers: dict[str, Handler]) -> Response:
    allow = ", ".join("GET, HEAD" if method == "GET" else method for method in handlers)
    response = Response.text("method not allowed\n", 405)
    response.headers.append(("allow", allow.encode()))
    return response
