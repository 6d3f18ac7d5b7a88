"""Compiles the standard library and packages. The builder runs this once, caches the result and discards the component.

Compiling leaves much freed memory behind, which the component of an app would contain otherwise.
"""

import json
import marshal
import os
import time
import warnings
import zlib
from collections.abc import Iterator

from funcserver import pack

STANDARD_LIBRARY = "/python"
# Nothing in a component can use them: they need a terminal, a display, a C library or the tests' data.
LEFT_OUT = {"__pycache__", "site-packages", "test", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "venv"}
LEFT_OUT |= {"turtle.py", "curses", "pydoc_data", "__phello__", "_ios_support.py", "_apple_support.py"}
LEVEL = 9
READS_SOURCE = b"inspect.getsource("

staging = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))


def parts(entry: pack.Entry, root: str) -> Iterator[pack.Entry]:
    if entry.kind != pack.SOURCE:
        yield entry
        return
    yield compiled(entry, root)
    # Some modules look at their own source.
    if READS_SOURCE in entry.content:
        yield entry._replace(kind=pack.COMPRESSED, content=zlib.compress(entry.content, LEVEL))


def compiled(entry: pack.Entry, root: str) -> pack.Entry:
    try:
        code = compile(entry.content, f"{root}/{entry.path}", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return entry
    return entry._replace(kind=pack.CODE, content=zlib.compress(marshal.dumps(code), LEVEL))


def standard_library() -> Iterator[pack.Entry]:
    for folder, folders, names in os.walk(STANDARD_LIBRARY):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(set(names) - LEFT_OUT):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    content = file.read()
                yield pack.Entry(os.path.relpath(path, STANDARD_LIBRARY), pack.SOURCE, len(content), 0, content)


def sources(file: str) -> Iterator[pack.Entry]:
    with open(os.path.join(staging, file), "rb") as opened:
        yield from pack.read(opened)


def run() -> None:
    warnings.simplefilter("ignore")
    with open(os.path.join(staging, "precompile.json"), encoding="utf-8") as file:
        jobs = json.load(file)
    for job in jobs:
        entries = standard_library() if job["source"] is None else sources(job["source"])
        made = [part for entry in entries for part in parts(entry, job["root"])]
        with open(os.path.join(staging, job["output"]), "wb") as output:
            pack.write(output, made)


begin = time.perf_counter()
run()
# There is nothing to make a component of.
raise SystemExit(f"compiled in {time.perf_counter() - begin:.1f} s")
