"""Servers of PostgreSQL that are of no use, on loopback: each fails in its own way, on a port of its own.

usage: bad_servers.py WRONG_NAME.pem WRONG_ROOT.pem, files with a key and a certificate each

The first line of output is a JSON object of the ports. It ends with its standard input.
"""

import json
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable

LONG = 60


def stalls(connection: socket.socket) -> None:
    """Takes the connection, and never answers."""
    time.sleep(LONG)


def resets(connection: socket.socket) -> None:
    """Resets the connection at the first bytes."""
    connection.recv(8)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closes(connection: socket.socket) -> None:
    """Closes the connection at once."""


def without_tls(connection: socket.socket) -> None:
    """Answers as a PostgreSQL server without TLS does."""
    connection.recv(8)
    connection.sendall(b"N")
    time.sleep(1)


def garbage(connection: socket.socket) -> None:
    """Answers as a server of another kind does."""
    connection.recv(8)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    time.sleep(1)


def by_certificate(file: str) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def serve(connection: socket.socket) -> None:
        connection.recv(8)
        connection.sendall(b"S")
        context.wrap_socket(connection, server_side=True).recv(1)

    return serve


def listen(serve: Callable[[socket.socket], None]) -> int:
    listener = socket.create_server(("127.0.0.1", 0))

    def each(connection: socket.socket) -> None:
        try:
            serve(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=each, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main() -> None:
    wrong_name, wrong_root = sys.argv[1:]
    kinds = {
        "stalls": stalls,
        "resets": resets,
        "closes": closes,
        "without_tls": without_tls,
        "garbage": garbage,
        "wrong_name": by_certificate(wrong_name),
        "wrong_root": by_certificate(wrong_root),
    }
    ports = {name: listen(serve) for name, serve in kinds.items()}
    # Bound, so that nobody else gets the port, but without `listen`.
    refusing = socket.socket()
    refusing.bind(("127.0.0.1", 0))
    ports["refuses"] = refusing.getsockname()[1]
    print(json.dumps(ports), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
