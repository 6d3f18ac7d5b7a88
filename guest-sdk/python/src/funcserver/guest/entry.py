"""The module that becomes a component: prepares the app by the builder's plan, while the component is made."""

import json
import os

from funcserver import pack
from funcserver.guest.files import Files, System

STAGING = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
APP = "/app"
PACKAGES = "/packages"
STANDARD_LIBRARY = "/python"
BINDINGS = ("/world", "/bundled")


def keep_files(plan: dict, files: Files) -> None:
    for packed in plan["packs"]:
        with open(os.path.join(STAGING, packed["file"]), "rb") as opened:
            files.add(packed["root"], pack.read(opened))
    for folder in BINDINGS:
        files.add(folder, bindings(folder))


def bindings(folder: str):
    """The modules that componentize-py generates: some are first imported by a request."""
    for parent, _, names in list(os.walk(folder)):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(parent, name)
                with open(path, "rb") as opened:
                    content = opened.read()
                yield pack.Entry(os.path.relpath(path, folder), pack.SOURCE, len(content), 0, content)


with open(os.path.join(STAGING, "plan.json"), encoding="utf-8") as _opened:
    PLAN = json.load(_opened)

_files = Files()
keep_files(PLAN, _files)
_system = System(_files, APP)
_system.install()

from funcserver.guest.importer import Modules  # noqa: E402

_modules = Modules(_files, PLAN["extensions"], PACKAGES)
_modules.install([*PLAN["roots"], STANDARD_LIBRARY, *BINDINGS, PACKAGES])

# Everything from here on is imported from memory, and finds the files of the app.
from funcserver.guest import install, prepare  # noqa: E402

install.install()

from funcserver.guest import handler  # noqa: E402

prepare.Preparation(PLAN, _modules, os.path.join(STAGING, "report.jsonl"), _system.real_open).run(handler)
IncomingHandler = handler.IncomingHandler
