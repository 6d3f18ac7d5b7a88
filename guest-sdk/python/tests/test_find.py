import pytest

from funcserver.build.find import find

DJANGO = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"


@pytest.fixture
def project(tmp_path):
    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return find(tmp_path)

    return write


def apps(found):
    return [app["app"] for app in found["apps"]]


def reads(found):
    return [(read["kind"], read["name"], read["required"], read["at_import"]) for read in found["reads"]]


@pytest.mark.parametrize(
    ("text", "framework"),
    [
        ("from flask import Flask\napp = Flask(__name__)\n", "Flask"),
        ("import flask\napp: flask.Flask = flask.Flask('a')\n", "Flask"),
        ("from fastapi import FastAPI as Api\napp = Api()\n", "FastAPI"),
        ("from starlette.applications import Starlette\napp = Starlette(routes=[])\n", "Starlette"),
        ("from django.core.wsgi import get_wsgi_application\napp = get_wsgi_application()\n", "Django"),
        ("import falcon.asgi\napp = falcon.asgi.App()\n", "Falcon"),
        ("import bottle\nif True:\n    app = bottle.default_app()\n", "Bottle"),
        ("try:\n    from flask import Flask\nexcept ImportError:\n    raise\nelse:\n    app = Flask('a')\n", "Flask"),
    ],
)
def test_the_object_of_each_framework_is_found(project, text, framework):
    found = project({"shop/main.py": text})
    assert [(app["app"], app["framework"]) for app in found["apps"]] == [("shop.main:app", framework)]


def test_what_is_not_run_or_not_the_apps_is_left_out(project):
    flask = "from flask import Flask\napp = Flask('a')\n"
    found = project(
        {
            "app.py": flask,
            "tests/app.py": flask,
            "test_app.py": flask,
            ".hidden/app.py": flask,
            "env/pyvenv.cfg": "",
            "env/lib/app.py": flask,
            "node_modules/a/app.py": flask,
            "my-scripts/app.py": flask,
            "broken.py": "def (\n",
            "main.py": "from flask import Flask\nif __name__ == '__main__':\n    app = Flask('b')\n",
        }
    )
    assert apps(found) == ["app:app"]


def test_a_file_with_a_mistake_is_counted(project):
    assert project({"app.py": "from flask import Flask\napp = Flask(\n"})["modules"] == 1


def test_a_factory_is_called_unless_a_module_calls_it(project):
    factory = "from flask import Flask\ndef create_app(config=None):\n    app = Flask('a')\n    return app\n"
    assert apps(project({"shop/__init__.py": factory})) == ["shop:create_app()"]
    assert apps(project({"wsgi.py": "from shop import create_app\napplication = create_app()\n"})) == [
        "wsgi:application"
    ]


def test_a_factory_with_a_needed_argument_is_no_app(project):
    found = project({"shop.py": "from flask import Flask\ndef create_app(config):\n    return Flask('a')\n"})
    assert apps(found) == []


def test_src_is_a_layout_and_no_package(project):
    flask = "from flask import Flask\napp = Flask('a')\n"
    assert apps(project({"src/shop/wsgi.py": flask})) == ["shop.wsgi:app"]
    assert apps(project({"src/__init__.py": ""})) == ["src.shop.wsgi:app"]


def test_relative_imports_name_modules_of_the_project(project):
    found = project(
        {
            "shop/__init__.py": "",
            "shop/factory.py": "import fastapi\ndef make():\n    return fastapi.FastAPI()\n",
            "shop/main.py": "from .factory import make\napi = make()\n",
        }
    )
    assert apps(found) == ["shop.main:api"]


def test_the_wsgi_side_of_django_comes_first(project):
    found = project(
        {
            "config/asgi.py": DJANGO.replace("wsgi", "asgi"),
            "config/wsgi.py": DJANGO.replace("wsgi", "wsgi"),
        }
    )
    assert apps(found) == ["config.wsgi:application", "config.asgi:application"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os\nA = os.environ['A']\n", ("environment", "A", True, True)),
        ("from os import environ\nA = environ.get('A', '')\n", ("environment", "A", False, True)),
        ("import os\nA = os.getenv('A')\n", ("environment", "A", False, True)),
        ("import os\ndef f():\n    return os.environ['A']\n", ("environment", "A", True, False)),
        ("from decouple import config\nA = config('A')\n", ("environment", "A", True, True)),
        ("from decouple import config\nA = config('A', default=1)\n", ("environment", "A", False, True)),
        ("from starlette.config import Config\nc = Config()\nA = c('A')\n", ("environment", "A", True, True)),
        ("import environ\nenv = environ.Env()\nA = env.str('A', default='')\n", ("environment", "A", False, True)),
        ("import secrets\nA = secrets.token_hex()\n", ("random", None, False, True)),
        ("import time\nA = time.time()\n", ("clock", None, False, True)),
        (
            "from flask import Flask\napp = Flask('a')\napp.config.from_prefixed_env()\n",
            ("environment", None, False, True),
        ),
        (
            "import os\nfrom flask import Flask\ndef create_app():\n    os.environ['A']\n    return Flask('a')\n",
            ("environment", "A", True, True),
        ),
    ],
)
def test_a_read_is_found_with_its_time(project, text, expected):
    assert expected in reads(project({"app.py": text}))


@pytest.mark.parametrize("text", ["import os\nos.environ['A'] = '1'\n", "import os\nos.environ.setdefault('A', '1')\n"])
def test_a_variable_that_is_set_is_not_read(project, text):
    assert reads(project({"app.py": text})) == []


def test_the_fields_of_settings_are_variables(project):
    found = project(
        {
            "settings.py": "from pydantic_settings import BaseSettings, SettingsConfigDict\n"
            "class Settings(BaseSettings):\n"
            "    model_config = SettingsConfigDict(env_prefix='shop_')\n"
            "    secret_key: str\n"
            "    greeting: str = 'Hello'\n",
            "main.py": "from settings import Settings\nsettings = Settings()\n",
        }
    )
    assert ("environment", "SHOP_SECRET_KEY", True, True) in reads(found)
    assert not any(read["name"] == "SHOP_GREETING" for read in found["reads"])


def test_nothing_is_imported(project):
    assert apps(project({"app.py": "raise SystemExit('imported')\n"})) == []
