from hashlib import sha256

from starlette.testclient import TestClient


def test_home(client: TestClient) -> None:
    response = client.get("/")
    assert "<h1>Shop</h1>" in response.text
    assert client.head("/").status_code == 200


def test_a_name_beyond_ascii(client: TestClient) -> None:
    assert client.get("/hello/Zo%C3%AB").text == "Hello, Zoë!"


def test_items(client: TestClient) -> None:
    added = client.post("/items", json={"name": "cup", "price": 4.5})
    assert added.status_code == 201
    where = added.headers["location"]
    assert client.get(where).json() == added.json()
    assert client.put(where, json={"name": "mug", "price": 5}).json()["name"] == "mug"
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_an_invalid_item(client: TestClient) -> None:
    assert client.post("/items", json={"name": "", "price": 1}).status_code == 422
    assert client.post("/items", content=b"{").status_code == 400


def test_upload(client: TestClient) -> None:
    files = [("files", ("empty", b"")), ("files", ("a.bin", b"\0\1\2"))]
    answer = client.post("/upload", data={"note": "two"}, files=files).json()
    assert answer["note"] == "two"
    assert [(file["name"], file["size"]) for file in answer["files"]] == [("empty", 0), ("a.bin", 3)]
    assert answer["files"][1]["sha256"] == sha256(b"\0\1\2").hexdigest()


def test_the_session_counts(client: TestClient) -> None:
    assert client.get("/session").json() == {"count": 1}
    assert client.get("/session").json() == {"count": 2}


def test_a_template_escapes(client: TestClient) -> None:
    assert "<p>Hello, &lt;b&gt;!</p>" in client.get("/template?name=<b>").text


def test_static_files_have_an_etag(client: TestClient) -> None:
    first = client.get("/static/style.css")
    assert first.headers["content-type"].startswith("text/css")
    again = client.get("/static/style.css", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


def test_large_bodies(client: TestClient) -> None:
    body = client.get("/large").content
    assert len(body) == 600_000
    assert client.post("/large", content=body).json() == {"size": 600_000, "sha256": sha256(body).hexdigest()}


def test_an_exception_is_a_500(client: TestClient) -> None:
    response = client.get("/boom")
    assert response.status_code == 500
    assert "RuntimeError" not in response.text


def test_there_is_no_such_page(client: TestClient) -> None:
    assert client.get("/nothing").status_code == 404
    assert client.get("/static/%2e%2e/main.py").status_code == 404


def test_the_lifespan_has_begun(client: TestClient) -> None:
    assert client.get("/lifespan").json() == {"state": "open"}


def test_large_answers_are_compressed_if_the_client_accepts_it(client: TestClient) -> None:
    assert client.get("/large", headers={"accept-encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/large", headers={"accept-encoding": "identity"}).headers
