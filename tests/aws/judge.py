"""AWS's APIs on loopback, by moto, behind a judge of signatures. moto believes every signature; the judge passes on
only those that botocore computes for the request that arrived and the function's keys, and answers others with 403.

usage: judge.py CERTIFICATE.pem, a file with a key and a certificate for 127.0.0.1

The first line of output is a JSON object of ports: `http` and `https` are judged, and so is `other`, which is `http`
again for programs that sign by themselves; `control` is the test's. It ends with its standard input. The function's
keys are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

GET /verdicts of `control` gives the numbers of requests since the last such request: those that were right, by port,
service and payload, and those that were refused, by port and reason. PUT /state sets what is to happen from now on, as
`{"ahead": 600}`: the clock's seconds ahead of this machine's, `stall`: seconds until each answer, `secret`: the secret
key.
"""

import http.client
import json
import logging
import os
import ssl
import sys
import threading
import time
import zlib
from collections import Counter
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

from botocore.credentials import Credentials
from moto.server import ThreadedMotoServer
from signature import Arrived, Refused, check

HOST = "127.0.0.1"
# Of the connection, and what the answer's own body determines.
NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class State:
    """What the judge knows and has seen. Requests are answered by several threads."""

    def __init__(self, keys: Credentials, moto: int) -> None:
        self.keys = keys
        self.moto = moto
        self.ahead = 0
        self.stall = 0.0
        self.lock = threading.Lock()
        self.right: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + timedelta(seconds=self.ahead)

    def change(self, ahead: int = 0, stall: float = 0.0, secret: str | None = None) -> None:
        self.ahead, self.stall = ahead, stall
        if secret is not None:
            self.keys = Credentials(self.keys.access_key, secret, self.keys.token)

    def count(self, counter: "Counter[str]", what: str) -> None:
        with self.lock:
            counter[what] += 1

    def verdicts(self) -> dict[str, dict[str, int]]:
        with self.lock:
            told = {"right": dict(self.right), "refused": dict(self.refused)}
            self.right.clear()
            self.refused.clear()
            return told


class Handler(BaseHTTPRequestHandler):
    """What both kinds of servers do alike. `state` and `name` are the server's."""

    protocol_version = "HTTP/1.1"
    state: State
    name = ""

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("date", format_datetime(self.state.now(), usegmt=True))
        for name, value in headers:
            self.send_header(name, value)
        # The length of what HEAD is told of is among the headers.
        if self.command != "HEAD":
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            return b"".join(self.chunks())
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def chunks(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def log_message(self, *_: object) -> None:
        """Nothing: the numbers say it."""


class Judge(Handler):
    def handle_any(self) -> None:
        # `path` of the base class has lost slashes at the beginning.
        target = self.requestline.split(" ")[1]
        arrived = Arrived(self.command, target, self.headers.items(), self.body())
        time.sleep(self.state.stall)
        try:
            signed = check(arrived, self.state.keys, self.state.now())
        except Refused as refused:
            self.state.count(self.state.refused, f"{self.name}: {refused}")
            self.answer(*refusal(arrived, refused))
            return
        self.state.count(self.state.right, f"{self.name} {signed.service} {signed.payload}")
        self.answer(*self.passed_on(arrived))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def passed_on(self, arrived: Arrived) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(HOST, self.state.moto, timeout=60)
        connection.putrequest(arrived.method, arrived.target, skip_host=True, skip_accept_encoding=True)
        for name, value in arrived.headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "expect"):
                connection.putheader(name, value)
        connection.putheader("content-length", str(len(arrived.body)))
        connection.endheaders(arrived.body)
        response = connection.getresponse()
        body = response.read()
        left_out = NOT_PASSED_ON - ({"content-length"} if arrived.method == "HEAD" else set())
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in left_out]
        if isinstance(self.connection, ssl.SSLSocket):
            # moto writes URLs of queues, and does not know of the TLS.
            host = arrived.header("host").encode()
            body = body.replace(b"http://" + host, b"https://" + host)
        return response.status, headers, body


def refusal(arrived: Arrived, refused: Refused) -> tuple[int, list[tuple[str, str]], bytes]:
    """An error as the services write theirs: S3 in XML, others in JSON."""
    if arrived.header("x-amz-target"):
        told = {"__type": f"com.amazon.coral.service#{refused.code}", "message": str(refused)}
        body = json.dumps(told).encode()
        # The SDK for Go logs a warning without the checksum.
        kind = [("x-amzn-errortype", refused.code), ("x-amz-crc32", str(zlib.crc32(body)))]
        return 403, [("content-type", "application/x-amz-json-1.0"), *kind], body
    text = f"<Error><Code>{refused.code}</Code><Message>{escape(str(refused))}</Message></Error>"
    return 403, [("content-type", "application/xml")], text.encode()


class Control(Handler):
    def do_GET(self) -> None:
        self.answer(200, [("content-type", "application/json")], json.dumps(self.state.verdicts()).encode())

    def do_PUT(self) -> None:
        self.state.change(**json.loads(self.body()))
        self.answer(200, [], b"")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler: type[Handler], name: str, state: State, certificate: str | None = None) -> None:
        super().__init__((HOST, 0), type(name, (handler,), {"state": state, "name": name}))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake is the request's own thread's: a client that says nothing must not hold up others.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no error."""


def keys_of_environment() -> Credentials:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return Credentials(*(os.environ[name] for name in names))


def start(certificate: str, keys: Credentials) -> dict[str, int]:
    """The ports, by name."""
    # It would write a line for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    moto.start()
    _, port = moto.get_host_and_port()
    state = State(keys, port)
    servers = [
        Server(Judge, "http", state),
        Server(Judge, "https", state, certificate),
        Server(Judge, "other", state),
        Server(Control, "control", state),
    ]
    return {server.RequestHandlerClass.name: server.server_port for server in servers}


def main() -> None:
    (certificate,) = sys.argv[1:]
    print(json.dumps(start(certificate, keys_of_environment())), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
