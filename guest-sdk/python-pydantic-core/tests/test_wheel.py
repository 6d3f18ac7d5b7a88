import base64
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import wheel
from notices import chosen_license, linked_crates, notices


def package(folder: Path, name: str, license: str = "MIT", kind: str = "lib") -> dict[str, Any]:
    (folder / name).mkdir(parents=True)
    (folder / name / "LICENSE").write_text(f"the license of {name}\n")
    manifest = str(folder / name / "Cargo.toml")
    return {
        "id": name,
        "name": name,
        "version": "1.0.0",
        "license": license,
        "manifest_path": manifest,
        "targets": [{"kind": [kind]}],
    }


def needs(name: str, kind: str | None = None) -> dict[str, Any]:
    return {"pkg": name, "dep_kinds": [{"kind": kind}]}


@pytest.fixture
def metadata(tmp_path: Path) -> dict[str, Any]:
    crates = tmp_path / "crates"
    packages = [
        package(crates, "pydantic-core"),
        package(crates, "direct", "Apache-2.0 OR MIT"),
        package(crates, "indirect", "Zlib"),
        package(crates, "macro", "GPL-3.0", "proc-macro"),
        package(crates, "build", "GPL-3.0"),
    ]
    nodes = [
        {"id": "pydantic-core", "deps": [needs("direct"), needs("macro"), needs("build", "build")]},
        {"id": "direct", "deps": [needs("indirect")]},
        *({"id": name, "deps": []} for name in ("indirect", "macro", "build")),
    ]
    return {"packages": packages, "resolve": {"root": "pydantic-core", "nodes": nodes}}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    python = tmp_path / "source" / "python" / "pydantic_core"
    python.mkdir(parents=True)
    (python / "__init__.py").write_text("from ._pydantic_core import *\n")
    (python / "py.typed").touch()
    (tmp_path / "source" / "LICENSE").write_text("MIT\n")
    (tmp_path / "extension.wasm").write_bytes(b"\0asm")
    (tmp_path / "rust.html").write_text("<p>Rust</p>")
    return tmp_path / "source"


def made(source: Path, metadata: dict[str, Any], output: Path) -> Path:
    output.mkdir()
    files = wheel.wheel_files(source, source.parent / "extension.wasm", metadata, source.parent / "rust.html")
    return wheel.write(files, output)


def test_only_linked_crates_count(metadata: dict[str, Any]) -> None:
    assert [crate["name"] for crate in linked_crates(metadata)] == ["direct", "indirect"]


def test_each_crate_is_in_the_notices(metadata: dict[str, Any]) -> None:
    text = notices(linked_crates(metadata))
    assert "direct 1.0.0 (MIT)" in text
    assert "the license of indirect" in text


def test_a_license_that_nobody_has_read_is_refused(metadata: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match="macro 1.0.0 is licensed as GPL-3.0"):
        chosen_license(metadata["packages"][3])


def test_the_same_files_give_the_same_bytes(source: Path, metadata: dict[str, Any], tmp_path: Path) -> None:
    first = made(source, metadata, tmp_path / "first")
    second = made(source, metadata, tmp_path / "second")
    assert first.name == "funcserver_lambda_pydantic_core-1.0.0-py3-none-any.whl"
    assert first.read_bytes() == second.read_bytes()


def test_the_record_has_every_file(source: Path, metadata: dict[str, Any], tmp_path: Path) -> None:
    info = "funcserver_lambda_pydantic_core-1.0.0.dist-info"
    with zipfile.ZipFile(made(source, metadata, tmp_path / "output")) as archive:
        lines = [line.split(",") for line in archive.read(f"{info}/RECORD").decode().splitlines()]
        assert [name for name, _, _ in lines] == archive.namelist()
        for name, digest, _ in lines:
            if name != f"{info}/RECORD":
                expected = base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=").decode()
                assert digest == f"sha256={expected}"


def test_pip_installs_it(source: Path, metadata: dict[str, Any], tmp_path: Path) -> None:
    file = made(source, metadata, tmp_path / "output")
    target = tmp_path / "target"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, file],
        check=True,
    )
    assert (target / "funcserver_pydantic_core" / "pydantic_core" / wheel.EXTENSION).read_bytes() == b"\0asm"
    info = (target / "funcserver_lambda_pydantic_core-1.0.0.dist-info" / "METADATA").read_text()
    assert "License-Expression: MIT AND Zlib\n" in info
    assert "Requires-Dist: pydantic-core==1.0.0\n" in info
