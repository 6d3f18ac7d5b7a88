"""The npm package's launcher, with packages as npm lays them out."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

LAUNCHER = Path(__file__).parent.parent / "npm" / "launcher.cjs"
PLATFORM = subprocess.run(
    ["node", "-p", "process.platform + '-' + process.arch"], check=True, capture_output=True, text=True
).stdout.strip()


class Launcher(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.modules = Path(folder.name).resolve() / "node_modules"
        self.launcher = self.modules / "funcserver" / "bin" / "funcserver.cjs"
        self.launcher.parent.mkdir(parents=True)
        shutil.copy(LAUNCHER, self.launcher)
        self.own("1.2.3", PLATFORM)

    def own(self, version: str, *platforms: str) -> None:
        optional = {f"funcserver-{platform}": version for platform in platforms}
        manifest = {"name": "funcserver", "version": version, "optionalDependencies": optional, "type": "module"}
        (self.modules / "funcserver" / "package.json").write_text(json.dumps(manifest))

    def program(self, version: str, content: str, mode: int = 0o755) -> Path:
        program = self.modules / f"funcserver-{PLATFORM}" / "bin" / "funcserver"
        program.parent.mkdir(parents=True)
        program.write_text(content)
        program.chmod(mode)
        (program.parent.parent / "package.json").write_text(json.dumps({"version": version}))
        return program

    def run_it(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(["node", self.launcher, *arguments], capture_output=True, text=True, timeout=60)

    def fails(self, *parts: str) -> None:
        ended = self.run_it("--version")
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertRegex(ended.stderr, r"^error: [^\n]+\n$")
        for part in parts:
            self.assertIn(part, ended.stderr)

    def test_arguments_output_and_exit_code_are_the_programs(self):
        self.program("1.2.3", '#!/bin/sh\necho "$2"\ncat\nexit 3\n')
        ended = subprocess.run(
            ["node", self.launcher, "serve", "a b"], input="in", capture_output=True, text=True, timeout=60
        )
        self.assertEqual((ended.returncode, ended.stdout), (3, "a b\nin"))

    def test_a_signal_reaches_the_program(self):
        self.program("1.2.3", '#!/bin/sh\ntrap "echo ended; exit 5" TERM\necho ready\nwhile :; do sleep 0.05; done\n')
        with subprocess.Popen(["node", self.launcher], stdout=subprocess.PIPE, text=True) as launcher:
            self.assertEqual(launcher.stdout.readline(), "ready\n")
            launcher.send_signal(signal.SIGTERM)
            self.assertEqual(launcher.stdout.read(), "ended\n")
            self.assertEqual(launcher.wait(timeout=60), 5)

    def test_a_program_that_a_signal_ends_is_no_success(self):
        self.program("1.2.3", "#!/bin/sh\nkill -9 $$\n")
        self.assertEqual(self.run_it().returncode, 128 + signal.SIGKILL)

    def test_an_unknown_architecture_is_named_with_the_known_ones(self):
        self.own("1.2.3", "plan9-mips", "linux-riscv")
        self.fails(f"no funcserver for {PLATFORM}", "plan9-mips, linux-riscv")

    def test_a_package_that_was_not_installed_is_named(self):
        self.fails(f"funcserver-{PLATFORM} is missing", "npm install --include=optional")

    def test_a_program_of_another_version_does_not_run(self):
        self.program("9.8.7", "#!/bin/sh\nexit 0\n")
        self.fails("9.8.7", "1.2.3", "npm install --save-dev funcserver@1.2.3")

    def test_a_damaged_package_is_named(self):
        program = self.program("1.2.3", "", 0o644)
        self.fails("cannot be used", "damaged", "npm install")
        program.unlink()
        self.fails("cannot be used", "damaged")
        program.parent.parent.joinpath("package.json").write_text("{")
        self.fails("damaged", "npm install")


if __name__ == "__main__":
    unittest.main()
