import asyncio
import json
from contextvars import ContextVar

import pytest
from componentize_py_types import Err
from wit_world.imports.streams import StreamError_LastOperationFailed

START = {"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/plain")]}


async def no_lifespan(scope):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])


async def respond(send, body, **more):
    await send({**START, **more})
    await send({"type": "http.response.body", "body": body})


async def body_of(receive):
    pieces = []
    while True:
        message = await receive()
        pieces.append(message["body"])
        if not message["more_body"]:
            return pieces


async def echo(scope, receive, send):
    await no_lifespan(scope)
    await respond(send, b"".join(await body_of(receive)))


def test_the_scope_is_that_of_the_specification(serve):
    scopes = []

    async def app(scope, receive, send):
        await no_lifespan(scope)
        scopes.append(scope)
        await respond(send, b"")

    headers = [("host", b"shop.example"), ("x-a", b"1"), ("x-a", b"\xe9"), ("x-funcserver-client", b"192.0.2.1")]
    serve(app)("POST", "/caf%C3%A9%2Fa?q=%C3%A9", headers=headers)
    (scope,) = scopes
    assert scope["path"] == "/café/a"
    assert scope["raw_path"] == b"/caf%C3%A9%2Fa"
    assert scope["query_string"] == b"q=%C3%A9"
    assert scope["headers"] == [(name.encode(), value) for name, value in headers]
    assert (scope["client"], scope["server"]) == (("192.0.2.1", 0), ("shop.example", 443))
    assert (scope["method"], scope["scheme"], scope["root_path"]) == ("POST", "https", "")
    assert (scope["type"], scope["http_version"], scope["asgi"]["version"]) == ("http", "1.1", "3.0")
    assert scope["aws.context"] is None


def test_the_lifespan_starts_once_and_each_request_has_a_copy_of_its_state(serve):
    events = []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            events.append((await receive())["type"])
            scope["state"]["names"] = ["first"]
            scope["state"]["count"] = 0
            await asyncio.sleep(0.001)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            events.append("ended")
        else:
            scope["state"]["count"] += 1
            await respond(send, f"{scope['state']['count']} {scope['state']['names']}".encode())

    send = serve(app)
    assert events == [], "the lifespan starts with the first request"
    assert [send().data, send().data] == [b"1 ['first']", b"1 ['first']"]
    assert events == ["lifespan.startup"]


def test_a_lifespan_that_fails_is_a_500_with_the_reason_and_the_next_request_tries_again(serve, capsys):
    attempts = []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            attempts.append(1)
            if len(attempts) == 1:
                await send({"type": "lifespan.startup.failed", "message": "no database"})
                raise ValueError("no database")
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await respond(send, b"ok")

    send = serve(app)
    assert send().status == 500
    assert "the app failed to start: no database" in capsys.readouterr().err
    assert send().data == b"ok"


def test_an_app_that_returns_from_the_lifespan_is_served(serve):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await respond(send, b"ok")

    assert serve(app)().data == b"ok"


@pytest.mark.parametrize("headers", [[], [("content-length", b"6")], [("content-length", b"x")]])
def test_the_body_comes_in_pieces_and_other_tasks_run_meanwhile(serve, headers):
    ran = []

    async def app(scope, receive, send):
        await no_lifespan(scope)

        async def tick():
            ran.append("tick")

        task = asyncio.create_task(tick())
        pieces = await body_of(receive)
        await task
        await respond(send, b"|".join(pieces))

    answer = serve(app)("POST", headers=headers, body=[b"abc", None, b"def"])
    assert answer.data.rstrip(b"|") == b"abc|def"
    assert ran == ["tick"]


def test_a_body_is_not_asked_for_if_its_length_is_zero(serve):
    assert serve(echo)("POST", headers=[("content-length", b"0")], body=[b"unread"]).data == b""


def test_a_large_body_goes_both_ways(serve, stream_settings):
    stream_settings.update(slow=True)
    body = bytes(range(256)) * 2400
    answer = serve(echo)("POST", headers=[("content-length", b"614400")], body=[body])
    assert answer.data == body
    assert len(answer.pieces) == 10


def test_a_body_that_breaks_off_is_an_os_error_of_the_app(serve, capsys):
    answer = serve(echo)("POST", body=[b"abc", Err(StreamError_LastOperationFailed(1))])
    assert answer.status == 500
    assert "broke off before its end" in capsys.readouterr().err


def test_receive_after_the_body_waits_for_the_end_of_the_answer(serve):
    messages = []

    async def app(scope, receive, send):
        await no_lifespan(scope)
        await body_of(receive)

        async def watch():
            messages.append(await receive())

        task = asyncio.create_task(watch())
        await send(START)
        await asyncio.sleep(0.001)
        messages.append("sent")
        await send({"type": "http.response.body"})
        await task
        messages.append((await receive())["type"])

    serve(app)("POST", body=[b"a"])
    assert messages == ["sent", {"type": "http.disconnect"}, "http.disconnect"]


def test_work_goes_on_after_the_answer(serve):
    ends = []

    async def app(scope, receive, send):
        await no_lifespan(scope)
        await respond(send, b"ok")
        await asyncio.sleep(0.001)
        ends.append("done")

    answer = serve(app)()
    assert (answer.data, answer.end, ends) == (b"ok", "finished", ["done"])


def test_a_failure_after_the_answer_is_logged_and_changes_nothing(serve, capsys):
    async def app(scope, receive, send):
        await no_lifespan(scope)
        await respond(send, b"ok")
        raise ValueError("mail not sent")

    answer = serve(app)()
    assert (answer.status, answer.data, answer.end) == (200, b"ok", "finished")
    record = json.loads(capsys.readouterr().err)
    assert record["level"] == "ERROR" and "ValueError: mail not sent" in record["message"]


def test_a_failure_before_the_body_is_a_500_and_after_it_a_broken_answer(serve):
    async def app(scope, receive, send):
        await no_lifespan(scope)
        await send(START)
        if scope["path"] == "/late":
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
        raise ValueError("no stock")

    send = serve(app)
    assert (send("GET", "/early").status, send("GET", "/late").end) == (500, "broken")


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([], "the app returned without an answer"),
        ([START], "the app returned without an answer"),
        ([START, START], "sent `http.response.start` twice"),
        ([{"type": "http.response.body"}], "sent `http.response.body` before `http.response.start`"),
        ([START, {"type": "http.response.body", "more_body": True}], "without a complete answer"),
        ([START, {"type": "http.response.body"}, {"type": "http.response.body"}], "after the end of its answer"),
        ([{"type": "websocket.accept"}], "sent `websocket.accept`, which is no message of an HTTP answer"),
    ],
)
def test_messages_out_of_order_are_named(serve, capsys, messages, sentence):
    async def app(scope, receive, send):
        await no_lifespan(scope)
        for message in messages:
            await send(message)

    serve(app)()
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body_have_none(serve, method, status):
    async def app(scope, receive, send):
        await no_lifespan(scope)
        await respond(send, b"body", status=status, headers=[(b"content-length", b"4")])

    answer = serve(app)(method)
    assert (answer.status, answer.pieces, answer.end) == (status, [], "finished")


def test_headers_of_the_connection_are_dropped_and_others_repeat(serve):
    headers = [
        (b"Connection", b"close"),
        (b"transfer-encoding", b"chunked"),
        (b"Set-Cookie", b"a"),
        (b"Set-Cookie", b"b"),
    ]

    async def app(scope, receive, send):
        await no_lifespan(scope)
        await respond(send, bytearray(b"ok"), headers=headers)

    answer = serve(app)()
    assert answer.headers == [("set-cookie", b"a"), ("set-cookie", b"b")]
    assert answer.data == b"ok"


def test_contextvars_of_one_request_are_not_seen_by_the_next(serve):
    var = ContextVar("var", default="unset")

    async def app(scope, receive, send):
        await no_lifespan(scope)
        before = var.get()
        var.set("set")
        await respond(send, before.encode())

    send = serve(app)
    assert [send().data, send().data] == [b"unset", b"unset"]


def test_a_request_that_nothing_can_wake_ends_and_cleans_up(serve, capsys):
    cleaned = []

    async def app(scope, receive, send):
        await no_lifespan(scope)
        if scope["path"] == "/":
            return await respond(send, b"ok")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cleaned.append(scope["path"])

    send = serve(app)
    assert send("GET", "/waits").status == 500
    assert "the app waits for something that cannot happen" in capsys.readouterr().err
    assert cleaned == ["/waits"]
    assert send().data == b"ok"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_what_ends_other_servers_is_a_500(serve, error, capsys):
    async def app(scope, receive, send):
        await no_lifespan(scope)
        if scope["path"] == "/":
            return await respond(send, b"ok")
        raise error

    send = serve(app)
    assert send("GET", "/ends").status == 500
    assert type(error).__name__ in capsys.readouterr().err
    assert send().data == b"ok"


def test_a_task_that_is_left_behind_is_named_once(serve, capsys):
    async def lingering():
        await asyncio.sleep(60)

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            asyncio.create_task(asyncio.sleep(60), name="refresh")
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        if scope["path"] == "/leaves":
            asyncio.create_task(lingering())
        if scope["path"] == "/cancels":
            asyncio.create_task(lingering()).cancel()
        await respond(send, b"ok")

    send = serve(app)
    send("GET", "/cancels")
    assert capsys.readouterr().err == ""
    send("GET", "/leaves")
    assert "lingering" in capsys.readouterr().err
    send()
    assert capsys.readouterr().err == ""
