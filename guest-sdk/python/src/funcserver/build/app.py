"""Makes the component of an app."""

import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from funcserver import pack
from funcserver.build import cache, environment, output, packages, plan, pydantic, site_packages
from funcserver.build.componentize import Componentizer, end_of, run_pip
from funcserver.build.environment import Distribution, Environment, PackageFile
from funcserver.build.errors import BuildError
from funcserver.build.explain import Explainer
from funcserver.build.project import MOUNT, App, Project

ENTRY = "funcserver.guest.entry"
# componentize-py mounts the folders of its option `--python-path` below these names, in order.
EXTENSIONS_MOUNT = "/1"
# What Wasmtime says in componentize-py if the memory of the component is larger than it can read at once.
TOO_MUCH_MEMORY = "fuel allocated for hostcalls has been exhausted"


class Options(NamedTuple):
    app: App
    output: Path
    import_at: str
    """`build` or `start`."""
    granted: list[str]
    dev: bool


class Build:
    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.app = options.app
        self.begin = time.perf_counter()
        self.project = Project(folder)
        self.environment = environment.Environment()
        editable = site_packages.editable_folders()
        self.roots = self.project.roots(editable)
        known = plan.KnownImports(folder)
        self.sources = plan.Sources(self.project, self.roots, known)
        known.save()
        self.distributions = self.environment.for_app(found.name for found in self.sources.foreign())
        outside = [path for path in editable if not path.is_relative_to(folder)]
        self.distributions += [environment.folder_distribution(path) for path in outside]
        self.distributions += time_zones(self.environment)
        self.explainer = Explainer(self.app, self.environment, self.distributions, options.granted)
        self.events: list[dict[str, Any]] = []

    def run(self) -> None:
        if not self.options.dev:
            self.project.check()
        known = packages.module_names(self.distributions)
        self.check_app(known)
        core = pydantic.component_files(self.environment) if "pydantic_core" in known else []
        componentizer = Componentizer()
        packs = packages.packs(self.distributions, componentizer)
        what = f"importing {self.app.text}" if self.options.import_at == "build" else "importing the app's packages"
        output.step(f"{what} into the component")
        deferred: set[str] = set()
        finished = False
        while not finished:
            with tempfile.TemporaryDirectory(prefix="funcserver-build-") as name:
                staging = Path(name)
                extensions = self.stage(staging, packs, core, known, deferred)
                finished = self.componentize(componentizer, staging, extensions, deferred)

    def check_app(self, known: set[str]) -> None:
        """What can be told without running the app."""
        path = self.project.module_file(self.app.module, self.roots)
        if path is None:
            if self.app.module in known:
                return
            raise self.project.missing_module(self.app, self.roots)
        if self.options.import_at != "start":
            return
        names = plan.names_in(self.project, path)
        if names is not None and self.app.attribute.partition(".")[0] not in names:
            raise self.explainer.no_such_name(names, [])
        for found in self.sources.missing(self.app.module, known) or self.sources.missing_own(self.app.module):
            event = {"own": [(f"{MOUNT}/{found.file}", found.line, "", "")]}
            raise BuildError(self.explainer.missing(found.module, event))

    def stage(
        self, staging: Path, packs: list[tuple[str, Path]], core: list[PackageFile], known: set[str], deferred: set[str]
    ) -> Path | None:
        """Puts everything that the component is made of into one folder."""
        python = staging / "python"
        packages.copy_sdk(python)
        staged = []
        for number, (root, file) in enumerate(packs):
            # A copy, because the app can write to it while it is imported.
            shutil.copyfile(file, python / f"{number}.pack")
            staged.append({"file": f"{number}.pack", "root": root})
        if not self.options.dev:
            with (python / "app.pack").open("wb") as opened:
                pack.write(opened, [own_entry(file) for file in self.project.files])
            staged.append({"file": "app.pack", "root": MOUNT})
        extensions = stage_extensions(staging, self.distributions, core)
        (python / "plan.json").write_text(
            json.dumps(
                {
                    "app": self.app.text,
                    "import": self.options.import_at,
                    "packs": staged,
                    "roots": [f"{MOUNT}/{root}".rstrip("/") for root in self.roots],
                    "extensions": extensions,
                    "imports": self.sources.libraries(known) if self.options.import_at == "start" else [],
                    "companions": plan.companions(known),
                    "granted": self.options.granted,
                    "deferred": sorted(deferred),
                }
            )
        )
        return staging / "extensions" if extensions else None

    def componentize(
        self, componentizer: Componentizer, staging: Path, extensions: Path | None, deferred: set[str]
    ) -> bool:
        """Makes the component. False if that is to be repeated with other packages deferred to an instance's start."""
        self.events.clear()
        target = self.options.output.absolute()
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            printed = componentizer.run(staging, ENTRY, part, extensions, self.report)
            if self.options.import_at == "start" and self.defer(deferred):
                return False
            self.judge(printed)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
        seconds = time.perf_counter() - self.begin
        # The file of a development component is one of the tool's own.
        what = "made" if self.options.dev else self.options.output
        output.step(f"{what} ({output.megabytes(target.stat().st_size)}, {seconds:.1f} s)")
        return True

    def defer(self, deferred: set[str]) -> bool:
        """Adds the packages that read a granted variable while they are imported."""
        late = [event for event in self.events if event["event"] == "read" and self.explainer.is_granted(event)]
        for event in late:
            top = event["library"].partition(".")[0]
            if top and top not in deferred:
                deferred.add(top)
                what = self.explainer.what(event)
                output.detail(f"{top} reads {what} while it is imported: it is imported when an instance starts")
        return bool(late)

    def report(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event["event"] == "printed" and event["text"].strip():
            output.detail(event["text"])
        elif event["event"] in ("imported", "libraries"):
            output.detail(f"imported in {event['seconds']:.1f} s; componentize-py makes the component")

    def judge(self, printed: str | None) -> None:
        """Raises if the component is not to be used."""
        by_kind: dict[str, list[dict[str, Any]]] = {}
        for event in self.events:
            by_kind.setdefault(event["event"], []).append(event)
        reads = by_kind.get("read", [])
        refusal, warnings = self.explainer.reads(reads)
        if refusal and self.options.import_at == "build":
            raise refusal
        if "failed" in by_kind:
            raise self.explainer.failure(by_kind["failed"][0], reads)
        if "unfit" in by_kind:
            raise self.explainer.unfit(by_kind["unfit"][0])
        for warning in warnings if self.options.import_at == "build" else ():
            output.warn(warning)
        self.check_libraries(by_kind.get("missing", []))
        self.check_syntax(by_kind.get("broken", []))
        if printed is not None and TOO_MUCH_MEMORY in printed:
            raise self.explainer.too_large()
        if printed is not None:
            raise BuildError("componentize-py made no component: see its message above", details=end_of(printed))

    def check_syntax(self, broken: list[dict[str, Any]]) -> None:
        """Under `start`: a file of the app that is not Python, and without which the app cannot be imported."""
        needed = {f"{MOUNT}/{self.sources.files[name]}" for name in self.sources.reached(self.app.module)}
        for event in broken:
            if event["path"] in needed:
                raise self.explainer.failure(event, [])

    def check_libraries(self, missing: list[dict[str, Any]]) -> None:
        """Under `start`: a package that fails to be imported, and without which the app cannot be."""
        failed = {event["module"]: event for event in missing}
        for name, place in self.sources.required(self.app.module):
            event = failed.get(name)
            if event is not None and event["type"] in ("ImportError", "ModuleNotFoundError"):
                event["own"] = [(f"{MOUNT}/{place.file}", place.line, "<module>", f"import {name}")]
                raise self.explainer.failure(event, [])


def time_zones(installed: Environment) -> list[Distribution]:
    """The package that `zoneinfo` needs where there are no files of the system. Natively the system has them."""
    if installed.version("tzdata") is not None:
        return []
    try:
        folder = cache.made_once(cache.folder() / "tzdata", install_tzdata)
    except BuildError as error:
        output.detail(error.details)
        output.warn("the component has no time zones, which zoneinfo needs: pip install tzdata")
        return []
    return [environment.folder_distribution(folder)]


def install_tzdata(target: Path) -> None:
    output.step("downloading tzdata, the time zones (once)")
    run_pip(["install", "--target", str(target), "tzdata"], "tzdata")


def own_entry(file: Any) -> pack.Entry:
    content = Path(file.real).read_bytes()
    return pack.Entry(file.path, pack.FILE, len(content), file.modified_ns // 1_000_000_000, content)


def stage_extensions(staging: Path, distributions: list[Distribution], core: list[PackageFile]) -> dict[str, str]:
    """Copies the extensions that are built for components. Returns where the build sees each."""
    files = list(core)
    for found in distributions:
        files += found.component_extensions.values()
    extensions = {}
    for file in files:
        target = staging / "extensions" / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.real, target)
        extensions[environment.extension_module(file.path)] = f"{EXTENSIONS_MOUNT}/{file.path}"
    return extensions
