"""The component build of pydantic-core, in the version that the environment has."""

import zipfile
from importlib import metadata
from pathlib import Path

from funcserver.build import cache, output
from funcserver.build.componentize import run_pip
from funcserver.build.environment import COMPONENT_EXTENSION, Environment, PackageFile
from funcserver.build.errors import BuildError

NATIVE = "pydantic-core"
WHEEL = "funcserver-lambda-pydantic-core"
FOLDER = "funcserver_pydantic_core"


def component_files(environment: Environment) -> list[PackageFile]:
    """The extension that takes the place of the machine's. None if the environment has no pydantic-core."""
    wanted = environment.version(NATIVE)
    if wanted is None:
        return []
    return extensions(installed(wanted) or downloaded(wanted, environment))


def installed(version: str) -> Path | None:
    try:
        found = metadata.distribution(WHEEL)
    except metadata.PackageNotFoundError:
        return None
    return Path(str(found.locate_file(FOLDER))) if found.version == version else None


def downloaded(version: str, environment: Environment) -> Path:
    def make(target: Path) -> None:
        output.step(f"downloading {WHEEL} {version}, the component build of pydantic-core (once)")
        with cache.scratch(target.parent, ".download-") as folder:
            run_pip(["download", "--no-deps", "--dest", str(folder), f"{WHEEL}=={version}"], f"{WHEEL} {version}")
            for wheel in folder.glob("*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(target)

    try:
        return cache.made_once(cache.folder() / f"pydantic-core-{version}", make) / FOLDER
    except BuildError as error:
        raise unavailable(version, environment) from error


def unavailable(version: str, environment: Environment) -> BuildError:
    pydantic = environment.version("pydantic") or "unknown"
    other = environment.version(WHEEL)
    if other is not None:
        fits = fitting_pydantic(other)
        return BuildError(
            f"pydantic {pydantic} needs pydantic-core {version}, but the component build that is installed, "
            f"{WHEEL}, is for pydantic-core {other}: install the pydantic that fits it, {fits}"
        )
    return BuildError(
        f"pydantic {pydantic} needs pydantic-core {version}, and pip finds no component build of it "
        f"({WHEEL}=={version}): name the folder that has its wheel in PIP_FIND_LINKS (in a clone of funcserver, "
        "scripts/build-pydantic-core makes it in dist/), or install the newest pydantic with the newest build: "
        f"pip install --upgrade pydantic {WHEEL}"
    )


def fitting_pydantic(core: str) -> str:
    """pydantic pins its core, and its own number is not in the core's; pip knows which one fits."""
    return f'which pip finds: pip install pydantic "pydantic-core=={core}"'


def extensions(folder: Path) -> list[PackageFile]:
    return [
        PackageFile(path.relative_to(folder).as_posix(), path)
        for path in sorted(folder.rglob(f"*{COMPONENT_EXTENSION}"))
    ]
