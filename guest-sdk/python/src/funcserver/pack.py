"""A file of many small files, which the native builder and the component both read and write.

It has an index in JSON behind its length in 8 bytes, and then the contents. Zip would do, but its module takes longer
to import than all that a pack holds takes to read.
"""

import json
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

LENGTH_BYTES = 8

SOURCE = "source"
"""Python source."""
CODE = "code"
"""A code object, marshalled and compressed."""
FILE = "file"
COMPRESSED = "compressed"
"""A compressed file."""


class Entry(NamedTuple):
    path: str
    kind: str
    size: int
    """The size of the file, before compression."""
    modified: int
    """Seconds since the Unix epoch."""
    content: bytes


def write(file: BinaryIO, entries: list[Entry]) -> None:
    index = [(entry.path, entry.kind, entry.size, entry.modified, len(entry.content)) for entry in entries]
    encoded = json.dumps(index, separators=(",", ":")).encode()
    file.write(len(encoded).to_bytes(LENGTH_BYTES, "big"))
    file.write(encoded)
    for entry in entries:
        file.write(entry.content)


def read(file: BinaryIO) -> Iterator[Entry]:
    """One entry after the other, so that no copy of the whole pack is ever in memory."""
    index = json.loads(file.read(int.from_bytes(file.read(LENGTH_BYTES), "big")))
    for path, kind, size, modified, length in index:
        yield Entry(path, kind, size, modified, file.read(length))
