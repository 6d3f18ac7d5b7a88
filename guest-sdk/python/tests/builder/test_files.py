import os
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"

# In a process of its own, because the functions that are replaced are everybody's.
BEGIN = """
import errno, io, os, shutil, sys
from pathlib import Path
from funcserver import pack
from funcserver.guest.files import Files, System

def entry(path, content, kind=pack.FILE):
    return pack.Entry(path, kind, len(content), 1_700_000_000, content)

files = Files()
files.add("/app", [entry("a.txt", "ä1\\n2\\n".encode()), entry("sub/b.bin", b"bb"), entry("mod.py", b"x = 1")])
System(files, "/app").install()

def fails(error, function, *arguments):
    try:
        function(*arguments)
    except error as raised:
        return raised
    raise AssertionError("it did not fail")
"""


def run(body: str) -> None:
    program = BEGIN + textwrap.dedent(body)
    environment = os.environ | {"PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_files_are_read_by_absolute_and_relative_paths() -> None:
    run("""
        assert open("a.txt").read() == "ä1\\n2\\n"
        assert open("/app/sub/../a.txt", "rb").read(2) == "ä".encode()
        assert Path("sub/b.bin").read_bytes() == b"bb"
        assert Path("/app/sub").joinpath("b.bin").stat().st_size == 2
        assert [line for line in open(b"a.txt", encoding="utf-8")] == ["ä1\\n", "2\\n"]
        assert open("a.txt").name == "a.txt"
        assert os.path.abspath("x") == "/app/x" and os.getcwd() == "/app"
    """)


def test_folders_are_listed() -> None:
    run("""
        assert sorted(os.listdir("/app")) == ["a.txt", "mod.py", "sub"] == sorted(os.listdir())
        assert os.listdir(b"sub") == [b"b.bin"]
        found = [(entry.name, entry.path, entry.is_file(), entry.is_dir()) for entry in os.scandir("sub")]
        assert found == [("b.bin", "sub/b.bin", True, False)]
        assert [(folder, sorted(names)) for folder, _, names in os.walk("/app")] == [
            ("/app", ["a.txt", "mod.py"]), ("/app/sub", ["b.bin"])]
        assert sorted(path.name for path in Path("/app").rglob("*")) == ["a.txt", "b.bin", "mod.py", "sub"]
        assert os.path.isdir("sub") and os.path.isfile("a.txt") and not os.path.exists("c")
        fails(NotADirectoryError, os.listdir, "a.txt")
        fails(IsADirectoryError, open, "sub")
        os.chdir("sub")
        assert open("b.bin", "rb").read() == b"bb" and os.getcwd() == "/app/sub"
        fails(NotADirectoryError, os.chdir, "b.bin")
    """)


def test_an_error_names_the_path_that_the_app_used() -> None:
    run("""
        assert fails(FileNotFoundError, open, "none.txt").filename == "none.txt"
        assert fails(FileNotFoundError, os.stat, "none.txt").filename == "none.txt"
        assert fails(FileNotFoundError, os.listdir, "/app/none").filename == "/app/none"
    """)


def test_the_apps_files_cannot_be_changed_and_other_files_can() -> None:
    run("""
        import tempfile
        for change in (lambda: open("a.txt", "a"), lambda: open("new", "w"), lambda: os.remove("a.txt"),
                       lambda: os.rename("a.txt", "b"), lambda: os.mkdir("d"), lambda: Path("a.txt").write_text("")):
            error = fails(OSError, change)
            assert error.errno == errno.EROFS and "/tmp" in str(error)
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy("/app/a.txt", folder)
            copied = Path(folder, "a.txt")
            assert copied.read_text() == "ä1\\n2\\n"
            os.rename(copied, Path(folder, "b.txt"))
            assert os.listdir(folder) == ["b.txt"]
            fails(OSError, os.rename, Path(folder, "b.txt"), "/app/c")
        fails(io.UnsupportedOperation, open("a.txt", "rb").write, b"x")
    """)


def test_the_functions_stay_functions_as_attributes_of_classes() -> None:
    run("""
        class Uses:
            stat = os.stat
            open = open
            remove = os.remove
        assert Uses().stat("/app/a.txt").st_size == 6
        assert Uses().open("a.txt").read(1) == "ä"
        fails(OSError, Uses().remove, "a.txt")
    """)
