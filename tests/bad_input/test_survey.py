"""One row per bad input of a survey: which message comes back, and nothing is changed or lost."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]


def rows() -> dict[str, Any]:
    """Twelve households in six primary units of two strata."""
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "region": np.array(["N"] * 6 + ["S"] * 6),
        "ea": np.repeat(np.arange(6), 2),
        "sex": np.array(["F", "M"] * 6),
        "age": np.array([5.0, 9, 12, 17, 8, 7, 14, 15, 6, 11, 10, 13]),
        "case": np.array([1.0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1]),
        "answered": np.array([1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1]),
        "key": np.arange(12),
    }


def replaced(**columns: Any) -> dict[str, Any]:
    return {**rows(), **columns}


def at(name: str, row: int, value: Any) -> dict[str, Any]:
    column = rows()[name].astype(object if isinstance(value, str) else float)
    column[row] = value
    return replaced(**{name: column})


def survey(data: Any, **how: Any) -> pv.Survey:
    return pv.Survey(data, **{"weights": "w", "strata": "region", "psu": "ea", **how})


class Bad(NamedTuple):
    """What is given, what is asked of it, and the kind and text of the error."""

    data: Any
    ask: Callable[[Any], Any]
    kind: type[Exception]
    message: str


def mean(data: Any) -> pv.Estimate:
    return pv.direct.mean(survey(data), "age")


def prevalence(data: Any) -> pv.Estimate:
    return pv.direct.prevalence(survey(data), "case")


def where(text: str) -> Callable[[Any], Any]:
    return lambda data: pv.direct.mean(survey(data), "age", where=text)


SEXES = {"F": 14.0, "M": 16.0}
STRUCTURAL = replaced(  # every F lies in N and every M in S, so the margins decide the same cells
    sex=np.array(["F"] * 6 + ["M"] * 6)
)
CASES = {
    # weights
    "missing weight": Bad(
        at("w", 4, np.nan),
        survey,
        ValueError,
        r"weights must be given: 1 of 12 rows is not \(first: row 4, nan\)\. Fill them in",
    ),
    "missing weights as None": Bad(
        replaced(w=[None, 1.0] * 6),
        survey,
        ValueError,
        r"weights must be given: 6 of 12 rows are not \(first: row 0",
    ),
    "negative weight": Bad(
        at("w", 7, -1.2),
        survey,
        ValueError,
        r"weights must be positive: 1 of 12 rows is not \(first: row 7, -1\.2\)\. Drop or correct",
    ),
    "infinite weight": Bad(
        at("w", 2, np.inf), survey, ValueError, r"weights must be finite: 1 of 12 .*row 2, inf"
    ),
    "weights all zero": Bad(
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
    "unknown weights": Bad(
        rows(),
        lambda d: survey(d, weights="ww"),
        KeyError,
        "weights must be a column of the data: 'ww' is not. Did you mean 'w'",
    ),
    "unknown stratum": Bad(
        rows(), lambda d: survey(d, strata="regoin"), KeyError, "Did you mean 'region'"
    ),
    "unknown outcome": Bad(
        rows(), lambda d: pv.direct.mean(survey(d), "agee"), KeyError, "Did you mean 'age'"
    ),
    "unknown domain": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "age", by="sexx"),
        KeyError,
        "Did you mean 'sex'",
    ),
    "an array for a name": Bad(
        rows(),
        lambda d: survey(d, weights=np.ones(12)),
        TypeError,
        "weights must be the name of a column: found ndarray",
    ),
    "zero rows": Bad(
        {name: column[:0] for name, column in rows().items()},
        survey,
        ValueError,
        "data must have rows: found zero rows",
    ),
    "zero rows in pandas": Bad(
        pd.DataFrame(rows()).iloc[:0], survey, ValueError, "data must have rows: found zero rows"
    ),
    "two-dimensional column": Bad(
        replaced(w=np.ones((12, 2))),
        survey,
        ValueError,
        r"'w' must be one-dimensional: .*\(12, 2\)",
    ),
    "unequal lengths": Bad(
        replaced(w=np.ones(11)), survey, ValueError, "one length: 'region' has 12 rows and 'w' 11"
    ),
    "repeated column": Bad(
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
    "fractional unit": Bad(
        replaced(ea=np.linspace(0, 1, 12)), survey, ValueError, "psu must be labels: .*fractional"
    ),
    "infinite unit": Bad(
        at("ea", 1, np.inf), survey, ValueError, "psu must be labels: .*(infinite|fractional)"
    ),
    # outcomes
    "missing outcome": Bad(
        at("age", 5, np.nan),
        mean,
        ValueError,
        r"outcome must be complete: 'age' is missing in 1 of 12 rows .*row 5\)\. Pass missing='drop'",
    ),
    "infinite outcome": Bad(
        at("age", 5, np.inf),
        mean,
        ValueError,
        r"finite in 'age': 1 of 12 rows is not \(first: row 5",
    ),
    "text outcome": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "sex"),
        TypeError,
        r"outcome must be numbers: column 'sex' holds text .*yes as 1 and no as 0",
    ),
    "datetime outcome": Bad(
        replaced(age=np.array(["2024-01-01"] * 12, dtype="datetime64[D]")),
        mean,
        TypeError,
        r"outcome must be numbers: column 'age' holds datetime64",
    ),
    "datetime outcome in polars": Bad(
        pl.DataFrame(replaced(age=[dt.date(2024, 1, 1)] * 12)),
        mean,
        TypeError,
        "outcome must be numbers: column 'age' holds",
    ),
    "complex outcome": Bad(
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
    "stratum of one unit": Bad(
        replaced(region=np.array(["N"] * 10 + ["S"] * 2)),
        survey,
        ValueError,
        r"two or more in every stratum: 1 of 2 strata have one \(first: 'S'\)\. Pass single_psu=",
    ),
    "one unit in all": Bad(
        replaced(ea=np.zeros(12)),
        lambda d: survey(d, strata=None),
        ValueError,
        r"two or more in every stratum: 1 of 1 .*the whole sample",
    ),
    "unit in two strata": Bad(
        replaced(ea=np.tile(np.arange(3), 4)),
        survey,
        ValueError,
        r"psu must not lie in two strata: 3 identifiers of 'ea' do\. .*nest=True",
    ),
    "unknown rule": Bad(
        rows(), lambda d: survey(d, single_psu="certain"), ValueError, "Did you mean 'certainty'"
    ),
    "population below the sample": Bad(
        replaced(n=np.full(12, 2)),
        lambda d: survey(d, fpc="n"),
        ValueError,
        "fpc of stage 1 must be at least the number of sampled units: a group has 3 sampled of 2",
    ),
    "population of zero": Bad(
        replaced(n=np.zeros(12)),
        lambda d: survey(d, fpc="n"),
        ValueError,
        "fpc of stage 1 must be positive population counts or sampling fractions: 12 of 12",
    ),
    "counts and fractions mixed": Bad(
        replaced(n=np.array([0.5] * 6 + [10] * 6)),
        lambda d: survey(d, fpc="n"),
        ValueError,
        r"all counts or all fractions: found both \(0\.5 and 10\)",
    ),
    "population that varies": Bad(
        replaced(n=np.arange(12) + 10.0),
        lambda d: survey(d, fpc="n"),
        ValueError,
        "must be constant among units drawn together: it varies within 2 groups",
    ),
    "more populations than stages": Bad(
        replaced(n=np.full(12, 9)),
        lambda d: survey(d, fpc=["n", "n"]),
        ValueError,
        r"at most one column per stage: found 2 for 1.*stages=",
    ),
    # weighting
    "unseen category": Bad(
        rows(),
        lambda d: survey(d).rake({"sex": {**SEXES, "X": 2.0}}),
        ValueError,
        r"'sex' has a total for 'X', which no row with weight has",
    ),
    "category without a total": Bad(
        rows(),
        lambda d: survey(d).rake({"sex": {"F": 10.0, "Male": 10.0}}),
        ValueError,
        r"cover every category in the data: 'sex' has no total for 'M'",
    ),
    "negative total": Bad(
        rows(),
        lambda d: survey(d).poststratify("sex", {"F": -1.0, "M": 2.0}),
        ValueError,
        "margins must be totals of at least 0: 'sex' has -1 for 'F'",
    ),
    "total of zero with rows": Bad(
        rows(),
        lambda d: survey(d).poststratify("sex", {"F": 0.0, "M": 2.0}),
        ValueError,
        "margins must be positive for categories with rows: 'sex' has 0 for 'F'",
    ),
    "missing total": Bad(
        rows(),
        lambda d: survey(d).poststratify("sex", {"F": np.nan, "M": 2.0}),
        ValueError,
        "margins must be totals of at least 0: 'sex' has nan for 'F'",
    ),
    "margins that disagree": Bad(
        rows(),
        lambda d: survey(d).rake({"sex": SEXES, "region": {"N": 20.0, "S": 13.0}}),
        ValueError,
        r"same total: 'sex' adds up to 30 and 'region' to 33 \(a gap of 3\)\. .*rescale=True",
    ),
    "margins in conflict": Bad(
        STRUCTURAL,
        lambda d: survey(d).rake({"sex": SEXES, "region": {"N": 10.0, "S": 20.0}}),
        pv.ConvergenceError,
        r"rake on sex, region must reach its targets: the worst is (sex|region) = [FMNS], .*of 1[046]",
    ),
    "margins of another kind": Bad(
        rows(),
        lambda d: survey(d).rake(cast(Any, ["sex"])),
        ValueError,
        "margins must map columns to totals",
    ),
    "calibration out of bounds": Bad(
        rows(),
        lambda d: survey(d).calibrate(
            {"sex": {"F": 60.0, "M": 10.0}}, distance="logit", bounds=(0.9, 1.1)
        ),
        pv.ConvergenceError,
        r"must reach its targets: the worst is sex = [FM], .*widen bounds=",
    ),
    "logit without bounds": Bad(
        rows(),
        lambda d: survey(d).calibrate({"sex": SEXES}, distance="logit"),
        ValueError,
        "bounds must be given with distance='logit': found None",
    ),
    "bounds that exclude 1": Bad(
        rows(),
        lambda d: survey(d).calibrate({"sex": SEXES}, distance="logit", bounds=(1.5, 2)),
        ValueError,
        "bounds must enclose 1",
    ),
    "class without respondents": Bad(
        replaced(answered=np.where(rows()["sex"] == "F", 0, 1)),
        lambda d: survey(d).nonresponse("answered", within="sex"),
        ValueError,
        r"nonresponse classes must hold a respondent each: 1 of 2 do not \(first: F\)\. Merge",
    ),
    "response that is 2": Bad(
        at("answered", 3, 2.0),
        lambda d: survey(d).nonresponse("answered"),
        ValueError,
        r"responded must be 0 or 1: 1 of 12 rows is not \(first: row 3, 2\)",
    ),
    "propensity without a maximum": Bad(
        replaced(answered=(rows()["age"] > 9).astype(float)),
        lambda d: survey(d).nonresponse("answered", propensity=["age"]),
        pv.ConvergenceError,
        "response propensity must have a maximum",
    ),
    "no cap": Bad(rows(), lambda d: survey(d).trim(), ValueError, "trim needs a cap"),
    "two caps": Bad(
        rows(), lambda d: survey(d).trim(3, upper=2.0), ValueError, "max_ratio or upper: found both"
    ),
    "caps crossed": Bad(
        rows(), lambda d: survey(d).trim(lower=3.0, upper=2.0), ValueError, "caps must be ordered"
    ),
    "caps that nothing meets": Bad(
        rows(),
        lambda d: survey(d).trim(lower=50.0, upper=60.0),
        ValueError,
        "must leave weights untrimmed",
    ),
    "caps below the mean": Bad(
        rows(),
        lambda d: survey(d).trim(upper=2.1, strict=True),
        ValueError,
        "trim must leave weights that take the excess",
    ),
    # attached rows
    "keys without a row": Bad(
        rows(),
        lambda d: survey(d).attach({"key": [1, 2, 99]}, on="key"),
        ValueError,
        r"on must match: 1 of 3 attached rows .*\(first: row 2\)",
    ),
    "keys that repeat": Bad(
        replaced(key=np.repeat(np.arange(6), 2)),
        lambda d: survey(d).attach({"key": [1]}, on="key"),
        ValueError,
        "on must identify the rows attached to: 'key' stands more than once for 6",
    ),
    "no key": Bad(
        rows(), lambda d: survey(d).attach({"keys": [1]}, on="key"), KeyError, "Did you mean 'keys'"
    ),
    "count of eligibles below one": Bad(
        rows(),
        lambda d: survey(d).attach({"key": [1, 2], "k": [1, 0]}, on="key", one="k"),
        ValueError,
        r"one must be a count of at least 1: 1 of 2 rows is not \(first: row 1, 0\)",
    ),
    "several where one was selected": Bad(
        rows(),
        lambda d: survey(d).attach({"key": [1, 1], "k": [2, 2]}, on="key", one="k"),
        ValueError,
        "one= needs one attached row per key",
    ),
    # options
    "level of 95": Bad(
        rows(),
        lambda d: mean(d).interval(95),
        ValueError,
        r"between 0 and 1: found 95\. Write 0\.95",
    ),
    "seed as text": Bad(
        rows(),
        lambda d: survey(d).bootstrap(10, rng=cast(Any, "1")),
        TypeError,
        r"rng must be an integer seed, a numpy Generator or None: found str\. Pass for example rng=1",
    ),
    "one replicate": Bad(
        rows(), lambda d: survey(d).bootstrap(1), ValueError, "replicates must be a whole number"
    ),
    "unknown interval": Bad(
        rows(),
        lambda d: pv.direct.prevalence(survey(d), "case", interval="wilsn"),
        ValueError,
        "interval must be one of auto, logit, korn-graubard, wald: found 'wilsn'",
    ),
    "design effect of zero": Bad(
        rows(),
        lambda d: pv.direct.prevalence(survey(d), "case", deff=0.0),
        ValueError,
        "deff must be a positive number",
    ),
    # conditions
    "condition that calls": Bad(
        rows(),
        where("__import__('os').getcwd() == 'x'"),
        ValueError,
        "a condition may use .*found Call",
    ),
    "condition with an attribute": Bad(
        rows(), where("age.size == 12"), ValueError, "a condition may use .*found Attribute"
    ),
    "condition with an index": Bad(
        rows(), where("age[0] == 5"), ValueError, "a condition may use .*found Subscript"
    ),
    "condition with a lambda": Bad(
        rows(),
        where("(lambda: age)() == 5"),
        ValueError,
        "a condition may use .*found (Call|Lambda)",
    ),
    "condition with a power": Bad(
        rows(), where("age ** 99 > 5"), ValueError, "a condition may use .*found BinOp"
    ),
    "condition that multiplies text": Bad(
        rows(),
        where("sex == 'a' * 99999999999"),
        ValueError,
        "a condition may add and multiply numbers only",
    ),
    "condition that compares text and numbers": Bad(
        rows(),
        where("age > 'a'"),
        ValueError,
        "a condition must compare numbers with numbers and text with text: .*age > 'a'",
    ),
    "condition that is an assignment": Bad(
        rows(), where("age = 5"), ValueError, "a condition must be written like"
    ),
    "condition that is no condition": Bad(
        rows(), where("age + 1"), ValueError, "must be true or false for each row"
    ),
    "condition on an unknown column": Bad(
        rows(), where("agee > 5"), KeyError, "where must be a column .*Did you mean 'age'"
    ),
    "condition that nobody meets": Bad(
        rows(), where("age > 99"), ValueError, "where must leave rows: none of 12 meets 'age > 99'"
    ),
}


def unchanged(before: Any, after: Any) -> None:
    if isinstance(before, dict):
        assert list(before) == list(after)
        for name in before:
            np.testing.assert_array_equal(np.asarray(before[name]), np.asarray(after[name]))
    elif isinstance(before, pd.DataFrame):
        pd.testing.assert_frame_equal(before, after)
    elif isinstance(before, pl.DataFrame):
        assert before.equals(after)
    else:
        assert before == after


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_its_reason(name: str) -> None:
    case = CASES[name]
    data = copy.deepcopy(case.data)
    with pytest.raises(case.kind, match=case.message) as caught:
        case.ask(data)
    assert type(caught.value) is case.kind
    unchanged(case.data, data)
    message = str(caught.value)
    assert "  " not in message
    assert not message.endswith(" ")


def test_the_good_rows_are_good() -> None:
    # The table above would prove little if its rows failed without their fault.
    assert np.isfinite(mean(rows()).std_error).all()
    assert np.isfinite(pv.direct.prevalence(survey(rows()), "case").interval()).all()
    made = survey(rows()).nonresponse("answered", within="region").rake({"sex": SEXES}).trim(3)
    assert np.isfinite(pv.direct.mean(made, "age").std_error).all()


def test_the_remedies_in_the_messages_work() -> None:
    lonely = replaced(region=np.array(["N"] * 10 + ["S"] * 2))
    assert np.isfinite(pv.direct.mean(survey(lonely, single_psu="adjust"), "age").std_error).all()
    nested = replaced(ea=np.tile(np.arange(3), 4))
    assert survey(nested, nest=True).design.n_units == 6
    with pytest.warns(
        pv.PrevalenceWarning, match=r"rescaled to the total of the first, 'sex' \(30\)"
    ):
        made = survey(rows()).rake({"sex": SEXES, "region": {"N": 20.0, "S": 13.0}}, rescale=True)
    assert made.final_weights.sum() == pytest.approx(30.0, rel=1e-12)
    dropped = pv.direct.mean(survey(at("age", 5, np.nan)), "age", missing="drop")
    assert dropped.facts["missing"][0] == 1
    assert dropped.facts["n"][0] == 11


def test_steps_out_of_order_warn() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="nonresponse comes after rake on sex"):
        survey(rows()).rake({"sex": SEXES}).nonresponse("answered")


def test_weights_are_not_exported_to_a_folder(tmp_path: Path) -> None:
    made = survey(rows())
    with pytest.raises(ValueError, match=r"path must be a file: .* is a folder"):
        made.export_weights(tmp_path)
    assert not list(tmp_path.iterdir())
    written = pd.read_csv(made.export_weights(tmp_path / "weights.csv"))
    np.testing.assert_array_equal(written["base_weight"], rows()["w"])


def test_constant_outcomes_and_empty_domains_are_said() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="'same' does not vary"):
        found = pv.direct.mean(survey(replaced(same=np.full(12, 3.0))), "same")
    assert found.std_error[0] == pytest.approx(0, abs=1e-15)
    assert found.warnings
    empty = replaced(w=np.where(rows()["sex"] == "F", 0.0, 1.0))
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 domains have no estimate"):
        assert np.isnan(pv.direct.mean(survey(empty), "age", by="sex")["F"].value[0])


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_extreme_weights_do_not_overflow(scale: float) -> None:
    moved = pv.direct.mean(survey(replaced(w=rows()["w"] * scale)), "age")
    np.testing.assert_allclose(moved.value, mean(rows()).value, rtol=1e-14)
    np.testing.assert_allclose(moved.std_error, mean(rows()).std_error, rtol=1e-12)


@pytest.mark.parametrize("kind", ["float32", "int8", "bool", ">f8", "object"])
def test_every_kind_of_number_is_read_in_double_precision(kind: str) -> None:
    repeated = {name: np.tile(column, 30) for name, column in rows().items()}
    repeated["ea"] = np.arange(360) // 2
    repeated["region"] = np.repeat(["N", "S"], 180)
    repeated["case"] = repeated["case"].astype(kind)
    found = pv.direct.total(survey(repeated), "case")
    assert found.value[0] == (repeated["w"] * repeated["case"].astype(float)).sum()
