"""Packs the extension and the Python files of pydantic-core into a wheel. scripts/build-pydantic-core runs it.

usage: wheel.py SOURCE EXTENSION METADATA RUST_COPYRIGHT OUTPUT
  SOURCE            pydantic-core's unpacked source package
  EXTENSION         the compiled extension
  METADATA          what `cargo metadata` prints in SOURCE
  RUST_COPYRIGHT    the licences of Rust's standard library
  OUTPUT            the folder that the wheel is written into
It prints the wheel's path.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path

from notices import chosen_license, linked_crates, notices

HERE = Path(__file__).parent
DISTRIBUTION = "funcserver_lambda_pydantic_core"
PACKAGE = "funcserver_pydantic_core"
# CPython looks for extensions by this name.
EXTENSION = "_pydantic_core.cpython-314-wasm32-wasi.so"
# A zip has a time for each file. This one is the oldest that it can express.
EPOCH = (1980, 1, 1, 0, 0, 0)


def wheel_files(source: Path, extension: Path, metadata: dict, rust_copyright: Path) -> dict[str, bytes]:
    """The wheel's files by their names in it, but for RECORD."""
    version = next(
        package["version"] for package in metadata["packages"] if package["id"] == metadata["resolve"]["root"]
    )
    crates = linked_crates(metadata)
    files = {f"{PACKAGE}/__init__.py": (HERE / PACKAGE / "__init__.py").read_bytes()}
    for file in sorted((source / "python" / "pydantic_core").glob("*.py")):
        files[f"{PACKAGE}/pydantic_core/{file.name}"] = file.read_bytes()
    files[f"{PACKAGE}/pydantic_core/{EXTENSION}"] = extension.read_bytes()
    info = f"{DISTRIBUTION}-{version}.dist-info"
    files[f"{info}/METADATA"] = core_metadata(version, crates).encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: funcserver\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/licenses/LICENSE"] = (source / "LICENSE").read_bytes()
    files[f"{info}/licenses/THIRD-PARTY-LICENSES.txt"] = notices(crates).encode()
    files[f"{info}/licenses/RUST-STANDARD-LIBRARY.html"] = rust_copyright.read_bytes()
    return files


def core_metadata(version: str, crates: list[dict]) -> str:
    """The METADATA file. The dependency lets pip choose the release that fits the project's pydantic."""
    licenses = " AND ".join(sorted({"MIT", *map(chosen_license, crates)}))
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    return f"""\
Metadata-Version: 2.4
Name: funcserver-lambda-pydantic-core
Version: {version}
Summary: pydantic-core {version}, compiled for CPython 3.14 on WASI, for components built with funcserver
License-Expression: {licenses}
License-File: LICENSE
License-File: THIRD-PARTY-LICENSES.txt
License-File: RUST-STANDARD-LIBRARY.html
Project-URL: Origin, https://pypi.org/project/pydantic-core/{version}/
Project-URL: Source, https://github.com/pydantic/pydantic
Requires-Python: >=3.10
Requires-Dist: pydantic-core=={version}
Description-Content-Type: text/markdown

{readme}"""


def record(name: str, files: dict[str, bytes]) -> bytes:
    """The RECORD file: every file's hash and size."""
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{name},,\n"]).encode()


def write(files: dict[str, bytes], output: Path) -> Path:
    """Writes the wheel, without the time and without what zipfile notes about the machine."""
    info = next(name for name in files if name.endswith("/METADATA")).split("/")[0]
    files = {**files, f"{info}/RECORD": record(f"{info}/RECORD", files)}
    wheel = output / f"{info.removesuffix('.dist-info')}-py3-none-any.whl"
    part = wheel.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # By default zipfile notes the system that it runs on. 3 is Unix.
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    part.replace(wheel)
    return wheel


def main() -> None:
    if len(sys.argv) != 6:
        raise SystemExit(__doc__)
    source, extension, metadata, rust_copyright, output = map(Path, sys.argv[1:])
    files = wheel_files(source, extension, json.loads(metadata.read_text(encoding="utf-8")), rust_copyright)
    print(write(files, output))


if __name__ == "__main__":
    main()
