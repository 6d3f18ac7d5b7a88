"""The start of an instance: which app it serves, and what runs before the app's first request."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

Start = TypeVar("Start", bound=Callable[[], Any])

IN_COMPONENT = sys.platform == "wasi"

_pending: list[Callable[[], Any]] = []


def on_start(function: Start) -> Start:
    """Runs the function once in each instance, before the app's first request: the place to read variables and secrets.

    Outside a component there is no build that could freeze what the function reads, so it runs at once.
    """
    if IN_COMPONENT:
        _pending.append(function)
    else:
        function()
    return function


def run_pending() -> None:
    """Runs the functions that have not run in this instance. One that fails runs again at the next request."""
    while _pending:
        _pending[0]()
        del _pending[0]


def serve(app: Any) -> Any:
    """For a component that componentize-py makes without funcserver's builder: `IncomingHandler = serve(app)`.

    Returns the class that the component exports, and outside a component None. What is imported late must be imported
    in advance then, and libraries that want `ssl` after `funcserver.guest.install.install()`.
    """
    if not IN_COMPONENT:
        return None
    from funcserver.guest import handler
    from funcserver.guest.install import install

    install()
    handler.set_app(lambda: app)
    handler.prepare(app)
    return handler.IncomingHandler
