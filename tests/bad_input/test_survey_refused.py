"""The table of bad inputs, row by row: what is refused, and with which reason.

A name begins with the number of its row. What stands, with a warning or without, is in
`test_survey_answered.py`; rows 29 to 33, on margins and calibration, are in `test_survey.py` and
`test_weighting.py`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pytest

import prevalence as pv
from tests.bad_input.cases import (
    Bad,
    at,
    few,
    labelled,
    mean,
    prevalence,
    refused,
    replaced,
    rows,
    survey,
)


def lists(name: str) -> pd.DataFrame:
    return pd.DataFrame({**rows(), name: [[1, 2]] * 12})


BAD = {
    # words
    "words in a list": Bad(
        rows(),
        lambda d: survey(d).describe(excludes=cast(Any, ["children of the own household"])),
        TypeError,
        r"excludes must be one text: found list\. Write several things in one",
    ),
    # weights
    "01 missing weight": Bad(
        at("w", 4, np.nan),
        survey,
        ValueError,
        r"weights must be given: 1 of 12 rows is not \(first: row 4, nan\)\. Fill them in",
    ),
    "01 missing weights as None": Bad(
        replaced(w=[None, 1.0] * 6),
        survey,
        ValueError,
        r"weights must be given: 6 of 12 rows are not \(first: row 0",
    ),
    "02 negative weight": Bad(
        at("w", 7, -1.2),
        survey,
        ValueError,
        r"weights must be positive: 1 of 12 rows is not \(first: row 7, -1\.2\)\. Drop or correct",
    ),
    "03 infinite weight": Bad(
        at("w", 2, np.inf), survey, ValueError, r"weights must be finite: 1 of 12 .*row 2, inf"
    ),
    "05 weights all zero": Bad(
        replaced(w=np.zeros(12)),
        survey,
        ValueError,
        "weights must be positive: all 12 rows are zero",
    ),
    "text weights": Bad(
        at("w", 3, "two"), survey, TypeError, r"weights must be numbers: column 'w' .*first: row 3"
    ),
    "numbers as text": Bad(
        replaced(w=rows()["w"].astype(str)),
        survey,
        TypeError,
        "must be numbers: column 'w' holds text",
    ),
    "numbers as text in pandas": Bad(
        pd.DataFrame(replaced(w=rows()["w"].astype(str))),
        survey,
        TypeError,
        "must be numbers: column 'w' holds text",
    ),
    "numbers as text in polars": Bad(
        pl.DataFrame(replaced(w=rows()["w"].astype(str))),
        survey,
        TypeError,
        "must be numbers: column 'w' holds text",
    ),
    # columns and frames
    "24 unknown weights": Bad(
        rows(),
        lambda d: survey(d, weights="ww"),
        KeyError,
        "weights must be a column of the data: 'ww' is not. Did you mean 'w'",
    ),
    "24 unknown stratum": Bad(
        rows(), lambda d: survey(d, strata="regoin"), KeyError, "Did you mean 'region'"
    ),
    "24 unknown outcome": Bad(
        rows(), lambda d: pv.direct.mean(survey(d), "agee"), KeyError, "Did you mean 'age'"
    ),
    "24 unknown domain": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "age", by="sexx"),
        KeyError,
        "Did you mean 'sex'",
    ),
    "25 an array for a name": Bad(
        rows(),
        lambda d: survey(d, weights=np.ones(12)),
        TypeError,
        "weights must be the name of a column: found ndarray",
    ),
    "14 zero rows": Bad(
        {name: column[:0] for name, column in rows().items()},
        survey,
        ValueError,
        "data must have rows: found zero rows",
    ),
    "14 zero rows in pandas": Bad(
        pd.DataFrame(rows()).iloc[:0], survey, ValueError, "data must have rows: found zero rows"
    ),
    "25 two-dimensional column": Bad(
        replaced(w=np.ones((12, 2))),
        survey,
        ValueError,
        r"'w' must be one-dimensional: .*\(12, 2\)",
    ),
    "25 unequal lengths": Bad(
        replaced(w=np.ones(11)), survey, ValueError, "one length: 'region' has 12 rows and 'w' 11"
    ),
    "24 repeated column": Bad(
        pd.DataFrame(np.ones((3, 2)), columns=["w", "w"]),
        survey,
        ValueError,
        "different names: 'w' stands 2 times",
    ),
    "no frame": Bad(7, survey, TypeError, "pandas, polars or pyarrow table, .*: found int"),
    "missing stratum": Bad(
        replaced(region=np.array(["N"] * 11 + [None], dtype=object)),
        survey,
        ValueError,
        r"strata must be complete: column 'region' is missing in 1 of 12 rows \(first: row 11\)",
    ),
    "09 fractional unit": Bad(
        replaced(ea=np.linspace(0, 1, 12)), survey, ValueError, "psu must be labels: .*fractional"
    ),
    "09 infinite unit": Bad(
        at("ea", 1, np.inf), survey, ValueError, "psu must be labels: .*(infinite|fractional)"
    ),
    # outcomes
    "16 missing outcome": Bad(
        at("age", 5, np.nan),
        mean,
        ValueError,
        r"outcome must be complete: 'age' is missing in 1 of 12 rows .*row 5\)\. Pass missing='drop'",
    ),
    "17 infinite outcome": Bad(
        at("age", 5, np.inf),
        mean,
        ValueError,
        r"finite in 'age': 1 of 12 rows is not \(first: row 5",
    ),
    "18 text outcome": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "sex"),
        TypeError,
        r"outcome must be numbers: column 'sex' holds text .*yes as 1 and no as 0",
    ),
    "28 datetime outcome": Bad(
        replaced(age=np.array(["2024-01-01"] * 12, dtype="datetime64[D]")),
        mean,
        TypeError,
        r"outcome must be numbers: column 'age' holds datetime64",
    ),
    "28 datetime outcome in polars": Bad(
        pl.DataFrame(replaced(age=[dt.date(2024, 1, 1)] * 12)),
        mean,
        TypeError,
        "outcome must be numbers: column 'age' holds",
    ),
    "28 complex outcome": Bad(
        replaced(age=np.ones(12) * 1j), mean, TypeError, "outcome must be numbers: .*complex"
    ),
    "a case that is 2": Bad(
        at("case", 3, 2.0), prevalence, ValueError, r"outcome must be 0 or 1: 1 of 12 .*row 3, 2\)"
    ),
    "no outcome": Bad(
        rows(), lambda d: pv.direct.mean(survey(d), []), ValueError, "outcome must name a column"
    ),
    "unknown policy": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "age", missing="omit"),
        ValueError,
        "missing must be one of error, drop: found 'omit'",
    ),
    # the design
    "10 stratum of one unit": Bad(
        replaced(region=np.array(["N"] * 10 + ["S"] * 2)),
        survey,
        ValueError,
        r"two or more in every stratum: 1 of 2 strata have one \(first: 'S'\)\. Pass single_psu=",
    ),
    "12 one unit in all": Bad(
        replaced(ea=np.zeros(12)),
        lambda d: survey(d, strata=None),
        ValueError,
        r"two or more in every stratum: 1 of 1 .*the whole sample",
    ),
    "11 unit in two strata": Bad(
        replaced(ea=np.tile(np.arange(3), 4)),
        survey,
        ValueError,
        r"psu must not lie in two strata: 3 identifiers of 'ea' do\. .*nest=True",
    ),
    "unknown rule": Bad(
        rows(), lambda d: survey(d, single_psu="certain"), ValueError, "Did you mean 'certainty'"
    ),
    "13 population below the sample": Bad(
        replaced(n=np.full(12, 2)),
        lambda d: survey(d, fpc="n"),
        ValueError,
        "fpc of stage 1 must be at least the number of sampled units: a group has 3 sampled of 2",
    ),
    "13 population of zero": Bad(
        replaced(n=np.zeros(12)),
        lambda d: survey(d, fpc="n"),
        ValueError,
        "fpc of stage 1 must be positive population counts or sampling fractions: 12 of 12",
    ),
    "13 counts and fractions mixed": Bad(
        replaced(n=np.array([0.5] * 6 + [10] * 6)),
        lambda d: survey(d, fpc="n"),
        ValueError,
        r"all counts or all fractions: found both \(0\.5 and 10\)",
    ),
    "13 population that varies": Bad(
        replaced(n=np.arange(12) + 10.0),
        lambda d: survey(d, fpc="n"),
        ValueError,
        "must be constant among units drawn together: it varies within 2 groups",
    ),
    "13 more populations than stages": Bad(
        replaced(n=np.full(12, 9)),
        lambda d: survey(d, fpc=["n", "n"]),
        ValueError,
        r"at most one column per stage: found 2 for 1.*stages=",
    ),
    "07 missing unit": Bad(
        labelled("ea", 1, "a", 2, "b", None, "c"),
        survey,
        ValueError,
        r"psu must be complete: column 'ea' is missing in 2 of 12 rows \(first: row 8\)\. Fill",
    ),
    "09 fractions among labels": Bad(
        labelled("ea", 0.5, "a", 2, "b", 3, "c"),
        survey,
        ValueError,
        "psu must be labels: column 'ea' holds fractional or infinite numbers. Cut it",
    ),
    "12 one unit in one stratum": Bad(
        few(2),
        survey,
        ValueError,
        r"psu must number two or more in every stratum: 1 of 1 strata have one \(first: 'N'\)",
    ),
    "13 fpc missing": Bad(
        replaced(n=np.where(rows()["ea"] == 1, np.nan, 9.0)),
        lambda d: survey(d, fpc="n"),
        ValueError,
        "fpc of stage 1 must be positive population counts or sampling fractions: 2 of 12 rows",
    ),
    "15 one row": Bad(few(1), survey, ValueError, "psu must number two or more in every stratum"),
    "17 numbers beyond floats": Bad(
        replaced(age=[10**400] + [1] * 11),
        mean,
        ValueError,
        r"outcome must be within the range of floating-point numbers: .*\(first: row 0\)\. Correct",
    ),
    "18 text for a share": Bad(
        rows(),
        lambda d: pv.direct.prevalence(survey(d), "sex"),
        TypeError,
        r"yes as 1 and no as 0\. For the shares of its categories use direct\.proportions",
    ),
    "21 only an empty domain": Bad(
        replaced(w=np.where(rows()["sex"] == "F", 0.0, 1.0)),
        lambda d: pv.direct.mean(survey(d), "age", where="sex == 'F'"),
        ValueError,
        "where must leave rows with weight: 6 of 12 meet .* and they have no weight. Check",
    ),
    "24 columns of one name in a mapping": Bad(
        {**rows(), 1: rows()["w"], "1": rows()["w"]},
        survey,
        ValueError,
        "data must have columns of different names: '1' stands 2 times. Rename one",
    ),
    "24 a column twice": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "age", by=["sex", "sex"]),
        ValueError,
        "by must name each column once: 'sex' stands 2 times. Leave one",
    ),
    "24 a number for a name": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "age", by=cast(Any, 3)),
        TypeError,
        "by must be the name of a column, or a list of names: found int. Put",
    ),
    "25 mask for a condition": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "age", where=d["age"] > 9),
        TypeError,
        "where must be a condition in words, .*: found ndarray. Put true and false",
    ),
    "25 rows of several lengths": Bad(
        lambda: replaced(age=[[1, 2]] * 6 + [[1]] * 6),
        lambda d: mean(d()),
        ValueError,
        "column 'age' must be one-dimensional: found rows of several lengths. Give one value",
    ),
    "25 one value for a column": Bad(
        replaced(w=3.0), survey, ValueError, r"'w' must be one-dimensional: found shape \(\)\. Give"
    ),
    "25 list outcome": Bad(
        lists("age"), mean, TypeError, r"'age' holds list \(first: row 0\)\. Compute a number"
    ),
    "25 list weights": Bad(lists("w"), survey, TypeError, "weights must be numbers: .*holds list"),
    "25 list strata": Bad(
        lists("region"), survey, TypeError, "strata must be labels: column 'region' holds lists"
    ),
    "25 records in polars": Bad(
        pl.DataFrame(replaced(age=[{"years": 1}] * 12)), mean, TypeError, "'age' holds dict"
    ),
    "25 lazy frame": Bad(
        lambda: pl.DataFrame(rows()).lazy(),
        lambda d: survey(d()),
        TypeError,
        r"found LazyFrame\. Collect it with \.collect\(\)",
    ),
    "28 dates": Bad(
        pd.DataFrame(replaced(age=[dt.date(2024, 1, 1)] * 12)),
        mean,
        TypeError,
        r"'age' holds date \(first: row 0\)\. Compute a number from it",
    ),
    "28 instants with a zone": Bad(
        pd.DataFrame(replaced(age=pd.date_range("2024-01-01", periods=12, tz="UTC"))),
        mean,
        TypeError,
        "'age' holds datetime64",
    ),
    "28 durations": Bad(
        pd.DataFrame(replaced(age=pd.to_timedelta(np.arange(12), unit="D"))),
        mean,
        TypeError,
        "'age' holds timedelta64",
    ),
    "28 periods": Bad(
        pd.DataFrame(replaced(age=pd.period_range("2024-01-01", periods=12))),
        mean,
        TypeError,
        "'age' holds Period",
    ),
    "28 complex among objects": Bad(
        replaced(age=np.array([1j] * 12, dtype=object)), mean, TypeError, "'age' holds complex"
    ),
    "44 level as text": Bad(
        rows(),
        lambda d: mean(d).interval(cast(Any, "0.95")),
        ValueError,
        "level must lie between 0 and 1",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_bad_input_is_refused_with_its_reason(name: str) -> None:
    refused(BAD[name])
