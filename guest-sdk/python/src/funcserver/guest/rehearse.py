"""Requests that are answered while the component is made, so that those of instances find warm code.

Python specialises code that has run, and frameworks fill caches. All of it is then part of the component, and an
instance need not write to that memory: the first request to Flask costs half. The app itself is not asked, because what
it did and kept would be in every instance.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from funcserver.guest import asgi, wsgi
from funcserver.guest.http import Answer, Headers, Request, RequestBody

# As often as Python wants to see code before it specialises it, and some more.
TIMES = 20
HEADERS = [
    ("host", b"localhost"),
    ("accept", b"*/*"),
    ("accept-encoding", b"gzip"),
    ("content-type", b"application/json"),
    ("cookie", b"a=b; c=d"),
    ("user-agent", b"funcserver"),
    ("x-amzn-lambda-context", b"{}"),
    ("x-forwarded-for", b"192.0.2.1"),
    ("x-forwarded-port", b"443"),
    ("x-forwarded-proto", b"https"),
    ("x-funcserver-client", b"192.0.2.1"),
]


class Silent(Answer):
    """An answer that no host takes."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None)

    def start(self, status: int, headers: Headers, head_only: bool = False) -> None:
        self.started = True

    def write(self, piece: bytes) -> None:
        pass

    def finish(self) -> None:
        self.finished = True


def rehearse(kind: str) -> None:
    """Lets small apps on the frameworks that are imported answer, by the adapter for that kind of app."""
    for framework, make in APPS[kind].items():
        if framework and framework not in sys.modules:
            continue
        # A version that is too old or too new for the small app costs only the warmth.
        with suppress(Exception):
            RUNS[kind](make())


def request(method: str = "GET", path: str = "/text") -> Request:
    made = Request.__new__(Request)
    made.method, made.path, made.query = method, path, "q=1"
    made.scheme, made.authority, made.headers = "https", "localhost", list(HEADERS)
    made.body = RequestBody(None)
    made.body.ended = True
    return made


def run_wsgi(app: Any) -> None:
    for _ in range(TIMES):
        for path in ("/text", "/json"):
            wsgi.answer(app, request(path=path), Silent())


def run_asgi(app: Any) -> None:
    server = asgi.Server(app)
    try:
        for _ in range(TIMES):
            for path in ("/text", "/json"):
                server.answer(request(path=path), Silent())
    finally:
        server.close()
        asyncio.set_event_loop(None)


def bare_wsgi() -> Any:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    return app


def flask() -> Any:
    from flask import Flask, jsonify, request

    app = Flask("funcserver_rehearsal", static_folder=None, root_path="/")
    app.add_url_rule("/text", view_func=lambda: "ok", endpoint="text")
    app.add_url_rule("/json", view_func=lambda: jsonify(q=request.args.get("q")), endpoint="json")
    return app


def bare_asgi() -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"ok"})

    return app


def starlette() -> Any:
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Route

    async def text(request: Any) -> Any:
        return PlainTextResponse("ok")

    def json(request: Any) -> Any:
        return JSONResponse({"q": request.query_params.get("q")})

    return Starlette(routes=[Route("/text", text), Route("/json", json)])


def fastapi() -> Any:
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)

    async def text(q: int) -> dict[str, int]:
        return {"q": q}

    def json(q: str = "") -> dict[str, str]:
        return {"q": q}

    app.get("/text")(text)
    app.get("/json")(json)
    return app


APPS: dict[str, dict[str, Callable[[], Any]]] = {
    "wsgi": {"": bare_wsgi, "flask": flask},
    "asgi": {"": bare_asgi, "starlette": starlette, "fastapi": fastapi},
}
RUNS: dict[str, Callable[[Any], None]] = {"wsgi": run_wsgi, "asgi": run_asgi}
