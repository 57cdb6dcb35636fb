"""The pages of the documentation: every line of Python on them is executed, its output compared."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LONG = re.compile(r"^```python(?: long)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        ("coming-from-r.md", 60),
        ("survey.md", 25),
        ("questionnaire.md", 20),
        ("sensitive.md", 35),
        ("imperfect.md", 45),
        ("network.md", 60),
        ("lists.md", 35),
        ("lists-published.md", 30),
        ("lists-critics.md", 10),
    ],
)
def test_every_line_of_a_page_runs_and_prints_what_the_page_says(
    root: Path, page: str, lines: int
) -> None:
    run(root / "docs" / page, BLOCK, lines)


def test_an_export_becomes_a_prevalence_in_ten_lines(root: Path) -> None:
    block = BLOCK.findall((root / "docs" / "questionnaire.md").read_text(encoding="utf-8"))[0]
    code = [line[4:] for line in block.splitlines() if line.startswith((">>> ", "... "))]
    assert len(code) == 10
    assert max(map(len, code)) <= 100
    assert "pv.read_kobo(" in block
    assert "Definition.from_toml(" in block
    assert "pv.direct.prevalence(" in code[-2]


@pytest.mark.proof
def test_the_long_blocks_of_a_page_print_what_the_page_says(root: Path) -> None:
    run(root / "docs" / "lists-published.md", LONG, 40)


def run(path: Path, fence: re.Pattern[str], lines: int) -> None:
    """Execute the blocks of a page in one session and compare what they print."""
    text, page = path.read_text(encoding="utf-8"), path.name
    blocks = fence.findall(text)
    assert blocks
    loose = [line for block in blocks for line in block.splitlines() if line.startswith("import")]
    assert not loose, "lines of Python stand behind >>>, so that they are executed"
    # One session: what a block defines, the later ones use. Lines keep their numbers.
    kept = [""] * (text.count("\n") + 1)
    for match in fence.finditer(text):
        first = text.count("\n", 0, match.start(1))
        for offset, line in enumerate(match[1].splitlines()):
            kept[first + offset] = line
    test = doctest.DocTestParser().get_doctest("\n".join(kept), {}, page, page, 0)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(test, out=said.append)
    assert runner.tries > lines
    assert not runner.failures, "".join(said)
