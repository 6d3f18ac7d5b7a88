"""The CycloneDX SBOM, from the data that `cargo auditable` has put into the executables.

So it lists what was compiled in, with the features and platforms of the release, and not all that Cargo.lock names.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from project import Project


def sbom(project: Project, auditable2cdx: Path, executables: list[Path]) -> bytes:
    """One list for all executables, which have nearly the same crates."""
    components: dict[str, dict] = {}
    needs: dict[str, set[str]] = {}
    merged: dict = {}
    for executable in executables:
        written = subprocess.run([auditable2cdx, executable], capture_output=True)
        if written.returncode != 0:
            print(f"warning: {executable} has no data of cargo auditable: it is not in the SBOM", file=sys.stderr)
            continue
        merged = json.loads(written.stdout)
        for component in [*merged.get("components", []), *_root(merged)]:
            components[component["bom-ref"]] = component
        for dependency in merged.get("dependencies", []):
            needs.setdefault(dependency["ref"], set()).update(dependency.get("dependsOn", []))
    if not merged:
        raise SystemExit("error: no executable has data of cargo auditable, so that there is no SBOM")
    # These differ from run to run.
    merged.pop("serialNumber", None)
    merged["metadata"] = {
        "component": {
            "type": "application",
            "bom-ref": "funcserver",
            "name": "funcserver",
            "version": project.version,
            "licenses": [{"expression": project.license}],
            "externalReferences": [{"type": "vcs", "url": project.repository}],
        }
    }
    merged["components"] = [components[ref] for ref in sorted(components)]
    merged["dependencies"] = [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(needs)]
    return (json.dumps(merged, indent=2, sort_keys=True) + "\n").encode()


def _root(document: dict) -> list[dict]:
    component = document.get("metadata", {}).get("component")
    return [component] if component else []
