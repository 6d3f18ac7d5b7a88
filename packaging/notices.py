"""The licences of the crates and libraries that are linked into the executables."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from project import ROOT

NAMES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def notices(metadata: Iterable[Path], libraries: Iterable[tuple[str, Path]]) -> bytes:
    """Every licence text once, each with what it is the licence of.

    `metadata` has what `cargo metadata` prints for each executable. `libraries` are not crates: a name, and the file
    with the licence.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for crate in _crates(metadata):
        name = f"{crate['name']} {crate['version']} ({crate['license']})"
        for text in _texts(crate):
            owners[text].add(name)
    for name, file in libraries:
        owners[_read(file)].add(name)
    sections = sorted((sorted(names), text) for text, names in owners.items())
    head = "The programs of funcserver contain the code of others, under these licences.\n\n"
    return (head + "\n".join(_section(names, text) for names, text in sections)).encode()


def _section(names: list[str], text: str) -> str:
    return f"{'=' * 80}\n" + "\n".join(names) + f"\n{'-' * 80}\n{text}\n"


def _crates(metadata: Iterable[Path]) -> list[dict[str, Any]]:
    """The crates whose code is linked, each once: normal dependencies that are no procedural macros and not ours."""
    found = {}
    for file in metadata:
        data = json.loads(file.read_text(encoding="utf-8"))
        packages = {package["id"]: package for package in data["packages"]}
        dependencies = {node["id"]: node["deps"] for node in data["resolve"]["nodes"]}
        waiting = [data["resolve"]["root"]]
        seen = set(waiting)
        while waiting:
            for dependency in dependencies[waiting.pop()]:
                package = packages[dependency["pkg"]]
                linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
                if linked and package["id"] not in seen and not _is_macro(package):
                    seen.add(package["id"])
                    waiting.append(package["id"])
        # A package without a source is this repository's.
        found.update({name: packages[name] for name in seen if packages[name]["source"]})
    return sorted(found.values(), key=lambda package: (package["name"], package["version"]))


def _is_macro(package: dict[str, Any]) -> bool:
    return any("proc-macro" in target["kind"] for target in package["targets"])


def _texts(crate: dict[str, Any]) -> list[str]:
    """The licence files of a crate. A crate without one offers Apache-2.0 or MIT in its manifest, or is an error."""
    folder = Path(crate["manifest_path"]).parent
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and file.name.upper().startswith(NAMES)]
    if files:
        return [_read(file) for file in files]
    license = crate["license"] or ""
    if "Apache-2.0" in license:
        exception = "\n\nWith the LLVM exception, as its manifest says." if "LLVM-exception" in license else ""
        return [_read(ROOT / "LICENSE-APACHE") + exception]
    if "MIT" in license:
        text = _read(ROOT / "LICENSE-MIT").split("\n\n", 2)[2]
        return [f"Copyright (c) {', '.join(crate['authors']) or 'the authors of ' + crate['name']}\n\n{text}"]
    raise SystemExit(f"error: {crate['name']} {crate['version']} has no licence file, and its licence is {license!r}")


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip()
