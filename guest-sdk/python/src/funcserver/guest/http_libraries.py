"""Lets libraries that wait send their requests through the host: http.client, and what is built on it.

urllib, urllib3, requests and botocore all use connections of http.client. Each kind of connection has one method that
opens its socket, and it is replaced.
"""

import socket
from typing import Any

from funcserver.guest import exchange, tls
from funcserver.guest.call_errors import CallFailed
from funcserver.guest.host_socket import HostSocket, Translate, as_socket_error
from funcserver.guest.when_imported import when_imported
from funcserver.guest.wire import Wire, proxy_refused


def install() -> None:
    when_imported("http.client", _patch_http_client)
    when_imported("urllib.request", _patch_urllib)
    when_imported("urllib3.connection", _patch_urllib3)
    when_imported("urllib3.util.wait", _patch_urllib3_wait)


def connect(connection: Any, scheme: str, host: str, translate: Translate = as_socket_error) -> HostSocket:
    """The socket for a connection of http.client."""
    timeout = connection.timeout
    if timeout is socket._GLOBAL_DEFAULT_TIMEOUT:
        timeout = socket.getdefaulttimeout()
    if connection._tunnel_host is not None or getattr(connection, "proxy", None) is not None:
        raise translate(proxy_refused())
    return HostSocket(Wire(host, connection.port, scheme, timeout), timeout, translate)


def _patch_http_client(module: Any) -> None:
    def connect_plain(self: Any) -> None:
        self.sock = connect(self, "http", self.host, _mark)

    def connect_by_tls(self: Any) -> None:
        tls.check_context(self._context)
        self.sock = connect(self, "https", self.host, _mark)

    module.HTTPConnection.connect = connect_plain
    module.HTTPSConnection.connect = connect_by_tls


def _mark(failure: CallFailed) -> Exception:
    """Tells urllib that it would have seen this error earlier from a socket."""
    failure.error.connecting = failure.connecting  # type: ignore[attr-defined]
    return failure.error


def _patch_urllib(module: Any) -> None:
    """It makes a URLError of what fails before it waits for the response, and connecting is part of that here."""
    _patch_proxies(module)
    own = module.AbstractHTTPHandler.do_open

    def do_open(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return own(self, *args, **kwargs)
        except OSError as error:
            if getattr(error, "connecting", False):
                raise module.URLError(error) from error
            raise

    module.AbstractHTTPHandler.do_open = do_open


def _patch_proxies(module: Any) -> None:
    """Clients that are made with the component would take their proxies from the environment of the build, which does
    not hold in an instance."""
    own = module.getproxies_environment

    def getproxies() -> dict[str, str]:
        return own() if exchange.is_host_there() else {}

    module.getproxies = module.getproxies_environment = getproxies


def _patch_urllib3(module: Any) -> None:
    def translate(connection: Any) -> Translate:
        def of(failure: CallFailed) -> Exception:
            error = failure.error
            if not failure.connecting or tls.is_error(error):
                return error
            if isinstance(error, TimeoutError):
                message = f"Connection to {connection.host} timed out. (connect timeout={connection.timeout})"
                return module.ConnectTimeoutError(connection, message)
            if isinstance(error, socket.gaierror) and hasattr(module, "NameResolutionError"):
                return module.NameResolutionError(connection.host, connection, error)
            return module.NewConnectionError(connection, f"Failed to establish a new connection: {error}")

        return of

    def connect_plain(self: Any) -> None:
        self.sock = connect(self, "http", self._dns_host, translate(self))

    def connect_by_tls(self: Any) -> None:
        check_urllib3(self)
        self.sock = connect(self, "https", self._dns_host, translate(self))
        self.is_verified = True

    def check_urllib3(self: Any) -> None:
        """The settings of the connection come before those of its context."""
        context = tls.SSLContext()
        context.verify_mode = int(module.resolve_cert_reqs(self.cert_reqs))
        try:
            context.load_verify_locations(self.ca_certs, self.ca_cert_dir, getattr(self, "ca_cert_data", None))
        except OSError as error:
            raise tls.error(str(error)) from error
        if self.cert_file:
            context.load_cert_chain(self.cert_file)
        if self.assert_fingerprint:
            raise tls.error(tls.FINGERPRINT)
        tls.check_context(context)
        if self.ssl_context is not None and context.verify_mode == self.ssl_context.verify_mode:
            tls.check_context(self.ssl_context)

    module.HTTPConnection.connect = connect_plain
    module.HTTPSConnection.connect = connect_by_tls


def _patch_urllib3_wait(module: Any) -> None:
    """Asked whether a connection in the pool is still alive, and by botocore whether a server wants the body."""
    own = module.wait_for_socket

    def wait_for_socket(sock: Any, read: bool = False, write: bool = False, timeout: float | None = None) -> bool:
        if isinstance(sock, HostSocket):
            return sock.wait_for(read, write, timeout)
        return own(sock, read, write, timeout)

    module.wait_for_socket = wait_for_socket
