"""Hashlib's functions that derive keys from passwords. CPython takes them from OpenSSL, which a component lacks."""

import hashlib
import hmac
from typing import Any, NoReturn

NO_SCRYPT = (
    "hashlib.scrypt is missing in a component: use PBKDF2, as `generate_password_hash(password, method='pbkdf2')` of"
    " Werkzeug does"
)


def install() -> None:
    if not hasattr(hashlib, "pbkdf2_hmac"):
        hashlib.pbkdf2_hmac = pbkdf2_hmac
    if not hasattr(hashlib, "scrypt"):
        # Not a function that fails: libraries look whether there is one.
        hashlib.__getattr__ = _missing


def pbkdf2_hmac(hash_name: str, password: Any, salt: Any, iterations: int, dklen: int | None = None) -> bytes:
    """As in hashlib. 100,000 iterations take about 0.2 s."""
    if not isinstance(hash_name, str):
        raise TypeError("hash_name must be a string")
    length = hashlib.new(hash_name).digest_size if dklen is None else dklen
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    if length < 1:
        raise ValueError("key length must be greater than 0.")
    password, salt = bytes(password), bytes(salt)
    derived = bytearray()
    block = 1
    while len(derived) < length:
        derived += _block(hash_name, password, salt + block.to_bytes(4), iterations)
        block += 1
    return bytes(derived[:length])


def _block(hash_name: str, password: bytes, first: bytes, iterations: int) -> bytes:
    digest, number = hmac.digest, int.from_bytes
    piece = digest(password, first, hash_name)
    mixed = number(piece)
    for _ in range(iterations - 1):
        piece = digest(password, piece, hash_name)
        mixed ^= number(piece)
    return mixed.to_bytes(len(piece))


def _missing(name: str) -> NoReturn:
    raise AttributeError(NO_SCRYPT if name == "scrypt" else f"module 'hashlib' has no attribute {name!r}")
