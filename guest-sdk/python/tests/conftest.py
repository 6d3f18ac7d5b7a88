"""A request, answered by the handler as in a component, but with a host in Python."""

from collections.abc import Callable
from typing import Any

import pytest
from wit_world.imports.types import IncomingRequest, OutgoingResponse, ResponseOutparam

from funcserver.guest import handler

Send = Callable[..., OutgoingResponse]


@pytest.fixture
def serve() -> Callable[[Any], Send]:
    """`serve(app)` gives a function that sends a request to an instance of the app, and returns the answer."""

    def begin(app: Any) -> Send:
        handler.set_app(lambda: app)
        instance = handler.IncomingHandler()

        def send(method: str = "GET", path: str = "/", **parts: Any) -> OutgoingResponse:
            out = ResponseOutparam()
            instance.handle(IncomingRequest(method, path, **parts), out)
            assert out.response is not None, "every request has an answer"
            return out.response

        return send

    return begin


@pytest.fixture
def stream_settings() -> Any:
    """Settings of the stream that the next answers are written to."""
    yield OutgoingResponse.stream_settings
    OutgoingResponse.stream_settings.clear()
