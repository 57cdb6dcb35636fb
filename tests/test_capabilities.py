"""The table of capabilities: every cell leads to a test of ours or to a source that says so."""

from __future__ import annotations

import re

import pytest

from .test_docs_pages import DOCS, ROOT

PAGE = DOCS / "reference" / "capabilities.md"
TEXT = PAGE.read_text(encoding="utf-8")
OURS = re.compile(r'^\[[^\]]+\]\((\S+) "(test_\w+)"\)$')
LINK = re.compile(r"^\[[^\]]+\]\(([^)\s]+)\)$")
PEER = re.compile(r"^\[[^\]]+\]\[([^\]]+)\]$")
SOURCES = dict(re.findall(r"^\[([^\]]+)\]: (https://\S+)$", TEXT, re.MULTILINE))
#: What may stand without a link: what we lack, and what does not apply.
PLAIN = {"no", "-"}


def rows() -> list[list[str]]:
    lines = [line for line in TEXT.splitlines() if line.startswith("| ") and line[2] != "|"]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_our_cell_names_a_test_that_exists(row: list[str]) -> None:
    cell = row[1]
    if match := OURS.match(cell):
        path = (PAGE.parent / match[1]).resolve()
        assert path.is_relative_to(ROOT / "tests")
        assert re.search(rf"^def {match[2]}\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    else:
        assert cell == "no" or (row[0] == "licence" and LINK.match(cell))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_cells_of_other_packages_have_a_source(row: list[str]) -> None:
    for cell in row[2:]:
        if cell in PLAIN:
            continue
        peer, own = PEER.match(cell), LINK.match(cell)
        assert own or (peer and peer[1] in SOURCES), cell
        assert not own or own[1].startswith("../coming-from/")


def test_the_tests_named_at_the_end_are_those_of_the_cells() -> None:
    cells = {(m[1].removeprefix("../../"), m[2]) for row in rows() if (m := OURS.match(row[1]))}
    lines = re.findall(r"^- `(tests/\S+)`: (.+)$", TEXT, re.MULTILINE)
    listed = {(path, name) for path, names in lines for name in re.findall(r"`(\w+)`", names)}
    assert listed == cells


def test_every_source_is_used_and_is_one_version_of_a_page() -> None:
    assert len(rows()) > 60
    used = {match[1] for row in rows() for cell in row if (match := PEER.match(cell))}
    assert used == set(SOURCES)
    commit = re.compile(r"/blob/[0-9a-f]{40}/|/svy/0\.35\.0/$")
    assert [link for link in SOURCES.values() if not commit.search(link)] == []
