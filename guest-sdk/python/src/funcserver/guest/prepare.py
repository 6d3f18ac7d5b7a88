"""Imports the app, or what it needs, while the component is made; and tells the builder what happened."""

import gc
import importlib
import json
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

from funcserver.guest import absent, kind
from funcserver.guest.importer import Modules
from funcserver.guest.reads import Watch

APP = "/app"
PACKAGES = "/packages"
STANDARD_LIBRARY = "/python"
# They read the clock or randomness for what does not last: the time of a log record, the name of a temporary file.
PASSING = (
    "/logging/__init__.py",
    "/tempfile.py",
    "/warnings.py",
    "/threading.py",
    "/asyncio/base_events.py",
    "/gzip.py",
)


class Failed(Exception):
    """The component cannot be made; the report says why."""


class Deferred(BaseException):
    """An import that an instance does. No `except` of a library takes it for a package that is not installed."""


class Defer:
    """Finds no module of the packages that read the environment while they are imported."""

    def __init__(self, packages: list[str]) -> None:
        self.packages = set(packages)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in self.packages:
            raise Deferred(name)


class Target:
    """What `component.app` names: `module:attribute`, or `module:factory()`."""

    def __init__(self, name: str) -> None:
        self.module, _, attribute = name.partition(":")
        self.factory = attribute.endswith("()")
        self.attribute = attribute.removesuffix("()")

    def find(self, module: ModuleType) -> Any:
        found: Any = module
        for part in self.attribute.split("."):
            found = getattr(found, part)
        if self.factory and is_app(found):
            raise TypeError(
                f"{self.attribute} is an app, not a function that returns one: write it without parentheses"
            )
        return found() if self.factory else found


class Preparation:
    def __init__(self, plan: dict[str, Any], modules: Modules, report: str, opened: Callable[..., Any]) -> None:
        self.plan = plan
        self.target = Target(plan["app"])
        self.modules = modules
        self.report = report
        self.opened = opened

    def run(self, handler: Any) -> None:
        gc.disable()
        capture = Capture(self.tell)
        capture.begin()
        try:
            if self.plan["import"] == "start":
                self._prepare_start(handler)
            else:
                self._import_now(handler)
        finally:
            capture.end()
        forget_the_build()
        gc.enable()
        gc.collect()
        gc.freeze()

    def tell(self, event: str, **facts: Any) -> None:
        """Adds a line to the report, which the builder reads while the component is made."""
        with self.opened(self.report, "a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, **facts}) + "\n")

    def _prepare_start(self, handler: Any) -> None:
        """Imports the libraries. The app's own modules run in each instance."""
        begin = time.perf_counter()
        defer = Defer(self.plan["deferred"])
        sys.meta_path.insert(0, defer)
        with Watch(APP, PACKAGES, STANDARD_LIBRARY, calls=False) as watch:
            self._import_libraries()
        sys.meta_path.remove(defer)
        self._tell_reads(watch)
        if watch.frozen(self.plan["granted"]):
            raise Failed
        self.tell("libraries", seconds=time.perf_counter() - begin, modules=len(sys.modules))
        self._compile_own()
        for kind_of_app in ("wsgi", "asgi"):
            handler.rehearse(kind_of_app)
        handler.set_app(Load(self.target))

    def _import_libraries(self) -> None:
        for name in self.plan["imports"]:
            self._import_library(name)
        self._import_companions()

    def _import_companions(self) -> None:
        """What libraries import late, for those that are imported. The app has not asked for it, so that it hears no
        warning of it either."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, late in self.plan["companions"].items():
                if not name or name in sys.modules:
                    for companion in late:
                        self._import_library(companion)

    def _import_library(self, name: str) -> None:
        """A failure is not told to the user unless the app's own import fails too: many imports are optional."""
        try:
            importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 (a library may even exit)
            self.tell("missing", module=name, **described(error))

    def _import_now(self, handler: Any) -> None:
        begin = time.perf_counter()
        app, failure = None, None
        with Watch(APP, PACKAGES, STANDARD_LIBRARY, PASSING) as watch:
            try:
                module = importlib.import_module(self.target.module)
            except BaseException as error:  # noqa: BLE001 (an app may call sys.exit)
                failure = described(error)
            else:
                try:
                    app = self.target.find(module)
                except AttributeError as error:
                    failure = described(error) | {"found": apps_of(module), "names": names_of(module)}
                    failure["attribute"] = not hasattr(module, self.target.attribute.partition(".")[0])
                except BaseException as error:  # noqa: BLE001
                    failure = described(error)
        self._tell_reads(watch)
        if failure is not None:
            self.tell("failed", **failure)
            raise Failed
        try:
            handler.prepare(app)
        except kind.NotAnApp as error:
            self.tell("unfit", problem=str(error), found=apps_of(module))
            raise Failed from None
        self.tell("imported", seconds=time.perf_counter() - begin, modules=len(sys.modules))
        self._import_companions()
        handler.set_app(lambda: app)
        self._compile_own()

    def _compile_own(self) -> None:
        """Compiles the app's modules that are not imported yet."""
        imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        for path in self.modules.files.sources:
            if path.startswith(APP + "/") and path not in imported:
                try:
                    self.modules.prepare(path)
                except (SyntaxError, ValueError) as error:
                    self.tell("broken", path=path, **described(error))

    def _tell_reads(self, watch: Watch) -> None:
        for read in watch.reads.values():
            self.tell("read", **read._asdict())


class Load:
    """Imports the app in an instance, with the environment, clock and randomness as they are then."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def __call__(self) -> Any:
        # Nothing that an import makes is garbage for long enough to be worth a search.
        gc.disable()
        try:
            return self.target.find(importlib.import_module(self.target.module))
        finally:
            gc.enable()
            gc.freeze()


class Capture:
    """Shows what is printed while the component is made: componentize-py shows it only if that fails, and not all."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self.tell = tell

    def begin(self) -> None:
        # On these objects, because handlers of logging keep them, and the app may put others in their place.
        self.streams = (sys.stdout, sys.stderr)
        for stream in self.streams:
            stream.write = self._write  # type: ignore[method-assign]

    def end(self) -> None:
        for stream in self.streams:
            del stream.write

    def _write(self, text: str) -> int:
        self.tell("printed", text=str(text))
        return len(text)


def described(error: BaseException) -> dict[str, Any]:
    """An exception for the builder's message: with the frames of the app's own files."""
    frames = [(f.filename, f.lineno, f.name, f.line) for f in traceback.extract_tb(error.__traceback__)]
    own = [frame for frame in frames if frame[0].startswith(APP + "/")]
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(APP + "/"):
        own.append((error.filename, error.lineno, "<module>", (error.text or "").strip()))
    return {
        "type": type(error).__name__,
        "message": str(error),
        "name": getattr(error, "name", None) if isinstance(error, (ImportError, AttributeError)) else None,
        "key": error.args[0] if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str) else None,
        "own": own,
        "last": frames[-1] if frames else None,
        "explanation": absent.explain(error),
        "standard": (getattr(error, "name", None) or "").partition(".")[0] in sys.stdlib_module_names,
    }


def apps_of(module: ModuleType) -> list[str]:
    """The names in a module that are apps, as far as their types tell."""
    return [name for name, value in vars(module).items() if not name.startswith("_") and is_app(value)]


def is_app(value: Any) -> bool:
    frameworks = ("flask.", "fastapi.", "starlette.", "django.", "bottle", "falcon", "quart.", "litestar.", "pyramid.")
    return (
        callable(value)
        and not isinstance(value, type)
        and type(value).__module__.startswith(frameworks)
        and any(hasattr(value, name) for name in ("wsgi_app", "asgi", "router", "get_response", "wsgi"))
    )


def names_of(module: ModuleType) -> list[str]:
    return [name for name in vars(module) if not name.startswith("_")]


def forget_the_build() -> None:
    """Removes what tells of the build's file system."""
    sys.path_importer_cache.clear()
    linecache = sys.modules.get("linecache")
    if linecache is not None:
        linecache.clearcache()
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        # Random names of files, which would be the same in each instance; and the folder found at build.
        tempfile._name_sequence = tempfile.tempdir = None
