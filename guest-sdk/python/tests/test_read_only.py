"""What an app is told that writes where it cannot."""

import errno
import os

import pytest

from funcserver.guest import files


@pytest.fixture
def system() -> files.System:
    made = files.System(files.Files(), "/app")
    made.real["stat"] = os.stat
    return made


def explained(system: files.System, number: int, path: str) -> str:
    error = OSError(number, os.strerror(number), path)
    system.explain(error, path)
    return str(error)


@pytest.mark.parametrize("path", ["/tmp/upload.png", "/tmp/a/b", "/tmp", "/"])
def test_without_tmp_the_setting_is_named(system, path, monkeypatch):
    monkeypatch.setattr(system, "has_tmp", lambda: False)
    assert "set `guest.tmp = true` in funcserver.toml" in explained(system, errno.ENOENT, path)


def test_a_missing_folder_below_tmp_is_told_as_ever(system):
    assert explained(system, errno.ENOENT, "/tmp/none/a") == str(
        OSError(errno.ENOENT, os.strerror(errno.ENOENT), "/tmp/none/a")
    )


@pytest.mark.parametrize("path", ["data.json", "/app/data.json"])
def test_the_folder_of_the_app_is_read_only_also_where_the_host_keeps_it(system, path):
    assert "cannot be changed: write below /tmp" in explained(system, errno.EPERM, path)
    assert "cannot be changed" not in explained(system, errno.ENOENT, path)
