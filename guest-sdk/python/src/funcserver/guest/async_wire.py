"""A `Wire` for coroutines, which go on with other work while they wait for the host."""

import asyncio
import time
from typing import Any

from wit_world.imports.poll import Pollable

from funcserver.guest.host_socket import GRACE
from funcserver.guest.wire import Wire


class AsyncWire:
    """`send` and `receive` raise CallFailed, and TimeoutError after their own timeouts."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        # The futures of coroutines that wait for the host.
        self._waiting: set[asyncio.Future[None]] = set()
        self._closing = False

    async def send(self, data: bytes, timeout: float | None = None) -> None:
        sent = self.wire.send(data)
        if not sent:
            async with asyncio.timeout(timeout):
                while not sent:
                    await self._wait(self.wire.writable())
                    sent = self.wire.send(b"")

    async def receive(self, size: int, timeout: float | None = None) -> bytes:
        piece = self.wire.receive(size)
        if piece is None:
            async with asyncio.timeout_at(self._deadline(timeout)):
                while piece is None:
                    await self._wait(self.wire.readable())
                    piece = self.wire.receive(size)
        return piece

    def close(self) -> None:
        """Coroutines that wait are woken by an error. The host wants its pollables back before the rest."""
        self._closing = True
        if not self._waiting:
            self.wire.close()
        for future in self._waiting:
            if not future.done():
                future.set_exception(ConnectionAbortedError("the connection was closed meanwhile"))

    def _deadline(self, timeout: float | None) -> float | None:
        if timeout is None:
            return None
        connecting = self.wire.connect_deadline()
        if connecting is not None and abs(connecting - time.monotonic() - timeout) < GRACE:
            # The host knows better which of the two limits has passed.
            timeout += GRACE
        return asyncio.get_running_loop().time() + timeout

    async def _wait(self, pollable: Pollable | None) -> None:
        if pollable is None:
            return
        loop: Any = asyncio.get_running_loop()
        future = loop.begin_wait(pollable)
        self._waiting.add(future)
        try:
            await future
        finally:
            loop.end_wait(pollable)
            self._waiting.discard(future)
            if self._closing and not self._waiting:
                self.wire.close()
