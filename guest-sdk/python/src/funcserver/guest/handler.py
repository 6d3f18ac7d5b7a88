"""What the component exports: each request goes to the app, and no exception of the app ends the instance."""

import os
import sys
from collections.abc import Callable
from typing import Any

from wit_world import exports
from wit_world.imports.types import IncomingRequest, ResponseOutparam

from funcserver import start
from funcserver.guest import asgi, exchange, load_check, log, wsgi
from funcserver.guest.http import Answer, Request
from funcserver.guest.kind import kind_of
from funcserver.guest.rehearse import rehearse

Serve = Callable[[Request, Answer], None]

_load: Callable[[], Any] | None = None
_serve: Serve | None = None
_prepared: tuple[Any, Serve] | None = None


def set_app(load: Callable[[], Any]) -> None:
    """`load` gives the app. It is called once in each instance, before the first request."""
    global _load, _serve
    _load, _serve = load, None


def prepare(app: Any) -> None:
    """Does what can be done while the component is made, if the app is there already. Raises `kind.NotAnApp`."""
    global _prepared
    kind = kind_of(app)
    rehearse(kind)
    _prepared = (app, server_of(app))


def server_of(app: Any) -> Serve:
    """Raises `kind.NotAnApp`."""
    if _prepared is not None and _prepared[0] is app:
        return _prepared[1]
    if kind_of(app) == "asgi":
        return asgi.Server(app).answer
    return lambda request, reply: wsgi.answer(app, request, reply)


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        incoming = Request(request)
        reply = Answer(response_out)
        try:
            if _serve is None and load_check.VARIABLE in os.environ:
                load_check.answer(reply, _first)
            else:
                (_serve or _first())(incoming, reply)
        except MemoryError:
            # The host replaces the instance. One that lived on would fail each request.
            raise
        except BaseException as error:
            log.failure(error, f"{incoming.method} {incoming.path}")
            reply.fail()
        finally:
            incoming.body.close()
            sys.stdout.flush()


def _first() -> Serve:
    """The start of the instance. If it fails, the next request tries again."""
    global _serve
    assert _load is not None, "set_app comes first"
    exchange.host_is_there()
    start.run_pending()
    app = _load()
    # Those that the app has added while it was loaded.
    start.run_pending()
    _serve = server_of(app)
    return _serve
