"""Packs a release. scripts/release runs it, with Python 3.11 or later.

usage: pack.py --metadata FILE... --generated DIR --library NAME=FILE... --auditable2cdx PROGRAM --output DIR
               --bootstrap FILE... --add FILE... TARGET=PROGRAM...
  --metadata     what `cargo metadata` prints for the tool, and for the bootstrap
  --generated    the folder with the man pages (`man1`) and the completions
  --library      the licence of a library that is no crate
  --bootstrap    a bootstrap, for the SBOM
  --add          a file that ships as it is
  TARGET=PROGRAM the tool for a target of Rust
It prints the paths of the files that it wrote into --output.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import homebrew
import npm_packages
import tarball
import wheel
from archives import write
from notices import notices
from project import PLATFORMS, Platform, Project
from sbom import sbom


def pair(text: str) -> tuple[str, Path]:
    name, found, path = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} has no =")
    return name, Path(path)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--metadata", type=Path, action="append", required=True)
    parser.add_argument("--generated", type=Path, required=True)
    parser.add_argument("--library", type=pair, action="append", default=[])
    parser.add_argument("--auditable2cdx", type=Path, required=True)
    parser.add_argument("--bootstrap", type=Path, action="append", default=[])
    parser.add_argument("--add", type=Path, action="append", default=[])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("tools", type=pair, nargs="+")
    return parser.parse_args()


def packages(given: argparse.Namespace) -> dict[str, bytes]:
    """All files of the release by their names, but for SHA256SUMS."""
    project = Project.of(given.metadata[0])
    texts = notices(given.metadata, given.library)
    platforms: dict[Platform, Path] = {}
    for target, program in given.tools:
        platforms[next(platform for platform in PLATFORMS if platform.target == target)] = program
    files = {}
    hashes = {}
    for platform, program in platforms.items():
        tool = program.read_bytes()
        archive = tarball.tarball(project, platform, tool, given.generated, texts)
        hashes[platform] = hashlib.sha256(archive).hexdigest()
        files[f"{tarball.name(project, platform)}.tar.gz"] = archive
        files[wheel.name(project, platform)] = wheel.wheel(project, platform, tool, texts)
        package = npm_packages.platform_package(project, platform, tool, texts)
        files[npm_packages.file_name(platform.npm_package, project)] = package
    files[npm_packages.file_name("funcserver", project)] = npm_packages.sdk_package(project, list(platforms), texts)
    files["funcserver.rb"] = homebrew.formula(project, hashes)
    files[f"funcserver-{project.version}.cdx.json"] = sbom(
        project, given.auditable2cdx, [*platforms.values(), *given.bootstrap]
    )
    files |= {file.name: file.read_bytes() for file in given.add}
    return files


def main() -> None:
    given = arguments()
    files = packages(given)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    files["SHA256SUMS"] = sums.encode()
    given.output.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        print(write(given.output / name, content))


if __name__ == "__main__":
    main()
