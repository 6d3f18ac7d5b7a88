"""Finds the apps in a folder by reading its sources: `python -m funcserver.build.find [FOLDER]` prints them as JSON.

Nothing of the folder is imported or changed.
"""

import ast
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

# What makes an app: the dotted name of a class or function, and its framework. A name from an app's own module is found
# by the modules that it is imported from.
FRAMEWORKS = {
    "flask.Flask": "Flask",
    "fastapi.FastAPI": "FastAPI",
    "fastapi.applications.FastAPI": "FastAPI",
    "starlette.applications.Starlette": "Starlette",
    "django.core.wsgi.get_wsgi_application": "Django",
    "django.core.asgi.get_asgi_application": "Django",
    "falcon.App": "Falcon",
    "falcon.API": "Falcon",
    "falcon.asgi.App": "Falcon",
    "bottle.Bottle": "Bottle",
    "bottle.default_app": "Bottle",
    "bottle.app": "Bottle",
    "quart.Quart": "Quart",
}

# What reads something that is fixed if it is read while a component is built.
ENVIRONMENT = {"os.environ", "os.environb"}
ENVIRONMENT_CALLS = {"os.getenv", "os.environ.get", "decouple.config", "dotenv.load_dotenv", "dotenv.dotenv_values"}
# Classes whose instances read the environment when they are made.
ENVIRONMENT_CLASSES = {"pydantic_settings.BaseSettings", "pydantic.BaseSettings", "environ.Env", "environs.Env"}
# Classes whose instances are called with the name of a variable.
READERS = {"starlette.config.Config", "environ.Env", "environs.Env"}
FLASK_ENVIRONMENT = {"from_prefixed_env", "from_envvar"}
RANDOM_CALLS = {"os.urandom", "uuid.uuid1", "uuid.uuid4", "random.random", "random.randint", "random.choice"}
RANDOM_MODULES = {"secrets"}
CLOCK_CALLS = {"time.time", "time.time_ns", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"}

# Scripts that an app does not import.
SCRIPTS = {"manage.py", "setup.py", "noxfile.py", "fabfile.py", "tasks.py", "conftest.py", "gunicorn.conf.py"}
LEFT_OUT = {
    "node_modules",
    "__pycache__",
    "build-output",
    "dist",
    "build",
    "tests",
    "test",
    "migrations",
    "site-packages",
}
# A folder with more files is no app.
MOST_FILES = 5_000


@dataclass
class FoundApp:
    """An app, as `component.app` names it."""

    app: str
    framework: str
    file: str
    line: int
    factory: bool = False


@dataclass
class Read:
    """A read of the environment, of the clock or of randomness."""

    kind: str
    what: str
    file: str
    line: int
    # The variable, if its name is written there.
    name: str | None = None
    # Whether the app fails without the variable.
    required: bool = False
    at_import: bool = True


@dataclass
class Module:
    name: str
    file: str
    tree: ast.Module
    # What a name means here: `Flask` is `flask.Flask`.
    names: dict[str, str] = field(default_factory=dict)
    # Functions that return an app, with its framework, and the line.
    factories: dict[str, tuple[str, int]] = field(default_factory=dict)
    # Classes whose instances read the environment, each with the variables that it needs.
    settings: dict[str, list[str]] = field(default_factory=dict)
    # Objects that read the variable that they are called with.
    readers: set[str] = field(default_factory=set)


def find(folder: Path) -> dict[str, object]:
    unreadable: list[str] = []
    modules = {module.name: module for module in _modules(folder, unreadable)}
    # A factory may call one of another module, so the second round knows those of the first.
    for _ in range(2):
        for module in modules.values():
            _learn(module, modules)
    apps = [app for module in modules.values() for app in _apps(module, modules)]
    reads = [read for module in modules.values() for read in _reads(module, modules)]
    return {
        "apps": [asdict(app) for app in _best_first(apps)],
        "reads": [asdict(read) for read in reads],
        "modules": len(modules) + len(unreadable),
    }


def _modules(folder: Path, unreadable: list[str]) -> Iterator[Module]:
    """Adds to `unreadable` what is not Python of this version."""
    for count, path in enumerate(_files(folder)):
        if count >= MOST_FILES:
            return
        relative = path.relative_to(folder)
        parts = list(relative.with_suffix("").parts)
        # The usual layout, whose `src` is no part of the modules' names.
        if parts[0] == "src" and not (folder / "src" / "__init__.py").exists():
            parts.pop(0)
        if parts[-1] == "__init__":
            parts.pop()
        if not parts or not all(part.isidentifier() for part in parts):
            continue
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError, OSError, RecursionError):
            # The build names it, if the app imports it.
            unreadable.append(relative.as_posix())
            continue
        module = Module(".".join(parts), relative.as_posix(), tree)
        _imports(module, is_package=path.name == "__init__.py")
        yield module


def _files(folder: Path) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in LEFT_OUT
            and not os.path.exists(os.path.join(current, name, "pyvenv.cfg"))
        )
        for name in sorted(files):
            if name.endswith(".py") and name not in SCRIPTS and not name.startswith("test_"):
                yield Path(current, name)


def _imports(module: Module, is_package: bool) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    module.names[alias.asname] = alias.name
                else:
                    first = alias.name.split(".")[0]
                    module.names[first] = first
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.name.split(".")
                above = parts[: len(parts) - node.level + is_package]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                module.names[alias.asname or alias.name] = f"{base}.{alias.name}"


def _dotted(node: ast.expr, module: Module) -> str | None:
    """What an expression such as `flask.Flask` names, in full."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    first = module.names.get(node.id, f"{module.name}.{node.id}")
    return ".".join([first, *reversed(parts)])


def _framework(node: ast.expr | None, module: Module, modules: dict[str, Module]) -> str | None:
    """The framework of the app that an expression makes."""
    if not isinstance(node, ast.Call):
        return None
    called = _dotted(node.func, module)
    if called is None:
        return None
    if called in FRAMEWORKS:
        return FRAMEWORKS[called]
    owner, _, name = called.rpartition(".")
    factory = modules[owner].factories.get(name) if owner in modules else None
    return factory[0] if factory else None


def _learn(module: Module, modules: dict[str, Module]) -> None:
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef):
            framework = _returned_app(node, module, modules)
            if framework:
                module.factories[node.name] = (framework, node.lineno)
        elif isinstance(node, ast.ClassDef):
            bases = {_dotted(base, module) for base in node.bases}
            own = {f"{name}.{cls}" for name, other in modules.items() for cls in other.settings}
            if bases & (ENVIRONMENT_CLASSES | own):
                module.settings[node.name] = _needed(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            if _dotted(node.value.func, module) in READERS:
                module.readers.update(_targets(node))


def _needed(settings: ast.ClassDef) -> list[str]:
    """The variables of the fields without a default."""
    prefix = ""
    for node in ast.walk(settings):
        if isinstance(node, ast.keyword) and node.arg == "env_prefix":
            prefix = _text(node.value) or ""
    fields = [node for node in settings.body if isinstance(node, ast.AnnAssign) and node.value is None]
    names = [node.target.id for node in fields if isinstance(node.target, ast.Name)]
    return [f"{prefix}{name}".upper() for name in names if name != "model_config"]


def _returned_app(function: ast.FunctionDef, module: Module, modules: dict[str, Module]) -> str | None:
    made: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            framework = _framework(node.value, module, modules)
            for name in _targets(node):
                if framework:
                    made[name] = framework
    for node in ast.walk(function):
        if isinstance(node, ast.Return):
            if isinstance(node.value, ast.Name) and node.value.id in made:
                return made[node.value.id]
            if framework := _framework(node.value, module, modules):
                return framework
    return None


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _apps(module: Module, modules: dict[str, Module]) -> Iterator[FoundApp]:
    objects: dict[str, FoundApp] = {}
    for node in _at_import(module.tree.body):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            framework = _framework(node.value, module, modules)
            for name in _targets(node):
                if framework and name not in objects:
                    objects[name] = FoundApp(f"{module.name}:{name}", framework, module.file, node.lineno)
    yield from objects.values()
    if objects:
        return
    for name, (framework, line) in module.factories.items():
        function = next(n for n in module.tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
        if _needs_nothing(function):
            yield FoundApp(f"{module.name}:{name}()", framework, module.file, line, factory=True)


def _needs_nothing(function: ast.FunctionDef) -> bool:
    arguments = function.args
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional == 0 and all(default is not None for default in arguments.kw_defaults)


def _best_first(apps: list[FoundApp]) -> list[FoundApp]:
    """Apps before the functions that make them, and of a Django project its WSGI side before its ASGI side."""
    objects = [app for app in apps if not app.factory]
    kept = objects or apps
    order = {"Django": lambda app: app.file.endswith("asgi.py")}
    return sorted(
        kept, key=lambda app: (order.get(app.framework, lambda app: False)(app), app.file.count("/"), app.file)
    )


def _at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run while a module is imported."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and _is_main(node.test):
            continue
        for name in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _at_import(getattr(node, name, []))
        for handler in getattr(node, "handlers", []):
            yield from _at_import(handler.body)


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _reads(module: Module, modules: dict[str, Module]) -> Iterator[Read]:
    seen: set[tuple[int, str, str | None]] = set()
    for node, at_import in _expressions(module):
        for read in _read(node, module, modules):
            if (read.line, read.what, read.name) not in seen:
                seen.add((read.line, read.what, read.name))
                read.at_import = at_import
                yield read


def _expressions(module: Module) -> Iterator[tuple[ast.AST, bool]]:
    """All expressions, and whether each is evaluated while the module is imported, or the app is made."""

    def walk(node: ast.AST, at_import: bool) -> Iterator[tuple[ast.AST, bool]]:
        for child in ast.iter_child_nodes(node):
            now = at_import
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                now = isinstance(child, ast.FunctionDef) and child.name in module.factories
            if isinstance(child, ast.If) and _is_main(child.test):
                continue
            yield child, now
            yield from walk(child, now)

    yield from walk(module.tree, True)


def _read(node: ast.AST, module: Module, modules: dict[str, Module]) -> Iterator[Read]:
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        if _dotted(node.value, module) in ENVIRONMENT:
            name = _text(node.slice)
            yield _found(module, node, "environment", name, required=name is not None)
    if not isinstance(node, ast.Call):
        return
    called = _dotted(node.func, module)
    if isinstance(node.func, ast.Attribute) and node.func.attr in FLASK_ENVIRONMENT:
        yield _found(module, node, "environment")
    elif called is None:
        return
    elif called in ENVIRONMENT_CALLS or _is_reader(called, modules):
        name = _text(node.args[0]) if node.args else None
        has_default = len(node.args) > 1 or any(keyword.arg == "default" for keyword in node.keywords)
        can_fail = called == "decouple.config" or called not in ENVIRONMENT_CALLS
        yield _found(module, node, "environment", name, required=can_fail and name is not None and not has_default)
    elif (settings := _settings(called, modules)) is not None:
        yield _found(module, node, "environment")
        for name in settings:
            yield _found(module, node, "environment", name, required=True)
    elif called in RANDOM_CALLS or called.rpartition(".")[0] in RANDOM_MODULES:
        yield _found(module, node, "random")
    elif called in CLOCK_CALLS:
        yield _found(module, node, "clock")


def _is_reader(called: str, modules: dict[str, Module]) -> bool:
    """Whether it is an object that reads variables, or a method of one: `env("A")`, `env.str("A")`."""
    owner, _, last = called.rpartition(".")
    above, _, reader = owner.rpartition(".")
    return (owner in modules and last in modules[owner].readers) or (
        above in modules and reader in modules[above].readers
    )


def _settings(called: str, modules: dict[str, Module]) -> list[str] | None:
    """The variables that an instance of this class needs, if it reads the environment."""
    owner, _, last = called.rpartition(".")
    if owner in modules and last in modules[owner].settings:
        return modules[owner].settings[last]
    return [] if called in ENVIRONMENT_CLASSES else None


def _found(module: Module, node: ast.expr, kind: str, name: str | None = None, required: bool = False) -> Read:
    return Read(kind, ast.unparse(node).split("\n")[0][:80], module.file, node.lineno, name, required)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        print("usage: python -m funcserver.build.find [FOLDER]", file=sys.stderr)
        return 2
    folder = Path(arguments[0] if arguments else ".")
    if not folder.is_dir():
        print(f"error: {folder} is not a folder", file=sys.stderr)
        return 1
    print(json.dumps(find(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
