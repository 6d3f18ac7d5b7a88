"""What the app's own files import, as far as their syntax tells."""

import ast
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

# Changes when what this module finds in a file changes.
FORMAT = "2"

DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
IMPORT_LINE = re.compile(r"^(\s*)(?:import\s+([\w.]+)|from\s+([\w.]+)\s+import\b)", re.MULTILINE)


class Import(NamedTuple):
    name: str
    line: int
    certain: bool
    """Whether it runs whenever the file is imported, and the import fails if this one does."""
    module: bool
    """Whether the name is a module's; `y` of `from x import y` may be another thing."""


class Imports(NamedTuple):
    found: list[Import]
    strings: list[str]
    """Texts of the form `a.b.c`, which may name modules, as in Django's settings."""
    guessed: bool
    """Whether this Python could not parse the file, so that only its lines tell."""


def of(source: bytes, module: str, package: bool) -> Imports:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        # The component's Python may be newer than this one, and know its syntax.
        return Imports(list(by_line(source.decode(errors="replace"))), [], True)
    collector = Collector(module if package else module.rpartition(".")[0])
    collector.visit(tree)
    return Imports(collector.found, collector.strings, False)


def by_line(source: str) -> Iterator[Import]:
    for match in IMPORT_LINE.finditer(source):
        name = match[2] or match[3]
        if not name.startswith("."):
            yield Import(name, source.count("\n", 0, match.start()) + 1, False, True)


class Collector(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.package = package
        self.certain = True
        self.found: list[Import] = []
        self.strings: list[str] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.found.append(Import(alias.name, node.lineno, self.certain, True))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = self._absolute(node)
        if base:
            self.found.append(Import(base, node.lineno, self.certain, True))
            for alias in node.names:
                if alias.name != "*":
                    self.found.append(Import(f"{base}.{alias.name}", node.lineno, self.certain, False))

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and len(node.value) < 200 and DOTTED.fullmatch(node.value):
            self.strings.append(node.value)

    def visit_Try(self, node: ast.Try) -> None:
        self._uncertain(node.body)
        for part in (node.handlers, node.orelse, node.finalbody):
            self._uncertain(part)

    visit_TryStar = visit_Try

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        # What only type checkers import, or only who runs the file as a program.
        if not mentions(node.test, "TYPE_CHECKING") and not mentions(node.test, "__name__"):
            self._uncertain(node.body)
        self._uncertain(node.orelse)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self.visit(node.args)
        self._uncertain(node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._uncertain([node.body])

    def _uncertain(self, nodes: list) -> None:
        certain, self.certain = self.certain, False
        for node in nodes:
            self.visit(node)
        self.certain = certain


def mentions(node: ast.AST, name: str) -> bool:
    return any(
        (isinstance(part, ast.Name) and part.id == name) or (isinstance(part, ast.Attribute) and part.attr == name)
        for part in ast.walk(node)
    )


def is_test(path: str) -> bool:
    """Whether a file is a test's, by the names that pytest and unittest look for: what it imports is not the app's."""
    *folders, name = path.split("/")
    return (
        name.startswith("test_")
        or name in ("conftest.py", "setup.py", "noxfile.py", "tests.py")
        or name.endswith("_test.py")
        or "tests" in folders
        or "test" in folders
    )


def assigned(source: bytes) -> list[str] | None:
    """The names that a file gives a value at its top level. None if the syntax does not tell."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            if any(alias.name == "*" for alias in node.names):
                return None
            names += [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
    return None if "__getattr__" in names or any("globals" in n for n in names) else names


STANDARD = sys.stdlib_module_names
