from inside import output


def test_a_database_that_cannot_be_opened_says_where_one_can_be():
    code = """
import sqlite3
from sqlite3 import dbapi2
for connect in (sqlite3.connect, dbapi2.connect):
    try:
        connect("/nowhere/db.sqlite3")
    except sqlite3.OperationalError as error:
        print(error)
"""
    for line in output(code).splitlines():
        assert line.startswith("unable to open database file: /nowhere/db.sqlite3: SQLite sees no files")
        assert "guest.tmp" in line


def test_a_database_in_memory_works():
    code = """
import sqlite3
print(sqlite3.connect(":memory:", timeout=1).execute("select 1").fetchone())
"""
    assert output(code) == "(1,)\n"
