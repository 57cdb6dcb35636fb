"""No suppressed number can be read from a page: in its text, or by subtraction between its tables."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.disclosure import is_suppressed, suppress
from prevalence.reporting.page import page_of

PARISHES = "ABCDEFGHI"


def country(seed: int) -> dict[str, NDArray[Any]]:
    """Nine parishes in three counties; two halves of the country cut one county in two."""
    rng = np.random.default_rng(seed)
    parish, size = rng.integers(0, 9, 120), rng.integers(4, 9, 120)
    at = np.repeat(parish, size)
    return {
        "ea": np.repeat(np.arange(120), size),
        "parish": np.array(list(PARISHES))[at],
        "county": np.array(["x", "y", "z"])[at // 3],
        "half": np.array(["north", "south"])[(at > 3) * 1],
        "case": (rng.random(at.size) < rng.uniform(0, 0.35, 9)[at]) * 1.0,
        "w": rng.uniform(101, 977, at.size),
    }


def estimates(data: dict[str, NDArray[Any]]) -> dict[str, pv.Estimate]:
    survey = pv.Survey(data, psu="ea", weights="w")
    made = {by: pv.direct.prevalence(survey, "case", by=by) for by in ("parish", "county", "half")}
    return {**made, "all": pv.direct.prevalence(survey, "case")}


def told(data: dict[str, NDArray[Any]], tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the suppressed parishes whose cases follow from the published rows, by linear algebra."""
    known = [np.ones(9)]
    for by in ("parish", "county", "half"):
        for domain in tables[by].loc[~np.asarray(is_suppressed(tables[by])), "domain"]:
            inside = data["parish"][data[by] == domain]
            known.append(np.array([float(p in inside) for p in PARISHES]))
    rank = np.linalg.matrix_rank(known)
    hidden = tables["parish"].loc[np.asarray(is_suppressed(tables["parish"])), "domain"]
    return [
        p for p in hidden if np.linalg.matrix_rank([*known, np.eye(9)[PARISHES.index(p)]]) == rank
    ]


def attacked(seed: int) -> tuple[list[str], list[str], list[str]]:
    """Return what tables tell that are protected one by one, and together; and what was warned."""
    data = country(seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", pv.PrevalenceWarning)
        made = estimates(data)
        apart = {name: suppress(e.to_frame()) for name, e in made.items()}
        before = len(caught)
        page = page_of(pv.compare(made, side_by_side=True), "on", synthetic=True)
    said = [str(w.message) for w in caught[before:]]
    return told(data, apart), told(data, page.tables), said


@pytest.mark.parametrize("seed", [0, 1, 7, 13, 31, 58])
def test_tables_of_a_page_do_not_tell_each_other(seed: int) -> None:
    apart, together, said = attacked(seed)
    assert apart
    assert not together
    assert any("tables of one publication must not tell" in text for text in said)


@pytest.mark.proof
def test_tables_of_many_pages_do_not_tell_each_other() -> None:
    found = [attacked(seed) for seed in range(200)]
    assert sum(bool(apart) for apart, _, _ in found) > 100
    assert not any(together for _, together, _ in found)


def test_an_estimate_of_one_area_beside_the_areas_is_seen() -> None:
    data = country(7)
    survey = pv.Survey(data, psu="ea")
    made = {
        "parish": pv.direct.prevalence(survey, "case", by="parish"),
        "rest": pv.direct.prevalence(survey, "case", where="parish not in ('A', 'B', 'C')"),
        "all but C": pv.direct.prevalence(survey, "case", where="parish != 'C'"),
    }
    with pytest.warns(pv.PrevalenceWarning, match="tell each other's small cells"):
        page = page_of(pv.compare(made, side_by_side=True), "on", synthetic=True)
    assert "suppressed" in page.tables["all but C"]["flag"].iloc[0]


def test_pages_without_small_cells_stay_as_they_are() -> None:
    data = {**country(0)}
    data["case"] = (np.arange(data["case"].size) % 2).astype(float)
    made = estimates(data)
    page = page_of(pv.compare(made, side_by_side=True), "on", synthetic=True)
    assert not any(is_suppressed(table).any() for table in page.tables.values())


def test_totals_and_means_of_yes_and_no_are_protected_by_their_cases() -> None:
    data = country(7)
    survey = pv.Survey(data, psu="ea", weights="w")
    share = suppress(pv.direct.prevalence(survey, "case", by="parish").to_frame())
    for estimator in (pv.direct.total, pv.direct.mean):
        with warnings.catch_warnings():  # of domains without a case
            warnings.simplefilter("ignore", pv.PrevalenceWarning)
            table = suppress(estimator(survey, "case", by="parish").to_frame())
        # shares are also protected from above: few who are no case
        assert is_suppressed(table).tolist() == is_suppressed(share).tolist()
        assert estimator(survey, "w", by="parish").to_frame()["cases"].isna().all()


def texts_of(made: pv.Comparison, folder: Path) -> dict[str, str]:
    """Return every form in which the comparison can be published, as text."""
    page = pv.report(made, path=folder / "page.html", synthetic=True)
    found = {"report": page.read_text(), "list": pv.checklist(made, "survey").to_html()}
    for lang in ("en", "fr"):
        table = made.table(lang=lang)
        found |= {f"{lang}md": table.to_markdown(), f"{lang}tex": table.to_latex(), f"{lang}html": table.to_html(), f"{lang}csv": table.to_frame().to_csv()}  # fmt: skip
        for file in (
            table.to_excel(folder / f"{lang}.xlsx"),
            table.to_word(folder / f"{lang}.docx"),
        ):
            with zipfile.ZipFile(file) as parts:
                found[file.name] = " ".join(parts.read(n).decode("utf8", "ignore") for n in parts.namelist())  # fmt: skip
    for name, e in made.estimates.items():
        if len(e) > 1:
            found[f"figure {name}"] = pv.plot.describe(pv.plot.domains(e))
    return found


def test_no_form_holds_a_suppressed_number(tmp_path: Path) -> None:
    data = country(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        made = pv.compare(
            estimates(data), side_by_side=True, truth={"parish": np.linspace(0.0123457, 0.98761, 9)}
        )
        tables = page_of(made, "on", synthetic=True).tables
        texts = texts_of(made, tmp_path)
    hidden = np.asarray(is_suppressed(tables["parish"]))
    rows = made.estimates["parish"].to_frame()[hidden]
    secrets = {
        f"{scale * x:.{digits}g}"
        for column in ("estimate", "std_error", "conf_low", "conf_high")
        for x in [*rows[column], *np.linspace(0.0123457, 0.98761, 9)[hidden]]
        for scale in (1, 100)
        for digits in (6, 8)
        if np.isfinite(x) and 0 < x < 1
    }
    alone = set(rows["n"]) - set(tables["parish"]["n"].dropna())
    secrets |= {f">{n}<" for n in alone} | {f"| {n} |" for n in alone}
    assert hidden.any()
    assert not [(form, s) for form, text in texts.items() for s in secrets if s in text]
