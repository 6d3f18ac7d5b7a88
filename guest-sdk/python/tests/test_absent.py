import pytest
from inside import output

# A Python with a real ssl has it in the place of the stand-in.
HIDE = "import sys; sys.modules.pop('ssl', None)\nfrom funcserver.guest import absent; absent.install()\n"


@pytest.mark.parametrize(
    "library", ["urllib3", "requests", "httpx", "asyncio.sslproto", "http.client", "smtplib", "anyio"]
)
def test_libraries_can_be_imported_and_set_up_without_ssl(library):
    pytest.importorskip(library.partition(".")[0])
    output(f"{HIDE}import {library}")


def test_flags_of_certificates_are_those_of_ssl():
    code = "from ssl import VERIFY_X509_STRICT, VerifyFlags, VerifyMode; print(VERIFY_X509_STRICT | VerifyFlags(4))"
    assert output(HIDE + code) == "36\n"


def test_a_tls_connection_fails_with_a_sentence():
    code = (
        HIDE
        + """
import ssl
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.minimum_version = ssl.TLSVersion.TLSv1_2
try:
    context.wrap_socket(None)
except OSError as error:
    print(error)
"""
    )
    assert output(code).startswith("TLS connections cannot be opened in a component")


def test_locks_between_processes_can_be_imported_and_are_refused():
    code = """
import sys
from importlib import util
find = util.find_spec
util.find_spec = lambda name: None if name == "_multiprocessing" else find(name)
from funcserver.guest import absent
absent.install()
import multiprocessing
from multiprocessing.synchronize import Event
try:
    multiprocessing.Lock()
except OSError as error:
    print(error)
"""
    assert output(code).startswith("locks between processes cannot be made in a component")


def test_interpreters_can_be_imported_and_are_refused():
    code = """
import sys
from importlib import util
find = util.find_spec
util.find_spec = lambda name: None if name == "_interpreters" else find(name)
from funcserver.guest import absent
absent.install()
from concurrent.interpreters import ExecutionFailed, create
try:
    create()
except Exception as error:
    print(error)
"""
    assert output(code).startswith("interpreters cannot be started in a component")


def test_there_is_a_number_of_the_user():
    code = """
import os
del os.getuid
from funcserver.guest import absent
absent.install()
from os import getuid
print(getuid())
"""
    assert output(code) == "65534\n"
