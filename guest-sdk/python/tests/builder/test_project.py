from pathlib import Path

import pytest

from funcserver.build import project as module
from funcserver.build.errors import BuildError
from funcserver.build.project import App, Project


def put(folder: Path, *paths: str, text: str = "") -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_an_app_is_a_module_and_a_name_or_a_factory() -> None:
    assert App.parse("shop.wsgi:application") == ("shop.wsgi:application", "shop.wsgi", "application")
    assert App.parse("shop:create_app()") == ("shop:create_app()", "shop", "create_app")


@pytest.mark.parametrize(
    "text", ["", "shop", "shop:", ":app", "shop.py:a b", "shop/wsgi:app", "a..b:c", "shop:make(1)"]
)
def test_another_text_is_an_error_with_an_example(text: str) -> None:
    with pytest.raises(BuildError, match="must be MODULE:NAME"):
        App.parse(text)


def test_links_that_lead_out_of_the_project_are_left_out_with_a_warning(tmp_path: Path, capsys) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    put(elsewhere, "secret.db", text="SQLite format 3\0")
    put(project, "app.py", "shared/words.py")
    (project / "words.py").symlink_to("shared/words.py")
    (project / "secret.db").symlink_to(elsewhere / "secret.db")
    (project / "folder").symlink_to(elsewhere)
    found = Project(project)
    assert [file.path for file in found.files] == ["app.py", "shared/words.py", "words.py"]
    found.check()
    assert "secret.db is left out: it is a link that leads out of" in capsys.readouterr().err


def test_hidden_files_environments_and_results_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "app.py", "templates/a.html", "build/keep.txt", "a/b/c.txt")
    put(tmp_path, ".env", ".git/config", "venv/pyvenv.cfg", "venv/lib/x.py", "node_modules/x.js", "__pycache__/a.pyc")
    put(tmp_path, "build-output/handler.wasm", "dist/x.whl", "x.wasm", "x.cwasm", "function.zip", "a/.hidden/b")
    assert [file.path for file in Project(tmp_path).files] == [
        "a/b/c.txt",
        "app.py",
        "build/keep.txt",
        "templates/a.html",
    ]


def test_many_bytes_are_a_warning_and_too_many_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "video.mp4", text="x" * 100)
    monkeypatch.setattr(module, "MANY_BYTES", 50)
    Project(tmp_path).check_size()
    assert "warning: the files in" in capsys.readouterr().err
    monkeypatch.setattr(module, "TOO_MANY_BYTES", 60)
    with pytest.raises(BuildError, match="video.mp4"):
        Project(tmp_path).check_size()


def test_modules_are_found_in_the_project_and_in_src(tmp_path: Path) -> None:
    put(tmp_path, "src/shop/__init__.py", "src/shop/wsgi.py", "main.py")
    project = Project(tmp_path)
    roots = project.roots([])
    assert roots == ["", "src"]
    assert project.module_file("shop.wsgi", roots) == "src/shop/wsgi.py"
    assert project.module_file("shop", roots) == "src/shop/__init__.py"
    assert project.modules(roots) == {
        "shop": "src/shop/__init__.py",
        "shop.wsgi": "src/shop/wsgi.py",
        "main": "main.py",
    }


def test_editable_folders_of_the_project_are_roots(tmp_path: Path) -> None:
    put(tmp_path, "lib/shop/__init__.py", "src/__init__.py", "src/a.py")
    roots = Project(tmp_path).roots([tmp_path / "lib", tmp_path, tmp_path.parent])
    assert roots == ["", "lib"]


def test_a_missing_module_is_an_error_with_close_names(tmp_path: Path) -> None:
    put(tmp_path, "shop/wsgi.py")
    project = Project(tmp_path)
    assert "did you mean shop.wsgi:app?" in str(project.missing_module(App.parse("shop.wsg:app"), [""]))


def test_a_database_is_left_out_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "db.sqlite3").write_bytes(b"SQLite format 3\0 and more")
    put(tmp_path, "notes.db", text="no database")
    project = Project(tmp_path)
    assert [file.path for file in project.files] == ["notes.db"]
    project.check()
    assert "warning: db.sqlite3 is left out" in capsys.readouterr().err
