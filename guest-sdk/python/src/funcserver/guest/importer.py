"""Imports of modules that are kept in memory: the app's own, its packages' and the standard library.

The file system of the build is gone in the component, so whatever is imported late must be in memory by then.
"""

import marshal
import sys
import zlib
from collections.abc import Iterator, Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from funcserver.guest.files import Files


class Loader:
    """Loads one module. The names of the methods are those of importlib's loaders, which packages call."""

    exec_module = SourceFileLoader.exec_module
    """importlib's own, so that its frames are left out of tracebacks."""
    load_module = SourceFileLoader.load_module

    def __init__(self, modules: "Modules", name: str, path: str) -> None:
        self.modules = modules
        self.name = name
        self.path = path

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def get_code(self, name: str) -> CodeType:
        return self.modules.load(self.path)

    def get_source(self, name: str) -> str | None:
        file = self.modules.files.files.get(self.path)
        return file.read().decode(errors="replace") if file else None

    def get_filename(self, name: str) -> str:
        return self.path

    def get_data(self, path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()

    def is_package(self, name: str) -> bool:
        return self.path.endswith("/__init__.py")

    def get_resource_reader(self, name: str) -> Any:
        from importlib.readers import FileReader

        return FileReader(self)


class Finder:
    """Finds the modules in one folder."""

    def __init__(self, modules: "Modules", folder: str) -> None:
        self.modules = modules
        self.folder = folder

    def find_spec(self, name: str, target: ModuleType | None = None) -> ModuleSpec | None:
        base = f"{self.folder}/{name.rpartition('.')[2]}"
        package = f"{base}/__init__.py"
        if self.modules.has(package):
            return spec(name, Loader(self.modules, name, package), package, [base])
        extension = self.modules.extensions.get(name)
        if extension is not None and self.folder == self.modules.extension_folder(name):
            return spec(name, ExtensionFileLoader(name, extension), extension, None)
        module = f"{base}.py"
        if self.modules.has(module):
            return spec(name, Loader(self.modules, name, module), module, None)
        if base in self.modules.files.folders:
            namespace = ModuleSpec(name, None)
            namespace.submodule_search_locations = [base]
            return namespace
        return None

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """For `pkgutil.iter_modules`."""
        for name in sorted(self.modules.files.folders.get(self.folder, ())):
            if self.modules.has(f"{self.folder}/{name}/__init__.py"):
                yield prefix + name, True
            elif name.endswith(".py") and name != "__init__.py" and self.modules.has(f"{self.folder}/{name}"):
                yield prefix + name.removesuffix(".py"), False

    def invalidate_caches(self) -> None:
        """Nothing changes."""


class Modules:
    """All modules in memory."""

    def __init__(self, files: Files, extensions: dict[str, str], packages: str) -> None:
        self.files = files
        self.extensions = extensions
        """Names of modules in C or Rust that are linked into the component, and where the build had them."""
        self.packages = packages
        self.ready: dict[str, CodeType] = {}
        """Code that is to run in each instance, ready for it."""

    def install(self, path: Sequence[str]) -> None:
        sys.path[:] = path
        sys.path_hooks.insert(0, self.finder)
        sys.path_importer_cache.clear()
        self.load_by_path()
        sys.dont_write_bytecode = True

    def load_by_path(self) -> None:
        """For `importlib.util.spec_from_file_location`, whose loader reads files by a function in C."""
        read = SourceFileLoader.get_code

        def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
            return self.load(loader.path) if self.has(loader.path) else read(loader, name)

        SourceFileLoader.get_code = get_code  # type: ignore[method-assign]

    def finder(self, folder: str) -> Finder:
        """For `sys.path_hooks`."""
        if folder not in self.files.folders:
            raise ImportError(f"not in memory: {folder}")
        return Finder(self, folder)

    def extension_folder(self, name: str) -> str:
        parent = name.rpartition(".")[0].replace(".", "/")
        return f"{self.packages}/{parent}" if parent else self.packages

    def has(self, path: str) -> bool:
        return path in self.files.code or path in self.ready or path in self.files.sources

    def load(self, path: str) -> CodeType:
        ready = self.ready.get(path)
        if ready is not None:
            return ready
        code = self.files.code.get(path)
        if code is not None:
            return marshal.loads(zlib.decompress(code))
        return compile(self.files.sources[path], path, "exec", dont_inherit=True)

    def prepare(self, path: str) -> None:
        """Keeps the code of a module as an object: the module runs in each instance, which need not unpack it.

        Raises SyntaxError or ValueError.
        """
        self.ready[path] = self.load(path)


def spec(name: str, loader: Any, path: str, search: list[str] | None) -> ModuleSpec:
    made = ModuleSpec(name, loader, origin=path, is_package=search is not None)
    made.submodule_search_locations = search
    # The attribute `__file__` comes from this.
    made.has_location = True
    return made
