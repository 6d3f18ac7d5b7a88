"""What looks like a connected socket to libraries that wait while they read: a `Wire`, with timeouts."""

import socket
import time
from collections.abc import Callable
from typing import Any

from wit_world.imports import monotonic_clock
from wit_world.imports import poll as host_poll
from wit_world.imports.poll import Pollable

from funcserver.guest.call_errors import CallFailed
from funcserver.guest.exchange import LONGEST_TIMEOUT, NANOSECONDS
from funcserver.guest.wire import Wire

# A library whose limits for connecting and for reading are the same waits that much longer for the host, which knows
# which of them has passed.
GRACE = 0.05

Translate = Callable[[CallFailed], Exception]


def as_socket_error(failure: CallFailed) -> Exception:
    """As a socket would have raised it."""
    return failure.error


def wait(pollable: Pollable, timeout: float | None) -> bool:
    """Whether the pollable is ready within that many seconds. Drops it."""
    with pollable:
        if timeout is None:
            pollable.block()
            return True
        if timeout <= 0:
            return pollable.ready()
        with monotonic_clock.subscribe_duration(int(min(timeout, LONGEST_TIMEOUT) * NANOSECONDS)) as timer:
            return 0 in host_poll.poll([pollable, timer])


class HostSocket:
    """`translate` makes the exception to raise of a failure."""

    family, type, proto = socket.AF_INET, socket.SOCK_STREAM, 0
    makefile = socket.socket.makefile

    def __init__(self, wire: Wire, timeout: float | None, translate: Translate = as_socket_error) -> None:
        self._wire = wire
        self._timeout = timeout
        self._translate = translate
        # What `makefile` and its files look at.
        self._io_refs = 0
        self._closed = False

    def __enter__(self) -> "HostSocket":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        return self._timeout

    timeout = property(gettimeout)

    def setblocking(self, flag: bool) -> None:
        self._timeout = None if flag else 0.0

    def sendall(self, data: Any, flags: int = 0) -> None:
        deadline = self._deadline()
        try:
            sent = self._wire.send(memoryview(data).tobytes())
            while not sent:
                self._wait(self._wire.writable(), deadline)
                sent = self._wire.send(b"")
        except CallFailed as failure:
            raise self._translate(failure) from failure

    def send(self, data: Any, flags: int = 0) -> int:
        self.sendall(data)
        return len(memoryview(data).tobytes())

    def recv(self, size: int, flags: int = 0) -> bytes:
        deadline = self._deadline()
        try:
            while (piece := self._wire.receive(size)) is None:
                self._wait(self._wire.readable(), deadline)
        except CallFailed as failure:
            raise self._translate(failure) from failure
        return piece

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        view = memoryview(buffer).cast("B")
        piece = self.recv(size or len(view))
        view[: len(piece)] = piece
        return len(piece)

    def wait_for(self, read: bool, write: bool, timeout: float | None) -> bool:
        """As `select` would: whether it can be read or written within that time."""
        if write or self._closed or not self._wire.is_waiting():
            return write or self._closed or not self._wire.is_idle()
        pollable = self._wire.readable()
        return pollable is not None and wait(pollable, timeout)

    def shutdown(self, how: int) -> None:
        if how != socket.SHUT_WR:
            self._wire.close()

    def close(self) -> None:
        self._closed = True
        if self._io_refs <= 0:
            self._wire.close()

    def _decref_socketios(self) -> None:
        self._io_refs -= self._io_refs > 0
        if self._closed:
            self.close()

    def fileno(self) -> int:
        return -1

    def setsockopt(self, *option: Any) -> None:
        """Options are those of the host's own connection."""

    def getsockopt(self, level: int, option: int, size: int = 0) -> Any:
        return bytes(size) if size else 0

    def getpeername(self) -> tuple[str, int]:
        return self._wire.host, self._wire.port

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 0

    def _deadline(self) -> float | None:
        if self._timeout is None:
            return None
        deadline = time.monotonic() + self._timeout
        connecting = self._wire.connect_deadline()
        return deadline + GRACE if connecting is not None and abs(connecting - deadline) < GRACE else deadline

    def _wait(self, pollable: Pollable | None, deadline: float | None) -> None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if pollable is not None and not wait(pollable, left):
            raise TimeoutError("timed out")
