"""Connections of aiohttp's client: requests go through the host."""

import asyncio
import socket
from typing import Any

from funcserver.guest import tls
from funcserver.guest.async_wire import AsyncWire
from funcserver.guest.call_errors import CallFailed
from funcserver.guest.http import PIECE
from funcserver.guest.when_imported import when_imported
from funcserver.guest.wire import Wire, proxy_refused

# Of the time for a response, for a connection that has as much or more.
SHARE = 0.8


def install() -> None:
    when_imported("aiohttp.connector", _patch)


def _patch(module: Any) -> None:
    connector = module.TCPConnector

    async def create_connection(self: Any, req: Any, traces: Any, timeout: Any) -> Any:
        """Instead of a look-up of the name, connections to its addresses and a handshake."""
        if req.proxy:
            raise module.ClientProxyConnectionError(req.connection_key, proxy_refused().error)
        context = self._get_ssl_context(req)
        try:
            tls.check_context(context)
        except OSError as error:
            raise module.ClientConnectorSSLError(req.connection_key, error) from error
        if self._get_fingerprint(req) is not None:
            error = OSError(tls.FINGERPRINT)
            raise module.ClientConnectorSSLError(req.connection_key, error) from error
        protocol = self._factory()
        scheme = "https" if context is not None else "http"
        wire = Wire(req.url.raw_host, req.port, scheme, limit_of(timeout.sock_connect, timeout.sock_read))
        HostTransport(wire, protocol, lambda failure: error_of(module, req.connection_key, failure))
        return protocol

    connector._create_connection = create_connection


def limit_of(connecting: float | None, reading: float | None) -> float | None:
    """The library waits for a response from the time at which it has a connection, which is at once here. So the host
    has less time to connect."""
    if connecting and reading and reading <= connecting:
        return reading * SHARE
    return connecting or None


def error_of(module: Any, key: Any, failure: CallFailed) -> Exception:
    """What the connector would have raised, if a connection failed; otherwise the error itself."""
    import ssl

    error = failure.error
    if not failure.connecting:
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return module.ClientConnectorCertificateError(key, error)
    if tls.is_error(error):
        return module.ClientConnectorSSLError(key, error)
    if isinstance(error, TimeoutError):
        from aiohttp import client_exceptions

        return client_exceptions.ConnectionTimeoutError(f"Connection timeout to host {key.host}")
    if isinstance(error, socket.gaierror):
        return getattr(module, "ClientConnectorDNSError", module.ClientConnectorError)(key, error)
    return module.ClientConnectorError(key, error)


class HostTransport(asyncio.Transport):
    """asyncio's end of an `AsyncWire`."""

    def __init__(self, wire: Wire, protocol: Any, error_of: Any) -> None:
        super().__init__({"peername": (wire.host, wire.port)})
        self._loop = asyncio.get_running_loop()
        self._wire = AsyncWire(wire)
        self._protocol = protocol
        self._error_of = error_of
        self._unsent = b""
        self._closing = False
        self._reading: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._may_read = asyncio.Event()
        self._may_read.set()
        protocol.connection_made(self)

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing

    def write(self, data: Any) -> None:
        if self._closing:
            return
        self._unsent += bytes(data)
        if self._writing is None:
            self._writing = self._loop.create_task(self._write_all())

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Writing pauses while anything is unsent that is larger than a piece."""

    def pause_reading(self) -> None:
        self._may_read.clear()

    def resume_reading(self) -> None:
        self._may_read.set()

    def is_reading(self) -> bool:
        return self._may_read.is_set()

    def close(self) -> None:
        self._end(None)

    abort = close

    async def _write_all(self) -> None:
        paused = False
        try:
            while self._unsent and not self._closing:
                if len(self._unsent) > PIECE and not paused:
                    paused = True
                    self._protocol.pause_writing()
                data, self._unsent = self._unsent, b""
                await self._wire.send(data)
                if self._reading is None:
                    self._reading = self._loop.create_task(self._read_all())
        except CallFailed as failure:
            self._fail(failure)
        except ConnectionAbortedError:
            return
        finally:
            self._writing = None
            if paused:
                self._protocol.resume_writing()

    async def _read_all(self) -> None:
        """One response."""
        try:
            while not self._closing:
                await self._may_read.wait()
                if self._wire.wire.is_idle():
                    break
                piece = await self._wire.receive(PIECE)
                if piece:
                    self._protocol.data_received(piece)
                elif self._wire.wire.is_closed:
                    self._protocol.eof_received()
                    self._end(None)
        except CallFailed as failure:
            self._fail(failure)
        except ConnectionAbortedError:
            return
        finally:
            self._reading = None

    def _fail(self, failure: CallFailed) -> None:
        if self._closing:
            return
        error = self._error_of(failure)
        # It keeps the first error, and would make another of the one that it hears of with the loss.
        if failure.connecting and self._protocol.exception() is None:
            self._protocol.set_exception(error)
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        if self._closing:
            return
        self._closing = True
        self._may_read.set()
        self._wire.close()
        self._loop.call_soon(self._protocol.connection_lost, error)
