"""The source of the docs site, and the check of its links. scripts/build-docs runs it.

usage: docs.py prepare FOLDER   copies docs/ and README.md there, for mdBook
       docs.py check FOLDER     checks every link of the built site that leads to another of its pages
"""

from __future__ import annotations

import re
import shutil
import sys
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

from project import ROOT

LINK = re.compile(r"\]\(([^)\s:]+)\)")


def repository() -> str:
    """The address of the repository, of Cargo.toml."""
    text = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    return re.search(r'^repository = "(.*)"$', text, re.MULTILINE)[1]


def prepare(folder: Path) -> None:
    docs = ROOT / "docs"
    listed = {path.name for path in docs.glob("*.md")}
    named = set(LINK.findall((docs / "SUMMARY.md").read_text(encoding="utf-8"))) | {"SUMMARY.md"}
    if missing := listed - named:
        raise SystemExit(f"error: docs/SUMMARY.md does not name {', '.join(sorted(missing))}: add a line for each")
    shutil.copy(docs / "book.toml", folder)
    for path in docs.iterdir():
        if path.name == "SUMMARY.md":
            shutil.copy(path, folder)
        elif path.suffix == ".md":
            (folder / path.name).write_text(moved(path, docs), encoding="utf-8")
        elif path.suffix in (".svg", ".png"):
            shutil.copy(path, folder)
    (folder / "index.md").write_text(moved(ROOT / "README.md", docs), encoding="utf-8")


def moved(page: Path, docs: Path) -> str:
    """A page with links to files outside docs/ as links to the repository."""

    def link(match: re.Match[str]) -> str:
        target, _, anchor = match[1].partition("#")
        anchor = f"#{anchor}" if anchor else ""
        if not target:
            return match[0]
        path = (page.parent / target).resolve()
        if not path.exists():
            raise SystemExit(f"error: {page.relative_to(ROOT)} has a link to {target}, which does not exist")
        if path == ROOT / "README.md":
            return f"](index.md{anchor})"
        if path.parent == docs:
            return f"]({path.name}{anchor})"
        kind = "tree" if path.is_dir() else "blob"
        return f"]({repository()}/{kind}/main/{path.relative_to(ROOT).as_posix()}{anchor})"

    return LINK.sub(link, page.read_text(encoding="utf-8"))


class Page(HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.add(value)
            elif name == "id" and value:
                self.anchors.add(value)


def check(folder: Path) -> None:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in folder.glob("*.html")}
    broken = []
    count = 0
    for path, page in pages.items():
        # mdBook writes this page for web servers, with links from the root.
        if path.name in ("404.html", "print.html", "toc.html"):
            continue
        for link in sorted(page.links):
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = path if not parts.path else (path.parent / urllib.parse.unquote(parts.path)).resolve()
            found = pages.get(target)
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.exists() or (anchor and found and anchor not in found.anchors):
                broken.append(f"{path.name}: {link}")
    if not count:
        broken.append("no link was found, so that the check proves nothing")
    if broken:
        raise SystemExit("error: broken links:\n" + "\n".join(broken))
    print(f"{count} links of {len(pages)} pages are whole", file=sys.stderr)


def main() -> None:
    if len(sys.argv) != 3 or sys.argv[1] not in ("prepare", "check"):
        raise SystemExit(__doc__)
    (prepare if sys.argv[1] == "prepare" else check)(Path(sys.argv[2]).resolve())


if __name__ == "__main__":
    main()
