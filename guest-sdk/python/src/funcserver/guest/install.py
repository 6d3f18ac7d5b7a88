"""Prepares CPython for a component. It comes before the app's imports, because libraries look at what is there."""

from funcserver.guest import (
    absent,
    aiohttp_connections,
    databases,
    http_libraries,
    httpx_network,
    log,
    loop,
    passwords,
    sockets,
    temporary,
    threads,
)

_installed = False


def install() -> None:
    """Does nothing the second time, which would take the changes for Python's own."""
    global _installed
    if _installed:
        return
    _installed = True
    absent.install()
    log.install()
    temporary.install()
    databases.install()
    passwords.install()
    sockets.install()
    threads.install()
    loop.install()
    http_libraries.install()
    httpx_network.install()
    aiohttp_connections.install()
