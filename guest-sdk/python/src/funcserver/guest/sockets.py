"""Sockets and look-ups of names, which the host refuses: the error says so, and what to use instead.

The host is not asked. A look-up while the component is made would leave a handle of that time in the component, which
crashes the instance that uses it.
"""

import errno
import socket
from typing import Any, NoReturn

REFUSED = (
    "sockets cannot be used in a component, so libraries that open connections of their own do not work in one,"
    " such as database drivers"
)
LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")


def install() -> None:
    socket.socket.__init__ = _refuse_socket
    for name in LOOKUPS:
        setattr(socket, name, _refuse_lookup)


def _refuse_socket(self: socket.socket, *args: Any, **settings: Any) -> NoReturn:
    # What `close` and the finalizer look at.
    self._io_refs, self._closed = 0, True
    raise PermissionError(errno.EACCES, REFUSED)


def _refuse_lookup(*args: Any, **settings: Any) -> NoReturn:
    raise socket.gaierror(socket.EAI_FAIL, REFUSED)
