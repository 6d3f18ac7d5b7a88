"""Answers requests with an ASGI app (ASGI 3.0)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import unquote

from funcserver.guest import log
from funcserver.guest.context import Context
from funcserver.guest.http import HOP_BY_HOP, SMALL, Answer, Headers, Request
from funcserver.guest.loop import Deadlock, Loop

Message = dict[str, Any]
Scope = dict[str, Any]
App = Callable[
    [Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Coroutine[Any, Any, None]
]

# From 2.4 on, an app need not listen for the client's leaving while it answers: `send` raises OSError then.
VERSION = {"version": "3.0", "spec_version": "2.4"}
END = {"type": "http.request", "body": b"", "more_body": False}


class LifespanFailed(RuntimeError):
    """The app said at its start that it cannot run."""


class Server:
    """An app with its event loop, which lives as long as the instance."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._loop = Loop()
        self._started = False
        self._state: dict[str, Any] = {}
        # Tasks that outlive requests: the lifespan, what it has started, and those that the log has named.
        self._lasting: set[asyncio.Task[Any]] = set()

    def answer(self, request: Request, reply: Answer) -> None:
        """Returns when the app does: background tasks of frameworks run on after the answer."""
        loop = self._loop
        if not self._started:
            self._start()
        exchange = _Exchange(loop, request, reply)
        run(loop, self._app(scope_of(request, self._state), exchange.receive, exchange.send))
        self._note_loose(loop)
        if not reply.finished:
            raise RuntimeError(
                "the app returned without a complete answer: no `http.response.body` ended it"
                if reply.started
                else "the app returned without an answer"
            )

    def close(self) -> None:
        """Ends the loop with what still waits in it."""
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until(lambda: all(task.done() for task in tasks))
        self._loop.close()

    def _start(self) -> None:
        """Starts the app's lifespan, at the first request of the instance. It does not end: instances are dropped."""
        loop = self._loop
        asyncio.set_event_loop(loop)
        state: dict[str, Any] = {}
        lifespan = _Lifespan(loop)
        loop.create_task(lifespan.run(self._app, {"type": "lifespan", "asgi": VERSION, "state": state}))
        loop.run_until(lifespan.started.done)
        lifespan.started.result()
        self._lasting = asyncio.all_tasks(loop)
        self._state = state
        self._started = True

    def _note_loose(self, loop: Loop) -> None:
        """Says so if a request has started a task and left it behind: no time is its own after this."""
        loose = asyncio.all_tasks(loop) - self._lasting
        if not loose:
            return
        # Those that are cancelled end in a pass or two.
        passes = iter(range(3))
        loop.run_until(lambda: next(passes, None) is None or not loop.is_busy())
        loose = {task for task in loose if not task.done()}
        if loose:
            self._lasting |= loose
            names = ", ".join(sorted(task.get_coro().__qualname__ for task in loose))
            log.warning(
                f"tasks still run after the app has ended its answer: {names}. They go on during the next request of"
                " this instance, if there is one: await them, or use the background tasks of your framework"
            )


def run(loop: Loop, coroutine: Coroutine[Any, Any, Any]) -> None:
    """Runs the coroutine to its end, also if nothing can ever wake it: then its `finally` blocks run."""
    task = loop.create_task(coroutine)
    try:
        loop.run_until(task.done)
    except Deadlock:
        task.cancel()
        loop.run_until(task.done)
        if task.cancelled():
            raise
    task.result()


class _Lifespan:
    """One run of an app's lifespan. `started` is done when requests may come."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._asked = False
        self.started: asyncio.Future[None] = loop.create_future()

    async def run(self, app: App, scope: Scope) -> None:
        try:
            await app(scope, self.receive, self.send)
        except Exception:
            # So an app says that it does not know the protocol. One that does has sent the failure.
            pass
        finally:
            if not self.started.done():
                self.started.set_result(None)

    async def receive(self) -> Message:
        if self._asked:
            # No instance is told that it ends.
            return await self._loop.create_future()
        self._asked = True
        return {"type": "lifespan.startup"}

    async def send(self, message: Message) -> None:
        if self.started.done():
            return
        if message["type"] == "lifespan.startup.complete":
            self.started.set_result(None)
        elif message["type"] == "lifespan.startup.failed":
            self.started.set_exception(
                LifespanFailed(f"the app failed to start: {message.get('message') or 'it gave no reason'}")
            )


class _Exchange:
    """`receive` and `send` of one request."""

    __slots__ = ("_loop", "_request", "_reply", "_left", "_read", "_status", "_headers", "_finished")

    def __init__(self, loop: Loop, request: Request, reply: Answer) -> None:
        self._loop = loop
        self._request = request
        self._reply = reply
        # How much of the body is still to come, if the client has said it.
        self._left = _stated_length(request.headers)
        self._read = False
        self._status: int | None = None
        self._headers: Headers = []
        self._finished: asyncio.Future[None] | None = None

    async def receive(self) -> Message:
        if self._read:
            return await self._disconnect()
        if self._left == 0:
            self._read = True
            return END.copy()
        body = self._request.body
        while (piece := body.read_available()) is None:
            await self._loop.wait(body.open().subscribe())
        if self._left is not None:
            self._left -= len(piece)
        self._read = not piece or self._left == 0
        return {"type": "http.request", "body": piece, "more_body": not self._read}

    async def _disconnect(self) -> Message:
        """The client leaves when it has its answer."""
        if not self._reply.finished:
            if self._finished is None:
                self._finished = self._loop.create_future()
            await asyncio.shield(self._finished)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            await self._send_body(message.get("body", b""), message.get("more_body", False))
        elif kind == "http.response.start":
            self._send_start(message)
        else:
            raise ValueError(f"the app sent `{kind}`, which is no message of an HTTP answer")

    def _send_start(self, message: Message) -> None:
        """The head is sent with the first piece of the body: if the app fails before, the answer is still a 500."""
        if self._status is not None:
            raise RuntimeError("the app sent `http.response.start` twice")
        self._status = message["status"]
        self._headers = [
            (lower, bytes(value))
            for name, value in message.get("headers", ())
            if (lower := name.decode("latin-1").lower()) not in HOP_BY_HOP
        ]

    async def _send_body(self, piece: bytes, more: bool) -> None:
        reply = self._reply
        if reply.finished:
            raise RuntimeError("the app sent `http.response.body` after the end of its answer")
        if not reply.started:
            if self._status is None:
                raise RuntimeError("the app sent `http.response.body` before `http.response.start`")
            reply.start(self._status, self._headers, self._request.method == "HEAD")
        if piece:
            await self._write(piece if type(piece) is bytes else bytes(piece))
        if not more:
            reply.finish()
            if self._finished is not None and not self._finished.done():
                self._finished.set_result(None)

    async def _write(self, piece: bytes) -> None:
        """Other tasks run while the host takes no more."""
        reply = self._reply
        if len(piece) <= SMALL:
            reply.write(piece)
            return
        taken = 0
        while (taken := reply.write_some(piece, taken)) < len(piece):
            await self._loop.wait(reply.open().subscribe())
        reply.flush()


def scope_of(request: Request, state: dict[str, Any]) -> Scope:
    path = request.path
    name, port = request.server
    client, context = None, None
    headers = []
    for header, value in request.headers:
        headers.append((header.encode("latin-1"), value))
        if header == "x-funcserver-client":
            client = (value.decode("latin-1"), 0)
        elif header == "x-amzn-lambda-context":
            context = Context(value)
    return {
        "type": "http",
        "asgi": VERSION,
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": unquote(path) if "%" in path else path,
        "raw_path": path.encode(),
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": headers,
        "client": client,
        "server": (name, int(port)),
        "state": state.copy(),
        "extensions": {},
        "aws.context": context,
    }


def _stated_length(headers: Headers) -> int | None:
    for name, value in headers:
        if name == "content-length":
            return int(value) if value.isdigit() else None
    return None
