"""One row per bad step, attachment, option or condition of a survey, and the message that comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, at, mean, refused, replaced, rows, survey, where

SEXES = {"F": 14.0, "M": 16.0}
STRUCTURAL = replaced(  # every F lies in N and every M in S, so the margins decide the same cells
    sex=np.array(["F"] * 6 + ["M"] * 6)
)
CASES = {
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
    "44 level of 95": Bad(
        rows(),
        lambda d: mean(d).interval(95),
        ValueError,
        r"between 0 and 1: found 95\. Write 0\.95",
    ),
    "44 seed as text": Bad(
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
        "interval must be one of auto, logit, .*found 'wilsn'. Did you mean 'wilson'",
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
        rows(),
        where("age > 99"),
        ValueError,
        "where must leave rows with weight: none of 12 meets 'age > 99'",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_its_reason(name: str) -> None:
    refused(CASES[name])


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
    with pytest.raises(IsADirectoryError, match=r"path must be a file: .* is a folder"):
        made.export_weights(tmp_path)
    assert not list(tmp_path.iterdir())
    written = pd.read_csv(made.export_weights(tmp_path / "weights.csv"))
    np.testing.assert_array_equal(written["base_weight"], rows()["w"])
