"""Network scale-up by closed forms: what is refused, with the text of the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, refused


def answers() -> dict[str, Any]:
    """Twelve respondents in six primary units."""
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "ea": np.repeat(np.arange(6), 2),
        "region": np.array(["N"] * 6 + ["S"] * 6),
        "hidden": np.array([1.0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1, 0]),
        "police": np.array([3.0, 1, 2, 4, 0, 1, 2, 2, 1, 0, 3, 1]),
        "nurses": np.array([5.0, 2, 1, 6, 2, 3, 3, 1, 0, 2, 4, 2]),
        "family": np.array([9.0, 8, 9, 7, 5, 6, 9, 4, 4, 8, 9, 7]),
        "friends": np.array([30.0, 20, 15, 60, 20, 12, 25, 9, 8, 14, 40, 20]),
    }


def asked(name: str, row: int, value: Any) -> dict[str, Any]:
    column = answers()[name].astype(object if isinstance(value, str) else float)
    column[row] = value
    return {**answers(), name: column}


KNOWN = {"police": 2_000, "nurses": 3_000}


def sizes(**how: Any) -> Callable[[Any], Any]:
    given = {"hidden": "hidden", "known": KNOWN, "transmission": 1, **how}
    return lambda data: pv.nsum.scale_up(pv.Survey(data, weights="w", psu="ea"), **given)


def degrees(**how: Any) -> Callable[[Any], Any]:
    given = {"known": KNOWN, "population": 100_000, **how}
    return lambda data: pv.nsum.degree(pv.Survey(data, weights="w", psu="ea"), **given)


def of_answers(ask: Callable[[pv.Answers], Any], **how: Any) -> Callable[[Any], Any]:
    given = {"known": KNOWN, "hidden": "hidden", **how}
    return lambda data: ask(pv.Answers(pv.Survey(data, weights="w", psu="ea"), **given))


def grid(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.nsum.sensitivity(sizes()(data), **how)


CASES = {
    "transmission left out": Bad(
        answers(),
        sizes(transmission=None),
        ValueError,
        r"transmission must be given: found none\. Pass the share .*transmission=1 assumes",
    ),
    **{
        f"transmission {value}": Bad(
            answers(),
            sizes(transmission=value),
            ValueError,
            rf"transmission must be above 0 and at most 1: found {value:g}\. It is the share",
        )
        for value in (0, -0.5, 1.2, float("nan"))
    },
    "uncertain transmission above one": Bad(
        answers(),
        sizes(transmission=pv.uncertain(1.2, std_error=0.1)),
        ValueError,
        r"transmission must be above 0 and at most 1: found 1\.2",
    ),
    "transmission as text": Bad(
        answers(),
        sizes(transmission="0.6"),
        TypeError,
        r"transmission must be a number: found '0\.6'\. Write one, without quotes",
    ),
    "no known group": Bad(
        answers(), sizes(known={}), ValueError, r"known must map columns to sizes .* found none\."
    ),
    "known groups without sizes": Bad(
        answers(), sizes(known=["police"]), ValueError, r"known must map .* found list\."
    ),
    "known group of size 0": Bad(
        answers(),
        sizes(known={"police": 0}),
        ValueError,
        r"known must hold positive sizes: 'police' has 0\. Give the number of people",
    ),
    "size as text": Bad(
        answers(),
        sizes(known={"police": "2,000"}),
        TypeError,
        r"known\['police'\] must be a number: found '2,000'\. Write one",
    ),
    "known group larger than the population": Bad(
        answers(),
        sizes(population=2_500),
        ValueError,
        r"known groups must be smaller than the population: 'nurses' has 3,000 of 2,500\. Check",
    ),
    "unknown known group": Bad(
        answers(),
        sizes(known={"nurse": 3_000}),
        KeyError,
        "known must be a column of the data: 'nurse' is not. Did you mean 'nurses'",
    ),
    "no hidden group": Bad(
        answers(), sizes(hidden=[]), ValueError, "hidden must name a column: found none. Write"
    ),
    "negative answer": Bad(
        asked("police", 3, -1),
        sizes(),
        ValueError,
        r"known must be numbers of at least 0 in 'police': 1 of 12 rows is not \(first: row 3, -1\)",
    ),
    "infinite answer": Bad(
        asked("hidden", 2, np.inf),
        sizes(),
        ValueError,
        r"hidden must be numbers of at least 0 in 'hidden': 1 of 12 rows is not \(first: row 2, inf",
    ),
    "text answer": Bad(
        asked("hidden", 5, "many"),
        sizes(),
        TypeError,
        r"hidden must be numbers: column 'hidden' holds text \(first: row 5\)\. Code it",
    ),
    "missing hidden answer": Bad(
        asked("hidden", 5, np.nan),
        sizes(),
        ValueError,
        r"answers must be complete: 'hidden' is missing in 1 of 12 rows with weight \(first: row 5\)"
        r"\. Pass missing='complete'",
    ),
    "missing known answer": Bad(
        pd.DataFrame(asked("nurses", 11, np.nan)),
        sizes(),
        ValueError,
        r"answers must be complete: 'nurses' is missing in 1 of 12 rows .*row 11",
    ),
    "unknown domain": Bad(
        answers(), sizes(by="regoin"), KeyError, "by must be a column .*Did you mean 'region'"
    ),
    **{
        f"{name} {value}": Bad(
            answers(),
            sizes(**{name: value}),
            ValueError,
            rf"{name} must be a positive number: found {value:g}\. It is the mean degree of",
        )
        for name in ("degree_ratio", "frame_ratio")
        for value in (0, -0.5, float("nan"), float("inf"))
    },
    **{
        f"precision {value}": Bad(
            answers(),
            sizes(precision=value),
            ValueError,
            rf"precision must be above 0 and at most 1: found {value:g}\. It is the share of reports",
        )
        for value in (0, -0.5, 1.5, float("nan"))
    },
    "degree ratio as text": Bad(
        answers(),
        sizes(degree_ratio="0.8"),
        TypeError,
        r"degree_ratio must be a number: found '0\.8'\. Write one, without quotes",
    ),
    "transmission of several rows": Bad(
        answers(),
        lambda data: sizes(
            transmission=pv.direct.mean(pv.Survey(data), ["hidden", "police"]),
        )(data),
        TypeError,
        r"transmission must be a number: found .*Estimate.*of one row",
    ),
    "answer that is no whole number": Bad(
        asked("police", 2, 1.5),
        sizes(),
        ValueError,
        r"known must be whole numbers in 'police': 1 of 12 rows is not \(first: row 2, 1\.5\)\. Correct "
        r"them, or pass fractional=True",
    ),
    "size that is not known": Bad(
        answers(),
        sizes(known={"police": float("nan")}),
        ValueError,
        r"known must hold positive sizes: 'police' has nan\. Give the number of people",
    ),
    "negative population": Bad(
        answers(),
        sizes(population=-5),
        ValueError,
        r"population must be a positive number: found -5\.",
    ),
    "unknown size rule": Bad(
        answers(),
        sizes(size="mean of ratios"),
        ValueError,
        r"size must be one of ratio-of-sums, mean-of-ratios: found 'mean of ratios'\. Did you mean",
    ),
    "unknown degree rule": Bad(
        answers(),
        sizes(degree="mean of ratios", population=1e5),
        ValueError,
        r"degree must be ratio-of-sums, mean-of-ratios or columns of types of relation: found 'mean "
        r"of ratios'\. Did you mean 'mean-of-ratios'",
    ),
    "unknown type of relation": Bad(
        answers(),
        degrees(degree=["family", "freinds"]),
        ValueError,
        r"degree must be .* columns of types of relation: found 'freinds'\. Did you mean 'friends'",
    ),
    "a type of relation twice": Bad(
        answers(),
        degrees(degree=["family", "family"]),
        ValueError,
        r"degree must name each column once: 'family' stands 2 times\. Leave one",
    ),
    "no type of relation": Bad(
        answers(), degrees(degree=[]), ValueError, r"degree must name a column: found none\."
    ),
    "summation without a population": Bad(
        answers(),
        sizes(degree=["family", "friends"]),
        ValueError,
        r"population must be given with degrees by summation: found none\. Pass the number",
    ),
    "negative tie": Bad(
        asked("family", 4, -2),
        degrees(degree=["family", "friends"]),
        ValueError,
        r"degree must be numbers of at least 0 in 'family': 1 of 12 rows is not \(first: row 4, -2\)",
    ),
    "missing tie": Bad(
        asked("friends", 4, np.nan),
        degrees(degree=["family", "friends"]),
        ValueError,
        r"answers must be complete: 'friends' is missing in 1 of 12 rows with weight \(first: row 4",
    ),
    "mean degree without a population": Bad(
        answers(),
        degrees(population=None),
        ValueError,
        r"population must be given for degrees from known groups: found none\. Pass the number",
    ),
    "degrees without a population": Bad(
        answers(),
        of_answers(lambda made: made.degrees()),
        ValueError,
        r"population must be given for degrees from known groups: found none\.",
    ),
    "population of 0": Bad(
        answers(),
        sizes(population=0),
        ValueError,
        r"population must be a positive number: found 0\.",
    ),
    "degrees without known groups": Bad(
        answers(),
        of_answers(lambda made: pv.nsum.scale_up(made, transmission=1), known=None),
        ValueError,
        r"known must leave a group: found none\. Make the answers with the sizes of known groups",
    ),
    "unknown group of answers": Bad(
        answers(),
        of_answers(lambda made: pv.nsum.scale_up(made, "hiden", transmission=1)),
        KeyError,
        r"hidden must name groups of the answers: 'hiden' is not one\. Did you mean 'hidden'",
    ),
    "answers without a hidden group": Bad(
        answers(),
        of_answers(lambda made: pv.nsum.scale_up(made, transmission=1), hidden=()),
        ValueError,
        r"hidden must name a column: found none\. Write the name of one",
    ),
    "hidden group asked as yes or no": Bad(
        answers(),
        of_answers(
            lambda made: pv.nsum.scale_up(made, transmission=1),
            hidden="yes",
            yes_no=["yes"],
        ),
        KeyError,
        "hidden must be a column of the data: 'yes' is not",
    ),
    "known groups left out for a survey": Bad(
        answers(),
        sizes(known=None),
        ValueError,
        r"known must map columns to sizes of groups.*: found none\. Write at least one group",
    ),
    "a frame for a survey": Bad(
        answers(),
        lambda data: pv.nsum.scale_up(data, "hidden", known=KNOWN, transmission=1),
        TypeError,
        r"sample must be a Survey or Answers: found dict\. Make one with",
    ),
    "unknown way to propagate": Bad(
        answers(),
        sizes(propagate="bootstrap"),
        ValueError,
        r"propagate must be one of delta, draws: found 'bootstrap'\. Write one of them",
    ),
    "seed as text": Bad(
        answers(),
        sizes(propagate="draws", rng="1"),
        TypeError,
        r"rng must be an integer seed, a numpy Generator or None: found str",
    ),
    "draws of a rate that leave its range": Bad(
        answers(),
        sizes(propagate="draws", transmission=pv.uncertain(0.95, std_error=0.2), rng=1),
        ValueError,
        r"transmission must be drawn above 0 and at most 1: \d\d% of 4,000 draws are not\. Narrow it",
    ),
    "a grid of another estimate": Bad(
        answers(),
        lambda data: pv.nsum.sensitivity(
            pv.direct.mean(pv.Survey(data), "hidden"), transmission=0.5
        ),
        ValueError,
        r"estimate must be one of network scale-up with its adjustments: found direct\.mean\. Pass",
    ),
    "a grid of a number": Bad(
        answers(),
        lambda data: pv.nsum.sensitivity(len(data), transmission=0.5),  # type: ignore[arg-type]
        ValueError,
        r"estimate must be one of network scale-up with its adjustments: found int\.",
    ),
    "a grid with a rate of 0": Bad(
        answers(),
        grid(transmission=[0.5, 0]),
        ValueError,
        r"transmission must be above 0 and at most 1: found 0\. It is the share of ties",
    ),
    "a grid with a negative ratio": Bad(
        answers(),
        grid(transmission=0.5, degree_ratio=[-1]),
        ValueError,
        r"degree_ratio must be a positive number: found -1\.",
    ),
    "a grid at an impossible level": Bad(
        answers(), grid(transmission=0.5, level=95), ValueError, r"level must lie between 0 and 1"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_its_reason(name: str) -> None:
    refused(CASES[name])


def test_an_item_without_counts_is_refused() -> None:
    data = {**answers(), "any": (answers()["hidden"] > 0).astype(float)}
    made = pv.Answers(pv.Survey(data), known=KNOWN, hidden="any", yes_no=["any"])
    with pytest.raises(
        ValueError, match=r"counts for this estimator: 'any' was asked as yes or no"
    ):
        pv.nsum.scale_up(made, transmission=1)


def test_the_good_rows_are_good() -> None:
    assert float(sizes()(answers())) > 0
    assert float(sizes(degree=["family", "friends"], population=1e5, known=None)(answers())) > 0
    assert float(degrees()(answers())) > 0
    assert float(degrees(degree=["family", "friends"], known=None)(answers())) > 0
    assert len(grid(transmission=[0.5, 1])(answers())) == 2


def test_respondents_and_groups_without_a_tie_are_told_with_their_count() -> None:
    data = answers()
    for name in KNOWN:
        data[name][[1, 5, 8]] = 0
    with pytest.warns(pv.PrevalenceWarning, match=r"3 of 12 respondents know nobody .*row 1\)"):
        found = sizes()(data)
    assert any("know nobody" in text for text in found.warnings)
    data = {**answers(), "police": np.zeros(12), "nurses": answers()["nurses"] + 1}
    with pytest.warns(
        pv.PrevalenceWarning, match="nobody knows anyone in the known group 'police'"
    ):
        found = sizes()(data)
    assert found.value[0] == pytest.approx(
        5_000 * (data["w"] @ data["hidden"]) / (data["w"] @ data["nurses"]), rel=1e-12
    )


@pytest.mark.filterwarnings("ignore:.*of 12 respondents know nobody")
def test_a_hidden_group_that_nobody_reports_has_an_upper_limit() -> None:
    data = {**answers(), "hidden": np.zeros(12)}
    for size in ("ratio-of-sums", "mean-of-ratios"):
        with pytest.warns(pv.PrevalenceWarning, match="nobody reported knowing anyone in 'hidden'"):
            found = sizes(size=size)(data)
        assert found.value[0] == 0
        assert np.isnan(found.std_error[0])
        low, high = found.interval()[0]
        assert low == 0
        assert 0 < high < 5_000


@pytest.mark.filterwarnings("ignore:nobody answered about the known group")
def test_all_answers_missing_leave_no_estimate_and_say_so() -> None:
    gone = np.full(12, np.nan)
    data = {**answers(), "police": gone, "nurses": gone}
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 domains have no estimate"):
        found = sizes(missing="complete")(data)
    assert np.isnan(found.value[0])
    assert np.isnan(found.std_error[0])
    assert found.facts["missing"].tolist() == [12]


@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_the_remedies_of_missing_answers_work() -> None:
    data = asked("nurses", 11, np.nan)
    assert np.isfinite(sizes()(answers()).std_error).all()
    found = sizes(missing="complete")(data)
    assert found.facts["n"][0] == 12
    assert sizes(missing="complete")(asked("hidden", 5, np.nan)).facts["missing"][0] == 1
    # A missing answer of a row without weight, or outside the domain, needs no remedy.
    outside = {**data, "w": np.where(np.arange(12) == 11, 0.0, data["w"])}
    assert np.isfinite(float(sizes()(outside)))
    assert np.isfinite(float(sizes(where="region == 'N'")(data)))
