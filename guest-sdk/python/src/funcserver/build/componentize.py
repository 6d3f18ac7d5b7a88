"""Calls componentize-py, of the environment if it has the right version, else one in the user's cache."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from funcserver.build import cache, output
from funcserver.build.errors import BuildError

VERSION = "0.25.1"
WORLD = "funcserver:lambda/handler"
POLL_SECONDS = 0.1
SHOWN_OF_A_FAILURE = 30

SDK = Path(__file__).parent.parent


class Componentizer:
    """componentize-py, as a program to call."""

    def __init__(self) -> None:
        self.extra_path: Path | None = None
        try:
            installed = metadata.version("componentize-py")
        except metadata.PackageNotFoundError:
            installed = ""
        if installed != VERSION:
            self.extra_path = cache.made_once(cache.folder() / f"componentize-py-{VERSION}", install)

    def run(
        self,
        staging: Path,
        module: str,
        target: Path,
        extensions: Path | None,
        report: Callable[[dict[str, Any]], None],
    ) -> str | None:
        """Makes a component of a module. Returns what componentize-py printed if it failed, else None.

        Meanwhile it hands over each line that the module adds to `report.jsonl` in the staging folder.
        """
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIPENV"))}
        # It adds the site-packages of this folder to Python's path; of the user's environment otherwise.
        environment["VIRTUAL_ENV"] = str(staging / "no-environment")
        (staging / "no-environment" / "lib" / "site-packages").mkdir(parents=True, exist_ok=True)
        if self.extra_path:
            environment["PYTHONPATH"] = str(self.extra_path)
        command = [
            sys.executable,
            "-c",
            "import sys; from componentize_py import script; sys.argv[0] = 'componentize-py'; sys.exit(script())",
        ]
        command += ["--wit-path", str(SDK / "wit"), "--world", WORLD, "componentize"]
        for folder in [staging / "python", extensions]:
            if folder:
                command += ["--python-path", str(folder)]
        command += [module, "--output", str(target)]
        with tempfile.TemporaryFile() as printed:
            process = subprocess.Popen(
                command, env=environment, cwd=staging, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed
            )
            try:
                follow(process, staging / "python" / "report.jsonl", report)
            finally:
                process.kill()
                process.wait()
            if process.returncode == 0:
                return None
            printed.seek(0)
            return printed.read().decode(errors="replace")


def follow(process: subprocess.Popen[bytes], file: Path, report: Callable[[dict[str, Any]], None]) -> None:
    position = 0
    running = True
    while running:
        try:
            process.wait(POLL_SECONDS)
            running = False
        except subprocess.TimeoutExpired:
            pass
        if not file.exists():
            continue
        with file.open("rb") as opened:
            opened.seek(position)
            for line in opened:
                if line.endswith(b"\n"):
                    position += len(line)
                    report(json.loads(line))


def install(target: Path) -> None:
    output.step(f"installing componentize-py {VERSION} into {target.parent} (once)")
    run_pip(
        ["install", "--target", str(target), "--only-binary", ":all:", f"componentize-py=={VERSION}"],
        f"componentize-py {VERSION}",
    )


def run_pip(arguments: list[str], what: str) -> None:
    """Runs pip of the environment, or of one made for it if the environment has none."""
    with tempfile.TemporaryDirectory(prefix="funcserver-pip-") as folder:
        python = sys.executable
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode != 0:
            python = made_environment(Path(folder))
        command = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise BuildError(
            f"pip could not get {what}: see its message above; check the network and the settings of pip",
            details=result.stdout,
        )


def made_environment(folder: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "venv", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if result.returncode != 0:
        raise BuildError(
            f"{sys.executable} has no pip and cannot make a venv: install both, for example: "
            "apt-get install python3-venv",
            details=result.stdout,
        )
    return str(folder / "bin" / "python")


def end_of(printed: str) -> str:
    """What componentize-py says itself, without its own stack."""
    lines = printed.split("\nStack backtrace:")[0].strip().split("\n")
    return "\n".join(lines[-SHOWN_OF_A_FAILURE:])
