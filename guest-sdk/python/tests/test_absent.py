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
    assert output(code).startswith("a component has no TLS of its own")


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


def test_roots_of_packages_stand_for_those_of_the_host_and_others_are_not_usable():
    code = (
        HIDE
        + """
import os, ssl
from funcserver.guest import tls
def said(**settings):
    try:
        tls.check_context(ssl.create_default_context(**settings))
    except OSError as error:
        return type(error).__name__ + ": " + str(error)
print(said())
print(said(cafile="/nonesuch/certifi/cacert.pem"))
print(said(cafile="/nonesuch/root.pem"))
print(said(cafile=tls.__file__))
os.environ["SSL_CERT_FILE"] = tls.__file__
print(said(cafile=tls.__file__))
print(said(cadata="a certificate"))
unchecked = ssl.create_default_context()
unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
certified = ssl.create_default_context()
certified.load_cert_chain("client.pem")
for context in (unchecked, certified):
    try:
        tls.check_context(context)
    except ssl.SSLError as error:
        print(error)
"""
    )
    none, certifi, missing, own, same, data, unchecked, certified = output(code).splitlines()
    assert (none, certifi, same) == ("None", "None", "None")
    assert missing.startswith("FileNotFoundError")
    assert own == data and "cannot bring a root of its own" in own
    assert "which a component cannot turn off" in unchecked
    assert "client certificates" in certified
