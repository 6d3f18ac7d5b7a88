import asyncio

import pytest
from inside import output

from funcserver.guest import rehearse


@pytest.mark.parametrize("name", ["bare_wsgi", "flask", "bare_asgi", "starlette", "fastapi"])
def test_the_small_apps_answer(name):
    if not name.startswith("bare"):
        pytest.importorskip(name)
    code = f"""
from funcserver.guest import rehearse
make = rehearse.{name}
(kind,) = [kind for kind, apps in rehearse.APPS.items() if make in apps.values()]
rehearse.RUNS[kind](make())
"""
    assert output(code) == ""


def test_a_framework_that_is_not_imported_stays_so_and_one_that_fails_stops_nothing(monkeypatch):
    ran = []

    def fails():
        raise TypeError("another version")

    monkeypatch.setitem(rehearse.APPS, "wsgi", {"": fails, "asyncio": lambda: ran.append(1), "no_such": fails})
    monkeypatch.setitem(rehearse.RUNS, "wsgi", lambda app: ran.append(2))
    rehearse.rehearse("wsgi")
    assert ran == [1, 2]


def test_no_loop_is_left_behind():
    rehearse.rehearse("asgi")
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
