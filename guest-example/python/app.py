"""A web site as a WSGI app, without a framework. The routes are in `ROUTES`."""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

import pages

Environ = dict[str, Any]


class Response(NamedTuple):
    body: str | bytes
    content_type: str = "text/html; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[str, str], ...] = ()


def app(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    response = respond(environ)
    body = response.body.encode() if isinstance(response.body, str) else response.body
    headers = [("Content-Type", response.content_type), ("Content-Length", str(len(body))), *response.headers]
    start_response(f"{response.status.value} {response.status.phrase}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def respond(environ: Environ) -> Response:
    routes = ROUTES.get(environ["PATH_INFO"])
    if routes is None:
        return Response("not found\n", "text/plain; charset=utf-8", HTTPStatus.NOT_FOUND)
    method = environ["REQUEST_METHOD"]
    route = routes.get("GET" if method == "HEAD" else method)
    return route(environ) if route else not_allowed(routes)


def not_allowed(routes: Iterable[str]) -> Response:
    allow = ", ".join("GET, HEAD" if method == "GET" else method for method in routes)
    return Response(
        "method not allowed\n", "text/plain; charset=utf-8", HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", allow),)
    )


def home(environ: Environ) -> Response:
    return Response(pages.home())


def products(environ: Environ) -> Response:
    return Response(pages.products())


def articles(environ: Environ) -> Response:
    return Response(pages.articles())


def echo(environ: Environ) -> Response:
    """The body as it came. It has CONTENT_LENGTH bytes: under other servers, reading more would wait forever."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return Response(body, environ.get("CONTENT_TYPE") or "application/octet-stream")


def headers(environ: Environ) -> Response:
    """The request and its invocation as the app sees them."""
    invocation = environ.get("HTTP_X_AMZN_LAMBDA_CONTEXT")
    seen = {
        "method": environ["REQUEST_METHOD"],
        "path_with_query": target(environ),
        "scheme": environ["wsgi.url_scheme"],
        "authority": environ.get("HTTP_HOST"),
        # WSGI joins the values of a repeated header by commas.
        "headers": {name: [value] for name, value in header_values(environ)},
        "lambda_context": json.loads(invocation) if invocation else None,
    }
    return Response(json.dumps(seen, indent=2) + "\n", "application/json")


def target(environ: Environ) -> str:
    """Path and query as the client sent them: PATH_INFO is decoded."""
    query = environ.get("QUERY_STRING")
    return environ.get("RAW_URI") or environ["PATH_INFO"] + (f"?{query}" if query else "")


def header_values(environ: Environ) -> Iterable[tuple[str, str]]:
    for key, value in environ.items():
        if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            # WSGI's text has a character for each byte that came. Bytes that are not UTF-8 become U+FFFD.
            text = value.encode("latin-1").decode(errors="replace")
            yield key.removeprefix("HTTP_").replace("_", "-").lower(), text


ROUTES: dict[str, dict[str, Callable[[Environ], Response]]] = {
    "/": {"GET": home},
    "/products": {"GET": products},
    "/articles": {"GET": articles},
    "/headers": {"GET": headers},
    "/echo": {"POST": echo},
}


if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    print("http://127.0.0.1:8000")
    make_server("127.0.0.1", 8000, app).serve_forever()
