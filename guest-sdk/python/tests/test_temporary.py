import pytest
from inside import output

# As in an instance without /tmp.
NO_FOLDER = """
import tempfile
from funcserver.guest import temporary
def none():
    raise FileNotFoundError("none")
temporary._own_default_folder = none
tempfile.tempdir = None
"""


def test_files_without_a_name_stay_in_memory():
    code = """
with tempfile.SpooledTemporaryFile(max_size=10, mode="rb+") as file:
    for _ in range(3):
        file.write(b"x" * 100)
    file.seek(0)
    print(len(file.read()))
with tempfile.TemporaryFile() as file, tempfile.TemporaryFile("w+") as text:
    print(file.write(b"ab"), text.write("abc"))
"""
    assert output(NO_FOLDER + code) == "300\n2 3\n"


@pytest.mark.parametrize("make", ["NamedTemporaryFile", "TemporaryDirectory", "mkstemp", "gettempdir"])
def test_files_with_a_name_fail_with_a_sentence(make):
    code = f"""
try:
    tempfile.{make}()
except FileNotFoundError as error:
    print(error)
"""
    assert "set `guest.tmp = true` in funcserver.toml" in output(NO_FOLDER + code)


def test_a_folder_is_used_if_there_is_one():
    code = """
import os, tempfile
with tempfile.NamedTemporaryFile() as file:
    print(os.path.exists(file.name))
"""
    assert output(code) == "True\n"
