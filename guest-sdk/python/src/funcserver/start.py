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
    """For a component that is made without funcserver's builder: `IncomingHandler = serve(app)`.

    Returns the class that the component exports, and outside a component None.
    """
    if not IN_COMPONENT:
        return None
    from funcserver.guest import handler

    handler.set_app(lambda: app)
    return handler.IncomingHandler
