"""Uploads, downloads and streams."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import PlainTextResponse, StreamingResponse

from .models import Upload, UploadedFile

router = APIRouter()


@router.post("/upload")
async def upload(files: list[UploadFile] = [], note: Annotated[str, Form()] = "") -> Upload:  # noqa: B006
    return Upload(note=note, files=[await describe(file) for file in files])


async def describe(file: UploadFile) -> UploadedFile:
    content = await file.read()
    return UploadedFile(name=file.filename or "", size=len(content), sha256=sha256(content).hexdigest())


@router.get("/download")
def download() -> Response:
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([("id", "name"), (1, "cup")])
    disposition = {"content-disposition": 'attachment; filename="items.csv"'}
    return Response(table.getvalue(), media_type="text/csv", headers=disposition)


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        for number in range(5):
            await asyncio.sleep(0.01)
            yield f"line {number}\n"

    return StreamingResponse(lines(), media_type="text/plain")


@router.get("/large", response_class=PlainTextResponse)
def large() -> str:
    return "0123456789" * 60_000


@router.post("/large")
async def measure(request: Request) -> dict[str, int | str]:
    size, digest = 0, sha256()
    async for piece in request.stream():
        size += len(piece)
        digest.update(piece)
    return {"size": size, "sha256": digest.hexdigest()}


@router.post("/echo")
async def echo(request: Request) -> Response:
    return Response(await request.body(), headers={"content-type": request.headers["content-type"]})
