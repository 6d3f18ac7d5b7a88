"""The npm packages: `funcserver` with the SDK and a launcher, and one with the tool for each platform.

npm installs the optional packages whose `os` and `cpu` fit, so that a machine downloads one executable.
"""

from __future__ import annotations

import json
import subprocess

from archives import File, tar_gz
from project import ROOT, Platform, Project
from tarball import licenses

SDK = ROOT / "guest-sdk" / "javascript"
LAUNCHER = "bin/funcserver.cjs"


def platform_package(project: Project, platform: Platform, tool: bytes, notices: bytes) -> bytes:
    """The package with the tool for a platform."""
    system, cpu = platform.npm.split("-")
    manifest = {
        "name": platform.npm_package,
        "version": project.version,
        "description": f"The program of funcserver for {platform.npm}",
        "license": project.license,
        "repository": project.repository,
        "os": [system],
        "cpu": [cpu],
        "preferUnplugged": True,
    }
    readme = f"# {platform.npm_package}\n\nThe program of `funcserver` for {platform.npm}. Install that package.\n"
    files = {
        "package.json": _json(manifest),
        "README.md": File(readme.encode()),
        "bin/funcserver": File(tool, executable=True),
        **licenses(notices),
    }
    return _packed(files)


def sdk_package(project: Project, platforms: list[Platform], notices: bytes) -> bytes:
    """The package `funcserver`."""
    manifest = json.loads((SDK / "package.json").read_text(encoding="utf-8"))
    if manifest["version"] != project.version:
        raise SystemExit(
            f"error: {SDK / 'package.json'} has version {manifest['version']}, and Cargo.toml has {project.version}: "
            "give both the same"
        )
    optional = {platform.npm_package: project.version for platform in platforms}
    manifest |= {
        "bin": {**manifest.get("bin", {}), "funcserver": LAUNCHER},
        "optionalDependencies": optional,
        "repository": project.repository,
        "license": project.license,
    }
    manifest.pop("private", None)
    manifest.pop("devDependencies", None)
    files = {path: File(content) for path, content in _sdk_files(manifest).items()}
    files["package.json"] = _json(manifest)
    files["README.md"] = File(project.linked((SDK / "README.md").read_text(encoding="utf-8")).encode())
    files[LAUNCHER] = File((ROOT / "packaging" / "npm" / "launcher.cjs").read_bytes(), executable=True)
    if "npm-shrinkwrap.json" in files:
        files["npm-shrinkwrap.json"] = _locked(files["npm-shrinkwrap.json"].content, manifest, platforms)
    return _packed({**files, **licenses(notices)})


def _sdk_files(manifest: dict) -> dict[str, bytes]:
    """The files of the SDK that git knows, without its tests."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=SDK,
        check=True,
        capture_output=True,
    ).stdout
    paths = sorted(path for path in listed.decode().split("\0") if path and not path.startswith("test/"))
    return {path: (SDK / path).read_bytes() for path in paths if (SDK / path).is_file()}


def _locked(content: bytes, manifest: dict, platforms: list[Platform]) -> File:
    """The shrinkwrap with the packages of the platforms, which npm would otherwise take for missing."""
    lock = json.loads(content)
    packages = lock["packages"]
    packages[""]["optionalDependencies"] = manifest["optionalDependencies"]
    packages[""]["bin"] = manifest["bin"]
    packages[""].pop("devDependencies", None)
    for platform in platforms:
        system, cpu = platform.npm.split("-")
        packages[f"node_modules/{platform.npm_package}"] = {
            "version": manifest["version"],
            "os": [system],
            "cpu": [cpu],
            "optional": True,
        }
    return _json(lock)


def _json(value: dict) -> File:
    return File((json.dumps(value, indent=2) + "\n").encode())


def _packed(files: dict[str, File]) -> bytes:
    return tar_gz({f"package/{path}": file for path, file in files.items()})


def file_name(package: str, project: Project) -> str:
    """The name of a package's file in the release."""
    return f"npm-{package}-{project.version}.tgz"
