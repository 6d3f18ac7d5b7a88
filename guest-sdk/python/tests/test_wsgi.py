import io
from wsgiref.validate import validator

import pytest
from componentize_py_types import Err
from wit_world.imports.streams import StreamError_LastOperationFailed
from wit_world.imports.types import Scheme_Http

TEXT = [("Content-Type", "text/plain")]


def echo(environ, start_response):
    start_response("200 OK", TEXT)
    return [environ["wsgi.input"].read()]


def showing(*names):
    """An app that answers with members of its environ, one a line."""

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        return ["\n".join(str(environ.get(name)) for name in names).encode("latin-1")]

    return app


def test_the_validator_of_pep_3333_finds_nothing(serve):
    def app(environ, start_response):
        body = environ["wsgi.input"]
        first, rest = body.readline(), body.read(100)
        environ["wsgi.errors"].write("")
        start_response("201 Created", [*TEXT, ("X-A", "1")])
        return [first, b"", rest]

    answer = serve(validator(app))("POST", "/a?b=c", body=[b"one\ntwo"], headers=[("content-length", b"7")])
    assert (answer.status, answer.data, answer.end) == (201, b"one\ntwo", "finished")
    assert answer.headers == [("content-type", b"text/plain"), ("x-a", b"1")]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_validator_accepts_the_environ_of_a_request_without_headers(serve, method):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        return [environ["REQUEST_METHOD"].encode()]

    assert serve(validator(app))(method, "/").data == method.encode()


def test_paths_are_bytes_as_latin_1_and_the_raw_uri_is_as_sent(serve):
    send = serve(showing("PATH_INFO", "QUERY_STRING", "RAW_URI", "SCRIPT_NAME"))
    answer = send("GET", "/caf%C3%A9%2Fa%20b?q=%C3%A9&r")
    assert answer.data.decode() == "/café/a b\nq=%C3%A9&r\n/caf%C3%A9%2Fa%20b?q=%C3%A9&r\n"
    assert serve(showing("PATH_INFO"))("GET", "/é").data.decode() == "/é"


def test_headers_repeat_by_comma_and_cookies_by_semicolon(serve):
    headers = [("x-a", b"1"), ("cookie", b"a=1"), ("x-a", b"2"), ("cookie", b"b=2"), ("content-type", b"a/b")]
    send = serve(showing("HTTP_X_A", "HTTP_COOKIE", "CONTENT_TYPE", "HTTP_CONTENT_TYPE"))
    assert send(headers=headers).data == b"1,2\na=1; b=2\na/b\nNone"


def test_a_header_with_an_underscore_cannot_pose_as_another(serve):
    send = serve(showing("HTTP_X_REAL_IP"))
    assert send(headers=[("x_real_ip", b"9.9.9.9"), ("x-real-ip", b"1.1.1.1")]).data == b"1.1.1.1"
    assert send(headers=[("x_real_ip", b"9.9.9.9")]).data == b"None"


@pytest.mark.parametrize(
    ("scheme", "authority", "expected"),
    [
        (None, "shop.example", b"https\nshop.example\n443"),
        (Scheme_Http(), "shop.example", b"http\nshop.example\n80"),
        (Scheme_Http(), "[::1]:8080", b"http\n[::1]\n8080"),
        (None, "[::1]", b"https\n[::1]\n443"),
        (None, None, b"https\nlocalhost\n443"),
    ],
)
def test_scheme_and_server_are_those_of_the_request(serve, scheme, authority, expected):
    send = serve(showing("wsgi.url_scheme", "SERVER_NAME", "SERVER_PORT"))
    assert send(scheme=scheme, authority=authority).data == expected


def test_client_and_invocation_come_from_the_host(serve):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        context = environ["aws.context"]
        return [f"{environ['REMOTE_ADDR']} {context.aws_request_id} {context.function_name}".encode()]

    invocation = (
        b'{"request_id": "r1", "deadline": 1, "invoked_function_arn": "arn:aws:lambda:eu:1:function:shop:live"}'
    )
    headers = [("x-funcserver-client", b"192.0.2.1"), ("x-amzn-lambda-context", invocation)]
    assert serve(app)(headers=headers).data == b"192.0.2.1 r1 shop"
    assert serve(showing("REMOTE_ADDR", "aws.context"))().data == b"\nNone"


def test_a_body_that_nobody_reads_costs_nothing(serve):
    consumed = []

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        consumed.append(environ["wsgi.input"]._body._stream)
        return [b"ok"]

    serve(app)("POST", headers=[("content-length", b"3")], body=[b"abc"])
    assert consumed == [None]


def test_the_input_ends_and_can_be_read_in_every_way(serve):
    lines = b"a\nbb\nccc"

    def app(environ, start_response):
        source = environ["wsgi.input"]
        parts = [source.readline(), source.read(1), *source.readlines(), source.read(), source.read(5)]
        start_response("200 OK", TEXT)
        return [repr(parts).encode()]

    answer = serve(app)("PUT", headers=[("content-length", b"8")], body=[lines[:4], None, lines[4:]])
    assert answer.data == repr([b"a\n", b"b", b"b\n", b"ccc", b"", b""]).encode()


def test_the_input_is_iterated_by_lines(serve):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        return [b"|".join(environ["wsgi.input"])]

    assert serve(app)("GET", body=[b"a\nb", b"b\n"]).data == b"a\n|bb\n"


def test_a_large_body_comes_whole(serve):
    body = bytes(range(256)) * 2400
    answer = serve(echo)("POST", headers=[("content-length", b"614400")], body=[body])
    assert answer.data == body
    assert answer.stream.calls.count("write") == 10 == len(answer.pieces)


def test_a_body_of_unstated_length_gets_one(serve):
    """Django takes a missing length for an empty body."""

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        return [environ["CONTENT_LENGTH"].encode(), environ["wsgi.input"].read()]

    assert serve(app)("POST", body=[b"abc", b"de"]).data == b"5abcde"
    assert serve(app)("DELETE").data == b"0"


def test_a_body_that_breaks_off_is_an_os_error_of_the_app(serve, capsys):
    answer = serve(echo)(
        "POST", headers=[("content-length", b"9")], body=[b"abc", Err(StreamError_LastOperationFailed(1))]
    )
    assert answer.status == 500
    assert "the request's body broke off before its end" in capsys.readouterr().err


def test_the_head_goes_out_with_the_first_piece_and_each_piece_when_it_comes(serve):
    seen = []

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        yield b""
        seen.append("nothing yet")
        yield b"one"
        seen.append(list(sent()))
        yield b"two"

    from wit_world.imports.types import OutgoingResponse

    made = []
    own = OutgoingResponse.__init__

    def remember(self, fields):
        own(self, fields)
        made.append(self)

    def sent():
        return made[0].pieces

    OutgoingResponse.__init__ = remember
    try:
        answer = serve(app)()
    finally:
        OutgoingResponse.__init__ = own
    assert seen == ["nothing yet", [b"one"]]
    assert answer.pieces == [b"one", b"two"]


def test_an_iterable_is_closed_after_the_end_and_after_a_failure(serve):
    closed = []

    class Body:
        def __init__(self, fails):
            self.fails = fails

        def __iter__(self):
            yield b"a"
            if self.fails:
                raise ValueError("late")

        def close(self):
            closed.append(self.fails)

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        return Body(environ["PATH_INFO"] == "/fails")

    send = serve(app)
    assert send("GET", "/").end == "finished"
    assert send("GET", "/fails").end == "broken"
    assert closed == [False, True]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body_have_none(serve, method, status):
    def app(environ, start_response):
        start_response(f"{status} X", [("Content-Length", "4")])
        return [b"body"]

    answer = serve(app)(method)
    assert (answer.status, answer.pieces, answer.end) == (status, [], "finished")
    assert answer.headers == [("content-length", b"4")]


def test_headers_of_the_connection_are_dropped_and_others_repeat(serve):
    def app(environ, start_response):
        names = ["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "TE", "Trailer", "Proxy-Authenticate"]
        start_response("200 OK", [(name, "x") for name in names] + [("Set-Cookie", "a=1"), ("Set-Cookie", "b=é")])
        return []

    answer = serve(app)()
    assert answer.headers == [("set-cookie", b"a=1"), ("set-cookie", "b=é".encode("latin-1"))]
    assert answer.end == "finished"


def test_a_header_that_only_the_host_may_set_is_dropped_too(serve):
    def app(environ, start_response):
        start_response("200 OK", [("Host", "x"), ("X-A", "1")])
        return [b"ok"]

    answer = serve(app)()
    assert (answer.headers, answer.data) == ([("x-a", b"1")], b"ok")


@pytest.mark.parametrize(
    ("status", "headers", "sentence"),
    [
        ("200 OK", [("x y", "1")], "the answer's header 'x y' cannot be sent"),
        ("199 X", [], "the answer's status is 199: it must be from 200 to 599"),
        ("OK", [], "the app's status is 'OK': it must begin with three digits"),
    ],
)
def test_an_answer_that_cannot_be_sent_is_a_500_with_the_reason(serve, capsys, status, headers, sentence):
    def app(environ, start_response):
        start_response(status, headers)
        return [b"ok"]

    assert serve(app)().status == 500
    assert sentence in capsys.readouterr().err


def test_text_in_the_body_is_named(serve, capsys):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        return ["text"]

    serve(app)()
    assert "a piece of type `str`: pieces must be bytes" in capsys.readouterr().err


def test_start_response_may_be_called_again_with_exc_info_until_the_head_is_out(serve, capsys):
    import sys

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        if environ["PATH_INFO"] == "/late":
            yield b"a"
        try:
            raise ValueError("no stock")
        except ValueError:
            start_response("500 Sorry", [("X-Error", "1")], sys.exc_info())
        yield b"sorry"

    answer = serve(app)("GET", "/early")
    assert (answer.status, answer.headers, answer.data) == (500, [("x-error", b"1")], b"sorry")
    assert serve(app)("GET", "/late").end == "broken"
    assert "no stock" in capsys.readouterr().err


def test_the_write_of_start_response_sends_at_once(serve):
    def app(environ, start_response):
        write = start_response("200 OK", TEXT)
        write(b"one ")
        return [b"two"]

    assert serve(app)().pieces == [b"one ", b"two"]


def test_files_are_sent_in_large_pieces(serve):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        return environ["wsgi.file_wrapper"](io.BytesIO(b"x" * 200_000), 8192)

    assert [len(piece) for piece in serve(app)().pieces] == [65_536, 65_536, 65_536, 3_392]


def test_a_slow_host_is_waited_for(serve, stream_settings):
    stream_settings.update(budget=30_000, slow=True)
    answer = serve(echo)("POST", headers=[("content-length", b"100000")], body=[b"x" * 100_000])
    assert [len(piece) for piece in answer.pieces] == [30_000, 30_000, 30_000, 10_000]


def test_a_client_that_is_gone_is_an_os_error(serve, stream_settings, capsys):
    stream_settings.update(closed=True)
    assert serve(echo)("POST", headers=[("content-length", b"1")], body=[b"x"]).end == "broken"
    assert "its receiver is gone" in capsys.readouterr().err


def test_contextvars_of_one_request_are_not_seen_by_the_next(serve):
    from contextvars import ContextVar

    var = ContextVar("var", default="unset")

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        before = var.get()
        var.set("set")
        return [before.encode()]

    send = serve(app)
    assert [send().data, send().data] == [b"unset", b"unset"]
