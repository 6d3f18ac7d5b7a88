"""Runs a piece of code in a Python of its own that is prepared as one in a component is."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PATHS = [str(HERE.parent / "src"), str(HERE / "fake")]
PREPARE = f"import sys; sys.path[:0] = {PATHS!r}\nfrom funcserver.guest.install import install; install()\n"


def inside(code: str) -> subprocess.CompletedProcess[str]:
    """The finished process. Its code ran after `install`."""
    return subprocess.run([sys.executable, "-c", PREPARE + code], capture_output=True, text=True, timeout=60)


def output(code: str) -> str:
    """What the code printed. Fails if it raised."""
    done = inside(code)
    assert done.returncode == 0, done.stderr
    return done.stdout
