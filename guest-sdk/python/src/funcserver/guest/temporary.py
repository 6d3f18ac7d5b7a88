"""Temporary files without a folder for them: an instance has /tmp only if `guest.tmp` asks for it."""

import errno
import io
import tempfile
from typing import Any


def install() -> None:
    """Uploads and other files that need no name stay in memory. One that needs a name fails with a sentence."""
    tempfile._get_default_tempdir = _default_folder
    tempfile.SpooledTemporaryFile.rollover = _rollover
    tempfile.TemporaryFile = _temporary_file


_own_default_folder = tempfile._get_default_tempdir
_own_rollover = tempfile.SpooledTemporaryFile.rollover
_own_temporary_file = tempfile.TemporaryFile


class NoFolder(FileNotFoundError):
    """There is no temporary folder."""

    def __init__(self) -> None:
        super().__init__(
            errno.ENOENT, "there is no folder for temporary files: set `guest.tmp = true` in funcserver.toml"
        )


def _default_folder() -> str:
    try:
        return _own_default_folder()
    except FileNotFoundError:
        raise NoFolder from None


def _rollover(self: "tempfile.SpooledTemporaryFile[Any]") -> None:
    try:
        _own_rollover(self)
    except NoFolder:
        # 0 means that the file stays in memory, however large it becomes.
        self._max_size = 0


def _temporary_file(mode: str = "w+b", *args: Any, **settings: Any) -> Any:
    try:
        return _own_temporary_file(mode, *args, **settings)
    except NoFolder:
        return io.BytesIO() if "b" in mode else io.StringIO()
