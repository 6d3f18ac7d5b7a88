"""What operators ask for, and what goes wrong."""

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from zoneinfo import ZoneInfo

from fastapi import APIRouter, BackgroundTasks, HTTPException, Request
from fastapi.responses import StreamingResponse

from .settings import settings

router = APIRouter()
logger = logging.getLogger(__name__)

TOKEN = secrets.token_hex(16)
REQUESTS = count(1)


@router.get("/variable")
async def variable() -> dict[str, str | None]:
    return {"greeting": settings.greeting, "now": os.environ.get("GREETING")}


@router.get("/secret")
async def secret() -> dict[str, str]:
    return {"sha256": sha256(settings.secret_key.get_secret_value().encode()).hexdigest()}


@router.get("/boom")
async def boom() -> None:
    raise RuntimeError("boom")


@router.get("/boom-late")
async def boom_late() -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        yield "line 0\n"
        raise RuntimeError("boom")

    return StreamingResponse(lines(), media_type="text/plain")


@router.get("/abort")
def teapot() -> None:
    raise HTTPException(418)


@router.get("/slow")
async def slow(ms: int = 100) -> dict[str, int]:
    await asyncio.sleep(ms / 1000)
    return {"slept": ms}


@router.get("/background")
async def background(tasks: BackgroundTasks) -> dict[str, bool]:
    tasks.add_task(work)
    return {"queued": True}


async def work() -> None:
    await asyncio.sleep(0.05)
    logger.info("background: done")


@router.get("/log")
def log() -> dict[str, bool]:
    logger.debug("a debug message")
    logger.info("an info message")
    logger.warning("a warning")
    return {"logged": True}


@router.get("/time")
def offset() -> dict[str, str | int]:
    zone = ZoneInfo("Europe/Stockholm")
    from_utc = datetime(2026, 7, 1, tzinfo=zone).utcoffset() or timedelta()
    return {"zone": zone.key, "offset": int(from_utc.total_seconds() // 60)}


@router.get("/random")
def random() -> dict[str, str]:
    return {"token": secrets.token_hex(16), "at_import": TOKEN}


@router.get("/counter")
def counter() -> dict[str, int]:
    return {"count": next(REQUESTS)}


@router.get("/lifespan")
async def lifespan(request: Request) -> dict[str, str]:
    return {"state": request.state.shop}
