"""The files of the app and its packages, kept in memory, where the app looks for them.

The functions of `os` and `open` are replaced by ones that know these files. Everything that Python code reads by a path
works with them: pathlib, templates, static files, importlib. C code such as SQLite sees only what the host grants.
"""

import builtins
import errno
import io
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, NoReturn

from funcserver import pack

FILE_MODE = stat.S_IFREG | 0o444
FOLDER_MODE = stat.S_IFDIR | 0o555
READ_ONLY = (
    "the files of the app are part of the component and cannot be changed: write below /tmp, if guest.tmp grants it"
)

NO_TMP = "there is no /tmp, the only folder whose files can be written: set `guest.tmp = true` in funcserver.toml"


class Packed(NamedTuple):
    """A file in memory."""

    size: int
    modified: int
    content: bytes
    compressed: bool

    def read(self) -> bytes:
        return zlib.decompress(self.content) if self.compressed else self.content


class Files:
    """All files in memory, by absolute path. A folder exists if something is in it."""

    def __init__(self) -> None:
        self.files: dict[str, Packed] = {}
        self.code: dict[str, bytes] = {}
        self.sources: dict[str, bytes] = {}
        """Python that is not compiled yet: the app's own, and what does not compile: an import says why."""
        self.folders: dict[str, list[str]] = {}
        self.roots: tuple[str, ...] = ()

    def add(self, root: str, entries: Iterable[pack.Entry]) -> None:
        """Puts the entries of a pack below a folder."""
        if root not in self.roots:
            self.roots += (root,)
            self.folders.setdefault(root, [])
        for entry in entries:
            path = f"{root}/{entry.path}"
            if entry.kind == pack.CODE:
                self.code[path] = entry.content
            elif entry.kind == pack.SOURCE:
                self.sources[path] = entry.content
            else:
                self.files[path] = Packed(entry.size, entry.modified, entry.content, entry.kind == pack.COMPRESSED)
                if entry.kind == pack.FILE and path.endswith(".py"):
                    self.sources[path] = entry.content
            self._list(path)

    def _list(self, path: str) -> None:
        while True:
            folder, _, name = path.rpartition("/")
            known = folder in self.folders
            names = self.folders.setdefault(folder, [])
            if not known or name not in names:
                names.append(name)
            if known:
                return
            path = folder

    def covers(self, path: str) -> bool:
        """Whether the path is, or would be, in one of the folders in memory."""
        return any(path == root or path.startswith(root + "/") for root in self.roots)


class Entry:
    """What `os.scandir` gives."""

    def __init__(self, folder: str, name: str, attributes: os.stat_result) -> None:
        self.name = name
        self.path = os.path.join(folder, name)
        self._attributes = attributes

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return stat.S_ISDIR(self._attributes.st_mode)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return stat.S_ISREG(self._attributes.st_mode)

    def is_symlink(self) -> bool:
        return False

    def is_junction(self) -> bool:
        return False

    def inode(self) -> int:
        return self._attributes.st_ino

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return self._attributes


class Scan:
    """An iterator that can be closed, as that of `os.scandir`."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Entry]:
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    def __enter__(self) -> "Scan":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


class Reader(io.BytesIO):
    """A file in memory, opened for reading."""

    mode = "rb"

    def __init__(self, name: Any, content: bytes) -> None:
        super().__init__(content)
        self.name = name

    def writable(self) -> bool:
        return False

    def write(self, _: Any) -> NoReturn:
        raise io.UnsupportedOperation("write")

    def truncate(self, _: int | None = None) -> NoReturn:
        raise io.UnsupportedOperation("truncate")

    def peek(self, size: int = 0) -> bytes:
        return bytes(self.getbuffer()[self.tell() :][: size or io.DEFAULT_BUFFER_SIZE])


class System:
    """The functions that replace those of `os` and `open`."""

    def __init__(self, files: Files, folder: str) -> None:
        self.files = files
        self.folder = self.folder_of_app = folder
        self.real: dict[str, Callable[..., Any]] = {}
        self.real_open = io.open

    def install(self) -> None:
        """Methods and callable objects take the place of functions: unlike functions of Python, they do not become
        methods of a class that has them as attributes, and so behave as the functions in C that they replace."""
        for name in ("stat", "lstat", "listdir", "scandir", "access", "readlink", "getcwd", "getcwdb", "chdir"):
            self._replace(name, getattr(self, name))
        self._replace("open", self.open_descriptor)
        for name in ("mkdir", "remove", "unlink", "rmdir", "rename", "replace", "utime"):
            if hasattr(os, name):
                self._replace(name, Change(self, name, getattr(os, name)))
        builtins.open = io.open = self.open
        io.open_code = self.open_code

    def _replace(self, name: str, function: Callable[..., Any]) -> None:
        real = getattr(os, name)
        self.real[name] = real
        setattr(os, name, function)
        for supports in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if real in supports:
                supports.add(function)

    def absolute(self, path: str) -> str:
        return os.path.normpath(path if path.startswith("/") else f"{self.folder}/{path}")

    def locate(self, path: Any) -> tuple[Any, str | None]:
        """What to call the real function with, and the absolute path if the path may be in memory."""
        if isinstance(path, int) or path is None:
            return path, None
        path = os.fspath(path)
        if not path:
            return path, None
        text = os.fsdecode(path)
        absolute = self.absolute(text)
        if self.files.covers(absolute):
            return absolute if isinstance(path, str) else os.fsencode(absolute), absolute
        if text.startswith("/"):
            return path, None
        return absolute if isinstance(path, str) else os.fsencode(absolute), None

    def attributes(self, path: str) -> os.stat_result | None:
        file = self.files.files.get(path)
        if file is not None:
            return attributes(FILE_MODE, path, file.size, file.modified)
        if path in self.files.folders:
            return attributes(FOLDER_MODE, path, 0, 0)
        if path in self.files.code:
            return attributes(FILE_MODE, path, 0, 0)
        return None

    def stat(self, path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        return self._attributes_of("stat", path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    def lstat(self, path: Any, *, dir_fd: int | None = None) -> os.stat_result:
        return self._attributes_of("lstat", path, dir_fd=dir_fd)

    def _attributes_of(self, name: str, path: Any, *, dir_fd: int | None, **more: Any) -> os.stat_result:
        if dir_fd is not None:
            return self.real[name](path, dir_fd=dir_fd, **more)
        where, absolute = self.locate(path)
        found = self.attributes(absolute) if absolute else None
        return found or with_name(path, self.real[name], where, **more)

    def listdir(self, path: Any = None) -> list[Any]:
        where, absolute = self.locate("." if path is None else path)
        names = self.files.folders.get(absolute or "")
        if names is None:
            self._refuse_as_folder(path, absolute)
            return with_name(path, self.real["listdir"], where)
        return [os.fsencode(name) for name in names] if isinstance(path, bytes) else list(names)

    def scandir(self, path: Any = None) -> Any:
        where, absolute = self.locate("." if path is None else path)
        names = self.files.folders.get(absolute or "")
        if names is None or absolute is None:
            self._refuse_as_folder(path, absolute)
            return with_name(path, self.real["scandir"], where)
        shown = "." if path is None else os.fsdecode(path)
        return Scan([Entry(shown, name, self._known(f"{absolute}/{name}")) for name in names])

    def _known(self, path: str) -> os.stat_result:
        return self.attributes(path) or attributes(FILE_MODE, path, 0, 0)

    def _refuse_as_folder(self, path: Any, absolute: str | None) -> None:
        if absolute in self.files.files:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)

    def access(self, path: Any, mode: int, **more: Any) -> bool:
        if more.get("dir_fd") is not None:
            return self.real["access"](path, mode, **more)
        where, absolute = self.locate(path)
        if absolute and self.attributes(absolute):
            return not mode & os.W_OK
        return self.real["access"](where, mode, **more)

    def readlink(self, path: Any, *, dir_fd: int | None = None) -> Any:
        if dir_fd is not None:
            return self.real["readlink"](path, dir_fd=dir_fd)
        where, absolute = self.locate(path)
        if absolute and self.attributes(absolute):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        return with_name(path, self.real["readlink"], where)

    def open_descriptor(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is not None:
            return self.real["open"](path, flags, mode, dir_fd=dir_fd)
        where, absolute = self.locate(path)
        if absolute and self.attributes(absolute):
            raise OSError(errno.ENOTSUP, "files of the app have no descriptor in a component: use open()", path)
        return with_name(path, self.real["open"], where, flags, mode)

    def chdir(self, path: Any) -> None:
        _, absolute = self.locate(path)
        absolute = absolute or self.absolute(os.fsdecode(path))
        if not stat.S_ISDIR(os.stat(absolute).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        self.folder = absolute

    def getcwd(self) -> str:
        return self.folder

    def getcwdb(self) -> bytes:
        return os.fsencode(self.folder)

    def explain(self, error: OSError, path: Any) -> None:
        """Says where files can be written, if that is why one was not."""
        if isinstance(path, int):
            return
        folder = f"{self.absolute(os.fsdecode(path))}/"
        if folder.startswith(f"{self.folder_of_app}/"):
            if isinstance(error, PermissionError) or error.errno == errno.EROFS:
                error.strerror = READ_ONLY
        # `os.makedirs` begins with the root if the whole path is missing.
        elif isinstance(error, FileNotFoundError) and (folder == "//" or folder.startswith("/tmp/")):
            if not self.has_tmp():
                error.strerror = NO_TMP

    def has_tmp(self) -> bool:
        try:
            self.real["stat"]("/tmp")
        except OSError:
            return False
        return True

    def open_code(self, path: str) -> Any:
        return self.open(path, "rb")

    def open(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Callable[[str, int], int] | None = None,
    ) -> Any:
        where, absolute = self.locate(file)
        packed = self.files.files.get(absolute) if absolute else None
        if absolute and opener is None and not isinstance(file, int):
            if set(mode) & set("wax+"):
                raise OSError(errno.EROFS, READ_ONLY, file)
            if packed is not None:
                return opened(Reader(file, packed.read()), mode, encoding, errors, newline)
            if absolute in self.files.folders:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), file)
        try:
            return with_name(file, self.real_open, where, mode, buffering, encoding, errors, newline, closefd, opener)
        except OSError as error:
            if set(mode) & set("wax+"):
                self.explain(error, where)
            raise


class Change:
    """A function that changes files, which those in memory do not allow."""

    def __init__(self, system: System, name: str, real: Callable[..., Any]) -> None:
        self.__name__ = name
        self.system = system
        self.real = real

    def __call__(self, path: Any, *arguments: Any, **more: Any) -> Any:
        if any(value is not None for name, value in more.items() if name.endswith("dir_fd")):
            return self.real(path, *arguments, **more)
        where = self._outside(path)
        if self.__name__ in ("rename", "replace") and arguments:
            arguments = (self._outside(arguments[0]), *arguments[1:])
        try:
            return with_name(path, self.real, where, *arguments, **more)
        except OSError as error:
            self.system.explain(error, where)
            raise

    def _outside(self, path: Any) -> Any:
        where, absolute = self.system.locate(path)
        if absolute:
            raise OSError(errno.EROFS, READ_ONLY, path)
        return where


def opened(reader: Reader, mode: str, encoding: str | None, errors: str | None, newline: str | None) -> Any:
    if "b" in mode:
        if encoding or errors or newline:
            raise ValueError("binary mode doesn't take an encoding argument")
        return reader
    text = io.TextIOWrapper(reader, encoding, errors, newline)
    text.mode = mode  # type: ignore[misc]
    return text


def with_name(shown: Any, function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """An error names the path that the app used."""
    try:
        return function(*arguments, **more)
    except OSError as error:
        if shown is not None and not isinstance(shown, int):
            error.filename = shown
        raise


def attributes(mode: int, path: str, size: int, modified: int) -> os.stat_result:
    number = zlib.crc32(path.encode())
    return os.stat_result((mode, number, 0, 1, 0, 0, size, modified, modified, modified))
