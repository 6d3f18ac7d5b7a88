"""Why an outgoing request failed: the host's code as the exception that a socket would raise, with a sentence."""

import errno
import socket
from typing import Any

from wit_world.imports import types

from funcserver.guest import tls


class CallFailed(Exception):
    """An outgoing request failed. `error` is what a socket would have raised."""

    def __init__(self, error: OSError, connecting: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.connecting = connecting
        """Whether a socket would have raised it while it connected, or in the handshake of TLS."""


def at_build(target: Any) -> OSError:
    return OSError(
        errno.ENETUNREACH,
        f"the request to {target} was sent while the component is made, which has no network: send it in a handler,"
        " or in a function that `funcserver.on_start` registers",
    )


def of(code: Any, target: Any) -> CallFailed:
    """A failure before the response."""
    make = BEFORE_THE_CONNECTION.get(type(code))
    if make is not None:
        return CallFailed(make(target, code), connecting=True)
    return of_body(code, target)


def of_body(code: Any, target: Any) -> CallFailed:
    """A failure of a connection that was there."""
    name = name_of(code)
    if isinstance(code, TIMEOUTS):
        error: OSError = TimeoutError(errno.ETIMEDOUT, f"timed out waiting for {target} ({name})")
    elif code is None or isinstance(code, LOST):
        error = ConnectionResetError(errno.ECONNRESET, f"{target} closed the connection ({name})")
    else:
        error = OSError(errno.EPROTO, f"the request to {target} failed: {name}")
    return CallFailed(error, connecting=False)


def name_of(code: Any) -> str:
    """`ConnectionTerminated` of `ErrorCode_ConnectionTerminated`, with what the host adds."""
    if code is None:
        return "it broke off"
    name = type(code).__name__.rpartition("_")[2]
    said = getattr(code, "value", None)
    return f"{name}: {said}" if isinstance(said, str) else name


def _denied(target: Any, code: Any) -> OSError:
    return PermissionError(
        errno.EACCES,
        f"the host denied the request to {target}: the log names the entry of `network.allow` that would allow it",
    )


def _unresolved(target: Any, code: Any) -> OSError:
    return socket.gaierror(socket.EAI_NONAME, f"the name of {target} cannot be resolved")


def _resolving_timed_out(target: Any, code: Any) -> OSError:
    return socket.gaierror(socket.EAI_AGAIN, f"the name of {target} could not be resolved in time")


def _refused(target: Any, code: Any) -> OSError:
    return ConnectionRefusedError(errno.ECONNREFUSED, f"{target} refused the connection")


def _timed_out(target: Any, code: Any) -> OSError:
    return TimeoutError(errno.ETIMEDOUT, f"timed out connecting to {target}")


def _unreachable(target: Any, code: Any) -> OSError:
    return OSError(errno.EHOSTUNREACH, f"{target} cannot be reached ({name_of(code)})")


def _too_many(target: Any, code: Any) -> OSError:
    return OSError(errno.EMFILE, f"no further request can be sent to {target} now: too many are under way")


def _certificate(target: Any, code: Any) -> OSError:
    return tls.certificate_error(
        f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: the host does not accept the certificate of"
        f" {target}, and the log says why."
        f" For a root of your own, {tls.ROOTS}"
    )


def _tls(target: Any, code: Any) -> OSError:
    return tls.error(f"TLS with {target} failed: {name_of(code)}, and the log says why")


def _configuration(target: Any, code: Any) -> OSError:
    return tls.error(f"TLS with {target} is impossible: the host could not read its root certificates")


BEFORE_THE_CONNECTION = {
    types.ErrorCode_HttpRequestDenied: _denied,
    types.ErrorCode_DestinationIpProhibited: _denied,
    types.ErrorCode_DnsError: _unresolved,
    types.ErrorCode_DestinationNotFound: _unresolved,
    types.ErrorCode_DnsTimeout: _resolving_timed_out,
    types.ErrorCode_ConnectionRefused: _refused,
    types.ErrorCode_ConnectionTimeout: _timed_out,
    types.ErrorCode_DestinationUnavailable: _unreachable,
    types.ErrorCode_DestinationIpUnroutable: _unreachable,
    types.ErrorCode_ConnectionLimitReached: _too_many,
    types.ErrorCode_TlsCertificateError: _certificate,
    types.ErrorCode_TlsProtocolError: _tls,
    types.ErrorCode_TlsAlertReceived: _tls,
    types.ErrorCode_ConfigurationError: _configuration,
}
TIMEOUTS = (
    types.ErrorCode_ConnectionReadTimeout,
    types.ErrorCode_ConnectionWriteTimeout,
    types.ErrorCode_HttpResponseTimeout,
)
LOST = (
    types.ErrorCode_ConnectionTerminated,
    types.ErrorCode_HttpResponseIncomplete,
)
