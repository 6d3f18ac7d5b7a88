"""wasi:io/streams."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from componentize_py_types import Err

from wit_world.imports.poll import Pollable


@dataclass
class StreamError_LastOperationFailed:
    value: object


@dataclass
class StreamError_Closed:
    pass


class InputStream:
    """Hands out pieces. None is one that comes 10 ms after it was waited for, and an exception is an end."""

    def __init__(self, pieces: list[bytes | None | Err]) -> None:
        self.pieces = pieces
        self.due: float | None = None
        self.dropped = False

    def read(self, size: int) -> bytes:
        assert not self.dropped
        if not self.pieces:
            raise Err(StreamError_Closed())
        piece = self.pieces[0]
        if piece is None:
            if self.due is None or time.monotonic() < self.due:
                return b""
            self.due = None
            del self.pieces[0]
            return self.read(size)
        del self.pieces[0]
        if isinstance(piece, Err):
            raise piece
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    def blocking_read(self, size: int) -> bytes:
        while not (piece := self.read(size)):
            self.subscribe().block()
        return piece

    def subscribe(self) -> Pollable:
        waits = bool(self.pieces) and self.pieces[0] is None
        self.due = time.monotonic() + 0.01 if waits else 0.0
        return Pollable(self.due)

    def __enter__(self) -> "InputStream":
        return self

    def __exit__(self, *error: object) -> None:
        self.dropped = True


@dataclass
class OutputStream:
    """Takes up to `budget` bytes in a write. After a write it is full until it was waited for, if `slow`."""

    take: Callable[[bytes], None]
    budget: int = 65_536
    slow: bool = False
    permitted: int = 0
    full: bool = False
    closed: bool = False
    dropped: bool = False
    calls: list[str] = field(default_factory=list)

    def check_write(self) -> int:
        self._called("check_write")
        self.permitted = 0 if self.full else self.budget
        return self.permitted

    def write(self, contents: bytes) -> None:
        self._called("write")
        assert type(contents) is bytes
        assert len(contents) <= self.permitted, "a write beyond the permit traps"
        self.permitted = 0
        self.full = self.slow
        self.take(contents)

    def blocking_write_and_flush(self, contents: bytes) -> None:
        self._called("blocking_write_and_flush")
        assert type(contents) is bytes
        assert len(contents) <= 4096, "more than 4096 bytes trap"
        self.take(contents)

    def flush(self) -> None:
        self._called("flush")

    def blocking_flush(self) -> None:
        self._called("blocking_flush")

    def subscribe(self) -> Pollable:
        self.full = False
        return Pollable(time.monotonic() + 0.001)

    def __exit__(self, *error: object) -> None:
        self.dropped = True

    def _called(self, name: str) -> None:
        assert not self.dropped
        self.calls.append(name)
        if self.closed:
            raise Err(StreamError_Closed())
