"""Sockets, which the host refuses: the error says so, and what to use instead."""

import errno
import socket
from typing import Any

REFUSED = (
    "sockets cannot be used in a component: send HTTP requests, to servers that network.allow in funcserver.toml names"
)


def install() -> None:
    socket.socket.__init__ = _init
    socket.getaddrinfo = _getaddrinfo


_own_init = socket.socket.__init__
_own_getaddrinfo = socket.getaddrinfo


def _init(self: socket.socket, *args: Any, **settings: Any) -> None:
    try:
        _own_init(self, *args, **settings)
    except PermissionError:
        raise PermissionError(errno.EACCES, REFUSED) from None


def _getaddrinfo(*args: Any, **settings: Any) -> Any:
    try:
        return _own_getaddrinfo(*args, **settings)
    except (PermissionError, socket.gaierror) as error:
        raise type(error)(error.errno, f"{error.strerror}: {REFUSED}") from None
