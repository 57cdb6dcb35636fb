"""What somebody who comes from another package writes first, and what the library then says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, prevalence, refused, rows, survey


def frame(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(rows()).assign(**more)


def by(columns: Any) -> Any:
    return lambda data: pv.direct.mean(survey(data), "age", by=columns(data))


def fitted(data: Any) -> pv.Estimate:
    return pv.direct.regression(survey(data), "age", "sex")


def houses(data: Any) -> pv.Survey:
    return pv.Survey({"id": ["a", "b"]}).attach(data, on="id", one="count")


BAD = {
    "a decimal comma": Bad(
        frame(age=["4,5", "12,0"] * 6),
        lambda d: pv.direct.mean(survey(d), "age"),
        TypeError,
        r"column 'age' holds decimal commas \(first: row 0\)\. Read the file with decimal=','",
    ),
    "a column of the rows attached to": Bad(
        {"id": ["a", "b"], "case": [0, 1]},
        lambda d: pv.direct.prevalence(
            pv.Survey({"id": ["a", "b"], "area": ["n", "s"]}).attach(d, on="id"), "case", by="area"
        ),
        KeyError,
        r"'area' is not\. The rows attached to have it: merge it into the table before attach",
    ),
    "a ladder of a dict": Bad(
        rows(),
        lambda d: pv.plot.ladder({"survey": prevalence(d)}),  # type: ignore[arg-type]  # what is refused
        TypeError,
        r"comparison must be what pv\.compare returns.*found dict\. Write pv\.compare",
    ),
    "a column in place of its name": Bad(
        frame(), by(lambda d: d["sex"]), TypeError, r"by must be the name of a column.*found Series"
    ),
    "a column among names": Bad(
        frame(), by(lambda d: ["region", d["sex"]]), TypeError, r"by must be .*found Series"
    ),
    "a predictor as a column": Bad(
        frame(),
        lambda d: pv.direct.regression(survey(d), "age", [d["sex"]]),
        TypeError,
        r"predictors must be the name of a column: found Series",
    ),
    "a formula": Bad(
        rows(),
        lambda d: pv.direct.regression(survey(d), "age", "sex + region"),
        ValueError,
        r"predictors must be a list of columns: found a formula, 'sex \+ region'\. Write each",
    ),
    "a list of strata": Bad(
        rows(),
        lambda d: pv.Survey(d, weights="w", strata=["region", "sex"]),  # type: ignore[arg-type]  # what is refused
        TypeError,
        r"strata must be the name of one column: found list\. Cross columns into one",
    ),
    "a list of units": Bad(
        rows(),
        lambda d: pv.Survey(d, weights="w", psu=["region", "sex"]),  # type: ignore[arg-type]  # what is refused
        TypeError,
        r"psu must be the name of one column: found list",
    ),
    "a single equals sign": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "age", where="sex = 'F'"),
        ValueError,
        r"found \"sex = 'F'\" .*Write == for equal\.",
    ),
    "a column to borrow from": Bad(
        rows(),
        lambda d: pv.direct.prevalence(survey(d), "case", deff="wrok"),
        KeyError,
        r"deff must be a column of the data: 'wrok' is not",
    ),
    "an option of Stata": Bad(
        rows(),
        lambda d: pv.Survey(d, single_psu="centered"),
        ValueError,
        r"single_psu must be one of error, .*: found 'centered'\. Write one of them\.",
    ),
    "a level of 95": Bad(
        rows(),
        lambda d: prevalence(d).interval("95"),  # type: ignore[arg-type]  # what is refused
        ValueError,
        r"found '95'\. Write for example",
    ),
    "a row that is not there": Bad(
        rows(), lambda d: prevalence(d)[9], IndexError, r"a row must be one of 1, from 0: found 9"
    ),
    "a population with several rows": Bad(
        rows(),
        lambda d: prevalence(d).count(pv.direct.total(survey(d), "age", by="sex")),
        TypeError,
        r"population must be a number: found Estimate of 2 rows\. Write one",
    ),
    "totals as a series": Bad(
        rows(),
        lambda d: survey(d).poststratify("sex", pd.Series({"F": 5, "M": 4})),  # type: ignore[arg-type]  # what is refused
        TypeError,
        r"found Series for 'sex'.*a Series becomes one by \.to_dict\(\)",
    ),
    "a cap below the median": Bad(
        rows(), lambda d: survey(d).trim(0.5), ValueError, r"max_ratio must be above 1: found 0\.5"
    ),
    "several rows where one was drawn": Bad(
        {"id": ["a", "a", "b"], "count": [2, 2, 1]},
        houses,
        ValueError,
        r"one= needs one attached row per key: 1 keys have several \(first: row 0 of",
    ),
    "two values under the hypothesis": Bad(
        rows(),
        lambda d: pv.direct.wald_test(fitted(d), "sex", null=[0, 1]),
        ValueError,
        r"null must be one number, or one per row: found 2 for 1 rows",
    ),
    "a test of a number": Bad(
        rows(),
        lambda _: pv.direct.wald_test(3),  # type: ignore[arg-type]  # what is refused
        TypeError,
        r"estimate must be an Estimate: found int",
    ),
    "a divisor of 0": Bad(
        rows(), lambda d: prevalence(d) / 0, ValueError, r"a divisor must not be 0"
    ),
    "a share in per cent": Bad(
        rows(),
        lambda _: pv.uncertain(65, 55, 75, kind="beta"),
        ValueError,
        r"value must lie between 0 and 1 .* found 65\. Write 0\.65",
    ),
    "a report of an estimate": Bad(
        rows(),
        lambda d: pv.report(prevalence(d), path="never.html"),  # type: ignore[arg-type]  # what is refused
        TypeError,
        r"comparison must be what pv\.compare returns: found Estimate\. Write pv\.compare",
    ),
    "a figure of a survey": Bad(
        rows(),
        lambda d: pv.plot.weight_flow(survey(d)),  # type: ignore[arg-type]  # what is refused
        TypeError,
        r"flow must be the table that Survey\.weight_flow returns: found Survey",
    ),
    "signs of pandas in a condition": Bad(
        rows(),
        lambda _: pv.Indicator("q1 == 1 & age > 12"),
        ValueError,
        r"found BinOp in 'q1 == 1 & age > 12'\. Write and, or, not for & \| ~",
    ),
    "a sign for not": Bad(
        rows(),
        lambda d: pv.direct.mean(survey(d), "age", where="~(age > 12)"),
        ValueError,
        r"found UnaryOp in .*Write and, or, not for & \| ~",
    ),
    "a definition by its name": Bad(
        rows(),
        lambda d: survey(d).classify("Forced labour"),
        TypeError,
        r"^definition must be a Definition: found 'Forced labour'\. Make one with",
    ),
    "a share corrected by counts": Bad(
        rows(),
        lambda d: pv.misclassification.rogan_gladen(
            prevalence(d),
            sensitivity=(43, 50),  # type: ignore[arg-type]  # what is refused
            specificity=0.98,
        ),
        TypeError,
        r"sensitivity must be a number or an Estimate: found \(43, 50\).*pv\.validated\(correct",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_first_try_is_refused_with_what_to_do(name: str) -> None:
    refused(BAD[name])


def test_one_name_is_a_list_of_one_stage() -> None:
    one = pv.Survey(rows(), weights="w", stages="ea")
    assert one.design.psu_labels == pv.Survey(rows(), weights="w", psu="ea").design.psu_labels


def test_totals_in_per_cent_are_told_from_numbers() -> None:
    large = pv.Survey({"sex": ["F", "M"] * 6, "w": np.full(12, 1000.0)}, weights="w")
    for totals in ({"F": 51, "M": 49}, {"F": 0.51, "M": 0.49}):
        with pytest.warns(pv.PrevalenceWarning, match="the totals of 'sex' add up to"):
            large.poststratify("sex", totals)
    large.poststratify("sex", {"F": 5100, "M": 4900})


def test_an_area_sample_without_areas_is_told() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="psu should name the area"):
        pv.Survey.from_selection({"p": [0.1, 0.1]}, ea_probability="p")


def test_a_total_of_nobody_is_told() -> None:
    data = {"case": [0, 0, 1, 0, 1, 0], "area": ["n", "n", "s", "s", "s", "s"]}
    with pytest.warns(pv.PrevalenceWarning, match=r"'case' is 0 in all rows of 1 of 2 domains"):
        found = pv.direct.total(pv.Survey(data), "case", by="area")
    assert "direct.counts" in found.warnings[0]


def test_a_ratio_to_nobody_has_no_value() -> None:
    data = {"case": [0, 0, 1, 0, 1, 0], "area": ["n", "n", "s", "s", "s", "s"]}
    share = pv.direct.prevalence(pv.Survey(data), "case", by="area")
    with pytest.warns(pv.PrevalenceWarning, match="no value where the denominator is 0: 1 of 1"):
        found = share["s"] / share["n"]
    assert np.isnan(found.value).all()
    assert "no estimate" in found.sentence()


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    written = pv.Survey({"y": [1, 2, 4]}).export_weights(tmp_path / "new" / "w.csv")
    assert len(pd.read_csv(written)) == 3


def test_a_text_spelled_otherwise_is_told() -> None:
    data = frame(age=12, answer=["Yes ", "no", "no"] * 4)

    def found(text: str) -> float:
        indicators = {"told": pv.Indicator(f"answer in ['{text}', 'refused']")}
        made = pv.Definition("Told", "1", indicators=indicators, rule="told")
        return float(made.classify(data).outcome.sum())

    said = r"'yes' is in no row of 'answer', which has 'Yes '\. It holds for nobody"
    with pytest.warns(pv.PrevalenceWarning, match=said):
        assert found("yes") == 0
    assert found("Yes ") == 4
    assert found("maybe") == 0  # a choice that nobody made


def test_a_definition_of_words_keeps_its_windows_apart_if_told_so() -> None:
    ever = {"lifetime": "ever == 1", "12m": "year == 1"}
    made = pv.Definition(
        "Told",
        "1",
        indicators={"told": pv.Indicator(ever)},
        rule="told",
        windows=("lifetime", "12m"),
        window="lifetime",
    )
    data = survey(frame(age=12, ever=[0, 1] * 6, year=[1, 1] * 6))
    with pytest.raises(ValueError, match='pass contradictions="keep"'):
        data.classify(made)
    with pytest.warns(pv.PrevalenceWarning, match="count as yes in the wider window"):
        held = data.classify(made, contradictions="imply")
    assert pv.direct.prevalence(held, made.outcome()).value.tolist() == [1.0]


def test_one_row_of_a_joint_estimate_is_told_by_its_name() -> None:
    both = pv.direct.mean(survey(rows()), ["age", "case"])
    assert both["age"].sentence() == pv.direct.mean(survey(rows()), "age").sentence()
    described = both["age"].describe(outcome="years")
    assert 'mean of "years"' in described.sentence()
    fit = pv.direct.regression(survey(rows()), "age", ["case"])
    assert 'coefficient of "case"' in fit["case"].sentence()
    assert 'coefficient of "case"' in fit.sentence()


def test_a_hidden_answer_is_told_by_the_name_that_it_is_given() -> None:
    data = survey(frame(count=[0, 1, 2, 1] * 3, long=[0, 0, 1, 1] * 3))
    found = pv.sensitive.list_difference(data, "count", treatment="long", items=2)
    assert "Outcome: sensitive item in count." in found.sentence()
    assert "Outcome: in debt." in found.describe(outcome="in debt").sentence()


def test_what_may_be_nothing_stays_so_when_it_is_added_up_or_scaled() -> None:
    data = pv.Survey(
        {"count": [0, 1, 2] * 9 + [0, 1, 2, 1] * 6 + [2, 1], "long": [0] * 27 + [1] * 26}
    )
    found = pv.sensitive.list_difference(data, "count", treatment="long", items=2)
    assert found.value[0] > 0 > found.interval()[0, 0]
    people = pv.uncertain(5000, 4000, 6000)
    for made in ((found + found) / 2, found * people):
        assert made.interval_rule == "wald"
        assert made.interval()[0, 0] < 0
        assert made.unit == "scaled proportion"
    case = prevalence(rows())
    assert case.interval()[0, 0] > 0
    assert (case * people).interval()[0, 0] > 0  # a share above 0 on the log scale
