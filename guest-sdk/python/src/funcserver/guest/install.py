"""Prepares CPython for a component. It comes before the app's imports, because libraries look at what is there."""

from funcserver.guest import absent, log, loop, sockets, temporary, threads


def install() -> None:
    """Once: a second call would take the changes for Python's own."""
    absent.install()
    log.install()
    temporary.install()
    sockets.install()
    threads.install()
    loop.install()
