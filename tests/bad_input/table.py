"""The table of bad inputs: every row of it, what is given, what is wanted, and the calls.

Numbers are those of the table that the library was planned with. Row 42, on recruitment chains,
waits for the estimators it is about, which the library does not have. Rows of the other tables in
this folder stand here by reference where they are a row of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

from .asked import Case, Row, of, refuses, stands, warns
from .cases import mean, prevalence, replaced, rows, survey
from .table_counts import COUNTS
from .table_margins import MARGINS
from .test_survey import CASES as OPTIONS
from .test_survey_answered import MEAN, RIGHT, SE, WARNED, grown
from .test_survey_refused import BAD

WAITING = {42: "recruitment chains: the library has no estimator of them yet"}


def numbered(number: int) -> dict[str, Case]:
    """Return the cases of a row from the tables whose names begin with its number."""
    head = f"{number:02d} "
    return dict(_numbered(head))


def _numbered(head: str) -> Iterator[tuple[str, Case]]:
    for name, bad in {**BAD, **OPTIONS}.items():
        if name.startswith(head):
            yield name.removeprefix(head), of(bad)
    for name, said in WARNED.items():
        if name.startswith(head):
            ask, right = said.ask, _values(said.value, said.std_error)
            yield (
                name.removeprefix(head),
                warns(_alone(ask), said.message, right=right),
            )
    for name, data in RIGHT.items():
        if name.startswith(head):
            asked = _made_first if callable(data) else mean
            yield name.removeprefix(head), stands(asked, _values(MEAN, SE), data)


def _made_first(made: Callable[[], Any]) -> Any:
    """Return the mean of a table that is made when it is asked for."""
    return mean(made())


def _alone(ask: Callable[[], Any]) -> Callable[[Any], Any]:
    """Return a call that brings its own data, as one that is handed none."""
    return lambda _: ask()


def _values(value: float, std_error: float) -> Any:
    def right(found: Any) -> None:
        # The same sums in another order.
        np.testing.assert_allclose(found.value, value, rtol=1e-12)
        np.testing.assert_allclose(found.std_error, std_error, rtol=1e-12)

    return right


def _with_error(found: Any) -> None:
    assert np.isfinite(found.std_error).all()
    assert (found.std_error > 0).all()


def _wide(found: Any) -> None:
    width = np.diff(found.interval(), axis=1)
    assert ((width > 0.1) & (width < 1)).all()
    assert np.isnan(found.std_error).all(), "the sample tells none: not 0"


def _lonely(rule: str) -> Case:
    data = replaced(region=np.array(["N"] * 10 + ["S"] * 2))
    return stands(lambda d: pv.direct.mean(survey(d, single_psu=rule), "age"), _with_error, data)


def _share(value: float) -> Case:
    return stands(prevalence, _wide, replaced(case=np.full(12, value)))


def _sum(kind: str) -> Case:
    many = {name: np.tile(column, 30) for name, column in rows().items()}
    many |= {"ea": np.arange(360) // 2, "region": np.repeat(["N", "S"], 180)}
    total = float((many["w"] * many["case"]).sum())
    data = {**many, "case": many["case"].astype(kind)}

    def right(found: Any) -> None:
        assert found.value[0] == total

    return stands(lambda d: pv.direct.total(survey(d), "case"), right, data)


def _large(n: int, strata: int) -> Case:
    def right(found: Any) -> None:
        assert found.df[0] == strata

    return stands(lambda d: pv.direct.mean(survey(d()), "y"), right, lambda: grown(n, strata))


def _dropped(found: Any) -> None:
    assert found.facts["missing"][0] == 1
    assert found.facts["psus"][0] == 6


ANY_ARROW = pd.DataFrame(rows()).convert_dtypes(dtype_backend="pyarrow")
SURVEY = [
    Row("1", "a missing weight", "an error; missing='drop' drops and counts", numbered(1)),
    Row("2", "a negative weight", "an error", numbered(2)),
    Row("3", "an infinite weight", "an error", numbered(3)),
    Row("4", "some weights of zero", "the answer of the domain, and a warning", numbered(4)),
    Row("5", "weights all zero", "an error", numbered(5)),
    Row("6", "weights of 1e-300 or 1e300", "the right answer", numbered(6)),
    Row("7", "labels as text, unicode, mixed", "the right answer, by label", numbered(7)),
    Row("8", "labels that differ in case or space", "a warning", numbered(8)),
    Row("9", "labels as floats", "the right answer if whole, else an error", numbered(9)),
    Row(
        "10",
        "a stratum of one primary unit",
        "an error that lists it; an answer by each rule",
        numbered(10)
        | {f"single_psu={r!r}": _lonely(r) for r in ("certainty", "remove", "adjust", "average")},
    ),
    Row(
        "11",
        "a unit in two strata",
        "an error unless nest=True",
        numbered(11)
        | {
            "nest=True": stands(
                lambda d: pv.direct.mean(survey(d, nest=True), "age"),
                _with_error,
                replaced(ea=np.tile(np.arange(3), 4)),
            ),
        },
    ),
    Row("12", "one primary unit in all", "an error; on request no standard error", numbered(12)),
    Row("13", "a population that cannot be", "an error", numbered(13)),
    Row("14", "no rows", "an error", numbered(14)),
    Row("15", "one row", "an error; on request no standard error, and a warning", numbered(15)),
    Row(
        "16",
        "a missing outcome",
        "an error; missing='drop' keeps the design",
        numbered(16)
        | {
            "missing='drop'": stands(
                lambda d: pv.direct.mean(survey(d), "age", missing="drop"),
                _dropped,
                replaced(age=np.r_[np.nan, rows()["age"][1:]]),
            ),
        },
    ),
    Row("17", "an infinite outcome", "an error", numbered(17)),
    Row("18", "text as an outcome", "an error that names proportions", numbered(18)),
    Row("19", "an outcome that never varies", "standard error exactly 0, a warning", numbered(19)),
    Row(
        "20",
        "a share of 0 or 1",
        "an interval that is no point",
        {
            "no case": _share(0.0),
            "only cases": _share(1.0),
        },
    ),
    Row("21", "an empty domain", "nan and a warning; an error if it is all", numbered(21)),
    Row("22", "categories that no row has", "left out and told, labels in place", numbered(22)),
    Row("23", "rows or categories in another order", "the same answer", numbered(23)),
    Row("24", "a column twice, or not there", "an error with the nearest name", numbered(24)),
    Row("25", "columns of unequal length or shape", "an error", numbered(25)),
    Row("26", "read-only, strided, other byte order", "the right answer", numbered(26)),
    Row(
        "27",
        "small, exact or nullable numbers",
        "the right answer in floats",
        numbered(27)
        | {
            "Arrow columns of pandas": stands(mean, _values(MEAN, SE), ANY_ARROW),
            "int8 that would wrap": _sum("i1"),
            "true and false": _sum("?"),
        },
    ),
    Row("28", "complex numbers, dates", "an error", numbered(28)),
]
OPTIONS_44 = numbered(44) | {
    "confidence as 95": refuses(
        lambda d: pv.direct.prevalence(survey(d), "case").to_frame(level=95),
        r"level must lie between 0 and 1: found 95\. Write 0\.95",
        rows(),
    ),
    "unknown labels": of(BAD["24 unknown domain"]),
}


def table(n: int = 100_000) -> list[Row]:
    """Return every row; `n` is the number of rows of the largest table."""
    huge = {
        f"{n:,} rows in {n // 2_000:,} strata": _large(n, n // 2_000),
        f"{n // 5:,} rows in {n // 10:,} strata": _large(n // 5, n // 10),
    }
    last = [
        Row("43", "very many rows, very many strata", "the right answer in linear time", huge),
        Row("44", "level 95, rng as text", "an error", OPTIONS_44),
    ]
    return [*SURVEY, *MARGINS, *COUNTS, *last]
