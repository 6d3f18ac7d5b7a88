import json

import pytest
from inside import inside

from funcserver.guest import log


def records(code: str, stream: str = "stderr"):
    done = inside(code)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in getattr(done, stream).splitlines()]


def test_levels_names_and_extra_fields_reach_the_host():
    code = """
import logging
log = logging.getLogger("shop")
log.setLevel("INFO")
log.debug("unseen")
log.info("opened %s", "cart", extra={"cart": 3, "at": logging})
logging.warning("from the root")
logging.info("below the root's level")
"""
    first, second = records(code)
    assert first.pop("at").startswith("<module")
    assert first == {"level": "INFO", "message": "opened cart", "logger": "shop", "cart": 3}
    assert second == {"level": "WARNING", "message": "from the root", "logger": "root"}


def test_a_traceback_is_one_record():
    code = """
import logging
try:
    1 / 0
except ZeroDivisionError:
    logging.exception("caught")
"""
    (record,) = records(code)
    assert record["level"] == "ERROR"
    assert record["message"].startswith("caught\nTraceback (most recent call last):\n")
    assert record["message"].endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize("also", ["", "import flask; flask.Flask('x').logger\n"])
def test_basic_config_works_as_without_a_handler(also):
    code = f"""
import logging
{also}logging.basicConfig(level="DEBUG", format="%(name)s says %(message)s")
logging.getLogger("shop").debug("hello")
"""
    assert records(code) == [{"level": "DEBUG", "message": "shop says hello", "logger": "shop"}]


def test_a_handler_of_the_apps_own_writes_once_and_keeps_the_level():
    code = """
import logging, sys
log = logging.getLogger("shop")
log.addHandler(logging.StreamHandler(sys.stdout))
log.setLevel("INFO")
log.info("one")
logging.getLogger().addHandler(logging.StreamHandler())
logging.error("two")
"""
    assert records(code, "stdout") == [{"level": "INFO", "message": "one", "logger": "shop"}]
    assert [record["message"] for record in records(code)] == ["two"]


def test_errors_that_no_handler_of_the_app_writes_are_written():
    """Django's default sends them by mail only."""
    code = """
import logging
log = logging.getLogger("django")
log.addHandler(logging.NullHandler())
log.warning("unseen")
log.error("Internal Server Error: /")
"""
    assert records(code) == [{"level": "ERROR", "message": "Internal Server Error: /", "logger": "django"}]


def test_lines_of_a_json_formatter_stay_as_they_are():
    code = """
import logging
logging.basicConfig(format='{"severity": "%(levelname)s", "msg": "%(message)s"}')
logging.warning("hello")
"""
    assert records(code) == [{"severity": "WARNING", "msg": "hello"}]


def test_other_streams_are_written_as_ever():
    code = """
import io, logging
stream = io.StringIO()
logging.basicConfig(stream=stream)
logging.warning("hello")
print(stream.getvalue(), end="")
"""
    assert inside(code).stdout == "WARNING:root:hello\n"


@pytest.mark.parametrize("note", [None, "when serializing dict item 'detail'", "two\nlines"])
def test_a_failure_begins_with_the_exception_and_not_with_its_notes(note, capsys):
    error = ValueError("out of range")
    if note is not None:
        error.add_note(note)
    log.failure(error, "GET /")
    message = json.loads(capsys.readouterr().err)["message"]
    assert message.startswith("GET / failed: ValueError: out of range\n")
    assert note is None or message.endswith(f"{note}\n")


def test_a_failure_is_one_record_with_the_apps_part_of_the_traceback(serve, capsys):
    def app(environ, start_response):
        raise ValueError("no stock")

    assert serve(app)("GET", "/cart").status == 500
    record = json.loads(capsys.readouterr().err)
    assert record["level"] == "ERROR" and record["error"] == "ValueError"
    assert record["message"].startswith("GET /cart failed: ValueError: no stock\nTraceback (most recent call last):\n")
    assert "funcserver/guest" not in record["message"]


def test_a_failed_import_of_what_a_component_lacks_says_so(serve, capsys):
    def app(environ, start_response):
        raise ModuleNotFoundError("No module named 'fcntl'", name="fcntl")

    serve(app)()
    message = json.loads(capsys.readouterr().err)["message"]
    assert message.startswith("GET / failed: ModuleNotFoundError: No module named 'fcntl'\n")
    assert "fcntl is missing in a component: " in message


def test_long_messages_keep_their_ends(capsys):
    log.failure(ValueError("x" * 100_000 + "end"), "GET /")
    line = capsys.readouterr().err
    assert len(line) < 32_000
    assert json.loads(line)["message"].startswith("GET / failed") and "characters …" in line and "end" in line


def test_what_a_component_lacks_is_explained_wherever_the_error_is_written():
    code = """
import logging
def use_locks():
    raise ModuleNotFoundError("No module named 'fcntl'", name="fcntl")
try:
    try:
        use_locks()
    except ImportError as error:
        raise RuntimeError("cannot lock") from error
except RuntimeError:
    logging.exception("as frameworks do")
    logging.exception("and twice")
"""
    for record in records(code):
        message = record["message"]
        assert message.count("its files belong to one request, so they need no locks") == 1, message
        assert message.rstrip().endswith("RuntimeError: cannot lock")
