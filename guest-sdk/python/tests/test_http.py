from funcserver.guest import http


def test_an_instance_that_has_written_much_leaves_its_last_body_open(serve, monkeypatch):
    """The host then takes the body as complete, and makes another instance."""

    def app(environ, start_response):
        start_response("200 OK", [])
        return [b"x" * 600]

    monkeypatch.setattr(http, "_written", 0)
    monkeypatch.setattr(http, "_open", [])
    monkeypatch.setattr(http, "MOST_WRITTEN", 1000)
    send = serve(app)
    assert [send().end, send().end] == ["finished", None]
    assert len(http._open) == 1, "a body that is dropped breaks off"
