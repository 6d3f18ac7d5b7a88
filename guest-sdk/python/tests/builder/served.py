"""An app's component, made by the builder and served by the tool, from the component or from a zip."""

import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

TOOL = os.environ.get("FUNCSERVER_TOOL", "")
BOOTSTRAP = os.environ.get("FUNCSERVER_TEST_BOOTSTRAP") or str(Path(TOOL).parent / "bootstrap")
SOURCES = Path(__file__).parents[2] / "src"

PLACES = ["fresh", "reused", "zip fresh", "zip reused"]
REUSE = "[guest]\nreuse = 1000\n"

needs_tool = pytest.mark.skipif(not TOOL, reason="FUNCSERVER_TOOL does not name the tool funcserver")


class Served(NamedTuple):
    address: str
    log: Path


class ServedApp:
    """An app in a folder of its own. `root` is the file of the root certificate that the host trusts."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.root = root

    def build(self, source: Path, packages: list[str], *options: str) -> None:
        shutil.copytree(source, self.folder, dirs_exist_ok=True)
        venv = self.folder.parent / "venv"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        python = venv / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages], check=True)
        command = [python, "-m", "funcserver.build", "app:app", "--output", "handler.wasm", *options]
        environment = os.environ | {"PYTHONPATH": str(SOURCES)}
        subprocess.run(command, cwd=self.folder, env=environment, check=True, timeout=900)

    @contextmanager
    def serve(self, place: str, settings: str) -> Iterator[Served]:
        (self.folder / "funcserver.toml").write_text(settings + (REUSE if place.endswith("reused") else ""))
        log = self.folder / "log.txt"
        command = [TOOL, "serve", "--listen", "0", *self._arguments(place)]
        with log.open("w") as opened:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self._environment(), stdout=subprocess.PIPE, stderr=opened, text=True
            )
        try:
            address = process.stdout.readline().strip().rstrip("/")
            assert address, log.read_text()
            yield Served(address, log)
        finally:
            process.terminate()
            process.wait()

    def _arguments(self, place: str) -> list[str]:
        if not place.startswith("zip"):
            return ["handler.wasm"]
        if not Path(BOOTSTRAP).exists():
            pytest.skip(f"there is no bootstrap for a zip: {BOOTSTRAP}")
        target = self.folder / "function.zip"
        target.unlink(missing_ok=True)
        command = [TOOL, "bundle", "handler.wasm", "--bootstrap", BOOTSTRAP, "--output", str(target)]
        subprocess.run(command, cwd=self.folder, env=self._environment(), check=True, capture_output=True)
        return ["--zip", str(target), "--env", f"SSL_CERT_FILE={self.root}"]

    def _environment(self) -> dict[str, str]:
        # The tool refuses variables of its own name that it does not know.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FUNCSERVER_")}
        return kept | {"SSL_CERT_FILE": str(self.root)}


def free_port() -> int:
    """One for a server, below those that the system gives to whoever asks for any."""
    for port in random.sample(range(20_000, 32_000), 1_000):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("no port is free")


# Until the tests end.
REFUSING: list[socket.socket] = []


def refusing_port() -> int:
    """One where nobody will listen: a socket is bound to it, so that nobody else gets it."""
    REFUSING.append(socket.socket())
    REFUSING[-1].bind(("127.0.0.1", 0))
    return REFUSING[-1].getsockname()[1]
