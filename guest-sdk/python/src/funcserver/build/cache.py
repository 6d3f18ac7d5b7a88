"""The folder in the user's cache, and files in it that several builds may make at once."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "funcserver" / "python"


@contextmanager
def scratch(where: Path, prefix: str) -> Iterator[Path]:
    """A folder that is removed at the end, or may have been moved away by then."""
    where.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def made_once(target: Path, make: Callable[[Path], None]) -> Path:
    """The folder, which `make` fills if there is none. It appears complete: of two builds, the first one's is kept."""
    if target.exists():
        return target
    with scratch(target.parent, f".{target.name}-") as fresh:
        make(fresh)
        try:
            fresh.rename(target)
        except OSError:
            if not target.exists():
                raise
    return target


def write(target: Path, content: bytes) -> None:
    """A file that is complete from the first moment."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    part.write_bytes(content)
    os.replace(part, target)
