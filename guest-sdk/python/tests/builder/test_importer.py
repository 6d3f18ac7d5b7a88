import os
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"

BEGIN = """
import marshal, sys, zlib
from funcserver import pack
from funcserver.guest.files import Files, System
from funcserver.guest.importer import Modules

def source(path, text):
    return pack.Entry(path, pack.FILE, len(text), 0, text.encode())

def code(path, text):
    compiled = zlib.compress(marshal.dumps(compile(text, "/packages/" + path, "exec")))
    return pack.Entry(path, pack.CODE, len(text), 0, compiled)

files = Files()
files.add("/app", [
    source("shop/__init__.py", "from . import inner"),
    source("shop/inner.py", "VALUE = 1\\ndef fail():\\n    raise ValueError('seen')\\n"),
    source("shop/words.txt", "words"),
    source("spaces/one.py", ""),
    source("broken.py", "def ("),
])
files.add("/packages", [
    code("thing/__init__.py", "import thing.sub"),
    code("thing/sub.py", "NAME = __name__"),
    code("spaces/two.py", ""),
    source("thing/data.txt", "data"),
    source("thing-2.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: thing\\nVersion: 2.0\\n"),
])
System(files, "/app").install()
Modules(files, {}, "/packages").install(["/app", "/packages", *sys.path])
"""


def run(body: str) -> None:
    program = BEGIN + textwrap.dedent(body)
    environment = os.environ | {"PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_modules_packages_and_namespaces_are_imported() -> None:
    run("""
        import shop, thing, spaces.one, spaces.two
        assert shop.inner.VALUE == 1 and shop.__file__ == "/app/shop/__init__.py" and shop.__path__ == ["/app/shop"]
        assert thing.sub.NAME == "thing.sub" and thing.sub.__file__ == "/packages/thing/sub.py"
        assert list(spaces.__path__) == ["/app/spaces", "/packages/spaces"]
    """)


def test_a_module_is_loaded_by_the_path_of_its_file() -> None:
    run("""
        from importlib import util
        for path, name in (("/app/shop/inner.py", "VALUE"), ("/packages/thing/sub.py", "NAME")):
            spec = util.spec_from_file_location("by_path", path)
            module = util.module_from_spec(spec)
            spec.loader.exec_module(module)
            assert hasattr(module, name) and module.__file__ == path
    """)


def test_what_does_not_compile_or_exist_says_so() -> None:
    run("""
        try:
            import broken
        except SyntaxError as error:
            assert error.filename == "/app/broken.py" and error.lineno == 1
        else:
            raise AssertionError
        try:
            import shop.none
        except ModuleNotFoundError as error:
            assert error.name == "shop.none"
        else:
            raise AssertionError
    """)


def test_metadata_resources_and_listings_find_what_is_in_memory() -> None:
    run("""
        import importlib.metadata, importlib.resources, pkgutil
        import shop, thing
        assert importlib.metadata.version("thing") == "2.0"
        assert importlib.resources.files("shop").joinpath("words.txt").read_text() == "words"
        assert pkgutil.get_data("thing", "data.txt") == b"data"
        assert [module.name for module in pkgutil.iter_modules(shop.__path__)] == ["inner"]
        assert "shop" in [module.name for module in pkgutil.iter_modules()]
    """)


def test_a_traceback_shows_the_apps_source_and_no_line_of_the_importer() -> None:
    run("""
        import traceback
        import shop
        try:
            shop.inner.fail()
        except ValueError:
            shown = traceback.format_exc()
        assert 'File "/app/shop/inner.py", line 3, in fail' in shown and "raise ValueError('seen')" in shown
        import inspect
        assert inspect.getsource(shop.inner.fail).startswith("def fail")
        files.add("/app", [source("raises.py", "raise KeyError(1)")])
        try:
            import raises
        except KeyError:
            assert "importer.py" not in traceback.format_exc()
    """)
