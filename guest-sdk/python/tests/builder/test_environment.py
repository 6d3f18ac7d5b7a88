from pathlib import Path

import pytest

from funcserver.build import environment, site_packages
from funcserver.build.environment import Environment


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(site_packages, "folders", lambda: [tmp_path])
    return tmp_path


def install(
    packages: Path, name: str, version: str = "1.0", files: tuple[str, ...] = (), requires: tuple[str, ...] = ()
) -> None:
    info = f"{name}-{version}.dist-info"
    (packages / info).mkdir()
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {each}" for each in requires)]
    (packages / info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *lines, ""]))
    for file in files:
        (packages / file).parent.mkdir(parents=True, exist_ok=True)
        (packages / file).write_text("")
    (packages / info / "RECORD").write_text(
        "".join(f"{file},,\n" for file in (*files, f"{info}/METADATA", f"{info}/RECORD"))
    )


def names(found: list[environment.Distribution]) -> list[str]:
    return [each.name for each in found]


def test_tools_and_what_only_they_need_are_left_out(packages: Path) -> None:
    install(packages, "Flask", files=("flask/__init__.py",), requires=("click>=8", "asgiref; extra == 'async'"))
    install(packages, "click", files=("click.py",))
    install(packages, "pytest", files=("pytest/__init__.py",), requires=("pluggy",))
    install(packages, "pluggy", files=("pluggy.py",))
    assert names(Environment().for_app(["flask"])) == ["click", "Flask"]
    assert "pluggy" in names(Environment().for_app(["pluggy"]))


def test_tools_that_an_extra_brings_are_left_out(packages: Path) -> None:
    extra = "extra == 'standard'"
    requires = (
        "starlette",
        f"uvicorn[standard]; {extra}",
        f"fastapi-cli ; python_version > '3' and {extra}",
        f"httpx; {extra}",
    )
    install(packages, "fastapi", files=("fastapi/__init__.py",), requires=requires)
    install(packages, "uvicorn", files=("uvicorn/__init__.py",), requires=("h11",))
    install(packages, "fastapi-cli", files=("fastapi_cli/__init__.py",), requires=("typer",))
    for name in ("starlette", "httpx", "h11", "typer"):
        install(packages, name, files=(f"{name}.py",))
    assert names(Environment().for_app(["fastapi"])) == ["fastapi", "httpx", "starlette"]
    assert names(Environment().for_app(["fastapi", "uvicorn"])) == ["fastapi", "h11", "httpx", "starlette", "uvicorn"]


def test_a_tool_that_a_package_needs_is_kept(packages: Path) -> None:
    install(packages, "old", files=("old.py",), requires=("setuptools; python_version > '3.8'",))
    install(packages, "setuptools", files=("pkg_resources.py",))
    assert names(Environment().for_app(["old"])) == ["old", "setuptools"]


def test_files_of_the_machine_and_of_tests_are_left_out(packages: Path) -> None:
    kept = ("thing/__init__.py", "thing/data.json", "thing/py.typed", "thing/tests.py")
    left = ("thing/_fast.cpython-311-x86_64-linux-gnu.so", "thing/tests/a.py", "thing/a.pyi", "thing/_fast.c")
    install(packages, "thing", files=kept + left)
    found = Environment().installed["thing"]
    assert {file.path for file in found.files} == {*kept, "thing-1.0.dist-info/METADATA", "thing-1.0.dist-info/RECORD"}
    assert found.machine_extensions == {"thing._fast": "thing/_fast.cpython-311-x86_64-linux-gnu.so"}


def test_an_extension_for_components_is_told_from_those_of_the_machine(packages: Path) -> None:
    install(packages, "thing", files=("thing/_fast.cpython-314-wasm32-wasi.so",))
    found = Environment().installed["thing"]
    assert set(found.component_extensions) == {"thing._fast"} and not found.machine_extensions


def test_modules_that_no_distribution_lists_are_kept(packages: Path) -> None:
    install(packages, "thing", files=("thing.py",))
    (packages / "by_hand").mkdir()
    (packages / "by_hand" / "a.py").write_text("")
    loose = Environment().for_app([])[-1]
    assert [file.path for file in loose.files] == ["by_hand/a.py"]


def test_the_fingerprint_changes_with_the_record(packages: Path) -> None:
    install(packages, "thing", files=("thing.py",))
    first = Environment().installed["thing"].fingerprint
    with (packages / "thing-1.0.dist-info" / "RECORD").open("a") as record:
        record.write("other.py,,\n")
    assert Environment().installed["thing"].fingerprint != first


def test_editable_folders_are_found(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "by-path").mkdir()
    (tmp_path / "by-finder" / "shop").mkdir(parents=True)
    (packages / "__editable__.a.pth").write_text(f"# comment\nimport x\n{tmp_path / 'by-path'}\n/not/there\n")
    mapping = {"shop": str(tmp_path / "by-finder" / "shop")}
    (packages / "__editable___b_finder.py").write_text(f"MAPPING: dict[str, str] = {mapping!r}\n")
    assert site_packages.editable_folders() == [tmp_path / "by-path", tmp_path / "by-finder"]
