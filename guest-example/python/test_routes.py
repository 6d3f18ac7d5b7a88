"""Tests of the routes, without a component. `pytest` runs them; only `src/host.py` and `src/app.py` need the host."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))

from routes import router  # noqa: E402
from web import Request  # noqa: E402


def request(method: str, path: str, body: bytes = b"") -> Request:
    made = Request()
    made.method, made.path_with_query, made.body = method, path, body
    made.scheme, made.authority = "https", "localhost"
    made.headers = [("host", b"localhost"), ("content-type", b"text/csv")]
    return made


def test_the_products_are_listed():
    response = router.answer(request("GET", "/products?page=2"))
    assert response.status == 200
    assert b"<li>Kettle</li>" in response.body


def test_a_body_comes_back_with_its_type():
    response = router.answer(request("POST", "/echo", b"1,2\n"))
    assert (response.body, response.headers) == (b"1,2\n", [("content-type", b"text/csv")])


def test_the_headers_are_told():
    told = json.loads(router.answer(request("GET", "/headers")).body)
    assert told["path_with_query"] == "/headers"
    assert told["headers"]["host"] == ["localhost"]


def test_other_paths_and_methods_are_refused():
    assert router.answer(request("GET", "/nothing")).status == 404
    assert router.answer(request("POST", "/products")).status == 405
