"""Components that the builder really makes, asked through the tool that FUNCSERVER_TOOL names."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = os.environ.get("FUNCSERVER_TOOL", "")
SOURCES = Path(__file__).parents[2] / "src"
PACKAGES = ["flask==3.1.3", "tzdata==2026.6"]

pytestmark = pytest.mark.skipif(not TOOL, reason="FUNCSERVER_TOOL does not name the tool funcserver")


class Project:
    """An app's folder, with the commands that its user runs."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder = folder
        self.python = python
        self.component = folder / "build-output" / "handler.wasm"

    def put(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def build(self, app: str, *options: str) -> subprocess.CompletedProcess[str]:
        command = [self.python, "-m", "funcserver.build", app, "--output", str(self.component), *options]
        environment = os.environ | {"PYTHONPATH": str(SOURCES)}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600)

    def settings(self, text: str) -> None:
        self.put("funcserver.toml", text)

    def ask(self, *paths: str) -> list[dict[str, Any]]:
        """The reply to each request, from an instance of its own."""
        events = []
        for number, path in enumerate(paths):
            event = self.folder / f".event-{number}.json"
            event.write_bytes(self._tool("event", "GET", path).stdout)
            events.append(event)
        answered = self._tool("invoke", "--raw", str(self.component), *map(str, events))
        replies = [json.loads(line) for line in answered.stdout.splitlines() if line.startswith(b'{"statusCode"')]
        assert len(replies) == len(paths), answered.stderr.decode()
        return replies

    def _tool(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        # The tool refuses variables of its own name that it does not know.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FUNCSERVER_")}
        return subprocess.run([TOOL, *arguments], cwd=self.folder, env=environment, capture_output=True, timeout=600)


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with Flask."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    made = folder / "bin" / "python"
    subprocess.run([made, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
    return made


@pytest.fixture
def project(tmp_path: Path, python: Path) -> Project:
    return Project(tmp_path, python)


def error_of(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1, result.stderr
    last = result.stderr.strip().split("\n")[-1]
    assert last.startswith("error: "), result.stderr
    return last


FLASK = """
import os
import secrets
from pathlib import Path

from flask import Flask, render_template

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
TOKEN = secrets.token_hex()


@app.get("/key")
def key():
    return {"key": app.secret_key, "token": TOKEN}


@app.get("/page")
def page():
    return render_template("page.html", name="<you>")


@app.get("/late")
def late():
    from .late import ANSWER

    return {"answer": ANSWER}


@app.get("/source")
def source():
    import traceback

    try:
        raise ValueError("seen")
    except ValueError:
        return {"trace": traceback.format_exc(), "here": Path("shop/templates/page.html").read_text()}
"""


def flask_shop(project: Project) -> None:
    project.put("shop/__init__.py", FLASK)
    project.put("shop/late.py", "ANSWER = 42\n")
    project.put("shop/templates/page.html", "<p>Hello, {{ name }}</p>")
    project.put("shop/static/style.css", "body {}")
    project.settings('[guest.env]\nSECRET_KEY = "of the instance"\n')


def test_a_granted_variable_that_is_read_at_import_is_refused_under_build(project: Project) -> None:
    flask_shop(project)
    error = error_of(project.build("shop:app", "--granted", "SECRET_KEY"))
    assert "shop/__init__.py:9 reads the variable SECRET_KEY" in error
    assert 'component.import = "start"' in error
    assert "on_start" in error
    assert not project.component.exists()


def test_under_start_an_app_has_the_key_and_the_randomness_of_its_instance(project: Project) -> None:
    flask_shop(project)
    built = project.build("shop:app", "--import", "start", "--granted", "SECRET_KEY")
    assert built.returncode == 0, built.stderr
    assert "warning" not in built.stderr
    paths = ("/key", "/key", "/page", "/late", "/source", "/static/style.css")
    first, second, page, late, source, style = project.ask(*paths)
    keys = [json.loads(reply["body"]) for reply in (first, second)]
    assert [key["key"] for key in keys] == ["of the instance"] * 2
    assert keys[0]["token"] != keys[1]["token"]
    assert page["body"] == "<p>Hello, &lt;you&gt;</p>"
    assert json.loads(late["body"]) == {"answer": 42}
    shown = json.loads(source["body"])
    assert 'File "/app/shop/__init__.py"' in shown["trace"]
    assert 'raise ValueError("seen")' in shown["trace"]
    assert shown["here"] == "<p>Hello, {{ name }}</p>"
    assert style["body"] == "body {}"
    assert "etag" in style["headers"]


WSGI = """
import json
import os
import random
import secrets
import sys
import time

from funcserver import on_start

BUILT_AT = time.time()
NUMBER = random.choice(range(10**9))
SEEDED = random.Random(1).random()
STATE = {}


@on_start
def begin():
    STATE["key"] = os.environ["SECRET_KEY"]
    STATE["token"] = secrets.token_hex()


def late():
    import importlib.metadata
    import importlib.resources
    import pkgutil
    import zoneinfo

    import flask
    import wave  # nothing has imported it before

    with open("data/words.txt") as file:
        words = file.read()
    walked = sorted(os.path.join(folder, name) for folder, _, names in os.walk("data") for name in names)
    return {
        "version": importlib.metadata.version("flask"),
        "commands": [point.value for point in importlib.metadata.entry_points(group="console_scripts", name="flask")],
        "typed": importlib.resources.files("flask").joinpath("py.typed").is_file(),
        "modules": [module.name for module in pkgutil.iter_modules(flask.__path__)][:3],
        "zone": str(zoneinfo.ZoneInfo("Asia/Tokyo")),
        "idna": "münchen".encode("idna").decode() + "ß".encode("cp1252").hex(),
        "words": words,
        "walked": walked,
        "folder": os.getcwd(),
        "wave": wave.__file__,
        "size": os.stat("data/words.txt").st_size,
        "hidden": os.path.exists(".env"),
    }


def write():
    try:
        open("data/new.txt", "w")
    except OSError as error:
        return str(error)


def app(environ, start_response):
    routes = {"/late": late, "/state": lambda: STATE | {"number": NUMBER, "built": BUILT_AT}, "/write": write}
    routes["/random"] = lambda: [random.random(), secrets.token_hex()]
    start_response("200 OK", [("content-type", "application/json")])
    return [json.dumps(routes[environ["PATH_INFO"]]()).encode()]
"""


def test_under_build_what_is_frozen_is_told_and_the_rest_is_fresh(project: Project) -> None:
    project.put("app.py", WSGI)
    project.put("data/words.txt", "wörds")
    project.put("data/more/x.bin", "x")
    project.put(".env", "SECRET_KEY=never packed")
    project.settings('[guest.env]\nSECRET_KEY = "of the instance"\n')
    built = project.build("app:app", "--granted", "SECRET_KEY")
    assert built.returncode == 0, built.stderr
    warnings = [line for line in built.stderr.split("\n") if line.startswith("warning: ")]
    assert [warning.split(" ")[1] for warning in warnings] == ["app.py:11", "app.py:12"], built.stderr

    late, first, second, write, one, other = project.ask("/late", "/state", "/state", "/write", "/random", "/random")
    states = [json.loads(reply["body"]) for reply in (first, second)]
    assert [state["key"] for state in states] == ["of the instance"] * 2
    assert states[0]["token"] != states[1]["token"]
    assert states[0]["number"] == states[1]["number"]
    for drawn, again in zip(json.loads(one["body"]), json.loads(other["body"]), strict=True):
        assert drawn != again
    assert "Read-only" not in write["body"] and "/tmp" in write["body"]
    assert json.loads(late["body"]) == {
        "version": "3.1.3",
        "commands": ["flask.cli:main"],
        "typed": True,
        "modules": ["__main__", "app", "blueprints"],
        "zone": "Asia/Tokyo",
        "idna": "xn--mnchen-3yadf",
        "words": "wörds",
        "walked": ["data/more/x.bin", "data/words.txt"],
        "folder": "/app",
        "wave": "/python/wave.py",
        "size": 6,
        "hidden": False,
    }


def test_a_package_that_reads_a_granted_variable_at_import_is_imported_by_the_instance(project: Project) -> None:
    packages = next(project.python.parents[1].glob("lib/python*/site-packages"))
    package = packages / "reads_region.py"
    package.write_text("import os\n\nREGION = os.environ.get('REGION', 'nowhere')\n")
    project.put(
        "app.py",
        "import json\nimport reads_region\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [reads_region.REGION.encode()]\n",
    )
    project.settings('[guest.env]\nREGION = "here"\n')
    try:
        assert "in the import of reads_region" in error_of(project.build("app:app", "--granted", "REGION"))
        built = project.build("app:app", "--granted", "REGION", "--import", "start")
    finally:
        package.unlink()
    assert built.returncode == 0, built.stderr
    assert "reads_region reads the variable REGION" in built.stderr
    assert project.ask("/")[0]["body"] == "here"


def test_a_component_of_dev_reads_the_files_of_the_instance(project: Project) -> None:
    project.put("app.py", "from other import app\n")
    project.put("other.py", "def app(environ, start_response):\n    return [b'not this']\n")
    built = project.build("app:app", "--dev")
    assert built.returncode == 0, built.stderr
    project.put(
        "assets/app/app.py",
        "from words import WORDS\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [WORDS + open('here.txt', 'rb').read()]\n",
    )
    project.put("assets/app/words.py", "WORDS = b'read '")
    project.put("assets/app/here.txt", "here")
    project.settings('[guest]\nassets = "assets"\n')
    assert project.ask("/")[0]["body"] == "read here"


Case = tuple[str, str, list[str], list[str]]
REFUSED: list[Case] = [
    ("app:app", "import flask\nimport requests\napp = 1\n", [], ["app.py:2", "pip install requests"]),
    ("app:app", "import yaml\napp = 1\n", ["--import", "start"], ["app.py:1", "pip install PyYAML"]),
    ("app:app", "def make():\n    raise ValueError('no shop')\napp = make()\n", [], ["ValueError: no shop"]),
    ("app:ap", "def app(environ, start_response): ...\n", [], ["did you mean app:app?"]),
    ("app:ap", "def app(environ, start_response): ...\n", ["--import", "start"], ["did you mean app:app?"]),
    ("shop:app", "app = 1\n", [], ["no shop.py"]),
    ("app:app", "app = 'hello'\n", [], ["not an app", "`str`"]),
    ("app:app", "import threading\nthreading.Thread(target=print).start()\napp = 1\n", [], ["threads cannot"]),
    ("app:app", "import subprocess\nsubprocess.run(['ls'])\napp = 1\n", [], ["processes cannot"]),
    ("app:app", "def app(environ, start_response)\n    pass\n", [], ["SyntaxError", "line 1"]),
    ("app:app", "def app(environ, start_response)\n    pass\n", ["--import", "start"], ["SyntaxError", "line 1"]),
    ("app:app", "import os\nALL = dict(os.environ)\napp = 1\n", ["--granted", "KEY"], ["app.py:2", "all variables"]),
    ("app:app", "import bz2\ndef app(environ, start_response): ...\n", ["--import", "start"], ["bz2 is missing"]),
    ("app", "app = 1\n", [], ["MODULE:NAME"]),
]


@pytest.mark.parametrize(("app", "source", "options", "said"), REFUSED)
def test_bad_input_is_one_error_that_says_what_to_do(
    project: Project, app: str, source: str, options: list[str], said: list[str]
) -> None:
    project.put("app.py", source)
    error = error_of(project.build(app, *options))
    for part in said:
        assert part in error
    assert not project.component.exists()


def test_what_a_failed_build_printed_and_raised_is_shown_with_the_apps_own_lines(project: Project) -> None:
    project.put("app.py", "print('so far')\nfrom inner import value\n")
    project.put("inner.py", "import json\n\nvalue = json.loads('{')\n")
    shown = project.build("app:app").stderr
    assert "    so far\n" in shown
    assert "    app.py:2\n" in shown
    assert "    inner.py:3\n        value = json.loads('{')\n" in shown
    assert "json/decoder.py" not in shown
    assert "Stack backtrace" not in shown


def test_an_extension_of_the_machine_is_named(project: Project, python: Path) -> None:
    packages = next(Path(python).parents[1].glob("lib/python*/site-packages"))
    info = packages / "fastthing-1.0.dist-info"
    package = packages / "fastthing"
    try:
        package.mkdir()
        info.mkdir()
        (package / "__init__.py").write_text("from fastthing import _fast\n")
        (package / "_fast.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fastthing\nVersion: 1.0\n")
        (info / "RECORD").write_text(
            "fastthing/__init__.py,,\nfastthing/_fast.cpython-311-x86_64-linux-gnu.so,,\n"
            "fastthing-1.0.dist-info/METADATA,,\nfastthing-1.0.dist-info/RECORD,,\n"
        )
        project.put("app.py", "import fastthing\n\ndef app(environ, start_response): ...\n")
        for options in ([], ["--import", "start"]):
            error = error_of(project.build("app:app", *options))
            assert "fastthing 1.0 has parts in C or Rust" in error
    finally:
        for folder in (package, info):
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
