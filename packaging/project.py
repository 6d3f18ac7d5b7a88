"""The project's name, version and addresses, as `cargo metadata` prints them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Platform:
    """A machine that the tool runs on, in the words of Rust, npm, Python and Homebrew."""

    target: str
    npm: str
    wheel: str
    homebrew: str

    @property
    def npm_package(self) -> str:
        return f"funcserver-{self.npm}"


# The tool is static on Linux, so its wheel is for every C library. pip wants the oldest that could run it.
PLATFORMS = (
    Platform(
        "x86_64-unknown-linux-musl",
        "linux-x64",
        "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
        "linux intel",
    ),
    Platform(
        "aarch64-unknown-linux-musl",
        "linux-arm64",
        "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        "linux arm",
    ),
    Platform("x86_64-apple-darwin", "darwin-x64", "macosx_11_0_x86_64", "macos intel"),
    Platform("aarch64-apple-darwin", "darwin-arm64", "macosx_11_0_arm64", "macos arm"),
)


@dataclass(frozen=True)
class Project:
    """What the packages say about the project."""

    version: str
    description: str
    license: str
    repository: str

    @classmethod
    def of(cls, metadata: Path) -> Project:
        data = json.loads(metadata.read_text(encoding="utf-8"))
        package = next(package for package in data["packages"] if package["id"] == data["resolve"]["root"])
        return cls(package["version"], package["description"], package["license"], package["repository"])

    def linked(self, page: str) -> str:
        """A page of an SDK's folder, with links that also work outside the repository."""
        return page.replace("](../../", f"]({self.repository}/blob/v{self.version}/")

    def download(self, file: str) -> str:
        """The address of a file of the release."""
        return f"{self.repository}/releases/download/v{self.version}/{file}"
