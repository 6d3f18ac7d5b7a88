import functools
import types

import pytest

from funcserver.guest.kind import NotAnApp, kind_of


async def asgi(scope, receive, send): ...


def wsgi(environ, start_response): ...


def wraps_asgi(scope, receive, send):
    return asgi(scope, receive, send)


def create_app(): ...


def asgi_2(scope): ...


class Asgi:
    async def __call__(self, scope, receive, send): ...


class Wsgi:
    def __call__(self, environ, start_response): ...


class AsgiClass:
    def __init__(self, scope, receive, send): ...

    def __await__(self): ...


class WsgiClass:
    def __init__(self, environ, start_response): ...

    def __iter__(self): ...


@pytest.mark.parametrize(
    "app",
    [asgi, Asgi(), Asgi().__call__, AsgiClass, wraps_asgi, functools.partial(asgi), functools.partial(wraps_asgi)],
)
def test_asgi(app):
    assert kind_of(app) == "asgi"


@pytest.mark.parametrize(
    "app",
    [wsgi, Wsgi(), Wsgi().__call__, WsgiClass, lambda *args: None, functools.partial(wsgi), lambda e, s, more=1: 0],
)
def test_wsgi(app):
    assert kind_of(app) == "wsgi"


@pytest.mark.parametrize(
    ("app", "sentence"),
    [
        (types.ModuleType("shop"), "it is the module `shop`, which cannot be called: name the WSGI or ASGI app"),
        ({}, "it is an object of the type `dict`, which cannot be called"),
        (create_app, "it is the function `create_app`, which takes no arguments: if it makes the app, call it"),
        (asgi_2, "it is the function `asgi_2`, which takes one argument, as an app of ASGI 2 does"),
        (type("Application", (), {"__module__": "aiohttp.web_app"})(), "only aiohttp's own server can run"),
        (lambda a, b, c, d: 0, "is called neither as a WSGI app, (environ, start_response)"),
    ],
)
def test_neither(app, sentence):
    with pytest.raises(NotAnApp) as raised:
        kind_of(app)
    assert sentence in str(raised.value)
