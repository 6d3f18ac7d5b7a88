"""The folders of installed packages. What finds only these starts faster than what reads the packages' metadata."""

import ast
import re
import site
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
MAPPING = re.compile(r"^MAPPING\b[^=]*= (\{.*\})$", re.MULTILINE)


def folders() -> list[Path]:
    """Where this Python finds installed packages, the first one first."""
    candidates = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        candidates.append(site.getusersitepackages())
    on_path = set(sys.path)
    return [Path(path) for path in dict.fromkeys(candidates) if path in on_path and Path(path).is_dir()]


def editable_folders() -> list[Path]:
    """Folders that `.pth` files and their finders add to Python's path, as `pip install -e` does."""
    found = []
    for folder in folders():
        for file in sorted(folder.glob("*.pth")):
            found += named_by_path_file(folder, file)
        for file in sorted(folder.glob("__editable__*_finder.py")):
            found += named_by_finder(file)
    # This package itself is not the app's, even where it is installed from its sources.
    return [path for path in dict.fromkeys(found) if path != SOURCES]


def named_by_path_file(folder: Path, file: Path) -> Iterator[Path]:
    for line in file.read_text(errors="replace").splitlines():
        line = line.strip()
        if line and not line.startswith(("#", "import ", "import\t")):
            path = folder / line
            if path.is_dir():
                yield path.resolve()


def named_by_finder(file: Path) -> Iterator[Path]:
    """setuptools writes a module with the folder of each package, of which each parent is on Python's path here."""
    match = MAPPING.search(file.read_text(errors="replace"))
    for path in ast.literal_eval(match[1]).values() if match else ():
        if Path(path).exists():
            yield Path(path).parent.resolve()
