"""Archives that are the same bytes each time: fixed times, owners, modes and order."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

# The oldest time that a zip can express.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
# npm's own time for all files of a package. Some programs reject the year 1970.
TAR_TIME = 499162500


@dataclass(frozen=True)
class File:
    """A file of an archive."""

    content: bytes
    executable: bool = False

    @property
    def mode(self) -> int:
        return 0o755 if self.executable else 0o644


def tar_gz(files: dict[str, File]) -> bytes:
    """A gzip-compressed tar archive of the files, by their paths in it."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, file in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(file.content)
            entry.mode = file.mode
            entry.mtime = TAR_TIME
            archive.addfile(entry, io.BytesIO(file.content))
    return gzipped(tar.getvalue())


def gzipped(content: bytes) -> bytes:
    """A gzip file without a name and a time."""
    made = gzip.compress(content, compresslevel=9, mtime=0)
    # Byte 9 is the system that wrote it. Versions of Python differ in it; 3 is Unix.
    return made[:9] + b"\x03" + made[10:]


def zipped(files: dict[str, File]) -> bytes:
    """A zip of the files, in their order."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, file in files.items():
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # By default zipfile notes the system that it runs on. 3 is Unix.
            entry.create_system = 3
            entry.external_attr = (0o100000 | file.mode) << 16
            archive.writestr(entry, file.content)
    return written.getvalue()


def folder(path: Path, prefix: str = "") -> dict[str, File]:
    """All files below a folder, with `prefix` before their paths. Bytecode is left out."""
    files = {}
    for file in sorted(path.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            files[prefix + file.relative_to(path).as_posix()] = File(file.read_bytes())
    return files


def write(path: Path, content: bytes) -> Path:
    """Writes a file in one step, so that nobody finds half of it."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)
    return path
