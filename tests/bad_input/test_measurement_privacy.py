"""Who is in the data is in no message, and in no table made for publication."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.disclosure import protect, protect_audit, protect_overlaps
from tests.bad_input.test_measurement_every import EVERY, N, people, survey
from tests.readers import exports

WHO = "Zz9-who"  # names, submissions and households carry it, and nothing else does

Rows = list[list[Any]]
HOMES: Rows = [
    ["home/ea", "home/size", "home/poor", "_id", "_uuid", "_index"],
    *([f"EA {WHO}", k + 1, "yes", f"{WHO}{k}", f"uuid:{WHO}{k}", k + 1] for k in range(4)),
]
CHILDREN: Rows = [
    ["roster/child/name", "roster/child/age", "_index", "_parent_table_name", "_parent_index"],
    *([f"Child {WHO}{k}", 5 + k, k + 1, "homes", 1 + k % 4] for k in range(6)),
]
CHILDREN = [
    [*row, "_submission__id" if k == 0 else f"{WHO}{(k - 1) % 4}"] for k, row in enumerate(CHILDREN)
]


def with_cell(sheet: str, row: int, title: str, value: Any) -> dict[str, Rows]:
    sheets = {"homes": copy.deepcopy(HOMES), "child": copy.deepcopy(CHILDREN)}
    at = sheets[sheet][0].index(title)
    sheets[sheet][row][at] = value
    return sheets


SPOILED: dict[str, dict[str, Rows]] = {
    "twice": with_cell("homes", 2, "_id", f"{WHO}0"),
    "orphan": with_cell("child", 3, "_parent_index", 77),
    "another submission": with_cell("child", 3, "_submission__id", f"{WHO}9"),
    "no number": with_cell("homes", 1, "home/size", f"four {WHO}"),
    "no choice": with_cell("homes", 1, "home/poor", f"perhaps {WHO}"),
    "no age": with_cell("child", 1, "roster/child/age", f"{WHO} is 7"),
    "two parents": with_cell("child", 1, "_parent_table_name", f"{WHO}"),
    "a row too long": {"homes": [*HOMES, [*HOMES[1], WHO, WHO]], "child": CHILDREN},
}


@pytest.mark.parametrize("case", SPOILED)
def test_messages_of_exports_hold_rows_and_no_identifiers(tmp_path: Path, case: str) -> None:
    (tmp_path / "all").mkdir()
    for name, rows in SPOILED[case].items():
        exports.write_csv(tmp_path / "all" / f"{name}.csv", rows)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            said = list(pv.read_kobo(tmp_path / "all", form=exports.form(tmp_path)).notes)
        except ValueError as error:
            said = [str(error)]
    said += [str(found.message) for found in caught]
    assert said
    assert not [text for text in said if WHO in text]
    assert any("row" in text for text in said)


@pytest.mark.parametrize("name", EVERY)
def test_messages_of_estimators_hold_no_labels_of_units(name: str) -> None:
    """Primary units and strata are places; their labels must not stand in an error of a row."""
    asked = EVERY[name]
    data = {**people(), "ea": np.array([f"{WHO}{k // 10}" for k in range(N)], dtype=object)}
    for column in asked.columns:
        values = np.where(np.arange(N) == 9, np.inf, people()[column].astype(float))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                said = list(getattr(asked.ask(survey({**data, column: values})), "warnings", ()))
            except (ValueError, KeyError, TypeError, pv.ConvergenceError) as error:
                said = [str(error)]
        said += [str(found.message) for found in caught]
        assert not [text for text in said if WHO in text]


# ---------------------------------------------------------------------- tables for publication
def two() -> tuple[pv.Definition, pv.Definition, pv.Survey]:
    """Return two definitions that differ in two children, and their survey."""
    parts = {"q1": pv.Indicator("q1 == 1"), "q2": pv.Indicator("q2 == 1")}
    wide = pv.Definition("Wide", "1", indicators=parts, rule=pv.AtLeast(1), age=None)
    strict = pv.Definition("Strict", "1", indicators=parts, rule=pv.AtLeast(2), age=None)
    one = np.repeat([1.0, 1, 0], [20, 2, 178])
    return wide, strict, pv.Survey({"q1": one, "q2": np.repeat([1.0, 0, 0], [20, 2, 178])})


def test_overlaps_of_few_rows_are_suppressed_with_what_would_tell_them() -> None:
    wide, strict, sample = two()
    table = wide.compare(sample, strict).overlaps
    before = table.copy()
    safe = protect_overlaps(table)
    pd.testing.assert_frame_equal(table, before)
    assert table["n"].tolist() == [20, 2, 178]
    assert safe["n"].isna().tolist() == [True, True, False]
    assert safe["share"].isna().tolist() == [True, True, False]
    assert safe["flag"].tolist() == [
        "suppressed: to protect another row of the same total",
        "suppressed: fewer than 5 rows",
        "",
    ]
    assert protect_overlaps(table, minimum_n=2)["n"].tolist() == [20, 2, 178]


def test_audits_of_few_cases_are_suppressed() -> None:
    wide, _, _ = two()
    answers = {"q1": [1.0] * 30 + [0.0] * 170, "q2": [1.0] * 2 + [0.0] * 198}
    table = wide.classify(answers).audit
    safe = protect_audit(table)
    assert safe["fired"].isna().tolist() == [False, True, True]
    assert safe["share"].isna().tolist() == [False, True, True]
    assert safe["flag"].tolist()[1] == "suppressed: fewer than 5 cases"
    everyone = wide.classify({"q1": [1.0] * 50, "q2": [1.0] * 48 + [0.0] * 2}).audit
    assert protect_audit(everyone)["fired"].isna().all()


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (protect_overlaps, KeyError, "overlaps of Definition.compare: column 'window' is missing"),
        (protect_audit, KeyError, "audit of Definition.classify: column 'indicator' is missing"),
    ],
)
def test_other_tables_are_refused(
    ask: Callable[..., Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        ask(pd.DataFrame({"x": [1]}))
    wide, strict, sample = two()
    with pytest.raises(
        ValueError, match=r"minimum must be a whole number of at least 0: found 1\.5"
    ):
        protect_overlaps(wide.compare(sample, strict).overlaps, minimum_n=1.5)  # type: ignore[arg-type]  # what is refused


def test_a_report_suppresses_small_domains_of_corrected_and_listed_shares(tmp_path: Path) -> None:
    data = people()
    data["town"] = np.where(np.arange(N) < 12, "Tiny", data["region"])
    sample = survey(data)
    share = pv.direct.prevalence(sample, "case", by="town")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        compared = pv.compare(
            {
                "corrected": pv.misclassification.rogan_gladen(
                    share, sensitivity=0.9, specificity=0.95
                ),
                "list": pv.sensitive.list_difference(
                    sample, "count", treatment="long", items=3, by="town"
                ),
                "direct": share,
            },
            side_by_side=True,
        )
        path = pv.report(compared, path=tmp_path / "r.html")
    text = path.read_text(encoding="utf-8")
    assert "suppressed" in text
    rows = [line for line in text.splitlines() if "Tiny" in line]
    assert rows
    assert not any("%" in line and "suppressed" not in line for line in rows)


@pytest.mark.parametrize("name", ["list_difference", "randomized_response", "list_prevalence"])
def test_one_small_domain_hides_one_more_where_nobody_is_known_to_be_a_case(name: str) -> None:
    data = people()
    data["town"] = np.where(np.arange(N) < 12, "Tiny", data["region"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        table = protect(EVERY[name].ask(survey(data), by="town").to_frame())
    hidden = table.set_index("domain")["estimate"].isna()
    assert hidden.to_dict() == {"A": True, "B": False, "C": False, "D": False, "Tiny": True}
