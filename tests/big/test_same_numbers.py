"""The cells of a file give the numbers of its rows in memory, by DuckDB and by pyarrow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv

from .rows import ENGINES, REPLICATES, read, rows, same, written

pytestmark = pytest.mark.filterwarnings("ignore:weights are zero in:prevalence.PrevalenceWarning")

ESTIMATES: dict[str, Callable[[pv.Survey], pv.Estimate]] = {
    "prevalence": lambda s: pv.direct.prevalence(s, "case"),
    "prevalence by domain": lambda s: pv.direct.prevalence(s, "case", by="sex"),
    "prevalence where": lambda s: pv.direct.prevalence(s, "case", where="sex == 'F'"),
    "prevalence, icc": lambda s: pv.direct.prevalence(s, "case", icc=0.02, by="sex"),
    "means": lambda s: pv.direct.mean(s, ["hours", "pay"], by="sex", missing="drop"),
    "total": lambda s: pv.direct.total(s, ["pay", "case"], by="sex"),
    "ratio": lambda s: pv.direct.ratio(s, "hours", "pay", by="sex", missing="drop"),
    "two ratios": lambda s: pv.direct.ratio(s, ["hours", "case"], "pay", missing="drop"),
    "shares": lambda s: pv.direct.proportions(s, "sex", by="case"),
    "counts": lambda s: pv.direct.counts(s, "sex"),
}
SCHEMES: dict[str, Callable[[pv.Survey], pv.Survey]] = {
    "linearised": lambda s: s,
    "jackknife": lambda s: s.jackknife(),
    "bootstrap": lambda s: s.bootstrap(60, rng=1),
    "raked": lambda s: s.rake({"area": {"town": 5_000, "country": 9_000}}),
    "raked bootstrap": lambda s: s.bootstrap(30, rng=1).rake(
        {"area": {"town": 5_000, "country": 9_000}}
    ),
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return rows(1)


@pytest.fixture(scope="module")
def path(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(frame, tmp_path_factory.mktemp("big") / "rows.parquet")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_cells_give_the_numbers_of_the_rows(
    frame: pd.DataFrame, path: Path, engine: str, scheme: str
) -> None:
    change = SCHEMES[scheme]
    cells = change(read(path, engine))
    people = change(pv.Survey(frame, weights="w", strata="stratum", psu="psu"))
    assert len(cells) < len(people) / 3
    for estimate in ESTIMATES.values():
        same(estimate(cells), estimate(people))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("raked", [False, True])
def test_stored_replicate_weights_give_the_numbers_of_the_rows(
    frame: pd.DataFrame, path: Path, engine: str, declared: bool, raked: bool
) -> None:
    psu, strata = ("psu", "stratum") if declared else (None, None)
    both = [
        read(path, engine, replicates="rep", psu=psu, strata=strata),
        pv.Survey(frame, weights="w", psu=psu, strata=strata),
    ]
    both = [s.replicate_weights("rep", scale=1 / REPLICATES, df=20) for s in both]
    if raked:
        both = [s.rake({"area": {"town": 5_000, "country": 9_000}}) for s in both]
    for estimate in ESTIMATES.values():
        same(estimate(both[0]), estimate(both[1]))


@pytest.mark.parametrize("engine", ENGINES)
def test_conditions_are_columns(frame: pd.DataFrame, path: Path, engine: str) -> None:
    text = "age >= 12 and not age in [15, 16] and (sex == 'F' or age * 2 - 1 < 30)"
    known = frame["age"].notna() | (frame["sex"] == "never")
    girl = frame["sex"] == "F"
    truth = (
        (frame["age"] >= 12) & ~frame["age"].isin([15, 16]) & (girl | (frame["age"] * 2 - 1 < 30))
    )
    people = frame.assign(teen=np.where(known, truth * 1.0, np.nan))
    cells = read(path, engine, conditions={"teen": text, "girl": "sex != 'M'"})
    survey = pv.Survey(people.assign(girl=girl * 1), weights="w", strata="stratum", psu="psu")
    for s in (cells, survey):
        with pytest.raises(ValueError, match=r"'teen' is missing in \d+ of"):
            pv.direct.prevalence(s, "case", where="teen == 1")
    same(
        pv.direct.mean(cells, "teen", missing="drop"),
        pv.direct.mean(survey, "teen", missing="drop"),
    )
    same(
        pv.direct.prevalence(cells, "teen", by="girl", missing="drop"),
        pv.direct.prevalence(survey, "teen", by="girl", missing="drop"),
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_several_files_are_one(
    frame: pd.DataFrame, path: Path, engine: str, tmp_path: Path
) -> None:
    for k, part in enumerate(np.array_split(np.arange(len(frame)), 3)):
        written(frame.iloc[part], tmp_path / f"part {k}.parquet")
    whole, parts = (
        read(path, engine).bootstrap(40, rng=1),
        read(tmp_path, engine).bootstrap(40, rng=1),
    )
    same(pv.direct.prevalence(parts, "case"), pv.direct.prevalence(whole, "case"))
    listed = read(sorted(map(str, tmp_path.iterdir())), engine)
    same(pv.direct.mean(listed, "pay"), pv.direct.mean(read(path, engine), "pay"))


@pytest.mark.parametrize("engine", ENGINES)
def test_two_readings_of_a_file_are_one_sample(
    frame: pd.DataFrame, path: Path, engine: str
) -> None:
    one = pv.direct.prevalence(read(path, engine), "case")
    two = pv.direct.mean(read(path, engine, columns=(), amounts="pay"), "pay")
    survey = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
    wanted = pv.direct.prevalence(survey, "case") / pv.direct.mean(survey, "pay")
    np.testing.assert_allclose((one / two).std_error, wanted.std_error, rtol=1e-10)


@pytest.mark.parametrize("engine", ENGINES)
def test_custom_estimates_stages_and_fractions(engine: str, tmp_path: Path) -> None:
    frame = rows(2, n=2_000, psus=12).assign(N=40.0)
    path = written(frame, tmp_path / "rows.parquet")
    design: dict[str, Any] = {"strata": None, "fpc": "N"}
    cells, people = read(path, engine, **design), pv.Survey(frame, weights="w", psu="psu", fpc="N")
    for s in (cells, people):
        assert "zero" in s.notes[-1]
    found = []
    for s in (cells, people):
        found.append(log_share(s))
    np.testing.assert_allclose(found[0].value, found[1].value, rtol=1e-12)
    np.testing.assert_allclose(found[0].std_error, found[1].std_error, rtol=1e-10)


def log_share(survey: pv.Survey) -> pv.Estimate:
    y, one = survey.table.numeric("case", "outcome"), np.ones(len(survey))
    return survey.estimate(lambda w: np.log((y @ w) / (one @ w)))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_domain_in_one_unit_and_an_empty_one(engine: str, tmp_path: Path) -> None:
    frame = rows(3, n=1_500)
    frame["area"] = np.where(frame["psu"] == "unit 3", "alone", "others")
    frame["area"] = frame["area"].mask(frame["psu"] == "unit 5", "empty")
    frame["w"] = frame["w"].mask(frame["psu"] == "unit 5", 0.0)
    path = written(frame, tmp_path / "rows.parquet")
    both = [
        read(path, engine, columns=["case", "area"]),
        pv.Survey(frame, weights="w", strata="stratum", psu="psu"),
    ]
    said = []
    for s in both:
        with pytest.warns(pv.PrevalenceWarning) as caught:
            said.append((pv.direct.mean(s, "case", by="area"), len(caught)))
    same(said[0][0], said[1][0])
    assert said[0][1] == said[1][1]
    assert np.isnan(said[0][0].std_error[said[0][0].labels.index(("alone",))])


def test_engines_and_threads_give_the_same_cells(path: Path) -> None:
    one, two = read(path, "duckdb"), read(path, "duckdb")
    np.testing.assert_array_equal(one.base, two.base)  # one thread: the same bits each time
    many = read(path, "duckdb", threads=2, memory="200MB")
    np.testing.assert_allclose(many.base, one.base, rtol=1e-12)
    np.testing.assert_allclose(read(path, "pyarrow").base, one.base, rtol=1e-12)


def test_pyarrow_reads_where_duckdb_is_absent(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prevalence.big import cells

    monkeypatch.setattr(cells, "find_spec", lambda _: None)
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    assert len(read(path, "auto")) == len(read(path, "pyarrow"))


def test_partial_sums_that_wait_are_added_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prevalence.big import arrow

    whole = read(path, "pyarrow")
    monkeypatch.setattr(arrow, "BATCH", 100 * 32)
    monkeypatch.setattr(arrow, "MERGE", 300 * 32)
    parts = read(path, "pyarrow")
    np.testing.assert_allclose(parts.base, whole.base, rtol=1e-12)
    assert parts.table.columns["sex"].tolist() == whole.table.columns["sex"].tolist()
