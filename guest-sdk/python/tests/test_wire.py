"""HTTP/1.1 as libraries speak it, against a host in Python."""

import hashlib
import io
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import pytest
from componentize_py_types import Err
from wit_world.imports import outgoing_handler, types
from wit_world.imports.error import Error
from wit_world.imports.outgoing_handler import Reply
from wit_world.imports.streams import StreamError_LastOperationFailed

from funcserver.guest import exchange
from funcserver.guest.call_errors import CallFailed
from funcserver.guest.host_socket import HostSocket
from funcserver.guest.wire import Wire


@pytest.fixture(autouse=True)
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(exchange, "_host_is_there", True)
    outgoing_handler.options_given.clear()
    outgoing_handler.open_calls.clear()
    yield
    types.OutgoingRequest.stream_settings = {}
    types.OutgoingRequest.early = False


def serve(answer: Any) -> None:
    outgoing_handler.server = answer if callable(answer) else lambda request: answer


def requests() -> list[Any]:
    return [call.request for call in outgoing_handler.open_calls]


def talk(*sent: bytes, port: int = 80, scheme: str = "http", method: str = "GET") -> HTTPResponse:
    """The response as Python's own client reads it."""
    made = HostSocket(Wire("shop.example", port, scheme), 5.0)
    for piece in sent:
        made.sendall(piece)
    response = HTTPResponse(made, method=method)
    response.begin()
    return response


def test_a_request_is_what_was_written() -> None:
    serve(Reply(200, [("x-a", b"1"), ("X-A", b"2")], [b"one", None, b"two"]))
    head = b"GET /a?b=%20c HTTP/1.1\r\nHost: shop.example:8080\r\nConnection: close\r\nX-Odd: \xe4\r\n\r\n"
    response = talk(head, port=8080)
    assert (response.status, response.reason, response.headers.get_all("x-a")) == (200, "OK", ["1", "2"])
    assert response.read() == b"onetwo"
    request = requests()[0]
    assert (request.authority_, request.path_) == ("shop.example:8080", "/a?b=%20c")
    assert request.headers == [("x-odd", b"\xe4")]
    assert request.end == "finished"


@pytest.mark.parametrize("step", [1, 3, 10_000])
def test_a_body_in_chunks_arrives_whole_however_it_is_cut(step: int) -> None:
    serve(lambda request: Reply(200, [], [hashlib.sha256(request.data).hexdigest().encode()]))
    body = bytes(range(256)) * 10
    written = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    for at in range(0, len(body), 100):
        piece = body[at : at + 100]
        written += b"%x;note=1\r\n%b\r\n" % (len(piece), piece)
    written += b"0\r\nx-trailer: 1\r\n\r\n"
    response = talk(*(written[at : at + step] for at in range(0, len(written), step)))
    assert response.read().decode() == hashlib.sha256(body).hexdigest()


def test_a_large_body_waits_for_the_host() -> None:
    types.OutgoingRequest.stream_settings = {"slow": True, "budget": 1000}
    serve(lambda request: Reply(200, [("content-length", b"%d" % len(request.data))], [request.data]))
    body = bytes(range(256)) * 100
    response = talk(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    assert response.read() == body


def test_the_answer_to_a_body_that_the_server_does_not_want_arrives() -> None:
    types.OutgoingRequest.stream_settings = {"closed": True}
    types.OutgoingRequest.early = True
    serve(Reply(413, [], [b"too large"], early=True))
    response = talk(b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n", b"x" * 100_000)
    assert (response.status, response.read()) == (413, b"too large")


def test_one_connection_takes_many_requests() -> None:
    serve(lambda request: Reply(200, [("content-length", b"2")], [request.path_[1:].encode()]))
    made = HostSocket(Wire("shop.example", 80), 5.0)
    for number in range(10, 20):
        made.sendall(b"GET /%d HTTP/1.1\r\n\r\n" % number)
        response = HTTPResponse(made)
        response.begin()
        assert response.read() == b"%d" % number
        assert not made.wait_for(True, False, 0.0), "a pool takes a readable connection for a closed one"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body_end_with_their_head(method: str, status: int) -> None:
    serve(Reply(status, [("etag", b'"a"'), ("content-length", b"10")], []))
    response = talk(b"%b / HTTP/1.1\r\n\r\n" % method.encode(), method=method)
    assert (response.status, response.headers["etag"], response.read()) == (status, '"a"', b"")


def test_a_client_of_http_1_0_gets_no_chunks() -> None:
    serve(Reply(200, [], [b"one", b"two"]))
    made = HostSocket(Wire("shop.example", 80), 5.0)
    made.sendall(b"GET / HTTP/1.0\r\n\r\n")
    received = b""
    while piece := made.recv(100):
        received += piece
    assert received == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nonetwo"


def test_a_body_is_asked_for_at_once() -> None:
    serve(lambda request: Reply(200, [], [request.data]))
    made = HostSocket(Wire("shop.example", 80), 5.0)
    made.sendall(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
    assert made.wait_for(True, False, 1.0)
    assert made.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    made.sendall(b"body")
    response = HTTPResponse(made)
    response.begin()
    assert response.read() == b"body"
    assert requests()[0].headers == [("content-length", b"4")]


BROKEN = Err(StreamError_LastOperationFailed(Error(types.ErrorCode_HttpResponseIncomplete())))


@pytest.mark.parametrize("headers", [[], [("content-length", b"100")]])
def test_a_body_that_breaks_off_is_seen(headers: list[tuple[str, bytes]]) -> None:
    from http.client import IncompleteRead

    serve(Reply(200, headers, [b"only this", BROKEN]))
    with pytest.raises(IncompleteRead):
        talk(b"GET / HTTP/1.1\r\n\r\n").read()


def test_a_server_that_answers_nothing_closes_the_connection() -> None:
    from http.client import RemoteDisconnected

    serve(types.ErrorCode_ConnectionTerminated())
    with pytest.raises(RemoteDisconnected):
        talk(b"GET / HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("HttpRequestDenied", PermissionError, "network.allow"),
        ("ConnectionRefused", ConnectionRefusedError, "refused"),
        ("ConnectionTimeout", TimeoutError, "timed out connecting"),
        ("ConnectionReadTimeout", TimeoutError, "timed out waiting"),
        ("DnsError", OSError, "cannot be resolved"),
        ("TlsCertificateError", OSError, "CERTIFICATE_VERIFY_FAILED"),
        ("ConnectionLimitReached", OSError, "too many"),
        ("HttpProtocolError", OSError, "HttpProtocolError"),
    ],
)
def test_failures_are_those_of_sockets(code: str, kind: type[OSError], said: str) -> None:
    serve(getattr(types, f"ErrorCode_{code}")())
    with pytest.raises(kind) as raised:
        talk(b"GET / HTTP/1.1\r\n\r\n")
    assert said in str(raised.value) and "shop.example" in str(raised.value)


def test_what_the_host_refuses_at_once_is_raised_by_the_request() -> None:
    made = HostSocket(Wire("denied.at.once", 80), 5.0)
    with pytest.raises(PermissionError):
        made.sendall(b"GET / HTTP/1.1\r\n\r\n")


def test_timeouts_are_the_sockets_own() -> None:
    serve(Reply(200, [], [b"late"], delay=5.0))
    made = HostSocket(Wire("shop.example", 80), 0.05)
    begin = time.monotonic()
    made.sendall(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(TimeoutError):
        made.recv(100)
    assert time.monotonic() - begin < 1
    made.close()


def test_the_host_has_the_time_to_connect() -> None:
    serve(Reply())
    made = HostSocket(Wire("shop.example", 80, "http", 1.5), None)
    made.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert outgoing_handler.options_given[0].connect_timeout_ == 1_400_000_000, "and its error comes first"


@pytest.mark.parametrize("request_line", [b"CONNECT shop.example:443 HTTP/1.1", b"GET http://other.example/ HTTP/1.1"])
def test_requests_for_a_proxy_are_refused(request_line: bytes) -> None:
    with pytest.raises(OSError, match="unset HTTP_PROXY"):
        talk(request_line + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        (b"shop.example", True),
        (b"SHOP.example:443", True),
        (b"shop.example.", True),
        (b"other.example", False),
        (b"shop.example:8443", False),
    ],
)
def test_a_header_for_another_host_is_refused(host: bytes, fits: bool) -> None:
    serve(Reply(200, [], []))
    written = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host
    if fits:
        assert talk(written, port=443, scheme="https").status == 200
        assert requests()[0].authority_ == "shop.example"
    else:
        with pytest.raises(OSError, match="host sets this header"):
            talk(written, port=443, scheme="https")


def test_names_and_addresses_become_ascii() -> None:
    serve(Reply())
    for host, authority in (("münchen.example", "xn--mnchen-3ya.example"), ("::1", "[::1]:8080")):
        wire = Wire(host, 80 if host != "::1" else 8080)
        wire.send(b"GET / HTTP/1.1\r\n\r\n")
        assert requests()[-1].authority_ == authority


def test_no_request_is_sent_while_the_component_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_host_is_there", False)
    with pytest.raises(OSError, match="while the component is made"):
        talk(b"GET / HTTP/1.1\r\n\r\n")


def test_handles_are_given_back_when_a_response_is_abandoned() -> None:
    replies = []

    def answer(request: Any) -> Reply:
        replies.append(Reply(200, [], [b"x" * 10, None, b"y"]))
        return replies[-1]

    serve(answer)
    wire = Wire("shop.example", 80)
    wire.send(b"GET / HTTP/1.1\r\n\r\n")
    assert wire.receive(100) and wire.receive(5)
    # The fake fails if a parent is dropped before its child.
    wire.close()
    with pytest.raises(CallFailed):
        wire.send(b"GET / HTTP/1.1\r\n\r\n")


def test_files_of_a_socket_keep_it_open() -> None:
    serve(Reply(200, [("content-length", b"4")], [b"text"]))
    made = HostSocket(Wire("shop.example", 80), None)
    made.sendall(b"GET / HTTP/1.1\r\n\r\n")
    file: io.BufferedReader = made.makefile("rb")
    made.close()
    assert file.read().endswith(b"\r\n\r\ntext")
    file.close()
