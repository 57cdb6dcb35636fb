"""The page in a browser: an accessibility checker at two widths, and the brief on one sheet of A4."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import axe_core_python
import pytest

import prevalence as pv

from .test_checklists import answers, case_lists
from .test_presentation import survey

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)  # fmt: skip
needs_browser = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
TEXT_OF_PDF = shutil.which("pdftotext")
CHECK = """
<script>%s</script>
<script>addEventListener("load", () => axe.run({exclude: ["svg > *"]}, {resultTypes: ["violations"], preload: false}).then(found => {
  const told = parent.document.createElement("pre");
  told.id = "found";
  told.textContent = JSON.stringify({
    violations: found.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))]),
    passes: found.passes.map(v => v.id), width: innerWidth, scroll: document.documentElement.scrollWidth });
  parent.document.body.appendChild(told);
}))</script></body>"""


@cache
def page() -> str:
    """Return a page with every section it may have."""
    share = pv.direct.prevalence(survey(), "trafficked")
    report = pv.mse.reliability(case_lists(), simulations=19)
    compared = pv.compare(
        {
            "Survey: share of children": share,
            "Survey: children": share.count(565_219),
            "Network: children": pv.nsum.scale_up(answers(), transmission=1),
            "Lists: children": report.estimate,
            "Survey by town": pv.direct.prevalence(survey(), "trafficked", by="town"),
        },
        truth={"Survey: share of children": 0.045},
        side_by_side=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = pv.report(
            compared, path=Path(folder) / "r.html", title="A study of children", synthetic=True,
            study={"weight_flow": survey().trim(3).weight_flow(), "lists": case_lists(), "hashes": {"a": "9f"}},
            validation=pv.nsum.validate(answers()), reliability=report, checks=[{"check": "numbers equal", "passed": True}],
        )  # fmt: skip
        return path.read_text(encoding="utf-8")


def browse(*options: str) -> str:
    assert BROWSER is not None
    with tempfile.TemporaryDirectory() as profile:
        command = [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            f"--user-data-dir={profile}", "--window-size=1400,900", *options,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def checked(content: str, width: int, folder: Path) -> dict[str, Any]:
    """Return what axe-core says of a page in a window of some width, which is a frame here."""
    axe = Path(str(axe_core_python.__file__)).with_name("axe.min.js")
    open_ = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", content)
    open_ = open_.replace("</body>", CHECK % axe.read_text(encoding="utf-8"))
    frame = folder / f"frame{width}.html"
    frame.write_text(
        f'<!doctype html><html lang="en"><title>Frame</title><body><iframe title="page" '
        f'style="border: 0; width: {width}px; height: 900px" srcdoc="{html.escape(open_)}"></iframe>'
        "</body></html>",
        encoding="utf-8",
    )
    made = browse("--virtual-time-budget=60000", "--dump-dom", frame.as_uri())
    found = re.search(r'<pre id="found">(.*?)</pre>', made, re.DOTALL)
    assert found is not None, made[:500]
    return dict(json.loads(html.unescape(found[1])))


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_an_accessibility_checker_finds_no_violation(width: int, tmp_path: Path) -> None:
    found = checked(page(), width, tmp_path)
    assert found["violations"] == []
    assert {"color-contrast", "svg-img-alt", "html-has-lang"} <= set(found["passes"])
    assert found["width"] == width
    assert found["scroll"] <= width  # nothing is wider than the window


@needs_browser
@pytest.mark.proof
def test_the_checker_sees_what_is_wrong(tmp_path: Path) -> None:
    bad = page().replace('<html lang="en">', "<html>").replace('role="img" aria-label=', "x=")
    seen = {name for name, _ in checked(bad, 390, tmp_path)["violations"]}
    assert "html-has-lang" in seen


@needs_browser
@pytest.mark.slow
@pytest.mark.skipif(TEXT_OF_PDF is None, reason="pdftotext (poppler-utils) is not installed")
def test_the_brief_is_the_first_sheet_of_paper(tmp_path: Path) -> None:
    source, pdf = tmp_path / "r.html", tmp_path / "r.pdf"
    source.write_text(page(), encoding="utf-8")
    browse("--no-pdf-header-footer", f"--print-to-pdf={pdf}", source.as_uri())
    said = subprocess.run(
        [str(TEXT_OF_PDF), str(pdf), "-"], capture_output=True, text=True, check=True
    )
    sheets = [" ".join(sheet.split()) for sheet in said.stdout.split("\f")]
    for words in ("A study of children", "What would make it wrong", "What must not be concluded"):
        assert words in sheets[0], words
    assert "nothing here tells of a real country." in sheets[0]
    assert "nothing else of this list." in sheets[0]  # the ends of both boxes
    assert sheets[1].startswith("Estimates")
    assert "Survey by town" in sheets[1]
