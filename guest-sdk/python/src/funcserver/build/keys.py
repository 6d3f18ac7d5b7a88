"""The key of a component of `--dev`: a hash of all that it depends on.

It is asked for at each change of a file, so nothing here imports what takes long to import.
"""

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from funcserver.build import plan, site_packages
from funcserver.build.project import App, Project

SDK = Path(__file__).parent.parent
# A file of each installed distribution that changes with every installation.
RECORDS = ("RECORD", "PKG-INFO")


def key(app: App, folder: Path, granted: Iterable[str] = ()) -> str:
    hashed = hashlib.sha256()

    def add(*parts: object) -> None:
        hashed.update(repr(parts).encode())

    add(sys.executable, app.text, sorted(granted))
    for file in sorted(SDK.rglob("*.py")):
        add(str(file.relative_to(SDK)), file.read_bytes())
    packages = set()
    for path in site_packages.folders():
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
            packages.add(entry.name.split(".")[0])
            add(entry.name, modified(entry))
    project = Project(folder)
    editable = site_packages.editable_folders()
    for path in editable:
        add(str(path), modified_below(path) if not path.is_relative_to(folder) else None)
    roots = project.roots(editable)
    add(roots)
    known = plan.KnownImports(folder)
    sources = plan.Sources(project, roots, known)
    known.save()
    # Which modules of a package the app uses does not matter: the component has all of them, and the standard library.
    names = [found.name for found in sources.foreign()] + sources.texts()
    add(sorted({name.partition(".")[0] for name in names} & packages))
    return hashed.hexdigest()


def modified(entry: os.DirEntry[str]) -> tuple[int, ...]:
    if entry.name.endswith((".dist-info", ".egg-info")) and entry.is_dir():
        for name in RECORDS:
            try:
                status = os.stat(os.path.join(entry.path, name))
            except OSError:
                continue
            return (status.st_mtime_ns, status.st_size)
    if entry.is_dir():
        return ()
    status = entry.stat()
    return (status.st_mtime_ns, status.st_size)


def modified_below(folder: Path) -> list[tuple[str, int]]:
    return [
        (str(path), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*.py"))
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
