"""The SBOM of several executables."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from project import Project
from sbom import merged

PROJECT = Project("1.2.3", "Runs apps.", "MIT", "https://example.com/funcserver")
BUILD = [{"name": "cdx:rustc:dependency_kind", "value": "build"}]


def document(crates: list[str], needs: dict[int, list[int]], build: tuple[str, ...] = ()) -> dict:
    """What auditable2cdx writes: crates by number, the last one the root."""
    components = [
        {
            "type": "library",
            "bom-ref": str(number),
            "name": crate,
            "version": "1.0.0",
            "purl": f"pkg:cargo/{crate}@1.0.0",
        }
        | ({"properties": BUILD} if crate in build else {})
        for number, crate in enumerate(crates)
    ]
    root = components.pop()
    root["purl"] += "&download_url=redacted"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.3",
        "serialNumber": "of this run",
        "metadata": {"component": root, "timestamp": "now"},
        "components": components,
        "dependencies": [{"ref": str(ref), "dependsOn": [str(on) for on in uses]} for ref, uses in needs.items()],
    }


class Merging(unittest.TestCase):
    def test_crates_are_joined_by_their_names_and_not_by_their_numbers(self):
        tool = document(["bytes", "http", "tool"], {1: [0], 2: [0, 1]})
        bootstrap = document(["http", "ring", "bootstrap"], {2: [0, 1]})
        made = merged(PROJECT, [tool, bootstrap])
        own = [f"pkg:cargo/{name}@1.0.0?download_url=redacted" for name in ("bootstrap", "tool")]
        bytes_, http, ring = (f"pkg:cargo/{name}@1.0.0" for name in ("bytes", "http", "ring"))
        self.assertEqual(
            [(each["bom-ref"], each["purl"]) for each in made["components"]],
            [(purl, purl) for purl in sorted([*own, bytes_, http, ring])],
        )
        needs = {each["ref"]: each["dependsOn"] for each in made["dependencies"]}
        self.assertEqual(
            needs,
            {
                "funcserver": own,
                own[0]: [http, ring],
                own[1]: [bytes_, http],
                http: [bytes_],
            },
        )

    def test_the_order_of_executables_and_the_run_do_not_matter(self):
        tool = document(["bytes", "cc", "tool"], {2: [0, 1]}, build=("cc",))
        bootstrap = document(["cc", "bootstrap"], {1: [0]})
        made = merged(PROJECT, [tool, bootstrap])
        self.assertEqual(made, merged(PROJECT, [bootstrap, tool]))
        self.assertNotIn("now", str(made))
        self.assertNotIn("of this run", str(made))
        # One executable contains it.
        self.assertNotIn("properties", next(each for each in made["components"] if each["name"] == "cc"))
        self.assertEqual(merged(PROJECT, [tool])["components"][1]["properties"], BUILD)


if __name__ == "__main__":
    unittest.main()
