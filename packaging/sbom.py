"""The CycloneDX SBOM, from the data that `cargo auditable` has put into the executables.

So it lists what was compiled in, with the features and platforms of the release, and not all that Cargo.lock names.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from project import Project

Document = dict[str, Any]
NAME = "funcserver"


def sbom(project: Project, auditable2cdx: Path, executables: list[Path]) -> bytes:
    """One list for all executables, which have nearly the same crates."""
    documents = []
    for executable in executables:
        written = subprocess.run([auditable2cdx, executable], capture_output=True)
        if written.returncode == 0:
            documents.append(json.loads(written.stdout))
        else:
            print(f"warning: {executable} has no data of cargo auditable: it is not in the SBOM", file=sys.stderr)
    if not documents:
        raise SystemExit("error: no executable has data of cargo auditable, so that there is no SBOM")
    return (json.dumps(merged(project, documents), indent=2, sort_keys=True) + "\n").encode()


def merged(project: Project, documents: list[Document]) -> Document:
    """One document of those of the executables, without what differs from run to run."""
    components: dict[str, Document] = {}
    needs: dict[str, set[str]] = {NAME: set()}
    for document in documents:
        root = document["metadata"]["component"]
        listed = [root, *document.get("components", [])]
        # Each document numbers its components by itself.
        names = {component["bom-ref"]: _purl(component) for component in listed}
        needs[NAME].add(names[root["bom-ref"]])
        for component in listed:
            purl = names[component["bom-ref"]]
            # The property says that it runs in builds only: not so if one executable contains it.
            if purl not in components or "properties" not in component:
                components[purl] = {**component, "bom-ref": purl, "purl": purl}
        for dependency in document.get("dependencies", []):
            uses = needs.setdefault(names[dependency["ref"]], set())
            uses.update(names[ref] for ref in dependency.get("dependsOn", []))
    return {
        "bomFormat": documents[0]["bomFormat"],
        "specVersion": documents[0]["specVersion"],
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": NAME,
                "name": NAME,
                "version": project.version,
                "licenses": [{"expression": project.license}],
                "externalReferences": [{"type": "vcs", "url": project.repository}],
            }
        },
        "components": [components[purl] for purl in sorted(components)],
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(needs)],
    }


def _purl(component: Document) -> str:
    """The name of a crate in all documents. auditable2cdx writes `&` before the first qualifier, where `?` belongs."""
    return component["purl"].replace("&", "?", 1)
