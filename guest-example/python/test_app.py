import io
import json
from wsgiref.util import setup_testing_defaults

from app import app


def ask(method: str, path: str, body: bytes = b"", **variables: str) -> tuple[str, dict[str, str], bytes]:
    """The status, the headers and the body of the answer."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": io.BytesIO(body)}
    environ |= {"CONTENT_LENGTH": str(len(body)), **variables}
    setup_testing_defaults(environ)
    heads = []
    pieces = app(environ, lambda status, headers: heads.append((status, dict(headers))))
    [(status, headers)] = heads
    return status, headers, b"".join(pieces)


def test_the_products_are_listed():
    status, headers, body = ask("GET", "/products", QUERY_STRING="page=2")
    assert (status, headers["Content-Type"]) == ("200 OK", "text/html; charset=utf-8")
    assert b"<li>Kettle</li>" in body


def test_a_body_comes_back_with_its_type():
    status, headers, body = ask("POST", "/echo", bytes(range(256)), CONTENT_TYPE="image/png")
    assert (status, headers["Content-Type"], body) == ("200 OK", "image/png", bytes(range(256)))


def test_the_headers_are_told():
    seen = json.loads(ask("GET", "/headers", HTTP_X_NAME="Zoë".encode().decode("latin-1"))[2])
    assert seen["path_with_query"] == "/headers"
    assert seen["headers"]["x-name"] == ["Zoë"]
    assert seen["lambda_context"] is None


def test_head_has_no_body():
    status, headers, body = ask("HEAD", "/")
    assert (status, body) == ("200 OK", b"")
    assert int(headers["Content-Length"]) > 0


def test_other_paths_and_methods_are_refused():
    assert ask("GET", "/nothing")[0] == "404 Not Found"
    status, headers, _ = ask("POST", "/products")
    assert (status, headers["Allow"]) == ("405 Method Not Allowed", "GET, HEAD")
