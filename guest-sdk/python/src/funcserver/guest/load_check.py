"""Loads the app for the tool, which asks whether that works and how long it takes, and answers without the app."""

import json
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from funcserver.guest import absent
from funcserver.guest.http import Answer

# Only the tool sets it, for an instance of its own. Clients cannot.
VARIABLE = "FUNCSERVER_LOAD"

APP = "/app/"


def answer(reply: Answer, load: Callable[[], Any]) -> None:
    """`load` imports the app."""
    begin = time.monotonic()
    try:
        load()
        seconds = time.monotonic() - begin
        import_views_of_django()
        status, result = 200, {"seconds": seconds}
    except BaseException as error:
        status, result = 500, described(error)
    reply.start(status, [("content-type", b"application/json")])
    reply.write(json.dumps(result).encode())
    reply.finish()


def import_views_of_django() -> None:
    """Django imports the URLs, and with them the views, at the first request. A mistake in them shows here."""
    conf, urls = sys.modules.get("django.conf"), sys.modules.get("django.urls")
    if conf is not None and urls is not None and getattr(conf.settings, "ROOT_URLCONF", None):
        _ = urls.get_resolver().url_patterns


def described(error: BaseException) -> dict[str, Any]:
    """The error in one line with its place, and the frames of the app that led to it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(APP)]
    name, text, place = type(error).__name__, str(error), None
    if isinstance(error, SyntaxError) and error.filename:
        text, place = error.msg, f"{_shown(error.filename)}:{error.lineno}"
    elif frames:
        place = f"{_shown(frames[-1].filename)}:{frames[-1].lineno}"
    said = (f"{name}: {text}" if text else name).splitlines()[0]
    if place:
        said += f" ({place})"
    note = absent.explain(error)
    if note is None and isinstance(error, ModuleNotFoundError):
        note = "correct the name, or install its package where the app's packages are"
    if note:
        said += f"; {note}"
    trace = "".join(traceback.format_list(frames)).replace(f'"{APP}', '"')
    return {"error": said, "traceback": trace}


def _shown(filename: str) -> str:
    return filename.removeprefix(APP)
