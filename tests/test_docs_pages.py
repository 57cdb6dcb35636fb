"""The pages of the documentation: every line of Python on them is executed, its output compared."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize(
    ("page", "lines"), [("coming-from-r.md", 60), ("survey.md", 25), ("network.md", 60)]
)
def test_every_line_of_a_page_runs_and_prints_what_the_page_says(
    root: Path, page: str, lines: int
) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert blocks
    loose = [line for block in blocks for line in block.splitlines() if line.startswith("import")]
    assert not loose, "lines of Python stand behind >>>, so that they are executed"
    # One session: what a block defines, the later ones use. Lines keep their numbers.
    kept = [""] * (text.count("\n") + 1)
    for match in BLOCK.finditer(text):
        first = text.count("\n", 0, match.start(1))
        for offset, line in enumerate(match[1].splitlines()):
            kept[first + offset] = line
    test = doctest.DocTestParser().get_doctest("\n".join(kept), {}, page, page, 0)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(test, out=said.append)
    assert runner.tries > lines
    assert not runner.failures, "".join(said)
