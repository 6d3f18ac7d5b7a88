"""The routes: start here."""

import context
import pages
from web import Request, Response, Router

router = Router()


@router.get("/")
def home(request: Request) -> Response:
    return Response.html(pages.home())


@router.get("/products")
def products(request: Request) -> Response:
    return Response.html(pages.products())


@router.get("/articles")
def articles(request: Request) -> Response:
    return Response.html(pages.articles())


@router.post("/echo")
def echo(request: Request) -> Response:
    content_type = request.header("content-type") or b"application/octet-stream"
    return Response(request.body, headers=[("content-type", content_type)])


@router.get("/headers")
def headers(request: Request) -> Response:
    """The request and its invocation as the handler sees them."""
    values: dict[str, list[str]] = {}
    for name, value in request.headers:
        # Bytes that are not UTF-8 become U+FFFD, because JSON has only text.
        values.setdefault(name, []).append(value.decode(errors="replace"))
    return Response.json(
        {
            "method": request.method,
            "path_with_query": request.path_with_query,
            "scheme": request.scheme,
            "authority": request.authority,
            "headers": values,
            "lambda_context": context.from_header(request),
            "lambda_import": context.from_import(),
        }
    )
