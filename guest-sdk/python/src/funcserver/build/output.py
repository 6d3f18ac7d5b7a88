"""What the user sees of a build, on standard error."""

import sys


def step(text: str) -> None:
    _show(f"==> {text}")


def warn(text: str) -> None:
    _show(f"warning: {text}")


def fail(text: str) -> None:
    _show(f"error: {text}")


def detail(text: str) -> None:
    """Lines that belong to the step or the error beside them."""
    for line in text.rstrip("\n").split("\n"):
        _show(f"    {line}")


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"


def _show(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
