"""What happened while the app was imported in the component, in words for the user."""

import difflib
import sys
from collections.abc import Iterable
from typing import Any

from funcserver.build.environment import Distribution, Environment
from funcserver.build.errors import BuildError
from funcserver.build.imports import STANDARD
from funcserver.build.project import MOUNT, App

START = 'component.import = "start" in funcserver.toml'
# Modules whose distribution has another name, among those that apps use most.
DISTRIBUTIONS = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "decouple": "python-decouple",
    "django_filters": "django-filter",
    "dotenv": "python-dotenv",
    "environ": "django-environ",
    "flask_cors": "flask-cors",
    "flask_sqlalchemy": "flask-sqlalchemy",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "multipart": "python-multipart",
    "PIL": "Pillow",
    "psycopg2": "psycopg2-binary",
    "pydantic_settings": "pydantic-settings",
    "rest_framework": "djangorestframework",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}
# Modules that Python has had until 3.14, and the distributions that have them now.
REMOVED = {"audioop": "audioop-lts", "cgi": "legacy-cgi", "distutils": "setuptools"}
COMPONENT_PYTHON = (3, 14)
# Packages of machine code, and what to do without them.
INSTEAD = {
    "asyncpg": "a component opens no sockets, so PostgreSQL cannot be reached from one",
    "MySQLdb": "a component opens no sockets, so MySQL cannot be reached from one",
    "orjson": "use json of the standard library instead",
    "psycopg": "a component opens no sockets, so PostgreSQL cannot be reached from one",
    "psycopg2": "a component opens no sockets, so PostgreSQL cannot be reached from one",
    "ujson": "use json of the standard library instead",
}


def place(file: str, line: int) -> str:
    return f"{file.removeprefix(MOUNT + '/')}:{line}"


class Explainer:
    def __init__(self, app: App, environment: Environment, packages: list[Distribution], granted: list[str]) -> None:
        self.app = app
        self.environment = environment
        self.packages = packages
        self.granted = granted

    def failure(self, event: dict[str, Any], reads: list[dict[str, Any]]) -> BuildError:
        """The error for an app that could not be imported."""
        details = frames(event)
        if event.get("found") is not None:
            return self.wrong_name(event, details)
        native = self.native_extension(event)
        if native is not None:
            return BuildError(native, details)
        if event["explanation"]:
            return BuildError(f"{self.app.text} cannot be imported: {event['explanation']}", details)
        if event["type"] == "ModuleNotFoundError" and event["name"]:
            return BuildError(self.missing(event["name"], event), details)
        return BuildError(f"{self.app.text} cannot be imported: {self.reason(event, reads)}", details)

    def wrong_name(self, event: dict[str, Any], details: str) -> BuildError:
        if not event["attribute"]:
            return BuildError(f"{self.app.text} cannot be called: {event['type']}: {event['message']}", details)
        return self.no_such_name(event["names"], event["found"])

    def no_such_name(self, names: Iterable[str], found: list[str]) -> BuildError:
        close = list(dict.fromkeys([*found, *difflib.get_close_matches(self.app.attribute, list(names), n=3)]))
        hint = "name the WSGI or ASGI app that the module has"
        if close:
            hint = f"did you mean {' or '.join(f'{self.app.module}:{name}' for name in close)}?"
        return BuildError(f"{self.app.module} has no {self.app.attribute!r} (component.app is {self.app.text}): {hint}")

    def unfit(self, event: dict[str, Any]) -> BuildError:
        found = [name for name in event["found"] if name != self.app.attribute]
        hint = f"; did you mean {' or '.join(f'{self.app.module}:{name}' for name in found)}?" if found else ""
        return BuildError(f"{self.app.text} (component.app) is not an app: {event['problem']}{hint}")

    def too_large(self) -> BuildError:
        """The limit is that of the Wasmtime in componentize-py: 128 MiB, by which it reads the memory at once."""
        sizes = {str(found): sum(file.real.stat().st_size for file in found.files) for found in self.packages}
        largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
        named = ", ".join(f"{name} ({sizes[name] / 1_000_000:.0f} MB)" for name in largest)
        return BuildError(
            f"{self.app.text} and its packages take more than 128 MiB of memory, and"
            " componentize-py cannot store more. All packages of the environment count: use one that has only those of"
            f" the app. The largest are {named}"
        )

    def native_extension(self, event: dict[str, Any]) -> str | None:
        """An import that failed because a package's compiled part is for this machine."""
        if not event["type"].endswith("ImportError") and event["type"] != "ModuleNotFoundError":
            return None
        for found in self.packages:
            if event["name"] in found.machine_extensions:
                return self.refused_native(found)
        last = event["last"]
        if last and last[0].startswith("/packages/") and event["type"] == "ImportError":
            owner = self.environment.owner(last[0].split("/")[2].removesuffix(".py"))
            if owner and owner.machine_extensions:
                return self.refused_native(owner)
        return None

    def refused_native(self, found: Distribution) -> str:
        other = "use a package in pure Python instead, or call it as a service"
        advice = next((INSTEAD[top] for top in sorted(found.tops) if top in INSTEAD), other)
        return (
            f"{found} has parts in C or Rust that exist for this machine only, not for WebAssembly, "
            f"and cannot be imported without them: {advice}"
        )

    def missing(self, module: str, event: dict[str, Any]) -> str:
        where = f" ({place(event['own'][-1][0], event['own'][-1][1])})" if event["own"] else ""
        top = module.partition(".")[0]
        owner = self.environment.owner(top)
        if owner is not None:
            return (
                f"{self.app.text} cannot be imported{where}: "
                f"{owner} has no module {module!r} that a component can import"
            )
        if top in REMOVED or (top in STANDARD and not event.get("standard", True)):
            advice = f": pip install {REMOVED[top]}" if top in REMOVED else ""
            return (
                f"{self.app.text} cannot be imported{where}: Python 3.14, which a component has, has no module {top!r} "
                f"any more, and {self.importer(event)} imports it{advice}"
            )
        if top in STANDARD or event.get("standard"):
            return (
                f"{self.app.text} cannot be imported{where}: Python's module {module!r} does not exist in a component, "
                f"and {self.importer(event)} imports it"
            )
        advice = f"pip install {DISTRIBUTIONS.get(top, top)}"
        if self.importer(event) != "the app" and sys.version_info[:2] != COMPONENT_PYTHON:
            here = f"{sys.version_info[0]}.{sys.version_info[1]}"
            advice += f". {self.importer(event)} may want it for Python 3.14, which a component has, and not for {here}"
        return (
            f"{self.app.text} cannot be imported{where}: there is no module {module!r} in the project, "
            f"and no package with it is installed: {advice}"
        )

    def importer(self, event: dict[str, Any]) -> str:
        """Who imports what is missing."""
        file = event["last"][0] if event.get("last") else MOUNT
        if file.startswith("/packages/"):
            return str(self.environment.owner(file.split("/")[2].removesuffix(".py")) or file)
        return "the app" if file.startswith(MOUNT) else file

    def reason(self, event: dict[str, Any], reads: list[dict[str, Any]]) -> str:
        text = f"{event['type']}: {event['message']}" if event["message"] else event["type"]
        own = [read for read in reads if self.is_worth_a_warning(read)]
        variables = {read["name"] for read in own if read["kind"] == "variable"}
        if event["key"] in variables:
            return (
                f"it needs the variable {event['key']}, which does not exist while the component is built: "
                f'grant it in funcserver.toml (guest.inherit-env = ["{event["key"]}"]) and set {START}, '
                "so that the app is imported when an instance starts"
            )
        # Errors may come from values that are missing, unless they are of what a component cannot do.
        if "in a component" not in event["message"] and own_reads_of_variables(own):
            return (
                f"{text}; it reads variables, and there are none while the component is built: "
                f"grant those that it needs with guest.env or guest.inherit-env, and set {START}"
            )
        return text

    def reads(self, events: list[dict[str, Any]]) -> tuple[BuildError | None, list[str]]:
        """The error for granted variables that are frozen, and warnings for what else is."""
        refused = [event for event in events if self.is_granted(event)]
        warnings = [self.warning(event) for event in events if event not in refused and self.is_worth_a_warning(event)]
        return (self.refusal(refused) if refused else None), list(dict.fromkeys(warnings))

    def is_granted(self, event: dict[str, Any]) -> bool:
        return (event["kind"] == "variable" and event["name"] in self.granted) or (
            event["kind"] == "environment" and bool(self.granted)
        )

    def is_worth_a_warning(self, event: dict[str, Any]) -> bool:
        return not event["library"] and event["named"]

    def refusal(self, events: list[dict[str, Any]]) -> BuildError:
        lines = [f"{place(event['file'], event['line'])} reads {self.what(event)}" + by(event) for event in events]
        first = events[0]
        where = place(first["file"], first["line"])
        return BuildError(
            f"{where} reads {self.what(first)}{by(first)} while the app is imported, which happens when the component "
            f"is built, before the value is known: set {START}, so that the app is imported when an instance starts; "
            "or read the variable in the handler, or in a function with `@funcserver.on_start`",
            details="\n".join(lines) if len(lines) > 1 else "",
        )

    def what(self, event: dict[str, Any]) -> str:
        if event["kind"] == "environment":
            return f"all variables, and so {', '.join(self.granted)}"
        return f"the variable {event['name']}"

    def warning(self, event: dict[str, Any]) -> str:
        where = place(event["file"], event["line"])
        if event["kind"] == "variable":
            return (
                f"{where} reads the variable {event['name']} while the app is imported; funcserver.toml does not "
                f"grant it, so it is not set. If the app needs it, add it to guest.inherit-env and set {START}"
            )
        if event["kind"] == "environment":
            return (
                f"{where} reads all variables while the app is imported, when there are none: "
                f"grant those that it needs with guest.env or guest.inherit-env, and set {START}"
            )
        kind, same = ("the clock", "time") if event["kind"] == "clock" else ("a random number", "number")
        return (
            f"{where} reads {kind} ({event['name']}) while the app is imported, so every instance has the same {same}: "
            f"if that is wrong, set {START}"
        )


def own_reads_of_variables(reads: list[dict[str, Any]]) -> bool:
    return any(read["kind"] in ("variable", "environment") for read in reads)


def by(event: dict[str, Any]) -> str:
    return f" (in the import of {event['library']})" if event["library"] else ""


def frames(event: dict[str, Any]) -> str:
    """The app's own lines of the traceback."""
    lines = []
    for file, line, function, text in event["own"]:
        lines.append(f"{place(file, line)} in {function}" if function != "<module>" else place(file, line))
        if text:
            lines.append(f"    {text}")
    if lines:
        lines.append(f"{event['type']}: {event['message']}")
    return "\n".join(lines)
