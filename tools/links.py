"""Check the built pages: every link leads somewhere, and nothing is fetched from a network.

``python tools/links.py docs/_build/html`` names each dead link, and each script, style, font or picture that a page would
load from elsewhere. Links to other sites are not followed: ``--outside`` lists them for `sphinx -b linkcheck`.
"""

from __future__ import annotations

import argparse
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "link": "href", "source": "src", "iframe": "src"}
#: Kinds of <link> that a browser does not load.
NAMED = {"canonical", "author", "license", "prev", "next", "index", "search", "copyright"}


class Page(HTMLParser):
    """The anchors of a page, its links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what an element names, links to or loads."""
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        named = set(found.get("rel", "").split()) & NAMED
        if tag in LOADED and LOADED[tag] in found and not named:
            self.loaded.append(found[LOADED[tag]])


@cache
def read(path: Path) -> Page:
    """Return a page."""
    return Page(path.read_text(encoding="utf-8"))


def outside(link: str) -> bool:
    """Tell whether a link leads to another site."""
    parts = urlsplit(link)
    return bool(parts.netloc) or parts.scheme in ("mailto", "data", "javascript")


def leads(page: Path, link: str) -> bool:
    """Tell whether a link of a page leads to a file, and to an anchor of it."""
    parts = urlsplit(link)
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target.suffix != ".html" or anchor in read(target).anchors


def pages(folder: Path) -> list[Path]:
    """Return the pages; what a theme keeps in its own folder is no page."""
    every = sorted(folder.resolve().rglob("*.html"))
    return [path for path in every if "_static" not in path.parts]


def findings(folder: Path) -> list[str]:
    """Return one line for each dead link, and for each thing fetched from a network."""
    lines = []
    for path in pages(folder):
        page, name = read(path), path.relative_to(folder.resolve()).as_posix()
        dead = [x for x in (*page.links, *page.loaded) if not outside(x) and not leads(path, x)]
        lines += [f"{name}: leads nowhere: {link}" for link in sorted(set(dead))]
        fetched = [x for x in page.loaded if urlsplit(x).netloc]
        lines += [f"{name}: needs a network: {link}" for link in sorted(set(fetched))]
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Print what is wrong; with ``--outside`` the links to other sites."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--outside", action="store_true")
    options = parser.parse_args(arguments)
    every = pages(options.folder)
    if not every:
        parser.error(f"{options.folder} has no page")
    if options.outside:
        links = {link for path in every for link in read(path).links if urlsplit(link).netloc}
        print("\n".join(sorted(links)))
        return 0
    lines = findings(options.folder)
    print("\n".join(lines) or f"{len(every)} pages: no dead link, nothing fetched")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
