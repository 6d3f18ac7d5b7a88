from pathlib import Path

import pytest

from funcserver.build import keys, plan
from funcserver.build.plan import KnownImports, Sources
from funcserver.build.project import App, Project


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    (made / "shop").mkdir(parents=True)
    (made / "shop" / "__init__.py").write_text("from . import views\n")
    (made / "shop" / "views.py").write_text(
        "import flask\nimport shop.models\ntry:\n    import fast\nexcept ImportError: ...\n"
    )
    (made / "shop" / "models.py").write_text("import json\nAPPS = ['django.contrib.auth', 'shop.views']\n")
    (made / "shop" / "unused.py").write_text("import boto3\n")
    (made / "test_shop.py").write_text("import pytest\n")
    return made


def sources(folder: Path) -> Sources:
    project = Project(folder)
    known = KnownImports(folder)
    made = Sources(project, project.roots([]), known)
    known.save()
    return made


def test_libraries_are_what_the_app_imports_and_names(folder: Path) -> None:
    libraries = sources(folder).libraries({"flask", "django.contrib.auth", "django.contrib", "boto3"})
    assert libraries == ["boto3", "django.contrib", "django.contrib.auth", "fast", "flask", "json"]


def test_only_what_the_app_reaches_can_be_missing(folder: Path) -> None:
    missing = sources(folder).missing("shop", {"json"})
    assert [(each.module, each.file, each.line) for each in missing] == [("flask", "shop/views.py", 1)]
    assert sources(folder).missing("shop", {"flask"}) == []


def test_an_own_module_that_does_not_exist_is_missing(folder: Path) -> None:
    (folder / "shop" / "models.py").write_text("import shop.none\n")
    assert [each.module for each in sources(folder).missing_own("shop")] == ["shop.none"]


def test_the_key_changes_with_packages_and_not_with_other_edits(folder: Path) -> None:
    app = App.parse("shop:app")
    first = keys.key(app, folder)
    assert keys.key(app, folder) == first
    begin = "import flask\nimport shop.models\nimport fast\n"
    (folder / "shop" / "page.html").write_text("new")
    for added in ("ADDED = 1\n", "import csv\n", "import no_such_package\n"):
        (folder / "shop" / "views.py").write_text(begin + added)
        assert keys.key(app, folder) == first
    (folder / "shop" / "views.py").write_text(begin + "import pluggy\n")
    assert keys.key(app, folder) != first
    assert keys.key(App.parse("shop:other"), folder) != first


def test_a_file_that_is_being_edited_goes_on_importing_what_it_did(folder: Path) -> None:
    first = sources(folder).libraries(set())
    (folder / "shop" / "models.py").write_text("import csv\nopen = (\n")
    assert sources(folder).libraries(set()) == first
    (folder / "shop" / "models.py").write_text("import csv\n")
    assert "csv" in sources(folder).libraries(set())


def test_known_imports_notice_a_changed_file(folder: Path) -> None:
    assert "csv" not in sources(folder).libraries(set())
    (folder / "shop" / "models.py").write_text("import csv\n")
    assert "csv" in sources(folder).libraries(set())


def test_a_damaged_cache_is_made_anew(folder: Path) -> None:
    sources(folder)
    KnownImports(folder).file.write_text("{")
    assert "flask" in sources(folder).libraries(set())


def test_companions_are_those_of_packages_that_are_there() -> None:
    found = plan.companions({"flask.app"})
    assert {"", "flask", "asyncio", "zoneinfo"} <= set(found) and "django" not in found
