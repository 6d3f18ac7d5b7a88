"""What an ASGI server serves."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.sessions import SessionMiddleware

from . import api, diagnostics, files, pages
from .settings import settings

logging.basicConfig(level=logging.INFO)


class State(TypedDict):
    shop: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[State]:
    yield {"shop": "open"}


app = FastAPI(title="Shop", version="1.0.0", lifespan=lifespan)
app.add_middleware(SessionMiddleware, secret_key=settings.secret_key.get_secret_value())
app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
for module in (pages, api, files, diagnostics):
    app.include_router(module.router)


@app.middleware("http")
async def name_the_shop(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["x-shop"] = "fastapi"
    return response
