"""The network of httpcore, on which httpx is built: requests go through the host."""

import asyncio
import time
from typing import Any

from funcserver.guest import tls
from funcserver.guest.async_wire import AsyncWire
from funcserver.guest.call_errors import CallFailed
from funcserver.guest.host_socket import HostSocket
from funcserver.guest.when_imported import when_imported
from funcserver.guest.wire import Wire


def install() -> None:
    when_imported("httpcore", _patch)


def _patch(httpcore: Any) -> None:
    """A pool takes a network as an argument, but httpx has no setting for it."""
    for pool, network in ((httpcore.ConnectionPool, _network), (httpcore.AsyncConnectionPool, _async_network)):
        _give(pool, network(httpcore))


def _give(pool: Any, network: Any) -> None:
    own = pool.__init__

    def init(self: Any, *args: Any, **settings: Any) -> None:
        if settings.get("network_backend") is None:
            settings["network_backend"] = network
        own(self, *args, **settings)

    pool.__init__ = init


def _translate(httpcore: Any, failure: CallFailed, ing: str) -> Exception:
    """`ing` is what the library did: Read or Write."""
    kind = "Timeout" if isinstance(failure.error, TimeoutError) else "Error"
    name = f"{'Connect' if failure.connecting else ing}{kind}"
    return getattr(httpcore, name)(str(failure.error))


def _check(httpcore: Any, context: Any) -> None:
    try:
        tls.check_context(context)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error


def _network(httpcore: Any) -> Any:
    class Stream(httpcore.NetworkStream):
        def __init__(self, wire: Wire) -> None:
            self._wire = wire
            self._reads = HostSocket(wire, None, lambda failure: _translate(httpcore, failure, "Read"))
            self._writes = HostSocket(wire, None, lambda failure: _translate(httpcore, failure, "Write"))

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            self._reads.settimeout(timeout)
            try:
                return self._reads.recv(max_bytes)
            except TimeoutError as error:
                raise httpcore.ReadTimeout(str(error)) from error

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self._writes.settimeout(timeout)
            try:
                self._writes.sendall(buffer)
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error

        def close(self) -> None:
            self._wire.close()

        def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
            _check(httpcore, ssl_context)
            self._wire.scheme = "https"
            return self

        def get_extra_info(self, info: str) -> Any:
            return extra_info(self._wire, info)

    class Network(httpcore.NetworkBackend):
        def connect_tcp(self, host: str, port: int, timeout: float | None = None, **settings: Any) -> Any:
            return Stream(Wire(host, port, connect_timeout=timeout))

        def connect_unix_socket(self, path: str, timeout: float | None = None, **settings: Any) -> Any:
            raise httpcore.ConnectError(UNIX)

        def sleep(self, seconds: float) -> None:
            time.sleep(seconds)

    return Network()


def _async_network(httpcore: Any) -> Any:
    class Stream(httpcore.AsyncNetworkStream):
        def __init__(self, wire: Wire) -> None:
            self._wire = AsyncWire(wire)

        async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            try:
                return await self._wire.receive(max_bytes, timeout)
            except CallFailed as failure:
                raise _translate(httpcore, failure, "Read") from failure
            except TimeoutError as error:
                raise httpcore.ReadTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.ReadError(str(error)) from error

        async def write(self, buffer: bytes, timeout: float | None = None) -> None:
            try:
                await self._wire.send(buffer, timeout)
            except CallFailed as failure:
                raise _translate(httpcore, failure, "Write") from failure
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

        async def aclose(self) -> None:
            self._wire.close()

        async def start_tls(
            self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
        ) -> Any:
            _check(httpcore, ssl_context)
            self._wire.wire.scheme = "https"
            return self

        def get_extra_info(self, info: str) -> Any:
            return extra_info(self._wire.wire, info)

    class Network(httpcore.AsyncNetworkBackend):
        async def connect_tcp(self, host: str, port: int, timeout: float | None = None, **settings: Any) -> Any:
            return Stream(Wire(host, port, connect_timeout=timeout))

        async def connect_unix_socket(self, path: str, timeout: float | None = None, **settings: Any) -> Any:
            raise httpcore.ConnectError(UNIX)

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    return Network()


UNIX = "Unix sockets cannot be used in a component"


def extra_info(wire: Wire, info: str) -> Any:
    """`is_readable` is asked of a connection in the pool, whose server has left if there is something to read."""
    if info == "is_readable":
        return wire.is_closed
    return (wire.host, wire.port) if info == "server_addr" else None
