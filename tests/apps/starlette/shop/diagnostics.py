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

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from . import settings

logger = logging.getLogger(__name__)

TOKEN = secrets.token_hex(16)
REQUESTS = count(1)


async def variable(request: Request) -> JSONResponse:
    return JSONResponse({"greeting": settings.GREETING, "now": os.environ.get("GREETING")})


async def secret(request: Request) -> JSONResponse:
    return JSONResponse({"sha256": sha256(str(settings.SECRET_KEY).encode()).hexdigest()})


async def boom(request: Request) -> Response:
    raise RuntimeError("boom")


async def boom_late(request: Request) -> StreamingResponse:
    def lines() -> Iterator[str]:
        yield "line 0\n"
        raise RuntimeError("boom")

    return StreamingResponse(lines(), media_type="text/plain")


async def teapot(request: Request) -> Response:
    raise HTTPException(418)


def slow(request: Request) -> JSONResponse:
    milliseconds = int(request.query_params.get("ms", 100))
    time.sleep(milliseconds / 1000)
    return JSONResponse({"slept": milliseconds})


async def background(request: Request) -> JSONResponse:
    return JSONResponse({"queued": True}, background=BackgroundTask(work))


def work() -> None:
    logger.info("background: done")


async def log(request: Request) -> JSONResponse:
    logger.debug("a debug message")
    logger.info("an info message")
    logger.warning("a warning")
    return JSONResponse({"logged": True})


async def offset(request: Request) -> JSONResponse:
    zone = ZoneInfo("Europe/Stockholm")
    from_utc = datetime(2026, 7, 1, tzinfo=zone).utcoffset() or timedelta()
    return JSONResponse({"zone": zone.key, "offset": int(from_utc.total_seconds() // 60)})


async def random(request: Request) -> JSONResponse:
    return JSONResponse({"token": secrets.token_hex(16), "at_import": TOKEN})


async def counter(request: Request) -> JSONResponse:
    return JSONResponse({"count": next(REQUESTS)})


async def lifespan(request: Request) -> JSONResponse:
    return JSONResponse({"state": request.state.shop})


routes = [
    Route("/variable", variable),
    Route("/secret", secret),
    Route("/boom", boom),
    Route("/boom-late", boom_late),
    Route("/abort", teapot),
    Route("/slow", slow),
    Route("/background", background),
    Route("/log", log),
    Route("/time", offset),
    Route("/random", random),
    Route("/counter", counter),
    Route("/lifespan", lifespan),
]
