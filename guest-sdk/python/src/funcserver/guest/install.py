"""Prepares CPython for a component. It comes before the app's imports, because libraries look at what is there."""

from funcserver.guest import absent, databases, log, loop, passwords, sockets, temporary, threads


def install() -> None:
    """Once: a second call would take the changes for Python's own."""
    absent.install()
    log.install()
    temporary.install()
    databases.install()
    passwords.install()
    sockets.install()
    threads.install()
    loop.install()
