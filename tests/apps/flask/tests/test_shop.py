import io

from flask.testing import FlaskClient


def test_home(client: FlaskClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert "<h1>Shop</h1>" in response.text


def test_a_name_beyond_ascii(client: FlaskClient) -> None:
    assert client.get("/hello/Zo%C3%AB").text == "Hello, Zoë!"


def test_items(client: FlaskClient) -> None:
    assert client.post("/items", json={"name": "", "price": 1}).status_code == 422
    added = client.post("/items", json={"name": "cup", "price": 4.5})
    assert added.status_code == 201
    where = added.headers["location"]
    assert client.get(where).json == added.json
    assert client.put(where, json={"name": "mug", "price": 5}).json["name"] == "mug"
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_upload(client: FlaskClient) -> None:
    form = {"note": "two", "files": [(io.BytesIO(b""), "empty"), (io.BytesIO(b"\0\1\2"), "a.bin")]}
    answer = client.post("/upload", data=form).json
    assert answer["note"] == "two"
    assert [(file["name"], file["size"]) for file in answer["files"]] == [("empty", 0), ("a.bin", 3)]


def test_the_session_counts(client: FlaskClient) -> None:
    assert client.get("/session").json == {"count": 1}
    assert client.get("/session").json == {"count": 2}


def test_a_message_is_shown_once(client: FlaskClient) -> None:
    assert "on its way" in client.post("/flash", follow_redirects=True).text
    assert "No messages" in client.get("/messages").text


def test_a_template_escapes(client: FlaskClient) -> None:
    assert "<p>Hello, &lt;b&gt;!</p>" in client.get("/template?name=<b>").text


def test_static_files_have_an_etag(client: FlaskClient) -> None:
    first = client.get("/static/style.css")
    assert first.status_code == 200
    again = client.get("/static/style.css", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


def test_an_exception_is_a_500(client: FlaskClient) -> None:
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    response = client.get("/boom")
    assert response.status_code == 500
    assert "RuntimeError" not in response.text


def test_there_is_no_such_page(client: FlaskClient) -> None:
    assert client.get("/nothing").status_code == 404
    assert client.get("/static/../wsgi.py").status_code == 404
