"""Sockets, which reach the servers that `network.allow` has an entry of TCP for.

They are Python's own, on the sockets of the host. What the host denies raises a sentence. While the component is made
the host is not asked: there is none, and a handle of that time would crash the instance that uses it.
"""

import errno
import socket
from collections.abc import Callable
from typing import Any, NoReturn

from funcserver.guest import exchange

AT_BUILD = (
    "no connection can be opened while the component is made: do that in a handler, or in a function that"
    " `funcserver.on_start` registers"
)
DENIED = (
    'the host denied {what}: allow the server in `network.allow`, as in "tcp://db.example.com:5432"; the log names it'
)
LISTENING = "a component cannot listen for connections or receive datagrams: requests come from the host"
LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")

# Names by the addresses that stand for them, for messages.
_names: dict[str, str] = {}


def install() -> None:
    socket.socket.__init__ = _open
    socket.socket.connect = _connect
    socket.socket.listen = _listen
    for name in LOOKUPS:
        setattr(socket, name, _looking_up(name, getattr(socket, name)))


_own_init = socket.socket.__init__
_own_connect = socket.socket.connect


def denied(what: str) -> PermissionError:
    return PermissionError(errno.EACCES, DENIED.format(what=what))


def _open(self: socket.socket, *args: Any, **settings: Any) -> None:
    # What `close` and the finalizer look at.
    self._io_refs, self._closed = 0, True
    if not exchange.is_host_there():
        raise PermissionError(errno.EACCES, AT_BUILD)
    try:
        _own_init(self, *args, **settings)
    except PermissionError as error:
        self._closed = True
        raise denied("a socket") from error


def _connect(self: socket.socket, address: Any) -> None:
    try:
        _own_connect(self, address)
    except PermissionError as error:
        raise connect_failed(error, address) from error


def connect_failed(error: OSError, address: Any) -> OSError:
    """The failure of an attempt to connect, with the name instead of the address that stands for it."""
    if isinstance(error, PermissionError):
        return denied(f"the connection to {_name_of(address)}")
    return type(error)(error.errno, f"Connect call failed: {_name_of(address)}")


def _name_of(address: Any) -> str:
    if not isinstance(address, tuple):
        return str(address)
    host, port = address[:2]
    return f"{_names.get(host, host)}:{port}"


def _listen(self: socket.socket, *backlog: int) -> NoReturn:
    raise PermissionError(errno.EACCES, LISTENING)


def _looking_up(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
    def look_up(*args: Any, **settings: Any) -> Any:
        if not exchange.is_host_there():
            raise socket.gaierror(socket.EAI_FAIL, AT_BUILD)
        host = settings.get("host", args[0] if args else None)
        try:
            found = own(*args, **settings)
        except (socket.gaierror, PermissionError) as error:
            raise socket.gaierror(socket.EAI_FAIL, DENIED.format(what=f"the look-up of {host!r}")) from error
        if name == "getaddrinfo":
            _remember(host, found)
        return found

    return look_up


def _remember(host: Any, found: list[Any]) -> None:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if isinstance(host, str):
        _names.update((entry[4][0], host) for entry in found)
