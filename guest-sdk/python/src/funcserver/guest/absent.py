"""What CPython for WebAssembly lacks, and what an app can do instead."""

import concurrent
import enum
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any, NoReturn

TLS = "TLS connections cannot be opened in a component"

# By the name of the module whose import fails, which may be the part in C of the one that was asked for.
ABSENT = {
    "_bz2": "bz2 is missing in a component: use gzip or zlib",
    "_ctypes": "ctypes is missing in a component, because there are no native libraries that it could call",
    "_curses": "curses is missing in a component, which has no terminal",
    "_dbm": "dbm.ndbm is missing in a component: use sqlite3",
    "_gdbm": "dbm.gnu is missing in a component: use sqlite3",
    "_lzma": "lzma is missing in a component: use gzip or zlib",
    "_posixshmem": "shared memory is missing in a component, which is a single process",
    "_posixsubprocess": "processes cannot be started in a component",
    "_tkinter": "tkinter is missing in a component, which has no screen",
    "_zstd": "compression.zstd is missing in a component: use gzip or zlib",
    "fcntl": "fcntl is missing in a component: its files belong to one request, so they need no locks",
    "grp": "grp is missing in a component, which has no users or groups",
    "mmap": "mmap is missing in a component: read the file instead",
    "pwd": "pwd is missing in a component, which has no users",
    "readline": "readline is missing in a component, which has no terminal",
    "resource": "resource is missing in a component: limits.memory and limits.timeout bound a request",
    "syslog": "syslog is missing in a component: write to the log with logging or print",
    "termios": "termios is missing in a component, which has no terminal",
}


def explain(error: BaseException) -> str | None:
    """Why an import failed, if it did because a component lacks the module."""
    return ABSENT.get(error.name or "") if isinstance(error, ImportError) else None


def install() -> None:
    """Libraries import these modules even if they do not use them, so there are stand-ins that can be set up."""
    if "ssl" not in sys.modules:
        sys.modules["ssl"] = _ssl()
    if importlib.util.find_spec("_interpreters") is None:
        sys.modules["concurrent.interpreters"] = concurrent.interpreters = _interpreters()
    if importlib.util.find_spec("_multiprocessing") is None:
        sys.modules["_multiprocessing"] = _multiprocessing()
    # Libraries such as platformdirs import them without a condition on any system but Windows.
    for name in ("getuid", "geteuid", "getgid", "getegid"):
        if not hasattr(os, name):
            setattr(os, name, _nobody)


def _nobody() -> int:
    """The number of a user and a group without rights."""
    return 65534


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise OSError(f"{TLS}: CPython for WebAssembly has no ssl module")


def _interpreters() -> ModuleType:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise InterpreterError("interpreters cannot be started in a component: run the work in the one that is there")

    class InterpreterError(Exception):
        """As in concurrent.interpreters."""

    class ExecutionFailed(InterpreterError):
        """As in concurrent.interpreters."""

    module = ModuleType("concurrent.interpreters", "A stand-in: a component has one interpreter.")
    module.__dict__.update(
        InterpreterError=InterpreterError, ExecutionFailed=ExecutionFailed, create=refuse, create_queue=refuse
    )
    return module


def _multiprocessing() -> ModuleType:
    """`multiprocessing.synchronize` can be imported with it, as ASGI servers do for their types."""

    class SemLock:
        """A lock that processes share."""

        SEM_VALUE_MAX = 2**31 - 1

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise OSError("locks between processes cannot be made in a component, which is a single process")

    module = ModuleType("_multiprocessing", "A stand-in: a component is a single process.")
    module.__dict__.update(SemLock=SemLock, sem_unlink=lambda name: None)
    return module


class SSLError(OSError):
    """As in ssl."""

    library = reason = ""


class SSLContext:
    """Takes every setting, as libraries make contexts before they know whether they will need one."""

    def __init__(self, protocol: int = 16) -> None:
        self.protocol = protocol
        self.options = 0
        self.verify_flags = 0
        self.verify_mode = 2
        self.check_hostname = True
        self.minimum_version = self.maximum_version = 0
        self.post_handshake_auth = False
        self.keylog_filename = None

    def _take(self, *args: Any, **kwargs: Any) -> None:
        """Settings have no effect, as no connection can be opened."""

    load_cert_chain = load_default_certs = load_verify_locations = set_alpn_protocols = set_ciphers = _take
    set_default_verify_paths = set_ecdh_curve = set_npn_protocols = set_servername_callback = load_dh_params = _take
    wrap_socket = wrap_bio = _refuse

    def cert_store_stats(self) -> dict[str, int]:
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        return []

    def get_ciphers(self) -> list[dict[str, Any]]:
        return []


def _context(*args: Any, **kwargs: Any) -> SSLContext:
    return SSLContext()


def _ssl() -> ModuleType:
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

        __init__ = _refuse

    module = ModuleType("ssl", f"A stand-in: {TLS}.")
    errors = {
        name: type(name, (SSLError,), {})
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
    module.__dict__.update(
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
        create_default_context=_context,
        _create_default_https_context=_context,
        _create_unverified_context=_context,
        _create_stdlib_context=_context,
        get_server_certificate=_refuse,
        wrap_socket=_refuse,
        RAND_bytes=os.urandom,
    )
    return module
