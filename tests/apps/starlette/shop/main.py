"""What an ASGI server serves."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from . import api, diagnostics, files, pages
from .settings import SECRET_KEY

logging.basicConfig(level=logging.INFO)


class State(TypedDict):
    shop: str


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[State]:
    yield {"shop": "open"}


app = Starlette(
    routes=[
        *pages.routes,
        *api.routes,
        *files.routes,
        *diagnostics.routes,
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static"),
    ],
    middleware=[Middleware(GZipMiddleware), Middleware(SessionMiddleware, secret_key=SECRET_KEY)],
    lifespan=lifespan,
)
