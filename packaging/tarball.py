"""The archive with the tool, its man pages, completions and licences."""

from __future__ import annotations

from pathlib import Path

from archives import File, folder, tar_gz
from project import ROOT, Platform, Project


def name(project: Project, platform: Platform) -> str:
    """The name of the archive without its extension, which is that of the folder in it too."""
    return f"funcserver-{project.version}-{platform.target}"


def licenses(notices: bytes) -> dict[str, File]:
    """The licence files that every package has."""
    files = {name: File((ROOT / name).read_bytes()) for name in ("LICENSE", "LICENSE-APACHE", "LICENSE-MIT")}
    return {**files, "THIRD-PARTY-LICENSES.txt": File(notices)}


def tarball(project: Project, platform: Platform, tool: bytes, generated: Path, notices: bytes) -> bytes:
    """`generated` has the folders `man1` and `completions`."""
    files = {
        "funcserver": File(tool, executable=True),
        "README.md": File((ROOT / "README.md").read_bytes()),
        **licenses(notices),
        **folder(generated / "man1", "man/man1/"),
        **folder(generated / "completions", "completions/"),
    }
    top = name(project, platform)
    return tar_gz({f"{top}/{path}": file for path, file in files.items()})
