"""Uploads, downloads and streams."""

import csv
import io
from collections.abc import Iterator
from hashlib import sha256
from http import HTTPMethod

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route


async def upload(request: Request) -> JSONResponse:
    async with request.form() as form:
        files = [await describe(file) for file in form.getlist("files") if isinstance(file, UploadFile)]
        return JSONResponse({"note": form.get("note", ""), "files": files})


async def describe(file: UploadFile) -> dict[str, str | int | None]:
    size, digest = 0, sha256()
    while piece := await file.read(65_536):
        size += len(piece)
        digest.update(piece)
    return {"name": file.filename, "size": size, "sha256": digest.hexdigest()}


def download(request: Request) -> Response:
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([("id", "name"), (1, "cup")])
    disposition = {"content-disposition": 'attachment; filename="items.csv"'}
    return Response(table.getvalue(), media_type="text/csv", headers=disposition)


async def stream(request: Request) -> StreamingResponse:
    def lines() -> Iterator[str]:
        for number in range(5):
            yield f"line {number}\n"

    return StreamingResponse(lines(), media_type="text/plain")


async def large(request: Request) -> Response:
    if request.method == HTTPMethod.POST:
        body = await request.body()
        return JSONResponse({"size": len(body), "sha256": sha256(body).hexdigest()})
    return PlainTextResponse("0123456789" * 60_000)


async def echo(request: Request) -> Response:
    return Response(await request.body(), headers={"content-type": request.headers["content-type"]})


routes = [
    Route("/upload", upload, methods=["POST"]),
    Route("/download", download),
    Route("/stream", stream),
    Route("/large", large, methods=["GET", "POST"]),
    Route("/echo", echo, methods=["POST"]),
]
