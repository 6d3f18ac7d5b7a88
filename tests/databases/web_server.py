#!/usr/bin/env python3
"""Servers of HTTPS on loopback, until standard input ends: web_server.py NAME=CERTIFICATE… prints NAME=port for each.

/echo sends each piece of a body back as soon as it has come, /large sends `n` bytes, /redirect leads to /text, /stalls
never answers, and /stops answers with one piece and nothing more.
"""

import http.server
import ssl
import sys
import threading
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def head(self, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def piece(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def pieces(self):
        """The pieces of a body whose length is not known before."""
        while length := int(self.rfile.readline(), 16):
            yield self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()

    def do_POST(self):
        self.head(transfer_encoding="chunked")
        for piece in self.pieces():
            self.piece(piece.upper())
        self.piece(b"")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        match url.path:
            case "/text":
                self.head(content_length="5")
                self.wfile.write(b"hello")
            case "/redirect":
                self.head(302, location="/text", content_length="0")
            case "/large":
                length = int(urllib.parse.parse_qs(url.query)["n"][0])
                self.head(content_length=str(length))
                self.wfile.write(b"x" * length)
            case "/stops":
                self.head(transfer_encoding="chunked")
                self.piece(b"one piece")
                self.rfile.read(1)
            case "/stalls":
                self.rfile.read(1)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients go away, as the tests want it."""


def start(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


print(*(f"{name}={start(file)}" for name, file in (given.split("=", 1) for given in sys.argv[1:])), flush=True)
sys.stdin.read()
