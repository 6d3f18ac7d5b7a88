"""Uploads, downloads and streams."""

import csv
import io
from collections.abc import Iterator
from hashlib import sha256

from flask import Blueprint, Response, jsonify, request, send_file, stream_with_context

blueprint = Blueprint("files", __name__)


@blueprint.post("/upload")
def upload() -> Response:
    files = []
    for file in request.files.getlist("files"):
        content = file.read()
        files.append({"name": file.filename, "size": len(content), "sha256": sha256(content).hexdigest()})
    return jsonify(note=request.form.get("note", ""), files=files)


@blueprint.get("/download")
def download() -> Response:
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([("id", "name"), (1, "cup")])
    content = io.BytesIO(table.getvalue().encode())
    return send_file(content, mimetype="text/csv", as_attachment=True, download_name="items.csv")


@blueprint.get("/stream")
def stream() -> Response:
    def lines() -> Iterator[str]:
        for number in range(5):
            yield f"line {number}\n"

    return Response(stream_with_context(lines()), mimetype="text/plain")


@blueprint.get("/large")
def large() -> Response:
    return Response("0123456789" * 60_000, mimetype="text/plain")


@blueprint.post("/large")
def measure() -> Response:
    body = request.get_data()
    return jsonify(size=len(body), sha256=sha256(body).hexdigest())


@blueprint.post("/echo")
def echo() -> Response:
    return Response(request.get_data(), content_type=request.content_type)
