"""What the component is to import and when, found without running the app."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from funcserver.build import cache, imports
from funcserver.build.companions import ALWAYS, COMPANIONS
from funcserver.build.imports import STANDARD, Import, Imports
from funcserver.build.project import OwnFile, Project


class Missing(NamedTuple):
    """An import without which the app cannot be imported."""

    module: str
    file: str
    line: int


class KnownImports:
    """What each file imports, kept from one run to the next: a project may have hundreds of files."""

    def __init__(self, project: Path) -> None:
        name = hashlib.sha256(str(project).encode()).hexdigest()[:16]
        self.file = cache.folder() / f"imports-{imports.FORMAT}" / f"{name}.json"
        self.changed = False
        try:
            self.files = json.loads(self.file.read_bytes())
        except (OSError, ValueError):
            self.files = {}

    def of(self, file: OwnFile, module: str) -> Imports:
        version = [file.modified_ns, file.size, module]
        known = self.files.get(file.path)
        if known is None or known["version"] != version:
            found = imports.of(Path(file.real).read_bytes(), module, file.path.endswith("__init__.py"))
            # A file that is being edited goes on importing what it did: a typo is no reason to make a new component.
            if known is None or known["guessed"] or not found.guessed:
                self.files[file.path] = known = {"version": version, **found._asdict()}
                self.changed = True
        return Imports([Import(*each) for each in known["found"]], known["strings"], known["guessed"])

    def save(self) -> None:
        if self.changed:
            cache.write(self.file, json.dumps(self.files).encode())


class Sources:
    """The app's own modules, and what they import."""

    def __init__(self, project: Project, roots: list[str], known: KnownImports) -> None:
        self.project = project
        self.files = project.modules(roots)
        self.tops = {name.partition(".")[0] for name in self.files}
        self.imports: dict[str, Imports] = {}
        files = {file.path: file for file in project.files}
        for name, path in self.files.items():
            if not imports.is_test(path):
                self.imports[name] = known.of(files[path], name)

    def foreign(self) -> list[Import]:
        """Imports of what is not the app's own."""
        return [found for each in self.imports.values() for found in each.found if not self.is_own(found.name)]

    def is_own(self, name: str) -> bool:
        return name.partition(".")[0] in self.tops

    def libraries(self, known: set[str]) -> list[str]:
        """Modules to import before the app is, sorted so that the result does not depend on the order of files."""
        names = set()
        for found in self.foreign():
            if found.module or found.name in known:
                names.add(found.name)
        for text in self.texts():
            names.update(prefix for prefix in (text, text.rpartition(".")[0]) if prefix in known)
        return sorted(names - {"__future__", "funcserver", "this", "antigravity"})

    def texts(self) -> list[str]:
        """Texts that may name modules which are not the app's own."""
        return [text for each in self.imports.values() for text in each.strings if not self.is_own(text)]

    def reached(self, module: str) -> set[str]:
        """The app's own modules that are imported whenever this one is."""
        reached: set[str] = set()
        waiting = [module]
        while waiting:
            name = waiting.pop()
            if name in reached or not name:
                continue
            waiting.append(name.rpartition(".")[0])
            if name in self.imports:
                reached.add(name)
                waiting += [found.name for found in self.imports[name].found if found.certain]
        return reached

    def required(self, module: str) -> list[tuple[str, Missing]]:
        """Names of modules that are not the app's own, each with the place that imports it without a way around."""
        required = []
        for name in sorted(self.reached(module)):
            for found in self.imports[name].found:
                if found.certain and found.module and not self.is_own(found.name):
                    required.append((found.name, Missing(found.name, self.files[name], found.line)))
        return required

    def missing(self, module: str, known: set[str]) -> list[Missing]:
        """Certain imports of packages that are not installed."""
        tops = {name.partition(".")[0] for name in known} | STANDARD | {"funcserver"}
        return [place for name, place in self.required(module) if name.partition(".")[0] not in tops]

    def missing_own(self, module: str) -> list[Missing]:
        """Certain imports of modules of the app's own that do not exist."""
        missing = []
        for name in sorted(self.reached(module)):
            for found in self.imports[name].found:
                if found.certain and found.module and self.is_own(found.name) and not self.exists(found.name):
                    missing.append(Missing(found.name, self.files[name], found.line))
        return missing

    def exists(self, name: str) -> bool:
        return name in self.files or any(own.startswith(name + ".") for own in self.files)


def names_in(project: Project, path: str) -> list[str] | None:
    return imports.assigned((project.folder / path).read_bytes())


def companions(known: Iterable[str]) -> dict[str, list[str]]:
    """Those of packages that are there. Under an empty name, what every component imports."""
    tops = {name.partition(".")[0] for name in known} | STANDARD
    return {"": ALWAYS} | {name: late for name, late in COMPANIONS.items() if name in tops}
