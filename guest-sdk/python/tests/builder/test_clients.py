"""HTTP clients in a component, unchanged: each sends every kind of request to a real server, through the tool."""

import asyncio
import gzip
import json
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peer import Authority, Peer
from served import PLACES, Served, ServedApp, needs_tool, refusing_port

HERE = Path(__file__).parent
# The newest, as their insides change with their versions.
PACKAGES = ["aiohttp", "botocore", "certifi", "httpx", "requests", "urllib3"]

pytestmark = needs_tool

SYNC = ["urllib", "http.client", "requests", "httpx", "botocore"]
ASYNC = ["httpx-async", "aiohttp"]
CLIENTS = SYNC + ASYNC

# The exception of each client, by what failed.
ERRORS: dict[str, dict[str, str]] = {
    "timeout": {
        "urllib": "builtins.TimeoutError",
        "http.client": "builtins.TimeoutError",
        "requests": "requests.exceptions.ReadTimeout",
        "httpx": "httpx.ReadTimeout",
        "httpx-async": "httpx.ReadTimeout",
        "botocore": "botocore.exceptions.ReadTimeoutError",
        "aiohttp": "aiohttp.client_exceptions.SocketTimeoutError",
    },
    "connecting": {
        "urllib": "urllib.error.URLError",
        "http.client": "builtins.TimeoutError",
        "requests": "requests.exceptions.ConnectTimeout",
        "httpx": "httpx.ConnectTimeout",
        "httpx-async": "httpx.ConnectTimeout",
        "botocore": "botocore.exceptions.ConnectTimeoutError",
        "aiohttp": "aiohttp.client_exceptions.ConnectionTimeoutError",
    },
    "refused": {
        "urllib": "urllib.error.URLError",
        "http.client": "builtins.ConnectionRefusedError",
        "requests": "requests.exceptions.ConnectionError",
        "httpx": "httpx.ConnectError",
        "httpx-async": "httpx.ConnectError",
        "botocore": "botocore.exceptions.EndpointConnectionError",
        "aiohttp": "aiohttp.client_exceptions.ClientConnectorError",
    },
    "denied": {
        "urllib": "urllib.error.URLError",
        "http.client": "builtins.PermissionError",
        "requests": "requests.exceptions.ConnectionError",
        "httpx": "httpx.ConnectError",
        "httpx-async": "httpx.ConnectError",
        "botocore": "botocore.exceptions.EndpointConnectionError",
        "aiohttp": "aiohttp.client_exceptions.ClientConnectorError",
    },
    "unresolved": {
        "urllib": "urllib.error.URLError",
        "http.client": "socket.gaierror",
        "requests": "requests.exceptions.ConnectionError",
        "httpx": "httpx.ConnectError",
        "httpx-async": "httpx.ConnectError",
        "botocore": "botocore.exceptions.EndpointConnectionError",
        "aiohttp": "aiohttp.client_exceptions.ClientConnectorDNSError",
    },
    "untrusted": {
        "urllib": "urllib.error.URLError",
        "http.client": "ssl.SSLCertVerificationError",
        "requests": "requests.exceptions.SSLError",
        "httpx": "httpx.ConnectError",
        "httpx-async": "httpx.ConnectError",
        "botocore": "botocore.exceptions.SSLError",
        "aiohttp": "aiohttp.client_exceptions.ClientConnectorCertificateError",
    },
    "broken": {
        "urllib": "http.client.IncompleteRead",
        "http.client": "http.client.IncompleteRead",
        "requests": "requests.exceptions.ChunkedEncodingError",
        "httpx": "httpx.RemoteProtocolError",
        "httpx-async": "httpx.RemoteProtocolError",
        # It hands out what there is.
        "botocore": "",
        "aiohttp": "aiohttp.client_exceptions.ClientPayloadError",
    },
    "closed": {
        "urllib": "http.client.RemoteDisconnected",
        "http.client": "http.client.RemoteDisconnected",
        "requests": "requests.exceptions.ConnectionError",
        "httpx": "httpx.RemoteProtocolError",
        "httpx-async": "httpx.RemoteProtocolError",
        "botocore": "botocore.exceptions.ConnectionClosedError",
        "aiohttp": "aiohttp.client_exceptions.ServerDisconnectedError",
    },
}


class World:
    """Servers to call, and a component of the app that calls them."""

    def __init__(self, folder: Path) -> None:
        (folder / "app").mkdir()
        # In the app's folder, because it tries to use the root itself.
        authority = Authority(folder / "app", "root")
        plain, tls, untrusted = Peer(), authority.serve(), Authority(folder, "other").serve()
        self.silent = Silent()
        self.bases = {"HTTP": plain.base, "HTTPS": tls.base, "UNTRUSTED": untrusted.base}
        self.bases |= {"REFUSED": f"http://127.0.0.1:{refusing_port()}", "SILENT": self.silent.base}
        self.app = ServedApp(folder / "app", authority.file)
        # A granted variable: clients that are made with the component must not look into the environment.
        self.app.build(HERE / "clients", PACKAGES, "--granted", "HTTP")

    def settings(self) -> str:
        allowed = [*self.bases.values(), "http://nonesuch.invalid"]
        lines = ["[network]", f"allow = {json.dumps(allowed)}", "[guest.env]"]
        lines += [f"{name} = {json.dumps(base)}" for name, base in self.bases.items()]
        return "\n".join(lines) + "\n"


class Silent:
    """An address that answers no attempt to connect, because its queue is full."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.base = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.queue = [socket.socket() for _ in range(4)]
        for waiting in self.queue:
            waiting.setblocking(False)
            waiting.connect_ex(self.listener.getsockname())


class Asked(Served):
    def ask(self, client: str, case: str, base: str = "HTTP") -> Any:
        """What the app says of that request."""
        url = f"{self.address}/{client}/{case}/{base}"
        with urllib.request.urlopen(url, timeout=120) as response:
            return json.load(response)

    def result(self, client: str, case: str, base: str = "HTTP") -> Any:
        answer = self.ask(client, case, base)
        assert "error" not in answer, answer.get("trace")
        return answer["result"]


def error_of(answer: dict[str, Any]) -> str:
    """The name of the exception, or nothing if there was none."""
    return answer.get("error", [""])[0]


# The host alone denies, and on this machine no root is missing.
@pytest.mark.parametrize("case", [case for case in ERRORS if case not in ("denied", "untrusted")])
def test_the_exceptions_are_those_of_this_machine(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE / "clients"))
    from app import CLIENTS, run

    silent, peer = Silent(), Peer()
    monkeypatch.setenv("SILENT", silent.base)
    monkeypatch.setenv("REFUSED", f"http://127.0.0.1:{refusing_port()}")

    async def ask() -> dict[str, str]:
        made = {name: type(client)() for name, client in CLIENTS.items()}
        CLIENTS.update(made)
        return {name: error_of(await run(name, case, peer.base)) for name in made}

    assert asyncio.run(ask()) == ERRORS[case]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="module", params=PLACES)
def served(world: World, request: pytest.FixtureRequest) -> Iterator[Asked]:
    with world.app.serve(request.param, world.settings()) as serving:
        yield Asked(*serving)


@pytest.mark.parametrize("base", ["HTTP", "HTTPS"])
@pytest.mark.parametrize("client", CLIENTS)
class TestAnswers:
    def test_get(self, served: Asked, client: str, base: str) -> None:
        found = served.result(client, "get", base)
        assert (found["status"], json.loads(found["text"])) == (200, {"a": 1})
        assert found["headers"]["x-twice"] == "one"

    def test_redirect(self, served: Asked, client: str, base: str) -> None:
        found = served.result(client, "redirect", base)
        if client in ("http.client", "botocore"):
            assert (found["status"], found["headers"]["location"]) == (302, "/json")
        else:
            assert found["status"] == 200 and found["url"].endswith("/json")

    def test_bytes_both_ways(self, served: Asked, client: str, base: str) -> None:
        found = served.result(client, "large", base)
        assert (found["same"], found["size"]) == (True, 300_000)
        found = served.result(client, "upload", base)
        assert (found["same"], found["size"]) == (True, 300_000)

    def test_a_response_in_pieces(self, served: Asked, client: str, base: str) -> None:
        found = served.result(client, "stream", base)
        assert found["text"] == "line 0\nline 1\nline 2\nline 3\n"
        assert found["spread"] > 0.3, "the pieces come when the server sends them"


@pytest.mark.parametrize("client", CLIENTS)
def test_post(served: Asked, client: str) -> None:
    found = served.result(client, "post")
    assert found == {"status": 200, "json": {"type": "application/json", "json": {"name": "Zoë"}}}


@pytest.mark.parametrize("client", CLIENTS)
def test_gzip(served: Asked, client: str) -> None:
    text = served.result(client, "gzip")["text"]
    if client in ("urllib", "http.client", "botocore"):
        text = gzip.decompress(text.encode("latin-1")).decode()
    assert text == "hello" * 1000


@pytest.mark.parametrize("client", CLIENTS)
def test_other_statuses(served: Asked, client: str) -> None:
    assert served.result(client, "missing")["text"] == "no such page"
    found = served.result(client, "empty")
    assert (found["status"], found["text"]) == (204, "")


@pytest.mark.parametrize("client", CLIENTS)
def test_cookies(served: Asked, client: str) -> None:
    expected = "" if client in ("http.client", "botocore") else "seen=yes"
    assert served.result(client, "cookies") == {"cookie": expected}


@pytest.mark.parametrize("client", CLIENTS)
def test_many(served: Asked, client: str) -> None:
    assert served.result(client, "many") == {"statuses": [200], "count": 30}


@pytest.mark.parametrize("client", CLIENTS)
def test_timeout(served: Asked, client: str) -> None:
    answer = served.ask(client, "timeout")
    assert error_of(answer) == ERRORS["timeout"][client], answer
    assert answer["seconds"] < 2


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", [case for case in ERRORS if case != "timeout"])
def test_failures_are_the_librarys_own(served: Asked, client: str, case: str) -> None:
    answer = served.ask(client, case)
    assert error_of(answer) == ERRORS[case][client], answer
    assert served.result(client, "get")["status"] == 200, "the next request works"


@pytest.mark.parametrize("client", CLIENTS)
def test_the_log_names_the_entry_that_a_denied_request_lacks(served: Asked, client: str) -> None:
    before = served.log.read_text().count('allow = [\\"http://127.0.0.1:9\\"]')
    served.ask(client, "denied")
    assert served.log.read_text().count('allow = [\\"http://127.0.0.1:9\\"]') > before


@pytest.mark.parametrize("client", ASYNC)
def test_requests_run_at_the_same_time(served: Asked, client: str) -> None:
    assert served.result(client, "gather")["seconds"] < 2.5, "ten requests of half a second"


@pytest.mark.parametrize("client", ASYNC)
def test_a_cancelled_request_is_over(served: Asked, client: str) -> None:
    answer = served.ask(client, "cancel")
    assert answer["result"]["status"] == 200
    assert answer["seconds"] < 2


SENTENCES = {
    "unchecked": ("the host checks the certificates of servers", [*CLIENTS]),
    "own_root": ("a component cannot bring a root of its own", ["requests", "httpx"]),
    "certificate": ("a component cannot use client certificates", ["requests"]),
}


@pytest.mark.parametrize(
    ("case", "client"),
    [(case, client) for case, (_, clients) in SENTENCES.items() for client in clients if client != "http.client"],
)
def test_what_tls_of_the_host_cannot_do_is_said(served: Asked, case: str, client: str) -> None:
    answer = served.ask(client, case, "HTTPS")
    assert SENTENCES[case][0] in answer["message"]
    assert "certificate" in case or "network.ca" in answer["message"]
