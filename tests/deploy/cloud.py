"""AWS's APIs on loopback, by moto, behind a proxy that counts the calls and can fail them."""

import http.client
import json
import sys
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from moto.server import ThreadedMotoServer

HOST = "127.0.0.1"
REGION = "eu-west-1"
ACCOUNT = "123456789012"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}

# What Lambda's paths mean, by the method and the last part that is no name.
LAMBDA = {
    ("GET", "functions"): "GetFunction",
    ("POST", "functions"): "CreateFunction",
    ("DELETE", "functions"): "DeleteFunction",
    ("GET", "configuration"): "GetFunctionConfiguration",
    ("PUT", "configuration"): "UpdateFunctionConfiguration",
    ("PUT", "code"): "UpdateFunctionCode",
    ("GET", "versions"): "ListVersionsByFunction",
    ("POST", "versions"): "PublishVersion",
    ("GET", "aliases"): "GetAlias",
    ("POST", "aliases"): "CreateAlias",
    ("PUT", "aliases"): "UpdateAlias",
    ("GET", "policy"): "GetPolicy",
    ("POST", "policy"): "AddPermission",
    ("GET", "url"): "GetFunctionUrlConfig",
    ("POST", "url"): "CreateFunctionUrlConfig",
    ("DELETE", "url"): "DeleteFunctionUrlConfig",
    ("POST", "invocations"): "Invoke",
    ("POST", "tags"): "TagResource",
}
READING = ("Get", "List", "Describe", "Head", "Filter")


def name_of(method: str, path: str, headers: Any, body: bytes) -> str:
    """The API call that a request is."""
    if target := headers.get("X-Amz-Target"):
        return target.rsplit(".")[-1]
    parts = urlsplit(path).path.split("/")
    for part in reversed(parts):
        if known := LAMBDA.get((method, part)):
            return known
    if action := parse_qs(body.decode("latin-1")).get("Action"):
        return action[0]
    return {"HEAD": "HeadObject", "PUT": "PutObject"}[method]


class Cloud:
    """moto, and what its proxy does. `calls` are those since the last `begin`."""

    def __init__(self) -> None:
        # What it says of each request is in the way.
        self.moto = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
        self.moto.start()
        self.direct = "http://{}:{}".format(*self.moto.get_host_and_port())
        self.calls: list[str] = []
        self.lock = threading.Lock()
        # After a call, before its answer is passed on: the number of the call, counted from 1.
        self.after: Callable[[int], None] = lambda _: None
        # The calls that are answered by an error, with how often, its status and its code.
        self.failing: dict[str, tuple[int, int, str]] = {}
        proxy = Server((HOST, 0), type("Proxy", (Proxy,), {"cloud": self}))
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        self.address = f"http://{HOST}:{proxy.server_address[1]}"

    def begin(self) -> None:
        """An empty account, which answers everything."""
        self._post("/moto-api/reset", b"")
        self._post("/moto-api/config", json.dumps({"lambda": {"use_docker": False}}).encode())
        self.calls, self.failing, self.after = [], {}, lambda _: None

    def answers(self, *payloads: str) -> None:
        """The next answers of functions."""
        results = {"results": list(payloads), "region": REGION}
        self._post("/moto-api/static/lambda-simple/response", json.dumps(results).encode())

    def _post(self, path: str, body: bytes) -> None:
        request = urllib.request.Request(self.direct + path, body, {"content-type": "application/json"})
        urllib.request.urlopen(request, timeout=30).close()

    def client(self, service: str, region: str = REGION) -> Any:
        keys = {name.lower(): value for name, value in KEYS.items()}
        return boto3.client(service, region_name=region, endpoint_url=self.direct, **keys)

    def changes(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if not call.startswith(READING)]


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        # A tool that was killed does not say goodbye.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)


class Proxy(BaseHTTPRequestHandler):
    cloud: Cloud
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        name = name_of(self.command, self.path, self.headers, body)
        with self.cloud.lock:
            self.cloud.calls.append(name)
            number = len(self.cloud.calls)
            failing = self.cloud.failing.get(name)
            if failing:
                times, status, code = failing
                self.cloud.failing[name] = (times - 1, status, code)
                if times == 1:
                    del self.cloud.failing[name]
        if failing:
            return self.fail(*failing[1:])
        to = http.client.HTTPConnection(urlsplit(self.cloud.direct).netloc, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        to.request(self.command, self.path, body, headers)
        answer = to.getresponse()
        content = answer.read()
        to.close()
        self.cloud.after(number)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in NOT_PASSED_ON:
                self.send_header(name, value)
        length = answer.getheader("content-length", "0") if self.command == "HEAD" else str(len(content))
        self.send_header("content-length", length)
        self.end_headers()
        self.wfile.write(content)

    def fail(self, status: int, code: str) -> None:
        message = "as the test wants it"
        if "x-www-form-urlencoded" in self.headers.get("content-type", ""):
            error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            content = f"<ErrorResponse>{error}</ErrorResponse>".encode()
        else:
            content = json.dumps({"__type": code, "message": message}).encode()
        self.send_response(status)
        self.send_header("x-amzn-errortype", code)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, *_: Any) -> None:
        pass
