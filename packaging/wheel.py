"""The wheel `funcserver-lambda`: the tool among its scripts, and the SDK as the package `funcserver`.

The tool is outside the package, so that a component of an app that is made with the SDK does not contain it.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib

from archives import File, folder, zipped
from project import ROOT, Platform, Project
from tarball import licenses

SDK = ROOT / "guest-sdk" / "python"
DISTRIBUTION = "funcserver_lambda"


def name(project: Project, platform: Platform) -> str:
    """The wheel's file name (Python packaging, "Binary distribution format")."""
    return f"{DISTRIBUTION}-{project.version}-py3-none-{platform.wheel}.whl"


def wheel(project: Project, platform: Platform, tool: bytes, notices: bytes) -> bytes:
    info = f"{DISTRIBUTION}-{project.version}.dist-info"
    files = folder(SDK / "src" / "funcserver", "funcserver/")
    files[f"{DISTRIBUTION}-{project.version}.data/scripts/funcserver"] = File(tool, executable=True)
    texts = licenses(notices)
    for path, file in texts.items():
        files[f"{info}/licenses/{path}"] = file
    files[f"{info}/METADATA"] = File(metadata(project, list(texts)).encode())
    files[f"{info}/WHEEL"] = File(_tags(platform).encode())
    files[f"{info}/RECORD"] = File(_record(f"{info}/RECORD", files))
    return zipped(files)


def metadata(project: Project, texts: list[str]) -> str:
    """The METADATA file, from the SDK's pyproject.toml."""
    sdk = tomllib.loads((SDK / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if sdk["version"] != project.version:
        raise SystemExit(
            f"error: {SDK / 'pyproject.toml'} has version {sdk['version']}, and Cargo.toml has {project.version}: "
            "give both the same"
        )
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {sdk['name']}",
        f"Version: {project.version}",
        f"Summary: {sdk['description']}",
        f"License-Expression: {project.license}",
        *(f"License-File: {text}" for text in texts),
        f"Project-URL: Source, {project.repository}",
        f"Requires-Python: {sdk['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in sdk["dependencies"]),
    ]
    for extra, requirements in sdk.get("optional-dependencies", {}).items():
        # The tests' packages are for a clone of the repository.
        if extra != "test":
            lines.append(f"Provides-Extra: {extra}")
            lines += [f"Requires-Dist: {requirement} ; extra == '{extra}'" for requirement in requirements]
    readme = project.linked((SDK / "README.md").read_text(encoding="utf-8"))
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


def _tags(platform: Platform) -> str:
    tags = "".join(f"Tag: py3-none-{tag}\n" for tag in platform.wheel.split("."))
    return f"Wheel-Version: 1.0\nGenerator: funcserver\nRoot-Is-Purelib: false\n{tags}"


def _record(name: str, files: dict[str, File]) -> bytes:
    """The RECORD file: every file's hash and size."""
    lines = []
    for path, file in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(file.content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(file.content)}\n")
    return "".join([*lines, f"{name},,\n"]).encode()
