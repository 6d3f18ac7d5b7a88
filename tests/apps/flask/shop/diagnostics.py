"""What operators ask for, and what goes wrong."""

import logging
import os
import secrets
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, current_app, jsonify, request

from . import settings

blueprint = Blueprint("diagnostics", __name__)
logger = logging.getLogger(__name__)

TOKEN = secrets.token_hex(16)
REQUESTS = count(1)


@blueprint.get("/variable")
def variable() -> Response:
    return jsonify(greeting=settings.GREETING, now=os.environ.get("GREETING"))


@blueprint.get("/secret")
def secret() -> Response:
    return jsonify(sha256=sha256(str(current_app.secret_key).encode()).hexdigest())


@blueprint.get("/boom")
def boom() -> Response:
    raise RuntimeError("boom")


@blueprint.get("/boom-late")
def boom_late() -> Response:
    def lines() -> Iterator[str]:
        yield "line 0\n"
        raise RuntimeError("boom")

    return Response(lines(), mimetype="text/plain")


@blueprint.get("/abort")
def teapot() -> Response:
    abort(418)


@blueprint.get("/slow")
def slow() -> Response:
    milliseconds = request.args.get("ms", 100, type=int)
    time.sleep(milliseconds / 1000)
    return jsonify(slept=milliseconds)


@blueprint.get("/background")
def background() -> Response:
    logger.info("background: done")
    return jsonify(queued=True)


@blueprint.get("/log")
def log() -> Response:
    logger.debug("a debug message")
    logger.info("an info message")
    logger.warning("a warning")
    return jsonify(logged=True)


@blueprint.get("/time")
def offset() -> Response:
    zone = ZoneInfo("Europe/Stockholm")
    from_utc = datetime(2026, 7, 1, tzinfo=zone).utcoffset() or timedelta()
    return jsonify(zone=zone.key, offset=int(from_utc.total_seconds() // 60))


@blueprint.get("/random")
def random() -> Response:
    return jsonify(token=secrets.token_hex(16), at_import=TOKEN)


@blueprint.get("/counter")
def counter() -> Response:
    return jsonify(count=next(REQUESTS))
