"""What operators ask for, and what goes wrong."""

import asyncio
import logging
import os
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

logger = logging.getLogger(__name__)

TOKEN = secrets.token_hex(16)
REQUESTS = count(1)


def variable(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"greeting": settings.GREETING, "now": os.environ.get("GREETING")})


def secret(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"sha256": sha256(settings.SECRET_KEY.encode()).hexdigest()})


def boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("boom")


def boom_late(request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        yield "line 0\n"
        raise RuntimeError("boom")

    return StreamingHttpResponse(lines(), content_type="text/plain")


def teapot(request: HttpRequest) -> HttpResponse:
    return HttpResponse("I am a teapot", status=418)


async def slow(request: HttpRequest) -> HttpResponse:
    milliseconds = int(request.GET.get("ms", 100))
    await asyncio.sleep(milliseconds / 1000)
    return JsonResponse({"slept": milliseconds})


def background(request: HttpRequest) -> HttpResponse:
    logger.info("background: done")
    return JsonResponse({"queued": True})


def log(request: HttpRequest) -> HttpResponse:
    logger.debug("a debug message")
    logger.info("an info message")
    logger.warning("a warning")
    return JsonResponse({"logged": True})


def offset(request: HttpRequest) -> HttpResponse:
    zone = ZoneInfo("Europe/Stockholm")
    from_utc = datetime(2026, 7, 1, tzinfo=zone).utcoffset() or timedelta()
    return JsonResponse({"zone": zone.key, "offset": int(from_utc.total_seconds() // 60)})


def random(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"token": secrets.token_hex(16), "at_import": TOKEN})


def counter(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"count": next(REQUESTS)})
