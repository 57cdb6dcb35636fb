"""What an attacker could try through a table, a label, a formula or a file, and what comes of it."""

from __future__ import annotations

import ast
import io
import pickle
import re
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv

PACKAGE = Path(pv.__file__).resolve().parent
SCRIPT = "<script>alert(1)</script>"
LABELS = (
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "</td></table><iframe src=//x></iframe>",
    "'onmouseover='alert(1)",
    "{{ 7 * 7 }}",
    "&lt;script&gt;",
)
# What a spreadsheet would compute.
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=2+2", "\r=3+3", '=HYPERLINK("//x";"y")')
# What formula languages elsewhere execute: the mark is a file that must not appear.
ATTACKS = (
    "__import__('os').system('touch {mark}')",
    "__import__('pathlib').Path('{mark}').touch()",
    "I(__import__('pathlib').Path('{mark}').touch())",
    "C(case, contr.treatment(open('{mark}', 'w')))",
    "case + open('{mark}', 'w')",
    "[open('{mark}', 'w') for _ in (1,)]",
    "(lambda: open('{mark}', 'w'))()",
    "case.__class__.__mro__[1].__subclasses__()",
    'eval(\'open("{mark}", "w")\')',
    'exec(\'open("{mark}", "w")\')',
    "@open('{mark}', 'w')",
    "`case`; open('{mark}', 'w')",
    "case == 1 or open('{mark}', 'w')",
    "f'{{open(\"{mark}\", \"w\")}}' == 'a'",
    "case == 1\nopen('{mark}', 'w')",
    "{{}}.format(case)",
    "'%s' % case == '1'",
    "'; DROP TABLE children; --",
)


def rows(labels: tuple[str, ...] = ("a", "b")) -> dict[str, Any]:
    n, rng = 40 * len(labels), np.random.default_rng(3)
    return {
        "case": (rng.random(n) < 0.4).astype(int),
        "age": rng.integers(5, 18, n),
        "place": np.repeat(labels, 40),
        "psu": np.arange(n) // 4,
    }


def survey(labels: tuple[str, ...] = ("a", "b")) -> pv.Survey:
    return pv.Survey(rows(labels), psu="psu")


# Formulas

LISTED = pv.Lists({"a": [1, 1, 0, 1], "b": [1, 0, 1, 1], "age": [1, 2, 3, 4]}, ["a", "b"])
ASKED: dict[str, Callable[[str], Any]] = {
    "where of an estimate": lambda text: pv.direct.prevalence(survey(), "case", where=text),
    "outcome": lambda text: pv.direct.prevalence(survey(), text),
    "domains": lambda text: pv.direct.prevalence(survey(), "case", by=text),
    "predictor": lambda text: pv.direct.regression(survey(), "case", [text]),
    "predicted": lambda text: pv.direct.regression(survey(), text, ["age"]),
    "indicator": pv.Indicator,
    "weights": lambda text: pv.Survey(rows(), weights=text),
    "margins": lambda text: survey().rake({text: {"a": 40.0, "b": 40.0}}),
    "covariates of lists": lambda text: pv.mse.huggins(LISTED, covariates=[text]),
}


@pytest.mark.parametrize("name", ASKED)
def test_no_formula_runs_code(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for attack in ATTACKS:
        text = attack.format(mark=(tmp_path / "mark").as_posix())
        with pytest.raises((ValueError, KeyError, TypeError)):
            ASKED[name](text)
        assert list(tmp_path.iterdir()) == [], attack


def test_the_package_evaluates_no_text_and_reads_no_pickle() -> None:
    """Only the notebooks that come with the package are executed; workers exchange pickles."""
    forbidden = {"eval", "exec", "compile", "__import__", "getoutput", "popen", "system"}
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in forbidden:
                    found.append((path.relative_to(PACKAGE).as_posix(), node.func.id))
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name.split(".")[0] for alias in node.names}
                names |= {(getattr(node, "module", None) or "").split(".")[0]}
                bad = names & {"pickle", "marshal", "shelve", "subprocess", "yaml", "patsy"}
                found += [(path.name, name) for name in sorted(bad)]
            elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False, path
    assert set(found) == {
        ("parallel.py", "pickle"),
        ("reproduce.py", "compile"),
        ("reproduce.py", "exec"),
        ("reproduce.py", "eval"),
    }


# Labels


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}


def inert(html: str, scripts: bool = False) -> None:
    page = Tags()
    page.feed(html)
    assert not page.handlers
    assert not page.tags & ({"iframe"} | (set() if scripts else {"script"}))
    assert "alert(1)</script" not in html
    assert "onerror=alert(1)>" not in html


def hostile() -> dict[str, Any]:
    """Return objects whose every label, name and word is hostile."""
    made = survey(LABELS)
    estimate = pv.direct.prevalence(made, "case", by="place")
    renamed = pv.Survey({**rows(LABELS), SCRIPT: rows(LABELS)["case"]})
    named = pv.direct.prevalence(renamed, SCRIPT)
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [20, 30, 25], names=[SCRIPT, LABELS[1]])
    comparison = pv.compare({SCRIPT: named, LABELS[1]: named})
    return {
        "survey": made,
        "estimate": estimate,
        "named": named,
        "lists": lists,
        "comparison": comparison,
        "table": comparison.table(),
        "estimate table": estimate.table(),
        "checklist": pv.checklist(comparison, "survey"),
    }


@pytest.mark.filterwarnings("ignore:rows of lists .* alike")
def test_labels_are_escaped_wherever_html_is_made() -> None:
    seen = 0
    for name, held in hostile().items():
        for way in ("_repr_html_", "to_html"):
            if hasattr(held, way):
                html = getattr(held, way)()
                inert(html)
                assert "<script" not in html, name
                seen += 1
    assert seen >= 5


def test_a_report_of_hostile_labels_runs_nothing(tmp_path: Path) -> None:
    held = hostile()
    study = {"name": "jamaica", "rerun": SCRIPT}
    path = tmp_path / "report.html"
    pv.report(held["comparison"], path=path, title=SCRIPT, study=study, checks=None)
    html = path.read_text(encoding="utf-8")
    inert(html, scripts=True)
    clean = tmp_path / "clean.html"
    other = pv.compare({"a": held["named"], "b": held["named"]})
    pv.report(other, path=clean, title="a", study={"name": "jamaica", "rerun": "c"}, checks=None)
    assert html.count("<script") == clean.read_text(encoding="utf-8").count("<script")


# Files


def test_a_workbook_computes_nothing(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    made = survey(FORMULAS)
    table = pv.direct.prevalence(made, "case", by="place").table()
    written = table.to_excel(tmp_path / "t.xlsx")
    cells = [cell for row in load_workbook(written).active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    with zipfile.ZipFile(written) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    texts = {str(cell.value).strip() for cell in cells if cell.data_type != "n"}
    assert {"=1+1", "@SUM(A1)"} <= texts  # as text, unchanged


def test_exported_weights_carry_no_text_that_a_spreadsheet_would_compute(tmp_path: Path) -> None:
    data = rows(FORMULAS)
    made = pv.Survey({**data, "unit": np.char.add("=1+", data["psu"].astype(str))}, psu="unit")
    written = pd.read_csv(made.export_weights(tmp_path / "w.csv"))
    assert all(kind.kind in "if" for kind in written.dtypes)
    assert not re.search(r"[=@+]", ",".join(written.columns))


class Harmful:
    """Unpickled, it would leave a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("kind", ["pickle", "object array"])
def test_a_saved_estimate_that_holds_a_pickle_is_refused(tmp_path: Path, kind: str) -> None:
    mark, path = tmp_path / "mark", tmp_path / "e.pv"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Harmful(mark)))
    else:
        good = pv.direct.prevalence(survey(), "case").save(tmp_path / "good.pv")
        held = io.BytesIO()
        np.save(held, np.array([Harmful(mark)], dtype=object), allow_pickle=True)
        with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name))
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as arrays:
                arrays.writestr("value.npy", held.getvalue())
            arrays_name = next(n for n in old.namelist() if n.endswith((".npz", ".npy")))
        with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                kept = old.read(name) if name != arrays_name else inner.getvalue()
                new.writestr(name, kept)
    with pytest.raises(ValueError, match="must"):
        pv.load(path)
    assert not mark.exists()


# Identifiers

NAMES = ("Marie-Claire Kouadio 1998", "Desmond Campbell +1876", "ID-55-CHILD-0042")


@pytest.mark.parametrize("way", [repr, str, lambda x: getattr(x, "_repr_html_", lambda: "")()])
def test_what_is_shown_of_a_sample_holds_no_row(way: Callable[[Any], str]) -> None:
    people = pd.DataFrame({"name": NAMES * 4, "case": [0, 1, 1] * 4, "a": 1, "b": [1, 0, 1] * 4})
    held = (
        pv.Survey(people, psu="name"),
        pv.Lists(people, ["a", "b"]),
        pv.Microdata({"people": people}),
        pv.direct.prevalence(pv.Survey(people, psu="name"), "case"),
    )
    for one in held:
        assert not any(name in way(one) for name in NAMES), type(one)
