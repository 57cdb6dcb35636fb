"""The pages of the documentation: every line of Python on them is executed, every link leads somewhere."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if not {"_build", "_generated", "_templates"} & set(path.relative_to(DOCS).parts)
)
TOP = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LONG = re.compile(r"^```python(?: long)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^(`{3,})([^`\n]*)\n.*?^\1$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

#: What a block of a page may hold. Python is executed here; R where it is installed, in tests of that page;
#: svy in the environment of `make bench`.
KINDS = {"python", "python long", "python svy", "sh", "r", "stata", "toml", "text"}


def ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def with_python() -> list[Path]:
    return [path for path in PAGES if BLOCK.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", with_python(), ids=ids)
def test_every_line_of_a_page_runs_and_prints_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a page may write files
    run(page, BLOCK)


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=ids)
def test_every_block_of_a_page_is_of_a_kind_that_is_executed_or_named(page: Path) -> None:
    kinds = {match[2].strip() for match in FENCE.finditer(page.read_text(encoding="utf-8"))}
    plain = {kind for kind in kinds if not kind.startswith("{")}
    allowed = KINDS | ({""} if page in TOP else set())
    assert plain <= allowed


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=ids)
def test_every_link_to_a_page_or_a_part_of_it_leads_there(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    dead = [link for link in LINK.findall(text) if "://" not in link and not leads(page, link)]
    assert not dead


def leads(page: Path, link: str) -> bool:
    """Tell whether a relative link leads to a file, and its anchor to a heading of it."""
    name, _, anchor = link.partition("#")
    target = page if not name else (page.parent / name).resolve()
    if "_generated" in target.parts:  # made when the pages are built
        return True
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings and of the named places of a page."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    heads = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads]
    return set(plain) | set(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))


def test_an_export_becomes_a_prevalence_in_ten_lines() -> None:
    text = (DOCS / "how-to" / "questionnaire.md").read_text(encoding="utf-8")
    block = BLOCK.findall(text)[0]
    code = [line[4:] for line in block.splitlines() if line.startswith((">>> ", "... "))]
    assert len(code) == 10
    assert max(map(len, code)) <= 100
    assert "pv.read_kobo(" in block
    assert "Definition.from_toml(" in block
    assert "pv.direct.prevalence(" in code[-2]


def test_ten_lines_of_the_readme_print_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    ((code, said),) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert sum(bool(line) for line in code.splitlines()) == 10
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own page
    assert capsys.readouterr().out == said


@pytest.mark.proof
def test_the_long_blocks_of_a_page_print_what_the_page_says() -> None:
    run(DOCS / "explanation" / "lists-published.md", LONG)


def run(path: Path, fence: re.Pattern[str]) -> None:
    """Execute the blocks of a page in one session and compare what they print."""
    text, page = path.read_text(encoding="utf-8"), path.name
    blocks = fence.findall(text)
    loose = [block.splitlines()[0] for block in blocks if not block.startswith(">>> ")]
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
    assert runner.tries >= sum(block.count("\n>>> ") + 1 for block in blocks)
    assert not runner.failures, "".join(said)


def test_what_a_session_prints_is_no_code_to_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    generic = importlib.import_module("pygments.token").Generic
    session = ">>> f()\nTraceback (most recent call last):\n    ...\nTypeError: no\n>>> y = 2\n2\n"
    parts = importlib.import_module("prompts").SessionLexer().get_tokens(session)
    copied = "".join(
        words for kind, words in parts if kind not in generic.Output and kind not in generic.Prompt
    )
    assert copied.split() == ["f()", "y", "=", "2"]
    style = (DOCS / "_static" / "page.css").read_text(encoding="utf-8")
    assert re.search(r"\.gp,\s*div\.highlight \.go \{\s*user-select: none", style)
