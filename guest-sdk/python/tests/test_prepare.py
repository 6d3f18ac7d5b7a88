import json
import sys
from types import ModuleType

import pytest

from funcserver.guest.prepare import Preparation, Target


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    """Imports companions; returns the names that are imported then, and what was told to the builder."""
    monkeypatch.syspath_prepend(tmp_path)

    def run(companions: dict[str, list[str]], **sources: str):
        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(source)
        report = tmp_path / "report.jsonl"
        plan = {"app": "app:app", "import": "start", "companions": companions}
        before = set(sys.modules)
        try:
            Preparation(plan, None, str(report), open)._import_companions()
            imported = {name for name in sources if name in sys.modules}
        finally:
            for name in set(sys.modules) - before:
                del sys.modules[name]
        told = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
        return imported, told

    return run


def test_companions_of_what_is_imported_are_imported(prepare):
    companions = {"json": ["late_one"], "no_such_library": ["late_two"], "": ["late_three"]}
    assert prepare(companions, late_one="", late_two="", late_three="") == ({"late_one", "late_three"}, [])


def test_nobody_hears_a_warning_of_a_companion(prepare, recwarn):
    imported, _ = prepare({"": ["late_warning"]}, late_warning="import warnings; warnings.warn('old')")
    assert imported == {"late_warning"}
    assert not recwarn.list


def test_a_companion_that_fails_is_told_and_does_no_harm(prepare):
    imported, told = prepare({"": ["late_broken", "late_one"]}, late_broken="raise RuntimeError('no')", late_one="")
    assert imported == {"late_one"}
    assert [(event["event"], event["module"], event["type"]) for event in told] == [
        ("missing", "late_broken", "RuntimeError")
    ]


def test_what_component_app_names():
    module = ModuleType("shop")
    module.app, module.create = object(), list
    assert Target("shop:app").find(module) is module.app
    assert Target("shop:create()").find(module) == []
    with pytest.raises(AttributeError):
        Target("shop:other").find(module)


def test_an_app_that_is_named_as_a_factory_is_told_so():
    flask = pytest.importorskip("flask")
    module = ModuleType("shop")
    module.app = flask.Flask("shop")
    with pytest.raises(TypeError, match="app is an app, not a function that returns one"):
        Target("shop:app()").find(module)
