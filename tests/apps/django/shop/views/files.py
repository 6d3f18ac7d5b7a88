"""Uploads, downloads and streams."""

import csv
from collections.abc import Iterator
from hashlib import sha256

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe


@csrf_exempt
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    files = []
    for file in request.FILES.getlist("files"):
        digest = sha256()
        for chunk in file.chunks():
            digest.update(chunk)
        files.append({"name": file.name, "size": file.size, "sha256": digest.hexdigest()})
    return JsonResponse({"note": request.POST.get("note", ""), "files": files})


@require_safe
def download(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(
        content_type="text/csv",
        headers={"content-disposition": 'attachment; filename="items.csv"'},
    )
    csv.writer(response, lineterminator="\n").writerows([("id", "name"), (1, "cup")])
    return response


@require_safe
def stream(request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        for number in range(5):
            yield f"line {number}\n"

    return StreamingHttpResponse(lines(), content_type="text/plain")


@method_decorator(csrf_exempt, name="dispatch")
class Large(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("0123456789" * 60_000, content_type="text/plain")

    def post(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"size": len(request.body), "sha256": sha256(request.body).hexdigest()})


@csrf_exempt
@require_POST
def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body, content_type=request.headers.get("content-type"))
