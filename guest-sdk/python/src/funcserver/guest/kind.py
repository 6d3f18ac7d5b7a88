"""Tells WSGI apps from ASGI apps."""

import functools
import inspect
from typing import Any, Literal

Kind = Literal["wsgi", "asgi"]

# Frameworks whose apps are neither, by their package.
OWN_SERVER = {"aiohttp": "aiohttp", "tornado": "Tornado"}


class NotAnApp(TypeError):
    """The object is neither a WSGI app nor an ASGI app. The message says what it is, and what to name instead."""


def kind_of(app: Any) -> Kind:
    """Raises NotAnApp."""
    framework = OWN_SERVER.get(type(app).__module__.partition(".")[0])
    if framework is not None:
        raise NotAnApp(
            f"it is an app of {framework}, which only {framework}'s own server can run:"
            " use a framework for WSGI or ASGI, such as Starlette"
        )
    if not callable(app):
        raise NotAnApp(
            f"it is {_described(app)}, which cannot be called: name the WSGI or ASGI app,"
            " such as `app` of `app = Flask(__name__)`"
        )
    if _is_coroutine_function(app):
        return "asgi"
    takes = _takes(app)
    if takes(2):
        return "wsgi"
    if takes(3):
        return "asgi"
    if takes(0):
        raise NotAnApp(
            f"it is {_described(app)}, which takes no arguments: if it makes the app, call it and name its result,"
            " such as `application = create_app()`"
        )
    if takes(1):
        raise NotAnApp(
            f"it is {_described(app)}, which takes one argument, as an app of ASGI 2 does: wrap it with"
            " `asgiref.compatibility.guarantee_single_callable`"
        )
    raise NotAnApp(
        f"it is {_described(app)}, which is called neither as a WSGI app, (environ, start_response),"
        " nor as an ASGI app, (scope, receive, send)"
    )


def _is_coroutine_function(app: Any) -> bool:
    while isinstance(app, functools.partial):
        app = app.func
    if inspect.isclass(app):
        return False
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)


def _takes(app: Any) -> Any:
    """A function that tells whether the app can be called with that many arguments."""
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        # Written in C: WSGI, because a call of ASGI gives a coroutine.
        return lambda count: count == 2

    def takes(count: int) -> bool:
        try:
            signature.bind(*range(count))
        except TypeError:
            return False
        return True

    return takes


def _described(app: Any) -> str:
    if inspect.ismodule(app):
        return f"the module `{app.__name__}`"
    if inspect.isclass(app):
        return f"the class `{app.__qualname__}`"
    if inspect.isroutine(app):
        return f"the function `{getattr(app, '__qualname__', app)}`"
    return f"an object of the type `{type(app).__qualname__}`"
