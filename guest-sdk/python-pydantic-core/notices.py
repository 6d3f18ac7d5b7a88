"""The licences of the crates that are linked into the extension, from what `cargo metadata` prints."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

# Where a crate offers several licences, the first of these is taken.
ACCEPTED = ("MIT", "Zlib", "Unicode-3.0")
FILES = ("LICENSE-MIT", "LICENSE", "LICENSE.txt", "LICENSE.md")


def linked_crates(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    """The crates whose code is in the extension: normal dependencies that are no procedural macros."""
    packages = {package["id"]: package for package in metadata["packages"]}
    dependencies = {node["id"]: node["deps"] for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    found = {root}
    waiting = [root]
    while waiting:
        for dependency in dependencies[waiting.pop()]:
            name = dependency["pkg"]
            linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if linked and name not in found and not _is_macro(packages[name]):
                found.add(name)
                waiting.append(name)
    return sorted(
        (packages[name] for name in found - {root}), key=lambda package: (package["name"], package["version"])
    )


def _is_macro(package: dict[str, Any]) -> bool:
    return any("proc-macro" in target["kind"] for target in package["targets"])


def chosen_license(crate: dict[str, Any]) -> str:
    """The licence under which the wheel contains the crate."""
    offered = re.split(r" OR |/", crate["license"] or "")
    for name in ACCEPTED:
        if name in offered:
            return name
    raise SystemExit(
        f"error: {crate['name']} {crate['version']} is licensed as {crate['license']}: read that licence, "
        "then add it to ACCEPTED in notices.py"
    )


def notices(crates: list[dict[str, Any]]) -> str:
    """Every licence text once, each with the crates that it is the licence of."""
    owners: dict[str, list[str]] = defaultdict(list)
    for crate in crates:
        owners[_license_text(crate)].append(f"{crate['name']} {crate['version']} ({chosen_license(crate)})")
    sections = sorted((names, text) for text, names in owners.items())
    return "\n".join(f"{'=' * 80}\n" + "\n".join(names) + f"\n{'-' * 80}\n{text}\n" for names, text in sections)


def _license_text(crate: dict[str, Any]) -> str:
    folder = Path(crate["manifest_path"]).parent
    for name in FILES:
        file = folder / name
        if file.is_file():
            return file.read_text(encoding="utf-8").replace("\r\n", "\n").strip()
    raise SystemExit(f"error: {crate['name']} {crate['version']} has none of the files {', '.join(FILES)}")
