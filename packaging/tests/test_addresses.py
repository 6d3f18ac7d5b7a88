"""The pages name the repository, and the address for reports, that Cargo.toml names."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs import repository
from project import ROOT

# How a page names the owner: in an address, a tap of Homebrew, or an option of GitHub's program.
OWNER = re.compile(r"github\.com/([\w.-]+)/funcserver\b|brew install ([\w.-]+)/tap/|--repo ([\w.-]+)/funcserver\b")


class Addresses(unittest.TestCase):
    def test_every_page_names_the_repository_of_cargo_toml(self):
        owner = repository().split("/")[-2]
        pages = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        count = 0
        for page in pages.splitlines():
            for match in OWNER.finditer((ROOT / page).read_text(encoding="utf-8")):
                count += 1
                self.assertIn(owner, match.groups(), f"{page}: {match[0]}, but Cargo.toml has {repository()}")
        self.assertGreater(count, 3)

    def test_reports_go_where_cargo_toml_says(self):
        manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
        address = manifest["workspace"]["metadata"]["funcserver"]["security"]
        self.assertIn(f"privately to {address},", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
