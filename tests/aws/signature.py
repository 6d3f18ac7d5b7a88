"""Whether a request that has arrived is signed as AWS wants it: botocore's own signer computes the signature again.

botocore signs what a program is about to send. Here it is given what has arrived: the request's target as it was
written, the headers that the signature names, and the body.
"""

import hashlib
import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
# AWS's own limit, except for S3, which allows 15 minutes.
SKEW = timedelta(minutes=5)
SKEW_OF_S3 = timedelta(minutes=15)
# What takes the place of a body's hash. S3 alone takes it.
UNSIGNED = {"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}


class Arrived(NamedTuple):
    """A request as it has arrived. `headers` are in the order of arrival."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return ",".join(value for key, value in self.headers if key.lower() == name)


class Refused(Exception):
    """The request is not signed as it must be. `code` is what AWS calls it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Signed(NamedTuple):
    """A request whose signature is right."""

    service: str
    region: str
    payload: str
    """`hashed`, or what the request has in place of a hash."""


def check(arrived: Arrived, keys: Credentials, now: datetime) -> Signed:
    """Raises `Refused` if the request is not signed with these keys."""
    written = arrived.header("authorization")
    if "X-Amz-Signature=" in arrived.target:
        raise Refused("AccessDenied", "the signature is in the query")
    if not written:
        raise Refused("MissingAuthenticationToken", "no signature")
    found = AUTHORIZATION.fullmatch(written)
    if found is None:
        raise Refused("IncompleteSignature", "the header authorization is malformed")
    if found["key"] != keys.access_key:
        raise Refused("UnrecognizedClientException", "the access key is not the function's")
    if arrived.header("x-amz-security-token") != (keys.token or ""):
        raise Refused("UnrecognizedClientException", "the session token is not the function's")
    date, region, service = scope_of(found["scope"])
    signed = found["headers"].split(";")
    check_headers(arrived, signed)
    check_time(arrived.header("x-amz-date"), date, service, now)
    payload = check_payload(arrived, service)
    if signature(arrived, keys, signed, service, region) != found["signature"]:
        raise Refused("SignatureDoesNotMatch", "the signature is another one")
    return Signed(service, region, payload)


def scope_of(text: str) -> tuple[str, str, str]:
    parts = text.split("/")
    if len(parts) != 4 or parts[3] != "aws4_request" or not all(parts):
        raise Refused("IncompleteSignature", "the credential scope is malformed")
    return parts[0], parts[1], parts[2]


def check_headers(arrived: Arrived, signed: list[str]) -> None:
    """The host and everything of AWS's own must be signed, or somebody could change it on the way."""
    if signed != sorted(set(signed)):
        raise Refused("IncompleteSignature", "the names of the signed headers are not sorted")
    present = {name.lower() for name, _ in arrived.headers}
    for name in present:
        if (name == "host" or name.startswith("x-amz-")) and name not in signed:
            raise Refused("AccessDenied", f"the header {name} is not signed")
    if missing := set(signed) - present:
        raise Refused("SignatureDoesNotMatch", f"signed headers are missing: {', '.join(sorted(missing))}")


def check_time(written: str, date: str, service: str, now: datetime) -> None:
    try:
        then = datetime.strptime(written, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refused("IncompleteSignature", "the header x-amz-date is missing or malformed") from None
    if written[:8] != date:
        raise Refused("SignatureDoesNotMatch", "the day of the credential scope is not that of x-amz-date")
    if abs(then - now) > (SKEW_OF_S3 if service == "s3" else SKEW):
        code = "RequestTimeTooSkewed" if service == "s3" else "InvalidSignatureException"
        raise Refused(code, f"Signature expired: {written} is too far from {now:%Y%m%dT%H%M%SZ}")


def check_payload(arrived: Arrived, service: str) -> str:
    """What the signature says of the body. A hash must be that of the body."""
    stated = arrived.header("x-amz-content-sha256")
    if service == "s3" and not stated:
        raise Refused("InvalidRequest", "S3 wants the header x-amz-content-sha256")
    if stated in UNSIGNED and service == "s3":
        return stated
    if stated and stated != hashlib.sha256(arrived.body).hexdigest():
        raise Refused("XAmzContentSHA256Mismatch", "x-amz-content-sha256 is not the hash of the body")
    return "hashed"


def signature(arrived: Arrived, keys: Credentials, signed: list[str], service: str, region: str) -> str:
    """What botocore computes for the request."""
    headers = HTTPHeaders()
    for name, value in arrived.headers:
        if name.lower() in signed:
            headers[name] = value
    url = f"http://{arrived.header('host')}{arrived.target}"
    request = AWSRequest(method=arrived.method, url=url, headers=headers, data=arrived.body)
    request.context["timestamp"] = arrived.header("x-amz-date")
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return signer.signature(text, request)
