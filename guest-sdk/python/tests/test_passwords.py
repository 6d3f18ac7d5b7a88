import hashlib

import pytest
from inside import output

from funcserver.guest.passwords import pbkdf2_hmac


@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("length", [None, 1, 20, 200])
@pytest.mark.parametrize("iterations", [1, 2, 50])
def test_keys_are_those_of_openssl(hash_name, length, iterations):
    given = (hash_name, b"pass\0word", b"salt", iterations, length)
    assert pbkdf2_hmac(*given) == hashlib.pbkdf2_hmac(*given)


def test_a_long_password_and_other_bytes_objects():
    given = ("sha256", bytearray(b"x" * 200), memoryview(b"salt"), 3)
    assert pbkdf2_hmac(*given) == hashlib.pbkdf2_hmac(*given)


@pytest.mark.parametrize("iterations, length", [(0, None), (1, 0)])
def test_numbers_that_make_no_sense_are_refused(iterations, length):
    with pytest.raises(ValueError):
        pbkdf2_hmac("sha256", b"", b"", iterations, length)


# As CPython in a component, which is built without OpenSSL.
NO_OPENSSL = """
import hashlib
from funcserver.guest import passwords
for name in ("pbkdf2_hmac", "scrypt"):
    vars(hashlib).pop(name, None)
passwords.install()
"""


def test_a_component_has_pbkdf2_and_a_sentence_for_scrypt():
    code = """
print(hashlib.pbkdf2_hmac("sha256", b"p", b"s", 1).hex()[:8], hasattr(hashlib, "scrypt"))
for name in ("scrypt", "nothing"):
    try:
        getattr(hashlib, name)
    except AttributeError as error:
        print(error)
"""
    first, scrypt, nothing = output(NO_OPENSSL + code).splitlines()
    assert first == f"{hashlib.pbkdf2_hmac('sha256', b'p', b's', 1).hex()[:8]} False"
    assert "use PBKDF2" in scrypt
    assert nothing == "module 'hashlib' has no attribute 'nothing'"
