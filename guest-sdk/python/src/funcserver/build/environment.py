"""The packages of the environment that runs the builder, as far as an app can use them in a component."""

import hashlib
import re
from collections.abc import Iterable
from functools import cached_property
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from funcserver.build import site_packages

# What works on an app, and is no part of it. A package that only they need is left out too.
TOOLS = set(
    """pip setuptools wheel distribute componentize-py funcserver-lambda funcserver-lambda-pydantic-core
    uv pipx poetry pipenv hatch hatchling build twine virtualenv pip-tools pytest coverage tox nox pre-commit
    mypy mypy-extensions pyright ruff black isort flake8 pylint bandit autopep8 yapf pyflakes pycodestyle djlint
    ipython ipdb debugpy jupyter notebook watchfiles watchdog hypothesis locust django-stubs django-stubs-ext
    gunicorn uwsgi uvicorn hypercorn granian waitress fastapi-cli fastapi-cloud-cli""".split()
)
TOOL_PREFIXES = ("pytest-", "types-", "flake8-", "mypy-", "sphinx")

# Files of packages that nothing reads at run time.
LEFT_OUT_ENDINGS = (
    ".pyc",
    ".pyo",
    ".pyi",
    ".pyx",
    ".pxd",
    ".so",
    ".pyd",
    ".dll",
    ".dylib",
    ".a",
    ".c",
    ".h",
    ".cpp",
    ".hpp",
    ".po",
    ".rs",
    ".exe",
)
LEFT_OUT_FOLDERS = {"__pycache__", "tests", "testing_data"}
KEPT_METADATA = {"METADATA", "entry_points.txt", "top_level.txt", "RECORD", "PKG-INFO"}

COMPONENT_EXTENSION = ".cpython-314-wasm32-wasi.so"
MACHINE_EXTENSIONS = (".so", ".pyd", ".dll", ".dylib")


class PackageFile(NamedTuple):
    path: str
    """Relative to the folder of packages."""
    real: Path


class Distribution:
    """An installed distribution, or what lies loose in the folder of packages."""

    def __init__(
        self, name: str, version: str, fingerprint: str, files: Iterable[PackageFile], requires: set[str]
    ) -> None:
        self.name = name
        self.version = version
        self.fingerprint = fingerprint
        self.all_files = list(files)
        self.requires = requires

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

    @cached_property
    def files(self) -> list[PackageFile]:
        return [file for file in self.all_files if useful(file.path)]

    @cached_property
    def machine_extensions(self) -> dict[str, str]:
        """The modules that exist as machine code: each with its file."""
        found = {}
        for file in self.all_files:
            if file.path.endswith(MACHINE_EXTENSIONS) and not file.path.endswith(COMPONENT_EXTENSION):
                found[extension_module(file.path)] = file.path
        return found

    @cached_property
    def component_extensions(self) -> dict[str, PackageFile]:
        return {extension_module(f.path): f for f in self.all_files if f.path.endswith(COMPONENT_EXTENSION)}

    @cached_property
    def tops(self) -> set[str]:
        """The names that the distribution's modules begin with."""
        return {
            PurePosixPath(file.path).parts[0].split(".")[0] for file in self.all_files if ".dist-info/" not in file.path
        }


def extension_module(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder.replace('/', '.')}.{name.split('.')[0]}".lstrip(".")


def useful(path: str) -> bool:
    parts = path.split("/")
    if parts[0].endswith((".dist-info", ".egg-info")):
        return len(parts) == 2 and parts[1] in KEPT_METADATA
    return not path.endswith(LEFT_OUT_ENDINGS) and not LEFT_OUT_FOLDERS & set(parts[:-1])


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class Environment:
    def __init__(self) -> None:
        self.folders = site_packages.folders()
        self.installed: dict[str, Distribution] = {}
        for found in metadata.distributions(path=[str(folder) for folder in self.folders]):
            made = distribution(found)
            if made is not None:
                self.installed.setdefault(normal(made.name), made)

    def version(self, name: str) -> str | None:
        found = self.installed.get(normal(name))
        return found.version if found else None

    def owner(self, module: str) -> Distribution | None:
        top = module.partition(".")[0]
        owners = [found for found in self.installed.values() if top in found.tops]
        return owners[0] if owners else None

    def for_app(self, imported: Iterable[str]) -> list[Distribution]:
        """The distributions that an app may use: what it imports, and all but tools and what only they need."""
        required = {name for found in self.installed.values() for name in found.requires if name != normal(found.name)}
        wanted = [name for name in self.installed if name not in required and not is_tool(name)]
        tops = {name.partition(".")[0] for name in imported}
        wanted += [name for name, found in self.installed.items() if found.tops & tops]
        kept: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name in self.installed and name not in kept and name not in OWN:
                kept.add(name)
                wanted += self.installed[name].requires
        return [self.installed[name] for name in sorted(kept)] + self.loose()

    def loose(self) -> list[Distribution]:
        """Modules in the folders of packages that no distribution lists."""
        listed = {file.path.partition("/")[0] for found in self.installed.values() for file in found.all_files}
        loose = []
        for folder in self.folders:
            files = [
                PackageFile(path.relative_to(folder).as_posix(), path)
                for entry in sorted(folder.iterdir())
                if entry.name not in listed
                and not entry.name.endswith((".pth", ".dist-info", ".egg-info", ".egg-link"))
                for path in (sorted(entry.rglob("*")) if entry.is_dir() else [entry])
                if path.is_file() and "__pycache__" not in path.parts and entry.name not in SITE_FILES
            ]
            if any(file.path.endswith(".py") for file in files):
                loose.append(Distribution(f"files in {folder.name}", "", fingerprint_of(files), files, set()))
        return loose


OWN = {"funcserver-lambda", "funcserver-lambda-pydantic-core"}
SITE_FILES = {"_distutils_hack", "distutils-precedence.pth", "__editable__", "README.txt"}


def is_tool(name: str) -> bool:
    return name in TOOLS or name.startswith(TOOL_PREFIXES)


def distribution(found: metadata.Distribution) -> Distribution | None:
    name = found.metadata["Name"]
    if not name:
        return None
    files = [
        PackageFile(str(file), Path(str(found.locate_file(file))))
        for file in found.files or ()
        if ".." not in file.parts and not file.is_absolute()
    ]
    record = found.read_text("RECORD") or fingerprint_of(files)
    fingerprint = hashlib.sha256(f"{name} {found.version}\n{record}".encode()).hexdigest()
    requires = {required for text in found.requires or () if (required := needed(text))}
    return Distribution(name, found.version or "", fingerprint, files, requires)


def needed(requirement: str) -> str | None:
    """The name in a requirement. None for a tool that an extra brings, such as the server of `fastapi[standard]`."""
    match = re.match(r"[\w.-]+", requirement)
    if match is None:
        return None
    name = normal(match[0])
    return None if is_tool(name) and re.search(r";.*\bextra\b", requirement) else name


def fingerprint_of(files: Iterable[PackageFile]) -> str:
    hashed = hashlib.sha256()
    for file in files:
        status = file.real.stat()
        hashed.update(f"{file.path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return hashed.hexdigest()


def folder_distribution(folder: Path) -> Distribution:
    """A folder of modules that is no installed distribution, such as one that an editable installation names."""
    files = [
        PackageFile(path.relative_to(folder).as_posix(), path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
    ]
    return Distribution(folder.name, "", fingerprint_of(files), files, set())
