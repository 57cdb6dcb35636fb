"""The pages for those who come from other packages: both sides print the same numbers.

A block of R or of svy that stands right above one of ours has the same numbers in the same order.
The lines of R are run again where R has the package survey; those of svy by ``make bench``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from .test_docs_pages import DOCS, ids

PAGES = sorted((DOCS / "coming-from").glob("*.md"))
BLOCK = re.compile(r"^```(r|python svy|python)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.\-^])-?\d+(?:\.\d*)?(?:e[+-]?\d+)?(?![\w.%-])")
#: What is printed but is no result: places in R's vectors, texts in quotes.
NO_RESULT = re.compile(r"\[,?\d+,?\]|'[^'\n]*'|\"[^\"\n]*\"")
PEERS = {"r", "python svy"}
LACKING = 71  # exit status of R without survey or MASS, which survey loads for some of its lines


def pairs(page: Path) -> list[tuple[str, str, str]]:
    """Return each peer's block that stands right above one of ours: kind, its lines, ours."""
    found = list(BLOCK.finditer(page.read_text(encoding="utf-8")))
    return [
        (one[1], one[2], two[2])
        for one, two in pairwise(found)
        if one[1] in PEERS and two[1] == "python" and one.end() == two.start()
    ]


def printed(kind: str, block: str) -> str:
    """Return what the lines of a block print, without the lines."""
    if kind == "r":
        return "\n".join(x[3:] for x in block.splitlines() if x.startswith("#> "))
    return "\n".join(x for x in block.splitlines() if not x.startswith((">>> ", "... ")))


def numbers(text: str) -> list[Decimal]:
    return [Decimal(x) for x in NUMBER.findall(NO_RESULT.sub(" ", text))]


def off(one: Decimal, two: Decimal) -> bool:
    """Tell whether two numbers differ by more than their last places were rounded."""
    rounded = [Decimal(1).scaleb(int(x.as_tuple().exponent)) / 2 for x in (one, two)]
    return abs(one - two) > sum(rounded)


def differences(theirs: list[Decimal], ours: list[Decimal]) -> list[str]:
    if len(theirs) != len(ours):
        return [f"{len(theirs)} numbers and {len(ours)}: {theirs} and {ours}"]
    return [f"{a} and {b}" for a, b in zip(theirs, ours, strict=True) if off(a, b)]


@pytest.mark.parametrize("page", [page for page in PAGES if pairs(page)], ids=ids)
def test_both_sides_of_a_page_print_the_same_numbers(page: Path) -> None:
    compared = 0
    for kind, theirs, ours in pairs(page):
        found = numbers(printed(kind, theirs))
        assert not differences(found, numbers(printed("python", ours))), theirs
        compared += len(found)
    assert compared >= 8


def test_every_block_of_a_peer_that_prints_is_compared_or_said_to_differ() -> None:
    alone = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = [m for m in BLOCK.finditer(text) if m[1] in PEERS and printed(m[1], m[2])]
        compared = {theirs for _, theirs, _ in pairs(page)}
        alone += [(page.stem, m[2]) for m in blocks if m[2] not in compared]
    assert [stem for stem, _ in alone] == ["svy"]  # its variance knows the last step alone
    assert "trim" in alone[0][1]


def blocks_of_r(page: Path) -> list[str]:
    return [m[2] for m in BLOCK.finditer(page.read_text(encoding="utf-8")) if m[1] == "r"]


@cache
def what_r_prints(pages: tuple[Path, ...]) -> dict[Path, list[str]] | None:
    """Return what R prints, by page and block, if it is there: one process, pages start anew."""
    if shutil.which("Rscript") is None:
        return None
    mark = "=== next block ==="
    line = f"cat('\\n{mark}\\n')\n"
    first = (
        "for (name in c('survey', 'MASS'))"
        f" if (!requireNamespace(name, quietly = TRUE)) quit(status = {LACKING})\n"
    )
    parts = ["rm(list = ls())\n" + line.join(blocks_of_r(page)) for page in pages]
    code = first + line.join(parts)
    done = subprocess.run(["Rscript", "-"], input=code, capture_output=True, text=True, check=False)
    if done.returncode == LACKING:
        return None
    assert done.returncode == 0, done.stderr
    said = iter(done.stdout.split(mark))
    return {page: [next(said) for _ in blocks_of_r(page)] for page in pages}


WITH_R = tuple(page for page in PAGES if blocks_of_r(page))


@pytest.mark.parametrize("page", WITH_R, ids=ids)
def test_the_lines_of_r_print_what_the_page_says(page: Path) -> None:
    found = what_r_prints(WITH_R)
    if found is None:
        pytest.skip("needs R with survey and MASS (Debian: apt install r-cran-survey r-cran-mass)")
    for block, said in zip(blocks_of_r(page), found[page], strict=True):
        assert not differences(numbers(said), numbers(printed("r", block))), block


def test_numbers_are_read_from_what_r_and_python_print() -> None:
    assert numbers("[1] 12.5 -0.04\nage12-14 0.35\n2.5%  0.243") == [
        Decimal("12.5"),
        Decimal("-0.04"),
        Decimal("0.35"),
        Decimal("0.243"),
    ]
    assert numbers("age = 12-14  1e-05 'x 3' [[7., 9.]] X^2") == [
        Decimal("1e-05"),
        Decimal(7),
        Decimal(9),
    ]
    assert off(Decimal("12.71"), Decimal("12.7291"))
    assert not off(Decimal("12.709"), Decimal("12.7091"))
    assert differences([Decimal(1)], []) == ["1 numbers and 0: [Decimal('1')] and []"]
