"""The app's own files: what is in the project's folder, and which module the app is in."""

import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from funcserver.build import output
from funcserver.build.errors import BuildError

# Where the project's folder is in the component.
MOUNT = "/app"

LEFT_OUT_FOLDERS = {"node_modules", "__pycache__", "build-output", "dist"}
LEFT_OUT_ENDINGS = (".wasm", ".cwasm", ".zip", ".pyc", ".egg-info")
DATABASE_ENDINGS = (".sqlite3", ".sqlite", ".db")
SQLITE = b"SQLite format 3\0"
MANY_BYTES = 10_000_000
TOO_MANY_BYTES = 100_000_000

NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class App(NamedTuple):
    """What `component.app` names: `module:attribute`, or `module:factory()`."""

    text: str
    module: str
    attribute: str

    @classmethod
    def parse(cls, text: str) -> "App":
        module, colon, attribute = text.partition(":")
        plain = attribute.removesuffix("()")
        if not (colon and NAME.fullmatch(module) and NAME.fullmatch(plain)):
            raise BuildError(
                f"the app is named {text!r}, but it must be MODULE:NAME: set component.app in funcserver.toml, "
                'for example to "shop.wsgi:application" for `application` in shop/wsgi.py, or "shop:create_app()"'
            )
        return cls(text, module, plain)


class OwnFile(NamedTuple):
    path: str
    """Relative to the project's folder, with slashes."""
    real: str
    size: int
    modified_ns: int


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = sorted(own_files(str(folder)))
        top = os.path.realpath(folder)
        self.outside = [file.path for file in found if not is_inside(file, top)]
        self.databases = [file.path for file in found if file.path not in self.outside and is_database(file)]
        left_out = {*self.outside, *self.databases}
        self.files = [file for file in found if file.path not in left_out]
        self.paths = {file.path for file in self.files}

    def check(self) -> None:
        """Says what is not as the user may expect."""
        if self.databases:
            output.warn(
                f"{', '.join(self.databases)} is left out: SQLite cannot open it in a component, and it may have data "
                "that should stay here. Let the app make its database, or give a file that it copies to /tmp "
                "another ending"
            )
        if self.outside:
            output.warn(
                f"{', '.join(self.outside)} is left out: it is a link that leads out of {self.folder}, and a component "
                "has no files from elsewhere. Put a copy in its place if the app needs it"
            )
        self.check_size()

    def check_size(self) -> None:
        total = sum(file.size for file in self.files)
        if total <= MANY_BYTES:
            return
        largest = sorted(self.files, key=lambda file: file.size, reverse=True)[:3]
        names = ", ".join(f"{file.path} ({output.megabytes(file.size)})" for file in largest)
        message = (
            f"the files in {self.folder} are {output.megabytes(total)}, and all of them become part of the component; "
            f"the largest are {names}: move what the app does not need out of the folder, "
            "or into one whose name begins with a dot"
        )
        if total > TOO_MANY_BYTES:
            raise BuildError(f"{message}; {output.megabytes(TOO_MANY_BYTES)} are the most")
        output.warn(message)

    def roots(self, editable: list[Path]) -> list[str]:
        """The folders, relative to the project's, in which modules are looked for: itself, `src` as in the usual
        layout, and those that the environment names."""
        roots = [""]
        if "src/__init__.py" not in self.paths and any(
            path.startswith("src/") and path.endswith(".py") for path in self.paths
        ):
            roots.append("src")
        for path in editable:
            if path.is_relative_to(self.folder):
                root = path.relative_to(self.folder).as_posix()
                if root != "." and root not in roots:
                    roots.append(root)
        return roots

    def module_file(self, module: str, roots: list[str]) -> str | None:
        """The file of a module, relative to the project's folder."""
        base = module.replace(".", "/")
        for root in roots:
            for end in ("/__init__.py", ".py"):
                path = f"{root}/{base}{end}".lstrip("/")
                if path in self.paths:
                    return path
        return None

    def module_name(self, path: str, roots: list[str]) -> str:
        """The name by which a file is imported. The longest root that has it wins."""
        root = max((root for root in roots if not root or path.startswith(root + "/")), key=len, default="")
        name = path[len(root) + 1 if root else 0 :].removesuffix(".py").removesuffix("/__init__")
        return name.replace("/", ".")

    def modules(self, roots: list[str]) -> dict[str, str]:
        """The file of each module."""
        return {self.module_name(path, roots): path for path in self.paths if path.endswith(".py")}

    def missing_module(self, app: App, roots: list[str]) -> BuildError:
        close = difflib.get_close_matches(app.module, self.modules(roots), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(f'{name}:{app.attribute}' for name in close)}?" if close else ""
        wanted = app.module.replace(".", "/") + ".py"
        return BuildError(
            f"component.app names {app.text}, but there is no {wanted} in {self.folder}: "
            + (hint or "name the module that makes the app, as Python imports it from that folder")
        )


def is_inside(file: OwnFile, top: str) -> bool:
    """Whether a file, or the file that a link leads to, is in the folder. `top` has no links in it."""
    return not os.path.islink(file.real) or os.path.realpath(file.real).startswith(top + os.sep)


def is_database(file: OwnFile) -> bool:
    if not file.path.endswith(DATABASE_ENDINGS):
        return False
    with open(file.real, "rb") as opened:
        return opened.read(len(SQLITE)) == SQLITE


def own_files(top: str) -> Iterator[OwnFile]:
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(top, folder)) as entries:
            found = list(entries)
        if folder and any(entry.name == "pyvenv.cfg" for entry in found):
            continue
        for entry in found:
            if entry.name.startswith(".") or entry.name.endswith(LEFT_OUT_ENDINGS):
                continue
            path = f"{folder}/{entry.name}".lstrip("/")
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in LEFT_OUT_FOLDERS:
                    waiting.append(path)
            elif entry.is_file():
                status = entry.stat()
                yield OwnFile(path, entry.path, status.st_size, status.st_mtime_ns)
