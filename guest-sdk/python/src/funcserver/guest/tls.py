"""A stand-in for `ssl`, which CPython for WebAssembly does not have. TLS is done by the host.

Libraries import it, and make contexts before they know whether they will need one. So a context takes every setting,
and a connection fails if one of them is beyond what the host does.
"""

import enum
import os
from types import ModuleType
from typing import Any, NoReturn

REFUSED = (
    "a component has no TLS of its own: let the host do it, with an entry such as tls://cache.example.com:6379 or"
    " postgres://db.example.com:5432 in `network.allow`, and connect without TLS. HTTP clients need neither"
)
ROOTS = "set `network.ca` in funcserver.toml to its PEM file"
UNCHECKED = (
    f"the host checks the certificates of servers, which a component cannot turn off: for a root of your own, {ROOTS}"
)
OWN_ROOTS = f"the host checks the certificates of servers, so a component cannot bring a root of its own: {ROOTS}"
CLIENT = (
    "a component cannot use client certificates, because the host opens the connections: call the server through one"
    " that has the certificate"
)
FINGERPRINT = f"the fingerprint of a certificate cannot be checked in a component. To trust one root more, {ROOTS}"
# The public roots that packages bring. Without funcserver's builder, there is no such file in an instance.
BUNDLES = ("/certifi/cacert.pem", "/botocore/cacert.pem")


def are_public_roots(path: Any) -> bool:
    """Whether these certificates stand for the usual ones: a package brought them, or the host has them too."""
    text = os.fsdecode(path)
    return text.endswith(BUNDLES) or text == os.environ.get("SSL_CERT_FILE")


def check_context(context: Any) -> None:
    """Raises SSLError if the settings are beyond what the host does. Other types are taken for fine."""
    problem = getattr(context, "problem", None)
    said = problem() if problem is not None else None
    if said:
        raise error(said)


def error(text: str) -> OSError:
    """As `ssl` raises it, which may be Python's own."""
    import ssl

    return ssl.SSLError(1, text)


def is_error(error: BaseException) -> bool:
    import ssl

    return isinstance(error, ssl.SSLError)


def certificate_error(text: str) -> OSError:
    import ssl

    made = ssl.SSLCertVerificationError(1, text)
    made.library, made.reason = "SSL", "CERTIFICATE_VERIFY_FAILED"
    return made


def refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise OSError(REFUSED)


class SSLError(OSError):
    """As in ssl."""

    library = reason = ""

    def __str__(self) -> str:
        return str(self.strerror or self.args)


class SSLContext:
    """Takes every setting, and remembers those that the host does not do."""

    def __init__(self, protocol: int = 16) -> None:
        self.protocol = protocol
        self.options = 0
        self.verify_flags = 0
        self.verify_mode = 2
        self.check_hostname = protocol != 17
        self.minimum_version = self.maximum_version = 0
        self.post_handshake_auth = False
        self.keylog_filename = None
        self._own_roots = False
        self._certificate = False

    def problem(self) -> str | None:
        """Why the host cannot do what this context asks for."""
        if self._certificate:
            return CLIENT
        if self.verify_mode != 2:
            return UNCHECKED
        return OWN_ROOTS if self._own_roots else None

    def load_cert_chain(self, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        self._certificate = True

    def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        for path in (cafile, capath):
            if path is not None and not are_public_roots(path):
                os.stat(path)
                self._own_roots = True
        self._own_roots = self._own_roots or bool(cadata)

    def _take(self, *args: Any, **kwargs: Any) -> None:
        """The host has its own settings for this."""

    load_default_certs = set_alpn_protocols = set_ciphers = set_npn_protocols = set_servername_callback = _take
    set_default_verify_paths = set_ecdh_curve = load_dh_params = _take
    wrap_socket = wrap_bio = refuse

    def cert_store_stats(self) -> dict[str, int]:
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        return []

    def get_ciphers(self) -> list[dict[str, Any]]:
        return []


def create_default_context(
    purpose: Any = None, *, cafile: Any = None, capath: Any = None, cadata: Any = None
) -> SSLContext:
    context = SSLContext()
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def _create_unverified_context(*args: Any, **kwargs: Any) -> SSLContext:
    context = SSLContext()
    context.check_hostname = False
    context.verify_mode = 0
    return context


def module() -> ModuleType:
    class TLSVersion(enum.IntEnum):
        MINIMUM_SUPPORTED = -2
        SSLv3 = 768
        TLSv1 = 769
        TLSv1_1 = 770
        TLSv1_2 = 771
        TLSv1_3 = 772
        MAXIMUM_SUPPORTED = -1

    class VerifyMode(enum.IntEnum):
        CERT_NONE = 0
        CERT_OPTIONAL = 1
        CERT_REQUIRED = 2

    class VerifyFlags(enum.IntFlag):
        VERIFY_DEFAULT = 0
        VERIFY_CRL_CHECK_LEAF = 4
        VERIFY_CRL_CHECK_CHAIN = 12
        VERIFY_X509_STRICT = 32
        VERIFY_X509_TRUSTED_FIRST = 32768
        VERIFY_X509_PARTIAL_CHAIN = 524288

    class Purpose(enum.Enum):
        SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
        CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"

    class SSLObject:
        """The type is there for annotations and `isinstance`."""

    class SSLSocket:
        """As SSLObject."""

    class MemoryBIO:
        """As SSLObject."""

        __init__ = refuse

    SSLError.__module__ = SSLContext.__module__ = "ssl"
    made = ModuleType("ssl", "A stand-in: the host does TLS.")
    errors = {
        name: type(name, (SSLError,), {"__module__": "ssl"})
        for name in (
            "SSLCertVerificationError",
            "SSLEOFError",
            "SSLSyscallError",
            "SSLWantReadError",
            "SSLWantWriteError",
            "SSLZeroReturnError",
        )
    }
    # The values are those of OpenSSL 3.
    made.__dict__.update(
        errors,
        CertificateError=errors["SSLCertVerificationError"],
        SSLError=SSLError,
        SSLContext=SSLContext,
        SSLObject=SSLObject,
        SSLSocket=SSLSocket,
        MemoryBIO=MemoryBIO,
        Purpose=Purpose,
        TLSVersion=TLSVersion,
        VerifyMode=VerifyMode,
        VerifyFlags=VerifyFlags,
        **VerifyFlags.__members__,
        CERT_NONE=VerifyMode.CERT_NONE,
        CERT_OPTIONAL=VerifyMode.CERT_OPTIONAL,
        CERT_REQUIRED=VerifyMode.CERT_REQUIRED,
        PROTOCOL_SSLv23=2,
        PROTOCOL_TLS=2,
        PROTOCOL_TLS_CLIENT=16,
        PROTOCOL_TLS_SERVER=17,
        PROTOCOL_TLSv1=3,
        PROTOCOL_TLSv1_1=4,
        PROTOCOL_TLSv1_2=5,
        OP_ALL=0x80000050,
        OP_CIPHER_SERVER_PREFERENCE=0x400000,
        OP_ENABLE_MIDDLEBOX_COMPAT=0x100000,
        OP_IGNORE_UNEXPECTED_EOF=0x80,
        OP_NO_COMPRESSION=0x20000,
        OP_NO_RENEGOTIATION=0x40000000,
        OP_NO_SSLv2=0,
        OP_NO_SSLv3=0x2000000,
        OP_NO_TICKET=0x4000,
        OP_NO_TLSv1=0x4000000,
        OP_NO_TLSv1_1=0x10000000,
        OP_NO_TLSv1_2=0x8000000,
        OP_NO_TLSv1_3=0x20000000,
        OP_SINGLE_DH_USE=0,
        OP_SINGLE_ECDH_USE=0,
        HAS_ALPN=True,
        HAS_ECDH=True,
        HAS_NEVER_CHECK_COMMON_NAME=True,
        HAS_NPN=False,
        HAS_SNI=True,
        HAS_SSLv2=False,
        HAS_SSLv3=False,
        HAS_TLSv1=False,
        HAS_TLSv1_1=False,
        HAS_TLSv1_2=True,
        HAS_TLSv1_3=True,
        OPENSSL_VERSION="OpenSSL 3.0.0 (stand-in of funcserver)",
        OPENSSL_VERSION_INFO=(3, 0, 0, 0, 0),
        OPENSSL_VERSION_NUMBER=0x30000000,
        create_default_context=create_default_context,
        _create_default_https_context=create_default_context,
        _create_unverified_context=_create_unverified_context,
        _create_stdlib_context=_create_unverified_context,
        get_server_certificate=refuse,
        wrap_socket=refuse,
        RAND_bytes=os.urandom,
    )
    return made
