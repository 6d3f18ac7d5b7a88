"""What the tool learns when it has an app loaded."""

import json
from typing import Any

import pytest
from inside import output

from funcserver.guest import handler, load_check


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(load_check.VARIABLE, "1")


def test_an_app_that_loads_is_not_called(serve):
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise AssertionError("the app was called")

    answer = serve(app)()
    assert answer.status == 200
    assert json.loads(answer.data)["seconds"] >= 0


def failure(error: BaseException) -> str:
    return load_check.described(error)["error"]


def test_a_failure_is_one_line_that_says_what_to_do():
    missing = failure(ModuleNotFoundError("No module named 'nonesuch'", name="nonesuch"))
    assert missing.startswith("ModuleNotFoundError: No module named 'nonesuch'; correct the name, or install")
    assert failure(KeyError("SECRET_KEY")) == "KeyError: 'SECRET_KEY'"
    assert failure(RuntimeError("first line\nsecond line")) == "RuntimeError: first line"
    assert failure(SyntaxError("never closed", ("/app/shop/views.py", 3, 1, "("))) == (
        "SyntaxError: never closed (shop/views.py:3)"
    )


def test_what_python_lacks_in_a_component_is_explained():
    text = failure(ModuleNotFoundError("No module named 'fcntl'", name="fcntl"))
    assert "; " in text and "install its package" not in text


def test_the_check_does_not_replace_an_app_that_serves(serve, monkeypatch):
    monkeypatch.delenv(load_check.VARIABLE)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"from the app"]

    send = serve(app)
    assert send().data == b"from the app"
    assert handler._serve is not None
    monkeypatch.setenv(load_check.VARIABLE, "1")
    assert send().data == b"from the app"


def test_a_mistake_in_the_views_of_django_is_found():
    code = """
import sys, types
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from funcserver.guest import load_check
urls = sys.modules["urls"] = types.ModuleType("urls")
settings.configure(ROOT_URLCONF="urls")
get_wsgi_application()
import django.urls
urls.urlpatterns = [django.urls.path("", print)]
load_check.import_views_of_django()
django.urls.clear_url_caches()
settings.ROOT_URLCONF = "nonesuch"
try:
    load_check.import_views_of_django()
except ModuleNotFoundError as error:
    print(error)
"""
    pytest.importorskip("django")
    assert output(code) == "No module named 'nonesuch'\n"
