"""Searches the memory of processes of funcserver for the function's keys: they must be in the host's, and not in a
guest's.

usage: memory.py MARKER REGION PROCESS…

MARKER is a text that a handler holds at this moment: it must be found in a guest's memory, or this looks in the wrong
places. The keys are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; those that sign on one day in
REGION are searched for as well. Prints what was found where, and exits with 1 if that is not as it must be.
"""

import hashlib
import hmac
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

SERVICES = ("dynamodb", "s3", "sqs", "secretsmanager", "ssm")
PIECE = 16 * 1024 * 1024
# An inaccessible part of this size lies behind each memory of a guest, and a guard before it.
BEHIND = 64 * 1024 * 1024
BEFORE = 1024 * 1024
LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ \S+\s*(.*)")


class Part(NamedTuple):
    """A mapping of a process."""

    begin: int
    end: int
    permissions: str
    name: str

    @property
    def size(self) -> int:
        return self.end - self.begin

    @property
    def is_open(self) -> bool:
        return self.permissions.startswith("r")

    @property
    def is_image(self) -> bool:
        """Whether a guest's memory begins with it: the contents that its program gives it, copied on write."""
        return "w" in self.permissions and ("wasm-memory-image" in self.name or ".cwasm" in self.name)


def parts_of(process: int) -> list[Part]:
    with open(f"/proc/{process}/maps", encoding="utf-8", errors="replace") as lines:
        found = (LINE.match(line) for line in lines)
        return [Part(int(m[1], 16), int(m[2], 16), m[3], m[4].strip()) for m in found if m]


def guests_of(parts: list[Part]) -> set[Part]:
    """The parts that are guests' memories: open, with an image of a program among them, between two that are not."""
    guests: set[Part] = set()
    run: list[Part] = []
    before = 0
    end = 0
    for part in parts:
        if part.begin != end:
            run, before = [], 0
        end = part.end
        if part.is_open:
            run.append(part)
            continue
        if part.size >= BEHIND and before >= BEFORE and any(each.is_image for each in run):
            guests.update(run)
        run, before = [], part.size
    return guests


def contents(process: int, part: Part, overlap: int) -> Iterator[bytes]:
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        at = part.begin
        while at < part.end:
            memory.seek(at)
            try:
                piece = memory.read(min(PIECE, part.end - at))
            except OSError:
                return  # A mapping of the kernel's, or one that is gone.
            if not piece:
                return
            yield piece
            at += len(piece) if at + len(piece) >= part.end else max(len(piece) - overlap, 1)


def signing_keys(secret: str, region: str) -> dict[str, bytes]:
    """What signs requests to a service on one day, and what it is made of. Today's, and those around midnight."""
    found = {}
    for days in (-1, 0, 1):
        day = f"{datetime.now(timezone.utc) + timedelta(days=days):%Y%m%d}"
        key = hmac.digest(f"AWS4{secret}".encode(), day.encode(), hashlib.sha256)
        found[f"the key of {day}"] = key
        key = hmac.digest(key, region.encode(), hashlib.sha256)
        found[f"the key of {day} and {region}"] = key
        for service in SERVICES:
            of_service = hmac.digest(key, service.encode(), hashlib.sha256)
            found[f"the key of {day} and {service}"] = of_service
            found[f"the signing key of {day} and {service}"] = hmac.digest(of_service, b"aws4_request", hashlib.sha256)
    return found


def main() -> None:
    marker, region, *processes = sys.argv[1:]
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]
    keys = {
        "the access key": os.environ["AWS_ACCESS_KEY_ID"].encode(),
        "the secret key": secret.encode(),
        "the session token": os.environ["AWS_SESSION_TOKEN"].encode(),
        **signing_keys(secret, region),
    }
    sought = {**keys, "the marker": marker.encode()}
    guests, hosts = {}, {}
    for process in map(int, processes):
        parts = [part for part in parts_of(process) if part.is_open]
        guests[process] = guests_of(parts_of(process))
        hosts[process] = [part for part in parts if part not in guests[process]]
    # A copy first, because a search takes longer than a handler.
    copies = [b"".join(contents(process, part, 0)) for process in guests for part in guests[process]]
    in_guests = Counter({name: sum(copy.count(value) for copy in copies) for name, value in sought.items()})
    in_hosts: Counter[str] = Counter()
    overlap = len(secret)
    for process, parts in hosts.items():
        for part in parts:
            in_hosts["the secret key"] += sum(
                piece.count(secret.encode()) for piece in contents(process, part, overlap)
            )
    size = sum(map(len, copies))
    problems = [f"{name} is in a guest's memory" for name in keys if in_guests[name]]
    if not in_guests["the marker"]:
        problems.append("the marker is in no guest's memory: these were not the guests' memories")
    if not in_hosts["the secret key"]:
        problems.append("the secret key is not in the host's memory either: the search does not work")
    print(f"searched {size} bytes of guests; in the host: {dict(+in_hosts)}; in guests: {dict(+in_guests)}")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
