"""The standard library and the packages as packs of compiled modules, which are cached."""

import hashlib
import json
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from funcserver import pack
from funcserver.build import cache, environment, output
from funcserver.build.componentize import SDK, VERSION, Componentizer, end_of
from funcserver.build.environment import Distribution, PackageFile
from funcserver.build.errors import BuildError

MOUNT = "/packages"
STANDARD_LIBRARY = "/python"
LEVEL = 9
WORTH_COMPRESSING = 1_000


class Job(NamedTuple):
    """A pack that is not in the cache."""

    label: str
    target: Path
    root: str
    files: list[PackageFile] | None
    """None for the standard library, which only the component has."""


def packs(distributions: Iterable[Distribution], componentizer: Componentizer) -> list[tuple[str, Path]]:
    """The root and the file of each pack. Those that are missing are compiled in one go."""
    folder = cache.folder() / f"packs-{VERSION}-{compiler()}"
    jobs = [Job("the standard library", folder / "python.pack", STANDARD_LIBRARY, None)]
    for found in distributions:
        jobs.append(Job(str(found), folder / f"{found.fingerprint}.pack", MOUNT, found.files))
    missing = [job for job in jobs if not job.target.exists()]
    if missing:
        compile_all(missing, folder, componentizer)
    return [(job.root, job.target) for job in jobs]


def compiler() -> str:
    """A hash of what determines the packs beside the packages."""
    hashed = hashlib.sha256(repr(sorted_rules()).encode())
    for file in (SDK / "pack.py", SDK / "guest" / "precompile.py"):
        hashed.update(file.read_bytes())
    return hashed.hexdigest()[:16]


def sorted_rules() -> list[list[str]]:
    """Which files of packages are packed."""
    rules = (environment.LEFT_OUT_ENDINGS, environment.LEFT_OUT_FOLDERS, environment.KEPT_METADATA)
    return [sorted(rule) for rule in rules]


def compile_all(jobs: list[Job], folder: Path, componentizer: Componentizer) -> None:
    begin = time.perf_counter()
    output.step(f"compiling {named(jobs)} for the component (once)")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="funcserver-packs-") as name:
        staging = Path(name)
        python = staging / "python"
        copy_sdk(python)
        plan = []
        for number, job in enumerate(jobs):
            source = None
            if job.files is not None:
                source = f"source-{number}.pack"
                with (python / source).open("wb") as file:
                    pack.write(file, [entry(found) for found in job.files])
            plan.append({"source": source, "root": job.root, "output": f"compiled-{number}.pack"})
        (python / "precompile.json").write_text(json.dumps(plan))
        printed = componentizer.run(
            staging, "funcserver.guest.precompile", staging / "unused.wasm", None, lambda _: None
        )
        for job, planned in zip(jobs, plan, strict=True):
            made = python / str(planned["output"])
            if not made.exists() or "compiled in" not in (printed or ""):
                raise BuildError(f"{job.label} could not be compiled for the component", details=end_of(printed or ""))
            cache.write(job.target, made.read_bytes())
    output.detail(f"done in {time.perf_counter() - begin:.1f} s")


def named(jobs: list[Job]) -> str:
    labels = [job.label for job in jobs]
    if len(labels) > 6:
        labels = [*labels[:5], f"{len(labels) - 5} more packages"]
    return ", ".join(labels[:-1]) + " and " + labels[-1] if len(labels) > 1 else labels[0]


def entry(found: PackageFile) -> pack.Entry:
    content = found.real.read_bytes()
    modified = int(found.real.stat().st_mtime)
    if found.path.endswith(".py"):
        return pack.Entry(found.path, pack.SOURCE, len(content), modified, content)
    if len(content) >= WORTH_COMPRESSING:
        compressed = zlib.compress(content, LEVEL)
        if len(compressed) < len(content) * 0.9:
            return pack.Entry(found.path, pack.COMPRESSED, len(content), modified, compressed)
    return pack.Entry(found.path, pack.FILE, len(content), modified, content)


def copy_sdk(python: Path) -> None:
    """The part of this package that runs in the component."""
    target = python / "funcserver"
    target.mkdir(parents=True)
    for file in SDK.glob("*.py"):
        shutil.copyfile(file, target / file.name)
    (target / "guest").mkdir()
    for file in (SDK / "guest").glob("*.py"):
        shutil.copyfile(file, target / "guest" / file.name)


def module_names(distributions: Iterable[Distribution]) -> set[str]:
    """All modules of the packages, by name."""
    names = set()
    for found in distributions:
        for file in found.files:
            if file.path.endswith(".py") and ".dist-info/" not in file.path:
                names.add(file.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        names.update(found.component_extensions)
    return names
