"""Archives, wheels and notices."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import tempfile
import time
import tomllib
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import homebrew
import npm_packages
import wheel
from archives import File, folder, tar_gz, zipped
from project import PLATFORMS, Project
from tarball import tarball

X64, ARM64 = PLATFORMS[:2]


def project() -> Project:
    """The project, with the version of the SDK."""
    version = tomllib.loads((wheel.SDK / "pyproject.toml").read_text())["project"]["version"]
    return Project(version, "Runs apps.", "MIT OR Apache-2.0", "https://example.com/funcserver")


class Archives(unittest.TestCase):
    def test_the_same_files_give_the_same_bytes_at_any_time(self):
        files = {"b/two": File(b"2", executable=True), "a": File(b"1" * 1000)}
        first = tar_gz(files), zipped(files)
        time.sleep(1.1)
        other = dict(reversed(files.items()))
        self.assertEqual(first, (tar_gz(other), zipped(files)))

    def test_modes_and_contents_are_kept(self):
        files = {"a": File(b"1"), "b/two": File(b"2", executable=True)}
        with tarfile.open(fileobj=io.BytesIO(tar_gz(files))) as tar:
            found = {entry.name: (entry.mode, tar.extractfile(entry).read()) for entry in tar}
            self.assertTrue(all(entry.uid == 0 and entry.uname == "" for entry in tar))
        self.assertEqual(found, {"a": (0o644, b"1"), "b/two": (0o755, b"2")})
        with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
            modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
        self.assertEqual(modes, {"a": 0o644, "b/two": 0o755})

    def test_a_gzip_file_names_no_machine(self):
        # RFC 1952: magic number, method, flags, time, how well it was compressed, system.
        self.assertEqual(tar_gz({"a": File(b"1")})[:10], b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03")

    def test_bytecode_is_left_out(self):
        with tempfile.TemporaryDirectory() as path:
            for name in ("one.py", "__pycache__/one.pyc", "sub/two.py"):
                (Path(path) / name).parent.mkdir(exist_ok=True)
                (Path(path) / name).write_text(name)
            self.assertEqual(list(folder(Path(path), "x/")), ["x/one.py", "x/sub/two.py"])


class Packages(unittest.TestCase):
    def test_the_wheel_has_the_sdk_and_the_tool_outside_of_it(self):
        made = wheel.wheel(project(), X64, b"tool", b"notices")
        with zipfile.ZipFile(io.BytesIO(made)) as archive:
            names = archive.namelist()
            info = f"funcserver_lambda-{project().version}.dist-info"
            record = archive.read(f"{info}/RECORD").decode().splitlines()
            metadata = archive.read(f"{info}/METADATA").decode()
            tags = archive.read(f"{info}/WHEEL").decode()
        self.assertIn("funcserver/__init__.py", names)
        self.assertIn(f"funcserver_lambda-{project().version}.data/scripts/funcserver", names)
        self.assertEqual(sorted(line.split(",")[0] for line in record), sorted(names))
        self.assertIn("\nRequires-Dist: componentize-py==", metadata)
        self.assertIn("; extra == 'fastapi'", metadata)
        self.assertNotIn("Requires-Dist: pytest", metadata)
        self.assertNotIn("](..", metadata)
        # Each tag of the name is in the file, and none but these.
        name = wheel.name(project(), X64)
        self.assertEqual(
            sorted(name.removesuffix(".whl").split("-")[-1].split(".")),
            sorted(line.split("-")[-1] for line in tags.splitlines() if line.startswith("Tag: ")),
        )

    def test_an_sdk_of_another_version_is_an_error(self):
        other = Project("9.8.7", "", "MIT", "")
        for pack in (
            lambda: wheel.wheel(other, X64, b"", b""),
            lambda: npm_packages.sdk_package(other, [X64], b""),
        ):
            with self.assertRaisesRegex(SystemExit, "9.8.7: give both the same"):
                pack()

    def test_an_archive_has_one_folder(self):
        with tempfile.TemporaryDirectory() as path:
            (Path(path) / "man1").mkdir()
            (Path(path) / "completions").mkdir()
            (Path(path) / "man1" / "funcserver.1").write_text("page")
            made = tarball(project(), X64, b"tool", Path(path), b"notices")
        with tarfile.open(fileobj=io.BytesIO(made)) as tar:
            names = tar.getnames()
        top = f"funcserver-{project().version}-x86_64-unknown-linux-musl"
        self.assertIn(f"{top}/man/man1/funcserver.1", names)
        self.assertTrue(all(name.startswith(f"{top}/") for name in names))

    def test_the_npm_package_names_the_platforms_as_optional(self):
        made = npm_packages.sdk_package(project(), [X64, ARM64], b"notices")
        with tarfile.open(fileobj=io.BytesIO(made)) as tar:
            manifest = json.loads(tar.extractfile("package/package.json").read())
            self.assertEqual(tar.getmember("package/bin/funcserver.cjs").mode, 0o755)
            names = tar.getnames()
        version = project().version
        self.assertEqual(
            manifest["optionalDependencies"], {"funcserver-linux-x64": version, "funcserver-linux-arm64": version}
        )
        self.assertEqual(manifest["bin"]["funcserver"], "bin/funcserver.cjs")
        self.assertFalse([name for name in names if "node_modules" in name or "/test/" in name])

    def test_a_platform_package_is_for_its_platform(self):
        made = npm_packages.platform_package(project(), ARM64, b"tool", b"notices")
        with tarfile.open(fileobj=io.BytesIO(made)) as tar:
            manifest = json.loads(tar.extractfile("package/package.json").read())
            self.assertEqual(tar.getmember("package/bin/funcserver").mode, 0o755)
        self.assertEqual((manifest["os"], manifest["cpu"]), (["linux"], ["arm64"]))

    def test_the_formula_has_each_archive_with_its_hash(self):
        hashes = {X64: hashlib.sha256(b"1").hexdigest(), ARM64: hashlib.sha256(b"2").hexdigest()}
        text = homebrew.formula(project(), hashes).decode()
        for platform, sha256 in hashes.items():
            self.assertIn(f'-{platform.target}.tar.gz"\n      sha256 "{sha256}"', text)
        self.assertIn('license any_of: ["MIT", "Apache-2.0"]', text)


if __name__ == "__main__":
    unittest.main()
