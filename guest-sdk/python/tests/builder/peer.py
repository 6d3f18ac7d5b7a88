"""The server that the clients call: HTTP, and HTTPS with a certificate of a root of its own."""

import gzip
import hashlib
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A head and a body that are written one after the other would wait for each other 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        getattr(self, f"get_{url.path[1:]}", self.get_unknown)(parse_qs(url.query))

    def get_unknown(self, query: dict[str, list[str]]) -> None:
        self.answer(b"no such page", status=404)

    def get_json(self, query: dict[str, list[str]]) -> None:
        self.answer(b'{"a": 1}', {"content-type": "application/json", "x-twice": "one"})

    def get_empty(self, query: dict[str, list[str]]) -> None:
        self.send_response(204)
        self.end_headers()

    def get_redirect(self, query: dict[str, list[str]]) -> None:
        self.answer(b"", {"location": "/json"}, 302)

    def get_gzip(self, query: dict[str, list[str]]) -> None:
        self.answer(gzip.compress(b"hello" * 1000), {"content-encoding": "gzip"})

    def get_slow(self, query: dict[str, list[str]]) -> None:
        time.sleep(int(query["ms"][0]) / 1000)
        self.answer(b"slow")

    def get_stream(self, query: dict[str, list[str]]) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number in range(4):
            piece = b"line %d\n" % number
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            time.sleep(0.2)
        self.wfile.write(b"0\r\n\r\n")

    def get_cookie(self, query: dict[str, list[str]]) -> None:
        sent = self.headers.get("cookie", "")
        self.answer(json.dumps({"cookie": sent}).encode(), {"set-cookie": "seen=yes; Path=/"})

    def get_broken(self, query: dict[str, list[str]]) -> None:
        self.send_response(200)
        self.send_header("content-length", "100")
        self.end_headers()
        self.wfile.write(b"only this")
        self.wfile.flush()
        self.close_connection = True

    def get_closed(self, query: dict[str, list[str]]) -> None:
        self.close_connection = True

    def do_POST(self) -> None:
        body = self.body()
        if self.path == "/echo":
            self.answer(body, {"content-type": "application/octet-stream"})
        elif self.path == "/digest":
            self.answer(json.dumps({"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}).encode())
        else:
            sent = {"type": self.headers["content-type"], "json": json.loads(body)}
            self.answer(json.dumps(sent).encode())

    do_PUT = do_POST

    def body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def answer(self, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class Peer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.base = f"{scheme}://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that closes its connection early is not a failure of the test."""


class Authority:
    """A root, and servers that it vouches for."""

    def __init__(self, folder: Path, name: str) -> None:
        self._root = trustme.CA()
        self.file = folder / f"{name}.pem"
        self._root.cert_pem.write_to_path(self.file)

    def serve(self) -> Peer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._root.issue_cert("127.0.0.1").configure_cert(context)
        return Peer(context)
