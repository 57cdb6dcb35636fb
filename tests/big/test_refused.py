"""What a file must not hold, and what cells cannot tell: the message says so, with counts of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv

from .rows import ENGINES, read, rows, written

pytestmark = pytest.mark.filterwarnings("ignore:weights are zero in:prevalence.PrevalenceWarning")


def with_value(column: str, value: Any, count: int = 3) -> pd.DataFrame:
    frame = rows(4, n=400, psus=20)
    frame[column] = frame[column].astype(object if isinstance(value, str) else float)
    frame.loc[frame.index[:count], column] = value
    return frame


FILES: dict[str, tuple[pd.DataFrame, dict[str, Any], type[Exception], str]] = {
    "missing weight": (
        with_value("w", np.nan), {}, ValueError,
        r"weights must be given: 3 of 400 rows are not \(column 'w' of the file\)\. Fill",
    ),
    "infinite weight": (
        with_value("w", np.inf, 1), {}, ValueError, "weights must be finite: 1 of 400 rows is not",
    ),
    "negative weight": (
        with_value("w", -1.0, 2), {}, ValueError, "weights must be positive: 2 of 400 rows are not",
    ),
    "no weight": (
        rows(4, n=400).assign(w=0.0), {}, ValueError, "all 400 rows of the file",
    ),
    "weights out of range": (
        rows(4, n=400).assign(w=1e-300), {}, ValueError, "squares within floating point",
    ),
    "infinite amount": (
        with_value("pay", np.inf), {}, ValueError, "amounts must be finite: 3 of 400 rows are not",
    ),
    "missing replicate": (
        with_value("rep2", np.nan), {"replicates": "rep"}, ValueError,
        "replicates must be given: 3 of 400 rows are not",
    ),
    "missing stratum": (
        with_value("stratum", np.nan), {}, ValueError, "'stratum' is missing in 3 of 400 rows",
    ),
    "amount of 0 and 1": (
        rows(4, n=400), {"columns": (), "amounts": "case"}, ValueError, "'case' has none. Name it in",
    ),
    "unknown column": (
        rows(4, n=400), {"columns": "cas"}, KeyError, "'cas' is not.* Did you mean 'case'",
    ),
    "text as an amount": (
        rows(4, n=400), {"columns": (), "amounts": "sex"}, TypeError, "'sex' of the file holds text",
    ),
    "two uses": (
        rows(4, n=400), {"amounts": "case"}, ValueError, "'case' is named for 2",
    ),
    "no units": (
        rows(4, n=400), {"psu": None, "strata": None}, ValueError, "psu must name the primary units",
    ),
    "joint": (
        rows(4, n=400), {"joint": np.eye(2)}, ValueError, "joint must not be given",
    ),
    "too many cells": (
        rows(4, n=400), {"most": 5}, ValueError, "at most 5 cells: found more",
    ),
    "no cells": (
        rows(4, n=400), {"most": 0}, ValueError, "most must be .*: found 0. Write most=5_000_000",
    ),
    "condition with a taken name": (
        rows(4, n=400), {"conditions": {"age": "age > 3"}}, ValueError, "must have new names",
    ),
    "condition of two kinds": (
        rows(4, n=400), {"conditions": {"a": "sex > 3"}}, ValueError, "numbers with numbers",
    ),
    "condition that is code": (
        rows(4, n=400), {"conditions": {"a": "__import__('os').system('true') == 0"}}, ValueError,
        "a condition may use names",
    ),
    "condition without a column": (
        rows(4, n=400), {"conditions": {"a": "1 == 1"}}, ValueError, "must name a column",
    ),
    "condition that compares nothing": (
        rows(4, n=400), {"conditions": {"a": "age"}}, ValueError, "a condition must be|must compare",
    ),
    "condition with an empty list": (
        rows(4, n=400), {"conditions": {"a": "age in []"}}, ValueError, "empty list",
    ),
    "condition that is no text": (
        rows(4, n=400), {"conditions": {"a": 3}}, TypeError, "must map names to conditions",
    ),
    "too many amounts": (
        rows(4, n=100).assign(**{f"a{k}": 2.0 for k in range(21)}),
        {"amounts": [f"a{k}" for k in range(21)]}, ValueError, "at most 20: found 21",
    ),
    "no such replicates": (
        rows(4, n=400), {"replicates": "brr"}, KeyError, "begins no numbered column",
    ),
    "no memory": (rows(4, n=400), {"memory": "much"}, ValueError, "memory must be a size"),
    "no threads": (rows(4, n=400), {"threads": 0}, ValueError, "threads must be a whole number"),
    "zero rows": (rows(4, n=400).iloc[:0], {}, ValueError, "found zero rows"),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", FILES)
def test_files_that_cannot_be_read(case: str, engine: str, tmp_path: Path) -> None:
    frame, asked, kind, words = FILES[case]
    path = written(frame, tmp_path / "rows.parquet")
    with pytest.raises(kind, match=words):
        read(path, engine, **asked)


def test_paths() -> None:
    with pytest.raises(FileNotFoundError, match=r"'absent\.parquet' is not"):
        read("absent.parquet", "auto")
    with pytest.raises(TypeError, match="path must be a parquet file"):
        read(3, "auto")
    with pytest.raises(ValueError, match="engine must be"):
        read(__file__, "spark")


def test_odd_paths(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"found no name that ends in \.parquet"):
        read(tmp_path, "auto")
    with pytest.raises(ValueError, match=r"without \* \? \[ \]"):
        read(written(rows(4, n=100), tmp_path / "a[1].parquet"), "auto")


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_of_other_kinds(engine: str, tmp_path: Path) -> None:
    frame = rows(4, n=400, psus=20).assign(day=pd.Timestamp("2024-02-01"))
    frame["kind"] = pd.Categorical(["a", "b"] * 200)
    frame["both"] = pd.Series([[1, 2]] * 400)
    path = written(frame, tmp_path / "rows.parquet")
    with pytest.raises(TypeError, match="a nested value"):
        read(path, engine, columns="both")
    with pytest.raises(TypeError, match="a date or time"):
        read(path, engine, conditions={"a": "day == 3"})
    survey = read(path, engine, columns=["case", "day", "kind"])
    assert pv.direct.mean(survey, "case", by="kind").labels == (("a",), ("b",))
    assert len(pv.direct.mean(survey, "case", by="day")) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_names_are_quoted(engine: str, tmp_path: Path) -> None:
    odd = 'a "quoted"; DROP TABLE x -- '
    frame = rows(4, n=400, psus=20).rename(columns={"case": odd, "age": "k0", "pay": "weight"})
    path = written(frame, tmp_path / "it's.parquet")
    survey = read(
        path, engine, columns=[odd, "sex"], amounts="weight",
        conditions={"teen": "k0 >= 12", "f": "sex == \"F'; DROP TABLE x; --\""},
    )  # fmt: skip
    people = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
    found, wanted = pv.direct.prevalence(survey, odd), pv.direct.prevalence(people, odd)
    np.testing.assert_allclose(found.value, wanted.value, rtol=1e-12)
    assert survey.table.columns["f"].tolist() == [0.0] * len(survey)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> pv.Survey:
    path = written(rows(5, n=600), tmp_path_factory.mktemp("cells") / "rows.parquet")
    return read(path, "duckdb", replicates="rep")


def test_what_needs_persons_one_by_one_is_refused(cells: pv.Survey) -> None:
    words = r"one row for each person for .*: found [\d,]+ cells of 600 rows"
    for ask in (
        lambda: cells.trim(3),
        cells.weight_flow,
        lambda: cells.attach({"case": [1]}, on="case"),
        lambda: cells.export_weights("w.csv"),
        lambda: cells.second_phase("case"),
        lambda: cells.influence(lambda w: np.ones(len(cells)) @ w),
        lambda: pv.Answers(cells, known={"police": 100}, hidden=()),
        lambda: pv.direct.quantile(cells, "case"),
    ):
        with pytest.raises(ValueError, match=words):
            ask()


def test_amounts_are_only_added_up(cells: pv.Survey) -> None:
    with pytest.raises(ValueError, match="'pay' was read as an amount"):
        pv.direct.mean(cells, "case", by="pay")
    with pytest.raises(ValueError, match="'pay' was read as an amount"):
        pv.direct.mean(cells, "case", where="pay > 3")
    with pytest.raises(ValueError, match="'pay' was read as an amount"):
        pv.direct.prevalence(cells, "pay")


def test_a_missing_amount_is_counted_in_persons(cells: pv.Survey) -> None:
    with pytest.raises(
        ValueError, match=r"'hours' is missing in \d+ of 5\d\d rows with weight\. Pass"
    ):
        pv.direct.mean(cells, "hours")


def test_replicates_of_a_file_need_their_degrees_of_freedom(cells: pv.Survey) -> None:
    with pytest.raises(ValueError, match="df must be given for the cells of a file"):
        cells.replicate_weights("rep", scale=1 / 30)
    assert "600 rows in" in repr(cells)


def test_where_nobody_is_counts_persons(cells: pv.Survey) -> None:
    with pytest.raises(ValueError, match=r"none of 5\d\d meets 'case == 2'"):
        pv.direct.mean(cells, "case", where="case == 2")
